/* SPDX-License-Identifier: Apache-2.0 */
/* What the times of an exporter's records tell about the exporter: how long after its last packet a
 * flow reaches us, and after how long it cuts long flows (the active timeout). Exporters do not
 * tell the latter, but the durations of their long flows pile up at it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct batch;

enum {
	TIMING_LONG_MS = 10 * 1000,           /* shorter flows say nothing about a timeout */
	TIMING_MAX_MS = 4 * 3600 * 1000,      /* longer ones have a broken clock */
	TIMING_LAG_MAX_MS = 24 * 3600 * 1000, /* ... and so have those further from t_recv */
	TIMING_BINS = 88,                     /* eight per doubling, from TIMING_LONG_MS on */
	TIMING_FORGET =
	    4096, /* long flows after which the older ones count half: timeouts change */
};

struct timing {
	int64_t lag_sum_ms;
	uint64_t lag_records;
	uint16_t n[TIMING_BINS];
	uint32_t longest_ms[TIMING_BINS]; /* in each bin */
	uint32_t total;                   /* of n */
};

/* Takes rows from..from+k-1 of b, all of one exporter. lag: their t_recv and t_last are known. */
void timing_see(struct timing *t, const struct batch *b, uint32_t from, uint32_t k, bool lag);
/* 0 = too few long flows to tell. */
uint32_t timing_active_timeout_ms(const struct timing *t);
