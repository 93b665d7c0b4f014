/* SPDX-License-Identifier: Apache-2.0 */
/* IPFIX sessions passed on over UDP: a session tells its templates once (RFC 7011 8.1), UDP has to
 * tell them again and again (8.4). Keeps what each domain of each session has told, and says it
 * again before a message when it is time: a message of templates alone, with the time and the
 * sequence number of the message it comes before. Used by one thread.
 *
 * Bounded; what does not fit is not repeated, which is counted (forward.templates_refused). */
#pragma once
#include "base/err.h"
#include "base/rd.h"
#include "model/stats.h"

#include <stddef.h>
#include <stdint.h>

enum {
	REPEAT_STREAMS_MAX = 16384,      /* domains of sessions */
	REPEAT_STREAM_BYTES = 32 * 1024, /* templates of one */
	REPEAT_BYTES_MAX = 16 << 20,     /* of all */
	REPEAT_EVERY_S = 60,
};

struct repeats;

/* stats: borrowed. */
must_check enum err repeats_new(struct stats *stats, struct repeats **ret);
void repeats_free(struct repeats *r);
/* Sees a whole message of a session. Returns the message to send before it, borrowed until the next
 * call; empty = none. now_ns: a clock that only goes forward. */
struct rd repeats_see(struct repeats *r, uint32_t session, const uint8_t *p, size_t n,
		      uint64_t now_ns);
/* There are new destinations: everything is to be told again. */
void repeats_renew(struct repeats *r);
/* The session has ended. */
void repeats_end(struct repeats *r, uint32_t session);
