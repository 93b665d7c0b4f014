/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets of countries and AS numbers into ranges. Two kinds of files: MMDB (the set installed
 * with Weir, GeoLite2, IPinfo, DB-IP: recognised by the keys in the records) and libloc's database.
 * A file is copied before it is read, so that one that is overwritten meanwhile does no harm. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "enrich/ranges.h"

#include <stdbool.h>
#include <stdint.h>

/* What a look-up yields: AS number, number of the country, number of the network of the user's
 * list. */
enum { PLACE_COUNTRY_SHIFT = 32, PLACE_NET_SHIFT = 42, PLACE_NETS_MAX = 1 << 22 };
enum { COUNTRIES_MAX = 26 * 26 + 1 }; /* 0 = none, then AA, AB, ... ZZ */

static inline uint32_t place_as(uint64_t place)
{
	return (uint32_t)place;
}
static inline uint32_t place_country(uint64_t place)
{
	return (uint32_t)(place >> PLACE_COUNTRY_SHIFT) & 0x3ff;
}
static inline uint32_t place_net(uint64_t place)
{
	return (uint32_t)(place >> PLACE_NET_SHIFT);
}

/* The number of a two-letter code; 0 for what is no country (wrong length, ZZ, XX). */
uint32_t country_number(const char *p, size_t n);
/* "AA" for 1. */
void country_code(uint32_t number, char ret[2]);

enum { GEO_COUNTRY = 1, GEO_AS = 2 };

enum { AS_NAMES_MAX = 1 << 20, AS_NAME_MAX = 128, AS_TEXT_MAX = 64 << 20 };

struct as_name {
	uint32_t number, off; /* text in as_names.text, NUL-terminated */
};
/* What the numbers are called, where the data set says it; sorted by number. */
struct as_names {
	struct as_name *v;
	size_t n, cap;
	struct buf text;
};
void as_names_fini(struct as_names *a);
/* For the readers of files; a name that finds no room is left out. */
void as_names_add(struct as_names *a, uint32_t number, const char *name, size_t n);

struct geo_info {
	int64_t made_ms;  /* when the data set was made; 0 = it does not say */
	uint64_t entries; /* prefixes that say something */
};

/* Reads the wanted parts of the file at path. names may be NULL. reterr says what is wrong with the
 * file. */
must_check enum err geo_read(const char *path, unsigned wanted, struct ranges *ret,
			     struct as_names *names, struct geo_info *info, struct diag *reterr);

/* --- for the two readers: adds what a file says of a prefix, leaving out addresses that are
 * nobody's (RFC 6890). */
struct geo_sink {
	struct ranges_builder *builder;
	struct as_names *names; /* may be NULL */
	struct geo_info *info;
	unsigned wanted;
	bool suspect[2][256]; /* IPv6, IPv4: first bytes of addresses that are nobody's */
};
must_check enum err geo_put(struct geo_sink *s, const struct ip *net, uint8_t bits, uint32_t as,
			    uint32_t country);
/* path: where the copy can be opened. */
must_check enum err mmdb_read(const char *path, struct geo_sink *s, struct diag *reterr);
must_check enum err libloc_read(const char *path, struct geo_sink *s, struct diag *reterr);
