/* SPDX-License-Identifier: Apache-2.0 */
#include "base/near.h"

#include "base/attr.h"

#include <stdint.h>
#include <string.h>

unsigned near_distance(const char *a, size_t an, const char *b, size_t bn)
{
	if (an > NEAR_MAX || bn > NEAR_MAX)
		return NEAR_MAX;
	/* Optimal string alignment: three rows of the matrix are enough. */
	uint8_t rows[3][NEAR_MAX + 1];
	for (size_t j = 0; j <= bn; j++)
		rows[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= an; i++) {
		uint8_t *now = rows[i % 3];
		const uint8_t *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
		now[0] = (uint8_t)i;
		for (size_t j = 1; j <= bn; j++) {
			unsigned best = up[j - 1] + (a[i - 1] != b[j - 1]);
			best = MIN_OF(best, up[j] + 1u);
			best = MIN_OF(best, now[j - 1] + 1u);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN_OF(best, up2[j - 2] + 1u);
			now[j] = (uint8_t)best;
		}
	}
	return rows[an % 3][bn];
}

const char *near_find(const char *s, size_t len, const char *const *words, size_t n)
{
	const char *found = NULL;
	unsigned best = NEAR_MAX;
	for (size_t i = 0; i < n; i++) {
		size_t wn = strlen(words[i]);
		unsigned d = near_distance(s, len, words[i], wn);
		if (d < best && d <= (wn + 2) / 3) {
			best = d;
			found = words[i];
		}
	}
	return found;
}
