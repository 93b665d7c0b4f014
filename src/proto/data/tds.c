/* SPDX-License-Identifier: Apache-2.0 */
/* Tabular Data Stream of Microsoft SQL Server and Sybase ([MS-TDS]): packets with a head of 8
 * bytes, messages of one or several packets. The first packet of a message is read: login, batch,
 * procedure call, the tokens an answer begins with. Once TLS runs inside nothing more can be read.
 */
#include "proto/asked.h"
#include "proto/dissection.h"
#include "proto/text.h"

enum {
	HEAD = 8,
	PACKET_MAX = 32768,
	BATCH = 1,
	RPC = 3,
	RESPONSE = 4,
	ATTENTION = 6,
	TRANSACTION = 14,
	LOGIN7 = 16,
	SSPI = 17,
	PRELOGIN = 18,
	LAST_PACKET = 1, /* status */
	TOKENS_MAX = 64,
	SP_EXECUTESQL = 10,
	TYPE_NVARCHAR = 0xe7,
	TYPE_NTEXT = 0x63,
};
enum token {
	TOKEN_RETURN_STATUS = 0x79,
	TOKEN_ORDER = 0xa9,
	TOKEN_ERROR = 0xaa,
	TOKEN_INFO = 0xab,
	TOKEN_LOGIN_ACK = 0xad,
	TOKEN_ENV_CHANGE = 0xe3,
	TOKEN_DONE = 0xfd,
	TOKEN_DONE_IN_PROC = 0xff,
};

struct tds {
	struct asked open;
	uint8_t client;
	bool known, within[2]; /* in the middle of a message */
	bool logged_in;
};

/* Names of procedures that are called by number ([MS-TDS] 2.2.6.6). */
static const char *const procedures[] = {
    [1] = "sp_cursor",        [2] = "sp_cursoropen",     [3] = "sp_cursorprepare",
    [4] = "sp_cursorexecute", [5] = "sp_cursorprepexec", [6] = "sp_cursorunprepare",
    [7] = "sp_cursorfetch",   [8] = "sp_cursoroption",   [9] = "sp_cursorclose",
    [10] = "sp_executesql",   [11] = "sp_prepare",       [12] = "sp_execute",
    [13] = "sp_prepexec",     [14] = "sp_prepexecrpc",   [15] = "sp_unprepare",
};

static void put_utf16(struct dissect_ctx *c, enum field f, struct rd text)
{
	uint8_t *out = dissect_scratch(c);
	size_t n = text_from_utf16le(text, out, NOTES_STR_MAX);
	if (n)
		notes_str_once(c->notes, f, out, n);
}

/* Behind ALL_HEADERS, which TDS 7.2 and later begin requests with. */
static void skip_headers(struct rd *r)
{
	struct rd at = *r;
	uint32_t total = rd_le32(&at), first = rd_le32(&at);
	if (!at.bad && total >= 4 && total <= 512 && first >= 6 && first <= total - 4)
		rd_skip(r, total);
}

static void login(struct dissect_ctx *c, struct rd r)
{
	static const struct {
		int at; /* index of the pair of offset and length */
		enum field f;
	} texts[] = {{0, F_tds_host},
		     {1, F_tds_user},
		     {3, F_tds_app},
		     {4, F_tds_server},
		     {8, F_tds_database}};
	enum { OFFSETS = 36 };
	struct rd h = r;
	rd_skip(&h, 4);
	uint32_t version = rd_le32(&h);
	rd_skip(&h, 4);
	uint32_t client = rd_le32(&h);
	if (h.bad)
		return;
	notes_num_once(c->notes, F_tds_version, version);
	notes_num_once(c->notes, F_tds_client_version, client);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct rd at = r, text = r;
		rd_skip(&at, OFFSETS + 4 * (size_t)texts[i].at);
		uint16_t offset = rd_le16(&at), chars = rd_le16(&at);
		rd_skip(&text, offset);
		text = rd_sub(&text, (size_t)chars * 2);
		if (!at.bad && !text.bad)
			put_utf16(c, texts[i].f, text);
	}
}

/* The statement of sp_executesql: its first parameter. */
static void first_parameter(struct dissect_ctx *c, struct rd r)
{
	rd_skip(&r, (size_t)rd_u8(&r) * 2 + 1); /* name, status */
	uint8_t type = rd_u8(&r);
	size_t n = 0;
	if (type == TYPE_NVARCHAR) {
		uint16_t max = rd_le16(&r);
		rd_skip(&r, 5);
		if (max == 0xffff) { /* length in pieces */
			rd_skip(&r, 8);
			n = rd_le32(&r);
		} else {
			n = rd_le16(&r);
		}
	} else if (type == TYPE_NTEXT) {
		rd_skip(&r, 9);
		n = rd_le32(&r);
	}
	put_utf16(c, F_tds_query, rd_sub(&r, n < rd_left(&r) ? n : rd_left(&r)));
}

static void rpc(struct dissect_ctx *c, struct rd r)
{
	skip_headers(&r);
	uint16_t n = rd_le16(&r);
	if (n != 0xffff) {
		put_utf16(c, F_tds_rpc, rd_sub(&r, (size_t)n * 2));
		return;
	}
	uint16_t id = rd_le16(&r);
	rd_skip(&r, 2);
	if (r.bad || id == 0 || id >= sizeof(procedures) / sizeof(procedures[0]))
		return;
	notes_str_once(c->notes, F_tds_rpc, procedures[id], strlen(procedures[id]));
	if (id == SP_EXECUTESQL)
		first_parameter(c, r);
}

/* Version of the server's PRELOGIN answer: option 0. */
static void prelogin_answer(struct dissect_ctx *c, struct rd r)
{
	struct rd at = r;
	uint8_t option = rd_u8(&at);
	uint16_t offset = rd_be16(&at);
	rd_skip(&r, offset);
	uint32_t version = rd_be32(&r);
	if (!r.bad && option == 0)
		notes_num_once(c->notes, F_tds_server_version, version);
}

static void login_ack(struct dissect_ctx *c, struct tds *s, struct rd body)
{
	rd_skip(&body, 1);
	uint32_t version = rd_be32(&body);
	rd_skip(&body, (size_t)rd_u8(&body) * 2);
	uint32_t server = rd_be32(&body);
	s->logged_in = true;
	if (body.bad)
		return;
	notes_num_once(c->notes, F_tds_server_version, server);
	notes_num_once(c->notes, F_tds_version, version);
}

static void tokens(struct dissect_ctx *c, struct tds *s, struct rd r)
{
	for (int i = 0; i < TOKENS_MAX && rd_left(&r); i++) {
		uint8_t kind = rd_u8(&r);
		if (i == 0)
			notes_num_once(c->notes, F_tds_token, kind);
		if (kind >= TOKEN_DONE) {
			rd_skip(&r, 12);
			continue;
		}
		if (kind == TOKEN_RETURN_STATUS) {
			rd_skip(&r, 4);
			continue;
		}
		if (kind < TOKEN_ORDER || (kind > TOKEN_LOGIN_ACK && kind != TOKEN_ENV_CHANGE))
			return; /* columns and rows */
		struct rd body = rd_sub(&r, rd_le16(&r));
		if (body.bad)
			return;
		if (kind == TOKEN_ERROR) {
			notes_num_once(c->notes, F_tds_error, rd_le32(&body));
			asked_failed(c);
		} else if (kind == TOKEN_LOGIN_ACK) {
			login_ack(c, s, body);
		} else if (kind == TOKEN_ENV_CHANGE) {
			notes_num_once(c->notes, F_tds_change, rd_u8(&body));
		}
	}
}

static enum dissect request(struct dissect_ctx *c, uint8_t type, struct rd r)
{
	switch (type) {
	case BATCH:
		skip_headers(&r);
		put_utf16(c, F_tds_query, r);
		break;
	case RPC:
		rpc(c, r);
		break;
	case LOGIN7:
		login(c, r);
		break;
	case TRANSACTION:
		skip_headers(&r);
		notes_num_once(c->notes, F_tds_transaction, rd_le16(&r));
		break;
	case PRELOGIN:
		if (rd_left(&r) > 2 && r.p[0] == 0x16 && r.p[1] == 3)
			return DISSECT_DONE; /* TLS begins */
		break;
	}
	return DISSECT_MINE;
}

/* The first packet of a message. */
static enum dissect begin(struct dissect_ctx *c, struct tds *s, uint8_t type, struct rd r)
{
	if (c->dir == s->client) {
		notes_num_once(c->notes, F_tds_request_type, type);
		return request(c, type, r);
	}
	notes_num_once(c->notes, F_tds_response_type, type);
	if (rd_left(&r) > 2 && type == PRELOGIN)
		return DISSECT_DONE;
	asked_answer(&s->open, c, 0, false);
	if (rd_left(&r) && *r.p == 0 && !s->logged_in)
		prelogin_answer(c, r);
	else
		tokens(c, s, r);
	return DISSECT_MINE;
}

static bool is_head(const uint8_t *h, size_t len)
{
	static const uint32_t types = 1u << BATCH | 1u << 2 | 1u << RPC | 1u << RESPONSE |
				      1u << ATTENTION | 1u << 7 | 1u << 8 | 1u << TRANSACTION |
				      1u << LOGIN7 | 1u << SSPI | 1u << PRELOGIN;
	return h[0] <= PRELOGIN && types >> h[0] & 1 && h[1] <= 0x1f && len >= HEAD &&
	       len <= PACKET_MAX && h[7] == 0;
}

/* What a first packet must look like to be believed on any port. */
static bool is_first(const uint8_t *h, size_t len, struct rd body)
{
	if (h[0] == PRELOGIN)
		return rd_left(&body) >= 11 && body.p[0] == 0 && body.p[1] == 0 && body.p[2] >= 6 &&
		       body.p[2] < 64;
	if (h[0] == LOGIN7)
		return rd_left(&body) >= 36 && (body.p[0] | body.p[1] << 8) + HEAD == (int)len;
	return false;
}

static enum dissect packet(struct dissect_ctx *c, struct tds *s, const uint8_t *h, struct rd body)
{
	enum dissect got = DISSECT_MINE;
	if (!s->within[c->dir])
		got = begin(c, s, h[0], body);
	s->within[c->dir] = !(h[1] & LAST_PACKET);
	if (c->dir == s->client && !s->within[c->dir] && h[0] != ATTENTION)
		asked_ask(&s->open, c, 0, 0);
	return got;
}

static enum dissect tds_see(struct dissect_ctx *c, struct rd *payload)
{
	struct tds *s = c->state;
	enum { PORT = 1433 };
	enum dissect got = DISSECT_MORE;
	while (rd_left(payload) >= HEAD) {
		const uint8_t *h = payload->p;
		size_t len = load_be16(h + 2);
		struct rd at = *payload;
		if (!is_head(h, len))
			return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		rd_skip(&at, HEAD);
		struct rd body = rd_sub(&at, len - HEAD);
		bool on_port = c->ends->dst_port == PORT || c->ends->src_port == PORT;
		if (!s->known && !(body.bad ? on_port : on_port || is_first(h, len, body)))
			return DISSECT_NOT_MINE;
		if (body.bad && rd_left(payload) < DISSECT_GUESS_BYTES)
			return got;
		if (body.bad) { /* longer than is read: its beginning will do */
			body = rd_of(h + HEAD, rd_left(payload) - HEAD);
			c->skip = len - rd_left(payload);
			at = rd_of(payload->end, 0);
		}
		if (!s->known) {
			s->known = true;
			s->client = h[0] == RESPONSE ? !c->dir : c->dir;
		}
		*payload = at;
		got = packet(c, s, h, body);
		if (got != DISSECT_MINE)
			return got;
	}
	return got;
}

const struct dissector dissector_tds = {
    .name = "tds",
    .title = "Tabular Data Stream (Microsoft SQL Server, Sybase)",
    .over = OVER_TCP,
    .ports = {1433, 1434, 2433},
    FIRST_BYTES("\1\x12"),
    .state_size = sizeof(struct tds),
    .see = tds_see,
};
