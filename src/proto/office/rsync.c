/* SPDX-License-Identifier: Apache-2.0 */
/* rsync daemon protocol: greeting, module and user; what follows is binary and of no concern. */
#include "proto/guess.h"
#include "proto/text.h"

enum { LINE_MAX_RSYNC = 1024 };

struct rsync {
	bool known, greeted[2], login;
	uint8_t client; /* its direction */
};

static const char greeting[] = "@RSYNCD: ";

static enum dissect see_line(struct dissect_ctx *c, struct rsync *s, struct rd line)
{
	if (!s->greeted[c->dir]) {
		s->greeted[c->dir] = true;
		rd_skip(&line, sizeof(greeting) - 1);
		if (!line.bad)
			notes_str_once(c->notes, c->dir == s->client ? F_app_client : F_app_server,
				       line.p, rd_left(&line));
		return DISSECT_MINE;
	}
	if (c->dir == s->client) {
		struct rd user = text_word(&line);
		notes_str_once(c->notes, s->login ? F_user_name : F_app_command, user.p,
			       rd_left(&user));
		return DISSECT_MINE;
	}
	s->login |= text_begins(&line, "@RSYNCD: AUTHREQD ");
	if (text_begins(&line, "@ERROR")) {
		notes_num_add(c->notes, F_app_errors, 1);
		return DISSECT_DONE;
	}
	return text_begins(&line, "@RSYNCD: OK") || text_begins(&line, "@RSYNCD: EXIT")
		   ? DISSECT_DONE
		   : DISSECT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct rsync *s = c->state;
	struct rd line, at = *r;
	if (!s->known) {
		if (!guess_may_begin(r, greeting))
			return DISSECT_NOT_MINE;
		if (!text_line(&at, &line))
			return rd_left(r) < LINE_MAX_RSYNC ? DISSECT_MORE : DISSECT_NOT_MINE;
		if (rd_left(&line) < sizeof(greeting) || line.p[9] < '0' || line.p[9] > '9')
			return DISSECT_NOT_MINE;
		s->known = true;
		s->client = c->ends->src_port == 873 ? 1 : 0;
	}
	enum dissect got = DISSECT_MINE;
	while (got == DISSECT_MINE && text_line(r, &line))
		got = see_line(c, s, line);
	return rd_left(r) > LINE_MAX_RSYNC ? DISSECT_DONE : got;
}

const struct dissector dissector_rsync = {
    .name = "rsync",
    .title = "rsync",
    .over = OVER_TCP,
    .ports = {873},
    FIRST_BYTES("@@"),
    .state_size = sizeof(struct rsync),
    .see = see,
};
