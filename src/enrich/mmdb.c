/* SPDX-License-Identifier: Apache-2.0 */
/* MMDB files (libmaxminddb; the only file that includes it): a walk over the whole tree, each
 * record looked at once. Which keys a record uses says whose layout it is:
 *   country.iso_code                   GeoLite2 and GeoIP2 Country, City; DB-IP
 *   country_code                       ip-location-db; IPinfo Lite
 *   country (two letters)              IPinfo
 *   autonomous_system_number           GeoLite2 ASN; ip-location-db
 *   asn ("AS15169" or a number)        IPinfo
 * The file may lie: the depth of the tree, the steps of the walk and the length of texts are
 * bounded. */
#include "enrich/geo.h"

#include <maxminddb.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 128, MAPPED_AT = 96, STEPS_MAX = 64 * 1024 * 1024, AS_DIGITS_MAX = 10 };

/* What a record says; kept by its place in the file, since many prefixes share one. */
struct known {
	uint32_t offset; /* + 1 */
	uint32_t as, country;
};

struct walk {
	MMDB_s db;
	struct geo_sink *sink;
	struct known *known;
	uint32_t n_known, n_slots;
	uint32_t steps;
};

static const char *const country_keys[][3] = {
    {"country", "iso_code", NULL}, {"country_code", NULL}, {"country", NULL}};
static const char *const number_keys[][3] = {{"autonomous_system_number", NULL}, {"asn", NULL}};
static const char *const name_keys[][3] = {
    {"autonomous_system_organization", NULL}, {"as_name", NULL}, {"name", NULL}};

static bool text_of(MMDB_entry_s *entry, const char *const *path, MMDB_entry_data_s *ret)
{
	return MMDB_aget_value(entry, ret, path) == MMDB_SUCCESS && ret->has_data &&
	       ret->type == MMDB_DATA_TYPE_UTF8_STRING;
}

static uint32_t country_of(MMDB_entry_s *entry)
{
	MMDB_entry_data_s v;
	uint32_t country = 0;
	for (size_t i = 0; i < ARRAY_LEN(country_keys) && !country; i++)
		if (text_of(entry, country_keys[i], &v))
			country = country_number(v.utf8_string, v.data_size);
	return country;
}

static uint32_t digits(const char *p, size_t n)
{
	uint64_t v = 0;
	if (n > 2 && p[0] == 'A' && p[1] == 'S') {
		p += 2;
		n -= 2;
	}
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9' || n > AS_DIGITS_MAX)
			return 0;
		v = v * 10 + (uint64_t)(p[i] - '0');
	}
	return v <= UINT32_MAX ? (uint32_t)v : 0;
}

static uint32_t as_of(MMDB_entry_s *entry)
{
	MMDB_entry_data_s v;
	for (size_t i = 0; i < ARRAY_LEN(number_keys); i++) {
		if (MMDB_aget_value(entry, &v, number_keys[i]) != MMDB_SUCCESS || !v.has_data)
			continue;
		if (v.type == MMDB_DATA_TYPE_UINT32)
			return v.uint32;
		if (v.type == MMDB_DATA_TYPE_UINT16)
			return v.uint16;
		if (v.type == MMDB_DATA_TYPE_UTF8_STRING)
			return digits(v.utf8_string, v.data_size);
	}
	return 0;
}

static void name_as(struct walk *w, MMDB_entry_s *entry, uint32_t as)
{
	MMDB_entry_data_s v;
	if (!w->sink->names || as == 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(name_keys); i++)
		if (text_of(entry, name_keys[i], &v)) {
			as_names_add(w->sink->names, as, v.utf8_string, v.data_size);
			return;
		}
}

static enum err more_slots(struct walk *w)
{
	uint32_t n = w->n_slots ? w->n_slots * 2 : 4096;
	struct known *v = calloc(n, sizeof(*v));
	if (!v)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < w->n_slots; i++) {
		uint32_t at = w->known[i].offset * 0x9e3779b1u & (n - 1);
		if (!w->known[i].offset)
			continue;
		while (v[at].offset)
			at = (at + 1) & (n - 1);
		v[at] = w->known[i];
	}
	free(w->known);
	w->known = v;
	w->n_slots = n;
	return ERR_OK;
}

static enum err record(struct walk *w, MMDB_entry_s *entry, const struct known **ret)
{
	if (w->n_known * 2 >= w->n_slots) {
		enum err e = more_slots(w);
		if (e)
			return e;
	}
	uint32_t key = entry->offset + 1, at = key * 0x9e3779b1u & (w->n_slots - 1);
	while (w->known[at].offset && w->known[at].offset != key)
		at = (at + 1) & (w->n_slots - 1);
	if (!w->known[at].offset) {
		struct known k = {.offset = key};
		if (w->sink->wanted & GEO_COUNTRY)
			k.country = country_of(entry);
		if (w->sink->wanted & GEO_AS) {
			k.as = as_of(entry);
			name_as(w, entry, k.as);
		}
		w->known[at] = k;
		w->n_known++;
	}
	*ret = &w->known[at];
	return ERR_OK;
}

/* Where IPv6 trees show the IPv4 tree again: ::ffff:0:0/96, 2001::/32, 2002::/16. */
static bool is_alias(const struct walk *w, uint64_t node, const uint8_t addr[16], unsigned depth)
{
	if (w->db.metadata.ip_version != 6 || node != w->db.ipv4_start_node.node_value)
		return false;
	static const uint8_t zeros[12];
	return depth != MAPPED_AT || memcmp(addr, zeros, sizeof(zeros)) != 0;
}

/* The address as we keep it: IPv4 trees hang at ::/96 or are the whole tree. */
static uint8_t place(const struct walk *w, const uint8_t addr[16], unsigned depth, struct ip *ret)
{
	static const uint8_t zeros[12];
	if (w->db.metadata.ip_version == 4) {
		*ret = ip_from_v4(addr);
		return (uint8_t)(depth + MAPPED_AT);
	}
	memcpy(ret->b, addr, sizeof(ret->b));
	if (depth >= MAPPED_AT && memcmp(addr, zeros, sizeof(zeros)) == 0)
		*ret = ip_from_v4(addr + 12);
	return (uint8_t)depth;
}

static enum err leaf(struct walk *w, MMDB_entry_s *entry, const uint8_t addr[16], unsigned depth)
{
	const struct known *k;
	struct ip net;
	enum err e = record(w, entry, &k);
	if (e || (k->as == 0 && k->country == 0))
		return e;
	uint8_t bits = place(w, addr, depth, &net);
	return geo_put(w->sink, &net, bits, k->as, k->country);
}

/* Depth-first with the path on a stack; side[d]: which children of the node at depth d are done. */
static enum err tree(struct walk *w)
{
	MMDB_search_node_s node[DEPTH];
	uint8_t side[DEPTH] = {0}, addr[16] = {0};
	unsigned max = w->db.metadata.ip_version == 4 ? 32 : DEPTH, depth = 0;
	if (MMDB_read_node(&w->db, 0, &node[0]) != MMDB_SUCCESS)
		return ERR_MALFORMED;
	for (;;) {
		if (side[depth] == 2) {
			addr[depth / 8] &= (uint8_t) ~(0x80u >> depth % 8);
			if (depth-- == 0)
				return ERR_OK;
			continue;
		}
		if (++w->steps > STEPS_MAX)
			return ERR_LIMIT;
		bool right = side[depth]++ == 1;
		if (right)
			addr[depth / 8] |= (uint8_t)(0x80u >> depth % 8);
		MMDB_search_node_s *n = &node[depth];
		uint8_t type = right ? n->right_record_type : n->left_record_type;
		uint64_t to = right ? n->right_record : n->left_record;
		enum err e = ERR_OK;
		if (type == MMDB_RECORD_TYPE_DATA) {
			e = leaf(w, right ? &n->right_record_entry : &n->left_record_entry, addr,
				 depth + 1);
		} else if (type == MMDB_RECORD_TYPE_INVALID ||
			   (type == MMDB_RECORD_TYPE_SEARCH_NODE && depth + 1 == max)) {
			e = ERR_MALFORMED;
		} else if (type == MMDB_RECORD_TYPE_SEARCH_NODE &&
			   !is_alias(w, to, addr, depth + 1)) {
			if (MMDB_read_node(&w->db, (uint32_t)to, &node[depth + 1]) != MMDB_SUCCESS)
				return ERR_MALFORMED;
			side[++depth] = 0;
		}
		if (e)
			return e;
	}
}

enum err mmdb_read(const char *path, struct geo_sink *s, struct diag *reterr)
{
	struct walk w = {.sink = s};
	int status = MMDB_open(path, MMDB_MODE_MMAP, &w.db);
	if (status != MMDB_SUCCESS)
		return diag_set(reterr, ERR_MALFORMED, 0, 0, "no MMDB file: %s",
				MMDB_strerror(status));
	s->info->made_ms = (int64_t)(w.db.metadata.build_epoch % UINT32_MAX) * 1000;
	enum err e = tree(&w);
	if (e)
		diag_set(reterr, e, 0, 0, "its tree cannot be read: %s", err_text(e));
	free(w.known);
	MMDB_close(&w.db);
	return e;
}
