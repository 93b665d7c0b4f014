/* SPDX-License-Identifier: Apache-2.0 */
/* FTP (RFC 959, 2228, 2428): the control connection. Addresses of data connections that it agrees
 * on (PASV, EPSV, PORT, EPRT) are announced, so that those are named too. */
#include "proto/asked.h"
#include "proto/dissection.h"
#include "proto/guess.h"
#include "proto/office/lines.h"
#include "proto/office/starttls.h"
#include "proto/text.h"

enum { LINE_MAX_FTP = 1024 };
enum kind { ASK_OTHER, ASK_USER, ASK_TLS, ASK_FILE, ASK_FIRST, ASK_QUIT };

struct ftp {
	struct asked open;
	bool greeted, file_seen;
	struct lines lines;
	uint16_t in_lines; /* the code of a reply of several lines */
};

extern const struct dissector dissector_ftp_data;

static const char *const file_commands[] = {"RETR", "STOR", "APPE", "STOU", "DELE", "RNFR", "MKD",
					    "RMD",  "LIST", "NLST", "MLSD", "SIZE", "CWD"};
enum { N_FILE_COMMANDS = sizeof(file_commands) / sizeof(file_commands[0]) };

/* Six numbers: address and port (RFC 959 4.1.2). */
static bool host_port(struct rd r, struct ip *ret_ip, uint16_t *ret_port)
{
	uint8_t b[6];
	for (int i = 0; i < 6; i++) {
		uint64_t v;
		if ((i && rd_u8(&r) != ',') || !text_number(&r, &v) || v > 255)
			return false;
		b[i] = (uint8_t)v;
	}
	*ret_ip = ip_from_v4(b);
	*ret_port = load_be16(b + 4);
	return true;
}

/* "|1|132.235.1.2|6275|"; the address may be left out (RFC 2428). */
static bool extended(struct rd r, struct ip *ip, uint16_t *ret_port)
{
	uint8_t mark = rd_u8(&r);
	(void)text_until(&r, mark);
	struct rd addr = text_until(&r, mark), port = text_until(&r, mark);
	uint64_t v;
	if (mark < '!' || mark > '~' || !text_number(&port, &v) || v == 0 || v > 65535)
		return false;
	if (rd_left(&addr) && ip_parse((const char *)addr.p, rd_left(&addr), ip))
		return false;
	*ret_port = (uint16_t)v;
	return true;
}

static const struct ip *end_of(const struct dissect_ctx *c, uint8_t dir)
{
	return dir == 0 ? &c->ends->src : &c->ends->dst;
}

/* The side that speaks now listens at what `where` says. */
static void announce(struct dissect_ctx *c, struct rd where, bool is_extended)
{
	struct ip ip = *end_of(c, c->dir);
	uint16_t port;
	if (!(is_extended ? extended(where, &ip, &port) : host_port(where, &ip, &port)))
		return;
	dissect_expect(c, &ip, port, PROTO_TCP, &dissector_ftp_data);
	/* behind a translation the connection goes to the address of this one */
	if (!ip_equal(&ip, end_of(c, c->dir)))
		dissect_expect(c, end_of(c, c->dir), port, PROTO_TCP, &dissector_ftp_data);
}

static void see_command(struct dissect_ctx *c, struct ftp *s, struct rd line)
{
	struct rd arg = line, word = text_word(&arg);
	uint8_t kind = ASK_OTHER;
	if (rd_left(&word) == 0)
		return;
	if (text_is_nocase(&word, "USER")) {
		kind = ASK_USER;
		if (text_printable(&arg))
			notes_str_once(c->notes, F_user_name, arg.p, rd_left(&arg));
	} else if (text_is_nocase(&word, "AUTH")) {
		kind = ASK_TLS;
	} else if (text_is_nocase(&word, "QUIT")) {
		kind = ASK_QUIT;
	} else if (text_is_nocase(&word, "PORT")) {
		announce(c, arg, false);
	} else if (text_is_nocase(&word, "EPRT")) {
		announce(c, arg, true);
	} else if (text_is_nocase(&word, "CLNT")) {
		notes_str_once(c->notes, F_app_client, arg.p, rd_left(&arg));
	}
	for (int i = 0; i < N_FILE_COMMANDS; i++)
		if (!s->file_seen && text_is_nocase(&word, file_commands[i])) {
			s->file_seen = true;
			kind = ASK_FILE;
			notes_str_put(c->notes, F_ftp_command, line.p, rd_left(&line));
		}
	if (!notes_has(c->notes, F_ftp_command) && !text_is_nocase(&word, "PASS")) {
		notes_str_once(c->notes, F_ftp_command, line.p, rd_left(&line));
		kind = kind == ASK_OTHER || kind == ASK_USER ? (uint8_t)ASK_FIRST : kind;
	}
	asked_ask(&s->open, c, 0, kind);
}

/* The code of a line "220 text", 0 if there is none; *ret_more: "220-text". */
static uint16_t reply_code(const struct rd *line, bool *ret_more)
{
	const uint8_t *p = line->p;
	size_t n = rd_left(line);
	if (n < 3 || p[0] < '1' || p[0] > '6' || p[1] < '0' || p[1] > '9' || p[2] < '0' ||
	    p[2] > '9' || (n > 3 && p[3] != ' ' && p[3] != '-'))
		return 0;
	*ret_more = n > 3 && p[3] == '-';
	return (uint16_t)((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0'));
}

static enum dissect see_code(struct dissect_ctx *c, struct ftp *s, uint16_t code, struct rd text)
{
	if (!s->greeted && s->open.n == 0 && (code == 220 || code == 120 || code == 421)) {
		s->greeted = code != 120;
		if (code == 220)
			notes_str_once(c->notes, F_app_server, text.p, rd_left(&text));
		return DISSECT_MINE;
	}
	s->greeted = true;
	if (code == 227 || code == 229) {
		const uint8_t *open = memchr(text.p, '(', rd_left(&text));
		struct rd where = text;
		if (open)
			rd_skip(&where, (size_t)(open - text.p) + 1);
		else /* some leave the brackets out */
			while (rd_left(&where) && (*where.p < '0' || *where.p > '9'))
				rd_skip(&where, 1);
		announce(c, where, code == 229);
	}
	if (code < 200 && asked_next(&s->open) == ASK_FILE)
		notes_num_once(c->notes, F_ftp_reply, code);
	if (code < 200)
		return DISSECT_MINE; /* the answer is still to come */
	uint8_t kind = asked_answer(&s->open, c, 0, code >= 400);
	if (kind == ASK_FILE)
		notes_num_put(c->notes, F_ftp_reply, code);
	else if (kind == ASK_FIRST)
		notes_num_once(c->notes, F_ftp_reply, code);
	if (kind == ASK_TLS && code == 234) {
		return starttls(c);
	}
	return kind == ASK_QUIT ? DISSECT_DONE : DISSECT_MINE;
}

static enum dissect see_reply(struct dissect_ctx *c, struct ftp *s, struct rd line)
{
	bool more;
	uint16_t code = reply_code(&line, &more);
	struct rd text = line;
	if (!code || (s->in_lines && (code != s->in_lines || more)))
		return DISSECT_MINE;
	s->in_lines = more ? code : 0;
	if (more && !(code == 220 && !s->greeted))
		return DISSECT_MINE;
	rd_skip(&text, rd_left(&text) > 3 ? 4 : 3);
	if (more) {
		notes_str_once(c->notes, F_app_server, text.p, rd_left(&text));
		return DISSECT_MINE;
	}
	return see_code(c, s, code, text);
}

/* What no other protocol says after the first line. */
static bool surely(const struct rd *r, bool server)
{
	static const char *const servers[] = {"331 ", "230 "};
	static const char *const clients[] = {"SYST", "PASV",  "EPSV", "TYPE ",
					      "CWD ", "PORT ", "EPRT "};
	struct rd at = *r, line;
	while (text_line(&at, &line)) {
		if (server && (guess_has_word(&line, "FTP") || text_begins(&line, servers[0]) ||
			       text_begins(&line, servers[1])))
			return !guess_has_word(r, "SMTP");
		for (size_t i = 0; !server && i < sizeof(clients) / sizeof(clients[0]); i++)
			if (text_begins_nocase(&line, clients[i]))
				return true;
	}
	return false;
}

/* 220 is also what servers of mail say, USER what clients of POP3 do: what follows decides. */
static enum dissect recognise(const struct dissect_ctx *c, const struct rd *r, uint8_t *ret_client)
{
	static const char *const starts[] = {"220 ",  "220-",     "331 ",     "230 ",
					     "USER ", "AUTH TLS", "AUTH SSL", "FEAT"};
	enum { FIRST_COMMAND = 4, N = sizeof(starts) / sizeof(starts[0]) };
	int which = guess_one_of(r, starts, N);
	struct rd at = *r, line;
	if (which < 0)
		return DISSECT_NOT_MINE;
	if (!text_line(&at, &line))
		return rd_left(r) < LINE_MAX_FTP ? DISSECT_MORE : DISSECT_NOT_MINE;
	if (!text_begins_nocase(&line, starts[which]) || !text_printable(&line) ||
	    (which == FIRST_COMMAND + 3 && !text_is_nocase(&line, starts[which])))
		return DISSECT_NOT_MINE;
	bool server = which < FIRST_COMMAND, port = guess_port(c->ends, 21);
	*ret_client = server ? !c->dir : c->dir;
	if (surely(r, server))
		return DISSECT_MINE;
	if (server && guess_has_word(&line, "SMTP"))
		return DISSECT_NOT_MINE;
	return port || which > FIRST_COMMAND ? DISSECT_MINE : DISSECT_MORE;
}

static enum dissect see_line(struct dissect_ctx *c, struct rd line)
{
	struct ftp *s = c->state;
	if (c->dir != s->lines.client)
		return see_reply(c, s, line);
	see_command(c, s, line);
	return DISSECT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	static const struct lines_protocol protocol = {LINE_MAX_FTP, recognise, see_line};
	struct ftp *s = c->state;
	if (c->gap)
		asked_lost(&s->open);
	return lines_see(&protocol, &s->lines, c, r);
}

const struct dissector dissector_ftp = {
    .name = "ftp",
    .title = "File Transfer Protocol",
    .over = OVER_TCP,
    .ports = {21, 2121},
    FIRST_BYTES("22AZaz"),
    .state_size = sizeof(struct ftp),
    .see = see,
};
