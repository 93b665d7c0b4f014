/* SPDX-License-Identifier: Apache-2.0 */
/* memcached, text protocol: a command line, its answer a line or more. Its words are common ones,
 * so it is looked for on its port only. */
#include "proto/asked.h"
#include "proto/text.h"

enum { LINE_MAX_ = 2048, DATA_MAX = 128 << 20 };

struct memcached {
	struct asked open;
	uint8_t client;
	bool known, asked;
};

static const char *const stores[] = {"set", "add", "replace", "append", "prepend", "cas"};
static const char *const others[] = {"get",  "gets", "gat",       "gats",     "delete",
				     "incr", "decr", "touch",     "stats",    "version",
				     "quit", "mg",   "flush_all", "verbosity"};

static bool is_one_of(const struct rd *word, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text_is(word, v[i]))
			return true;
	return false;
}

/* set KEY FLAGS TIME BYTES, and so many bytes follow. */
static uint64_t data_bytes(struct rd line)
{
	uint64_t n = 0;
	for (int i = 0; i < 3; i++)
		(void)text_word(&line);
	struct rd bytes = text_word(&line);
	return text_number(&bytes, &n) && n <= DATA_MAX ? n + 2 : 0;
}

static enum dissect request(struct dissect_ctx *c, struct memcached *s, struct rd line,
			    uint64_t *ret_data)
{
	struct rd word = text_word(&line);
	bool store = is_one_of(&word, stores, sizeof(stores) / sizeof(stores[0]));
	if (!store && !is_one_of(&word, others, sizeof(others) / sizeof(others[0])))
		return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	*ret_data = store ? data_bytes(line) : 0;
	s->known = true;
	notes_str_once(c->notes, F_memcached_command, word.p, rd_left(&word));
	asked_ask(&s->open, c, 0, 0);
	s->asked = true;
	return DISSECT_MINE;
}

static void answer(struct dissect_ctx *c, struct memcached *s, const struct rd *line)
{
	if (!s->asked)
		return;
	s->asked = false;
	asked_answer(&s->open, c, 0, false);
	asked_lost(&s->open); /* of commands sent together only the first is timed */
	if (text_begins(line, "ERROR") || text_begins(line, "CLIENT_ERROR") ||
	    text_begins(line, "SERVER_ERROR"))
		asked_failed(c);
}

static enum dissect memcached_see(struct dissect_ctx *c, struct rd *payload)
{
	struct memcached *s = c->state;
	enum dissect got = DISSECT_MORE;
	struct rd line;
	if (c->gap)
		return DISSECT_DONE;
	if (!s->known)
		s->client = c->dir;
	while (text_line(payload, &line)) {
		uint64_t n = 0;
		got = DISSECT_MINE;
		if (c->dir == s->client)
			got = request(c, s, line, &n);
		else
			answer(c, s, &line);
		if (got != DISSECT_MINE)
			return got;
		size_t here = n < rd_left(payload) ? n : rd_left(payload);
		rd_skip(payload, here);
		c->skip = n - here;
	}
	return rd_left(payload) > LINE_MAX_ ? DISSECT_DONE : s->known ? DISSECT_MINE : got;
}

const struct dissector dissector_memcached = {
    .name = "memcached",
    .title = "memcached",
    .over = OVER_TCP,
    .ports_only = true,
    .ports = {11211},
    .state_size = sizeof(struct memcached),
    .see = memcached_see,
};
