/* SPDX-License-Identifier: Apache-2.0 */
/* MySQL and MariaDB client/server protocol: packets of 3 bytes of length (little-endian), 1 of
 * sequence. Known by the server's greeting (protocol 10); login, commands, OK and ERR packets are
 * read, rows are passed over. After an SSLRequest TLS goes on, after a login with compression
 * nothing more can be read. */
#include "proto/asked.h"
#include "proto/office/starttls.h"
#include "proto/text.h"

enum {
	CAP_WITH_DB = 0x8,
	CAP_COMPRESS = 0x20,
	CAP_SSL = 0x800,
	CAP_SECURE = 0x8000,
	CAP_PLUGIN = 0x80000,
	CAP_LENENC = 0x200000,
	SSL_REQUEST = 32,
	COM_QUERY = 3,
	COM_PREPARE = 22,
	COM_QUIT = 1,
	COM_CHANGE_USER = 17,
	COM_LONG_DATA = 24, /* these two have no answer */
	COM_STATEMENT_CLOSE = 25,
	LAST_COMMAND = 31,
	TEXT_MAX = 1024,
};
enum phase { GREETING, LOGIN, ANSWER, COMMANDS };

struct mysql {
	struct asked open;
	uint8_t phase, server; /* enum phase; direction of the server */
	bool waiting;          /* a command has no answer yet */
	bool compressed;
};

static struct rd string_nul(struct rd *r)
{
	return text_until(r, 0);
}

static void put(struct dissect_ctx *c, enum field f, struct rd s)
{
	notes_str_once(c->notes, f, s.p, rd_left(&s));
}

static void error(struct dissect_ctx *c, struct rd r)
{
	rd_skip(&r, 1);
	uint16_t code = rd_le16(&r);
	if (!r.bad)
		notes_num_once(c->notes, F_mysql_error, code);
}

static bool is_version(struct rd v)
{
	return rd_left(&v) < 64 && text_printable(&v) && *v.p >= '0' && *v.p <= '9' &&
	       memchr(v.p, '.', rd_left(&v));
}

static enum dissect greeting(struct dissect_ctx *c, struct mysql *m, struct rd r)
{
	m->server = c->dir;
	if (rd_left(&r) > 3 && r.p[0] == 0xff) {
		/* refused before the greeting: host blocked, too many connections */
		uint16_t code = (uint16_t)(r.p[1] | r.p[2] << 8);
		if (code < 1000 || code >= 5000)
			return DISSECT_NOT_MINE;
		error(c, r);
		return DISSECT_DONE;
	}
	uint8_t version = rd_u8(&r);
	struct rd server = string_nul(&r);
	rd_skip(&r, 12);
	uint8_t filler = rd_u8(&r);
	uint32_t caps = rd_le16(&r);
	if (r.bad || version != 10 || filler || !is_version(server))
		return DISSECT_NOT_MINE;
	rd_skip(&r, 3);
	caps |= (uint32_t)rd_le16(&r) << 16;
	notes_num_once(c->notes, F_mysql_protocol_version, version);
	put(c, F_mysql_server_version, server);
	if (!r.bad)
		notes_num_once(c->notes, F_mysql_server_capabilities, caps);
	m->phase = LOGIN;
	return DISSECT_MINE;
}

static void auth_response(struct rd *r, uint32_t caps)
{
	if (caps & (CAP_LENENC | CAP_SECURE))
		rd_skip(r, rd_u8(r)); /* length-encoded ones are below 251 bytes */
	else
		(void)string_nul(r);
}

static enum dissect login(struct dissect_ctx *c, struct mysql *m, struct rd r)
{
	size_t n = rd_left(&r);
	uint32_t caps = rd_le32(&r);
	if (r.bad)
		return DISSECT_NOT_MINE;
	notes_num_or(c->notes, F_mysql_client_capabilities, caps);
	if (n == SSL_REQUEST && caps & CAP_SSL) {
		return starttls(c);
	}
	rd_skip(&r, 28);
	put(c, F_mysql_user, string_nul(&r));
	auth_response(&r, caps);
	if (caps & CAP_WITH_DB && rd_left(&r))
		put(c, F_mysql_database, string_nul(&r));
	if (caps & CAP_PLUGIN && rd_left(&r))
		put(c, F_mysql_auth_method, string_nul(&r));
	m->compressed = caps & CAP_COMPRESS;
	m->phase = ANSWER;
	return DISSECT_MINE;
}

/* What the server says to a login. */
static enum dissect answer(struct dissect_ctx *c, struct mysql *m, struct rd r)
{
	switch (rd_left(&r) ? *r.p : 1) {
	case 0:
		notes_num_once(c->notes, F_mysql_authenticated, 1);
		m->phase = COMMANDS;
		return m->compressed ? DISSECT_DONE : DISSECT_MINE;
	case 0xff:
		notes_num_once(c->notes, F_mysql_authenticated, 0);
		error(c, r);
		return DISSECT_DONE;
	case 0xfe: /* another method is asked for */
		rd_skip(&r, 1);
		if (rd_left(&r))
			notes_str_put(c->notes, F_mysql_auth_method, r.p,
				      strnlen((const char *)r.p, rd_left(&r)));
		break;
	}
	return DISSECT_MINE;
}

static enum dissect command(struct dissect_ctx *c, struct mysql *m, struct rd r)
{
	uint8_t what = rd_u8(&r);
	if (r.bad || what > LAST_COMMAND)
		return DISSECT_MINE;
	notes_num_once(c->notes, F_mysql_command, what);
	if (what == COM_QUIT)
		return DISSECT_DONE;
	if (what == COM_QUERY || what == COM_PREPARE)
		put(c, F_mysql_query, r);
	if (what == COM_LONG_DATA || what == COM_STATEMENT_CLOSE)
		return DISSECT_MINE;
	if (what == COM_CHANGE_USER)
		m->phase = ANSWER;
	asked_ask(&m->open, c, 0, 0);
	m->waiting = true;
	return DISSECT_MINE;
}

static void result(struct dissect_ctx *c, struct mysql *m, uint8_t seq, struct rd r)
{
	if (m->waiting && seq == 1)
		asked_answer(&m->open, c, 0, false);
	m->waiting = m->waiting && seq != 1;
	if (rd_left(&r) > 8 && r.p[0] == 0xff && r.p[3] == '#') {
		error(c, r);
		asked_failed(c);
	}
}

static enum dissect packet(struct dissect_ctx *c, struct mysql *m, uint8_t seq, struct rd r)
{
	bool server = c->dir == m->server;
	switch ((enum phase)m->phase) {
	case GREETING:
		return seq == 0 ? greeting(c, m, r) : DISSECT_NOT_MINE;
	case LOGIN:
		return server ? DISSECT_MINE : login(c, m, r);
	case ANSWER:
		return server ? answer(c, m, r) : DISSECT_MINE;
	case COMMANDS:
		if (server)
			result(c, m, seq, r);
		else if (seq == 0)
			return command(c, m, r);
		return DISSECT_MINE;
	}
	return DISSECT_DONE;
}

static enum dissect mysql_see(struct dissect_ctx *c, struct rd *payload)
{
	struct mysql *m = c->state;
	enum dissect got = DISSECT_MORE;
	if (c->gap && m->phase != COMMANDS)
		return DISSECT_DONE;
	if (c->gap) /* lengths are lost; a segment mostly begins with a packet */
		asked_lost(&m->open);
	while (rd_left(payload) >= 4) {
		const uint8_t *h = payload->p;
		size_t len = (size_t)h[0] | (size_t)h[1] << 8 | (size_t)h[2] << 16;
		size_t have = rd_left(payload) - 4;
		if (m->phase == GREETING && (h[3] || len < 4 || len > 512))
			return DISSECT_NOT_MINE;
		if (have < len && have < TEXT_MAX)
			return got;
		rd_skip(payload, 4);
		struct rd r = rd_sub(payload, len < have ? len : have);
		c->skip = len > have ? len - have : 0;
		got = packet(c, m, h[3], r);
		if (got != DISSECT_MINE)
			return got;
	}
	return got;
}

const struct dissector dissector_mysql = {
    .name = "mysql",
    .title = "MySQL and MariaDB",
    .over = OVER_TCP,
    .ports = {3306},
    .state_size = sizeof(struct mysql),
    .see = mysql_see,
};
