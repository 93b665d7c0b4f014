/* SPDX-License-Identifier: Apache-2.0 */
/* The exporters of all threads as JSON and as metrics, from the snapshots that the threads publish
 * once a commit. */
#include "base/attr.h"
#include "cmd/collect.h"
#include "decode/frame.h"

#include <string.h>

/* Exporters in /metrics; the rest is counted in weir_exporters_not_shown. */
enum { METRICS_EXPORTERS_MAX = 1000 };

static const char *const transports[] = {
    [TRANSPORT_UDP] = "udp", [TRANSPORT_TCP] = "tcp", [TRANSPORT_TLS] = "tls"};
static const char *const sampling_sources[] = {"", "options", "record", "configuration"};

static void number(struct buf *out, const char *key, int64_t v)
{
	buf_json_key(out, key);
	buf_dec_signed(out, v);
}

static void string(struct buf *out, const char *key, const char *v)
{
	buf_json_key(out, key);
	buf_json_str(out, v, strlen(v));
}

static void address(struct buf *out, const char *key, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	ip_format(ip, text);
	string(out, key, text);
}

static void malformed(struct buf *out, const struct exporter_info *i)
{
	buf_json_key(out, "malformed");
	buf_u8(out, '{');
	for (int k = 0; k < MALFORMED_N; k++)
		if (i->malformed[k])
			number(out, stat_table[MALFORMED_FIRST + k].name, (int64_t)i->malformed[k]);
	buf_u8(out, '}');
}

static void missing(struct buf *out, const struct exporter_info *i)
{
	buf_json_key(out, "missing");
	buf_u8(out, '[');
	for (uint32_t k = 0; k < MIN_OF(i->templates_missing, (uint32_t)MISSING_SHOWN); k++)
		buf_fmt(out, k ? ",%u" : "%u", i->missing[k]);
	buf_u8(out, ']');
}

/* What it says of itself in option records; what it does not say is left out. */
static void told(struct buf *out, const struct exporter_info *i)
{
	const struct {
		const char *key;
		uint64_t v;
	} books[] = {
	    {"started", (uint64_t)i->init_ms},
	    {"active_timeout_s", i->active_timeout_s},
	    {"idle_timeout_s", i->idle_timeout_s},
	    {"samplers", i->samplers},
	    {"messages", i->told_messages},
	    {"records", i->told_records},
	    {"bytes", i->told_bytes},
	    {"unsent_records", i->told_unsent_records},
	    {"unsent_packets", i->told_unsent_packets},
	    {"unsent_bytes", i->told_unsent_bytes},
	    {"ignored_packets", i->told_ignored_packets},
	    {"ignored_bytes", i->told_ignored_bytes},
	};
	buf_json_key(out, "told");
	buf_u8(out, '{');
	for (size_t k = 0; k < ARRAY_LEN(books); k++)
		if (books[k].v) {
			buf_json_key(out, books[k].key);
			buf_dec(out, books[k].v);
		}
	buf_u8(out, '}');
}

static void who(struct buf *out, const struct exporter_info *i)
{
	address(out, "exporter_ip", &i->ip);
	number(out, "port", i->port);
	string(out, "transport", transports[i->transport]);
	number(out, "domain", i->domain);
	number(out, "version", i->version);
	if (i->version != FRAME_SFLOW5)
		return;
	address(out, "agent_ip", &i->agent);
	number(out, "lost_samples", (int64_t)i->samples_lost);
	number(out, "agent_drops", (int64_t)i->agent_drops);
}

static void one_json(struct buf *out, const struct exporter_row *r)
{
	const struct exporter_info *i = &r->info;
	struct account a;
	exporter_account(r, &a);
	buf_u8(out, '{');
	who(out, i);
	for (int k = 0; k < ACCOUNT_MAX; k++)
		if (k != ACCOUNT_malformed)
			number(out, account_table[k].name, a.v[k]);
	buf_json_key(out, "rate_rps");
	buf_fmt(out, "%.1f", r->rate);
	buf_json_key(out, "rate_1m_rps");
	buf_fmt(out, "%.1f", r->rate_1m);
	buf_json_key(out, "lost_percent");
	buf_fmt(out, "%.3f", exporter_lost_percent(&a));
	buf_json_key(out, "lost_estimated");
	buf_str(out, sequence_of_datagrams(i->version) ? "true" : "false");
	string(out, "sampling_source",
	       i->sampling_source < ARRAY_LEN(sampling_sources)
		   ? sampling_sources[i->sampling_source]
		   : "");
	missing(out, i);
	number(out, "first_seen", i->first_seen);
	number(out, "last_seen", i->last_seen);
	number(out, "options_seen", i->options_seen);
	number(out, "templates_seen", i->templates_seen);
	if (i->clock_repair_ms)
		number(out, "clock_repair_ms", i->clock_repair_ms);
	told(out, i);
	malformed(out, i);
	buf_u8(out, '}');
}

void collect_exporters_json(struct collect *c, struct buf *out)
{
	bool first = true;
	buf_json_key(out, "exporters");
	buf_u8(out, '[');
	for (uint32_t i = 0; i < c->n_threads; i++) {
		struct collect_thread *t = &c->thread[i];
		pthread_mutex_lock(&t->lock);
		for (size_t k = 0; k < t->shown.n; k++) {
			if (!first)
				buf_u8(out, ',');
			first = false;
			one_json(out, &t->shown.v[k]);
		}
		pthread_mutex_unlock(&t->lock);
	}
	buf_u8(out, ']');
}

/* The lines of one number for the first exporters; returns how many were left out. */
static size_t metric(struct collect *c, struct buf *out, int which)
{
	size_t shown = 0, left = 0;
	const struct account_info *info = &account_table[which];
	buf_fmt(out, "# HELP weir_exporter_%s %s\n# TYPE weir_exporter_%s %s\n", info->name,
		info->doc, info->name, info->gauge ? "gauge" : "counter");
	for (uint32_t i = 0; i < c->n_threads; i++) {
		struct collect_thread *t = &c->thread[i];
		pthread_mutex_lock(&t->lock);
		for (size_t k = 0; k < t->shown.n; k++) {
			const struct exporter_info *x = &t->shown.v[k].info;
			char ip[IP_TEXT_MAX];
			struct account a;
			if (shown == METRICS_EXPORTERS_MAX) {
				left += t->shown.n - k;
				break;
			}
			shown++;
			ip_format(&x->ip, ip);
			exporter_account(&t->shown.v[k], &a);
			buf_fmt(out,
				"weir_exporter_%s%s{exporter=\"%s\",port=\"%u\",domain=\"%u\","
				"version=\"%u\",transport=\"%s\"} ",
				info->name, info->gauge ? "" : "_total", ip, x->port, x->domain,
				x->version, transports[x->transport]);
			buf_dec_signed(out, a.v[which]);
			buf_u8(out, '\n');
		}
		pthread_mutex_unlock(&t->lock);
	}
	return left;
}

void collect_exporters_metrics(void *collect, struct buf *out)
{
	size_t left = 0;
	for (int k = 0; k < ACCOUNT_MAX; k++)
		left = metric(collect, out, k);
	buf_fmt(out,
		"# HELP weir_exporters_not_shown exporters beyond %d, which have no lines here\n"
		"# TYPE weir_exporters_not_shown gauge\nweir_exporters_not_shown %zu\n",
		METRICS_EXPORTERS_MAX, left);
}
