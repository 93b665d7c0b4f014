/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/entropy.h"

#include "base/attr.h"

#include <math.h>

void entropy_see(struct entropy *e, struct rd bytes, uint16_t most)
{
	size_t n = MIN_OF(rd_left(&bytes), (size_t)(most - MIN_OF(e->n, most)));
	for (size_t i = 0; i < n; i++)
		e->count[bytes.p[i]]++;
	e->n = (uint16_t)(e->n + n);
}

/* -sum(c/n log2(c/n)) = log2(n) - sum(c log2(c)) / n */
uint8_t entropy_value(const struct entropy *e)
{
	enum { A_BIT = 32 };
	double sum = 0;
	if (!e->n)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(e->count); i++)
		if (e->count[i] > 1)
			sum += e->count[i] * log2(e->count[i]);
	double bits = log2(e->n) - sum / e->n;
	return (uint8_t)MIN_OF(MAX_OF(bits * A_BIT, 0.0), (double)UINT8_MAX);
}
