/* SPDX-License-Identifier: Apache-2.0 */
#include "query/flows.h"

#include "base/timefmt.h"
#include "model/batch.h"
#include "model/native.h"
#include "query/plan.h"
#include "store/client.h"

#include <stdlib.h>
#include <string.h>

/* Beyond so many rows it pays to ask first which columns are used at all. */
enum { PROBE_ROWS_MIN = 1000, ROW_MAX = 16 << 20 };

struct flows_reader {
	unsigned columns[NATIVE_MAX];
	size_t n;
	struct buf rest; /* the beginning of a row */
	struct batch *batch;
	flows_fn *each;
	void *arg;
	bool stopped;
};

struct flows_reader *flows_reader_new(const unsigned *columns, size_t n, flows_fn *each, void *arg)
{
	struct flows_reader *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	memcpy(r->columns, columns, n * sizeof(*columns));
	r->n = n;
	r->each = each;
	r->arg = arg;
	r->rest.max = ROW_MAX;
	r->batch = batch_new(SHAPE_WIDE);
	if (!r->batch) {
		free(r);
		return NULL;
	}
	return r;
}

void flows_reader_free(struct flows_reader *r)
{
	if (!r)
		return;
	batch_free(r->batch);
	buf_fini(&r->rest);
	free(r);
}

static void put_value(struct batch *b, enum field f, const struct cell *v)
{
	uint32_t row = b->n;
	switch (v->type) {
	case CT_U8:
	case CT_U16:
	case CT_U32:
	case CT_U64:
	case CT_MS:
	case CT_MAC:
		batch_set_num(b, f, row, v->num);
		break;
	case CT_IP:
		batch_set_ip(b, f, row, &v->ip);
		break;
	case CT_STR:
		batch_use(b, f);
		if (v->len)
			(void)batch_put_str(b, f, row, v->bytes, v->len);
		break;
	case CT_U32LIST:
		batch_use(b, f);
		for (uint32_t i = 0; i + sizeof(uint32_t) <= v->len; i += sizeof(uint32_t)) {
			uint32_t number;
			memcpy(&number, v->bytes + i, sizeof(number));
			(void)batch_push_u32(b, f, row, number);
		}
		break;
	case CT_MAX:
		break;
	}
}

/* One row; presence comes last and wins over what the setters marked. false if the row is not
 * complete. */
static bool read_row(struct flows_reader *r, struct rd *rd)
{
	struct rd probe = *rd;
	for (size_t i = 0; i < r->n && !probe.bad; i++) {
		unsigned c = r->columns[i];
		(void)cell_read(&probe, c < FIELD_MAX ? field_table[c].ctype : CT_U64, NULL);
	}
	if (probe.bad)
		return false;
	batch_open_rows(r->batch, 1);
	for (size_t i = 0; i < r->n; i++) {
		unsigned c = r->columns[i];
		if (c < FIELD_MAX) {
			struct cell v = cell_read(rd, field_table[c].ctype, NULL);
			put_value(r->batch, (enum field)c, &v);
		} else {
			r->batch->present[c - NATIVE_PRESENT][r->batch->n] = rd_le64(rd);
		}
	}
	r->batch->n++;
	return true;
}

static bool hand_out(struct flows_reader *r)
{
	if (r->batch->n && !r->each(r->arg, r->batch))
		r->stopped = true;
	batch_reset(r->batch);
	return !r->stopped;
}

bool flows_reader_take(struct flows_reader *r, const uint8_t *p, size_t n)
{
	/* Rows are read where they lie; only one that is cut is put together in `rest`. */
	if (r->rest.n) {
		buf_put(&r->rest, p, n);
		p = r->rest.p;
		n = r->rest.n;
	}
	struct rd rd = rd_of(p, n);
	while (!r->rest.bad && !r->stopped && rd_left(&rd) && read_row(r, &rd))
		if (batch_room(r->batch) == 0)
			hand_out(r);
	size_t left = rd_left(&rd);
	if (r->rest.n) {
		memmove(r->rest.p, rd.p, left);
		r->rest.n = left;
	} else {
		buf_put(&r->rest, rd.p, left);
	}
	return !r->stopped && !r->rest.bad;
}

enum err flows_reader_end(struct flows_reader *r)
{
	hand_out(r);
	return r->rest.n || r->rest.bad ? ERR_MALFORMED : ERR_OK;
}

static bool names_fields(const struct query *q)
{
	for (size_t i = 0; i < ARRAY_LEN(q->fields); i++)
		if (q->fields[i])
			return true;
	return false;
}

/* Whether a wanted field has its bit in this word of presence. */
static bool wants_word(const struct query *q, unsigned word)
{
	for (int f = 0; f < FIELD_MAX && names_fields(q); f++)
		if ((q->fields[f / 64] >> (f % 64) & 1) && field_table[f].present_bit / 64u == word)
			return true;
	return !names_fields(q);
}

static bool is_wanted(const struct query *q, unsigned column, const uint64_t *present)
{
	if (column == NATIVE_DAY || !native_in_shape(column, SHAPE_WIDE))
		return false;
	if (column >= FIELD_MAX)
		return wants_word(q, column - NATIVE_PRESENT);
	unsigned bit = field_table[column].present_bit;
	if (!(present[bit / 64] >> (bit % 64) & 1))
		return false;
	/* Costs more than reading all others: only for who names it. */
	if (!names_fields(q) && field_is_computed((enum field)column))
		return false;
	return !names_fields(q) || (q->fields[column / 64] >> (column % 64) & 1);
}

/* The presence bits that any flow of the query has. */
static enum err probe_present(struct store *s, const struct query *q, const struct run_options *o,
			      uint64_t present[PRESENT_WORDS], struct diag *reterr)
{
	struct buf sql = {0}, out = {0};
	memset(present, 0, PRESENT_WORDS * sizeof(*present));
	buf_str(&sql, "SELECT ");
	for (unsigned w = 0, n = 0; w < PRESENT_WORDS; w++)
		if (shape_has_present_word(SHAPE_WIDE, w))
			buf_fmt(&sql, "%sgroupBitOr(%s)", n++ ? ", " : "",
				native_name(NATIVE_PRESENT + w));
	buf_fmt(&sql, " FROM %s.flows", store_database(s));
	plan_flows_where(q, &sql);
	struct store_query sq = {.sql = buf_cstr(&sql),
				 .format = "RowBinary",
				 .timeout_ms = o->timeout_ms,
				 .cancel = o->cancel};
	enum err e = store_fetch(s, &sq, &out, NULL, reterr);
	struct rd r = rd_of(out.p, out.n);
	for (unsigned w = 0; w < PRESENT_WORDS; w++)
		if (shape_has_present_word(SHAPE_WIDE, w))
			present[w] = rd_le64(&r);
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}

/* The order of flows that are equal in the field of the order: the same in every answer, so that
 * pages neither repeat nor miss one. A list that is longer than any page is put in order by the
 * first few, which most filters read anyway; each further column is a tenth of the time. */
static const enum field ties[] = {F_t_last, F_src_ip, F_dst_ip,  F_src_port, F_dst_port,
				  F_proto,  F_bytes,  F_packets, F_t_first,  F_exporter_ip};
enum { TIES_OF_MANY = 5, PAGE_MAX = 10000 };

/* An address by the columns that are stored: putting it together costs more than ordering. */
static void order_by(struct buf *sql, enum field f, const char *direction)
{
	const struct native_split *split = native_split(f);
	if (split)
		buf_fmt(sql, ", %s %s, %s %s", split->ip4, direction, split->ip6, direction);
	else
		buf_fmt(sql, ", %s %s", field_table[f].name, direction);
}

static void list_sql(const struct store *s, const struct query *q, const unsigned *columns,
		     size_t n, struct buf *sql)
{
	const char *direction = q->desc ? "DESC" : "ASC";
	buf_str(sql, "SELECT ");
	for (size_t i = 0; i < n; i++)
		buf_fmt(sql, "%s%s", i ? ", " : "", native_name(columns[i]));
	buf_fmt(sql, " FROM %s.flows", store_database(s));
	plan_flows_where(q, sql);
	buf_str(sql, " ORDER BY ");
	/* The beginning of the sorting key: the newest flows are found without reading all. */
	if (q->order == F_t_last)
		buf_fmt(sql, "toStartOfFiveMinutes(t_last) %s, ", direction);
	buf_fmt(sql, "%s %s", field_table[q->order].name, direction);
	for (size_t i = 0; i < (q->limit > PAGE_MAX ? TIES_OF_MANY : ARRAY_LEN(ties)); i++)
		if (ties[i] != q->order)
			order_by(sql, ties[i], direction);
	buf_fmt(sql, " LIMIT %llu OFFSET %llu", (unsigned long long)q->limit,
		(unsigned long long)q->offset);
}

/* Few flows in the order of time: when the last of them ended is found first, reading only what the
 * filter needs; then all columns are read of that much time only. *narrow gets the smaller range.
 */
static enum err narrow_range(struct store *s, const struct query *q, const struct run_options *o,
			     struct query *narrow, struct diag *reterr)
{
	const char *direction = q->desc ? "DESC" : "ASC";
	struct buf sql = {0}, out = {0};
	*narrow = *q;
	if (q->order != F_t_last || q->limit > PROBE_ROWS_MIN)
		return ERR_OK;
	buf_fmt(&sql, "SELECT toInt64(toUnixTimestamp64Milli(t_last)) FROM %s.flows",
		store_database(s));
	plan_flows_where(q, &sql);
	buf_fmt(&sql, " ORDER BY toStartOfFiveMinutes(t_last) %s, t_last %s LIMIT 1 OFFSET %llu",
		direction, direction, (unsigned long long)(q->offset + q->limit - 1));
	struct store_query sq = {.sql = buf_cstr(&sql),
				 .format = "RowBinary",
				 .timeout_ms = o->timeout_ms,
				 .cancel = o->cancel};
	enum err e = store_fetch(s, &sq, &out, NULL, reterr);
	struct rd r = rd_of(out.p, out.n);
	int64_t last = (int64_t)rd_le64(&r);
	if (!e && !r.bad && q->desc)
		narrow->from_ms = MAX_OF(q->from_ms, last);
	else if (!e && !r.bad)
		narrow->to_ms = MIN_OF(q->to_ms, last + 1);
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}

static bool take(void *arg, const uint8_t *p, size_t n)
{
	return flows_reader_take(arg, p, n);
}

struct flows_stream {
	struct flows_reader *reader;
	struct store_call *call;
	uint64_t start_ns;
};

static enum err begin_call(struct flows_stream *f, struct store *s, const struct query *q,
			   const struct run_options *o, struct diag *reterr)
{
	/* Few columns are read in blocks of many rows; of all columns they would be large. */
	static const struct store_pair blocks[] = {{"preferred_block_size_bytes", "0"}};
	struct buf sql = {0};
	list_sql(s, q, f->reader->columns, f->reader->n, &sql);
	struct store_query sq = {.sql = buf_cstr(&sql),
				 .format = "RowBinary",
				 .query_id = o->query_id,
				 .timeout_ms = o->timeout_ms,
				 .cancel = o->cancel,
				 .settings = blocks,
				 .n_settings = names_fields(q) ? ARRAY_LEN(blocks) : 0,
				 .whole = q->limit <= PROBE_ROWS_MIN,
				 .on_data = take,
				 .arg = f->reader};
	enum err e = store_query_begin(s, &sq, &f->call, reterr);
	buf_fini(&sql);
	return e;
}

enum err flows_begin(struct store *s, const struct query *q, const struct run_options *o,
		     flows_fn *each, void *arg, struct flows_stream **ret, struct diag *reterr)
{
	unsigned columns[NATIVE_MAX];
	size_t n = 0;
	uint64_t present[PRESENT_WORDS], start = clock_mono_ns();
	memset(present, 0xff, sizeof(present));
	bool probe = o->only_used || (q->limit > PROBE_ROWS_MIN && !names_fields(q));
	enum err e = probe ? probe_present(s, q, o, present, reterr) : ERR_OK;
	struct query narrow;
	if (!e)
		e = narrow_range(s, q, o, &narrow, reterr);
	if (e)
		return e;
	for (unsigned c = 0; c < NATIVE_MAX; c++)
		if (is_wanted(q, c, present))
			columns[n++] = c;
	struct flows_stream *f = calloc(1, sizeof(*f));
	if (f)
		f->reader = flows_reader_new(columns, n, each, arg);
	if (!f || !f->reader) {
		free(f);
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	}
	f->start_ns = start;
	e = begin_call(f, s, &narrow, o, reterr);
	if (e) {
		flows_end(&f, NULL);
		return e;
	}
	*ret = f;
	return ERR_OK;
}

enum err flows_step(struct flows_stream *f, bool *ret_done, struct diag *reterr)
{
	enum err e = store_query_step(f->call, ret_done, reterr);
	if (!e && *ret_done && flows_reader_end(f->reader))
		return diag_set(reterr, ERR_MALFORMED, 0, 0,
				"the store's answer ends in the middle of a row");
	return e;
}

void flows_end(struct flows_stream **fp, struct run_cost *ret)
{
	struct flows_stream *f = *fp;
	struct store_summary sum = {0};
	*fp = NULL;
	if (!f)
		return;
	store_query_end(&f->call, &sum);
	if (ret)
		*ret = (struct run_cost){.source = "flows",
					 .elapsed_ms = (clock_mono_ns() - f->start_ns) / 1000000u,
					 .rows_read = sum.rows_read};
	flows_reader_free(f->reader);
	free(f);
}

enum err run_flows(struct store *s, const struct query *q, const struct run_options *o,
		   flows_fn *each, void *arg, struct run_cost *ret, struct diag *reterr)
{
	struct flows_stream *f;
	bool done = false;
	enum err e = flows_begin(s, q, o, each, arg, &f, reterr);
	if (e)
		return e;
	while (!e && !done)
		e = flows_step(f, &done, reterr);
	flows_end(&f, ret);
	return e;
}

enum err run_flows_count(struct store *s, const struct query *q, const struct run_options *o,
			 uint64_t *ret, struct run_cost *ret_cost, struct diag *reterr)
{
	struct buf sql = {0}, out = {0};
	struct store_summary sum;
	buf_fmt(&sql, "SELECT count() FROM %s.flows", store_database(s));
	plan_flows_where(q, &sql);
	struct store_query sq = {.sql = buf_cstr(&sql),
				 .format = "RowBinary",
				 .timeout_ms = o->timeout_ms,
				 .cancel = o->cancel};
	enum err e = store_fetch(s, &sq, &out, &sum, reterr);
	if (!e) {
		struct rd r = rd_of(out.p, out.n);
		*ret = rd_le64(&r);
		ret_cost->rows_read += sum.rows_read;
	}
	buf_fini(&sql);
	buf_fini(&out);
	return e;
}
