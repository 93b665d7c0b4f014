/* SPDX-License-Identifier: Apache-2.0 */
#include "query/sample.h"

#include "base/buf.h"
#include "base/rd.h"
#include "query/run_priv.h"
#include "store/client.h"

bool sample_of(const struct query *q, uint64_t flows, uint64_t rows, struct sample *ret)
{
	int64_t first = q->from_ms / SAMPLE_SLICE_MS * SAMPLE_SLICE_MS;
	uint64_t slices = (uint64_t)(q->to_ms - first + SAMPLE_SLICE_MS - 1) / SAMPLE_SLICE_MS;
	uint64_t every = (flows + rows - 1) / rows;
	if (every <= 1)
		return false;
	every = MIN_OF(every, slices / COARSE_SLICES_MIN);
	every = MAX_OF(every, (slices + COARSE_SLICES_MAX - 1) / COARSE_SLICES_MAX);
	*ret = (struct sample){.from_ms = first, .every = (uint32_t)every};
	return every > 1;
}

enum err sample_choose(struct store *s, const struct query *q, const struct run_options *o,
		       struct sample *ret, bool *ret_wanted, struct run_cost *cost,
		       struct diag *reterr)
{
	struct buf sql = {0};
	struct reply a = {0};
	buf_fmt(&sql,
		"SELECT toUInt64(sum(flows)) FROM %s.series_5m WHERE t >= toDateTime(%lld, 'UTC') "
		"AND t < toDateTime(%lld, 'UTC')",
		store_database(s), (long long)(q->from_ms / 1000), (long long)(q->to_ms / 1000));
	enum err e = run_statement(s, &sql, o, "-size", &a, cost, reterr);
	uint64_t flows = rd_le64(&a.rd);
	if (!e && a.rd.bad)
		e = run_bad_answer(reterr);
	*ret_wanted = !e && sample_of(q, flows, o->coarse_rows ? o->coarse_rows : COARSE_ROWS, ret);
	buf_fini(&a.data);
	buf_fini(&sql);
	return e;
}

/* Slice i, and the time for which it stands: from its begin to those ends, both cut at the range.
 */
struct stretch {
	int64_t from_ms, read_to_ms, to_ms;
};

static struct stretch stretch_of(const struct sample *s, const struct query *q, size_t i)
{
	int64_t begin = s->from_ms + (int64_t)i * s->every * SAMPLE_SLICE_MS;
	return (struct stretch){.from_ms = MAX_OF(begin, q->from_ms),
				.read_to_ms = MIN_OF(begin + SAMPLE_SLICE_MS, q->to_ms),
				.to_ms =
				    MIN_OF(begin + (int64_t)s->every * SAMPLE_SLICE_MS, q->to_ms)};
}

size_t sample_slices(const struct sample *s, const struct query *q)
{
	int64_t span = (int64_t)s->every * SAMPLE_SLICE_MS;
	return (size_t)((q->to_ms - s->from_ms + span - 1) / span);
}

double sample_share(const struct sample *s, const struct query *q)
{
	int64_t read = 0;
	for (size_t i = 0; i < sample_slices(s, q); i++) {
		struct stretch t = stretch_of(s, q, i);
		read += t.read_to_ms - t.from_ms;
	}
	return (double)read / (double)(q->to_ms - q->from_ms);
}

double sample_spread(const struct sample *s, const struct query *q, size_t i, double found,
		     double *values, size_t n_bins)
{
	struct stretch t = stretch_of(s, q, i);
	int64_t step = (int64_t)q->step_s * 1000;
	double per_ms = found / (double)(t.read_to_ms - t.from_ms);
	size_t bin = (size_t)((t.from_ms - q->from_ms) / step);
	for (; bin < n_bins; bin++) {
		int64_t begin = q->from_ms + (int64_t)bin * step;
		int64_t from = MAX_OF(begin, t.from_ms), to = MIN_OF(begin + step, t.to_ms);
		if (from >= to)
			break;
		values[bin] += per_ms * (double)(to - from);
	}
	return per_ms * (double)(t.to_ms - t.from_ms);
}
