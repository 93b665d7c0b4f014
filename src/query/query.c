/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "base/near.h"
#include "base/timefmt.h"
#include "filter/filter.h"
#include "query/time_range.h"

#include <string.h>

const struct metric_info metric_table[METRIC_MAX] = {
    [METRIC_BPS] = {"bps", "bit/s", COUNTER_BYTES, 8, true},
    [METRIC_PPS] = {"pps", "packet/s", COUNTER_PACKETS, 1, true},
    [METRIC_FPS] = {"fps", "flow/s", COUNTER_FLOWS, 1, true},
    [METRIC_BYTES] = {"bytes", "B", COUNTER_BYTES, 1, false},
    [METRIC_PACKETS] = {"packets", "packet", COUNTER_PACKETS, 1, false},
    [METRIC_FLOWS] = {"flows", "flow", COUNTER_FLOWS, 1, false},
};
const char *const limit_by_names[LIMIT_BY_MAX] = {"avg", "max", "last"};

static const struct {
	const char *name;
	enum field src, dst;
} pseudo[KEY_MAX - FIELD_MAX] = {
    [KEY_IP - FIELD_MAX] = {"ip", F_src_ip, F_dst_ip},
    [KEY_PORT - FIELD_MAX] = {"port", F_src_port, F_dst_port},
    [KEY_AS - FIELD_MAX] = {"as", F_src_as, F_dst_as},
    [KEY_IF - FIELD_MAX] = {"if", F_in_if, F_out_if},
};

/* The ends of a flow, which change places in its reverse half. */
static const enum field ends[][2] = {
    {F_src_ip, F_dst_ip},
    {F_src_port, F_dst_port},
    {F_src_as, F_dst_as},
    {F_src_mask, F_dst_mask},
    {F_src_mac, F_dst_mac},
    {F_out_src_mac, F_out_dst_mac},
    {F_in_if, F_out_if},
    {F_vlan, F_out_vlan},
    {F_vlan_customer, F_out_vlan_customer},
    {F_next_as, F_prev_as},
    {F_ingress_vrf, F_egress_vrf},
    {F_post_nat_src_ip, F_post_nat_dst_ip},
    {F_post_nat_src_port, F_post_nat_dst_port},
    {F_post_nat_src_country, F_post_nat_dst_country},
    {F_tunnel_src_ip, F_tunnel_dst_ip},
    {F_src_country, F_dst_country},
};

/* Steps that people read well, in seconds. */
static const uint32_t steps[] = {30,   60,   120,   300,   600,   900,  1800,
				 3600, 7200, 10800, 21600, 43200, 86400};

const char *key_name(unsigned key)
{
	return key < FIELD_MAX ? field_table[key].name : pseudo[key - FIELD_MAX].name;
}

bool key_is_pseudo(unsigned key)
{
	return key >= FIELD_MAX;
}

enum field key_field(unsigned key, bool dst)
{
	if (key < FIELD_MAX)
		return (enum field)key;
	return dst ? pseudo[key - FIELD_MAX].dst : pseudo[key - FIELD_MAX].src;
}

enum ctype key_ctype(unsigned key)
{
	return field_table[key_field(key, false)].ctype;
}

enum field field_swapped(enum field f)
{
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		for (int side = 0; side < 2; side++)
			if (ends[i][side] == f)
				return ends[i][!side];
	if (field_table[f].reverse >= 0)
		return (enum field)field_table[f].reverse;
	if (field_table[f].forward >= 0)
		return (enum field)field_table[f].forward;
	return f;
}

bool field_groupable(enum field f)
{
	switch (field_table[f].kind) {
	case KIND_TIME:
	case KIND_COUNT:
	case KIND_DURATION:
		return false;
	case KIND_ADDR:
	case KIND_PORT:
	case KIND_NUM:
	case KIND_FLAGS:
	case KIND_ID:
	case KIND_TEXT:
	case KIND_MAC:
	case KIND_PROTO:
	case KIND_AS:
	case KIND_IFACE:
	case KIND_LIST:
		return true;
	}
	return false;
}

void query_init(struct query *q, enum query_kind kind, int64_t now_ms, struct arena *arena)
{
	*q = (struct query){.kind = kind,
			    .from_ms = now_ms - 3600000,
			    .to_ms = now_ms,
			    .filter_text = "",
			    .order = F_t_last,
			    .desc = true,
			    .arena = arena};
}

static int find_name(const char *const *names, size_t count, size_t stride, const char *name,
		     size_t n)
{
	for (size_t i = 0; i < count; i++) {
		const char *have = *(const char *const *)((const char *)names + i * stride);
		if (strlen(have) == n && memcmp(have, name, n) == 0)
			return (int)i;
	}
	return -1;
}

static enum err unknown_field(const char *name, size_t n, struct diag *reterr)
{
	const char *names[KEY_MAX];
	for (unsigned k = 0; k < KEY_MAX; k++)
		names[k] = key_name(k);
	const char *best = near_find(name, n, names, KEY_MAX);
	return diag_set(reterr, ERR_UNKNOWN, 0, 0, "there is no field '%.*s'%s%s%s",
			(int)MIN_OF(n, 60), name, best ? "; did you mean '" : "", best ? best : "",
			best ? "'?" : "");
}

enum err query_add_by(struct query *q, const char *name, size_t n, struct diag *reterr)
{
	int key = field_find(name, n);
	for (unsigned k = FIELD_MAX; key < 0 && k < KEY_MAX; k++)
		if (strlen(key_name(k)) == n && memcmp(key_name(k), name, n) == 0)
			key = (int)k;
	if (key < 0)
		return unknown_field(name, n, reterr);
	if (!key_is_pseudo((unsigned)key) && !field_groupable((enum field)key))
		return diag_set(reterr, ERR_TYPE, 0, 0,
				"groups cannot be made of '%s', a time or a counter",
				key_name((unsigned)key));
	for (size_t i = 0; i < q->n_by; i++)
		if (q->by[i] == (unsigned)key)
			return diag_set(reterr, ERR_EXISTS, 0, 0, "'%s' stands twice in 'by'",
					key_name((unsigned)key));
	if (q->n_by == QUERY_BY_MAX)
		return diag_set(reterr, ERR_LIMIT, 0, 0, "at most %d fields make a group",
				QUERY_BY_MAX);
	q->by[q->n_by++] = (unsigned)key;
	return ERR_OK;
}

enum err query_set_metric(struct query *q, const char *name, size_t n, struct diag *reterr)
{
	int i = find_name(&metric_table[0].name, METRIC_MAX, sizeof(metric_table[0]), name, n);
	if (i < 0)
		return diag_set(reterr, ERR_UNKNOWN, 0, 0,
				"'%.*s' is no metric: bps, pps, fps, bytes, packets or flows",
				(int)MIN_OF(n, 40), name);
	q->metric = (enum metric)i;
	return ERR_OK;
}

enum err query_set_limit_by(struct query *q, const char *name, size_t n, struct diag *reterr)
{
	int i = find_name(limit_by_names, LIMIT_BY_MAX, sizeof(limit_by_names[0]), name, n);
	if (i < 0)
		return diag_set(reterr, ERR_UNKNOWN, 0, 0, "'%.*s' is not one of avg, max, last",
				(int)MIN_OF(n, 40), name);
	q->limit_by = (enum limit_by)i;
	return ERR_OK;
}

enum err query_set_order(struct query *q, const char *name, size_t n, struct diag *reterr)
{
	int f = field_find(name, n);
	if (f < 0)
		return unknown_field(name, n, reterr);
	q->order = (enum field)f;
	return ERR_OK;
}

enum err query_add_field(struct query *q, const char *name, size_t n, struct diag *reterr)
{
	int f = field_find(name, n);
	if (f < 0)
		return unknown_field(name, n, reterr);
	q->fields[f / 64] |= (uint64_t)1 << (f % 64);
	return ERR_OK;
}

static enum err check_limit(struct query *q, struct diag *reterr)
{
	static const struct {
		uint64_t normal, max;
	} limits[] = {[QUERY_SERIES] = {10, QUERY_SERIES_GROUPS_MAX},
		      [QUERY_TOP] = {10, QUERY_TOP_ROWS_MAX},
		      [QUERY_FLOWS] = {100, QUERY_FLOWS_ROWS_MAX}};
	if (q->limit == 0)
		q->limit = limits[q->kind].normal;
	if (q->limit > limits[q->kind].max)
		return diag_set(reterr, ERR_LIMIT, 0, 0, "limit may be at most %llu here",
				(unsigned long long)limits[q->kind].max);
	return ERR_OK;
}

/* Largest multiple of unit that is not above v. */
static int64_t floor_to(int64_t v, int64_t unit)
{
	int64_t r = v % unit;
	return v - (r < 0 ? r + unit : r);
}

static enum err choose_step(struct query *q, struct diag *reterr)
{
	int64_t span_s = (q->to_ms - q->from_ms + 999) / 1000;
	if (q->step_s % QUERY_STEP_UNIT_S != 0)
		return diag_set(reterr, ERR_TYPE, 0, 0, "step must be a multiple of %d seconds",
				QUERY_STEP_UNIT_S);
	if (q->step_s == 0) {
		size_t i = 0;
		/* Two bins more may be needed to cover both ends. */
		while (i + 1 < ARRAY_LEN(steps) && span_s / steps[i] + 2 > QUERY_BINS_AUTO)
			i++;
		q->step_s = steps[i];
		while (span_s / q->step_s + 2 > QUERY_BINS_AUTO)
			q->step_s += 86400;
	}
	int64_t step_ms = (int64_t)q->step_s * 1000;
	q->from_ms = floor_to(q->from_ms, step_ms);
	q->to_ms = floor_to(q->to_ms + step_ms - 1, step_ms);
	if ((q->to_ms - q->from_ms) / step_ms > QUERY_BINS_MAX)
		return diag_set(reterr, ERR_LIMIT, 0, 0, "more than %d steps; choose a longer step",
				QUERY_BINS_MAX);
	return ERR_OK;
}

enum err query_check(struct query *q, struct diag *reterr)
{
	enum err e = check_limit(q, reterr);
	if (!e && q->from_ms >= q->to_ms)
		e = diag_set(reterr, ERR_SYNTAX, 0, 0, "the time range ends before it begins");
	if (!e && (q->from_ms < 0 || q->to_ms > TIME_LAST_MS))
		e = diag_set(reterr, ERR_LIMIT, 0, 0,
			     "the time range must lie between 1970 and 2106");
	if (!e && q->kind == QUERY_SERIES)
		e = choose_step(q, reterr);
	if (e)
		return e;
	struct filter *f;
	e = filter_parse(q->filter_text, strlen(q->filter_text), q->arena, &f, reterr);
	if (!e)
		q->filter = f;
	return e;
}

bool query_counts_duplicates(const struct query *q)
{
	static const unsigned own_view[] = {F_exporter_ip, F_observation_domain, F_in_if, F_out_if,
					    KEY_IF,        F_duplicate};
	if (q->duplicates != DUPLICATES_BY_QUESTION || q->kind == QUERY_FLOWS)
		return q->duplicates != DUPLICATES_LEFT_OUT;
	struct field_set named = {0};
	filter_fields(q->filter, &named);
	for (size_t i = 0; i < ARRAY_LEN(own_view); i++) {
		unsigned k = own_view[i];
		if (!key_is_pseudo(k) && field_set_has(&named, (enum field)k))
			return true;
		for (size_t b = 0; b < q->n_by; b++)
			if (q->by[b] == k)
				return true;
	}
	return false;
}
