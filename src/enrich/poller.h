/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the exporters seen, over SNMP, for their own name and for names, descriptions and speeds of
 * their interfaces, and tells them to names.h. For a thread of its own: questions wait for answers.
 * Requests are spread over time; a device that does not answer is left alone for a minute at first,
 * twice as long each time, up to a day. */
#pragma once
#include "base/err.h"
#include "base/ip.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct names;
struct poller;

enum { POLLER_DEVICES_MAX = 65536, POLLER_INTERFACES_MAX = 65536 };

struct poller_opts {
	const char *access_file; /* enrich/snmp_access.h; borrowed */
	uint16_t port;
	uint32_t timeout_ms;
	uint32_t rate;       /* requests a second, of all devices together */
	uint64_t every_ms;   /* how often a device that answers is asked */
	struct names *names; /* borrowed */
	int stop_fd;         /* readable: give up; -1 = never */
};

/* Call snmp_start before, once. */
must_check enum err poller_new(const struct poller_opts *o, struct poller **ret);
void poller_free(struct poller **p);
/* An exporter that is there; the first POLLER_DEVICES_MAX are remembered. */
void poller_see(struct poller *p, const struct ip *device);
/* Asks the devices that are due, and returns. now_ms: a clock that never jumps; wall_ms: for the
 * names. */
void poller_turn(struct poller *p, int64_t now_ms, int64_t wall_ms);
/* What the log should say since the last call; false = nothing. */
bool poller_next_notice(struct poller *p, char *text, size_t n);
/* Any thread: {"devices","answering","silent","refused","interfaces","error","failing":[...]} */
void poller_json(struct poller *p, struct buf *out);
