/* SPDX-License-Identifier: Apache-2.0 */
/* The exporters a decoder has heard of, each with its templates, its sequence and what the
 * exporters page shows. Found by (address, port, version, domain, sFlow agent) in a hash table by
 * (address, port); ordered by the last datagram. */
#include "decode/state.h"

#include "base/hash.h"
#include "decode/sflow_source.h"
#include "model/sequence.h"

#include <stdlib.h>
#include <string.h>

static struct exporter **bucket_of(const struct decoder *d, const struct ip *ip, uint16_t port)
{
	uint8_t key[sizeof(ip->b) + sizeof(port)];
	memcpy(key, ip->b, sizeof(ip->b));
	memcpy(key + sizeof(ip->b), &port, sizeof(port));
	return &d->buckets[hash64(key, sizeof(key), hash_seed()) & (d->n_buckets - 1)];
}

static struct exporter **named_bucket(const struct decoder *d, const struct ip *ip, uint8_t version,
				      uint32_t domain)
{
	uint8_t key[sizeof(ip->b) + sizeof(version) + sizeof(domain)];
	memcpy(key, ip->b, sizeof(ip->b));
	memcpy(key + sizeof(ip->b), &domain, sizeof(domain));
	key[sizeof(key) - 1] = version;
	return &d->named[hash64(key, sizeof(key), hash_seed()) & (d->n_buckets - 1)];
}

static bool is_of(const struct exporter *e, const struct ip *ip, uint8_t version, uint32_t domain)
{
	return e->info.domain == domain && e->info.version == version && e->info.session == 0 &&
	       ip_equal(&e->info.ip, ip);
}

struct exporter *exporter_named(const struct decoder *d, const struct exporter *self,
				const struct exporter *after)
{
	const struct exporter_info *i = &self->info;
	struct exporter *e =
	    after ? after->next_named : *named_bucket(d, &i->ip, i->version, i->domain);
	while (e && (e == self || !is_of(e, &i->ip, i->version, i->domain)))
		e = e->next_named;
	return e;
}

static bool is_from(const struct exporter *e, const struct ip *ip, uint16_t port, uint32_t session)
{
	return e->info.port == port && e->info.session == session && ip_equal(&e->info.ip, ip);
}

struct exporter *exporter_find(const struct decoder *d, const struct exporter_key *k)
{
	for (struct exporter *e = *bucket_of(d, &k->ip, k->port); e; e = e->next)
		if (e->info.domain == k->domain && e->info.version == k->version &&
		    ip_equal(&e->info.agent, &k->agent) && is_from(e, &k->ip, k->port, k->session))
			return e;
	return NULL;
}

void exporter_adopt(struct decoder *d, const struct exporter_key *k)
{
	struct exporter_key restored = *k;
	restored.agent = (struct ip){0};
	struct exporter *e = exporter_find(d, &restored);
	if (e)
		e->info.agent = k->agent;
}

bool exporter_source_known(const struct decoder *d, const struct datagram *dg)
{
	for (const struct exporter *e = *bucket_of(d, &dg->src, dg->src_port); e; e = e->next)
		if (is_from(e, &dg->src, dg->src_port, dg->session))
			return true;
	return false;
}

static void unlink_age(struct decoder *d, struct exporter *e)
{
	*(e->newer ? &e->newer->older : &d->newest) = e->older;
	*(e->older ? &e->older->newer : &d->oldest) = e->newer;
	e->newer = e->older = NULL;
}

static void link_newest(struct decoder *d, struct exporter *e)
{
	e->older = d->newest;
	e->newer = NULL;
	*(d->newest ? &d->newest->newer : &d->oldest) = e;
	d->newest = e;
}

static void link_bucket(struct decoder *d, struct exporter *e)
{
	struct exporter **b = bucket_of(d, &e->info.ip, e->info.port);
	e->next = *b;
	*b = e;
	b = named_bucket(d, &e->info.ip, e->info.version, e->info.domain);
	e->next_named = *b;
	*b = e;
}

static void unlink_bucket(struct decoder *d, struct exporter *e)
{
	struct exporter **at = bucket_of(d, &e->info.ip, e->info.port);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	at = named_bucket(d, &e->info.ip, e->info.version, e->info.domain);
	while (*at != e)
		at = &(*at)->next_named;
	*at = e->next_named;
}

/* Sets the device of every domain at the address and port of e, which is domain 0, to `device`. */
static void set_device(struct decoder *d, const struct exporter *e, struct exporter *device)
{
	for (struct exporter *x = *bucket_of(d, &e->info.ip, e->info.port); x; x = x->next)
		if (x != e && x->info.version == e->info.version &&
		    is_from(x, &e->info.ip, e->info.port, e->info.session))
			x->device = device;
}

static void enter(struct decoder *d, struct exporter *e)
{
	const struct exporter_key whole = {.ip = e->info.ip,
					   .port = e->info.port,
					   .version = e->info.version,
					   .session = e->info.session,
					   .agent = e->info.agent};
	e->device = e->info.domain ? exporter_find(d, &whole) : NULL;
	link_bucket(d, e);
	if (e->info.domain == 0)
		set_device(d, e, e);
}

static void leave(struct decoder *d, struct exporter *e)
{
	if (e->info.domain == 0)
		set_device(d, e, NULL);
	unlink_bucket(d, e);
}

static void unlink_changed(struct decoder *d, struct exporter *e)
{
	struct exporter **at = &d->changed;
	while (*at != e)
		at = &(*at)->next_changed;
	*at = e->next_changed;
	e->changed = false;
}

void exporter_changed(struct decoder *d, struct exporter *e)
{
	if (e->changed || !d->opts.vault || e->info.session)
		return;
	e->changed = true;
	e->next_changed = d->changed;
	d->changed = e;
}

static void forget(struct decoder *d, struct exporter *e)
{
	held_forget(d, e);
	exporter_drop_templates(d, e, false);
	exporter_drop_templates(d, e, true);
	leave(d, e);
	unlink_age(d, e);
	if (e->changed)
		unlink_changed(d, e);
	rates_fini(&e->samplers);
	rates_fini(&e->sequences);
	rates_fini(&e->in_rates);
	rates_fini(&e->out_rates);
	sflow_sources_free(&e->sources);
	free(e);
	d->n_exporters--;
	stat_set(d->stats, ST_exporters_live, d->n_exporters);
}

void exporters_free(struct decoder *d)
{
	while (d->newest)
		forget(d, d->newest);
}

/* Exporters behind NAT, and some by habit, change their port: the sequence goes on where the old
 * one stopped. */
static struct exporter *moved(struct decoder *d, const struct exporter_key *k, uint32_t seq)
{
	struct exporter *e = *named_bucket(d, &k->ip, k->version, k->domain);
	while (e && !(is_of(e, &k->ip, k->version, k->domain) && e->sequence.started && seq != 0 &&
		      e->sequence.next == seq && ip_equal(&e->info.agent, &k->agent)))
		e = e->next_named;
	return e;
}

enum stat_id exporter_add(struct decoder *d, const struct exporter_key *k, int64_t now,
			  const uint32_t *seq, struct exporter **ret)
{
	struct exporter *e = seq && k->session == 0 ? moved(d, k, *seq) : NULL;
	if (e) {
		leave(d, e);
		e->info.port = k->port;
		enter(d, e);
		*ret = e;
		return ST_datagrams_decoded;
	}
	if (d->n_exporters >= d->opts.max_exporters) {
		if (now - d->oldest->info.last_seen < d->opts.idle_ms)
			return ST_reject_exporter_limit;
		forget(d, d->oldest);
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return ST_reject_no_memory;
	e->info = (struct exporter_info){.ip = k->ip,
					 .port = k->port,
					 .version = k->version,
					 .domain = k->domain,
					 .session = k->session,
					 .agent = k->agent,
					 .transport = k->transport};
	enter(d, e);
	link_newest(d, e);
	sampling_new_exporter(d, e);
	d->n_exporters++;
	stat_set(d->stats, ST_exporters_live, d->n_exporters);
	*ret = e;
	return ST_datagrams_decoded;
}

static void measure_clock(struct exporter_info *i, int64_t skew_ms)
{
	int64_t off = skew_ms - i->clock_repair_ms;
	if (llabs(skew_ms) < CLOCK_OFF_MS)
		i->clock_repair_ms = 0;
	else if (llabs(off) > CLOCK_STEP_MS)
		i->clock_repair_ms = skew_ms;
}

void exporter_heard(struct decoder *d, struct exporter *e, const struct datagram *dg,
		    int64_t export_ms)
{
	int64_t now = dg->t_recv ? dg->t_recv : export_ms;
	if (d->newest != e) {
		unlink_age(d, e);
		link_newest(d, e);
	}
	if (e->info.datagrams == 0) {
		e->info.first_seen = now;
		exporter_recall(d, e, now);
	}
	exporter_keep_saved(d, e, now);
	e->info.last_seen = now;
	e->info.clock_skew_ms = now - export_ms;
	if (d->opts.repair_clock && dg->t_recv)
		measure_clock(&e->info, e->info.clock_skew_ms);
	e->info.datagrams++;
	e->info.bytes += dg->n;
}

bool exporter_restarted(struct exporter *e, uint32_t uptime)
{
	enum { SLACK_MS = 60 * 1000, WRAP_MS = 60 * 60 * 1000 };
	bool wrapped = e->uptime > UINT32_MAX - WRAP_MS && uptime < WRAP_MS;
	bool fell =
	    e->uptime_known && e->uptime > SLACK_MS && uptime < e->uptime - SLACK_MS && !wrapped;
	e->uptime = uptime;
	e->uptime_known = true;
	return fell;
}

void exporter_sequence(struct decoder *d, struct exporter *e, const struct sequence_step *step)
{
	uint64_t lost = e->sequence.lost, restarts = e->sequence.restarts;
	sequence_see(&e->sequence, step);
	count(d,
	      sequence_of_datagrams(e->info.version) ? ST_sequence_lost_datagrams
						     : ST_records_lost_before,
	      e->sequence.lost - lost);
	count(d, ST_sequence_restarts, e->sequence.restarts - restarts);
}

void decoder_session_end(struct decoder *d, uint32_t session)
{
	struct exporter *older;
	for (struct exporter *e = d->newest; e; e = older) {
		older = e->older;
		if (session == 0 || e->info.session != session)
			continue;
		count(d, ST_records_lost_before, sequence_lost(&e->sequence) - e->sequence.lost);
		forget(d, e);
	}
}

/* --- what others see */

void decoder_exporters(const struct decoder *d,
		       void (*fn)(void *ctx, const struct exporter_info *info), void *ctx)
{
	for (const struct exporter *e = d->newest; e; e = e->older) {
		if (e->info.datagrams == 0)
			continue; /* restored and not heard yet */
		struct exporter_info info = e->info;
		info.lost = sequence_lost(&e->sequence);
		info.restarts = e->sequence.restarts;
		info.reordered = e->sequence.late;
		info.repeated = e->sequence.repeated;
		info.held = e->n_held;
		info.active_timeout_ms = timing_active_timeout_ms(&e->timing);
		info.lag_sum_ms = e->timing.lag_sum_ms;
		info.lag_records = e->timing.lag_records;
		memcpy(info.missing, e->missing, sizeof(info.missing));
		if (e->rule_rate && (info.sampling_source == 0 || e->rule_always)) {
			info.sampling_rate = e->rule_rate;
			info.sampling_source = RATE_CONFIG;
		}
		fn(ctx, &info);
	}
}

/* Whether address, port, version and domain name it: saved sequences have no agent, and behind one
 * address there may be several. */
static bool is_named(const struct decoder *d, const struct exporter *e)
{
	static const struct ip none;
	if (ip_equal(&e->info.agent, &none))
		return true;
	for (const struct exporter *x = *bucket_of(d, &e->info.ip, e->info.port); x; x = x->next)
		if (x != e && x->info.version == e->info.version &&
		    x->info.domain == e->info.domain &&
		    is_from(x, &e->info.ip, e->info.port, e->info.session))
			return false;
	return true;
}

size_t decoder_sequences(const struct decoder *d, struct decoder_sequence *ret, size_t max)
{
	size_t n = 0;
	for (const struct exporter *e = d->newest; e && n < max; e = e->older)
		if (e->sequence.started && e->info.session == 0 && is_named(d, e))
			ret[n++] = (struct decoder_sequence){
			    .ip = e->info.ip,
			    .port = e->info.port,
			    .version = e->info.version,
			    .domain = e->info.domain,
			    .next = e->sequence.next,
			    .open = (uint32_t)(sequence_lost(&e->sequence) - e->sequence.lost)};
	return n;
}

void decoder_restore(struct decoder *d, const struct decoder_sequence *s, size_t n)
{
	/* The first is the one most recently heard: it must become the newest. */
	for (size_t i = MIN_OF(n, d->opts.max_exporters); i-- > 0;) {
		struct exporter_key k = {.ip = s[i].ip,
					 .port = s[i].port,
					 .version = s[i].version,
					 .domain = s[i].domain};
		if (exporter_find(d, &k) || d->n_exporters >= d->opts.max_exporters)
			continue;
		struct exporter *e;
		if (exporter_add(d, &k, 0, NULL, &e) != ST_datagrams_decoded)
			return;
		e->sequence.started = true;
		e->sequence.next = s[i].next;
	}
}
