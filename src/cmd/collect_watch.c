/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the books now and then and logs what somebody should know: the disk, the quota, the
 * kernel's drops, sums that do not match. What goes on is repeated once a minute at most. */
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/collect.h"

#include <inttypes.h>
#include <poll.h>

enum { LOOK_MS = 5000 };
static const uint64_t REPEAT_NS = 60000000000;

/* A counter that should stand still. */
static const struct watched {
	enum stat_id which;
	const char *what;
} watched[] = {
    {ST_datagrams_kernel_drops, "datagrams lost in the kernel, the receive threads do not keep up"},
    {ST_discard_quota, "records removed unstored, the spool is at its quota or the disk is full"},
    {ST_discard_bad_segment, "records set aside in spool/bad, the store refuses them"},
    {ST_drop_spool_full, "records dropped, the spool cannot be written"},
    {ST_drop_no_memory, "records dropped for lack of memory"},
    {ST_forward_dropped,
     "datagrams not passed on, a destination of collect.forward does not keep up"},
    {ST_session_end_limit, "TCP and TLS sessions refused, more than collect.max_sessions"},
    {ST_session_end_half_message, "TCP and TLS sessions ended in the middle of a message"},
    {ST_reject_exporter_limit,
     "datagrams rejected, more exporters than collect.max_exporters, or at one address than fit"},
};

struct watch {
	struct stats seen;
	uint64_t said_ns[ARRAY_LEN(watched)];
	bool disk_error, unbalanced;
};

static void look(struct watch *w, struct collect *c)
{
	struct spool_totals t;
	uint64_t now = clock_mono_ns();
	spool_totals(c->spool, &t);
	for (size_t i = 0; i < ARRAY_LEN(watched); i++) {
		enum stat_id k = watched[i].which;
		uint64_t n = t.lifetime.v[k] - w->seen.v[k];
		if (n == 0 || (w->said_ns[i] && now - w->said_ns[i] < REPEAT_NS))
			continue;
		log_warn("collect", "%" PRIu64 " %s", n, watched[i].what);
		w->seen.v[k] = t.lifetime.v[k];
		w->said_ns[i] = now;
	}
	if (t.disk_error && !w->disk_error)
		log_err("collect", "the spool cannot be written");
	if (!t.disk_error && w->disk_error)
		log_notice("collect", "the spool can be written again");
	w->disk_error = t.disk_error;
	bool unbalanced = !collect_balanced(&t.lifetime);
	if (unbalanced && !w->unbalanced)
		log_err("collect",
			"the counters do not add up, please report this with /state.json");
	w->unbalanced = unbalanced;
}

void collect_watch(struct collect *c)
{
	struct watch w = {0};
	struct spool_totals t;
	spool_totals(c->spool, &t);
	w.seen = t.lifetime;
	struct pollfd stop = {.fd = c->stop_fd, .events = POLLIN};
	while (poll(&stop, 1, LOOK_MS) == 0)
		look(&w, c);
}
