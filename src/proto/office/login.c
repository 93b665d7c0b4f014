/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/office/login.h"

#include "proto/text.h"

enum { ANSWER_MAX = 512 };

static int sextet(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

size_t login_base64(struct rd text, uint8_t *out, size_t cap)
{
	size_t n = 0;
	uint32_t bits = 0;
	unsigned n_bits = 0;
	while (rd_left(&text) && n < cap) {
		int v = sextet(rd_u8(&text));
		if (v < 0)
			break;
		bits = bits << 6 | (uint32_t)v;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (uint8_t)(bits >> n_bits);
		}
	}
	return n;
}

void login_note_user(struct notes *n, const struct rd *user)
{
	if (!text_printable(user))
		return;
	notes_str_once(n, F_mail_user, user->p, rd_left(user));
	notes_str_once(n, F_user_name, user->p, rd_left(user));
}

static void note_plain(struct notes *n, const struct rd *line)
{
	uint8_t answer[ANSWER_MAX];
	struct rd r = rd_of(answer, login_base64(*line, answer, sizeof(answer)));
	(void)text_until(&r, 0);
	struct rd user = text_until(&r, 0);
	login_note_user(n, &user);
}

enum login login_line(struct notes *n, enum login l, const struct rd *line)
{
	uint8_t answer[ANSWER_MAX];
	switch (l) {
	case LOGIN_PLAIN:
		note_plain(n, line);
		return LOGIN_PASSWORD;
	case LOGIN_USER: {
		struct rd user = rd_of(answer, login_base64(*line, answer, sizeof(answer)));
		login_note_user(n, &user);
		return LOGIN_PASSWORD;
	}
	case LOGIN_NONE:
	case LOGIN_PASSWORD:
		break;
	}
	return LOGIN_PASSWORD;
}

enum login login_begin(struct notes *n, const struct rd *mechanism, const struct rd *initial)
{
	enum login l = text_is_nocase(mechanism, "PLAIN")   ? LOGIN_PLAIN
		       : text_is_nocase(mechanism, "LOGIN") ? LOGIN_USER
							    : LOGIN_PASSWORD;
	return rd_left(initial) ? login_line(n, l, initial) : l;
}
