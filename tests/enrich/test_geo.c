/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets: files of every layout, IPv4 and IPv6 trees, what is nobody's, files that are none or
 * damaged. */
#include "enrich/geo.h"
#include "enrich/mmdb_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/weir-geo-XXXXXX";

static uint64_t find(const struct ranges *r, const char *text)
{
	struct ip a;
	assert_int_equal(ip_parse(text, strlen(text), &a), ERR_OK);
	return ranges_find(r, &a);
}

static void country_is(const struct ranges *r, const char *addr, const char *code)
{
	uint32_t n = place_country(find(r, addr));
	char have[3] = "";
	if (n)
		country_code(n, have);
	if (strcmp(have, code) != 0)
		fail_msg("%s: '%s', not '%s'", addr, have, code);
}

static void test_layouts(void **state)
{
	static const struct {
		const char *record, *country, *name;
		uint32_t as;
	} cases[] = {
	    {"country_code=CZ", "CZ", NULL, 0},
	    {"country.iso_code=DE", "DE", NULL, 0},
	    {"country=FR", "FR", NULL, 0},
	    {"autonomous_system_number=#64500 autonomous_system_organization=Example", "",
	     "Example", 64500},
	    {"asn=AS64501 as_name=Other country=United country_code=US", "US", "Other", 64501},
	    {"country_code=ZZ asn=#7", "", NULL, 7},
	    {"asn=AS99999999999 country_code=cz", "", NULL, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int version = 4; version <= 6; version += 2) {
			struct mmdb_file *f = mmdb_file_new(version);
			struct as_names names = {0};
			struct geo_info info;
			struct ranges r;
			struct diag d = {0};
			mmdb_file_put(f, "8.8.8.0/24", cases[i].record);
			mmdb_file_put(f, "9.0.0.0/8", "country_code=US asn=#1");
			mmdb_file_write(f, path, 1700000000);
			assert_int_equal(
			    geo_read(path, GEO_COUNTRY | GEO_AS, &r, &names, &info, &d), ERR_OK);
			assert_int_equal(info.made_ms, 1700000000000);
			country_is(&r, "8.8.8.8", cases[i].country);
			assert_int_equal(place_as(find(&r, "8.8.8.255")), cases[i].as);
			assert_int_equal(find(&r, "8.8.9.0"), 0);
			assert_int_equal(find(&r, "8.8.7.255"), 0);
			assert_int_equal(place_as(find(&r, "9.255.0.0")), 1);
			assert_int_equal(names.n, cases[i].name != NULL);
			if (cases[i].name)
				assert_string_equal((char *)names.text.p + names.v[0].off,
						    cases[i].name);
			as_names_fini(&names);
			ranges_fini(&r);
			mmdb_file_free(f);
		}
}

/* Neighbours in the tree, the alias of the IPv4 tree, IPv6, holes. */
static void test_places(void **state)
{
	struct mmdb_file *f = mmdb_file_new(6);
	struct geo_info info;
	struct ranges r;
	struct diag d = {0};
	(void)state;
	mmdb_file_put(f, "20.0.0.0/11", "country_code=GB");
	mmdb_file_put(f, "20.32.0.0/11", "country_code=US");
	mmdb_file_put(f, "20.64.0.0/10", "country_code=AU");
	mmdb_file_put(f, "192.0.0.0/3", "country_code=NL");
	mmdb_file_put(f, "2a00::/16", "country_code=CZ");
	mmdb_file_put(f, "2001::/20", "country_code=SE");
	mmdb_file_put(f, "fc00::/6", "country_code=FI");
	mmdb_file_alias(f);
	mmdb_file_write(f, path, 1);
	assert_int_equal(geo_read(path, GEO_COUNTRY, &r, NULL, &info, &d), ERR_OK);
	assert_int_equal(info.entries, 7);
	country_is(&r, "20.0.0.7", "GB");
	country_is(&r, "20.31.255.255", "GB");
	country_is(&r, "20.32.0.0", "US");
	country_is(&r, "20.127.0.0", "AU");
	country_is(&r, "20.128.0.0", "");
	country_is(&r, "2a00:1::1", "CZ");
	country_is(&r, "2002:1400:1::1", "");
	/* RFC 6890: inside of what the file covers. */
	country_is(&r, "193.0.0.1", "NL");
	country_is(&r, "192.168.1.1", "");
	country_is(&r, "203.0.113.9", "");
	country_is(&r, "224.0.0.1", "");
	country_is(&r, "2001:db7:ffff::1", "SE");
	country_is(&r, "2001:db8::1", "");
	country_is(&r, "fd00::1", "");
	country_is(&r, "fe80::1", "");
	ranges_fini(&r);
	mmdb_file_free(f);
}

static void test_no_data_set(void **state)
{
	struct geo_info info;
	struct ranges r;
	struct diag d = {0};
	(void)state;
	assert_int_equal(geo_read("/nowhere/at/all", GEO_AS, &r, NULL, &info, &d), ERR_NOT_FOUND);
	assert_int_equal(geo_read("/tmp", GEO_AS, &r, NULL, &info, &d), ERR_UNSUPPORTED);
	FILE *f = fopen(path, "w");
	fputs("no data set", f);
	fclose(f);
	assert_int_equal(geo_read(path, GEO_AS, &r, NULL, &info, &d), ERR_MALFORMED);
	f = fopen(path, "w");
	fputs("LOCDBXX and then nothing", f);
	fclose(f);
	assert_int_equal(geo_read(path, GEO_AS, &r, NULL, &info, &d), ERR_MALFORMED);
	/* One without what is asked for. */
	struct mmdb_file *m = mmdb_file_new(4);
	mmdb_file_put(m, "8.0.0.0/8", "country_code=US");
	mmdb_file_write(m, path, 1);
	memset(&d, 0, sizeof(d));
	assert_int_equal(geo_read(path, GEO_AS, &r, NULL, &info, &d), ERR_UNSUPPORTED);
	assert_string_equal(d.msg, "it has no AS numbers");
	mmdb_file_free(m);
}

/* Every byte of a file changed in turn: read or refused, never worse. */
static void test_damaged(void **state)
{
	struct mmdb_file *f = mmdb_file_new(4);
	static char bytes[65536];
	(void)state;
	mmdb_file_put(f, "8.8.0.0/16", "country_code=US asn=AS5");
	mmdb_file_put(f, "9.0.0.0/8", "country.iso_code=CZ");
	mmdb_file_write(f, path, 1);
	mmdb_file_free(f);
	FILE *in = fopen(path, "r");
	size_t n = fread(bytes, 1, sizeof(bytes), in);
	fclose(in);
	for (size_t i = 0; i < n; i++) {
		struct geo_info info;
		struct ranges r;
		struct diag d = {0};
		char kept = bytes[i];
		bytes[i] = (char)(kept ^ 0xff);
		FILE *out = fopen(path, "w");
		fwrite(bytes, 1, n, out);
		fclose(out);
		bytes[i] = kept;
		if (!geo_read(path, GEO_COUNTRY | GEO_AS, &r, NULL, &info, &d))
			ranges_fini(&r);
	}
}

static int start(void **state)
{
	(void)state;
	return close(mkstemp(path));
}

static int stop(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_layouts),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_no_data_set),
	    cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
