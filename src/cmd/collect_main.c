/* SPDX-License-Identifier: Apache-2.0 */
/* weir-collect: receives flow exports, spools them, loads them into the store. Starts and stops the
 * parts in order; the parts themselves are in collect_*.c, spool/ and store/. */
#include "base/log.h"
#include "cmd/collect.h"
#include "cmd/collect_counters.h"
#include "cmd/command.h"
#include "cmd/control.h"
#include "cmd/folders.h"
#include "cmd/setup.h"
#include "cmd/store_conf.h"
#include "conf/conf.h"
#include "decode/vault.h"
#include "input/forward.h"
#include "input/session.h"
#include "input/udp.h"
#include "store/loader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* The threads that are not receive threads. */
enum side {
	SIDE_FLUSH,
	SIDE_SYNC,
	SIDE_LOAD,
	SIDE_WATCH,
	SIDE_ENRICH,
	SIDE_VAULT,
	SIDE_COUNTERS,
	SIDE_BOOKS,
	SIDE_SNMP,
	SIDE_MAX
};

struct program {
	struct collect collect;
	struct store_place store;
	struct collect_books *books;
	struct control *control;
	pthread_t side[SIDE_MAX];
	bool side_runs[SIDE_MAX];
};

static void *flush_main(void *ctx)
{
	spool_flush_loop(((struct program *)ctx)->collect.spool);
	return NULL;
}

static void *sync_main(void *ctx)
{
	spool_sync_loop(((struct program *)ctx)->collect.spool);
	return NULL;
}

static void *load_main(void *ctx)
{
	struct collect *c = &((struct program *)ctx)->collect;
	loader_run(c->loader, &c->stop);
	return NULL;
}

static void *watch_main(void *ctx)
{
	collect_watch(&((struct program *)ctx)->collect);
	return NULL;
}

static void *enrich_main(void *ctx)
{
	collect_enrich(&((struct program *)ctx)->collect);
	return NULL;
}

static void *vault_main(void *ctx)
{
	collect_vault_watch(&((struct program *)ctx)->collect);
	return NULL;
}

static void *counters_main(void *ctx)
{
	struct collect *c = &((struct program *)ctx)->collect;
	counter_queue_run(c->counters, c->stop_fd, &c->received);
	return NULL;
}

static void *books_main(void *ctx)
{
	collect_books_run(((struct program *)ctx)->books);
	return NULL;
}

static void *snmp_main(void *ctx)
{
	collect_snmp(&((struct program *)ctx)->collect);
	return NULL;
}

static const struct {
	void *(*main)(void *);
	const char *name;
} sides[SIDE_MAX] = {[SIDE_FLUSH] = {flush_main, "flush"},
		     [SIDE_SYNC] = {sync_main, "sync"},
		     [SIDE_LOAD] = {load_main, "load"},
		     [SIDE_WATCH] = {watch_main, "watch"},
		     [SIDE_ENRICH] = {enrich_main, "enrich"},
		     [SIDE_VAULT] = {vault_main, "vault"},
		     [SIDE_COUNTERS] = {counters_main, "counters"},
		     [SIDE_BOOKS] = {books_main, "books"},
		     [SIDE_SNMP] = {snmp_main, "snmp"}};

static enum err open_spool(struct collect *c, struct diag *d)
{
	char dir[4096];
	const struct conf *conf = c->conf;
	int n = snprintf(dir, sizeof(dir), "%s/spool", conf->dir);
	if (n < 0 || (size_t)n >= sizeof(dir))
		return diag_set(d, ERR_LIMIT, 0, 0, "dir is too long");
	const struct spool_options o = {
	    .dir = dir,
	    .quota_bytes = conf->spool_quota,
	    .segment_bytes = conf->spool_segment_bytes,
	    .segment_rows = (uint32_t)conf->spool_segment_rows,
	    .segment_age_ms = (uint32_t)conf->spool_segment_age,
	    .sync_ms = (uint32_t)conf->spool_sync,
	};
	return spool_open(&o, &c->spool, d);
}

static enum err open_loader(struct program *p, struct diag *d)
{
	const struct conf *conf = p->collect.conf;
	struct loader_options o = {
	    .keep_flows_ms = conf->store_retention_flows,
	    .keep_rollups_ms = conf->store_retention_rollups,
	    .max_size = conf->store_max_size,
	    .min_free = conf->store_min_free,
	};
	enum err e = store_place_fill(conf, STORE_WRITER, &p->store, &o.store, d);
	if (!e)
		e = loader_new(&o, p->collect.spool, &p->collect.loader, d);
	return e ? e : collect_books_new(&p->collect, &o.store, &p->books, d);
}

static enum err start_side(struct program *p, enum side s, struct diag *d)
{
	if (pthread_create(&p->side[s], NULL, sides[s].main, p) != 0)
		return diag_set(d, ERR_NOMEM, 0, 0, "cannot start a thread");
	p->side_runs[s] = true;
	pthread_setname_np(p->side[s], sides[s].name);
	return ERR_OK;
}

/* The first rules. A bad certificate or a destination that does not work is no reason not to
 * collect what can be collected. */
static enum err make_rules(struct collect *c, struct diag *d)
{
	char why[FORWARD_ERROR_MAX];
	struct collect_rules *r;
	enum err e = collect_rules_new(c->conf, NULL, c->sockets, &r, d);
	if (e)
		return e;
	collect_sockets_put(&c->sockets);
	if (*r->tls_error)
		log_err("collect", "no TLS: %s", r->tls_error);
	if (*forward_error(r->forward, why))
		log_err("collect", "collect.forward: %s", why);
	collect_rules_publish(c, r);
	return ERR_OK;
}

static enum err make_threads(struct collect *c, struct diag *d)
{
	enum err e = make_rules(c, d);
	if (e)
		return e;
	for (uint32_t i = 0; i < c->rules->sockets->set.threads && !e; i++)
		e = collect_receive_init(c, &c->thread[c->n_threads++]);
	if (!e)
		e = collect_sessions_init(c, &c->thread[c->n_threads++]);
	return e ? diag_set(d, e, 0, 0, "cannot set up receiving: %s", err_text(e)) : ERR_OK;
}

static enum err start_receiving(struct collect *c, struct diag *d)
{
	for (uint32_t i = 0; i < c->n_threads; i++) {
		struct collect_thread *t = &c->thread[i];
		char name[24] = "sessions";
		if (t->rx)
			snprintf(name, sizeof(name), "receive-%u", i);
		if (pthread_create(&t->id, NULL, t->rx ? collect_receive : collect_sessions, t))
			return diag_set(d, ERR_NOMEM, 0, 0, "cannot start a thread");
		t->running = true;
		pthread_setname_np(t->id, name);
	}
	return ERR_OK;
}

/* A session is a descriptor: as many as we may have (collect.max_sessions bounds them). */
static void raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static enum err start(struct program *p, struct diag *d)
{
	struct collect *c = &p->collect;
	struct control_ops ops;
	raise_descriptors();
	enum err e = folders_make(c->conf->dir);
	if (e)
		return diag_set(d, e, 0, 0, "%s: %s", c->conf->dir, err_text(e));
	c->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (c->stop_fd < 0)
		return diag_set(d, err_from_errno(errno), 0, 0, "cannot make an event descriptor");
	e = open_spool(c, d);
	if (!e)
		e = open_loader(p, d);
	if (!e)
		e = collect_vault_open(c, d);
	if (!e)
		e = collect_sockets_open(c, d);
	if (!e && (e = collect_enrich_open(c)))
		diag_set(d, e, 0, 0, "cannot set up enrichment: %s", err_text(e));
	if (!e)
		e = counter_queue_new(c->conf, &c->counters, d);
	if (!e)
		e = make_threads(c, d);
	for (enum side s = 0; s < SIDE_MAX && !e; s++)
		e = start_side(p, s, d);
	if (!e)
		e = start_receiving(c, d);
	if (e)
		return e;
	collect_control_ops(c, &ops);
	return control_start(c->conf->dir, &ops, &p->control, d);
}

static void log_start(const struct collect *c)
{
	struct buf where = {0};
	struct spool_totals t;
	handoff_json(&c->rules->sockets->set, &where);
	spool_totals(c->spool, &t);
	log_notice("collect", "listening on %s threads=%u waiting_segments=%llu", buf_cstr(&where),
		   c->n_threads, (unsigned long long)t.lifetime.v[ST_segments_waiting]);
	buf_fini(&where);
}

static void wake(struct collect_thread *t)
{
	if (t->rx)
		udp_rx_wake(t->rx);
	if (t->sessions)
		sessions_wake(t->sessions);
}

/* Receivers first, so that what they have reaches the spool; then the spool's threads, which finish
 * what is queued. */
static void stop(struct program *p)
{
	struct collect *c = &p->collect;
	control_stop(&p->control);
	atomic_store(&c->stop, true);
	(void)eventfd_write(c->stop_fd, 1);
	for (uint32_t i = 0; i < c->n_threads; i++)
		wake(&c->thread[i]);
	for (uint32_t i = 0; i < c->n_threads; i++)
		if (c->thread[i].running)
			pthread_join(c->thread[i].id, NULL);
	atomic_store(&c->received, true);
	if (c->spool)
		spool_stop(c->spool);
	for (enum side s = 0; s < SIDE_MAX; s++)
		if (p->side_runs[s])
			pthread_join(p->side[s], NULL);
	for (uint32_t i = 0; i < c->n_threads; i++)
		collect_thread_fini(&c->thread[i]);
	collect_vault_save(c);
	vault_free(c->vault);
	counter_queue_free(&c->counters);
	collect_enrich_close(c);
	collect_rules_put(&c->rules);
	pthread_mutex_destroy(&c->rules_lock);
	pthread_mutex_destroy(&c->poller_lock);
	pthread_cond_destroy(&c->rules_taken);
	collect_books_free(&p->books);
	loader_free(&c->loader);
	spool_close(&c->spool);
	collect_sockets_put(&c->sockets);
	if (c->more_sockets)
		close(c->more_sockets);
	store_place_fini(&p->store);
	if (c->stop_fd >= 0)
		close(c->stop_fd);
	reload_fini(&c->reload);
}

static void on_hangup(void *ctx)
{
	reload_on_hangup(collect_reload, ctx);
}

int main(int argc, char **argv)
{
	struct diag d = {0};
	struct program *p = calloc(1, sizeof(*p));
	if (!p)
		return EXIT_FAILED;
	p->collect.stop_fd = -1;
	p->collect.enrich_fd = -1;
	pthread_mutex_init(&p->collect.rules_lock, NULL);
	pthread_mutex_init(&p->collect.poller_lock, NULL);
	pthread_cond_init(&p->collect.rules_taken, NULL);
	struct common_args args;
	int status = setup_role("collect", argc, argv, &p->collect.conf, &args);
	if (status >= 0) {
		free(p);
		return status;
	}
	reload_init(&p->collect.reload, "collect", &args, p->collect.conf);
	status = EXIT_DONE;
	if (start(p, &d)) {
		log_err("collect", "%s", d.msg);
		status = EXIT_FAILED;
	} else {
		log_start(&p->collect);
		setup_wait(on_hangup, &p->collect);
		log_notice("collect", "stopping");
	}
	stop(p);
	free(p);
	return status;
}
