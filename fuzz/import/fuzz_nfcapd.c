/* SPDX-License-Identifier: Apache-2.0 */
/* A whole file of nfdump: header, blocks, packing, records. The file and the memory to read it are
 * the same for all executions. */
#include "base/attr.h"
#include "import/nffile.h"
#include "import/nfrecord.h"
#include "model/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BLOCK_RECORDS_1 = 2, BLOCK_RECORDS_2 = 3 };

static struct rows rows;
static struct stats stats;

static void take(void *ctx unused_arg, struct batch *b unused_arg) {}

static void read_all(struct nffile *f)
{
	struct nfrecords x = {.ident = nffile_ident(f),
			      .created_ms = nffile_created_ms(f),
			      .rows = &rows,
			      .stats = &stats};
	struct nffile_block b;
	enum err e;
	while ((e = nffile_next(f, &b, NULL)) == ERR_OK || e == ERR_CHECKSUM)
		if (!e && (b.type == BLOCK_RECORDS_1 || b.type == BLOCK_RECORDS_2))
			nfrecords_take(&x, &b.records);
	rows_flush(&rows);
	nfrecords_fini(&x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct nffile *file;
	static int fd = -1;
	char path[32];
	bool first = fd < 0;
	if (first && ((fd = memfd_create("file", MFD_CLOEXEC)) < 0 || rows_init(&rows, take, NULL)))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	enum err e = file ? nffile_reopen(file, path, NULL) : nffile_open(path, &file, NULL);
	if (!e)
		read_all(file);
	return 0;
}
