/* SPDX-License-Identifier: Apache-2.0 */
/* IRC (RFC 1459, 2812): who registers, with which server, the first command after that. */
#include "proto/guess.h"
#include "proto/office/lines.h"
#include "proto/text.h"

enum { LINE_MAX_IRC = 1024, LINES_MAX = 64 };

struct irc {
	bool commanded;
	uint8_t n_lines;
	struct lines lines;
};

/* Whether `line` is what a client registers with, or what a server says about it. */
static bool is_register(struct rd line)
{
	struct rd word = text_word(&line);
	if (text_is_nocase(&word, "NICK"))
		return rd_left(&line) > 0 && rd_left(&line) < 64;
	if (text_is_nocase(&word, "CAP"))
		return text_begins_nocase(&line, "LS") || text_begins_nocase(&line, "REQ");
	if (!text_is_nocase(&word, "USER"))
		return false;
	for (int i = 0; i < 3; i++) { /* user mode unused :real name */
		word = text_word(&line);
		if (rd_left(&word) == 0)
			return false;
	}
	return rd_left(&line) && *line.p == ':';
}

static bool is_welcome(struct rd line)
{
	if (rd_left(&line) == 0 || *line.p != ':')
		return false;
	struct rd host = text_word(&line), word = text_word(&line);
	bool notice =
	    text_is(&word, "NOTICE") && (text_begins(&line, "AUTH ") || text_begins(&line, "* :"));
	bool number = rd_left(&word) == 3 && word.p[0] == '0' && word.p[1] == '0' &&
		      word.p[2] > '0' && word.p[2] < '6';
	return rd_left(&host) > 1 && rd_left(&line) && (notice || number);
}

static void see_client(struct dissect_ctx *c, struct irc *s, struct rd line)
{
	static const char *const before[] = {"CAP",  "PASS",         "NICK", "USER",
					     "PONG", "AUTHENTICATE", "PING"};
	struct rd all = line, word = text_word(&line);
	if (text_is_nocase(&word, "NICK")) {
		if (rd_left(&line) && *line.p == ':')
			rd_skip(&line, 1);
		notes_str_once(c->notes, F_user_name, line.p, rd_left(&line));
		return;
	}
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		if (text_is_nocase(&word, before[i]))
			return;
	if (rd_left(&word)) {
		notes_str_once(c->notes, F_app_command, all.p, rd_left(&all));
		s->commanded = true;
	}
}

static enum dissect recognise(const struct dissect_ctx *c, const struct rd *r, uint8_t *ret_client)
{
	static const char *const starts[] = {"NICK ", "USER ", "CAP ",
					     "PASS ", ":",     "NOTICE AUTH :"};
	struct rd at = *r, line;
	int which = guess_one_of(r, starts, sizeof(starts) / sizeof(starts[0]));
	if (which < 0)
		return DISSECT_NOT_MINE;
	*ret_client = which < 4 ? c->dir : !c->dir;
	while (text_line(&at, &line)) {
		if (which < 4 ? is_register(line)
			      : is_welcome(line) || text_begins(&line, "NOTICE AUTH :"))
			return DISSECT_MINE;
		if (which != 3)
			return DISSECT_NOT_MINE;
	}
	return rd_left(r) < LINE_MAX_IRC ? DISSECT_MORE : DISSECT_NOT_MINE;
}

static enum dissect see_line(struct dissect_ctx *c, struct rd line)
{
	struct irc *s = c->state;
	s->n_lines++;
	if (c->dir == s->lines.client) {
		see_client(c, s, line);
	} else if (rd_left(&line) && *line.p == ':') {
		struct rd host = text_word(&line);
		rd_skip(&host, 1);
		notes_str_once(c->notes, F_app_server, host.p, rd_left(&host));
	}
	return s->commanded || s->n_lines == LINES_MAX ? DISSECT_DONE : DISSECT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	static const struct lines_protocol protocol = {LINE_MAX_IRC, recognise, see_line};
	struct irc *s = c->state;
	return lines_see(&protocol, &s->lines, c, r);
}

const struct dissector dissector_irc = {
    .name = "irc",
    .title = "Internet Relay Chat",
    .over = OVER_TCP,
    .ports = {6667, 6666, 6668, 6669},
    FIRST_BYTES("::AZaz"),
    .state_size = sizeof(struct irc),
    .see = see,
};
