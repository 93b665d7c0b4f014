/* SPDX-License-Identifier: Apache-2.0 */
/* Names in option records: what exporters call their interfaces, VRFs, applications, samplers. */
#include "decode/harness.h"

#include <string.h>

enum { TEXT = 12 };

static struct wire begin(struct buf *b, uint16_t version)
{
	const struct wire_header hd = {
	    .version = version, .uptime_ms = 3600000, .sequence = 1, .domain = 7};
	return wire_begin(b, &hd);
}

/* Fixed-length text, filled with NULs. */
static void text(struct wire *w, const char *s)
{
	char field[TEXT] = {0};
	memcpy(field, s, strlen(s));
	wire_bytes(w, field, sizeof(field));
}

/* RFC 3954 scope system, then ifIndex, name, description: as Cisco sends its interface table. */
static void v9_interfaces_with_system_scope(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element e[] = {{1, 4, 0}, {10, 4, 0}, {82, TEXT, 0}, {83, TEXT, 0}};
	struct wire w = begin(&b, 9);
	wire_options_template(&w, 256, e, 4, 1);
	wire_set_begin(&w, 256);
	for (uint32_t i = 1; i <= 2; i++) {
		wire_ip4(&w, "192.0.2.1");
		wire_uint(&w, i, 4);
		text(&w, i == 1 ? "Te0/0/0" : "Te0/0/1");
		text(&w, i == 1 ? "uplink" : "");
	}
	wire_set_end(&w, true);
	w.count = 3;
	wire_end(&w);
	harness_feed(h, &b);
	assert_string_equal(buf_cstr(&h->names), "interface 7 1 Te0/0/0|uplink 0\n"
						 "interface 7 2 Te0/0/1| 0\n");
	harness_free(h);
	buf_fini(&b);
}

/* The interface as the scope itself. */
static void v9_interfaces_with_interface_scope(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element e[] = {{2, 4, 0}, {82, TEXT, 0}};
	struct wire w = begin(&b, 9);
	wire_options_template(&w, 256, e, 2, 1);
	wire_set_begin(&w, 256);
	wire_uint(&w, 501, 4);
	text(&w, "ge-0/0/1.0");
	wire_set_end(&w, true);
	w.count = 2;
	wire_end(&w);
	harness_feed(h, &b);
	assert_string_equal(buf_cstr(&h->names), "interface 7 501 ge-0/0/1.0| 0\n");
	harness_free(h);
	buf_fini(&b);
}

/* IPFIX: application table (RFC 6759), attributes, VRFs with a route distinguisher, the name of the
 * domain, a sampler; texts of variable length. */
static void ipfix_tables(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const uint16_t var = WIRE_VARIABLE;
	const struct wire_element app[] = {{95, 4, 0}, {96, var, 0}, {94, var, 0}};
	const struct wire_element attributes[] = {{95, 4, 0}, {372, var, 0}, {12233, var, 9}};
	const struct wire_element vrf[] = {{234, 4, 0}, {236, var, 0}, {90, 8, 0}};
	const struct wire_element domain[] = {{149, 4, 0}, {300, var, 0}};
	const struct wire_element sampler[] = {
	    {302, 8, 0}, {335, var, 0}, {304, 2, 0}, {305, 4, 0}, {306, 4, 0}};
	struct wire w = begin(&b, 10);
	wire_options_template(&w, 256, app, 3, 1);
	wire_options_template(&w, 257, attributes, 3, 1);
	wire_options_template(&w, 258, vrf, 3, 1);
	wire_options_template(&w, 259, domain, 2, 1);
	wire_options_template(&w, 260, sampler, 5, 1);
	wire_set_begin(&w, 256);
	wire_uint(&w, 13u << 24 | 80, 4);
	wire_varlen(&w, "netflix", 7, false);
	wire_varlen(&w, "streaming", 9, true);
	wire_set_end(&w, false);
	wire_set_begin(&w, 257);
	wire_uint(&w, 13u << 24 | 80, 4);
	wire_varlen(&w, "video", 5, false);
	wire_varlen(&w, "movies", 6, false);
	wire_set_end(&w, false);
	wire_set_begin(&w, 258);
	wire_uint(&w, 3, 4);
	wire_varlen(&w, "blue", 4, false);
	wire_bytes(&w, "\0\0\xfd\xe8\0\0\0\x64", 8); /* type 0: AS 65000, number 100 */
	wire_set_end(&w, false);
	wire_set_begin(&w, 259);
	wire_uint(&w, 7, 4);
	wire_varlen(&w, "core-1", 6, false);
	wire_set_end(&w, false);
	wire_set_begin(&w, 260);
	wire_uint(&w, 9, 8);
	wire_varlen(&w, "coarse", 6, false);
	wire_uint(&w, 1, 2);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 4095, 4);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	assert_string_equal(buf_cstr(&h->names), "application 7 218103888 netflix|streaming 0\n"
						 "app_group 7 218103888 video|movies 0\n"
						 "vrf 7 3 blue|65000:100 0\n"
						 "exporter 7 0 core-1| 0\n"
						 "sampler 7 9 coarse| 4096\n");
	assert_int_equal(harness_malformed_total(h), 0);
	harness_free(h);
	buf_fini(&b);
}

static void books_of_the_exporter(void **state)
{
	(void)state;
	struct buf b = {0};
	struct harness *h = harness_new(NULL);
	const struct wire_element e[] = {{144, 4, 0}, {41, 8, 0},  {42, 8, 0},  {40, 8, 0},
					 {164, 8, 0}, {166, 8, 0}, {160, 8, 0}, {36, 2, 0}};
	struct wire w = begin(&b, 10);
	wire_options_template(&w, 256, e, 8, 1);
	wire_set_begin(&w, 256);
	wire_uint(&w, 1, 4);
	wire_uint(&w, 1000, 8);
	wire_uint(&w, 20000, 8);
	wire_uint(&w, 3000000, 8);
	wire_uint(&w, 5, 8);
	wire_uint(&w, 6, 8);
	wire_uint(&w, 1767265200123, 8);
	wire_uint(&w, 60, 2);
	wire_set_end(&w, false);
	wire_end(&w);
	harness_feed(h, &b);
	const struct exporter_info i = harness_exporter(h);
	assert_int_equal(i.told_messages, 1000);
	assert_int_equal(i.told_records, 20000);
	assert_int_equal(i.told_bytes, 3000000);
	assert_int_equal(i.told_ignored_packets, 5);
	assert_int_equal(i.told_unsent_records, 6);
	assert_int_equal(i.init_ms, 1767265200123);
	assert_int_equal(i.active_timeout_s, 60);
	assert_int_equal(i.idle_timeout_s, 0);
	assert_int_equal(i.options_seen, t_export_ms);
	harness_free(h);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(v9_interfaces_with_system_scope),
	    cmocka_unit_test(v9_interfaces_with_interface_scope),
	    cmocka_unit_test(ipfix_tables),
	    cmocka_unit_test(books_of_the_exporter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
