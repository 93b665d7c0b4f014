/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/nettisa.h"

#include "base/attr.h"
#include "model/milli.h"

#include <math.h>

enum { NS_PER_US = 1000 };

void nettisa_begin(struct nettisa *s, uint64_t t_ns)
{
	*s = (struct nettisa){.first_ns = t_ns, .last_ns = t_ns, .min = UINT32_MAX};
}

static double us_between(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / NS_PER_US : 0;
}

/* The moments of n values from those of n - 1 and the next. */
static void see_length(struct nettisa *s, double len)
{
	double n = s->n, delta = len - s->mean, step = delta / n;
	double both = delta * step * (n - 1);
	s->mean += step;
	s->m4 +=
	    both * step * step * (n * n - 3 * n + 3) + 6 * step * step * s->m2 - 4 * step * s->m3;
	s->m3 += both * step * (n - 2) - 3 * step * s->m2;
	s->m2 += both;
	s->squares += len * len;
	s->dispersion += fabs(len - s->mean);
}

static void see_gap(struct nettisa *s, double us)
{
	double gaps = s->n - 1;
	s->gap_min = s->n == 2 ? us : fmin(s->gap_min, us);
	s->gap_max = fmax(s->gap_max, us);
	s->gap_mean += (us - s->gap_mean) / gaps;
	s->gap_dispersion += fabs(us - s->gap_mean);
}

void nettisa_see(struct nettisa *s, uint64_t t_ns, uint32_t len)
{
	s->n++;
	see_length(s, len);
	s->time_mean += (us_between(s->first_ns, t_ns) - s->time_mean) / s->n;
	if (s->n > 1) {
		see_gap(s, us_between(s->last_ns, t_ns));
		s->switches += len != s->last;
	}
	s->min = MIN_OF(s->min, len);
	s->max = MAX_OF(s->max, len);
	s->last = len;
	s->last_ns = t_ns;
}

/* As a float32 tells it, so that it comes back the same from IPFIX. */
static void put(struct batch *b, enum field f, uint32_t row, double x)
{
	uint64_t most = field_table[f].ctype == CT_U32 ? UINT32_MAX : UINT64_MAX;
	uint64_t v = milli_of((double)(float)x);
	batch_set_num(b, f, row, MIN_OF(v, most));
}

void nettisa_to_batch(const struct nettisa *s, struct batch *b, uint32_t row)
{
	if (s->n < 2)
		return;
	double n = s->n, gaps = n - 1;
	double variance = s->m2 / n, spread = (s->gap_max - s->gap_min) / 2;
	batch_set_num(b, F_nts_payload_min, row, MIN_OF(s->min, (uint32_t)UINT16_MAX));
	batch_set_num(b, F_nts_payload_max, row, MIN_OF(s->max, (uint32_t)UINT16_MAX));
	put(b, F_nts_payload_mean_milli, row, s->mean);
	put(b, F_nts_payload_dev_milli, row, sqrt(variance));
	put(b, F_nts_payload_rms_milli, row, sqrt(s->squares / n));
	put(b, F_nts_payload_dispersion_milli, row, s->dispersion / n);
	put(b, F_nts_payload_kurtosis_milli, row,
	    variance > 0 ? s->m4 / n / (variance * variance) : 0);
	put(b, F_nts_time_mean_ns, row, s->time_mean);
	put(b, F_nts_gap_mean_ns, row, s->gap_mean);
	put(b, F_nts_gap_min_ns, row, s->gap_min);
	put(b, F_nts_gap_max_ns, row, s->gap_max);
	put(b, F_nts_time_distribution_milli, row,
	    spread > 0 ? s->gap_dispersion / gaps / spread : 0);
	put(b, F_nts_switching_milli, row, s->switches / (gaps / 2));
}
