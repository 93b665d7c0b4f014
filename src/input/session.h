/* SPDX-License-Identifier: Apache-2.0 */
/* IPFIX over TCP and TLS (RFC 7011 10.4, 11): listening sockets and their sessions in, whole
 * messages out, cut by the length in their header. One struct sessions belongs to one thread, so a
 * session's messages come in order. Nothing here blocks but sessions_wait.
 *
 * Bounded: sessions, sessions of one address; of each session at most one message that is not whole
 * yet is kept (64 KB), for a limited time, since a peer that stalls in the middle of a message
 * holds memory. A stream that is no IPFIX cannot be cut again, so it ends.
 *
 * Counts sessions_*, session_end_*, and for the rest of a stream that no decoder sees:
 * datagrams_received with reject_stream or reject_stream_cut. Whole messages are the caller's to
 * count. */
#pragma once
#include "base/err.h"
#include "base/ip.h"
#include "model/stats.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SESSION_LISTENERS_MAX = 64,
	SESSION_MESSAGE_MS = 30000,   /* from the first byte of a message to its last */
	SESSION_HANDSHAKE_MS = 10000, /* of TLS */
	SESSION_REASON_MAX = 160,
};

struct sessions;
struct tls_context;

struct session_message {
	const uint8_t *p; /* borrowed during the call */
	uint32_t n;       /* as the header says, at least 16 */
	uint32_t session; /* never 0; not used again for a long time */
	struct ip src;
	uint16_t port; /* of the sender */
	bool tls;
};

struct session_listener {
	int fd; /* listening, non-blocking */
	bool tls;
};

struct session_opts {
	uint32_t max_sessions, max_per_address;
	uint32_t message_ms, handshake_ms; /* 0 = as above */
	uint64_t idle_ms;                  /* without a whole message */
	struct stats *stats;               /* borrowed */
	/* Whether this address may open a session. */
	bool (*admit)(void *ctx, const struct ip *src);
	void (*message)(void *ctx, const struct session_message *m);
	/* After the last message of a session. */
	void (*end)(void *ctx, uint32_t session);
	/* A TLS handshake failed; why is for people. */
	void (*tls_failed)(void *ctx, const struct ip *src, const char *why);
	void *ctx;
};

/* opts is copied; all its functions must be there. Of the listeners it keeps descriptors of its
 * own. */
must_check enum err sessions_new(const struct session_opts *opts, const struct session_listener *l,
				 size_t n, struct sessions **ret);
/* Ends all sessions: what they cost is counted, and `end` is called for each. */
void sessions_end_all(struct sessions *s);
/* The same, if need be, and frees. May be NULL. */
void sessions_free(struct sessions *s);
/* The certificates for handshakes from now on; borrowed until the next call. Without any (NULL) a
 * connection to a TLS listener ends at once. */
void sessions_set_tls(struct sessions *s, struct tls_context *c);
/* Takes connections of these listeners from now on, between two rounds on its thread; what waits to
 * be taken of those that are left out is taken first. Sessions live on. */
must_check enum err sessions_set_listeners(struct sessions *s, const struct session_listener *l,
					   size_t n, uint64_t now_ns);
/* What a new configuration says; sessions above a lower limit live on. */
void sessions_set_limits(struct sessions *s, uint32_t max_sessions, uint32_t max_per_address,
			 uint64_t idle_ms);
/* Waits at most timeout_ms for something to do; returns whether there is. */
bool sessions_wait(struct sessions *s, int timeout_ms);
/* Does it: takes connections, hands out messages, ends sessions whose time is over. */
void sessions_serve(struct sessions *s, uint64_t now_ns);
/* No new connections from now on; they wait in their sockets for a successor. */
void sessions_stop_accepting(struct sessions *s);
/* Ends the current wait: any thread. */
void sessions_wake(struct sessions *s);
