/* SPDX-License-Identifier: Apache-2.0 */
#include "query/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct ip ip4(uint8_t last)
{
	const uint8_t four[4] = {192, 0, 2, last};
	return ip_from_v4(four);
}

static struct cell number(uint64_t n)
{
	return (struct cell){.type = CT_U32, .present = true, .num = n};
}

static struct cell address(uint8_t last)
{
	return (struct cell){.type = CT_IP, .present = true, .ip = ip4(last)};
}

static struct name_found interface(uint8_t exporter, uint32_t domain, uint64_t id, const char *text)
{
	return (struct name_found){.kind = 'i',
				   .addr = ip4(exporter),
				   .domain = domain,
				   .id = id,
				   .name = {.text = text, .text2 = "", .number = 1000000000}};
}

static const char *chosen(const struct query *q, const struct cell *key, size_t i,
			  const struct name_found *found, size_t n)
{
	const struct key_name *k = names_choose(q, key, i, found, n);
	return k ? k->text : NULL;
}

static void interface_of_its_exporter(void **state)
{
	(void)state;
	const struct query q = {.by = {F_exporter_ip, F_in_if}, .n_by = 2};
	const struct name_found found[] = {interface(1, 0, 3, "ge-0/0/3"),
					   interface(2, 0, 3, "eth3"), interface(2, 0, 4, "eth4")};
	const struct cell key[] = {address(2), number(3)};
	assert_string_equal(chosen(&q, key, 1, found, 3), "eth3");
	const struct cell other[] = {address(3), number(3)};
	assert_null(chosen(&q, other, 1, found, 3));
	assert_null(chosen(&q, key, 0, found, 3)); /* nobody named the exporter */
}

static void without_exporter_only_what_all_agree_on(void **state)
{
	(void)state;
	const struct query q = {.by = {F_out_if}, .n_by = 1};
	const struct name_found found[] = {interface(1, 0, 3, "eth3"), interface(2, 0, 3, "eth3"),
					   interface(1, 0, 4, "eth4"), interface(2, 0, 4, "lan")};
	const struct cell three = number(3), four = number(4), absent = {.type = CT_U32};
	assert_string_equal(chosen(&q, &three, 0, found, 4), "eth3");
	assert_null(chosen(&q, &four, 0, found, 4));
	assert_null(chosen(&q, &absent, 0, found, 4));
}

static void own_domain_before_all_domains(void **state)
{
	(void)state;
	const struct query q = {.by = {F_observation_domain, F_exporter_ip, F_in_if}, .n_by = 3};
	const struct name_found found[] = {interface(1, 8, 3, "eight"), interface(1, 7, 3, "seven"),
					   interface(1, 0, 3, "snmp")};
	const struct cell seven[] = {number(7), address(1), number(3)};
	const struct cell nine[] = {number(9), address(1), number(3)};
	assert_string_equal(chosen(&q, seven, 2, found, 3), "seven");
	assert_string_equal(chosen(&q, nine, 2, found, 3), "snmp");
	const struct query any = {.by = {F_exporter_ip, F_in_if}, .n_by = 2};
	const struct cell key[] = {address(1), number(3)};
	assert_string_equal(chosen(&any, key, 1, found + 1, 2), "seven");
	assert_null(chosen(&any, key, 1, found, 3)); /* two domains that differ */
}

/* A row of a domain is no better than the row of another exporter, whatever its address. */
static void own_domain_within_its_exporter(void **state)
{
	(void)state;
	const struct query q = {.by = {F_in_if}, .n_by = 1};
	const struct name_found differ[] = {interface(1, 0, 3, "eth3"), interface(2, 7, 3, "wan"),
					    interface(2, 0, 3, "snmp")};
	const struct name_found again[] = {interface(1, 7, 3, "wan"), interface(1, 0, 3, "snmp"),
					   interface(2, 0, 3, "eth3")};
	const struct name_found agree[] = {interface(1, 0, 3, "wan"), interface(2, 7, 3, "wan"),
					   interface(2, 0, 3, "snmp")};
	const struct cell three = number(3);
	assert_null(chosen(&q, &three, 0, differ, 3));
	assert_null(chosen(&q, &three, 0, again, 3));
	assert_string_equal(chosen(&q, &three, 0, agree, 3), "wan");
}

static void hosts_by_their_address(void **state)
{
	(void)state;
	const struct query q = {.by = {F_src_ip, F_dst_as}, .n_by = 2};
	const struct name_found found[] = {
	    {.kind = 'h', .addr = ip4(9), .name = {.text = "www.example.net", .text2 = ""}},
	    {.kind = 's', .id = 64500, .name = {.text = "EXAMPLE", .text2 = ""}}};
	const struct cell key[] = {address(9), number(64500)};
	assert_string_equal(chosen(&q, key, 0, found, 2), "www.example.net");
	assert_string_equal(chosen(&q, key, 1, found, 2), "EXAMPLE");
}

static void percent_of_the_speed(void **state)
{
	(void)state;
	struct query q = {.by = {F_in_if, KEY_IF}, .n_by = 2, .metric = METRIC_BPS};
	const struct key_name names[] = {{.text = "eth3", .text2 = "", .number = 1000000000},
					 {.text = "eth3", .text2 = "", .number = 1000000000}};
	assert_true(names_percent(&q, names, 0, 250e6) == 25);
	assert_true(names_percent(&q, names, 1, 250e6) < 0); /* both directions of it */
	assert_true(names_percent(&q, NULL, 0, 250e6) < 0);
	q.metric = METRIC_BYTES;
	assert_true(names_percent(&q, names, 0, 250e6) < 0);
}

static void one_statement_for_all_keys(void **state)
{
	(void)state;
	const struct query q = {.by = {F_in_if, F_proto, F_src_ip}, .n_by = 3};
	const struct cell a[] = {number(3), number(6), address(9)},
			  b[] = {number(4), number(6), {0}};
	const struct cell *const keys[] = {a, b};
	struct buf sql = {0};
	assert_true(names_wanted(&q));
	names_sql(&q, "weir", keys, 2, &sql);
	assert_non_null(strstr(buf_cstr(&sql), "(kind = 'interface' AND id IN (3, 4)) OR (kind = "
					       "'host' AND exporter_ip IN (toIPv6('192.0.2.9')))"));
	assert_non_null(strstr(buf_cstr(&sql), " ORDER BY kind, id, exporter_ip, domain DESC"));
	buf_fini(&sql);
	const struct query none = {.by = {F_proto}, .n_by = 1};
	assert_false(names_wanted(&none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(interface_of_its_exporter),
	    cmocka_unit_test(without_exporter_only_what_all_agree_on),
	    cmocka_unit_test(own_domain_before_all_domains),
	    cmocka_unit_test(own_domain_within_its_exporter),
	    cmocka_unit_test(hosts_by_their_address),
	    cmocka_unit_test(percent_of_the_speed),
	    cmocka_unit_test(one_statement_for_all_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
