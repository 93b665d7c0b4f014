/* SPDX-License-Identifier: Apache-2.0 */
/* Shows payloads to the dissection as a flow would, and gives what was noted as JSON; and tortures
 * a dissector with what goes wrong on a network. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FROM_CLIENT, FROM_SERVER };

/* One message of a conversation, in the order sent. */
struct message {
	int from; /* FROM_CLIENT or FROM_SERVER */
	const void *p;
	size_t n;
	uint64_t after_us; /* time since the message before; 0 = 1000 */
};

struct conversation {
	uint8_t proto; /* 6, 17, another IP protocol; or 0 with ethertype */
	uint16_t client_port, server_port, ethertype;
	const struct message *m;
	size_t n;
};

/* What a flow with these messages notes: one JSON object with sorted keys as record_json makes it,
 * NUL- terminated, from malloc. TCP begins with SYN and SYN-ACK. */
char *dissect(const struct conversation *c);
/* The same, every message cut into segments of `size` bytes (TCP). */
char *dissect_cut(const struct conversation *c, size_t size);

/* Asserts that `name` is noted and its JSON text is `value` ("\"www\"", "53", "[1,2]"). */
void assert_noted(const char *json, const char *name, const char *value);
void assert_not_noted(const char *json, const char *name);

/* A name of a field and its JSON text; NULL: it is not noted. NULL as name ends a table. */
struct noted {
	const char *name, *value;
};
/* The conversation notes these; over TCP also when cut into segments of 7 bytes. */
void assert_dissects(const struct conversation *c, const struct noted *want);

/* Everything that must not break a dissector: every prefix of every message, every flipped bit (of
 * the first 512 bytes of each), every cut of TCP into segments from 1 to 40 bytes (must note the
 * same as whole messages), swapped segments (the same), a lost segment at every message, a start at
 * every message, the ends exchanged. Nothing is asserted but that it ends well, unless said above.
 */
void torture(const struct conversation *c);
