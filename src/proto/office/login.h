/* SPDX-License-Identifier: Apache-2.0 */
/* Logins of mail protocols: the names of users out of SASL exchanges (RFC 4616 PLAIN, LOGIN) and
 * commands. Passwords are passed over, never noted. */
#pragma once
#include "proto/dissector.h"

/* What a client sends next in a login that goes on over several lines. */
enum login {
	LOGIN_NONE,
	LOGIN_PLAIN,    /* base64 of authorization, user, password, NUL between them */
	LOGIN_USER,     /* base64 of the user's name (LOGIN) */
	LOGIN_PASSWORD, /* base64 that is no concern of ours */
};

/* Base64 (RFC 4648) until its end or the first byte that is none; returns the bytes written. */
size_t login_base64(struct rd text, uint8_t *out, size_t cap);
/* Notes the user of a mail session. */
void login_note_user(struct notes *n, const struct rd *user);
/* A mechanism was named, perhaps with its first answer behind it. */
enum login login_begin(struct notes *n, const struct rd *mechanism, const struct rd *initial);
/* One more line of the client; returns what is to come then. */
enum login login_line(struct notes *n, enum login l, const struct rd *line);
