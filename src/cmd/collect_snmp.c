/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that asks exporters over SNMP what their interfaces are called. Only there if
 * snmp.access_file is set. */
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/collect.h"
#include "conf/conf.h"
#include "enrich/poller.h"
#include "net/snmp.h"

#include <poll.h>

enum { LOOK_MS = 5000, NS_PER_MS = 1000000 };

enum err collect_snmp_open(struct collect *c)
{
	const struct poller_opts o = {.access_file = c->conf->snmp_access_file,
				      .port = (uint16_t)c->conf->snmp_port,
				      .timeout_ms = (uint32_t)c->conf->snmp_timeout,
				      .rate = (uint32_t)c->conf->snmp_rate,
				      .every_ms = c->conf->snmp_every,
				      .names = c->names,
				      .stop_fd = c->stop_fd};
	if (*o.access_file == 0)
		return ERR_OK;
	snmp_start();
	return poller_new(&o, &c->poller);
}

static void see_exporters(struct collect *c)
{
	for (uint32_t i = 0; i < c->n_threads; i++) {
		struct collect_thread *t = &c->thread[i];
		pthread_mutex_lock(&t->lock);
		for (size_t k = 0; k < t->shown.n; k++)
			poller_see(c->poller, &t->shown.v[k].info.ip);
		pthread_mutex_unlock(&t->lock);
	}
}

void collect_snmp(struct collect *c)
{
	struct pollfd stop = {.fd = c->stop_fd, .events = POLLIN};
	char text[256];
	while (c->poller && poll(&stop, 1, LOOK_MS) == 0) {
		see_exporters(c);
		poller_turn(c->poller, (int64_t)(clock_mono_ns() / NS_PER_MS), clock_wall_ms());
		if (poller_next_notice(c->poller, text, sizeof(text)) && *text)
			log_warn("snmp", "%s", text);
	}
}
