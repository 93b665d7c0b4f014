/* SPDX-License-Identifier: Apache-2.0 */
/* The database of libloc (Debian: libloc-database), for AS numbers and their names. The only file
 * that includes libloc. */
#include "enrich/geo.h"

#include <libloc/as.h>
#include <libloc/database.h>
#include <libloc/libloc.h>
#include <libloc/network.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

static enum err networks(struct loc_database *db, struct geo_sink *s)
{
	struct loc_database_enumerator *all;
	struct loc_network *net = NULL;
	enum err e = ERR_OK;
	if (loc_database_enumerator_new(&all, db, LOC_DB_ENUMERATE_NETWORKS, 0) != 0)
		return ERR_NOMEM;
	while (!e && loc_database_enumerator_next_network(all, &net) == 0 && net) {
		struct ip ip;
		const struct in6_addr *first = loc_network_get_first_address(net);
		const char *code = loc_network_get_country_code(net);
		unsigned bits = loc_network_prefix(net);
		memcpy(ip.b, first, sizeof(ip.b));
		if (loc_network_address_family(net) == AF_INET)
			bits += 96;
		e = bits > 128 ? ERR_MALFORMED
			       : geo_put(s, &ip, (uint8_t)bits, loc_network_get_asn(net),
					 code ? country_number(code, strlen(code)) : 0);
		loc_network_unref(net);
		net = NULL;
	}
	loc_database_enumerator_unref(all);
	return e;
}

static void names(struct loc_database *db, struct as_names *ret)
{
	struct loc_database_enumerator *all;
	struct loc_as *as = NULL;
	if (loc_database_enumerator_new(&all, db, LOC_DB_ENUMERATE_ASES, 0) != 0)
		return;
	while (loc_database_enumerator_next_as(all, &as) == 0 && as) {
		const char *name = loc_as_get_name(as);
		if (name)
			as_names_add(ret, loc_as_get_number(as), name, strlen(name));
		loc_as_unref(as);
		as = NULL;
	}
	loc_database_enumerator_unref(all);
}

enum err libloc_read(const char *path, struct geo_sink *s, struct diag *reterr)
{
	struct loc_ctx *ctx = NULL;
	struct loc_database *db = NULL;
	FILE *f = fopen(path, "re");
	enum err e = ERR_OK;
	if (!f || loc_new(&ctx) != 0) {
		e = ERR_NOMEM;
	} else {
		loc_set_log_priority(ctx, LOG_CRIT);
		if (loc_database_new(ctx, &db, f) != 0)
			e = diag_set(reterr, ERR_MALFORMED, 0, 0,
				     "no libloc database that this "
				     "libloc can read");
	}
	if (!e) {
		s->info->made_ms = (int64_t)loc_database_created_at(db) * 1000;
		e = networks(db, s);
	}
	if (!e && s->names && s->wanted & GEO_AS)
		names(db, s->names);
	if (db)
		loc_database_unref(db);
	if (ctx)
		loc_unref(ctx);
	if (f)
		fclose(f);
	return e;
}
