/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/timing.h"

#include "base/attr.h"
#include "model/batch.h"

/* A bin at the long end is a timeout when it has this many flows, and this share of the long ones.
 */
enum { PILE_MIN = 3, PILE_SHARE = 50, SUBSTEPS = 8, SUBSTEP_BITS = 3 };

/* ms in [TIMING_LONG_MS, TIMING_MAX_MS] -> 0.. ; TIMING_LONG_MS is SUBSTEPS units. */
static uint32_t bin_of(uint32_t ms)
{
	uint32_t x = ms / (TIMING_LONG_MS / SUBSTEPS);
	uint32_t e = 31 - (uint32_t)__builtin_clz(x);
	return MIN_OF((e - SUBSTEP_BITS) * SUBSTEPS + ((x >> (e - SUBSTEP_BITS)) & (SUBSTEPS - 1)),
		      (uint32_t)TIMING_BINS - 1);
}

static void forget(struct timing *t)
{
	t->total = 0;
	for (unsigned i = 0; i < TIMING_BINS; i++) {
		t->n[i] /= 2;
		t->total += t->n[i];
		if (t->n[i] == 0)
			t->longest_ms[i] = 0;
	}
}

static void see_long(struct timing *t, uint32_t ms)
{
	uint32_t i = bin_of(ms);
	if (t->total >= TIMING_FORGET)
		forget(t);
	t->n[i]++;
	t->total++;
	t->longest_ms[i] = MAX_OF(t->longest_ms[i], ms);
}

/* Times from outside may be anything: wraps. */
static int64_t difference(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

void timing_see(struct timing *t, const struct batch *b, uint32_t from, uint32_t k, bool lag)
{
	if (!batch_has(b, F_t_last))
		return;
	const int64_t *last = batch_ms(b, F_t_last) + from, *recv = batch_ms(b, F_t_recv) + from;
	int64_t sum = 0;
	uint64_t n = 0;
	for (uint32_t i = 0; lag && i < k; i++) {
		int64_t ms = difference(recv[i], last[i]);
		bool known = last[i] != 0 && ms > -TIMING_LAG_MAX_MS && ms < TIMING_LAG_MAX_MS;
		sum += known ? ms : 0;
		n += known;
	}
	t->lag_sum_ms += sum;
	t->lag_records += n;
	if (!batch_has(b, F_t_first))
		return;
	const int64_t *first = batch_ms(b, F_t_first) + from;
	for (uint32_t i = 0; i < k; i++) {
		int64_t ms = difference(last[i], first[i]);
		if (ms >= TIMING_LONG_MS && ms <= TIMING_MAX_MS)
			see_long(t, (uint32_t)ms);
	}
}

uint32_t timing_active_timeout_ms(const struct timing *t)
{
	uint32_t enough = MAX_OF((uint32_t)PILE_MIN, t->total / PILE_SHARE);
	for (unsigned i = TIMING_BINS; i-- > 0;)
		if (t->n[i] >= enough)
			return t->longest_ms[i];
	return 0;
}
