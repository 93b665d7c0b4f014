/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the seed corpora from the messages of tests/decode/corpus.c: `corpus_gen fuzz/corpus`. A
 * message is a file of nf5, nf9, ipfix or sflow; the frames of a capture are a file of packet: link
 * type, then length (2 bytes) and bytes of each. */
#include "decode/corpus.h"
#include "packet/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const folders[CORPUS_KIND_MAX] = {"nf5", "nf9", "ipfix", "sflow", "packet"};

static int write_file(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(b->p, 1, b->n, f) != b->n) {
		perror(path);
		return 1;
	}
	return fclose(f);
}

/* Replaces a capture by its frames. */
static int frames_of(struct buf *b)
{
	char path[] = "/tmp/weir-corpus-XXXXXX";
	struct capture *c;
	struct frame f;
	struct diag diag;
	int fd = mkstemp(path);
	if (fd < 0 || close(fd) || write_file(path, b) || capture_open(path, &c, &diag))
		return 1;
	buf_reset(b);
	while (capture_next(c, &f, &diag) == ERR_OK) {
		if (b->n == 0)
			buf_u8(b, (uint8_t)f.link);
		buf_be16(b, (uint16_t)f.n);
		buf_put(b, f.p, f.n);
	}
	capture_close(c);
	return unlink(path);
}

int main(int argc, char **argv)
{
	int bad = argc != 2;
	for (unsigned i = 0; i < corpus_n && !bad; i++) {
		const struct corpus_item *item = &corpus_items[i];
		struct buf b = {0};
		char path[512];
		snprintf(path, sizeof(path), "%s/%s", argv[1], folders[item->kind]);
		mkdir(path, 0755);
		snprintf(path, sizeof(path), "%s/%s/%s", argv[1], folders[item->kind], item->name);
		item->make(&b);
		if (item->kind == CORPUS_CAPTURE)
			bad |= frames_of(&b);
		bad |= write_file(path, &b);
		buf_fini(&b);
	}
	return bad;
}
