/* SPDX-License-Identifier: Apache-2.0 */
/* POP3 (RFC 1939, 2449, 5034): commands and replies of a session until it ends or goes over to TLS
 * (RFC 2595). Mails and lists are passed over up to their final dot. */
#include "proto/asked.h"
#include "proto/guess.h"
#include "proto/office/lines.h"
#include "proto/office/login.h"
#include "proto/office/starttls.h"
#include "proto/text.h"

enum { LINE_MAX_POP3 = 1024 };
/* ASK_LINES: what is answered with lines and a dot. */
enum kind { ASK_OTHER, ASK_LINES, ASK_LOGIN, ASK_TLS, ASK_QUIT };

struct pop3 {
	struct asked open;
	uint8_t login; /* enum login: what the client's next line is */
	bool greeted;
	bool in_lines; /* the server sends lines up to a dot */
	struct lines lines;
};

struct command {
	const char *word;
	uint8_t kind;
	bool lines_alone; /* lines only without an argument */
	bool only_here;   /* no other protocol has it */
};
/* clang-format off */
static const struct command commands[] = {
	{"USER", ASK_OTHER, false, false}, {"PASS", ASK_LOGIN, false, false}, {"APOP", ASK_LOGIN, false, true},
	{"AUTH", ASK_LOGIN, false, false}, {"CAPA", ASK_LINES, false, true},  {"STLS", ASK_TLS, false, true},
	{"STAT", ASK_OTHER, false, false}, {"LIST", ASK_LINES, true, false},  {"UIDL", ASK_LINES, true, true},
	{"RETR", ASK_LINES, false, false}, {"TOP", ASK_LINES, false, true},   {"QUIT", ASK_QUIT, false, false},
};
/* clang-format on */
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct command *command_of(const struct rd *word)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (text_is_nocase(word, commands[i].word))
			return &commands[i];
	return NULL;
}

static void see_command(struct dissect_ctx *c, struct pop3 *s, struct rd line)
{
	if (s->login) {
		s->login = (uint8_t)login_line(c->notes, s->login, &line);
		return;
	}
	struct rd arg = line, word = text_word(&arg);
	const struct command *cmd = command_of(&word);
	uint8_t kind = cmd ? cmd->kind : (uint8_t)ASK_OTHER;
	if (rd_left(&word) == 0)
		return;
	if (text_is_nocase(&word, "USER")) {
		login_note_user(c->notes, &arg);
	} else if (text_is_nocase(&word, "APOP")) {
		struct rd user = text_word(&arg);
		login_note_user(c->notes, &user);
	} else if (text_is_nocase(&word, "AUTH")) {
		struct rd mechanism = text_word(&arg);
		if (rd_left(&mechanism) == 0)
			kind = ASK_LINES;
		else
			s->login = (uint8_t)login_begin(c->notes, &mechanism, &arg);
	} else if (cmd && cmd->lines_alone && rd_left(&arg)) {
		kind = ASK_OTHER;
	}
	notes_str_once(c->notes, F_app_command, word.p, rd_left(&word));
	asked_ask(&s->open, c, 0, kind);
}

static enum dissect see_reply(struct dissect_ctx *c, struct pop3 *s, struct rd line)
{
	bool ok = text_begins(&line, "+OK"), err = text_begins(&line, "-ERR");
	if (!ok && !err) /* "+ " asks for the next line of a login */
		return DISSECT_MINE;
	s->login = LOGIN_NONE;
	if (!s->greeted && s->open.n == 0) {
		struct rd text = line;
		s->greeted = true;
		(void)text_word(&text);
		notes_str_once(c->notes, F_app_server, text.p, rd_left(&text));
		return DISSECT_MINE;
	}
	s->greeted = true;
	uint8_t kind = asked_answer(&s->open, c, 0, err);
	s->in_lines = kind == ASK_LINES && ok;
	if (kind == ASK_LOGIN && err)
		notes_num_add(c->notes, F_mail_auth_failures, 1);
	if (kind == ASK_TLS && ok) {
		notes_num_put(c->notes, F_mail_encrypted, 1);
		return starttls(c);
	}
	return kind == ASK_QUIT ? DISSECT_DONE : DISSECT_MINE;
}

/* A server that greets, or a client's command; "+OK" alone is also what Redis says, and USER and
 * PASS what clients of FTP do. */
static enum dissect recognise(const struct dissect_ctx *c, const struct rd *r, uint8_t *ret_client)
{
	bool reply = guess_may_begin(r, "+OK ") || guess_may_begin(r, "-ERR ");
	struct rd line, at = *r;
	if (!reply && rd_left(r) && (*r->p < 'A' || *r->p > 'z'))
		return DISSECT_NOT_MINE;
	if (!text_line(&at, &line))
		return rd_left(r) < 64 || (reply && rd_left(r) < LINE_MAX_POP3) ? DISSECT_MORE
										: DISSECT_NOT_MINE;
	if (!text_printable(&line))
		return DISSECT_NOT_MINE;
	bool port = guess_port(c->ends, 110);
	*ret_client = reply ? !c->dir : c->dir;
	if (reply) {
		bool sure =
		    port || (text_begins(&line, "+OK ") &&
			     (guess_has_word(&line, "POP") || guess_has_word(&line, "dovecot")));
		return sure ? DISSECT_MINE : DISSECT_NOT_MINE;
	}
	struct rd word = text_word(&line);
	const struct command *cmd = command_of(&word);
	return cmd && (port || (cmd->only_here && (cmd->kind != ASK_LINES || rd_left(&line) == 0)))
		   ? DISSECT_MINE
		   : DISSECT_NOT_MINE;
}

static enum dissect see_line(struct dissect_ctx *c, struct rd line)
{
	struct pop3 *s = c->state;
	if (c->dir == s->lines.client)
		see_command(c, s, line);
	else if (s->in_lines)
		s->in_lines = !text_is(&line, ".");
	else
		return see_reply(c, s, line);
	return DISSECT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	static const struct lines_protocol protocol = {LINE_MAX_POP3, recognise, see_line};
	struct pop3 *s = c->state;
	if (c->gap)
		asked_lost(&s->open);
	enum dissect got = lines_see(&protocol, &s->lines, c, r);
	if (s->lines.known)
		notes_num_once(c->notes, F_mail_encrypted, 0);
	return got;
}

const struct dissector dissector_pop3 = {
    .name = "pop3",
    .title = "Post Office Protocol",
    .over = OVER_TCP,
    .ports = {110},
    FIRST_BYTES("++--Az"),
    .state_size = sizeof(struct pop3),
    .see = see,
};
