/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of a decoder's exporters with their rates: taken by the receive thread once a commit,
 * read by others. */
#include "cmd/collect.h"

#include <stdlib.h>
#include <string.h>

/* The rate is that of the last whole window; of what there is so far in the first one. */
enum { WINDOW_MS = 10000, FIRST_WINDOW_MS = 1000, FIRST = 16 };

/* An order, any order: address, port, version, domain. */
static int compare(const void *a, const void *b)
{
	const struct exporter_info *x = &((const struct exporter_row *)a)->info;
	const struct exporter_info *y = &((const struct exporter_row *)b)->info;
	int c = memcmp(&x->ip, &y->ip, sizeof(x->ip));
	if (c == 0)
		c = (int)x->port - (int)y->port;
	if (c == 0)
		c = (int)x->version - (int)y->version;
	if (c == 0)
		c = x->domain < y->domain ? -1 : x->domain > y->domain;
	return c;
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
	r->v[r->n++] =
	    (struct exporter_row){.info = *info, .base_ms = info->first_seen, .rate = -1};
}

static void set_rate(struct exporter_row *row, const struct exporter_row *before, int64_t now_ms)
{
	int64_t ms = now_ms - before->base_ms;
	row->base_records = before->base_records;
	row->base_ms = before->base_ms;
	row->rate = before->rate;
	if (row->info.records < before->base_records || ms < 0) {
		row->base_records = row->info.records;
		row->base_ms = now_ms;
		return;
	}
	double rate =
	    ms ? (double)(row->info.records - before->base_records) * 1000 / (double)ms : 0;
	if (ms >= WINDOW_MS) {
		row->base_records = row->info.records;
		row->base_ms = now_ms;
		row->rate = rate;
	} else if (before->base_ms == row->info.first_seen && ms >= FIRST_WINDOW_MS) {
		row->rate = rate;
	}
}

size_t exporter_rows_take(struct exporter_rows *next, const struct exporter_rows *shown,
			  const struct decoder *d, int64_t now_ms)
{
	next->n = 0;
	decoder_exporters(d, take, next);
	if (next->n)
		qsort(next->v, next->n, sizeof(next->v[0]), compare);
	for (size_t i = 0, k = 0; i < next->n; i++) {
		while (k < shown->n && compare(&shown->v[k], &next->v[i]) < 0)
			k++;
		if (k < shown->n && compare(&shown->v[k], &next->v[i]) == 0)
			set_rate(&next->v[i], &shown->v[k], now_ms);
	}
	return next->n;
}

void exporter_rows_fini(struct exporter_rows *r)
{
	free(r->v);
	*r = (struct exporter_rows){0};
}
