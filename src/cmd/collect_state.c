/* SPDX-License-Identifier: Apache-2.0 */
/* What the collector says of itself: the three equations with all their terms, the spool, the
 * loader, every exporter. Lifetime counters come from the books of the spool, whole commits at a
 * time, so they balance at every moment. */
#include "base/timefmt.h"
#include "cmd/collect.h"
#include "cmd/collect_counters.h"
#include "cmd/control.h"
#include "decode/frame.h"
#include "enrich/enrich.h"
#include "enrich/poller.h"
#include "input/forward.h"
#include "store/loader.h"

#include <string.h>

static const enum stat_id gauges[] = {ST_templates_live, ST_exporters_live, ST_sets_held,
				      ST_sessions_live};

void collect_lifetime(const struct collect *c, struct spool_totals *ret)
{
	spool_totals(c->spool, ret);
	counter_queue_stats(c->counters, &ret->lifetime);
	for (uint32_t i = 0; i < c->n_threads; i++)
		for (size_t g = 0; g < ARRAY_LEN(gauges); g++)
			ret->lifetime.v[gauges[g]] += stat_get(&c->thread[i].stats, gauges[g]);
}

static void stats(void *ctx, struct stats *sum)
{
	struct spool_totals t;
	collect_lifetime(ctx, &t);
	stats_add_to(sum, &t.lifetime);
}

static bool ready(void *ctx, struct diag *reterr)
{
	const struct collect *c = ctx;
	struct spool_totals t;
	spool_totals(c->spool, &t);
	if (t.disk_error)
		diag_set(reterr, ERR_IO, 0, 0, "the spool cannot be written");
	else if (!atomic_load(&c->enriching))
		diag_set(reterr, ERR_BUSY, 0, 0, "the data sets of enrichment are being read");
	return !t.disk_error && atomic_load(&c->enriching);
}

static void listen_json(void *ctx, struct buf *out)
{
	struct collect_rules *r = collect_rules_get(ctx);
	handoff_json(&r->sockets->set, out);
	collect_rules_put(&r);
}

static uint64_t sum_of(const struct stats *s, const char *group)
{
	uint64_t sum = 0;
	for (int i = 0; i < STAT_MAX; i++)
		if (stat_table[i].reason && strcmp(stat_table[i].group, group) == 0)
			sum += s->v[i];
	return sum;
}

bool collect_balanced(const struct stats *s)
{
	const uint64_t *v = s->v;
	return v[ST_datagrams_received] == v[ST_datagrams_decoded] + sum_of(s, "reject") &&
	       v[ST_records_decoded] ==
		   v[ST_records_spooled] + sum_of(s, "drop") + v[ST_records_held] &&
	       v[ST_records_spooled] ==
		   v[ST_records_stored] + v[ST_records_waiting] + sum_of(s, "discard");
}

/* "key":{"reason":n,...} of a group of reasons. */
static void reasons(struct buf *out, const char *key, const struct stats *s, const char *group)
{
	buf_json_key(out, key);
	buf_u8(out, '{');
	for (int i = 0; i < STAT_MAX; i++) {
		if (!stat_table[i].reason || strcmp(stat_table[i].group, group) != 0)
			continue;
		buf_json_key(out, stat_table[i].name);
		buf_dec(out, s->v[i]);
	}
	buf_u8(out, '}');
}

static void number(struct buf *out, const char *key, uint64_t v)
{
	buf_json_key(out, key);
	buf_dec(out, v);
}

static void accounting(struct buf *out, const struct stats *s)
{
	const uint64_t *v = s->v;
	buf_json_key(out, "accounting");
	buf_u8(out, '{');
	buf_json_key(out, "datagrams");
	buf_u8(out, '{');
	number(out, "received", v[ST_datagrams_received]);
	number(out, "decoded", v[ST_datagrams_decoded]);
	reasons(out, "rejected", s, "reject");
	number(out, "kernel_drops", v[ST_datagrams_kernel_drops]);
	buf_str(out, "}");
	buf_json_key(out, "records");
	buf_u8(out, '{');
	number(out, "decoded", v[ST_records_decoded]);
	number(out, "spooled", v[ST_records_spooled]);
	number(out, "held", v[ST_records_held]);
	reasons(out, "dropped", s, "drop");
	number(out, "stored", v[ST_records_stored]);
	number(out, "waiting", v[ST_records_waiting]);
	reasons(out, "discarded", s, "discard");
	number(out, "lost_before", v[ST_records_lost_before]);
	buf_u8(out, '}');
	buf_json_key(out, "balanced");
	buf_str(out, collect_balanced(s) ? "true}" : "false}");
}

static void spool_json(struct buf *out, const struct spool_totals *t)
{
	buf_json_key(out, "spool");
	buf_u8(out, '{');
	buf_json_key(out, "uuid");
	buf_json_str(out, t->uuid, strlen(t->uuid));
	number(out, "segments", t->lifetime.v[ST_segments_waiting]);
	number(out, "bytes", t->lifetime.v[ST_segments_bytes]);
	number(out, "quota_bytes", t->quota_bytes);
	number(out, "bad_segments", t->bad_segments);
	buf_json_key(out, "disk_error");
	buf_str(out, t->disk_error ? "true}" : "false}");
	number(out, "lag_ms", t->lifetime.v[ST_loader_lag_ms]);
}

static void loader_json(struct buf *out, struct loader *l)
{
	struct loader_status s;
	loader_status(l, &s);
	buf_json_key(out, "loader");
	buf_u8(out, '{');
	buf_json_key(out, "up");
	buf_str(out, s.up ? "true" : "false");
	number(out, "since", (uint64_t)s.since_ms);
	number(out, "last_insert_ms", s.last_insert_ms);
	buf_json_key(out, "error");
	buf_json_str(out, s.error, strlen(s.error));
	buf_u8(out, '}');
}

static void state(void *ctx, struct buf *out)
{
	struct collect *c = ctx;
	struct spool_totals t;
	collect_lifetime(c, &t);
	number(out, "now", (uint64_t)clock_wall_ms());
	number(out, "threads", c->n_threads);
	number(out, "socket_buffer", c->socket_buffer);
	accounting(out, &t.lifetime);
	spool_json(out, &t);
	if (c->loader)
		loader_json(out, c->loader);
	buf_json_key(out, "enrich");
	enrich_json(c->enrich, out);
	collect_exporters_json(c, out);
	buf_json_key(out, "names");
	collect_names_json(c, out);
	struct collect_rules *r = collect_rules_get(c);
	if (*r->tls_error) {
		buf_json_key(out, "tls_error");
		buf_json_str(out, r->tls_error, strlen(r->tls_error));
	}
	buf_json_key(out, "forward");
	forward_json(r->forward, out);
	collect_rules_put(&r);
	pthread_mutex_lock(&c->poller_lock);
	if (c->poller) {
		buf_json_key(out, "snmp");
		poller_json(c->poller, out);
	}
	pthread_mutex_unlock(&c->poller_lock);
}

void collect_control_ops(struct collect *c, struct control_ops *ret)
{
	*ret = (struct control_ops){.role = "collect",
				    .ready = ready,
				    .stats = stats,
				    .listen = listen_json,
				    .state = state,
				    .metrics = collect_exporters_metrics,
				    .reload = collect_reload,
				    .ctx = c};
}
