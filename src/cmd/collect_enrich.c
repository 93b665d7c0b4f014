/* SPDX-License-Identifier: Apache-2.0 */
/* The collector's enrichment: which data sets, and the thread that watches them and writes names
 * to the store (collect_names.c). Reading data sets for the
 * first time takes a second or two (then what was made of them is kept): meanwhile flows are taken
 * and stored as they come, and the collector does not say yet that it is ready. */
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/collect.h"
#include "cmd/enrich_conf.h"
#include "conf/conf.h"
#include "enrich/enrich.h"
#include "enrich/names.h"
#include "enrich/poller.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TURN_MS = 1000 };
static const uint64_t NS_PER_MS = 1000000, LOOK_NS = 30000000000;

enum err collect_enrich_open(struct collect *c)
{
	const struct conf *conf = c->conf;
	struct enrich_opts o = enrich_conf(conf, c->country_data);
	o.stop = &c->stop;
	c->enrich_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->enrich_fd < 0)
		return err_from_errno(errno);
	enum err e = names_new((uint32_t)conf->enrich_max_names, &c->names);
	if (!e)
		e = enrich_new(&o, &c->enrich);
	c->enrich_conf = conf_get(conf);
	return e;
}

void collect_enrich_close(struct collect *c)
{
	poller_free(&c->poller);
	enrich_free(&c->enrich);
	if (c->enrich_conf)
		conf_put(&c->enrich_conf);
	names_free(&c->names);
	if (c->enrich_fd >= 0)
		close(c->enrich_fd);
	c->enrich_fd = -1;
}

/* A configuration that was taken since. */
static void follow(struct collect *c)
{
	struct collect_rules *r = collect_rules_get(c);
	if (r->conf != c->enrich_conf) {
		struct enrich_opts o = enrich_conf(r->conf, c->country_data);
		o.stop = &c->stop;
		enrich_change(c->enrich, &o);
		names_set_max(c->names, (uint32_t)r->conf->enrich_max_names);
		conf_put(&c->enrich_conf);
		c->enrich_conf = conf_get(r->conf);
	}
	collect_rules_put(&r);
}

static void look(struct collect *c)
{
	struct enrich_notice n;
	follow(c);
	(void)enrich_refresh(c->enrich, clock_mono_ns());
	while (enrich_next_notice(c->enrich, &n)) {
		if (n.warn)
			log_warn("enrich", "%s", n.text);
		else
			log_notice("enrich", "%s", n.text);
	}
}

void collect_enrich_wake(struct collect *c)
{
	(void)eventfd_write(c->enrich_fd, 1);
}

void collect_enrich(struct collect *c)
{
	struct pollfd fds[] = {{.fd = c->stop_fd, .events = POLLIN},
			       {.fd = c->enrich_fd, .events = POLLIN}};
	struct names_writer *names = NULL;
	struct diag d = {0};
	look(c);
	atomic_store(&c->enriching, true);
	uint64_t looked_ns = clock_mono_ns(), turn_ns = 0;
	if (collect_names_open(c, &names, &d))
		log_err("enrich", "names will not be stored: %s", d.msg);
	for (;;) {
		eventfd_t n;
		int ready = poll(fds, ARRAY_LEN(fds), TURN_MS);
		if (fds[0].revents || (ready < 0 && errno != EINTR))
			break;
		bool woken = eventfd_read(c->enrich_fd, &n) == 0;
		uint64_t now_ns = clock_mono_ns();
		if (woken || now_ns - looked_ns >= LOOK_NS) {
			look(c);
			looked_ns = now_ns;
		}
		enrich_take_names(c->enrich, c->names);
		if (names && now_ns >= turn_ns)
			turn_ns = now_ns + collect_names_turn(names) * NS_PER_MS;
	}
	collect_names_close(names);
}
