/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on records, with answers worked out by hand from the meaning of nfdump's words and of
 * absent fields. */
#include "filter/filter.h"
#include "model/batch.h"
#include "model/record_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct check {
	const char *filter;
	bool match;
};

/* clang-format off */
static const char web[] = "{\"t_first\":\"2026-01-31T12:00:00.000Z\",\"t_last\":\"2026-01-31T12:00:10.000Z\","
	"\"src_ip\":\"10.0.0.5\",\"dst_ip\":\"203.0.113.7\",\"src_port\":51514,\"dst_port\":443,\"proto\":6,"
	"\"tcp_flags\":19,\"tos\":10,\"rev_tos\":7,\"bytes\":20000,\"packets\":1000,\"rev_bytes\":5678,\"rev_packets\":12,"
	"\"in_if\":3,\"out_if\":9,\"src_as\":65001,\"dst_as\":330,\"src_mask\":24,\"vlan\":100,\"direction\":1,"
	"\"min_ttl\":36,\"max_ttl\":48,\"forwarding_status\":137,\"src_country\":\"CH\",\"dst_country\":\"DE\","
	"\"app_name\":\"https\",\"exporter_ip\":\"192.0.2.1\",\"latency_client_us\":11400,\"user_name\":\"\"}";
static const struct check web_checks[] = {
	{"any", true}, {"not any", false}, {"", true},
	{"src ip 10.0.0.5", true}, {"dst ip 10.0.0.5", false}, {"ip 10.0.0.5", true}, {"host 203.0.113.7", true},
	{"ip 203.0.113.8", false}, {"not ip 203.0.113.8", true}, {"ip != 203.0.113.8", true}, {"ip != 10.0.0.5", false},
	{"ip in [8.8.8.8 10.0.0.0/24]", true}, {"dst ip in [8.8.8.8 10.0.0.0/24]", false},
	{"src_ip in 10.0.0.4-10.0.0.5", true}, {"src_ip in 10.0.0.6-10.0.0.9", false}, {"src_ip < 10.0.0.6", true},
	{"net 10/8", true}, {"src net 10.0.0.0 255.255.255.252", false}, {"src net 10.0.0.0/29", true},
	{"ipv4", true}, {"ipv6", false}, {"src_ip in ::/0", true}, {"src_ip = 2001:db8::1", false},
	{"src_ip < dst_ip", true}, {"src_ip = dst_ip", false},
	{"port 443", true}, {"src port 443", false}, {"port > 51514", false}, {"port >= 51514", true}, {"port < 444", true},
	{"port 443 and not src port 443", true}, {"port in [1-10, 400-450]", true}, {"port not in [443]", false},
	{"src and dst port > 400", true}, {"src or dst port 443", true}, {"src and dst port 443", false},
	{"dst port https", true}, {"src_port > dst_port", true}, {"dst_port in [1,2,3,4,5,6,7,8,9,10,443]", true},
	{"proto tcp", true}, {"proto udp", false}, {"tcp", true}, {"proto 6", true},
	/* 19 = FIN SYN ACK */
	{"flags S", true}, {"flags SF", true}, {"flags R", false}, {"flags SR", false}, {"flags =S", false},
	{"flags =ASF", true}, {"flags 19", true}, {"flags > 18", true}, {"not flags RP", true}, {"not flags SR", true}, {"not (flags SR)", true}, {"not flags SA", false},
	{"not tcp_flags has SR", true}, {"flags S and not flags AFRPU", true}, {"flags S and not tcp_flags has any AFRPU", false}, {"tcp_flags has any RS", true}, {"tcp_flags has any RP", false}, {"flags X", false},
	{"bytes 20k", true}, {"bytes > 20k", false}, {"bytes 20000", true}, {"in bytes 20000", true},
	{"out bytes 5678", true}, {"out packets < 12", false}, {"packets 1k", true},
	/* 10 s, 1000 packets, 20000 bytes */
	{"duration 10000", true}, {"duration = 10s", true}, {"duration > 10000", false}, {"duration < 10001", true},
	{"pps 100", true}, {"pps > 100", false}, {"bps 16k", true}, {"bps > 15999", true}, {"bpp 20", true}, {"bpp > 20", false},
	{"tos 10", true}, {"src tos 10", true}, {"dst tos 7", true}, {"src or dst tos 7", true},
	{"in if 3", true}, {"out if 3", false}, {"if 9", true}, {"as 330", true}, {"src as 330", false}, {"as > 65000", true},
	{"mask 24", true}, {"dst mask 24", false}, {"vlan 100", true}, {"src vlan 100", true}, {"dst vlan 100", false},
	{"flowdir egress", true}, {"flowdir 0", false}, {"ttl 36", true}, {"ttl 48", true}, {"ttl 40", false},
	{"min ttl < 37", true}, {"max ttl < 37", false}, {"ttl equal", false}, {"not ttl equal", true},
	{"fwdstat dbadttl", true}, {"fwdstat drop", false}, {"geo ch", true}, {"dst geo CH", false}, {"geo at", false},
	{"app_name = https", true}, {"app_name contains tp", true}, {"app_name contains ''", true}, {"app_name ~ '^ht+ps$'", true},
	{"app_name ~ 'HTTPS'", false}, {"app_name ~ 'HTTPS'i", true}, {"app_name !~ 'x'", true}, {"app_name != 'https'", false},
	{"app_name in [http, https]", true}, {"user_name = ''", true}, {"user_name defined", true}, {"user_name contains ''", true},
	{"router ip 192.0.2.1", true}, {"client latency 11", true}, {"client latency > 11", false}, {"latency_client_us = 11400", true},
	{"first seen 2026-01-31T12", true}, {"last seen > 2026-01-31T12:00:10", false}, {"last seen < 2026-01-31T12:00:10.001", true},
	{"t_first < t_last", true}, {"count 1", true}, {"count > 1", false},
};
/* What a record does not carry: comparisons are false, also with 0, and `not` turns that round. */
static const char sparse[] = "{\"src_ip\":\"2001:db8::5\",\"dst_port\":0,\"proto\":17,\"bytes\":0,\"t_last\":\"2026-01-31T12:00:00Z\"}";
static const struct check sparse_checks[] = {
	{"src_port = 0", false}, {"src_port < 5", false}, {"src_port != 5", false}, {"not src_port = 0", true}, {"not src_port != 5", true},
	{"dst_port = 0", true}, {"dst_port < 5", true}, {"dst_port != 0", false}, {"port = 0", true}, {"port != 5", false},
	{"bytes < 1", true}, {"packets < 1", false}, {"packets defined", false}, {"bytes defined", true}, {"bpp = 0", false},
	{"duration = 0", false}, {"pps = 0", false}, {"dst_ip = ::", false}, {"dst_ip in ::/0", false}, {"not dst_ip in ::/0", true},
	{"dst_ip not in 10.0.0.0/8", false}, {"ipv6", true}, {"ipv4", false}, {"src_port = dst_port", false}, {"dst_port = src_port", false},
	{"app_name = ''", false}, {"app_name != 'x'", false}, {"app_name contains ''", false}, {"app_name ~ '^$'", false}, {"app_name !~ 'x'", false},
	{"mpls any = 0", false}, {"mpls any != 5", false}, {"not mpls any 5", true}, {"mpls label0 = 0", false}, {"t_first < 2027", false},
	{"flags 0", false}, {"tcp_flags has 0", false}, {"src_mac = 00:00:00:00:00:00", false}, {"dst port 0 or mpls label2 32", true},
	{"dst port 0 and mpls label2 32", false}, {"rev_bytes = 0", false}, {"src_as = 0 or src_as != 0", false},
};
static const char odd[] = "{\"mpls_labels\":[480,497,512],\"ingress_acl\":[100,110,120],\"egress_acl\":[],\"bytes\":18446744073709551615,"
	"\"packets\":0,\"t_first\":\"2026-01-31T12:00:05Z\",\"t_last\":\"2026-01-31T12:00:00Z\",\"src_mac\":\"0a:50:56:c0:00:01\","
	"\"dst_mac\":\"0b:50:56:c0:00:01\",\"out_src_mac\":\"0c:50:56:c0:00:01\",\"out_dst_mac\":\"0d:50:56:c0:00:01\","
	"\"proto\":1,\"icmp_type\":3,\"icmp_code\":8,\"firewall_event\":3,\"firewall_xevent\":1001,\"nat_event\":10,"
	"\"nat_block_start\":1111,\"nat_block_end\":2222,\"src_port\":1234,\"dst_port\":80,\"payload\":\"GET /index.html\\r\\n\","
	"\"tls_version\":771,\"tls_ja4s\":\"t12\",\"dns_qname\":\"www.example.org\",\"post_nat_src_ip\":\"172.32.7.16\",\"post_nat_dst_port\":59321,"
	"\"tunnel_dst_ip\":\"fe80::1\",\"tunnel_proto\":4,\"vlan_customer\":5,\"out_vlan\":6,\"pf_dir\":1,\"pf_action\":1,\"observation_point\":46115048124}";
static const struct check odd_checks[] = {
	/* labels 30, 31 with the bottom bit, 32 */
	{"mpls label0 30", true}, {"mpls label1 31", true}, {"mpls label2 > 31", true}, {"mpls label2 > 32", false}, {"mpls label3 < 99", false},
	{"mpls label3 != 99", false}, {"mpls eos 31", true}, {"mpls eos 30", false}, {"mpls any 32", true}, {"mpls any 33", false},
	{"mpls any != 33", true}, {"mpls any != 32", false}, {"mpls exp0 0", true}, {"mpls_labels = 497", true}, {"mpls any in [1-29, 32]", true},
	{"ingress acl 110", true}, {"ingress acl > 120", false}, {"ingress ace 110", true}, {"ingress xace 110", false}, {"egress acl < 9", false},
	{"egress_acl defined", true}, {"egress acl != 5", true},
	{"bytes > 1T", true}, {"bytes = 18446744073709551615", true}, {"bytes > 18446744073709551615", false}, {"bpp 0", true},
	/* It ends before it begins. */
	{"duration < 1", true}, {"duration > 0", false}, {"bps 0", true}, {"pps 0", true},
	{"mac 0d:50:56:c0:00:01", true}, {"in mac 0b:50:56:c0:00:01", true}, {"in mac 0c:50:56:c0:00:01", false}, {"out mac 0c:50:56:c0:00:01", true},
	{"src mac 0c:50:56:c0:00:01", true}, {"dst mac 0c:50:56:c0:00:01", false}, {"in src mac 0a:50:56:c0:00:01", true},
	{"icmp-type 3", true}, {"icmp code 8", true}, {"icmp-code 3", false}, {"flags 0", false},
	{"asa event denied", true}, {"asa event > 2", true}, {"asa denied ingress", true}, {"asa event denied egress", false}, {"nat event add64bib", true},
	{"nat event > 10", false}, {"src port in nat pblock", true}, {"dst port in nat pblock", false}, {"port in nat pblock", true},
	{"payload content 'GET /index'", true}, {"payload content index", true}, {"payload regex 'gET'i", true}, {"payload regex 'gET'", false},
	{"payload regex 'l\\r\\n$'", true}, {"payload tls version 1.2", true}, {"payload tls version 1.3", false}, {"payload ssl defined", true},
	{"payload ja3 defined", false}, {"payload ja4 defined", true}, {"payload ja4s t12", true}, {"payload dns name example", true},
	{"nat ip 172.32.7.16", true}, {"nat net 172.32.8.0/24", false}, {"nat port 59321", true}, {"src nat port 59321", false},
	{"tun ip fe80::1", true}, {"src tun ip fe80::1", false}, {"tun proto ipip", true}, {"vlan 5", true}, {"src vlan 6", false}, {"dst vlan 6", true},
	{"vlan = 5", false}, {"pf dir in", true}, {"pf action block", true}, {"observation point id 0xabcabcabc", true},
};
/* clang-format on */

static bool matches(const char *expr, const char *json)
{
	struct arena arena = {0};
	struct filter *f;
	struct diag d = {0};
	struct filter_scratch scratch = {0};
	struct batch *b = batch_new(SHAPE_WIDE);
	uint8_t mask[1] = {2};
	const struct filter_parse_opts opts = {.row_numbers = true};
	assert_int_equal(record_from_json(b, json, strlen(json), &d), ERR_OK);
	if (filter_parse_with(expr, strlen(expr), &opts, &arena, &f, &d))
		fail_msg("%s: %s", expr, d.msg);
	assert_int_equal(filter_eval(f, b, &scratch, mask), ERR_OK);
	filter_scratch_fini(&scratch);
	batch_free(b);
	arena_fini(&arena);
	return mask[0];
}

static void run(const struct check *checks, size_t n, const char *json)
{
	unsigned wrong = 0;
	for (size_t i = 0; i < n; i++) {
		if (matches(checks[i].filter, json) == checks[i].match)
			continue;
		print_error("%s: expected %d\n", checks[i].filter, checks[i].match);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void usual_flow(void **state)
{
	(void)state;
	run(web_checks, ARRAY_LEN(web_checks), web);
}

static void absent_is_not_zero(void **state)
{
	(void)state;
	run(sparse_checks, ARRAY_LEN(sparse_checks), sparse);
}

static void lists_events_and_extremes(void **state)
{
	(void)state;
	run(odd_checks, ARRAY_LEN(odd_checks), odd);
}

/* Rows are numbered through the batches of an input. */
static void count_goes_on(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct filter *f;
	struct filter_scratch scratch = {.rows_before = 2048};
	struct batch *b = batch_new(SHAPE_CORE);
	uint8_t mask[3];
	const struct filter_parse_opts opts = {.row_numbers = true};
	assert_int_equal(filter_parse_with("count 2050", 10, &opts, &arena, &f, NULL), ERR_OK);
	batch_open_rows(b, 3);
	b->n = 3;
	assert_int_equal(filter_eval(f, b, &scratch, mask), ERR_OK);
	assert_memory_equal(mask, ((uint8_t[]){0, 1, 0}), 3);
	filter_scratch_fini(&scratch);
	batch_free(b);
	arena_fini(&arena);
}

/* A core batch has no wide columns: such fields are absent. */
static void core_batch(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct filter *f;
	struct filter_scratch scratch = {0};
	struct batch *b = batch_new(SHAPE_CORE);
	static const char expr[] =
	    "app_name = '' or mpls any 0 or flows < 5 or rev_bytes = 0 or not app_name ~ 'x'";
	uint8_t mask[2] = {0};
	batch_open_rows(b, 2);
	b->n = 2;
	assert_int_equal(filter_parse(expr, strlen(expr), &arena, &f, NULL), ERR_OK);
	assert_int_equal(filter_eval(f, b, &scratch, mask), ERR_OK);
	assert_memory_equal(mask, ((uint8_t[]){1, 1}), 2);
	filter_scratch_fini(&scratch);
	batch_free(b);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(usual_flow),
	    cmocka_unit_test(absent_is_not_zero),
	    cmocka_unit_test(lists_events_and_extremes),
	    cmocka_unit_test(count_goes_on),
	    cmocka_unit_test(core_batch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
