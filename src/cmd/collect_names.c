/* SPDX-License-Identifier: Apache-2.0 */
/* Names between exporters, memory and the store: the decoders tell them, a thread writes what is
 * new into the table `names` and reads it at start. With the store down it tries again, less and
 * less often; the receive threads only ever touch the map in memory. */
#include "base/hash.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "cmd/collect.h"
#include "cmd/store_conf.h"
#include "conf/conf.h"
#include "enrich/enrich.h"
#include "enrich/names.h"
#include "enrich/names_sql.h"
#include "model/batch.h"
#include "store/client.h"

#include <stdlib.h>

enum {
	WRITE_MS = 1000,
	RETRY_MAX_MS = 60000,
	ROWS_A_STATEMENT = 1000,
	STATEMENTS_A_TURN = 100,
	TIMEOUT_MS = 30000,
	LOAD_BYTES_MAX = 512 << 20,
	SQL_KEPT = 4 << 20
};

struct names_writer {
	struct collect *collect;
	struct store_place place;
	struct store *store;
	struct buf sql;
	bool loaded, failing;
	int64_t as_made_ms; /* of the AS names that are in the store */
	uint32_t wait_ms;
};

static const enum names_kind kinds[NAME_KIND_MAX] = {
    [NAME_INTERFACE] = NAMES_INTERFACE,     [NAME_VRF] = NAMES_VRF,
    [NAME_APPLICATION] = NAMES_APPLICATION, [NAME_APP_GROUP] = NAMES_APP_GROUP,
    [NAME_SAMPLER] = NAMES_SAMPLER,         [NAME_EXPORTER] = NAMES_EXPORTER,
};

void collect_name(void *thread, const struct option_name *n)
{
	const struct collect_thread *t = thread;
	const struct name_row r = {.kind = kinds[n->kind],
				   .source = NAMES_OPTIONS,
				   .addr = n->exporter_ip,
				   .domain = n->domain,
				   .id = n->id,
				   .text = (const char *)n->text,
				   .text_n = n->text_n,
				   .text2 = (const char *)n->text2,
				   .text2_n = n->text2_n,
				   .number = n->number,
				   .since = n->at};
	(void)names_tell(t->collect->names, &r);
}

/* Letters, digits, - _ . and at most 253 of them (RFC 1035 2.3.4); without the dot at the end. */
static size_t host_name(const char *p, size_t n)
{
	enum { HOST_NAME_MAX_ = 253 };
	if (n && p[n - 1] == '.')
		n--;
	if (n == 0 || n > HOST_NAME_MAX_)
		return 0;
	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
			return 0;
	}
	return n;
}

/* Whether the row tells a name that was not told a moment ago. */
static bool is_new_host(struct collect_thread *t, const struct ip *a, const char *name, size_t n)
{
	uint64_t h = hash64(name, n, hash64(a->b, sizeof(a->b), hash_seed()));
	uint64_t *seen = &t->hosts_told[h & (HOSTS_TOLD - 1)];
	if (*seen == h)
		return false;
	*seen = h;
	return true;
}

void collect_host_names(struct collect_thread *t, const struct batch *b)
{
	if (!b->col[F_dns_address] || !batch_has(b, F_dns_address) || !batch_has(b, F_dns_qname))
		return;
	bool codes = batch_has(b, F_dns_rcode);
	for (uint32_t i = 0; i < b->n; i++) {
		if (!batch_present(b, F_dns_address, i) || !batch_present(b, F_dns_qname, i) ||
		    (codes && batch_u8(b, F_dns_rcode)[i] != 0))
			continue;
		struct span s = batch_span(b, F_dns_qname)[i];
		const char *name = (const char *)batch_bytes(b, s);
		size_t n = host_name(name, s.len);
		const struct name_row r = {.kind = NAMES_HOST,
					   .source = NAMES_DNS,
					   .addr = batch_ip(b, F_dns_address)[i],
					   .text = name,
					   .text_n = n,
					   .since = batch_ms(b, F_t_recv)[i]};
		if (n && is_new_host(t, &r.addr, name, n))
			(void)names_tell(t->collect->names, &r);
	}
}

static enum err load(struct names_writer *w, struct diag *d)
{
	struct buf sql = {0}, out = {.max = LOAD_BYTES_MAX};
	names_select_sql(&sql, store_database(w->store));
	const struct store_query q = {.sql = buf_cstr(&sql),
				      .format = "RowBinary",
				      .timeout_ms = TIMEOUT_MS,
				      .cancel = &w->collect->stop,
				      .whole = true};
	enum err e = store_fetch(w->store, &q, &out, NULL, d);
	if (!e && out.bad)
		e = ERR_NOMEM;
	if (!e)
		e = names_load(w->collect->names, out.p, out.n);
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}

/* What changes meanwhile waits for the next turn, so that a peer which renames things all the time
 * neither holds this thread nor makes many small inserts. */
static enum err write_changes(struct names_writer *w, struct diag *d)
{
	enum err e = ERR_OK;
	size_t n = ROWS_A_STATEMENT;
	for (int i = 0; i < STATEMENTS_A_TURN && n == ROWS_A_STATEMENT && !e; i++) {
		buf_reset(&w->sql);
		n = names_insert_sql(w->collect->names, store_database(w->store), ROWS_A_STATEMENT,
				     &w->sql);
		if (n == 0)
			break;
		e = w->sql.bad ? ERR_NOMEM : store_exec(w->store, buf_cstr(&w->sql), d);
		names_written(w->collect->names, !e);
	}
	return e;
}

/* --- names of AS numbers: with the data set, not one by one */

struct as_rows {
	struct names_writer *w;
	struct diag *d;
	size_t n;
	int64_t made_ms;
	enum err err;
};

static enum err send_rows(struct as_rows *a)
{
	struct buf *sql = &a->w->sql;
	enum err e = ERR_OK;
	if (a->n)
		e = sql->bad ? ERR_NOMEM : store_exec(a->w->store, buf_cstr(sql), a->d);
	a->n = 0;
	buf_reset(sql);
	return e;
}

static bool put_as(void *ctx, uint32_t number, const char *name, int64_t made_ms)
{
	struct as_rows *a = ctx;
	const struct name_row r = {.kind = NAMES_AS,
				   .source = NAMES_DATA,
				   .id = number,
				   .text = name,
				   .text_n = strlen(name),
				   .text2 = "",
				   .since = made_ms ? made_ms : 1};
	if (a->n++ == 0)
		names_insert_head(&a->w->sql, store_database(a->w->store));
	else
		buf_str(&a->w->sql, ", ");
	names_row_sql(&a->w->sql, &r);
	a->made_ms = made_ms;
	if (a->n == ROWS_A_STATEMENT)
		a->err = send_rows(a);
	return !a->err && !atomic_load(&a->w->collect->stop);
}

/* Whether the store has the names of this data set already. */
static enum err has_as(struct names_writer *w, int64_t made_ms, uint64_t n, bool *ret,
		       struct diag *d)
{
	struct buf sql = {0}, out = {0};
	buf_fmt(&sql,
		"SELECT count() >= %llu FROM %s.names WHERE kind = 'as' AND since = "
		"fromUnixTimestamp64Milli(%lld)",
		(unsigned long long)n, store_database(w->store), (long long)made_ms);
	const struct store_query q = {.sql = buf_cstr(&sql),
				      .format = "TabSeparated",
				      .timeout_ms = TIMEOUT_MS,
				      .cancel = &w->collect->stop};
	enum err e = store_fetch(w->store, &q, &out, NULL, d);
	if (!e)
		*ret = buf_cstr(&out)[0] == '1';
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}

static enum err write_as(struct names_writer *w, struct diag *d)
{
	struct as_rows a = {.w = w, .d = d};
	uint64_t n;
	int64_t made_ms = enrich_as_made(w->collect->enrich, &n);
	bool there = false;
	if (n == 0 || made_ms == w->as_made_ms)
		return ERR_OK;
	enum err e = has_as(w, made_ms, n, &there, d);
	if (e || there) {
		w->as_made_ms = e ? w->as_made_ms : made_ms;
		return e;
	}
	buf_reset(&w->sql);
	enrich_each_as(w->collect->enrich, put_as, &a);
	e = a.err ? a.err : send_rows(&a);
	if (!e && !atomic_load(&w->collect->stop))
		w->as_made_ms = made_ms;
	return e;
}

uint32_t collect_names_turn(struct names_writer *w)
{
	struct diag d = {0};
	enum err e = ERR_OK;
	if (!w->loaded)
		e = load(w, &d);
	w->loaded |= !e;
	if (!e)
		e = write_changes(w, &d);
	if (!e)
		e = write_as(w, &d);
	if (e == ERR_REMOTE && !w->failing)
		log_warn("names", "not written to the store: %s", d.msg);
	w->failing = e == ERR_REMOTE;
	w->wait_ms = e ? MIN_OF(w->wait_ms * 2, (uint32_t)RETRY_MAX_MS) : WRITE_MS;
	if (w->sql.cap > SQL_KEPT)
		buf_fini(&w->sql);
	return w->wait_ms;
}

enum err collect_names_open(struct collect *c, struct names_writer **ret, struct diag *d)
{
	struct store_conf conf;
	struct names_writer *w = calloc(1, sizeof(*w));
	if (!w)
		return ERR_NOMEM;
	w->collect = c;
	w->wait_ms = WRITE_MS;
	enum err e = store_place_fill(c->conf, STORE_WRITER, &w->place, &conf, d);
	if (!e)
		e = store_open(&conf, &w->store, d);
	if (e)
		collect_names_close(w);
	else
		*ret = w;
	return e;
}

void collect_names_close(struct names_writer *w)
{
	if (!w)
		return;
	if (w->store)
		store_close(w->store);
	store_place_fini(&w->place);
	buf_fini(&w->sql);
	free(w);
}

void collect_names_json(struct collect *c, struct buf *out)
{
	struct names_counts n;
	names_counts(c->names, &n);
	buf_fmt(out, "{\"kept\":%llu,\"refused\":%llu,\"waiting\":%llu}",
		(unsigned long long)n.kept, (unsigned long long)n.refused,
		(unsigned long long)n.waiting);
}
