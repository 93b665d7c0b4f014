/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/pcap_file.h"

#include "base/rd.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	FILE_HEADER = 24,
	RECORD_HEADER = 16,
	FRAME_MAX = 1 << 18, /* the longest capture that libpcap takes */
	PIECE = 1 << 17, /* read at once: small enough to stay in the cache until it is looked at */
	BUFFER = RECORD_HEADER + FRAME_MAX + PIECE,
	NS_PER_S = 1000000000,
};

struct pcap_file {
	int fd;
	bool swapped, ended;
	uint32_t tick_ns; /* of the second part of a time stamp */
	size_t at, n;     /* bytes of buf: looked at, read */
	uint8_t buf[BUFFER];
};

static uint32_t word(const struct pcap_file *f, const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return f->swapped ? __builtin_bswap32(v) : v;
}

/* Reads a piece more behind what is left, which is moved to the front. */
static enum err fill(struct pcap_file *f, struct diag *reterr)
{
	memmove(f->buf, f->buf + f->at, f->n - f->at);
	f->n -= f->at;
	f->at = 0;
	for (size_t want = f->n + PIECE; !f->ended && f->n < want;) {
		ssize_t got = read(f->fd, f->buf + f->n, want - f->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return diag_set(reterr, err_from_errno(errno), 0, 0, "cannot read on");
		f->ended = got == 0;
		f->n += (size_t)got;
	}
	return ERR_OK;
}

/* The four ways a file begins; false: another format. */
static bool read_magic(struct pcap_file *f)
{
	enum { MICRO = 0xa1b2c3d4u, NANO = 0xa1b23c4du };
	uint32_t magic = word(f, f->buf);
	f->swapped = magic != MICRO && magic != NANO;
	magic = word(f, f->buf);
	f->tick_ns = magic == NANO ? 1 : 1000;
	return magic == MICRO || magic == NANO;
}

/* Two halves: major, minor. */
static unsigned version(const struct pcap_file *f)
{
	uint16_t v;
	memcpy(&v, f->buf + 4, sizeof(v));
	return f->swapped ? __builtin_bswap16(v) : v;
}

enum err pcap_file_open(int fd, struct pcap_file **ret, uint32_t *ret_linktype, struct diag *reterr)
{
	enum { VERSION_MAJOR = 2, LINKTYPE_MASK = 0xffff };
	struct pcap_file *f = malloc(sizeof(*f));
	if (!f)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	f->fd = fd;
	f->swapped = f->ended = false;
	f->at = f->n = 0;
	/* Looked at without moving the place in the file, so that libpcap can have it. */
	ssize_t got = pread(fd, f->buf, FILE_HEADER, 0);
	if (got != FILE_HEADER || !read_magic(f) || version(f) != VERSION_MAJOR ||
	    lseek(fd, FILE_HEADER, SEEK_SET) != FILE_HEADER) {
		free(f);
		return ERR_UNSUPPORTED;
	}
	*ret_linktype = word(f, f->buf + 20) & LINKTYPE_MASK;
	*ret = f;
	return ERR_OK;
}

void pcap_file_close(struct pcap_file *f)
{
	if (!f)
		return;
	close(f->fd);
	free(f);
}

/* The next frame if it is in the buffer whole: ERR_SHORT if not. */
static enum err next(struct pcap_file *f, struct frame *ret)
{
	const uint8_t *p = f->buf + f->at;
	if (f->n - f->at < RECORD_HEADER)
		return ERR_SHORT;
	uint32_t n = word(f, p + 8), wire = word(f, p + 12);
	if (n > FRAME_MAX)
		return ERR_MALFORMED;
	if (f->n - f->at - RECORD_HEADER < n)
		return ERR_SHORT;
	*ret = (struct frame){.p = p + RECORD_HEADER,
			      .n = n,
			      .wire_n = wire < n ? n : wire,
			      .t_ns = (int64_t)word(f, p) * NS_PER_S +
				      (int64_t)word(f, p + 4) * f->tick_ns};
	f->at += RECORD_HEADER + n;
	return ERR_OK;
}

enum err pcap_file_burst(struct pcap_file *f, enum link_type link, struct frame *ret, size_t max,
			 size_t *ret_n, struct diag *reterr)
{
	enum err e = ERR_OK;
	size_t n = 0;
	while (n < max && (e = next(f, &ret[n])) == ERR_OK)
		ret[n++].link = link;
	*ret_n = n;
	if (n || e == ERR_OK)
		return ERR_OK; /* what is wrong behind these is said at the next call */
	if (e == ERR_SHORT && !f->ended) {
		e = fill(f, reterr);
		return e ? e : pcap_file_burst(f, link, ret, max, ret_n, reterr);
	}
	if (e == ERR_MALFORMED)
		return diag_set(reterr, e, 0, 0, "a packet longer than %d bytes", FRAME_MAX);
	if (f->at < f->n)
		return diag_set(reterr, ERR_MALFORMED, 0, 0, "the file ends within a packet");
	return ERR_NOT_FOUND;
}
