/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/export_file.h"

#include "base/rd.h"
#include "decode/frame.h"
#include "packet/capture.h"
#include "packet/reassembly.h"
#include "packet/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A message is at most 64 KiB; with twice that in sight its end is always seen. */
enum { WINDOW = 256 * 1024, AHEAD = 128 * 1024, DATAGRAM_MAX = 65535 };

struct export_file {
	struct stats *stats;
	/* A capture ... */
	struct capture *capture;
	struct reassembly *reassembly;
	struct streams *streams;
	struct stream *stream; /* may hold further messages */
	struct datagram stream_datagram;
	int64_t stream_ns;
	/* ... or messages one after another. */
	FILE *file;
	uint8_t *window;
	size_t at, n; /* of window */
	bool eof;
};

static enum err open_capture(const char *path, struct export_file *f, struct diag *reterr)
{
	enum err e = reassembly_new(&f->reassembly);
	if (!e)
		e = streams_new(&f->streams);
	if (e)
		return diag_set(reterr, e, 0, 0, "%s: %s", path, err_text(e));
	return capture_open(path, &f->capture, reterr);
}

static enum err fill(struct export_file *f, struct diag *reterr)
{
	if (f->eof || f->n - f->at >= AHEAD)
		return ERR_OK;
	memmove(f->window, f->window + f->at, f->n - f->at);
	f->n -= f->at;
	f->at = 0;
	f->n += fread(f->window + f->n, 1, WINDOW - f->n, f->file);
	f->eof = f->n < WINDOW;
	if (ferror(f->file))
		return diag_set(reterr, ERR_IO, 0, 0, "%s", strerror(errno));
	return ERR_OK;
}

static enum err open_messages(const char *path, struct export_file *f, struct diag *reterr)
{
	f->window = malloc(WINDOW);
	f->file = fopen(path, "rb");
	if (!f->file) {
		enum err e = err_from_errno(errno);
		return diag_set(reterr, e, 0, 0, "%s: %s", path, strerror(errno));
	}
	if (!f->window)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s: %s", path, err_text(ERR_NOMEM));
	return fill(f, reterr);
}

enum err export_file_open(const char *path, struct stats *stats, struct export_file **ret,
			  struct diag *reterr)
{
	struct export_file *f = calloc(1, sizeof(*f));
	if (!f)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s: %s", path, err_text(ERR_NOMEM));
	f->stats = stats;
	enum err e = open_messages(path, f, reterr);
	if (!e && capture_is_capture(f->window, f->n))
		e = open_capture(path, f, reterr);
	if (e) {
		export_file_close(f);
		return e;
	}
	*ret = f;
	return ERR_OK;
}

void export_file_close(struct export_file *f)
{
	if (!f)
		return;
	if (f->reassembly)
		stat_add(f->stats, ST_reject_reassembly, reassembly_failed(f->reassembly, true));
	capture_close(f->capture);
	reassembly_free(f->reassembly);
	streams_free(f->streams);
	if (f->file)
		fclose(f->file);
	free(f->window);
	free(f);
}

/* --- messages one after another */

static enum err next_message(struct export_file *f, struct datagram *ret, struct diag *reterr)
{
	enum err e = fill(f, reterr);
	if (e)
		return e;
	size_t left = f->n - f->at;
	if (left == 0)
		return ERR_NOT_FOUND;
	*ret = (struct datagram){.p = f->window + f->at};
	ret->n = frame_message_len(ret->p, left);
	f->at += ret->n;
	if (ret->n)
		return ERR_OK;
	/* No message: the decoder says what is wrong with the rest, and where a next one would
	 * begin nobody knows. */
	ret->n = MIN_OF(left, (size_t)DATAGRAM_MAX);
	f->at = f->n;
	f->eof = true;
	return ERR_OK;
}

/* --- captures */

/* The next message of a TCP connection. A segment that begins no message is one payload. */
static bool next_of_stream(struct export_file *f, struct datagram *ret)
{
	enum { IPFIX = 10, LENGTH_END = 4 };
	struct rd r = stream_bytes(f->stream);
	size_t n = rd_left(&r);
	if (n == 0 || (n < LENGTH_END && r.p[0] == 0))
		return false;
	if (n >= LENGTH_END && load_be16(r.p) == IPFIX &&
	    load_be16(r.p + 2) >= frame_header_len(IPFIX)) {
		if (load_be16(r.p + 2) > n)
			return false;
		n = load_be16(r.p + 2);
	}
	*ret = f->stream_datagram;
	ret->p = r.p;
	ret->n = n;
	stream_consume(f->stream, n);
	return true;
}

/* A UDP payload, or the first message that a TCP segment completes. */
static bool payload(struct export_file *f, const struct packet *p, enum packet_kind kind,
		    int64_t t_ns, struct datagram *ret)
{
	struct datagram dg = {.p = p->payload.p,
			      .n = rd_left(&p->payload),
			      .src = p->src,
			      .src_port = p->src_port,
			      .t_recv = t_ns / 1000000};
	if (kind == PACKET_TCP) {
		f->stream = streams_feed(f->streams, p);
		f->stream_datagram = dg;
		f->stream_ns = t_ns;
		return f->stream && next_of_stream(f, ret);
	}
	*ret = dg;
	return true;
}

static enum err next_captured(struct export_file *f, struct datagram *ret, int64_t *ret_t_ns,
			      struct diag *reterr)
{
	struct frame frame;
	struct packet p;
	enum err e;
	*ret_t_ns = f->stream_ns;
	if (f->stream && next_of_stream(f, ret))
		return ERR_OK;
	f->stream = NULL;
	while ((e = capture_next(f->capture, &frame, reterr)) == ERR_OK) {
		enum packet_kind kind = packet_parse(&frame, &p);
		if (kind == PACKET_FRAGMENT &&
		    !reassembly_feed(f->reassembly, &p, frame.t_ns, &kind))
			continue;
		*ret_t_ns = frame.t_ns;
		if ((kind == PACKET_UDP || kind == PACKET_TCP) &&
		    payload(f, &p, kind, frame.t_ns, ret))
			return ERR_OK;
	}
	return e;
}

enum err export_file_next(struct export_file *f, struct datagram *ret, int64_t *ret_t_ns,
			  struct diag *reterr)
{
	*ret_t_ns = 0;
	if (f->capture)
		return next_captured(f, ret, ret_t_ns, reterr);
	return next_message(f, ret, reterr);
}
