/* SPDX-License-Identifier: Apache-2.0 */
/* What a running collector takes from a new configuration, as one thing that never changes: made by
 * who reloads, taken over by each thread between two rounds, freed by its last user. So no datagram
 * is lost and none is judged by half of one configuration and half of another. */
#include "cmd/collect.h"

#include "base/log.h"
#include "conf/conf.h"
#include "enrich/dedup.h"
#include "input/admit.h"
#include "input/forward.h"
#include "input/session.h"
#include "net/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLING_MAX = 256 /* entries of collect.sampling */, TAKEN_S = 2 };

static void read_certificates(struct collect_rules *r)
{
	const struct conf *c = r->conf;
	struct diag d = {0};
	const struct tls_files f = {.certificate = c->collect_certificate,
				    .key = c->collect_key,
				    .ca = c->collect_client_ca,
				    .require =
					c->collect_client_certificate == CONF_CLIENT_REQUIRED};
	if (*f.certificate && tls_server_context(&f, &r->tls, &d))
		snprintf(r->tls_error, sizeof(r->tls_error), "%s", d.msg);
}

static bool same_dedup(const struct conf *a, const struct conf *b)
{
	return a->collect_dedup == b->collect_dedup &&
	       a->collect_dedup_flows == b->collect_dedup_flows &&
	       a->collect_dedup_window == b->collect_dedup_window &&
	       strcmp(a->collect_dedup_prefer, b->collect_dedup_prefer) == 0;
}

/* The one of before, with the flows it remembers, if the configuration says the same of it. */
static enum err make_dedup(const struct conf *c, const struct collect_rules *before,
			   struct dedup **ret, struct diag *d)
{
	struct ip prefer[DEDUP_PREFER_MAX];
	struct dedup_opts o = {.flows = c->collect_dedup_flows,
			       .window_ms = c->collect_dedup_window,
			       .prefer = prefer};
	if (before && same_dedup(c, before->conf)) {
		*ret = dedup_get(before->dedup);
		return ERR_OK;
	}
	if (!c->collect_dedup)
		return ERR_OK;
	enum err e =
	    dedup_prefer_parse(c->collect_dedup_prefer, prefer, ARRAY_LEN(prefer), &o.n_prefer, d);
	if (!e && dedup_new(&o, ret))
		e = diag_set(d, ERR_NOMEM, 0, 0, "no memory for collect.dedup_flows");
	return e;
}

enum err collect_rules_new(const struct conf *conf, const struct collect_rules *before,
			   struct collect_sockets *sockets, struct collect_rules **ret,
			   struct diag *reterr)
{
	struct collect_rules *r = calloc(1, sizeof(*r));
	if (!r)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	r->conf = conf_get(conf);
	r->sockets = collect_sockets_get(sockets);
	atomic_init(&r->users, 1);
	read_certificates(r);
	enum err e = make_dedup(conf, before, &r->dedup, reterr);
	if (!e && forward_new(&conf->collect_forward, before ? before->forward : NULL, &r->forward))
		e = diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	if (e)
		collect_rules_put(&r);
	else
		*ret = r;
	return e;
}

void collect_rules_put(struct collect_rules **rules)
{
	struct collect_rules *r = *rules;
	*rules = NULL;
	if (!r || atomic_fetch_sub(&r->users, 1) != 1)
		return;
	tls_context_free(r->tls);
	forward_free(r->forward);
	dedup_free(&r->dedup);
	collect_sockets_put(&r->sockets);
	conf_put(&r->conf);
	free(r);
}

struct collect_rules *collect_rules_get(struct collect *c)
{
	pthread_mutex_lock(&c->rules_lock);
	struct collect_rules *r = c->rules;
	atomic_fetch_add(&r->users, 1);
	pthread_mutex_unlock(&c->rules_lock);
	return r;
}

static enum err set_sampling(struct decoder *d, const struct conf_rates *rates)
{
	struct sampling_rule rules[SAMPLING_MAX];
	if (rates->n > SAMPLING_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < rates->n; i++)
		rules[i] = (struct sampling_rule){.net = rates->v[i].net.ip,
						  .bits = rates->v[i].net.bits,
						  .always = rates->v[i].always,
						  .rate = rates->v[i].rate};
	return decoder_set_sampling(d, rules, rates->n);
}

/* The thread changes over to r, which is its own from now on. What admits points into r: if that
 * fails the old rules stay as a whole; if the rates or the sockets alone fail the old ones stay. */
static enum err change_over(struct collect_thread *t, struct collect_rules *r)
{
	const struct conf *c = r->conf;
	/* A template comes once in a session (RFC 7011 8): none of its messages is dropped. */
	enum err e =
	    admit_set(t->admit, &c->collect_allow, t->sessions ? 0 : c->collect_rate_limit);
	if (e) {
		collect_rules_put(&r);
		return e;
	}
	e = set_sampling(t->decoder, &c->collect_sampling);
	if (!t->rules || t->rules->sockets != r->sockets) {
		enum err bad = collect_sockets_take(t, &r->sockets->set);
		e = e ? e : bad;
	}
	dedup_thread_use(t->dedup, r->dedup);
	if (t->sessions) {
		sessions_set_tls(t->sessions, r->tls);
		sessions_set_limits(t->sessions, (uint32_t)c->collect_max_sessions,
				    (uint32_t)c->collect_max_sessions_per_address,
				    c->collect_session_idle);
	}
	collect_rules_put(&t->rules);
	t->rules = r;
	return e;
}

enum err collect_rules_take(struct collect_thread *t)
{
	struct collect *c = t->collect;
	uint32_t newest = atomic_load_explicit(&c->rules_serial, memory_order_acquire);
	if (likely(newest == t->rules_serial))
		return ERR_OK;
	struct collect_rules *r = collect_rules_get(c);
	enum err e = change_over(t, r);
	pthread_mutex_lock(&c->rules_lock);
	t->rules_serial = newest;
	pthread_cond_broadcast(&c->rules_taken);
	pthread_mutex_unlock(&c->rules_lock);
	return e;
}

void collect_take_over(struct collect_thread *t)
{
	enum err e = collect_rules_take(t);
	if (unlikely(e != ERR_OK))
		log_err("collect", "the new configuration is not taken as a whole: %s",
			err_text(e));
}

static bool all_have(const struct collect *c, uint32_t serial)
{
	for (uint32_t i = 0; i < c->n_threads; i++)
		if (c->thread[i].running && c->thread[i].rules_serial < serial)
			return false;
	return true;
}

void collect_rules_publish(struct collect *c, struct collect_rules *r)
{
	struct timespec end;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += TAKEN_S;
	pthread_mutex_lock(&c->rules_lock);
	struct collect_rules *old = c->rules;
	c->rules = r;
	uint32_t serial = atomic_fetch_add_explicit(&c->rules_serial, 1, memory_order_release) + 1;
	while (!all_have(c, serial) &&
	       pthread_cond_timedwait(&c->rules_taken, &c->rules_lock, &end) == 0)
		;
	pthread_mutex_unlock(&c->rules_lock);
	collect_rules_put(&old);
}
