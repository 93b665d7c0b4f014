/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL frontend/backend protocol 3 (PostgreSQL manual, "Frontend/Backend Protocol"): known by
 * the startup message; messages of a letter and 4 bytes of length follow. Rows are passed over. */
#include "proto/asked.h"
#include "proto/office/starttls.h"
#include "proto/text.h"

enum {
	CANCEL = 80877102,
	SSL = 80877103,
	GSS = 80877104,
	MAJOR = 3,
	STARTUP_MAX = 10000,
	READ_MAX = 2048, /* bytes of one message that are looked at */
	READY = 'Z',     /* ends the answer to a query or a sync */
};
enum phase { STARTUP, ASKED_TLS, RUNNING };

struct pgsql {
	struct asked open;
	uint8_t phase, client;
	bool waiting;
};

/* A bit of *_messages for each kind, in this order. */
static const char from_client[] = "QPBEDSCFpXdcfH", from_server[] = "RSKZTDCEN123nstIAGHWdcv";

static void put(struct dissect_ctx *c, enum field f, struct rd s)
{
	notes_str_once(c->notes, f, s.p, rd_left(&s));
}

static void parameters(struct dissect_ctx *c, struct rd r)
{
	while (rd_left(&r) > 1) {
		struct rd key = text_until(&r, 0), value = text_until(&r, 0);
		if (text_is(&key, "user"))
			put(c, F_pgsql_user, value);
		else if (text_is(&key, "database"))
			put(c, F_pgsql_database, value);
	}
}

static enum dissect startup(struct dissect_ctx *c, struct pgsql *s, struct rd *payload)
{
	struct rd r = *payload;
	uint32_t len = rd_be32(&r), version = rd_be32(&r);
	if (r.bad)
		return DISSECT_MORE;
	bool asks = (version == SSL || version == GSS) && len == 8;
	if (version == CANCEL && len == 16)
		return DISSECT_DONE;
	if (!asks &&
	    (version >> 16 != MAJOR || (version & 0xffff) > 16 || len < 9 || len > STARTUP_MAX))
		return DISSECT_NOT_MINE;
	struct rd body = rd_sub(&r, len - 8);
	if (body.bad)
		return DISSECT_MORE;
	/* a list of strings, the last one empty; the user must be told */
	if (!asks && (body.end[-1] != 0 || !text_find(&body, "user", 4)))
		return DISSECT_NOT_MINE;
	*payload = r;
	s->client = c->dir;
	s->phase = asks ? ASKED_TLS : RUNNING;
	if (!asks) {
		notes_num_once(c->notes, F_pgsql_protocol_version, version);
		parameters(c, body);
	}
	return DISSECT_MINE;
}

/* "9.6.24" is 90624, "15.18 (Debian ...)" is 150018: what the server's own server_version_num says.
 */
static uint64_t version_number(struct rd v)
{
	uint64_t n[3] = {0};
	for (int i = 0; i < 3; i++) {
		if (!text_number(&v, &n[i]) || n[i] > 9999 || rd_left(&v) == 0 || *v.p != '.')
			break;
		rd_skip(&v, 1);
	}
	return n[0] >= 10 ? n[0] * 10000 + n[1] : n[0] * 10000 + n[1] * 100 + n[2];
}

static void error(struct dissect_ctx *c, struct rd r)
{
	static const char *const severities[] = {"ERROR", "FATAL", "PANIC"};
	while (rd_left(&r) > 1) {
		uint8_t what = rd_u8(&r);
		struct rd text = text_until(&r, 0);
		if (what == 'C')
			put(c, F_pgsql_error, text);
		/* V is S untranslated, since 9.6 */
		for (unsigned i = 0; (what == 'S' || what == 'V') && i < 3; i++)
			if (text_is(&text, severities[i]))
				notes_num_once(c->notes, F_pgsql_error_severity, i + 1);
	}
	asked_failed(c);
}

static void from_backend(struct dissect_ctx *c, struct pgsql *s, uint8_t kind, struct rd r)
{
	bool by_itself = kind == 'N' || kind == 'A' || kind == 'S' || kind == 'R' || kind == 'K';
	if (s->waiting && !by_itself) {
		asked_answer(&s->open, c, 0, false);
		s->waiting = false;
	}
	if (kind == READY)
		s->waiting = s->open.n + s->open.beyond > 0;
	if (kind == 'R' && rd_left(&r) >= 4) {
		uint32_t method = rd_be32(&r);
		/* 0 ends the dialogue; 11 and 12 go on with SASL, 8 with GSS */
		if (method == 0 ? !notes_has(c->notes, F_pgsql_auth_method)
				: method != 8 && method != 11 && method != 12)
			notes_num_put(c->notes, F_pgsql_auth_method, method);
	} else if (kind == 'E') {
		error(c, r);
	} else if (kind == 'S') {
		struct rd key = text_until(&r, 0), value = text_until(&r, 0);
		if (text_is(&key, "server_version"))
			notes_num_once(c->notes, F_pgsql_server_version, version_number(value));
	}
}

static void from_frontend(struct dissect_ctx *c, struct pgsql *s, uint8_t kind, struct rd r)
{
	if (kind == 'P')
		(void)text_until(&r, 0); /* the statement's name */
	if (kind == 'Q' || kind == 'P')
		put(c, F_pgsql_query, text_until(&r, 0));
	if (kind == 'Q' || kind == 'S' || kind == 'F') {
		asked_ask(&s->open, c, 0, 0);
		s->waiting = true;
	}
}

static enum dissect messages(struct dissect_ctx *c, struct pgsql *s, struct rd *payload)
{
	bool client = c->dir == s->client;
	const char *kinds = client ? from_client : from_server;
	enum field mask = client ? F_pgsql_client_messages : F_pgsql_server_messages;
	while (rd_left(payload) >= 5) {
		uint8_t kind = payload->p[0];
		size_t len = load_be32(payload->p + 1), have = rd_left(payload) - 1;
		const char *bit = kind ? strchr(kinds, kind) : NULL;
		if (!bit || len < 4 || len > 1 << 30)
			return DISSECT_DONE;
		if (have < len && have < READ_MAX)
			return DISSECT_MINE;
		rd_skip(payload, 5);
		struct rd body = rd_sub(payload, len < have ? len - 4 : have - 4);
		c->skip = len > have ? len - have : 0;
		notes_num_or(c->notes, mask, (uint64_t)1 << (bit - kinds));
		if (kind == 'X' && client)
			return DISSECT_DONE;
		if (client)
			from_frontend(c, s, kind, body);
		else
			from_backend(c, s, kind, body);
	}
	return DISSECT_MINE;
}

static enum dissect pgsql_see(struct dissect_ctx *c, struct rd *payload)
{
	struct pgsql *s = c->state;
	enum dissect got = DISSECT_MINE;
	if (c->gap)
		return DISSECT_DONE;
	switch ((enum phase)s->phase) {
	case STARTUP:
		got = startup(c, s, payload);
		break;
	case ASKED_TLS:
		if (c->dir == s->client) { /* it was refused and the client goes on in clear */
			got = startup(c, s, payload);
			break;
		}
		switch (rd_u8(payload)) {
		case 'S':
			return starttls(c);
		case 'N':
			return DISSECT_MINE;
		}
		return DISSECT_DONE;
	case RUNNING:
		break;
	}
	return got == DISSECT_MINE && s->phase == RUNNING ? messages(c, s, payload) : got;
}

const struct dissector dissector_pgsql = {
    .name = "postgresql",
    .title = "PostgreSQL",
    .over = OVER_TCP,
    .ports = {5432},
    FIRST_BYTES("\0\0"),
    .state_size = sizeof(struct pgsql),
    .see = pgsql_see,
};
