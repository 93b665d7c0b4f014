/* SPDX-License-Identifier: Apache-2.0 */
/* What the probe says of itself: where packets come from and what became of them, the cache, the
 * collectors. A thread shows its counters as they stand between two bursts, so they balance at
 * every moment. */
#include "base/buf.h"
#include "cmd/control.h"
#include "cmd/probe.h"
#include "conf/conf.h"

#include <string.h>

void probe_thread_stats(void *probe, struct stats *sum)
{
	struct probe *p = probe;
	for (size_t i = 0; i < p->n_threads; i++) {
		pthread_mutex_lock(&p->thread[i].lock);
		struct stats s = p->thread[i].shown;
		pthread_mutex_unlock(&p->thread[i].lock);
		stats_add_to(sum, &s);
	}
}

void probe_stats(void *probe, struct stats *sum)
{
	struct probe *p = probe;
	probe_thread_stats(p, sum);
	exporter_stats(p->exporter, sum);
}

static uint64_t sum_of(const struct stats *s, const char *group)
{
	uint64_t sum = 0;
	for (int i = 0; i < STAT_MAX; i++)
		if (stat_table[i].reason && strcmp(stat_table[i].group, group) == 0)
			sum += s->v[i];
	return sum;
}

bool probe_balanced(const struct stats *s)
{
	return s->v[ST_capture_frames] == s->v[ST_meter_packets] + sum_of(s, "unmetered");
}

static void number(struct buf *out, const char *key, uint64_t v)
{
	buf_json_key(out, key);
	buf_dec(out, v);
}

static void text(struct buf *out, const char *key, const char *v)
{
	buf_json_key(out, key);
	buf_json_str(out, v, strlen(v));
}

static void reasons(struct buf *out, const char *key, const struct stats *s, const char *group)
{
	buf_json_key(out, key);
	buf_u8(out, '{');
	for (int i = 0; i < STAT_MAX; i++)
		if (stat_table[i].reason && strcmp(stat_table[i].group, group) == 0)
			number(out, stat_table[i].name, s->v[i]);
	buf_u8(out, '}');
}

/* received = metered + unmetered; kernel_drops were never received. */
static void accounting(struct buf *out, const struct stats *s)
{
	buf_json_key(out, "accounting");
	buf_str(out, "{\"packets\":{");
	number(out, "received", s->v[ST_capture_frames]);
	number(out, "metered", s->v[ST_meter_packets]);
	reasons(out, "unmetered", s, "unmetered");
	reasons(out, "kernel_drops", s, "capture_drop");
	buf_str(out, "},\"flows\":{");
	number(out, "begun", s->v[ST_meter_flows]);
	number(out, "live", s->v[ST_meter_live]);
	number(out, "exported", s->v[ST_meter_exported]);
	number(out, "sent", s->v[ST_export_records_sent]);
	reasons(out, "dropped", s, "export_drop");
	buf_str(out, probe_balanced(s) ? "},\"balanced\":true}" : "},\"balanced\":false}");
}

static void sources(const struct probe *p, struct buf *out)
{
	buf_json_key(out, "sources");
	buf_u8(out, '[');
	for (size_t i = 0; i < p->n_sources; i++) {
		const struct probe_source *s = &p->source[i];
		unsigned running = atomic_load(&s->running);
		buf_str(out, i ? ",{" : "{");
		text(out, "source", s->text);
		text(out, "how", live_how(s->live));
		number(out, "threads", live_readers(s->live));
		text(out, "state", running ? "running" : *s->error ? "failed" : "ended");
		if (!running && *s->error)
			text(out, "error", s->error);
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
}

static void state(void *ctx, struct buf *out)
{
	struct probe *p = ctx;
	struct stats s = {0};
	probe_stats(p, &s);
	sources(p, out);
	number(out, "threads", p->n_threads);
	number(out, "max_flows", p->conf->probe_max_flows);
	accounting(out, &s);
	buf_json_key(out, "collectors");
	exporter_json(p->exporter, out);
}

static bool ready(void *ctx, struct diag *reterr)
{
	const struct probe *p = ctx;
	for (size_t i = 0; i < p->n_sources; i++)
		if (atomic_load(&p->source[i].running) == 0 && *p->source[i].error) {
			diag_set(reterr, ERR_IO, 0, 0, "%s: %s", p->source[i].text,
				 p->source[i].error);
			return false;
		}
	return true;
}

static enum err reload(void *ctx, struct buf *out, struct diag *reterr)
{
	return reload_plain(&((struct probe *)ctx)->reload, out, reterr);
}

void probe_control_ops(struct probe *p, struct control_ops *ret)
{
	*ret = (struct control_ops){.role = "probe",
				    .ready = ready,
				    .stats = probe_stats,
				    .state = state,
				    .reload = reload,
				    .ctx = p};
}
