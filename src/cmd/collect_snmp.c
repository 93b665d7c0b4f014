/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that asks exporters over SNMP what their interfaces are called, if snmp.access_file is
 * set. */
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/collect.h"
#include "conf/conf.h"
#include "enrich/poller.h"
#include "net/snmp.h"

#include <poll.h>
#include <string.h>

enum { LOOK_MS = 5000, NS_PER_MS = 1000000 };

static bool same_snmp(const struct conf *a, const struct conf *b)
{
	return strcmp(a->snmp_access_file, b->snmp_access_file) == 0 &&
	       a->snmp_port == b->snmp_port && a->snmp_timeout == b->snmp_timeout &&
	       a->snmp_rate == b->snmp_rate && a->snmp_every == b->snmp_every;
}

/* Another poller if conf says something else than *now, which becomes a reference to it. One that
 * cannot be made is said, and nobody is asked. */
static void follow(struct collect *c, const struct conf **now)
{
	struct collect_rules *r = collect_rules_get(c);
	const struct conf *conf = r->conf;
	struct poller *next = NULL, *old = c->poller;
	if (*now == conf || (*now && same_snmp(*now, conf))) {
		collect_rules_put(&r);
		return;
	}
	const struct poller_opts o = {.access_file = conf->snmp_access_file,
				      .port = (uint16_t)conf->snmp_port,
				      .timeout_ms = (uint32_t)conf->snmp_timeout,
				      .rate = (uint32_t)conf->snmp_rate,
				      .every_ms = conf->snmp_every,
				      .names = c->names,
				      .stop_fd = c->stop_fd};
	enum err e = ERR_OK;
	if (*o.access_file) {
		snmp_start();
		e = poller_new(&o, &next);
	}
	if (e)
		log_err("snmp", "nobody is asked: %s", err_text(e));
	pthread_mutex_lock(&c->poller_lock);
	c->poller = next;
	pthread_mutex_unlock(&c->poller_lock);
	poller_free(&old);
	if (*now)
		conf_put(now);
	*now = conf_get(conf);
	collect_rules_put(&r);
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
	const struct conf *conf = NULL;
	char text[256];
	do {
		follow(c, &conf);
		if (!c->poller)
			continue;
		see_exporters(c);
		poller_turn(c->poller, (int64_t)(clock_mono_ns() / NS_PER_MS), clock_wall_ms());
		if (poller_next_notice(c->poller, text, sizeof(text)) && *text)
			log_warn("snmp", "%s", text);
	} while (poll(&stop, 1, LOOK_MS) == 0);
	if (conf)
		conf_put(&conf);
}
