/* SPDX-License-Identifier: Apache-2.0 */
#include "model/field.h"

#include "base/attr.h"
#include "base/ip.h"
#include "model/batch.h"

#include <string.h>

static const struct {
	const char *name;
	size_t size;
} ctypes[CT_MAX] = {
    [CT_U8] = {"u8", 1},
    [CT_U16] = {"u16", 2},
    [CT_U32] = {"u32", 4},
    [CT_U64] = {"u64", 8},
    [CT_MS] = {"ms", 8},
    [CT_IP] = {"ip", sizeof(struct ip)},
    [CT_MAC] = {"mac", 8},
    [CT_STR] = {"str", sizeof(struct span)},
    [CT_U32LIST] = {"u32list", sizeof(struct span)},
};
static const char *const kinds[] = {"time", "addr", "port",  "num", "count", "flags", "id",
				    "text", "mac",  "proto", "as",  "iface", "list",  "duration"};
static const char *const aggs[] = {"none", "sum", "min", "max", "or", "any"};
static const char *const units[] = {"none", "bytes", "packets", "flows", "ms", "us"};
static const char *const shapes[SHAPE_MAX] = {"core", "wide"};

size_t ctype_size(enum ctype t)
{
	return ctypes[t].size;
}

const char *ctype_name(enum ctype t)
{
	return ctypes[t].name;
}

const char *kind_name(enum field_kind k)
{
	return kinds[k];
}

const char *agg_name(enum field_agg a)
{
	return aggs[a];
}

const char *unit_name(enum field_unit u)
{
	return units[u];
}

const char *shape_name(enum shape s)
{
	return shapes[s];
}

int field_find(const char *name, size_t n)
{
	for (int f = 0; f < FIELD_MAX; f++)
		if (strncmp(field_table[f].name, name, n) == 0 && field_table[f].name[n] == 0)
			return f;
	return -1;
}

bool shape_has_present_word(enum shape s, unsigned word)
{
	for (int f = 0; f < FIELD_MAX; f++)
		if (field_in_shape((enum field)f, s) && field_table[f].present_bit / 64u == word)
			return true;
	return false;
}
