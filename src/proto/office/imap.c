/* SPDX-License-Identifier: Apache-2.0 */
/* IMAP4 (RFC 3501, 9051): tagged commands and their results, logins, until the session ends or goes
 * over to TLS. Literals (mails) are passed over unseen. */
#include "proto/asked.h"
#include "proto/guess.h"
#include "proto/office/lines.h"
#include "proto/office/login.h"
#include "proto/office/starttls.h"
#include "proto/text.h"

enum { LINE_MAX_IMAP = 4096, TAG_MAX = 32 };
enum kind { ASK_OTHER, ASK_LOGIN, ASK_STARTTLS, ASK_IDLE };

struct imap {
	struct asked open;
	uint8_t login; /* enum login: what the client's next line is */
	bool greeted;
	bool user_next; /* the client's next line begins with the literal of LOGIN */
	struct lines lines;
};

static const char *const words[] = {"CAPABILITY", "LOGIN",   "AUTHENTICATE", "STARTTLS", "ID",
				    "SELECT",     "EXAMINE", "NOOP",         "LOGOUT",   "UID",
				    "LIST",       "LSUB",    "STATUS",       "IDLE",     "ENABLE",
				    "FETCH",      "APPEND",  "NAMESPACE",    "CLOSE",    "SEARCH"};
enum { N_WORDS = sizeof(words) / sizeof(words[0]) };

static uint32_t tag_hash(const struct rd *tag)
{
	uint32_t h = UINT32_C(2166136261);
	for (const uint8_t *p = tag->p; p < tag->end; p++)
		h = (h ^ *p) * UINT32_C(16777619);
	return h;
}

/* Bytes of the literal that a line announces at its end ("{12}", "{12+}"), 0 if none. */
static uint64_t literal(const struct rd *line)
{
	const uint8_t *open = rd_left(line) ? memrchr(line->p, '{', rd_left(line)) : NULL;
	if (!open || line->end[-1] != '}')
		return 0;
	struct rd r = rd_of(open + 1, (size_t)(line->end - open) - 1);
	uint64_t n;
	if (!text_number(&r, &n) || rd_left(&r) > 2)
		return 0;
	return n;
}

/* A user's name as an atom or between quotes. */
static void note_string(struct notes *n, struct rd arg)
{
	struct rd user = arg;
	if (rd_left(&arg) && *arg.p == '"') {
		rd_skip(&arg, 1);
		user = text_until(&arg, '"');
	} else {
		user = text_word(&arg);
	}
	login_note_user(n, &user);
}

static void see_command(struct dissect_ctx *c, struct imap *s, struct rd line)
{
	uint64_t body = literal(&line);
	if (s->user_next) {
		note_string(c->notes, line);
		s->user_next = false;
	} else if (s->login) {
		s->login = (uint8_t)login_line(c->notes, s->login, &line);
	} else {
		struct rd arg = line, tag = text_word(&arg), word = text_word(&arg);
		uint8_t kind = ASK_OTHER;
		if (rd_left(&tag) == 0 || rd_left(&word) == 0 || rd_left(&tag) > TAG_MAX)
			return;
		if (text_is_nocase(&word, "LOGIN")) {
			kind = ASK_LOGIN;
			s->user_next =
			    rd_left(&arg) && *arg.p == '{' && body && body < NOTES_STR_MAX;
			if (!s->user_next)
				note_string(c->notes, arg);
		} else if (text_is_nocase(&word, "AUTHENTICATE")) {
			struct rd mechanism = text_word(&arg);
			kind = ASK_LOGIN;
			s->login = (uint8_t)login_begin(c->notes, &mechanism, &arg);
		} else if (text_is_nocase(&word, "STARTTLS")) {
			kind = ASK_STARTTLS;
		} else if (text_is_nocase(&word, "IDLE")) {
			kind = ASK_IDLE;
		}
		notes_str_once(c->notes, F_app_command, word.p, rd_left(&word));
		if (kind != ASK_IDLE)
			asked_ask(&s->open, c, tag_hash(&tag), kind);
	}
	if (!s->user_next)
		c->skip = body;
}

/* A line of the server; true: TLS begins now. */
static bool see_reply(struct dissect_ctx *c, struct imap *s, struct rd line)
{
	struct rd text = line, tag = text_word(&text), result = text_word(&text);
	bool no = text_is_nocase(&result, "NO") || text_is_nocase(&result, "BAD");
	c->skip = literal(&line);
	if (!s->greeted) {
		s->greeted = true;
		if (text_is(&tag, "*") && s->open.n == 0)
			notes_str_once(c->notes, F_app_server, text.p, rd_left(&text));
	}
	if (text_is(&tag, "+") || text_is(&tag, "*") || rd_left(&tag) == 0 ||
	    !(no || text_is_nocase(&result, "OK")))
		return false;
	uint8_t kind = asked_answer(&s->open, c, tag_hash(&tag), no);
	s->login = LOGIN_NONE;
	s->user_next = false;
	if (kind == ASK_LOGIN && no)
		notes_num_add(c->notes, F_mail_auth_failures, 1);
	return kind == ASK_STARTTLS && !no;
}

static enum dissect recognise(const struct dissect_ctx *c, const struct rd *r, uint8_t *ret_client)
{
	static const char *const greetings[] = {"* OK", "* PREAUTH ", "* BYE "};
	struct rd line, at = *r;
	bool greeting = guess_one_of(r, greetings, 3) >= 0;
	if (!greeting && rd_left(r) && (*r->p <= ' ' || *r->p > 'z'))
		return DISSECT_NOT_MINE;
	if (!text_line(&at, &line))
		return rd_left(r) < 64 || greeting ? DISSECT_MORE : DISSECT_NOT_MINE;
	if (!text_printable(&line))
		return DISSECT_NOT_MINE;
	*ret_client = greeting ? !c->dir : c->dir;
	if (greeting)
		return guess_port(c->ends, 143) || guess_has_word(&line, "IMAP") ? DISSECT_MINE
										 : DISSECT_NOT_MINE;
	struct rd tag = text_word(&line), word = text_word(&line);
	if (rd_left(&tag) == 0 || rd_left(&tag) > TAG_MAX || line.end == word.p)
		return DISSECT_NOT_MINE;
	for (int i = 0; i < N_WORDS; i++)
		if (text_is_nocase(&word, words[i]))
			return guess_port(c->ends, 143) ||
				       (i < 4 && tag.end[-1] <= '9' && tag.end[-1] >= '0')
				   ? DISSECT_MINE
				   : DISSECT_NOT_MINE;
	return DISSECT_NOT_MINE;
}

static enum dissect see_line(struct dissect_ctx *c, struct rd line)
{
	struct imap *s = c->state;
	if (c->dir == s->lines.client) {
		see_command(c, s, line);
	} else if (see_reply(c, s, line)) {
		notes_num_put(c->notes, F_mail_encrypted, 1);
		return starttls(c);
	}
	return DISSECT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	static const struct lines_protocol protocol = {LINE_MAX_IMAP, recognise, see_line};
	struct imap *s = c->state;
	if (c->gap)
		asked_lost(&s->open);
	enum dissect got = lines_see(&protocol, &s->lines, c, r);
	if (s->lines.known)
		notes_num_once(c->notes, F_mail_encrypted, 0);
	return got;
}

const struct dissector dissector_imap = {
    .name = "imap",
    .title = "Internet Message Access Protocol",
    .over = OVER_TCP,
    .ports = {143},
    FIRST_BYTES("!z"),
    .state_size = sizeof(struct imap),
    .see = see,
};
