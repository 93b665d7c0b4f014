/* SPDX-License-Identifier: Apache-2.0 */
/* Short ways to write conversations down: a line of C for a message. */
#pragma once
#include "base/attr.h"
#include "harness.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>

/* A string literal as a message, its NUL left out; after_us: see struct message. */
#define SAYS(who, text, us)                                                                        \
	{                                                                                          \
		who, text, sizeof(text) - 1, us                                                    \
	}
#define C(text) SAYS(FROM_CLIENT, text, 1000)
#define S(text) SAYS(FROM_SERVER, text, 1000)
#define TCP_TALK(port, messages)                                                                   \
	(const struct conversation)                                                                \
	{                                                                                          \
		.proto = 6, .client_port = 50001, .server_port = port, .m = messages,              \
		.n = ARRAY_LEN(messages)                                                           \
	}
#define UDP_TALK(port, messages)                                                                   \
	(const struct conversation)                                                                \
	{                                                                                          \
		.proto = 17, .client_port = 50001, .server_port = port, .m = messages,             \
		.n = ARRAY_LEN(messages)                                                           \
	}

struct expected {
	const char *name, *value; /* value NULL: not noted */
};

/* The conversation notes these, whole and cut into segments of 7 bytes, and survives torture. */
static inline void expect(const struct conversation *c, const struct expected *e, size_t n)
{
	for (int cut = 0; cut < (c->proto == 6 ? 2 : 1); cut++) {
		char *json = cut ? dissect_cut(c, 7) : dissect(c);
		for (size_t i = 0; i < n; i++) {
			if (e[i].value)
				assert_noted(json, e[i].name, e[i].value);
			else
				assert_not_noted(json, e[i].name);
		}
		free(json);
	}
}
#define EXPECT(c, ...)                                                                             \
	do {                                                                                       \
		static const struct expected what[] = {__VA_ARGS__};                               \
		expect(c, what, ARRAY_LEN(what));                                                  \
	} while (0)
