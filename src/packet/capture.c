/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/capture.h"

#include "base/rd.h"
#include "packet/pcap_file.h"
#include "packet/pcapng_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct capture {
	bool ng;
	struct pcap_file pcap;
	struct pcapng_file pcapng;
	struct window window;
};

bool capture_is_capture(const uint8_t *p, size_t n)
{
	return n >= 4 && (pcap_file_is(p) || pcapng_file_is(p));
}

static enum err open_file(struct capture *c, const char *path, struct diag *reterr)
{
	bool input = strcmp(path, "-") == 0;
	c->window.fd = input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (c->window.fd < 0)
		return diag_set(reterr, err_from_errno(errno), 0, 0, "%s: %s", path,
				strerror(errno));
	struct diag d = {0};
	enum err e = window_fill(&c->window, &d);
	return e ? diag_set(reterr, e, 0, 0, "%.100s: %.100s", path, d.msg) : ERR_OK;
}

/* What is in a file that is no capture, as far as its first bytes tell, and what helps. */
static enum err not_capture(const uint8_t *p, size_t n, const char *path, struct diag *reterr)
{
	static const struct {
		uint8_t magic[6];
		uint8_t n;
		const char *text;
	} known[] = {
	    {{0x1f, 0x8b}, 2, "compressed: gzip -dc FILE | weir meter -"},
	    {{0x28, 0xb5, 0x2f, 0xfd}, 4, "compressed: zstd -dc FILE | weir meter -"},
	    {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, "compressed: xz -dc FILE | weir meter -"},
	    {{'B', 'Z', 'h'}, 3, "compressed: bzip2 -dc FILE | weir meter -"},
	    {{4, 0x22, 0x4d, 0x18}, 4, "compressed: lz4 -dc FILE | weir meter -"},
	    {{'s', 'n', 'o', 'o', 'p', 0}, 6, "a capture of snoop: editcap FILE OUT.pcap"},
	    {{'G', 'M', 'B', 'U'}, 4, "a capture of Network Monitor: editcap FILE OUT.pcap"},
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (n >= known[i].n && memcmp(p, known[i].magic, known[i].n) == 0)
			return diag_set(reterr, ERR_MALFORMED, 0, 0, "%s is %s", path,
					known[i].text);
	return diag_set(reterr, ERR_MALFORMED, 0, 0, "%s: %s", path,
			n ? "neither pcap nor pcapng" : "an empty file, not even a header");
}

/* Reads up to the first packet, so that the link type is known. */
static enum err begin(struct capture *c, const char *path, struct diag *reterr)
{
	struct window *w = &c->window;
	if (!capture_is_capture(window_at(w), window_left(w)))
		return not_capture(window_at(w), window_left(w), path, reterr);
	c->ng = pcapng_file_is(window_at(w));
	return c->ng ? pcapng_file_begin(&c->pcapng, w, reterr)
		     : pcap_file_begin(&c->pcap, w, reterr);
}

enum err capture_open(const char *path, struct capture **ret, struct diag *reterr)
{
	struct capture *c = malloc(sizeof(*c));
	if (!c)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s: %s", path, err_text(ERR_NOMEM));
	memset(c, 0, offsetof(struct capture, window.buf));
	enum err e = open_file(c, path, reterr);
	if (!e)
		e = begin(c, path, reterr);
	if (e) {
		capture_close(c);
		return e;
	}
	*ret = c;
	return ERR_OK;
}

enum err capture_next(struct capture *c, struct frame *ret, struct diag *reterr)
{
	size_t n;
	return capture_burst(c, ret, 1, &n, reterr);
}

static enum err next(struct capture *c, struct frame *ret, struct diag *reterr)
{
	return c->ng ? pcapng_file_next(&c->pcapng, &c->window, ret, reterr)
		     : pcap_file_next(&c->pcap, &c->window, ret, reterr);
}

enum err capture_burst(struct capture *c, struct frame *ret, size_t max, size_t *ret_n,
		       struct diag *reterr)
{
	struct window *w = &c->window;
	for (;;) {
		enum err e = ERR_OK;
		size_t n = 0;
		while (n < max && (e = next(c, &ret[n], reterr)) == ERR_OK)
			n++;
		*ret_n = n;
		/* What is wrong behind frames is found again at the next call. */
		if (n || e != ERR_SHORT)
			return n ? ERR_OK : e;
		if (w->ended && !window_left(w) && !w->skip)
			return ERR_NOT_FOUND;
		if (w->ended)
			return diag_set(reterr, ERR_MALFORMED, 0, 0,
					"the file ends within a packet");
		if ((e = window_fill(w, reterr)))
			return e;
	}
}

enum link_type capture_link(const struct capture *c)
{
	return c->ng ? pcapng_file_link(&c->pcapng) : c->pcap.link;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	if (c->window.fd >= 0)
		close(c->window.fd);
	pcapng_file_fini(&c->pcapng);
	free(c);
}
