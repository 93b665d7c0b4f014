/* SPDX-License-Identifier: Apache-2.0 */
#include "model/milli.h"

#include <math.h>
#include <string.h>

uint64_t milli_of(double x)
{
	const double per_unit = 1000, most = 18446744073709551616.0;
	double v = x * per_unit + 0.5;
	return v >= most ? UINT64_MAX : v >= 1 ? (uint64_t)v : 0;
}

bool milli_from32(uint32_t bits, uint64_t *ret)
{
	float f;
	memcpy(&f, &bits, sizeof(f));
	*ret = milli_of((double)f);
	return !isnan(f);
}

bool milli_from64(uint64_t bits, uint64_t *ret)
{
	double f;
	memcpy(&f, &bits, sizeof(f));
	*ret = milli_of(f);
	return !isnan(f);
}

uint32_t milli_to32(uint64_t v)
{
	float f = (float)((double)v / 1000);
	uint32_t bits;
	memcpy(&bits, &f, sizeof(bits));
	return bits;
}
