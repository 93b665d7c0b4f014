/* SPDX-License-Identifier: Apache-2.0 */
/* One collector that exports go to: its connection, the messages that wait for it, what it has been
 * told. Nothing here blocks. Of the export thread; not for others. */
#pragma once
#include "encode/encoder.h"
#include "encode/options.h"
#include "net/tls.h"

#include <netinet/in.h>

/*  UDP: always UP.   TCP, TLS:
 *
 *       +-------- retry_at --------- DOWN <--------------+-------------+
 *       v                                                | failed      | failed, closed
 *   CONNECTING -- connected --> (TLS) HANDSHAKE -- ok --> UP ----------+                     */
enum collector_state { COLLECTOR_DOWN, COLLECTOR_CONNECTING, COLLECTOR_HANDSHAKE, COLLECTOR_UP };

enum { COLLECTOR_ERROR_MAX = 160 };

/* What is told of it to people; copied whole. */
struct collector_books {
	enum collector_state state;
	uint32_t sessions; /* connections that came up; UDP: 1 */
	uint64_t sent_messages, sent_records, sent_bytes, dropped_records, waiting_bytes;
	char error[COLLECTOR_ERROR_MAX]; /* the last one; "" = none */
};

struct waiting {
	struct message *m;
	uint32_t gap; /* units dropped just before it: its sequence number goes on behind them */
};

struct collector {
	struct export_target target;
	unsigned index; /* in layout.told */
	struct encoder *encoder;
	struct stats *stats;
	struct collector_books books;
	struct sockaddr_storage addr;
	socklen_t addr_n;
	struct tls_context *tls_context; /* borrowed */
	int fd;
	struct tls *tls;
	bool blocked; /* the socket takes no more until poll says so */
	bool greet;   /* a new session: option records are due */
	int64_t retry_at, retry_ms, handshake_by, options_at, types_at;
	uint32_t session, sequence, gap;
	/* A ring of cap (a power of 2) messages. */
	struct waiting *ring;
	uint32_t head, n, cap;
	size_t buffer; /* the most bytes that wait */
	/* Sessions: the message being written, with its header; n = 0: none. */
	struct message *current;
	uint8_t *out;
	size_t out_n, out_at;
	uint32_t template_messages;
	int64_t template_ms;
};

struct collector_opts {
	struct export_target target;
	unsigned index;
	struct encoder *encoder; /* borrowed */
	struct stats *stats;     /* borrowed */
	struct tls_context *tls; /* borrowed */
	size_t buffer;
	uint32_t template_messages; /* UDP: a template is told again after so many messages ... */
	int64_t template_ms;        /* ... and so long */
};

/* Finds the address; reterr says why it cannot be found. */
must_check enum err collector_init(struct collector *c, const struct collector_opts *o,
				   struct diag *reterr);
/* Closes; what waits is dropped and counted as `stopped`. collector_fini does too, and frees. */
void collector_close(struct collector *c);
void collector_fini(struct collector *c);
/* Takes a reference of its own to m, to be sent after what waits, or drops it and counts. */
void collector_push(struct collector *c, struct message *m);
/* Does what can be done now: connects, sends. revents: of poll, 0 = none. mono_ms: a clock that
 * does not jump; export_ms: the export time of templates. */
void collector_step(struct collector *c, short revents, int64_t mono_ms, int64_t export_ms);
/* What poll should wait for; fd -1 = nothing. */
short collector_events(const struct collector *c);
/* When collector_step should be called again at the latest; INT64_MAX = not on its own. */
int64_t collector_next(const struct collector *c, int64_t mono_ms);
static inline bool collector_idle(const struct collector *c)
{
	return c->n == 0 && !c->current;
}
/* Takes back a template in its session, if it was told there. */
void collector_withdraw(struct collector *c, const struct layout *l, int64_t export_ms);

/* --- collector.c, for session.c */
/* The next message to be sent, NULL = none: first the templates that the next one needs. The
 * reference is the caller's; *ret_sequence is for its header. */
struct message *collector_take(struct collector *c, int64_t mono_ms, int64_t export_ms,
			       uint32_t *ret_sequence);
/* m was sent, or was not: counted, the reference is put back. */
void collector_sent(struct collector *c, struct message *m);
void collector_lost(struct collector *c, struct message *m, enum stat_id reason);
/* Puts m, taken by collector_take, in front of what waits. */
void collector_untake(struct collector *c, struct message *m);
/* --- session.c: TCP and TLS */
void session_step(struct collector *c, short revents, int64_t mono_ms, int64_t export_ms);
void session_close(struct collector *c);
/* Ends a session that is up so that all that was written arrives, then closes it: waits up to a
 * second for the other side to end it as well. */
void session_end(struct collector *c);
