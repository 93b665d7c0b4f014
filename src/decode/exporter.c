/* SPDX-License-Identifier: Apache-2.0 */
/* The exporters a decoder has heard of, each with its templates, its sequence and what the
 * exporters page shows. Found by (address, port, version, domain, session, sFlow agent) in a hash
 * table; ordered by the last datagram, of all and of their address. */
#include "decode/state.h"

#include "base/hash.h"
#include "decode/sflow_source.h"
#include "model/sequence.h"

#include <stdlib.h>
#include <string.h>

static struct exporter **bucket_of(const struct decoder *d, const struct exporter_key *k)
{
	uint8_t key[sizeof(k->ip.b) + sizeof(k->agent.b) + sizeof(k->domain) + sizeof(k->session) +
		    sizeof(k->port) + sizeof(k->version)];
	uint8_t *p = key;
	memcpy(p, k->ip.b, sizeof(k->ip.b));
	p += sizeof(k->ip.b);
	memcpy(p, k->agent.b, sizeof(k->agent.b));
	p += sizeof(k->agent.b);
	memcpy(p, &k->domain, sizeof(k->domain));
	p += sizeof(k->domain);
	memcpy(p, &k->session, sizeof(k->session));
	p += sizeof(k->session);
	memcpy(p, &k->port, sizeof(k->port));
	p += sizeof(k->port);
	*p = k->version;
	return &d->buckets[hash64(key, sizeof(key), hash_seed()) & (d->n_buckets - 1)];
}

static struct exporter_key key_of(const struct exporter *e)
{
	return (struct exporter_key){.ip = e->info.ip,
				     .port = e->info.port,
				     .version = e->info.version,
				     .domain = e->info.domain,
				     .session = e->info.session,
				     .agent = e->info.agent};
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

struct exporter *exporter_find(const struct decoder *d, const struct exporter_key *k)
{
	for (struct exporter *e = *bucket_of(d, k); e; e = e->next)
		if (e->info.domain == k->domain && e->info.version == k->version &&
		    e->info.port == k->port && e->info.session == k->session &&
		    ip_equal(&e->info.agent, &k->agent) && ip_equal(&e->info.ip, &k->ip))
			return e;
	return NULL;
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

static void unlink_age_here(struct exporter *e)
{
	struct exporter_group *g = e->groups[GROUP_ADDRESS];
	*(e->newer_here ? &e->newer_here->older_here : &g->newest) = e->older_here;
	*(e->older_here ? &e->older_here->newer_here : &g->oldest) = e->newer_here;
	e->newer_here = e->older_here = NULL;
}

static void link_newest_here(struct exporter *e)
{
	struct exporter_group *g = e->groups[GROUP_ADDRESS];
	e->older_here = g->newest;
	e->newer_here = NULL;
	*(g->newest ? &g->newest->newer_here : &g->oldest) = e;
	g->newest = e;
}

static void link_bucket(struct decoder *d, struct exporter *e)
{
	const struct exporter_key k = key_of(e);
	struct exporter **b = bucket_of(d, &k);
	e->next = *b;
	*b = e;
}

static void unlink_bucket(struct decoder *d, struct exporter *e)
{
	const struct exporter_key k = key_of(e);
	struct exporter **at = bucket_of(d, &k);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
}

static void link_named(struct decoder *d, struct exporter *e)
{
	if (e->info.session)
		return;
	struct exporter **b = named_bucket(d, &e->info.ip, e->info.version, e->info.domain);
	e->next_named = *b;
	e->at_named = b;
	if (*b)
		(*b)->at_named = &e->next_named;
	*b = e;
}

static void unlink_named(struct exporter *e)
{
	if (e->info.session)
		return;
	*e->at_named = e->next_named;
	if (e->next_named)
		e->next_named->at_named = e->at_named;
}

static struct exporter **session_bucket(const struct decoder *d, uint32_t session)
{
	return &d->sessions[session & (d->n_buckets - 1)];
}

static void link_session(struct decoder *d, struct exporter *e)
{
	if (!e->info.session)
		return;
	struct exporter **b = session_bucket(d, e->info.session);
	e->next_session = *b;
	e->at_session = b;
	if (*b)
		(*b)->at_session = &e->next_session;
	*b = e;
}

static void unlink_session(struct exporter *e)
{
	if (!e->info.session)
		return;
	*e->at_session = e->next_session;
	if (e->next_session)
		e->next_session->at_session = e->at_session;
}

/* Where e, if it is domain 0, is found by the other domains of its socket. */
static void set_device(const struct exporter *e, struct exporter *device)
{
	if (e->info.domain == 0 && (e->info.version == 9 || e->info.version == 10))
		e->groups[GROUP_SOURCE]->device[e->info.version == 10] = device;
}

/* False: no memory. */
static bool enter(struct decoder *d, struct exporter *e)
{
	if (!groups_enter(d, &e->info, e->groups))
		return false;
	link_bucket(d, e);
	link_named(d, e);
	link_session(d, e);
	link_newest_here(e);
	set_device(e, e);
	return true;
}

static void leave(struct decoder *d, struct exporter *e)
{
	set_device(e, NULL);
	unlink_age_here(e);
	unlink_session(e);
	unlink_named(e);
	unlink_bucket(d, e);
	groups_leave(d, e->groups);
}

void exporter_adopt(struct decoder *d, const struct exporter_key *k)
{
	struct exporter_key restored = *k;
	restored.agent = (struct ip){0};
	struct exporter *e = exporter_find(d, &restored);
	if (!e)
		return;
	unlink_bucket(d, e);
	e->info.agent = k->agent;
	link_bucket(d, e);
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
	rates_fini(d, &e->samplers);
	rates_fini(d, &e->sequences);
	rates_fini(d, &e->in_rates);
	rates_fini(d, &e->out_rates);
	exporter_forget_sources(d, e);
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
 * one stopped. Of many behind one address only so many are looked at. */
static struct exporter *moved(struct decoder *d, const struct exporter_key *k, uint32_t seq)
{
	struct exporter *e = *named_bucket(d, &k->ip, k->version, k->domain);
	unsigned looks = seq && k->session == 0 ? MOVED_LOOKS : 0;
	for (; e && looks; e = e->next_named, looks--)
		if (is_of(e, &k->ip, k->version, k->domain) && e->sequence.started &&
		    e->sequence.next == seq && ip_equal(&e->info.agent, &k->agent))
			return e;
	return NULL;
}

/* The port that e sends from now; false: no memory, and it stays where it was. */
static bool move(struct decoder *d, struct exporter *e, uint16_t port)
{
	const uint16_t old_port = e->info.port;
	struct exporter_group *old[GROUP_KINDS], *new[GROUP_KINDS];
	memcpy(old, e->groups, sizeof(old));
	unlink_bucket(d, e);
	set_device(e, NULL);
	e->info.port = port;
	bool entered = groups_enter(d, &e->info, new);
	if (entered)
		memcpy(e->groups, new, sizeof(new));
	else
		e->info.port = old_port;
	link_bucket(d, e);
	set_device(e, e);
	if (entered)
		groups_leave(d, old);
	return entered;
}

/* Room for one more of this address, in place of a silent one. */
static bool make_room(struct decoder *d, const struct ip *ip, int64_t now)
{
	const struct exporter_group *here = group_of_address(d, ip);
	struct exporter *out = NULL;
	if (here && here->n >= d->opts.max_per_address)
		out = here->oldest;
	else if (d->n_exporters >= d->opts.max_exporters)
		out = d->oldest;
	if (out && now - out->info.last_seen < d->opts.idle_ms)
		return false;
	if (out)
		forget(d, out);
	return true;
}

enum stat_id exporter_add(struct decoder *d, const struct exporter_key *k, int64_t now,
			  const uint32_t *seq, struct exporter **ret)
{
	struct exporter *e = seq ? moved(d, k, *seq) : NULL;
	if (e) {
		*ret = e;
		return move(d, e, k->port) ? ST_datagrams_decoded : ST_reject_no_memory;
	}
	if (!make_room(d, &k->ip, now))
		return ST_reject_exporter_limit;
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
	if (!enter(d, e)) {
		free(e);
		return ST_reject_no_memory;
	}
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
	if (e->groups[GROUP_ADDRESS]->newest != e) {
		unlink_age_here(e);
		link_newest_here(e);
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

/* A session begins with 0 (RFC 7011 3.1). softflowd 1.1 writes the count behind the message where
 * that before it belongs, and leaves out option records: the first message with flows shows it. TCP
 * loses nothing on the way, so that its gaps would be no more than the difference of two messages
 * in length. */
static struct sequence_step step_of_session(struct exporter *e, const struct sequence_step *step)
{
	struct sequence_step s = *step;
	uint32_t flows = s.units - s.options, before = e->sequence.started ? e->sequence.next : 0;
	if (!e->counted && flows) {
		e->counted = true;
		e->counts_flows = s.options && s.seq == before + flows;
		e->counts_behind = e->counts_flows || s.seq == before + s.units;
	}
	s.units = e->counts_flows ? flows : s.units;
	s.seq -= e->counts_behind ? s.units : 0;
	return s;
}

void exporter_sequence(struct decoder *d, struct exporter *e, const struct sequence_step *step)
{
	uint64_t lost = e->sequence.lost, restarts = e->sequence.restarts;
	struct sequence_step s = e->info.session ? step_of_session(e, step) : *step;
	sequence_see(&e->sequence, &s);
	count(d,
	      sequence_of_datagrams(e->info.version) ? ST_sequence_lost_datagrams
						     : ST_records_lost_before,
	      e->sequence.lost - lost);
	count(d, ST_sequence_restarts, e->sequence.restarts - restarts);
}

void decoder_session_end(struct decoder *d, uint32_t session)
{
	struct exporter *next;
	if (session == 0)
		return;
	for (struct exporter *e = *session_bucket(d, session); e; e = next) {
		next = e->next_session;
		if (e->info.session != session)
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
static bool is_named(const struct exporter *e)
{
	static const struct ip none;
	return ip_equal(&e->info.agent, &none) || e->groups[GROUP_NAME]->n == 1;
}

size_t decoder_sequences(const struct decoder *d, struct decoder_sequence *ret, size_t max)
{
	size_t n = 0;
	for (const struct exporter *e = d->newest; e && n < max; e = e->older)
		if (e->info.datagrams && e->sequence.started && e->info.session == 0 && is_named(e))
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
			continue;
		e->sequence.started = true;
		e->sequence.next = s[i].next;
	}
}
