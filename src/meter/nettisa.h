/* SPDX-License-Identifier: Apache-2.0 */
/* NetTiSA: a flow as a time series of payload lengths and times, in thirteen figures (Koumar,
 * Hynek, Pesek, Cejka: "NetTiSA: Extended IP flow with time-series features", 2023; CESNET's
 * elements 1020 to 1032). Constant memory, no second look at a packet: moments are kept exactly
 * (Welford, Pebay), mean deviations are those from the mean so far. Times in us. */
#pragma once
#include "model/batch.h"

#include <stdint.h>

struct nettisa {
	uint64_t first_ns, last_ns;
	double mean, m2, m3, m4; /* of lengths; sums of powers of their distance from the mean */
	double squares, dispersion;
	double time_mean, gap_mean, gap_dispersion, gap_min, gap_max;
	uint32_t n, switches;
	uint32_t min, max, last;
};

void nettisa_begin(struct nettisa *s, uint64_t t_ns);
void nettisa_see(struct nettisa *s, uint64_t t_ns, uint32_t len);
/* Nothing below two packets. */
void nettisa_to_batch(const struct nettisa *s, struct batch *b, uint32_t row);
