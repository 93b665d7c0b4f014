/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 in the clear (RFC 9113): known by the client's preface, or handed over by HTTP/1's
 * Upgrade. The first request and its answer give the fields; of all, methods and failures are
 * noted, as long as no header block was missed. */
#include "base/attr.h"
#include "proto/dissection.h"
#include "proto/os_text.h"
#include "proto/text.h"
#include "proto/web/h2_headers.h"
#include "proto/web/http_line.h"

enum {
	PREFACE = 24,
	FRAME_HEAD = 9,
	FRAME_MAX = 1 << 20, /* peers may agree on more; none is known to */
	BLOCK_MAX = 15360,   /* of a frame with headers that is read */
	WAITING = 16,        /* requests without an answer that are remembered */
	FRAME_HEADERS = 1,
	FRAME_PROMISE = 5,
	FRAME_CONTINUATION = 9,
	FLAG_END_HEADERS = 4,
	FLAG_PADDED = 8,
	FLAG_PRIORITY = 0x20,
};

struct waiting {
	uint32_t stream; /* 0: free */
	uint64_t t_ns;
};

struct h2_side {
	bool begun, headers; /* the preface is past; a request or answer has been read */
	bool open;           /* CONTINUATION goes on with the block */
};

/* What the block that is read belongs to. */
struct block {
	struct dissect_ctx *c;
	bool response, first;
};

struct h2 {
	struct h2_headers *headers; /* NULL: none yet */
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

static void note_status(struct notes *n, struct rd v)
{
	if (rd_left(&v) != 3)
		return;
	unsigned status = (unsigned)((v.p[0] - '0') * 100 + (v.p[1] - '0') * 10 + v.p[2] - '0');
	if (status >= 200 && status < 600) /* the answer itself, not what says it will come */
		notes_num_once(n, F_http_status, status);
	if (status >= 400 && status < 600)
		notes_num_add(n, F_http_errors, 1);
}

static void note_header(void *ctx, struct rd name, struct rd value)
{
	const struct block *b = ctx;
	struct notes *n = b->c->notes;
	if (b->response && text_is(&name, ":status"))
		note_status(n, value);
	if (!b->response && text_is(&name, ":method")) {
		const struct http_method *m = http_method_of(&http_dialect, value);
		if (m)
			notes_num_or(n, F_http_method_mask, m->bit);
	}
	for (size_t i = 0; b->first && i < ARRAY_LEN(fields); i++)
		if (fields[i].response == b->response && text_is(&name, fields[i].name))
			note_field(b->c, fields[i].field, value);
}

/* A block of this direction cannot be read: nor can those behind it. */
static void lose_block(struct dissect_ctx *c, struct h2 *h)
{
	if (h->headers || (h->headers = h2_headers_new(dissect_pool(c))))
		h2_headers_lost(h->headers, c->dir);
	h->side[c->dir].open = false;
}

static void read_block(struct dissect_ctx *c, struct h2 *h, const struct frame *f, struct rd r)
{
	struct h2_side *side = &h->side[c->dir];
	struct block b = {c, c->dir != h->client_dir, !side->headers};
	bool last = f->flags & FLAG_END_HEADERS;
	if (!h->headers && !(h->headers = h2_headers_new(dissect_pool(c))))
		return;
	(void)h2_headers_read(h->headers, c->dir, r, last, note_header, &b);
	side->open = !last;
	if (last && f->type != FRAME_PROMISE)
		side->headers = true;
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
	bool padded = f->type != FRAME_CONTINUATION && f->flags & FLAG_PADDED;
	uint8_t padding = padded ? rd_u8(&r) : 0;
	if (f->type == FRAME_HEADERS && f->flags & FLAG_PRIORITY)
		rd_skip(&r, 5);
	if (f->type == FRAME_PROMISE)
		rd_skip(&r, 4);
	if (r.bad || padding > rd_left(&r)) {
		lose_block(c, h);
		return;
	}
	r.end -= padding;
	if (f->type == FRAME_HEADERS) {
		if (c->dir != h->client_dir)
			response(c, h, f->stream);
		else
			request(c, h, f->stream);
	}
	read_block(c, h, f, r);
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
	bool block = f.type == FRAME_HEADERS || f.type == FRAME_PROMISE ||
		     (f.type == FRAME_CONTINUATION && h->side[c->dir].open);
	if (block && f.stream && f.len <= BLOCK_MAX) {
		struct rd body = rd_sub(&r, f.len);
		if (body.bad)
			return DISSECT_MORE;
		*payload = r;
		read_headers(c, h, &f, body);
		return DISSECT_MINE;
	}
	if (block)
		lose_block(c, h);
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

static void h2_drop(void *state)
{
	struct h2 *h = state;
	h2_headers_free(h->headers);
	h->headers = NULL;
}

const struct dissector dissector_h2 = {
    .name = "http2",
    .title = "HTTP/2 in the clear",
    .over = OVER_TCP,
    .ports = {50051},
    FIRST_BYTES("PP\0\0"),
    .state_size = sizeof(struct h2),
    .see = h2_see,
    .drop = h2_drop,
};
