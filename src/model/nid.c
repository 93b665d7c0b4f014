/* SPDX-License-Identifier: Apache-2.0 */
#include "model/nid.h"

#include "base/attr.h"

#include <string.h>

static const struct {
	uint16_t nid;
	const char *name;
} rows[] = {
#define NID(nid, name) {nid, name},
#include "model/nid.def"
#undef NID
};

const char *nid_name(uint64_t nid)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].nid == nid)
			return rows[i].name;
	return NULL;
}

static uint16_t digits(const char *s, size_t n)
{
	uint32_t v = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return 0;
		v = v * 10 + (uint32_t)(s[i] - '0');
		if (v > UINT16_MAX)
			return 0;
	}
	return (uint16_t)v;
}

uint16_t nid_number(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strlen(rows[i].name) == n && memcmp(rows[i].name, name, n) == 0)
			return rows[i].nid;
	return digits(name, n);
}
