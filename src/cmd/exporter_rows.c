/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of a decoder's exporters with their rates: taken by the thread of the decoder once a
 * commit, read by others. */
#include "cmd/collect.h"
#include "enrich/dedup.h"

#include <stdlib.h>
#include <string.h>

/* A rate needs this much time; who is silent for longer than that sends nothing now. */
enum { RATE_MIN_MS = 1000, SILENT_MS = 15000, FIRST = 16 };

int exporter_compare(const struct exporter_info *x, const struct exporter_info *y)
{
	int c = memcmp(&x->ip, &y->ip, sizeof(x->ip));
	if (c == 0)
		c = (int)x->port - (int)y->port;
	if (c == 0)
		c = (int)x->version - (int)y->version;
	if (c == 0)
		c = x->domain < y->domain ? -1 : x->domain > y->domain;
	if (c == 0)
		c = x->session < y->session ? -1 : x->session > y->session;
	if (c == 0)
		c = memcmp(&x->agent, &y->agent, sizeof(x->agent));
	return c;
}

static int compare(const void *a, const void *b)
{
	return exporter_compare(&((const struct exporter_row *)a)->info,
				&((const struct exporter_row *)b)->info);
}

static void take(void *ctx, const struct exporter_info *info)
{
	struct exporter_rows *r = ctx;
	if (info->datagrams == 0)
		return; /* known from the life before, not heard since */
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : FIRST;
		struct exporter_row *v = reallocarray(r->v, cap, sizeof(*v));
		if (!v)
			return;
		r->v = v;
		r->cap = cap;
	}
	r->v[r->n++] = (struct exporter_row){.info = *info};
}

static double rate_since(const struct exporter_row *r, const struct exporter_mark *m,
			 int64_t now_ms)
{
	int64_t ms = now_ms - m->ms;
	if (ms < RATE_MIN_MS || now_ms - r->info.last_seen > SILENT_MS)
		return 0;
	return (double)(r->info.records - m->records) * 1000 / (double)ms;
}

static void set_rates(struct exporter_row *r, int64_t now_ms)
{
	/* The newest mark may be too young to tell anything. */
	uint32_t near = r->n_marks > 1 && now_ms - r->mark[0].ms < EXPORTER_MARK_MS / 2 ? 1 : 0;
	const struct exporter_mark *far = &r->mark[r->n_marks - 1];
	r->rate = rate_since(r, &r->mark[near], now_ms);
	r->rate_1m = rate_since(r, far, now_ms);
	uint64_t n = r->info.lag_records - far->lag_records;
	r->lag_ms = n ? (r->info.lag_sum_ms - far->lag_sum_ms) / (int64_t)n : r->lag_ms;
}

static void set_marks(struct exporter_row *r, const struct exporter_row *before, int64_t now_ms)
{
	const struct exporter_info *i = &r->info;
	if (before && i->records >= before->mark[0].records && now_ms >= before->mark[0].ms) {
		memcpy(r->mark, before->mark, sizeof(r->mark));
		r->n_marks = before->n_marks;
		r->lag_ms = before->lag_ms;
	} else {
		r->mark[0] = (struct exporter_mark){.ms = i->first_seen};
		r->n_marks = 1;
	}
	set_rates(r, now_ms);
	if (now_ms - r->mark[0].ms < EXPORTER_MARK_MS)
		return;
	memmove(&r->mark[1], &r->mark[0], (EXPORTER_MARKS - 1) * sizeof(r->mark[0]));
	r->mark[0] = (struct exporter_mark){.ms = now_ms,
					    .records = i->records,
					    .lag_records = i->lag_records,
					    .lag_sum_ms = i->lag_sum_ms};
	r->n_marks = MIN_OF(r->n_marks + 1, (uint32_t)EXPORTER_MARKS);
}

size_t exporter_rows_take(struct collect_thread *t, int64_t now_ms)
{
	struct exporter_rows *next = &t->next;
	const struct exporter_rows *shown = &t->shown;
	next->n = 0;
	decoder_exporters(t->decoder, take, next);
	if (next->n)
		qsort(next->v, next->n, sizeof(next->v[0]), compare);
	for (size_t i = 0, k = 0; i < next->n; i++) {
		struct exporter_row *r = &next->v[i];
		while (k < shown->n && compare(&shown->v[k], r) < 0)
			k++;
		bool known = k < shown->n && compare(&shown->v[k], r) == 0;
		set_marks(r, known ? &shown->v[k] : NULL, now_ms);
		r->duplicates = dedup_marked(t->dedup, &r->info.ip, r->info.domain);
	}
	return next->n;
}

void exporter_rows_fini(struct exporter_rows *r)
{
	free(r->v);
	*r = (struct exporter_rows){0};
}

void exporter_account(const struct exporter_row *r, struct account *ret)
{
	const struct exporter_info *i = &r->info;
	bool estimated = sequence_of_datagrams(i->version);
	uint64_t malformed = 0;
	for (int k = 0; k < MALFORMED_N; k++)
		malformed += i->malformed[k];
	double per_datagram = i->datagrams ? (double)i->records / (double)i->datagrams : 0;
	double lost = estimated ? (double)i->lost * per_datagram + 0.5 : (double)i->lost;
	*ret = (struct account){{
	    [ACCOUNT_datagrams] = (int64_t)i->datagrams,
	    [ACCOUNT_records] = (int64_t)i->records,
	    [ACCOUNT_option_records] = (int64_t)i->option_records,
	    [ACCOUNT_bytes] = (int64_t)i->bytes,
	    [ACCOUNT_lost_records] = (int64_t)lost,
	    [ACCOUNT_lost_datagrams] = estimated ? (int64_t)i->lost : 0,
	    [ACCOUNT_reordered] = (int64_t)i->reordered,
	    [ACCOUNT_repeated] = (int64_t)i->repeated,
	    [ACCOUNT_restarts] = (int64_t)i->restarts,
	    [ACCOUNT_duplicates] = (int64_t)r->duplicates,
	    [ACCOUNT_given_up] = (int64_t)i->given_up,
	    [ACCOUNT_malformed] = (int64_t)malformed,
	    [ACCOUNT_templates] = i->templates,
	    [ACCOUNT_templates_missing] = i->templates_missing,
	    [ACCOUNT_held_sets] = (int64_t)i->held,
	    [ACCOUNT_sampling_rate] = i->sampling_rate,
	    [ACCOUNT_clock_skew_ms] = i->clock_skew_ms,
	    [ACCOUNT_lag_ms] = r->lag_ms,
	    [ACCOUNT_active_timeout_ms] = i->active_timeout_ms,
	}};
}

double exporter_lost_percent(const struct account *a)
{
	int64_t lost = a->v[ACCOUNT_lost_records], sent = a->v[ACCOUNT_records] + lost;
	return sent > 0 ? (double)lost * 100 / (double)sent : 0;
}
