/* SPDX-License-Identifier: Apache-2.0 */
#include "query/names.h"

#include "base/rd.h"
#include "store/client.h"

#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 5000, ANSWER_MAX = 16 << 20, TEXT_MAX = 256 };

/* What names a key: rows of this kind whose id is its number, or whose address it is. */
static const struct named {
	unsigned key;
	char kind;
	const char *table_kind;
	bool by_address; /* the key is the address; id is 0 */
	bool everywhere; /* the same for all exporters: exporter_ip is :: */
} named[] = {
    {F_in_if, 'i', "interface", false, false},
    {F_out_if, 'i', "interface", false, false},
    {KEY_IF, 'i', "interface", false, false},
    {F_ingress_vrf, 'v', "vrf", false, false},
    {F_egress_vrf, 'v', "vrf", false, false},
    {F_app_id, 'a', "application", false, false},
    {F_exporter_ip, 'e', "exporter", true, false},
    {F_src_ip, 'h', "host", true, false},
    {F_dst_ip, 'h', "host", true, false},
    {KEY_IP, 'h', "host", true, false},
    {F_src_as, 's', "as", false, true},
    {F_dst_as, 's', "as", false, true},
    {KEY_AS, 's', "as", false, true},
};

static const struct named *named_of(unsigned key)
{
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (named[i].key == key)
			return &named[i];
	return NULL;
}

bool names_wanted(const struct query *q)
{
	for (size_t i = 0; i < q->n_by; i++)
		if (named_of(q->by[i]))
			return true;
	return false;
}

static void put_value(struct buf *sql, const struct named *k, const struct cell *c)
{
	char ip[IP_TEXT_MAX];
	if (!k->by_address) {
		buf_dec(sql, c->num);
		return;
	}
	ip_format(&c->ip, ip);
	buf_fmt(sql, "toIPv6('%s')", ip);
}

void names_sql(const struct query *q, const char *database, const struct cell *const *keys,
	       size_t n, struct buf *sql)
{
	const char * or = "";
	buf_fmt(sql,
		"SELECT kind, exporter_ip, domain, id, argMax(text, since), argMax(text2, since), "
		"argMax(number, since) FROM %s.names WHERE ",
		database);
	for (size_t i = 0; i < q->n_by; i++) {
		const struct named *k = named_of(q->by[i]);
		const char *comma = "";
		if (!k)
			continue;
		buf_fmt(sql, "%s(kind = '%s' AND %s IN (", or, k->table_kind,
			k->by_address ? "exporter_ip" : "id");
		or = " OR ";
		for (size_t r = 0; r < n; r++) {
			if (!keys[r] || !keys[r][i].present)
				continue;
			buf_str(sql, comma);
			put_value(sql, k, &keys[r][i]);
			comma = ", ";
		}
		buf_str(sql, *comma ? "))" : "NULL))");
	}
	/* As names_choose wants them. */
	buf_fmt(sql,
		" GROUP BY kind, exporter_ip, domain, id ORDER BY kind, id, exporter_ip, domain "
		"DESC LIMIT %d",
		NAMES_FETCHED_MAX);
}

/* The key that says whose interface it is, NULL if there is none. */
static const struct cell *key_of(const struct query *q, const struct cell *key, unsigned which)
{
	for (size_t i = 0; i < q->n_by; i++)
		if (q->by[i] == which && key[i].present)
			return &key[i];
	return NULL;
}

const struct key_name *names_choose(const struct query *q, const struct cell *key, size_t i,
				    const struct name_found *found, size_t n)
{
	const struct named *k = named_of(q->by[i]);
	const struct cell *exporter = key_of(q, key, F_exporter_ip);
	const struct cell *domain = key_of(q, key, F_observation_domain);
	const struct name_found *best = NULL, *before = NULL;
	if (!k || !key[i].present)
		return NULL;
	for (size_t f = 0; f < n; f++) {
		const struct name_found *x = &found[f];
		if (x->kind != k->kind)
			continue;
		if (k->by_address ? !ip_equal(&x->addr, &key[i].ip) : x->id != key[i].num)
			continue;
		if (!k->by_address && !k->everywhere && exporter &&
		    !ip_equal(&x->addr, &exporter->ip))
			continue;
		if (domain && x->domain && x->domain != domain->num)
			continue;
		/* A row of a domain is better than the one of all domains of the same exporter. */
		if (before && !x->domain && ip_equal(&before->addr, &x->addr))
			continue;
		before = x;
		if (best && strcmp(best->name.text, x->name.text) != 0)
			return NULL;
		best = x;
	}
	return best ? &best->name : NULL;
}

double names_percent(const struct query *q, const struct key_name *names, size_t i, double value)
{
	bool port = q->by[i] == F_in_if || q->by[i] == F_out_if;
	if (!names || !port || q->metric != METRIC_BPS || names[i].number == 0)
		return -1;
	return value * 100 / (double)names[i].number;
}

static const char *read_text(struct rd *r, struct arena *arena)
{
	uint64_t n = cell_read_varint(r);
	const uint8_t *p = n <= rd_left(r) ? rd_take(r, (size_t)n) : NULL;
	return p ? arena_strndup(arena, (const char *)p, MIN_OF((size_t)n, (size_t)TEXT_MAX))
		 : NULL;
}

static char kind_letter(const char *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (strcmp(named[i].table_kind, kind) == 0)
			return named[i].kind;
	return 0;
}

static size_t read_found(const struct buf *answer, struct arena *arena, struct name_found *ret)
{
	struct rd r = rd_of(answer->p, answer->n);
	size_t n = 0;
	while (rd_left(&r) && n < NAMES_FETCHED_MAX) {
		struct name_found *f = &ret[n];
		const char *kind = read_text(&r, arena);
		rd_copy(&r, f->addr.b, sizeof(f->addr.b));
		f->domain = rd_le32(&r);
		f->id = rd_le64(&r);
		f->name.text = read_text(&r, arena);
		f->name.text2 = read_text(&r, arena);
		f->name.number = rd_le64(&r);
		if (r.bad || !kind || !f->name.text || !f->name.text2)
			break;
		f->kind = kind_letter(kind);
		n++;
	}
	return n;
}

static void choose_all(const struct query *q, const struct cell *key,
		       const struct name_found *found, size_t n_found, const struct key_name **ret)
{
	struct key_name *names = NULL;
	for (size_t i = 0; i < q->n_by; i++) {
		const struct key_name *one = names_choose(q, key, i, found, n_found);
		if (!one)
			continue;
		if (!names)
			names = arena_alloc(q->arena, q->n_by * sizeof(*names));
		if (names)
			names[i] = *one;
	}
	*ret = names;
}

void names_find(struct store *s, const struct query *q, const struct run_options *o,
		const struct cell *const *keys, size_t n, const struct key_name **ret)
{
	struct buf sql = {0}, answer = {.max = ANSWER_MAX};
	n = MIN_OF(n, (size_t)NAMES_ROWS_MAX);
	struct name_found *found = n ? malloc(NAMES_FETCHED_MAX * sizeof(struct name_found)) : NULL;
	if (!found)
		return;
	names_sql(q, store_database(s), keys, n, &sql);
	const struct store_query sq = {.sql = buf_cstr(&sql),
				       .format = "RowBinary",
				       .timeout_ms = TIMEOUT_MS,
				       .cancel = o->cancel,
				       .whole = true};
	size_t n_found = 0;
	if (!sql.bad && store_fetch(s, &sq, &answer, NULL, NULL) == ERR_OK)
		n_found = read_found(&answer, q->arena, found);
	for (size_t r = 0; r < n && n_found; r++)
		if (keys[r])
			choose_all(q, keys[r], found, n_found, &ret[r]);
	free(found);
	buf_fini(&sql);
	buf_fini(&answer);
}
