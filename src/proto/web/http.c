/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.0 and 1.1 (RFC 9110, 9112) on any port: known by a whole request or status line. Headers
 * are read line by line, bodies passed over by their length. Requests wait in a short queue for
 * their answers, so that pipelined ones are paired and an answer to HEAD has no body. CONNECT and
 * Upgrade hand the rest of the flow on. */
#include "proto/dissection.h"
#include "proto/os_text.h"
#include "proto/text.h"
#include "proto/web/http_line.h"
#include "proto/web/web.h"

enum {
	HTTP_WAITING = 8,   /* requests without an answer yet that are remembered */
	HTTP_COOKIES = 160, /* bytes of names of cookies */
	METHOD_HEAD = 4,
	METHOD_CONNECT = 128,
	METHOD_OTHER = 512,
};

/* Where a direction stands. */
enum http_at {
	AT_START,   /* before a request or status line */
	AT_HEADERS, /* within the headers */
	AT_CHUNK,   /* before the line with the size of a chunk */
	AT_TRAILER, /* behind the last chunk */
	AT_LOST,    /* after a gap: before the next start line that can be found */
	AT_REST,    /* in a body that ends with the connection */
};

struct http_side {
	uint64_t length; /* of the body, where has_length */
	enum http_at at;
	uint16_t status; /* 0: a request */
	uint16_t method; /* that of the request, or of the one that is answered; 0: not known */
	bool chunked, has_length, first;
	bool long_line; /* the rest of a line that was too long is still to come */
};

struct http_waiting {
	uint64_t t_ns; /* when the last of its headers came */
	uint16_t method;
};

enum http_upgrade { UPGRADE_NONE, UPGRADE_OTHER, UPGRADE_WEBSOCKET, UPGRADE_H2C };

struct http {
	struct http_side side[2];
	struct http_waiting waiting[HTTP_WAITING];
	enum http_upgrade upgrade; /* that the answer being read names */
	uint8_t n_waiting;
	bool known, requested, answered, timed;
	bool unpaired; /* more waited than are remembered: no times any more */
	uint8_t n_cookies;
	char cookies[HTTP_COOKIES];
};

/* What one step of reading came to. */
enum step { STEP_ON, STEP_WAIT, STEP_NOT_MINE, STEP_DONE, STEP_TLS, STEP_H2 };

static const struct http_method methods[] = {
    /* clang-format off */
	{"GET", 1}, {"POST", 2}, {"HEAD", METHOD_HEAD}, {"PUT", 8}, {"OPTIONS", 16}, {"DELETE", 32}, {"TRACE", 64},
	{"CONNECT", METHOD_CONNECT}, {"PATCH", 256},
	/* WebDAV and its kin (RFC 3253, 3744, 4791, 4918, 5323), UPnP, RPC over HTTP, caches */
	{"PROPFIND", METHOD_OTHER}, {"PROPPATCH", METHOD_OTHER}, {"MKCOL", METHOD_OTHER}, {"COPY", METHOD_OTHER},
	{"MOVE", METHOD_OTHER}, {"LOCK", METHOD_OTHER}, {"UNLOCK", METHOD_OTHER}, {"REPORT", METHOD_OTHER},
	{"SEARCH", METHOD_OTHER}, {"ACL", METHOD_OTHER}, {"BIND", METHOD_OTHER}, {"MERGE", METHOD_OTHER},
	{"CHECKOUT", METHOD_OTHER}, {"MKACTIVITY", METHOD_OTHER}, {"MKCALENDAR", METHOD_OTHER},
	{"VERSION-CONTROL", METHOD_OTHER}, {"SUBSCRIBE", METHOD_OTHER}, {"UNSUBSCRIBE", METHOD_OTHER},
	{"NOTIFY", METHOD_OTHER}, {"BPROPFIND", METHOD_OTHER}, {"POLL", METHOD_OTHER}, {"PURGE", METHOD_OTHER},
	{"RPC_IN_DATA", METHOD_OTHER}, {"RPC_OUT_DATA", METHOD_OTHER}, {"CCM_POST", METHOD_OTHER},
    /* clang-format on */
};
const struct http_dialect http_dialect = {"HTTP/1.", methods, ARRAY_LEN(methods)};

/* --- start lines */

static void request_begins(struct dissect_ctx *c, struct http *h, const struct http_start *s)
{
	struct http_side *side = &h->side[c->dir];
	*side =
	    (struct http_side){.at = AT_HEADERS, .method = s->method->bit, .first = !h->requested};
	h->requested = true;
	notes_num_add(c->notes, F_http_requests, 1);
	notes_num_or(c->notes, F_http_method_mask, s->method->bit);
	if (side->first) {
		notes_str_once(c->notes, F_http_method, s->method->name, strlen(s->method->name));
		notes_str_once(c->notes, F_http_url, s->target.p, rd_left(&s->target));
		notes_str_once(c->notes, F_http_version, s->version.p, rd_left(&s->version));
	}
	if (h->n_waiting == HTTP_WAITING)
		h->unpaired = true;
	if (!h->unpaired)
		h->waiting[h->n_waiting++] = (struct http_waiting){c->t_ns, s->method->bit};
}

static void note_time(struct dissect_ctx *c, struct http *h, uint64_t us)
{
	if (!h->timed)
		notes_num_once(c->notes, F_http_response_us, us);
	h->timed = true;
	notes_num_add(c->notes, F_http_response_sum_us, us);
	notes_num_min(c->notes, F_http_response_min_us, us);
	notes_num_max(c->notes, F_http_response_max_us, us);
}

/* began_ns: when the first byte of the status line came. */
static void response_begins(struct dissect_ctx *c, struct http *h, const struct http_start *s,
			    uint64_t began_ns)
{
	struct http_side *side = &h->side[c->dir];
	bool final = s->status >= 200 || s->status == 101;
	*side = (struct http_side){
	    .at = AT_HEADERS, .status = s->status, .first = final && !h->answered};
	h->upgrade = UPGRADE_NONE;
	if (!final)
		return;
	h->answered = true;
	if (h->n_waiting && !h->unpaired) {
		struct http_waiting w = h->waiting[0];
		memmove(h->waiting, h->waiting + 1, --h->n_waiting * sizeof h->waiting[0]);
		side->method = w.method;
		note_time(c, h, began_ns > w.t_ns ? (began_ns - w.t_ns) / 1000 : 0);
	}
	notes_num_add(c->notes, F_http_responses, 1);
	if (s->status >= 400)
		notes_num_add(c->notes, F_http_errors, 1);
	if (!side->first)
		return;
	notes_num_once(c->notes, F_http_status, s->status);
	notes_str_once(c->notes, F_http_reason, s->reason.p, rd_left(&s->reason));
	notes_str_once(c->notes, F_http_version, s->version.p, rd_left(&s->version));
}

static enum step read_start(struct dissect_ctx *c, struct http *h, struct rd *r, uint64_t began_ns)
{
	struct http_side *side = &h->side[c->dir];
	struct http_start s;
	switch (http1_start(r, &http_dialect, &s)) {
	case HTTP_HALF:
		return STEP_WAIT;
	case HTTP_NONE:
		if (!h->known && !c->gap)
			return STEP_NOT_MINE;
		side->at = AT_LOST;
		rd_skip(r, rd_left(r));
		return STEP_ON;
	case HTTP_WHOLE:
		break;
	}
	h->known = true;
	if (s.method)
		request_begins(c, h, &s);
	else
		response_begins(c, h, &s, began_ns);
	return STEP_ON;
}

/* --- header fields */

enum http_special { PLAIN, LENGTH, ENCODING, UPGRADE, COOKIE };

static const struct http_field {
	const char *name; /* lower case */
	bool response;
	enum http_special special;
	enum field field; /* of PLAIN */
} fields[] = {
    /* clang-format off */
	{"host",              false, PLAIN,    F_http_host},
	{"user-agent",        false, PLAIN,    F_http_user_agent},
	{"referer",           false, PLAIN,    F_http_referer},
	{"x-forwarded-for",   false, PLAIN,    F_http_forwarded_for},
	{"content-length",    false, LENGTH,   0},
	{"transfer-encoding", false, ENCODING, 0},
	{"content-type",      true,  PLAIN,    F_http_content_type},
	{"server",            true,  PLAIN,    F_http_server},
	{"location",          true,  PLAIN,    F_http_location},
	{"set-cookie",        true,  COOKIE,   0},
	{"upgrade",           true,  UPGRADE,  0},
	{"content-length",    true,  LENGTH,   0},
	{"transfer-encoding", true,  ENCODING, 0},
    /* clang-format on */
};

/* Appends the name of the cookie in "name=value; ...". */
static void add_cookie(struct http *h, struct rd value)
{
	const uint8_t *eq = rd_left(&value) ? memchr(value.p, '=', rd_left(&value)) : NULL;
	size_t n = eq ? (size_t)(eq - value.p) : 0;
	if (!n || n + 1 > (size_t)(HTTP_COOKIES - h->n_cookies))
		return;
	if (h->n_cookies)
		h->cookies[h->n_cookies++] = ';';
	memcpy(h->cookies + h->n_cookies, value.p, n);
	h->n_cookies = (uint8_t)(h->n_cookies + n);
}

static enum http_upgrade upgrade_of(struct rd value)
{
	return text_is_nocase(&value, "websocket") ? UPGRADE_WEBSOCKET
	       : text_is_nocase(&value, "h2c")     ? UPGRADE_H2C
						   : UPGRADE_OTHER;
}

static void take_header(struct dissect_ctx *c, struct http *h, const struct http_field *f,
			struct rd value)
{
	struct http_side *side = &h->side[c->dir];
	switch (f->special) {
	case PLAIN:
		if (side->first)
			notes_str_once(c->notes, f->field, value.p, rd_left(&value));
		if (side->first && f->field == F_http_user_agent)
			os_note_agent(c, value);
		break;
	case LENGTH:
		side->has_length = text_number(&value, &side->length);
		if (side->has_length && side->first && side->status)
			notes_num_once(c->notes, F_http_content_length, side->length);
		break;
	case ENCODING:
		side->chunked = http1_lists(value, "chunked");
		break;
	case UPGRADE:
		h->upgrade = upgrade_of(value);
		if (side->status == 101)
			notes_str_once(c->notes, F_http_upgrade, value.p, rd_left(&value));
		break;
	case COOKIE:
		if (side->first)
			add_cookie(h, value);
		break;
	}
}

static void read_header(struct dissect_ctx *c, struct http *h, struct rd line)
{
	struct rd name, value;
	if (!http1_header(line, &name, &value))
		return;
	bool response = h->side[c->dir].status != 0;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].response == response && text_is_nocase(&name, fields[i].name)) {
			take_header(c, h, &fields[i], value);
			return;
		}
}

/* --- what comes after the headers */

static enum step pass_over(struct dissect_ctx *c, struct rd *r, uint64_t n)
{
	uint64_t here = rd_left(r) < n ? rd_left(r) : n;
	rd_skip(r, (size_t)here);
	c->skip = n - here;
	return STEP_ON;
}

static enum step body_begins(struct dissect_ctx *c, struct http_side *side, struct rd *r)
{
	side->at = AT_START;
	if (side->chunked) {
		side->at = AT_CHUNK;
		return STEP_ON;
	}
	if (side->has_length)
		return pass_over(c, r, side->length);
	if (side->status) {
		side->at = AT_REST;
		return STEP_DONE;
	}
	return STEP_ON;
}

static enum step response_headers_end(struct dissect_ctx *c, struct http *h, struct rd *r)
{
	struct http_side *side = &h->side[c->dir];
	if (side->first && h->n_cookies)
		notes_str_once(c->notes, F_http_cookie_names, h->cookies, h->n_cookies);
	if (side->status == 101) {
		if (h->upgrade == UPGRADE_WEBSOCKET)
			notes_str_put(c->notes, F_app_name, "websocket", 9);
		return h->upgrade == UPGRADE_H2C ? STEP_H2 : STEP_DONE;
	}
	if (side->method == METHOD_CONNECT && side->status < 300)
		return STEP_TLS;
	if (side->method == METHOD_HEAD || side->status < 200 || side->status == 204 ||
	    side->status == 304) {
		side->at = AT_START;
		return STEP_ON;
	}
	return body_begins(c, side, r);
}

static enum step headers_end(struct dissect_ctx *c, struct http *h, struct rd *r)
{
	struct http_side *side = &h->side[c->dir];
	if (side->status)
		return response_headers_end(c, h, r);
	if (h->n_waiting && !h->unpaired)
		h->waiting[h->n_waiting - 1].t_ns = c->t_ns;
	return body_begins(c, side, r);
}

/* The line with the size of a chunk, or the empty one behind its data (RFC 9112 7.1). */
static enum step read_chunk(struct dissect_ctx *c, struct http_side *side, struct rd line,
			    struct rd *r)
{
	uint64_t n = 0;
	unsigned digits = 0;
	for (; rd_left(&line) && digits < 16; digits++) {
		uint8_t b = *line.p;
		unsigned v = b >= '0' && b <= '9'   ? b - '0' + 0U
			     : b >= 'a' && b <= 'f' ? b - 'a' + 10U
			     : b >= 'A' && b <= 'F' ? b - 'A' + 10U
						    : 16U;
		if (v == 16)
			break;
		n = n << 4 | v;
		line.p++;
	}
	if (!digits || n > UINT32_MAX) {
		side->at = AT_LOST;
		return STEP_ON;
	}
	if (!n) {
		side->at = AT_TRAILER;
		return STEP_ON;
	}
	return pass_over(c, r, n + 2);
}

static enum step read_line(struct dissect_ctx *c, struct http *h, struct rd *r)
{
	struct http_side *side = &h->side[c->dir];
	struct rd line;
	if (!text_line(r, &line)) {
		if (rd_left(r) < HTTP_LINE_MAX)
			return STEP_WAIT;
		side->long_line = true;
		rd_skip(r, rd_left(r));
		return STEP_ON;
	}
	if (side->long_line) {
		side->long_line = false;
		return STEP_ON;
	}
	if (side->at == AT_CHUNK)
		return read_chunk(c, side, line, r);
	if (rd_left(&line)) {
		if (side->at == AT_HEADERS)
			read_header(c, h, line);
		return STEP_ON;
	}
	if (side->at == AT_HEADERS)
		return headers_end(c, h, r);
	side->at = AT_START;
	return STEP_ON;
}

/* --- */

static enum step read_on(struct dissect_ctx *c, struct http *h, struct rd *r, uint64_t began_ns)
{
	switch (h->side[c->dir].at) {
	case AT_START:
	case AT_LOST:
		return read_start(c, h, r, began_ns);
	case AT_HEADERS:
	case AT_CHUNK:
	case AT_TRAILER:
		return read_line(c, h, r);
	case AT_REST:
		return STEP_DONE;
	}
	return STEP_NOT_MINE;
}

static enum dissect http_see(struct dissect_ctx *c, struct rd *payload)
{
	struct http *h = c->state;
	if (c->gap && h->side[c->dir].at != AT_REST)
		h->side[c->dir] = (struct http_side){.at = AT_LOST};
	uint64_t began_ns = c->first_ns;
	while (rd_left(payload) && !c->skip) {
		const uint8_t *before = payload->p;
		switch (read_on(c, h, payload, began_ns)) {
		case STEP_ON:
			break;
		case STEP_WAIT:
			return h->known ? DISSECT_MINE : DISSECT_MORE;
		case STEP_NOT_MINE:
			return DISSECT_NOT_MINE;
		case STEP_DONE:
			return DISSECT_DONE;
		case STEP_TLS:
			c->next = &dissector_tls;
			return DISSECT_SWITCH;
		case STEP_H2:
			c->next = &dissector_h2;
			return DISSECT_SWITCH;
		}
		if (payload->p != before)
			began_ns = c->t_ns;
	}
	return h->known ? DISSECT_MINE : DISSECT_MORE;
}

const struct dissector dissector_http = {
    .name = "http",
    .title = "Hypertext Transfer Protocol",
    .over = OVER_TCP,
    .ports = {80, 8080, 3128, 8000, 8888, 8081, 8008},
    FIRST_BYTES("AZ\r\r\n\n"),
    .state_size = sizeof(struct http),
    .see = http_see,
};
