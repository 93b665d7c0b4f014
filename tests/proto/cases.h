/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of dissectors begin with: cmocka, and short ways to write conversations and what is
 * noted of them down. */
#pragma once
#include "base/attr.h"
#include "harness.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>

/* A message of the bytes of a literal, without its NUL; after_us: see struct message. */
#define SAYS(who, bytes, us)                                                                       \
	{                                                                                          \
		.from = (who), .p = (bytes), .n = sizeof(bytes) - 1, .after_us = (us)              \
	}
#define M(who, bytes) SAYS(who, bytes, 0)
#define C(bytes)      SAYS(FROM_CLIENT, bytes, 0)
#define S(bytes)      SAYS(FROM_SERVER, bytes, 0)

/* A conversation of an array of messages, over TCP or UDP. */
#define TALK(protocol, port, messages)                                                             \
	{                                                                                          \
		.proto = (protocol), .client_port = 50001, .server_port = (port), .m = (messages), \
		.n = ARRAY_LEN(messages)                                                           \
	}
#define TCP_TALK(port, messages) ((const struct conversation)TALK(6, port, messages))
#define UDP_TALK(port, messages) ((const struct conversation)TALK(17, port, messages))

/* Ends a table of struct noted. */
#define END                                                                                        \
	{                                                                                          \
		NULL, NULL                                                                         \
	}
#define NOTED(...)                                                                                 \
	(const struct noted[])                                                                     \
	{                                                                                          \
		__VA_ARGS__, END                                                                   \
	}
/* The conversation notes these: {"name", "JSON text"}, NULL where it is not noted. */
#define EXPECT(c, ...) assert_dissects(c, NOTED(__VA_ARGS__))
