/* SPDX-License-Identifier: Apache-2.0 */
/* Redis (RESP 2 and 3): requests are arrays of bulk strings, answers any value; values inside are
 * counted and passed over. */
#include "proto/asked.h"
#include "proto/text.h"

enum { LINE_MAX_ = 4096, VALUES_MAX = 1 << 20, BULK_MAX = 512 << 20, COMMAND_MAX = 32 };

struct redis {
	struct asked open;
	uint64_t left[2]; /* values that the message of a direction still has */
	uint8_t client;
	bool known, named; /* who the client is; the command of the current request was read */
};

static bool is_word(const struct rd *r)
{
	size_t n = rd_left(r);
	for (size_t i = 0; i < n; i++)
		if (!((r->p[i] | 32) >= 'a' && (r->p[i] | 32) <= 'z') && r->p[i] != '.' &&
		    r->p[i] != '_' && r->p[i] != '-')
			return false;
	return n > 1 && n <= COMMAND_MAX;
}

/* Whether a request begins here: *N, $LEN, a word. -1: cannot tell yet. */
static int is_request(struct rd r)
{
	struct rd line, word;
	uint64_t n, len;
	if (rd_left(&r) && *r.p != '*')
		return 0;
	if (!text_line(&r, &line))
		return rd_left(&r) < 16 ? -1 : 0;
	rd_skip(&line, 1);
	if (!text_number(&line, &n) || n == 0 || n > VALUES_MAX || rd_left(&line))
		return 0;
	if (!text_line(&r, &line))
		return rd_left(&r) < 16 ? -1 : 0;
	if (rd_u8(&line) != '$' || !text_number(&line, &len) || len == 0 || len > COMMAND_MAX ||
	    rd_left(&line))
		return 0;
	word = rd_sub(&r, len);
	return word.bad ? -1 : is_word(&word);
}

/* A bulk string of a request; the first one is the command. False: not all of it is here. */
static bool argument(struct dissect_ctx *c, struct redis *s, struct rd *r, uint64_t len)
{
	if (s->named) {
		uint64_t have = rd_left(r) < len + 2 ? rd_left(r) : len + 2;
		rd_skip(r, have);
		c->skip = len + 2 - have;
		return true;
	}
	if (len > COMMAND_MAX)
		return false;
	struct rd word = rd_sub(r, len);
	rd_skip(r, 2);
	if (r->bad)
		return false;
	char upper[COMMAND_MAX];
	for (size_t i = 0; i < len; i++)
		upper[i] =
		    (char)(word.p[i] >= 'a' && word.p[i] <= 'z' ? word.p[i] - 32 : word.p[i]);
	notes_str_once(c->notes, F_redis_command, upper, len);
	s->named = true;
	return true;
}

static void value_done(struct dissect_ctx *c, struct redis *s)
{
	if (--s->left[c->dir] == 0 && c->dir == s->client) {
		asked_ask(&s->open, c, 0, 0);
		s->named = false;
	}
}

/* One value, or the head of one. False: wait for more, or *ret says what to do. */
static bool value(struct dissect_ctx *c, struct redis *s, struct rd *r, enum dissect *ret)
{
	struct rd at = *r, line;
	uint64_t n = 0;
	bool client = c->dir == s->client;
	if (!text_line(&at, &line)) {
		*ret = rd_left(r) > LINE_MAX_ ? DISSECT_DONE : DISSECT_MINE;
		return false;
	}
	uint8_t kind = rd_u8(&line);
	struct rd rest = line;
	bool counted = text_number(&line, &n) && rd_left(&line) == 0;
	*ret = DISSECT_DONE;
	if (s->left[c->dir] == 0) {
		s->left[c->dir] = 1;
		if (!client)
			asked_answer(&s->open, c, 0, false);
		if (!client && kind == '-') {
			notes_str_once(c->notes, F_redis_error, rest.p, rd_left(&rest));
			asked_failed(c);
		}
	}
	switch (kind) {
	case '*':
	case '~':
	case '>':
	case '%':
		n = counted ? n : 0; /* "*-1": none */
		if (n > VALUES_MAX)
			return false;
		s->left[c->dir] += kind == '%' ? 2 * n : n;
		break;
	case '$':
	case '=':
	case '!':
		if (!counted)
			break; /* "$-1": no value */
		if (n > BULK_MAX)
			return false;
		if (client) {
			*ret = DISSECT_MINE;
			if (!argument(c, s, &at, n))
				return false;
		} else {
			uint64_t have = rd_left(&at) < n + 2 ? rd_left(&at) : n + 2;
			rd_skip(&at, have);
			c->skip = n + 2 - have;
		}
		break;
	case '+':
	case '-':
	case ':':
	case '_':
	case ',':
	case '#':
	case '(':
		break;
	default:
		return false;
	}
	*r = at;
	value_done(c, s);
	return true;
}

static enum dissect redis_see(struct dissect_ctx *c, struct rd *payload)
{
	struct redis *s = c->state;
	enum dissect got = DISSECT_MINE;
	if (c->gap)
		return DISSECT_DONE;
	if (!s->known) {
		int is = is_request(*payload);
		if (is <= 0)
			return is < 0 ? DISSECT_MORE : DISSECT_NOT_MINE;
		s->known = true;
		s->client = c->dir;
	}
	while (rd_left(payload) && value(c, s, payload, &got))
		got = DISSECT_MINE;
	return got;
}

const struct dissector dissector_redis = {
    .name = "redis",
    .title = "Redis",
    .over = OVER_TCP,
    .ports = {6379, 6380, 26379},
    FIRST_BYTES("**"),
    .state_size = sizeof(struct redis),
    .see = redis_see,
};
