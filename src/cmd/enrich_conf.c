/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/enrich_conf.h"

#include "conf/conf.h"

#include <unistd.h>

/* Where the data sets lie that are installed with Weir. */
static const char *const country_places[] = {
    "../data/node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb",
    "../share/weir/country.mmdb",
};
static const char as_place[] = "/var/lib/location/database.db";
static const char services_place[] = "/etc/services";

/* The first that is there, else the first. */
static const char *find_country_data(char path[BESIDE_MAX])
{
	for (size_t i = 0; i < ARRAY_LEN(country_places); i++)
		if (!beside_path(country_places[i], path) && access(path, R_OK) == 0)
			return path;
	return beside_path(country_places[0], path) ? "" : path;
}

struct enrich_opts enrich_conf(const struct conf *conf, char country[BESIDE_MAX])
{
	bool country_named = *conf->enrich_country_data != 0;
	bool as_named = *conf->enrich_as_data != 0;
	struct enrich_opts o = {
	    .country_data = country_named ? conf->enrich_country_data : find_country_data(country),
	    .as_data = as_named ? conf->enrich_as_data : as_place,
	    .country_installed = !country_named,
	    .as_installed = !as_named,
	    .as = (enum enrich_as)conf->enrich_as,
	    .networks = conf->enrich_networks,
	    .networks_ms = conf->enrich_networks_every,
	    .applications = conf->enrich_applications,
	    .services = services_place,
	    .keep_in = conf->dir,
	};
	if (!conf->enrich_country)
		o.country_data = "";
	return o;
}
