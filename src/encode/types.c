/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/types.h"

#include "base/attr.h"
#include "model/field.h"
#include "model/own_pen.h"

#include <stdio.h>

/* IANA: informationElementDataType */
enum {
	T_U8 = 1,
	T_U16 = 2,
	T_U32 = 3,
	T_U64 = 4,
	T_MAC = 12,
	T_STRING = 13,
	T_MS = 15,
	T_IP6 = 19
};
static const uint8_t data_types[CT_MAX] = {
    [CT_U8] = T_U8,  [CT_U16] = T_U16, [CT_U32] = T_U32,    [CT_U64] = T_U64,     [CT_MS] = T_MS,
    [CT_IP] = T_IP6, [CT_MAC] = T_MAC, [CT_STR] = T_STRING, [CT_U32LIST] = T_U32,
};

/* IANA: informationElementSemantics; by kind, the default where it is not listed. */
enum { S_QUANTITY = 1, S_DELTA = 3, S_IDENTIFIER = 4, S_FLAGS = 5 };
static uint8_t semantics(const struct field_info *f)
{
	switch (f->kind) {
	case KIND_COUNT:
		return S_DELTA;
	case KIND_DURATION:
		return S_QUANTITY;
	case KIND_FLAGS:
		return S_FLAGS;
	case KIND_PORT:
	case KIND_ID:
	case KIND_PROTO:
	case KIND_AS:
	case KIND_IFACE:
		return S_IDENTIFIER;
	case KIND_TIME:
	case KIND_ADDR:
	case KIND_NUM:
	case KIND_TEXT:
	case KIND_MAC:
	case KIND_LIST:
		break;
	}
	return 0;
}

/* IANA: informationElementUnits */
static uint16_t units(enum field_unit u)
{
	enum { U_OCTETS = 2, U_PACKETS = 3, U_FLOWS = 4, U_MS = 6, U_US = 7 };
	switch (u) {
	case UNIT_BYTES:
		return U_OCTETS;
	case UNIT_PACKETS:
		return U_PACKETS;
	case UNIT_FLOWS:
		return U_FLOWS;
	case UNIT_MS:
		return U_MS;
	case UNIT_US:
		return U_US;
	case UNIT_NONE:
		break;
	}
	return 0;
}

/* tunnel_proto -> weirTunnelProto */
static void camel(char out[OWN_NAME_MAX], const char *name)
{
	size_t n = (size_t)snprintf(out, OWN_NAME_MAX, "weir");
	bool upper = true;
	for (; *name && n + 1 < OWN_NAME_MAX; name++) {
		bool letter = *name >= 'a' && *name <= 'z';
		if (*name != '_')
			out[n++] = upper && letter ? (char)(*name - 'a' + 'A') : *name;
		upper = *name == '_';
	}
	out[n] = 0;
}

void own_types(void (*fn)(void *ctx, const struct own_type *t), void *ctx)
{
	static const struct own_type counters[] = {
	    {OWN_COUNTER_NAME, 0, T_STRING, 0, "weirCounterName", "name of a counter of the probe"},
	    {OWN_COUNTER_VALUE, 0, T_U64, S_QUANTITY, "weirCounterValue",
	     "value of the counter of that name"},
	};
	for (int f = 0; f < FIELD_MAX; f++) {
		const struct field_info *i = &field_table[f];
		const struct field_source *s = i->exported6 < 0 ? NULL : &i->sources[i->exported6];
		if (!s || s->pen != PEN_OWN)
			continue;
		struct own_type t = {.id = s->id,
				     .units = units(i->unit),
				     .data_type = data_types[i->ctype],
				     .semantics = semantics(i),
				     .doc = i->doc};
		camel(t.name, i->name);
		fn(ctx, &t);
	}
	for (size_t i = 0; i < ARRAY_LEN(counters); i++)
		fn(ctx, &counters[i]);
}
