/* SPDX-License-Identifier: Apache-2.0 */
/* SMTP and LMTP (RFC 5321, 2033): commands and replies of a mail session until it ends or goes over
 * to TLS (RFC 3207). What a mail says is passed over up to its final dot. Masks and counts are
 * those of CESNET's elements 8057.810 to 820. */
#include "proto/asked.h"
#include "proto/guess.h"
#include "proto/office/lines.h"
#include "proto/office/login.h"
#include "proto/office/starttls.h"
#include "proto/text.h"

enum { LINE_MAX_SMTP = 1024 };

enum kind { ASK_OTHER, ASK_DATA, ASK_STARTTLS, ASK_AUTH };

struct smtp {
	struct asked open;
	uint8_t login; /* enum login: what the client's next line is */
	bool in_mail;  /* the client sends a mail */
	bool greeted;  /* the server's first reply is behind us: later ones answer commands */
	struct lines lines;
};

struct command {
	const char *word;
	uint16_t bit;
	uint8_t kind;
};
enum { OTHER_COMMAND = 0x8000 };
/* clang-format off */
static const struct command commands[] = {
	{"EHLO", 0x0001, ASK_OTHER}, {"HELO", 0x0002, ASK_OTHER}, {"LHLO", 0x8000, ASK_OTHER}, {"MAIL", 0x0004, ASK_OTHER},
	{"RCPT", 0x0008, ASK_OTHER}, {"DATA", 0x0010, ASK_DATA},  {"RSET", 0x0020, ASK_OTHER}, {"VRFY", 0x0040, ASK_OTHER},
	{"EXPN", 0x0080, ASK_OTHER}, {"HELP", 0x0100, ASK_OTHER}, {"NOOP", 0x0200, ASK_OTHER}, {"QUIT", 0x0400, ASK_OTHER},
	{"STARTTLS", 0x8000, ASK_STARTTLS}, {"AUTH", 0x8000, ASK_AUTH}, {"BDAT", 0x8000, ASK_OTHER},
};
/* Codes by their bit in smtp_status_codes. */
static const uint16_t codes[] = {211, 214, 220, 221, 250, 251, 252, 354, 421, 450, 451, 452,
				 455, 500, 501, 502, 503, 504, 550, 551, 552, 553, 554, 555};
/* clang-format on */
enum {
	N_COMMANDS = sizeof(commands) / sizeof(commands[0]),
	N_CODES = sizeof(codes) / sizeof(codes[0])
};

/* The address out of "FROM:<a@b> SIZE=1", which may stand without brackets. */
static struct rd path(struct rd arg, const char *keyword)
{
	if (!text_begins_nocase(&arg, keyword))
		return rd_none();
	rd_skip(&arg, strlen(keyword));
	arg = text_trim(arg);
	if (rd_left(&arg) && *arg.p == '<') {
		rd_skip(&arg, 1);
		return text_until(&arg, '>');
	}
	return text_word(&arg);
}

static void note_arguments(struct dissect_ctx *c, struct smtp *s, const struct command *cmd,
			   struct rd arg)
{
	struct rd who;
	switch (cmd->bit) {
	case 0x0001:
	case 0x0002:
		notes_str_once(c->notes, F_smtp_domain, arg.p, rd_left(&arg));
		break;
	case 0x0004:
		notes_num_add(c->notes, F_smtp_mails, 1);
		who = path(arg, "FROM:");
		if (rd_left(&who))
			notes_str_once(c->notes, F_mail_from, who.p, rd_left(&who));
		break;
	case 0x0008:
		notes_num_add(c->notes, F_smtp_recipients, 1);
		who = path(arg, "TO:");
		if (rd_left(&who))
			notes_str_once(c->notes, F_mail_to, who.p, rd_left(&who));
		break;
	}
	if (cmd->kind == ASK_AUTH) {
		struct rd mechanism = text_word(&arg);
		s->login = (uint8_t)login_begin(c->notes, &mechanism, &arg);
	}
}

static const struct command *command_of(const struct rd *word)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (text_is_nocase(word, commands[i].word))
			return &commands[i];
	return NULL;
}

static void see_command(struct dissect_ctx *c, struct smtp *s, struct rd line)
{
	static const struct command unknown = {"", OTHER_COMMAND, ASK_OTHER};
	if (s->login) {
		s->login = (uint8_t)login_line(c->notes, s->login, &line);
		asked_ask(&s->open, c, 0, ASK_AUTH);
		return;
	}
	struct rd arg = line, word = text_word(&arg);
	const struct command *cmd = command_of(&word);
	if (!cmd)
		cmd = &unknown;
	notes_num_or(c->notes, F_smtp_commands, cmd->bit);
	note_arguments(c, s, cmd, arg);
	asked_ask(&s->open, c, 0, cmd->kind);
	s->in_mail = cmd->kind == ASK_DATA;
	uint64_t n;
	if (text_is_nocase(&word, "BDAT") && text_number(&arg, &n))
		c->skip = n;
}

static void count_code(struct notes *n, unsigned code, const struct rd *line)
{
	static const enum field classes[] = {F_smtp_replies_2xx, F_smtp_replies_3xx,
					     F_smtp_replies_4xx, F_smtp_replies_5xx};
	uint32_t bit = UINT32_C(1) << 31;
	for (unsigned i = 0; i < N_CODES; i++)
		if (codes[i] == code)
			bit = UINT32_C(1) << i;
	if (text_find(line, "SPAM", 4))
		bit |= UINT32_C(1) << 30;
	notes_num_or(n, F_smtp_status_codes, bit);
	notes_num_add(n, classes[code / 100 - 2], 1);
}

/* The code that a line of a reply begins with, 0 if it is none; *ret_last: no line follows. */
static unsigned reply_code(const struct rd *line, bool *ret_last)
{
	const uint8_t *p = line->p;
	size_t n = rd_left(line);
	if (n < 3 || p[0] < '2' || p[0] > '5' || p[1] < '0' || p[1] > '9' || p[2] < '0' ||
	    p[2] > '9' || (n > 3 && p[3] != ' ' && p[3] != '-'))
		return 0;
	*ret_last = n == 3 || p[3] == ' ';
	return (p[0] - '0') * 100u + (p[1] - '0') * 10u + (p[2] - '0');
}

/* True: TLS begins now. */
static bool see_reply(struct dissect_ctx *c, struct smtp *s, unsigned code, const struct rd *line)
{
	count_code(c->notes, code, line);
	if (!s->greeted && (code == 220 || code == 554) && s->open.n == 0) {
		s->greeted = true;
		if (rd_left(line) > 4)
			notes_str_once(c->notes, F_app_server, line->p + 4, rd_left(line) - 4);
		return false;
	}
	s->greeted = true;
	uint8_t kind = asked_answer(&s->open, c, 0, code >= 400);
	if (code != 354 && (kind == ASK_DATA || kind == ASKED_NONE))
		s->in_mail = false;
	if (code != 334)
		s->login = LOGIN_NONE;
	if (kind == ASK_AUTH && code >= 400)
		notes_num_add(c->notes, F_mail_auth_failures, 1);
	return kind == ASK_STARTTLS && code == 220;
}

static enum dissect see_server(struct dissect_ctx *c, struct smtp *s, struct rd line)
{
	bool last;
	unsigned code = reply_code(&line, &last);
	if (!code || !last)
		return DISSECT_MINE;
	if (see_reply(c, s, code, &line)) {
		notes_num_put(c->notes, F_mail_encrypted, 1);
		return starttls(c);
	}
	return code == 221 ? DISSECT_DONE : DISSECT_MINE;
}

static enum dissect see_line(struct dissect_ctx *c, struct rd line)
{
	struct smtp *s = c->state;
	if (c->dir != s->lines.client)
		return see_server(c, s, line);
	if (!s->in_mail) {
		if (rd_left(&line))
			see_command(c, s, line);
	} else if (text_is(&line, ".")) {
		s->in_mail = false;
		asked_ask(&s->open, c, 0, ASK_OTHER);
	}
	return DISSECT_MINE;
}

/* A command of a client that no other protocol has, or the greeting of a server. */
static enum dissect recognise(const struct dissect_ctx *c, const struct rd *r, uint8_t *ret_client)
{
	static const char *const starts[] = {"EHLO ",      "HELO ", "LHLO ",
					     "MAIL FROM:", "220 ",  "220-"};
	enum { FIRST_REPLY = 4, STARTS = sizeof(starts) / sizeof(starts[0]) };
	int which = guess_one_of(r, starts, STARTS);
	struct rd at = *r, line;
	if (which < 0)
		return DISSECT_NOT_MINE;
	if (!text_line(&at, &line))
		return rd_left(r) < LINE_MAX_SMTP ? DISSECT_MORE : DISSECT_NOT_MINE;
	if (rd_left(&line) < strlen(starts[which]))
		return DISSECT_NOT_MINE;
	*ret_client = which < FIRST_REPLY ? c->dir : !c->dir;
	if (which < FIRST_REPLY)
		return text_printable(&line) ? DISSECT_MINE : DISSECT_NOT_MINE;
	if (guess_has_word(&line, "SMTP") || guess_has_word(&line, "LMTP"))
		return DISSECT_MINE;
	return guess_port(c->ends, 25) || guess_port(c->ends, 587) ? DISSECT_MORE
								   : DISSECT_NOT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	static const struct lines_protocol protocol = {LINE_MAX_SMTP, recognise, see_line};
	struct smtp *s = c->state;
	if (c->gap)
		asked_lost(&s->open);
	enum dissect got = lines_see(&protocol, &s->lines, c, r);
	if (s->lines.known)
		notes_num_once(c->notes, F_mail_encrypted, 0);
	return got;
}

const struct dissector dissector_smtp = {
    .name = "smtp",
    .title = "Simple Mail Transfer Protocol",
    .over = OVER_TCP,
    .ports = {25, 587, 2525, 24},
    FIRST_BYTES("22AZaz"),
    .state_size = sizeof(struct smtp),
    .see = see,
};
