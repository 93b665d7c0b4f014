/* SPDX-License-Identifier: Apache-2.0 */
/* The table of flow fields at run time. The rows come from fields.def; enum field and field_table
 * from the generator (fieldgen.c): forward fields in the order of the file, then the rev_ twins of
 * the reversible ones. */
#pragma once
#include "model/field.gen.h" /* enum field { F_t_first, ... FIELD_MAX }, PRESENT_WORDS, PRESENT_FWD_WORDS */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ctype { CT_U8, CT_U16, CT_U32, CT_U64, CT_MS, CT_IP, CT_MAC, CT_STR, CT_U32LIST, CT_MAX };
enum field_kind {
	KIND_TIME,
	KIND_ADDR,
	KIND_PORT,
	KIND_NUM,
	KIND_COUNT,
	KIND_FLAGS,
	KIND_ID,
	KIND_TEXT,
	KIND_MAC,
	KIND_PROTO,
	KIND_AS,
	KIND_IFACE,
	KIND_LIST,
	KIND_DURATION
};
enum field_agg { AGG_NONE, AGG_SUM, AGG_MIN, AGG_MAX, AGG_OR, AGG_ANY };
enum field_unit { UNIT_NONE, UNIT_BYTES, UNIT_PACKETS, UNIT_FLOWS, UNIT_MS, UNIT_US };
/* Tables and batches come in shapes; a wider one has all fields of the narrower (data-model.md). */
enum shape { SHAPE_CORE, SHAPE_WIDE, SHAPE_MAX };

/* How the bytes of an element become a value of the field. */
enum conv {
	CONV_UINT, /* big-endian unsigned, any length 0..8; a value too big for the field saturates
		    */
	CONV_IP4,  /* 4 bytes */
	CONV_IP6,  /* 16 bytes */
	CONV_MAC,  /* 6 bytes */
	CONV_STR,  /* bytes; trailing NULs are cut */
	CONV_MS,   /* ms since 1970 */
	CONV_SEC,  /* s since 1970 */
	CONV_NTP_US,   /* 64-bit NTP time stamp; the lowest 11 bits of the fraction are ignored (RFC
			  7011 6.1.9) */
	CONV_NTP_NS,   /* 64-bit NTP time stamp (RFC 7011 6.1.10) */
	CONV_DELTA_US, /* us before the export time of the message */
	CONV_UPTIME,   /* ms since the device started (sysUpTime in the header, or element 160) */
	CONV_HIGH8,    /* high byte of a 16-bit number */
	CONV_LOW8,     /* low byte of a 16-bit number */
	CONV_MPLS,     /* 3 bytes, appended to the list */
	CONV_U32S,     /* a run of 32-bit numbers */
	/* Flowmon's lists: runs of 16-bit little-endian numbers, of bytes; filled up with ones */
	CONV_LE16,
	CONV_OCTETS,
	CONV_MS_US,  /* ms, kept in us */
	CONV_HEX,    /* bytes as hex text */
	CONV_LOW32,  /* the low 32 bits of a number: layer2SegmentId has its type in the top byte */
	CONV_DSCP,   /* code point, kept as the octet it is in */
	CONV_SUBAPP, /* text, perhaps after the application id and sub-application id (Cisco AVC) */
	CONV_APP,    /* application id (RFC 6759): 1 byte of engine, then the selector */
	CONV_NID,  /* number of OpenSSL's for a public key algorithm, kept as its name (nid.def) */
	CONV_LIST, /* the values of a basicList (RFC 6313, IANA 291) of this element */
	/* The same, each of so many bytes when it is exported */
	CONV_LIST8,
	CONV_LIST16,
	CONV_LIST32,
	CONV_LIST_MS,  /* times of 8 bytes, ms since 1970; kept in ms since t_first of the flow */
	CONV_LIST_DIR, /* 1 from the initiator, -1 back; kept as 0 and 1 */
	CONV_MILLI,    /* a float32 or float64, kept in thousandths (model/milli.h) */
};

enum source_scope { SCOPE_ANY, SCOPE_IPFIX, SCOPE_NF9 };

/* One place a field can come from. priority = index in the row's list. */
struct field_source {
	enum source_scope scope;
	uint32_t pen;
	uint16_t id;
	enum conv conv;
};

struct field_info {
	const char *name; /* snake_case, the same everywhere */
	const char *doc;
	enum ctype ctype;
	enum field_kind kind;
	enum field_agg agg;
	enum field_unit unit;
	enum shape shape;     /* the narrowest shape that has it */
	uint16_t present_bit; /* bit of the presence words: word = bit / 64. Reverse fields:
				 PRESENT_FWD_WORDS * 64 + id */
	int16_t reverse;      /* enum field of the rev_ twin, -1 if none */
	int16_t forward;      /* for a rev_ twin, the field it mirrors; else -1 */
	const struct field_source *sources;
	uint16_t n_sources;
	/* Indices of the sources it is exported as (encode/): for IPv4 flows or addresses, and for
	   IPv6 ones; mostly the same. -1: it is never exported. */
	int16_t exported, exported6;
};

extern const struct field_info field_table[FIELD_MAX];

/* Bytes of one value in a batch column (a struct span for STR and U32LIST). */
size_t ctype_size(enum ctype t);
/* The field called name (n bytes), -1 if there is none. */
int field_find(const char *name, size_t n);
static inline bool field_in_shape(enum field f, enum shape s)
{
	return field_table[f].shape <= s;
}
/* Never in a segment: the store computes it from other columns (store/community.h). */
static inline bool field_is_computed(enum field f)
{
	return f == F_community_id;
}
/* Words of presence that shape s stores: forward words in use by its fields, then reverse words
 * (wide only). */
bool shape_has_present_word(enum shape s, unsigned word);
const char *shape_name(enum shape s);
/* Names for docs, API and TypeScript: "u32", "addr", "sum", "bytes". */
const char *ctype_name(enum ctype t);
const char *kind_name(enum field_kind k);
const char *agg_name(enum field_agg a);
const char *unit_name(enum field_unit u);
