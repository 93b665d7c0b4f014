/* SPDX-License-Identifier: Apache-2.0 */
/* What numbers are called: interfaces, VRFs, applications, exporters, as option records, SNMP and
 * flows tell it. A bounded map in memory, so that a name told again costs nothing; what is new or
 * changed goes to the store's table `names`, where questions join it, since names come late. When
 * the store is down the changes wait here, each once. Any thread may call anything.
 *
 * domain 0 holds for all domains of an exporter that have no name of their own (SNMP knows of no
 * domains). Where options and SNMP tell of the same thing what options say holds, and SNMP fills in
 * what they leave out; the source is then OPTIONS. Of kind HOST the address itself stands in
 * `addr`; hosts take at most half of the room, and one that DNS named keeps its name for an hour.
 */
#pragma once
#include "base/err.h"
#include "base/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct names;

enum names_kind {
	NAMES_INTERFACE,   /* in_if, out_if: name, description; number: bit/s */
	NAMES_VRF,         /* ingress_vrf, egress_vrf: name, route distinguisher */
	NAMES_APPLICATION, /* app_id: name, description */
	NAMES_APP_GROUP,   /* app_id: category, sub-category or group */
	NAMES_SAMPLER,     /* sampler: name; number: its rate */
	NAMES_EXPORTER,    /* id 0: name, description */
	NAMES_HOST,        /* id 0: name of an address */
	NAMES_AS,          /* AS number; addr :: */
	NAMES_KIND_MAX
};
enum names_source { NAMES_OPTIONS, NAMES_SNMP, NAMES_DNS, NAMES_DATA, NAMES_SOURCE_MAX };

enum { NAME_TEXT_MAX = 255 };

struct name_row {
	enum names_kind kind;
	enum names_source source;
	struct ip addr; /* of the exporter */
	uint32_t domain;
	uint64_t id;
	const char *text, *text2; /* need not be terminated; cut to NAME_TEXT_MAX */
	size_t text_n, text2_n;
	uint64_t number; /* 0 = not told */
	int64_t since;   /* ms since the epoch: when it was told first */
};

/* max: names at once; beyond it new ones are refused. */
must_check enum err names_new(uint32_t max, struct names **ret);
/* Another limit; names above it stay. */
void names_set_max(struct names *n, uint32_t max);
void names_free(struct names **n);
/* Keeps the name; true if it is new or says something else than before. */
bool names_tell(struct names *n, const struct name_row *r);

struct names_counts {
	uint64_t kept, refused, waiting; /* waiting: changes that the store has not yet */
};
void names_counts(struct names *n, struct names_counts *ret);

/* --- to and from the store */
/* Appends "INSERT INTO db.names (...) VALUES (...), ..." of up to max changes; returns how many.
 * One statement at a time: names_written says whether they are in the store now. */
size_t names_insert_sql(struct names *n, const char *database, size_t max, struct buf *sql);
void names_written(struct names *n, bool ok);
/* Rows of the table; what was told since stays. ERR_MALFORMED when they end in the middle. */
must_check enum err names_load(struct names *n, const uint8_t *p, size_t len);

/* --- for snapshots: calls fn for each name of the kind, under the lock; counts changes of it. */
uint64_t names_changes(struct names *n, enum names_kind kind);
void names_each(struct names *n, enum names_kind kind,
		void (*fn)(void *ctx, const struct name_row *r), void *ctx);
