/* SPDX-License-Identifier: Apache-2.0 */
/* Telnet (RFC 854): known by its option negotiation. Notes the name that answers a login prompt,
 * and the terminal's type (RFC 1091). */
#include "proto/dissector.h"
#include "proto/guess.h"

enum { IAC = 255, SB = 250, SE = 240, WILL = 251, DONT = 254, OPTION_MAX = 49, OPTION_EXOPL = 255 };
enum { TERMINAL_TYPE = 24, IS = 0, PROMPT_MAX = 32, NAME_MAX_TELNET = 64, SUB_MAX = 256 };

struct telnet {
	uint8_t server; /* its direction */
	bool known, prompted, named;
	uint8_t n_name;
	uint8_t n_prompt; /* the end of what the server wrote last */
	char prompt[PROMPT_MAX];
	uint8_t name[NAME_MAX_TELNET];
};

/* One command of three bytes with an option that exists. */
static bool is_option(const uint8_t *p)
{
	return p[0] == IAC && p[1] >= WILL && p[1] <= DONT &&
	       (p[2] <= OPTION_MAX || p[2] == OPTION_EXOPL);
}

static void note_terminal(struct notes *n, struct rd sub)
{
	if (rd_left(&sub) > 2 && sub.p[0] == TERMINAL_TYPE && sub.p[1] == IS)
		notes_str_once(n, F_app_client, sub.p + 2, rd_left(&sub) - 2);
}

/* A command at r, consumed; false: half of one. */
static bool take_command(struct dissect_ctx *c, struct rd *r)
{
	size_t n = rd_left(r);
	if (n < 2)
		return false;
	if (r->p[1] == SB) {
		for (size_t i = 2; i + 1 < n && i < SUB_MAX; i++)
			if (r->p[i] == IAC && r->p[i + 1] == SE) {
				note_terminal(c->notes, rd_of(r->p + 2, i - 2));
				rd_skip(r, i + 2);
				return true;
			}
		if (n < SUB_MAX)
			return false;
	} else if (r->p[1] >= WILL && r->p[1] <= DONT) {
		if (n < 3)
			return false;
		rd_skip(r, 3);
		return true;
	}
	rd_skip(r, 2);
	return true;
}

static bool ends_with(const struct telnet *s, const char *word)
{
	struct rd r = rd_of(s->prompt, s->n_prompt);
	return guess_has_word(&r, word);
}

static void see_server_byte(struct telnet *s, uint8_t b)
{
	if (b == '\n' || b == '\r') {
		s->n_prompt = 0;
		return;
	}
	if (s->n_prompt == PROMPT_MAX)
		memmove(s->prompt, s->prompt + 1, --s->n_prompt);
	s->prompt[s->n_prompt++] = (char)b;
	if (b == ':')
		s->prompted =
		    ends_with(s, "login:") || ends_with(s, "username:") || ends_with(s, "user:");
}

static void see_client_byte(struct dissect_ctx *c, struct telnet *s, uint8_t b)
{
	if (!s->prompted || s->named)
		return;
	if (b == '\r' || b == '\n') {
		if (s->n_name)
			notes_str_once(c->notes, F_user_name, s->name, s->n_name);
		s->named = s->n_name > 0;
		s->n_name = 0;
	} else if ((b == 8 || b == 127) && s->n_name) {
		s->n_name--;
	} else if (b > ' ' && b < 127 && s->n_name < NAME_MAX_TELNET) {
		s->name[s->n_name++] = b;
	}
}

static enum dissect recognise(const struct dissect_ctx *c, const struct rd *r)
{
	if (rd_left(r) && *r->p != IAC)
		return DISSECT_NOT_MINE;
	if (rd_left(r) < 3)
		return DISSECT_MORE;
	if (!is_option(r->p))
		return DISSECT_NOT_MINE;
	if (guess_port(c->ends, 23))
		return DISSECT_MINE;
	if (rd_left(r) < 6)
		return DISSECT_MORE;
	return is_option(r->p + 3) ? DISSECT_MINE : DISSECT_NOT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct telnet *s = c->state;
	if (!s->known) {
		enum dissect d = recognise(c, r);
		if (d != DISSECT_MINE)
			return d;
		s->known = true;
		s->server = c->ends->src_port == 23 ? 0 : 1;
	}
	while (rd_left(r)) {
		if (*r->p == IAC) {
			if (!take_command(c, r))
				return DISSECT_MINE;
		} else if (c->dir == s->server) {
			see_server_byte(s, rd_u8(r));
		} else {
			see_client_byte(c, s, rd_u8(r));
		}
	}
	return s->named ? DISSECT_DONE : DISSECT_MINE;
}

const struct dissector dissector_telnet = {
    .name = "telnet",
    .title = "Telnet",
    .over = OVER_TCP,
    .ports = {23},
    FIRST_BYTES("\xff\xff"),
    .state_size = sizeof(struct telnet),
    .see = see,
};
