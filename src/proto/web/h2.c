/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 in the clear (RFC 9113): known by the client's preface, or handed over by HTTP/1's
 * Upgrade. The first header block of each direction is decompressed, which needs nothing of what
 * came before (nghttp2's inflater); of later ones, only that there was one. */
#include "base/attr.h"
#include "proto/dissection.h"
#include "proto/os_text.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

enum {
	PREFACE = 24,
	FRAME_HEAD = 9,
	FRAME_MAX = 1 << 20, /* peers may agree on more; none is known to */
	BLOCK_MAX = 8192,    /* of a header block that is decompressed */
	TABLE_MAX = 65536,   /* of the dynamic table; peers may agree on more than 4096 */
	BLOCK_HEADERS = 64,  /* fields of it that are looked at */
	WAITING = 16,        /* requests without an answer that are remembered */
	FRAME_DATA = 0,
	FRAME_HEADERS = 1,
	FLAG_PADDED = 8,
	FLAG_PRIORITY = 0x20,
};

struct waiting {
	uint32_t stream; /* 0: free */
	uint64_t t_ns;
};

struct h2_side {
	bool begun, headers; /* the preface is past; a block has been read */
};

struct h2 {
	struct h2_side side[2];
	uint8_t client_dir, next;
	bool known, timed;
	uint32_t last_stream;
	struct waiting waiting[WAITING];
};

struct frame {
	uint32_t len, stream;
	uint8_t type, flags;
};

static const struct {
	const char *name;
	bool response;
	enum field field;
} fields[] = {
    {":method", false, F_http_method},
    {":path", false, F_http_url},
    {":authority", false, F_http_host},
    {"host", false, F_http_host},
    {"user-agent", false, F_http_user_agent},
    {"referer", false, F_http_referer},
    {"x-forwarded-for", false, F_http_forwarded_for},
    {"content-type", true, F_http_content_type},
    {"server", true, F_http_server},
    {"location", true, F_http_location},
};

static void note_field(struct dissect_ctx *c, enum field f, struct rd value)
{
	notes_str_once(c->notes, f, value.p, rd_left(&value));
	if (f == F_http_user_agent)
		os_note_agent(c, value);
}

static void note_header(struct dissect_ctx *c, bool response, const nghttp2_nv *nv)
{
	struct rd name = rd_of(nv->name, nv->namelen);
	if (response && nv->namelen == 7 && memcmp(nv->name, ":status", 7) == 0 &&
	    nv->valuelen == 3) {
		unsigned status = (unsigned)((nv->value[0] - '0') * 100 +
					     (nv->value[1] - '0') * 10 + nv->value[2] - '0');
		if (status >= 100 && status < 600)
			notes_num_once(c->notes, F_http_status, status);
		if (status >= 400 && status < 600)
			notes_num_add(c->notes, F_http_errors, 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].response == response && rd_left(&name) == strlen(fields[i].name) &&
		    memcmp(name.p, fields[i].name, rd_left(&name)) == 0)
			note_field(c, fields[i].field, rd_of(nv->value, nv->valuelen));
}

static void read_block(struct dissect_ctx *c, bool response, struct rd block)
{
	nghttp2_hd_inflater *inflater;
	if (nghttp2_hd_inflate_new(&inflater))
		return;
	(void)nghttp2_hd_inflate_change_table_size(inflater, TABLE_MAX);
	for (int i = 0; i < BLOCK_HEADERS; i++) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t n =
		    nghttp2_hd_inflate_hd2(inflater, &nv, &flags, block.p, rd_left(&block), 1);
		if (n < 0)
			break;
		rd_skip(&block, (size_t)n);
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			note_header(c, response, &nv);
		if (flags & NGHTTP2_HD_INFLATE_FINAL || (!n && !(flags & NGHTTP2_HD_INFLATE_EMIT)))
			break;
	}
	nghttp2_hd_inflate_del(inflater);
}

/* --- streams */

static void request(struct dissect_ctx *c, struct h2 *h, uint32_t stream)
{
	if (stream <= h->last_stream) /* trailers */
		return;
	h->last_stream = stream;
	notes_num_add(c->notes, F_http_requests, 1);
	h->waiting[h->next] = (struct waiting){stream, c->t_ns};
	h->next = (uint8_t)((h->next + 1) % WAITING);
}

static void response(struct dissect_ctx *c, struct h2 *h, uint32_t stream)
{
	struct waiting *w = h->waiting;
	while (w < h->waiting + WAITING && w->stream != stream)
		w++;
	if (w == h->waiting + WAITING)
		return;
	uint64_t us = c->first_ns > w->t_ns ? (c->first_ns - w->t_ns) / 1000 : 0;
	w->stream = 0;
	notes_num_add(c->notes, F_http_responses, 1);
	if (!h->timed)
		notes_num_once(c->notes, F_http_response_us, us);
	h->timed = true;
	notes_num_add(c->notes, F_http_response_sum_us, us);
	notes_num_min(c->notes, F_http_response_min_us, us);
	notes_num_max(c->notes, F_http_response_max_us, us);
}

static void read_headers(struct dissect_ctx *c, struct h2 *h, const struct frame *f, struct rd r)
{
	bool server = c->dir != h->client_dir;
	uint8_t padding = f->flags & FLAG_PADDED ? rd_u8(&r) : 0;
	if (f->flags & FLAG_PRIORITY)
		rd_skip(&r, 5);
	if (r.bad || padding > rd_left(&r))
		return;
	r.end -= padding;
	if (server)
		response(c, h, f->stream);
	else
		request(c, h, f->stream);
	if (!h->side[c->dir].headers)
		read_block(c, server, r);
	h->side[c->dir].headers = true;
}

/* --- frames */

static enum dissect read_frame(struct dissect_ctx *c, struct h2 *h, struct rd *payload)
{
	struct rd r = *payload;
	struct frame f;
	f.len = rd_be24(&r);
	f.type = rd_u8(&r);
	f.flags = rd_u8(&r);
	f.stream = rd_be32(&r) & 0x7fffffff;
	if (r.bad)
		return DISSECT_MORE;
	if (f.len > FRAME_MAX)
		return DISSECT_DONE;
	if (f.type == FRAME_HEADERS && f.len <= BLOCK_MAX && f.stream) {
		struct rd body = rd_sub(&r, f.len);
		if (body.bad)
			return DISSECT_MORE;
		*payload = r;
		read_headers(c, h, &f, body);
		return DISSECT_MINE;
	}
	size_t here = MIN_OF(rd_left(&r), f.len);
	rd_skip(&r, here);
	c->skip = f.len - here;
	*payload = r;
	return DISSECT_MINE;
}

static enum dissect read_preface(struct dissect_ctx *c, struct h2 *h, struct rd *payload)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	size_t n = MIN_OF(rd_left(payload), (size_t)PREFACE);
	if (memcmp(payload->p, preface, n) != 0) {
		/* Frames of the server: whose they are the client's preface will say. */
		bool settings = !h->known && (n < 4 || payload->p[3] == 4) && !payload->p[0];
		return settings ? DISSECT_MORE : DISSECT_NOT_MINE;
	}
	if (n < PREFACE)
		return DISSECT_MORE;
	rd_skip(payload, PREFACE);
	h->known = true;
	h->client_dir = c->dir;
	h->side[0].begun = h->side[1].begun = true;
	notes_str_once(c->notes, F_http_version, "2", 1);
	return DISSECT_MINE;
}

static enum dissect h2_see(struct dissect_ctx *c, struct rd *payload)
{
	struct h2 *h = c->state;
	if (c->gap && h->known)
		return DISSECT_DONE; /* frames have no mark to find them by */
	while (rd_left(payload) && !c->skip) {
		enum dissect got =
		    h->side[c->dir].begun ? read_frame(c, h, payload) : read_preface(c, h, payload);
		if (got == DISSECT_MORE && h->known)
			return DISSECT_MINE;
		if (got != DISSECT_MINE)
			return got;
	}
	return h->known ? DISSECT_MINE : DISSECT_MORE;
}

const struct dissector dissector_h2 = {
    .name = "http2",
    .title = "HTTP/2 in the clear",
    .over = OVER_TCP,
    .ports = {50051},
    FIRST_BYTES("PP\0\0"),
    .state_size = sizeof(struct h2),
    .see = h2_see,
};
