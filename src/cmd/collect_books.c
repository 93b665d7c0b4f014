/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the counters into the store every ten seconds: those of the collector, and those of each
 * exporter, as growth since the last time. On a thread of its own, so that a store that is slow or
 * away never holds up receiving or loading; what could not be written waits, bounded, and the
 * newest is kept. A growth is read from the snapshots that the threads publish, so it is exact
 * whenever it is written. */
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/collect.h"
#include "store/books.h"
#include "store/client.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROUNDS_WAITING_MAX = 360, /* an hour */
	BYTES_WAITING_MAX = 64 << 20,
	EXPORTERS_AT_ONCE = 1000, /* rows of a round; with more exporters they take turns */
	WRITE_TIMEOUT_MS = 20000,
	LAST_TIMEOUT_MS = 2000, /* while stopping */
	TOKEN_MAX = 64,
};

/* Where an exporter stood when a row of it was last made. */
struct past {
	struct exporter_info info;
	struct account a;
};
struct pasts {
	struct past *v; /* owned, in the order of exporter_compare */
	size_t n;
};

/* The two inserts of a round. */
struct round {
	struct buf sql[2];
	char token[TOKEN_MAX];
};

struct collect_books {
	struct collect *c;
	struct store *store;
	struct stats seen;
	struct pasts past[COLLECT_THREADS_MAX + 1];
	size_t turn; /* number of the exporter whose row comes first */
	struct round waiting[ROUNDS_WAITING_MAX];
	size_t first, n;
	size_t bytes;
	bool failing;
};

enum err collect_books_new(struct collect *c, const struct store_conf *store,
			   struct collect_books **ret, struct diag *reterr)
{
	struct spool_totals t;
	struct collect_books *b = calloc(1, sizeof(*b));
	if (!b)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	b->c = c;
	spool_totals(c->spool, &t);
	b->seen = t.lifetime;
	enum err e = store_open(store, &b->store, reterr);
	if (e) {
		collect_books_free(&b);
		return e;
	}
	*ret = b;
	return ERR_OK;
}

static void round_fini(struct round *r)
{
	buf_fini(&r->sql[0]);
	buf_fini(&r->sql[1]);
}

void collect_books_free(struct collect_books **bp)
{
	struct collect_books *b = *bp;
	*bp = NULL;
	if (!b)
		return;
	for (size_t i = 0; i < ROUNDS_WAITING_MAX; i++)
		round_fini(&b->waiting[i]);
	for (size_t i = 0; i < ARRAY_LEN(b->past); i++)
		free(b->past[i].v);
	store_close(b->store);
	free(b);
}

/* --- what grew */

/* A counter that went back has not grown until it is above where it was. */
static void counters_sql(struct collect_books *b, int64_t now_ms, struct buf *sql)
{
	struct spool_totals t;
	bool any = false;
	collect_lifetime(b->c, &t);
	books_insert_counters(sql, store_database(b->store));
	for (int i = 0; i < STAT_MAX; i++) {
		const struct stat_info *s = &stat_table[i];
		uint64_t v = t.lifetime.v[i], was = s->gauge ? 0 : b->seen.v[i];
		b->seen.v[i] = MAX_OF(v, was);
		if (v <= was)
			continue;
		books_counter_row(sql, now_ms, "collect", s->group, s->name, v - was);
		any = true;
	}
	if (!any)
		buf_reset(sql);
}

/* Counters that went back (a late datagram filled a gap, an estimate became smaller) have not grown
 * until they are above where they were: then past moves on. */
static bool growth(const struct exporter_row *r, struct past *p, struct books_exporter *ret,
		   struct books_reason *reasons)
{
	struct account now;
	exporter_account(r, &now);
	if (r->info.datagrams < p->info.datagrams)
		*p = (struct past){0};
	if (r->info.datagrams == p->info.datagrams &&
	    now.v[ACCOUNT_given_up] == p->a.v[ACCOUNT_given_up])
		return false;
	*ret = (struct books_exporter){.ip = r->info.ip,
				       .domain = r->info.domain,
				       .version = r->info.version,
				       .reasons = reasons};
	for (int i = 0; i < ACCOUNT_MAX; i++) {
		int64_t was = account_table[i].gauge ? 0 : p->a.v[i];
		ret->growth.v[i] =
		    account_table[i].gauge ? now.v[i] : MAX_OF(now.v[i] - was, (int64_t)0);
		p->a.v[i] = MAX_OF(now.v[i], was);
	}
	for (int i = 0; i < MALFORMED_N; i++)
		if (r->info.malformed[i] > p->info.malformed[i])
			reasons[ret->n_reasons++] =
			    (struct books_reason){stat_table[MALFORMED_FIRST + i].name,
						  r->info.malformed[i] - p->info.malformed[i]};
	p->info = r->info;
	return true;
}

/* The past of an exporter that goes on from another port: the decoder lets it keep its numbers.
 * NULL for one that is new. */
static const struct past *past_elsewhere(const struct pasts *old, const struct exporter_info *info,
					 int64_t now_ms)
{
	if (now_ms - info->first_seen <= BOOKS_INTERVAL_MS)
		return NULL;
	for (size_t i = 0; i < old->n; i++) {
		struct exporter_info there = old->v[i].info;
		if (there.first_seen != info->first_seen || there.datagrams > info->datagrams)
			continue;
		there.port = info->port;
		if (exporter_compare(&there, info) == 0)
			return &old->v[i];
	}
	return NULL;
}

/* Rows of one thread's exporters whose turn it is. at: number of its first exporter among all. */
static size_t exporters_of(struct collect_books *b, struct exporter_rows *rows, struct pasts *old,
			   size_t at, int64_t now_ms, struct buf *sql)
{
	struct books_reason reasons[MALFORMED_N];
	struct books_exporter e;
	struct past *v = rows->n ? calloc(rows->n, sizeof(*v)) : NULL;
	size_t made = 0;
	if (!v)
		return 0;
	for (size_t i = 0, k = 0; i < rows->n; i++) {
		const struct exporter_info *info = &rows->v[i].info;
		while (k < old->n && exporter_compare(&old->v[k].info, info) < 0)
			k++;
		const struct past *was = k < old->n ? &old->v[k] : NULL;
		if (!was || exporter_compare(&was->info, info) != 0)
			was = past_elsewhere(old, info, now_ms);
		if (was)
			v[i] = *was;
		if (at + i < b->turn || at + i >= b->turn + EXPORTERS_AT_ONCE) {
			/* Kept in order even if no row was made of it yet. */
			if (v[i].info.datagrams == 0)
				v[i].info = (struct exporter_info){.ip = info->ip,
								   .port = info->port,
								   .version = info->version,
								   .session = info->session,
								   .domain = info->domain,
								   .agent = info->agent};
			continue;
		}
		if (growth(&rows->v[i], &v[i], &e, reasons)) {
			books_exporter_row(sql, now_ms, &e);
			made++;
		}
	}
	free(old->v);
	*old = (struct pasts){v, rows->n};
	return made;
}

static void exporters_sql(struct collect_books *b, int64_t now_ms, struct buf *sql)
{
	size_t made = 0, at = 0;
	books_insert_exporters(sql, store_database(b->store));
	for (uint32_t i = 0; i < b->c->n_threads; i++) {
		struct collect_thread *t = &b->c->thread[i];
		pthread_mutex_lock(&t->lock);
		made += exporters_of(b, &t->shown, &b->past[i], at, now_ms, sql);
		at += t->shown.n;
		pthread_mutex_unlock(&t->lock);
	}
	b->turn = b->turn + EXPORTERS_AT_ONCE < at ? b->turn + EXPORTERS_AT_ONCE : 0;
	if (made == 0)
		buf_reset(sql);
}

/* --- what waits */

static void drop_oldest(struct collect_books *b)
{
	struct round *r = &b->waiting[b->first];
	b->bytes -= r->sql[0].n + r->sql[1].n;
	round_fini(r);
	*r = (struct round){0};
	b->first = (b->first + 1) % ROUNDS_WAITING_MAX;
	b->n--;
}

static void make_round(struct collect_books *b)
{
	int64_t now_ms = clock_wall_ms();
	struct spool_totals t;
	if (b->n == ROUNDS_WAITING_MAX) {
		drop_oldest(b);
		spool_count(b->c->spool, ST_books_skipped, 1);
	}
	struct round *r = &b->waiting[(b->first + b->n++) % ROUNDS_WAITING_MAX];
	counters_sql(b, now_ms, &r->sql[0]);
	exporters_sql(b, now_ms, &r->sql[1]);
	spool_totals(b->c->spool, &t);
	snprintf(r->token, sizeof(r->token), "%.36s-%" PRId64, t.uuid, now_ms);
	b->bytes += r->sql[0].n + r->sql[1].n;
	while (b->n > 1 && b->bytes > BYTES_WAITING_MAX) {
		drop_oldest(b);
		spool_count(b->c->spool, ST_books_skipped, 1);
	}
}

static enum err write_round(struct collect_books *b, struct round *r, uint32_t timeout_ms,
			    int *ret_code, struct diag *why)
{
	const struct store_pair token = {"insert_deduplication_token", r->token};
	enum err e = ERR_OK;
	for (size_t i = 0; i < ARRAY_LEN(r->sql) && !e; i++) {
		const struct store_query q = {.sql = buf_cstr(&r->sql[i]),
					      .settings = &token,
					      .n_settings = 1,
					      .timeout_ms = timeout_ms,
					      .whole = true};
		struct store_summary sum = {0};
		if (r->sql[i].n && !r->sql[i].bad)
			e = store_query(b->store, &q, &sum, why);
		*ret_code = sum.code;
	}
	return e;
}

/* Oldest first. A refusal that will not go away costs its round, anything else is tried again. */
static void write_waiting(struct collect_books *b, uint32_t timeout_ms)
{
	while (b->n) {
		struct diag why = {0};
		int code = 0;
		enum err e = write_round(b, &b->waiting[b->first], timeout_ms, &code, &why);
		if (e && !b->failing)
			log_info("books", "the counters over time wait: %s", why.msg);
		b->failing = e != ERR_OK;
		if (e && (e != ERR_REMOTE || store_code_passes(code)))
			return;
		if (e)
			spool_count(b->c->spool, ST_books_skipped, 1);
		drop_oldest(b);
	}
}

void collect_books_run(struct collect_books *b)
{
	struct pollfd stop = {.fd = b->c->stop_fd, .events = POLLIN};
	while (poll(&stop, 1, BOOKS_INTERVAL_MS) == 0) {
		make_round(b);
		write_waiting(b, WRITE_TIMEOUT_MS);
	}
	make_round(b);
	write_waiting(b, LAST_TIMEOUT_MS);
}
