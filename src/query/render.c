/* SPDX-License-Identifier: Apache-2.0 */
#include "query/render.h"

#include "base/timefmt.h"
#include "model/batch.h"
#include "model/record.h"
#include "query/names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void render_number(struct buf *out, double v)
{
	char text[40];
	double r = round(v * 1000) / 1000;
	if (r == floor(r) && fabs(r) < 9e15) {
		buf_dec_signed(out, (int64_t)r);
		return;
	}
	int n = snprintf(text, sizeof(text), "%.3f", r);
	while (n > 1 && text[n - 1] == '0')
		n--;
	buf_put(out, text, (size_t)n);
}

static void put_string(struct buf *out, const char *s)
{
	buf_json_str(out, s, strlen(s));
}

static void member_number(struct buf *out, const char *key, double v)
{
	buf_json_key(out, key);
	render_number(out, v);
}

static void member_bool(struct buf *out, const char *key, bool v)
{
	buf_json_key(out, key);
	buf_str(out, v ? "true" : "false");
}

static void member_u64(struct buf *out, const char *key, uint64_t v)
{
	buf_json_key(out, key);
	buf_dec(out, v);
}

static void key_members(struct buf *out, const struct query *q, const struct cell *key)
{
	for (size_t i = 0; i < q->n_by; i++) {
		buf_json_key(out, key_name(q->by[i]));
		cell_json(out, &key[i]);
	}
}

static void key_object(struct buf *out, const struct query *q, const struct cell *key)
{
	buf_json_key(out, "key");
	buf_u8(out, '{');
	key_members(out, q, key);
	buf_u8(out, '}');
}

/* "names":{"in_if":{"name":"xe-0/0/0","description":"...","speed":n,"percent":n}}; left out if none
 * is known. value: of the metric. */
static void names_object(struct buf *out, const struct query *q, const struct key_name *names,
			 double value)
{
	if (!names)
		return;
	buf_json_key(out, "names");
	buf_u8(out, '{');
	for (size_t i = 0; i < q->n_by; i++) {
		if (!names[i].text)
			continue;
		buf_json_key(out, key_name(q->by[i]));
		buf_u8(out, '{');
		buf_json_key(out, "name");
		put_string(out, names[i].text);
		if (*names[i].text2) {
			buf_json_key(out, "description");
			put_string(out, names[i].text2);
		}
		if (names[i].number)
			member_u64(out, "speed", names[i].number);
		double percent = names_percent(q, names, i, value);
		if (percent >= 0)
			member_number(out, "percent", percent);
		buf_u8(out, '}');
	}
	buf_u8(out, '}');
}

static void head(struct buf *out, const struct query *q, const struct run_cost *c)
{
	const struct metric_info *m = &metric_table[q->metric];
	buf_str(out, "{");
	buf_json_key(out, "from");
	buf_dec_signed(out, q->from_ms);
	buf_json_key(out, "to");
	buf_dec_signed(out, q->to_ms);
	if (q->kind == QUERY_SERIES)
		member_u64(out, "step_ms", (uint64_t)q->step_s * 1000);
	buf_json_key(out, "metric");
	put_string(out, m->name);
	buf_json_key(out, "unit");
	put_string(out, m->unit);
	member_bool(out, "scaled", c->scaled);
	member_bool(out, "duplicates", query_counts_duplicates(q));
	member_bool(out, "coarse", c->coarse);
	if (c->coarse)
		member_number(out, "share", c->share);
	buf_json_key(out, "source");
	put_string(out, c->source);
}

static void tail(struct buf *out, const struct run_cost *c)
{
	member_u64(out, "elapsed_ms", c->elapsed_ms);
	member_u64(out, "rows_read", c->rows_read);
	buf_u8(out, '}');
}

static void top_counters(struct buf *out, const struct top_row *r)
{
	member_u64(out, "bytes", r->bytes);
	member_u64(out, "packets", r->packets);
	member_u64(out, "flows", r->flows);
}

void render_top_json(struct buf *out, const struct query *q, const struct top_result *r)
{
	head(out, q, &r->cost);
	buf_json_key(out, "rows");
	buf_u8(out, '[');
	for (size_t i = 0; i < r->n; i++) {
		buf_str(out, i ? ",{" : "{");
		key_object(out, q, r->rows[i].key);
		names_object(out, q, r->rows[i].names, r->rows[i].value);
		top_counters(out, &r->rows[i]);
		member_number(out, "value", r->rows[i].value);
		member_bool(out, "scaled", r->rows[i].scaled);
		buf_u8(out, '}');
	}
	buf_str(out, "],\"total\":{");
	top_counters(out, &r->total);
	member_number(out, "value", r->total.value);
	member_bool(out, "scaled", r->total.scaled);
	buf_u8(out, '}');
	member_u64(out, "groups", r->groups);
	member_bool(out, "groups_estimated", r->groups_estimated);
	tail(out, &r->cost);
}

static void series_values(struct buf *out, const struct series_line *l, size_t n)
{
	buf_json_key(out, "values");
	buf_u8(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_u8(out, ',');
		render_number(out, l->values[i]);
	}
	buf_u8(out, ']');
	member_number(out, "min", l->min);
	member_number(out, "max", l->max);
	member_number(out, "avg", l->avg);
	member_number(out, "p95", l->p95);
	member_number(out, "last", l->last);
	member_number(out, "total", l->total);
	member_bool(out, "scaled", l->scaled);
}

static int64_t bin_start(const struct query *q, size_t i)
{
	return q->from_ms + (int64_t)i * q->step_s * 1000;
}

void render_series_json(struct buf *out, const struct query *q, const struct series_result *r)
{
	head(out, q, &r->cost);
	buf_json_key(out, "t");
	buf_u8(out, '[');
	for (size_t i = 0; i < r->n_bins; i++) {
		if (i)
			buf_u8(out, ',');
		buf_dec_signed(out, bin_start(q, i));
	}
	buf_str(out, "],\"series\":[");
	for (size_t i = 0; i < r->n; i++) {
		buf_str(out, i ? ",{" : "{");
		key_object(out, q, r->lines[i].key);
		names_object(out, q, r->lines[i].names, r->lines[i].avg);
		series_values(out, &r->lines[i], r->n_bins);
		buf_u8(out, '}');
	}
	buf_str(out, "],\"other\":");
	if (r->has_other) {
		buf_u8(out, '{');
		series_values(out, &r->other, r->n_bins);
		buf_u8(out, '}');
	} else {
		buf_str(out, "null");
	}
	tail(out, &r->cost);
}

/* "in_if_name":"xe-0/0/0" for the keys that have one. */
static void name_members(struct buf *out, const struct query *q, const struct key_name *names)
{
	for (size_t i = 0; names && i < q->n_by; i++) {
		if (!names[i].text)
			continue;
		buf_u8(out, ',');
		buf_fmt(out, "\"%s_name\":", key_name(q->by[i]));
		put_string(out, names[i].text);
	}
}

void render_top_ndjson(struct buf *out, const struct query *q, const struct top_result *r)
{
	const struct metric_info *m = &metric_table[q->metric];
	for (size_t i = 0; i < r->n; i++) {
		buf_u8(out, '{');
		key_members(out, q, r->rows[i].key);
		name_members(out, q, r->rows[i].names);
		top_counters(out, &r->rows[i]);
		if (m->rate)
			member_number(out, m->name, r->rows[i].value);
		member_bool(out, "scaled", r->rows[i].scaled);
		buf_str(out, "}\n");
	}
}

static void csv_keys(struct buf *out, const struct query *q, const struct cell *key)
{
	for (size_t i = 0; i < q->n_by; i++) {
		struct buf text = {0};
		cell_text(&text, &key[i]);
		buf_csv_cell(out, text.p, text.n);
		buf_u8(out, ',');
		buf_fini(&text);
	}
}

static void csv_key_names(struct buf *out, const struct query *q)
{
	for (size_t i = 0; i < q->n_by; i++) {
		buf_str(out, key_name(q->by[i]));
		buf_u8(out, ',');
	}
}

/* Columns "in_if_name" behind the others, for keys of which some row has a name. */
static bool has_name(const struct top_result *r, size_t key)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->rows[i].names && r->rows[i].names[key].text)
			return true;
	return false;
}

static void csv_names(struct buf *out, const struct query *q, const struct top_result *r,
		      const struct top_row *row)
{
	for (size_t k = 0; k < q->n_by; k++) {
		if (!has_name(r, k))
			continue;
		buf_u8(out, ',');
		const char *text = row && row->names ? row->names[k].text : NULL;
		if (!row)
			buf_fmt(out, "%s_name", key_name(q->by[k]));
		else if (text)
			buf_csv_cell(out, (const uint8_t *)text, strlen(text));
	}
}

void render_top_csv(struct buf *out, const struct query *q, const struct top_result *r)
{
	const struct metric_info *m = &metric_table[q->metric];
	csv_key_names(out, q);
	buf_fmt(out, "bytes,packets,flows%s%s,scaled", m->rate ? "," : "", m->rate ? m->name : "");
	csv_names(out, q, r, NULL);
	buf_str(out, "\r\n");
	for (size_t i = 0; i < r->n; i++) {
		const struct top_row *row = &r->rows[i];
		csv_keys(out, q, row->key);
		buf_dec(out, row->bytes);
		buf_u8(out, ',');
		buf_dec(out, row->packets);
		buf_u8(out, ',');
		buf_dec(out, row->flows);
		if (m->rate) {
			buf_u8(out, ',');
			render_number(out, row->value);
		}
		buf_str(out, row->scaled ? ",1" : ",0");
		csv_names(out, q, r, row);
		buf_str(out, "\r\n");
	}
}

void render_series_ndjson(struct buf *out, const struct query *q, const struct series_result *r)
{
	char when[RFC3339_MAX];
	for (size_t k = 0; k < r->n; k++)
		for (size_t i = 0; i < r->n_bins; i++) {
			rfc3339_format(bin_start(q, i), when);
			buf_fmt(out, "{\"t\":\"%s\"", when);
			key_members(out, q, r->lines[k].key);
			member_number(out, metric_table[q->metric].name, r->lines[k].values[i]);
			buf_str(out, "}\n");
		}
}

void render_series_csv(struct buf *out, const struct query *q, const struct series_result *r)
{
	char when[RFC3339_MAX];
	buf_str(out, "t,");
	csv_key_names(out, q);
	buf_fmt(out, "%s\r\n", metric_table[q->metric].name);
	for (size_t k = 0; k < r->n; k++)
		for (size_t i = 0; i < r->n_bins; i++) {
			rfc3339_format(bin_start(q, i), when);
			buf_fmt(out, "%s,", when);
			csv_keys(out, q, r->lines[k].key);
			render_number(out, r->lines[k].values[i]);
			buf_str(out, "\r\n");
		}
}

void render_flows_ndjson(struct buf *out, const struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		record_json(out, b, i);
		buf_u8(out, '\n');
	}
}

void render_flows_csv_header(struct buf *out, const struct batch *b)
{
	const char *comma = "";
	for (int f = 0; f < FIELD_MAX; f++) {
		if (!batch_has(b, (enum field)f))
			continue;
		buf_fmt(out, "%s%s", comma, field_table[f].name);
		comma = ",";
	}
	buf_str(out, "\r\n");
}

/* The JSON value without the quotes of a string: what stands in a CSV cell. */
static void csv_value(struct buf *out, const struct batch *b, enum field f, uint32_t row)
{
	if (field_table[f].ctype == CT_STR) {
		struct span s = batch_span(b, f)[row];
		buf_csv_cell(out, s.len ? batch_bytes(b, s) : (const uint8_t *)"", s.len);
		return;
	}
	struct buf text = {0};
	record_json_value(&text, b, f, row);
	bool quoted = text.n >= 2 && (text.p[0] == '"' || text.p[0] == '[');
	buf_csv_cell(out, text.p + quoted, text.n - 2 * (size_t)quoted);
	buf_fini(&text);
}

void render_flows_csv(struct buf *out, const struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const char *comma = "";
		for (int f = 0; f < FIELD_MAX; f++) {
			if (!batch_has(b, (enum field)f))
				continue;
			buf_str(out, comma);
			comma = ",";
			if (batch_present(b, (enum field)f, i))
				csv_value(out, b, (enum field)f, i);
		}
		buf_str(out, "\r\n");
	}
}
