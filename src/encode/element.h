/* SPDX-License-Identifier: Apache-2.0 */
/* What a field is on the wire: the information element, its length, and the way its value is
 * written. For IPFIX all of it comes from fields.def; NetFlow v9 gets the fields that its old
 * collectors know (nf9.def). */
#pragma once
#include "encode/target.h"
#include "model/field.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	ELEMENT_VARIABLE = 65535,
	ELEMENT_BASIC_LIST = 291,
	ELEMENT_MPLS_TOP = 70,
	MPLS_LABELS_MAX = 10
};

/* How a value is written; put.c has a loop for each. Those from PUT_STR on are of variable length.
 */
enum put_kind {
	PUT_U8,
	PUT_U16,
	PUT_U32,
	PUT_U64,
	PUT_LOW8, /* the low byte of a 16-bit number */
	PUT_IP4,
	PUT_IP6,
	PUT_MAC,
	PUT_MS,      /* ms since 1970, 8 bytes */
	PUT_SEC,     /* s since 1970, 8 bytes */
	PUT_UPTIME,  /* ms since the exporter started, 4 bytes */
	PUT_NID,     /* name -> number, 2 bytes */
	PUT_ICMP,    /* type, with the code from its own field: a flow has both or none */
	PUT_LABEL,   /* 3 bytes of an MPLS label stack */
	PUT_MILLI32, /* thousandths of 4 bytes -> float32 */
	PUT_MILLI64, /* ... of 8 bytes */
	PUT_STR,
	PUT_HEX,      /* text of hex digits -> bytes */
	PUT_U32S,     /* numbers one after another */
	PUT_LE16,     /* ... of two bytes, little-endian */
	PUT_OCTETS,   /* ... of one byte */
	PUT_LIST,     /* a basicList */
	PUT_LIST_MS,  /* ... of times, ms since t_first */
	PUT_LIST_DIR, /* ... of directions, 0 and 1 -> 1 and -1 */
	PUT_MAX
};

struct wire_form {
	uint32_t pen;
	uint16_t id;
	uint16_t len; /* ELEMENT_VARIABLE: the length is in the record */
	enum put_kind kind;
	/* Of a list, the element inside it; the field's own is ELEMENT_BASIC_LIST. width: bytes of
	   each value, 0 = the fewest that hold the greatest. */
	uint32_t inner_pen;
	uint16_t inner_id;
	uint8_t width;
};

/* The form of f, in a record whose address (of an address field) or whose flow (of others) is IPv6
 * if `six`. False: f is not exported this way. */
bool element_of(enum export_protocol protocol, enum field f, bool six, struct wire_form *ret);
