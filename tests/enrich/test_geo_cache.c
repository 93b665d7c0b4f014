/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges kept in a file: the same look-ups when mapped again; not used for another data set, or
 * when a byte of it has changed. */
#include "enrich/geo_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/weir-keep-XXXXXX";
static char file[64];
static const struct geo_cache_key key = {
    .path = "/data/a.mmdb", .size = 1000, .mtime_ns = 77, .inode = 5, .wanted = GEO_AS};

static void add(struct ranges_builder *b, const char *net, uint64_t value)
{
	struct ip a;
	uint8_t bits;
	assert_int_equal(ip_parse_net(net, strlen(net), &a, &bits), ERR_OK);
	assert_int_equal(ranges_add(b, &a, bits, value), ERR_OK);
}

static uint64_t find(const struct ranges *r, const char *text)
{
	struct ip a;
	assert_int_equal(ip_parse(text, strlen(text), &a), ERR_OK);
	return ranges_find(r, &a);
}

static struct ranges ranges(void)
{
	struct ranges_builder *b;
	struct ranges r;
	assert_int_equal(ranges_builder_new(&b), ERR_OK);
	add(b, "9.0.0.0/8", 64500);
	add(b, "9.1.0.0/16", 64501 | (uint64_t)country_number("CZ", 2) << PLACE_COUNTRY_SHIFT);
	add(b, "2a00::/16", 4200000000);
	assert_int_equal(ranges_build(b, &r), ERR_OK);
	ranges_builder_free(b);
	return r;
}

static void save(const struct as_names *names)
{
	struct ranges r = ranges();
	const struct geo_info info = {.made_ms = 1700000000000, .entries = 3};
	assert_int_equal(geo_cache_save(file, &key, &r, names, &info), ERR_OK);
	ranges_fini(&r);
}

static void found_again(void **state)
{
	struct as_names names = {0}, back = {0};
	struct geo_info info;
	struct ranges r;
	struct stat st;
	(void)state;
	as_names_add(&names, 64500, "Example", 7);
	as_names_add(&names, 64501, "Other", 5);
	save(&names);
	assert_int_equal(geo_cache_load(file, &key, &r, &back, &info), ERR_OK);
	assert_int_equal(find(&r, "9.0.255.255"), 64500);
	assert_int_equal(place_as(find(&r, "9.1.0.0")), 64501);
	assert_int_equal(place_country(find(&r, "9.1.255.255")), country_number("CZ", 2));
	assert_int_equal(find(&r, "9.2.0.0"), 64500);
	assert_int_equal(find(&r, "10.0.0.0"), 0);
	assert_int_equal(find(&r, "2a00:ffff::1"), 4200000000);
	assert_int_equal(find(&r, "2a01::"), 0);
	assert_int_equal(info.made_ms, 1700000000000);
	assert_int_equal(info.entries, 3);
	assert_int_equal(back.n, 2);
	assert_int_equal(back.v[1].number, 64501);
	assert_string_equal((char *)back.text.p + back.v[1].off, "Other");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	as_names_fini(&names);
	as_names_fini(&back);
	ranges_fini(&r);
}

static void another_data_set(void **state)
{
	struct geo_info info;
	struct ranges r;
	(void)state;
	save(NULL);
	struct geo_cache_key other[] = {key, key, key, key, key};
	other[0].path = "/data/b.mmdb";
	other[1].size++;
	other[2].mtime_ns++;
	other[3].inode++;
	other[4].wanted = GEO_COUNTRY;
	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		assert_int_equal(geo_cache_load(file, &other[i], &r, NULL, &info), ERR_NOT_FOUND);
	assert_int_equal(geo_cache_load("/nowhere/at/all", &key, &r, NULL, &info), ERR_NOT_FOUND);
	assert_int_equal(geo_cache_load(dir, &key, &r, NULL, &info), ERR_NOT_FOUND);
	assert_int_equal(geo_cache_load(file, &key, &r, NULL, &info), ERR_OK);
	ranges_fini(&r);
}

/* Bytes changed one at a time, and a file cut short or grown. */
static void damaged(void **state)
{
	struct geo_info info;
	struct ranges r;
	(void)state;
	save(NULL);
	FILE *f = fopen(file, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	long size = ftell(f);
	for (long i = 0; i < size; i += i < 400 ? 1 : 997) {
		assert_int_equal(fseek(f, i, SEEK_SET), 0);
		int c = fgetc(f);
		assert_int_equal(fseek(f, i, SEEK_SET), 0);
		fputc(c ^ 0x10, f);
		fflush(f);
		assert_int_equal(geo_cache_load(file, &key, &r, NULL, &info), ERR_NOT_FOUND);
		assert_int_equal(fseek(f, i, SEEK_SET), 0);
		fputc(c, f);
		fflush(f);
	}
	fclose(f);
	assert_int_equal(geo_cache_load(file, &key, &r, NULL, &info), ERR_OK);
	ranges_fini(&r);
	const long cut[] = {0, 1, 80, size - 1, size + 8};
	for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
		save(NULL);
		assert_int_equal(truncate(file, cut[i]), 0);
		assert_int_equal(geo_cache_load(file, &key, &r, NULL, &info), ERR_NOT_FOUND);
	}
}

static void cannot_write(void **state)
{
	struct ranges r = ranges();
	const struct geo_info info = {.entries = 3};
	(void)state;
	assert_int_not_equal(geo_cache_save("/nowhere/at/all", &key, &r, NULL, &info), ERR_OK);
	ranges_fini(&r);
}

static int start(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/as.ranges", dir);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(found_again),
	    cmocka_unit_test(another_data_set),
	    cmocka_unit_test(damaged),
	    cmocka_unit_test(cannot_write),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
