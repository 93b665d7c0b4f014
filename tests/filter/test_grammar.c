/* SPDX-License-Identifier: Apache-2.0 */
/* Every primitive of nfdump's grammar with every direction it takes and every comparator, on
 * records that carry just the field meant: the answer follows from arithmetic on the value. A
 * record without the field must not match, and `not` turns that round. */
#include "filter/filter.h"
#include "model/batch.h"
#include "model/record_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
/* A number: the phrase, a record with the field at 100 (or as scaled), and what a record must have besides. */
static const struct number { const char *phrase, *record; } numbers[] = {
	{"engine-type", "\"engine_type\":100"}, {"engine type", "\"engine_type\":100"},
	{"engine-id", "\"engine_id\":100"}, {"engine id", "\"engine_id\":100"},
	{"exporter id", "\"exporter_id\":100"}, {"exporter sysid", "\"exporter_id\":100"}, {"exporter", "\"exporter_id\":100"},
	{"port", "\"src_port\":100"}, {"port", "\"dst_port\":100"}, {"src port", "\"src_port\":100"}, {"dst port", "\"dst_port\":100"},
	{"nat port", "\"post_nat_src_port\":100"}, {"nat port", "\"post_nat_dst_port\":100"},
	{"src nat port", "\"post_nat_src_port\":100"}, {"dst nat port", "\"post_nat_dst_port\":100"},
	{"src xlate port", "\"post_nat_src_port\":100"},
	{"icmp-type", "\"proto\":1,\"icmp_type\":100"}, {"icmp type", "\"proto\":58,\"icmp_type\":100"},
	{"icmp-code", "\"proto\":58,\"icmp_code\":100"}, {"icmp code", "\"proto\":1,\"icmp_code\":100"},
	{"tos", "\"tos\":100"}, {"src tos", "\"tos\":100"}, {"dst tos", "\"rev_tos\":100"},
	{"ttl", "\"min_ttl\":100"}, {"ttl", "\"max_ttl\":100"}, {"min ttl", "\"min_ttl\":100"}, {"max ttl", "\"max_ttl\":100"},
	{"fwdstat", "\"forwarding_status\":100"}, {"flags", "\"proto\":6,\"tcp_flags\":100"}, {"in flags", "\"proto\":6,\"tcp_flags\":100"},
	{"duration", "\"t_first\":\"2026-01-01T00:00:00.000Z\",\"t_last\":\"2026-01-01T00:00:00.100Z\""},
	{"pps", "\"t_first\":\"2026-01-01T00:00:00.000Z\",\"t_last\":\"2026-01-01T00:00:02.000Z\",\"packets\":200"},
	{"bps", "\"t_first\":\"2026-01-01T00:00:00.000Z\",\"t_last\":\"2026-01-01T00:00:02.000Z\",\"bytes\":25"},
	{"bpp", "\"packets\":3,\"bytes\":302"},
	{"packets", "\"packets\":100"}, {"in packets", "\"packets\":100"}, {"out packets", "\"rev_packets\":100"},
	{"bytes", "\"bytes\":100"}, {"in bytes", "\"bytes\":100"}, {"out bytes", "\"rev_bytes\":100"}, {"flows", "\"flows\":100"},
	{"if", "\"in_if\":100"}, {"if", "\"out_if\":100"}, {"in if", "\"in_if\":100"}, {"out if", "\"out_if\":100"},
	{"src vlan", "\"vlan\":100"}, {"src vlan", "\"vlan_customer\":100"}, {"dst vlan", "\"out_vlan\":100"}, {"dst vlan", "\"out_vlan_customer\":100"},
	{"as", "\"src_as\":100"}, {"as", "\"dst_as\":100"}, {"src as", "\"src_as\":100"}, {"dst as", "\"dst_as\":100"},
	{"prev as", "\"prev_as\":100"}, {"previous as", "\"prev_as\":100"}, {"next as", "\"next_as\":100"},
	{"mask", "\"src_mask\":100"}, {"mask", "\"dst_mask\":100"}, {"src mask", "\"src_mask\":100"}, {"dst mask", "\"dst_mask\":100"},
	{"ethertype", "\"ethertype\":100"},
	/* 1600 = 100 << 4 */
	{"mpls label0", "\"mpls_labels\":[1600]"}, {"mpls label2", "\"mpls_labels\":[16,32,1600]"},
	{"mpls label9", "\"mpls_labels\":[0,0,0,0,0,0,0,0,0,1600]"}, {"mpls any", "\"mpls_labels\":[1600,1600]"},
	{"mpls eos", "\"mpls_labels\":[32,1601]"},
	{"client latency", "\"latency_client_us\":100400"}, {"server latency", "\"latency_server_us\":100000"},
	{"app latency", "\"latency_app_us\":100999"}, {"application latency", "\"latency_app_us\":100000"},
	{"asa event", "\"firewall_event\":100"}, {"asa xevent", "\"firewall_xevent\":100"},
	{"ingress acl", "\"ingress_acl\":[100,100,100]"}, {"egress acl", "\"egress_acl\":[100,100,100]"},
	{"ingress ace", "\"ingress_acl\":[1,100,2]"}, {"ingress xace", "\"ingress_acl\":[1,2,100]"},
	{"egress ace", "\"egress_acl\":[1,100,2]"}, {"egress xace", "\"egress_acl\":[1,2,100]"},
	{"nat event", "\"nat_event\":100"}, {"nat pblock start", "\"nat_block_start\":100"}, {"nat pblock end", "\"nat_block_end\":100"},
	{"nat pblock step", "\"nat_block_step\":100"}, {"nat pblock size", "\"nat_block_size\":100"},
	{"observation domain id", "\"observation_domain\":100"}, {"observation point id", "\"observation_point\":100"},
	{"ingress vrf", "\"ingress_vrf\":100"}, {"egress vrf", "\"egress_vrf\":100"}, {"pf rule", "\"pf_rule\":100"},
};
static const struct { const char *text; bool less, same, more; } comparators[] = {
	{"", false, true, false}, {"=", false, true, false}, {"==", false, true, false}, {"eq", false, true, false},
	{">", false, false, true}, {"gt", false, false, true}, {"<", true, false, false}, {"lt", true, false, false},
	{">=", false, true, true}, {"ge", false, true, true}, {"<=", true, true, false}, {"le", true, true, false},
};
/* An address: the phrase before `ip`, `host` and `net`, and the fields that it looks at. */
static const struct { const char *direction, *field; } addresses[] = {
	{"", "src_ip"}, {"", "dst_ip"}, {"src", "src_ip"}, {"dst", "dst_ip"},
	{"nat", "post_nat_src_ip"}, {"nat", "post_nat_dst_ip"}, {"src nat", "post_nat_src_ip"}, {"dst nat", "post_nat_dst_ip"},
	{"xlate", "post_nat_src_ip"}, {"dst xlate", "post_nat_dst_ip"},
	{"tun", "tunnel_src_ip"}, {"tun", "tunnel_dst_ip"}, {"src tun", "tunnel_src_ip"}, {"dst tun", "tunnel_dst_ip"},
	{"next", "next_hop"}, {"bgp next", "bgp_next_hop"}, {"router", "exporter_ip"}, {"exporter", "exporter_ip"},
};
static const struct { const char *rest; bool match4, match6; } hosts[] = {
	{"ip 192.0.2.77", true, false}, {"host 192.0.2.77", true, false}, {"ip 192.0.2.78", false, false},
	{"ip 2001:db8:5::77", false, true}, {"host 2001:db8:5::77", false, true}, {"ip 2001:db8:5::78", false, false},
	{"ip in [192.0.2.77]", true, false}, {"ip in [ 198.51.100.1 192.0.2.77,2001:db8:5::77 ]", true, true},
	{"ip in [192.0.2.64/28 198.51.100.1]", true, false}, {"ip in [192.0.2.64/29]", false, false},
	{"ip in [2001:db8:5::/48, 198.51.100.0/24]", false, true},
	{"net 192.0.2.0/24", true, false}, {"net 192.0.2/24", true, false}, {"net 192.0/16", true, false}, {"net 192.0.2.0/26", false, false},
	{"net 192.0.2.64 255.255.255.240", true, false}, {"net 192.0.2.64 255.255.255.248", false, false},
	{"net 2001:db8:5::/64", false, true}, {"net 2001:db8:6::/64", false, false}, {"net 2001:db8::/32", false, true},
};
/* A MAC address: which of src_mac, dst_mac, out_src_mac, out_dst_mac the direction looks at. */
static const char *const mac_fields[4] = {"src_mac", "dst_mac", "out_src_mac", "out_dst_mac"};
static const struct { const char *direction; bool at[4]; } macs[] = {
	{"", {true, true, true, true}}, {"in", {true, true, false, false}}, {"out", {false, false, true, true}},
	{"src", {true, false, true, false}}, {"dst", {false, true, false, true}}, {"in src", {true, false, false, false}},
	{"in dst", {false, true, false, false}}, {"out src", {false, false, true, false}}, {"out dst", {false, false, false, true}},
};
/* Words and texts. */
static const struct { const char *record, *filter; bool match; } words[] = {
	{"\"ident\":\"edge-1\"", "ident edge-1", true}, {"\"ident\":\"edge-1\"", "ident edge", false}, {"", "ident edge-1", false},
	{"\"proto\":6", "proto tcp", true}, {"\"proto\":17", "proto 17", true}, {"\"proto\":1", "proto icmp", true},
	{"\"proto\":41", "proto ipv6", true}, {"\"proto\":50", "proto ah", false}, {"\"tunnel_proto\":4", "tun proto ipip", true},
	{"\"tunnel_proto\":47", "tun proto 47", true}, {"\"tunnel_proto\":47", "proto gre", false},
	{"\"proto\":6,\"icmp_type\":3", "icmp-type 3", false}, {"\"proto\":17,\"tcp_flags\":2", "flags S", false},
	{"\"proto\":6,\"tcp_flags\":18", "flags AS", true}, {"\"proto\":6,\"tcp_flags\":18", "flags =S", false},
	{"\"proto\":6,\"tcp_flags\":18", "flags =SA", true}, {"\"proto\":6,\"tcp_flags\":63", "flags X", true},
	{"\"proto\":6,\"tcp_flags\":31", "flags X", false}, {"\"proto\":6,\"tcp_flags\":192", "flags EC", true},
	{"\"proto\":6,\"tcp_flags\":4", "not flags RF", true}, {"\"proto\":6,\"tcp_flags\":24", "flags A and not flags SFR", true},
	{"\"min_ttl\":60,\"max_ttl\":60", "ttl equal", true}, {"\"min_ttl\":59,\"max_ttl\":60", "ttl equal", false}, {"", "ttl equal", false},
	{"\"forwarding_status\":25", "fwdstat DbadTTL", true}, {"\"forwarding_status\":137", "fwdstat dbadttl", true},
	{"\"forwarding_status\":64", "fwdstat forw", true}, {"\"forwarding_status\":19", "fwdstat forw", false},
	{"\"vlan\":7", "vlan 7", true}, {"\"vlan_customer\":7", "vlan 7", true}, {"\"out_vlan\":7", "vlan 7", true},
	{"\"out_vlan_customer\":7", "vlan 7", true}, {"\"vlan\":7", "dst vlan 7", false},
	{"\"direction\":0", "flowdir ingress", true}, {"\"direction\":0", "flowdir 0", true}, {"\"direction\":1", "flowdir egress", true},
	{"", "flowdir ingress", false},
	/* 95 = label 5, experimental bits 7, bottom of stack */
	{"\"mpls_labels\":[16,95]", "mpls exp1 7", true}, {"\"mpls_labels\":[16,95]", "mpls exp1 > 6", true},
	{"\"mpls_labels\":[16,95]", "mpls exp0 7", false}, {"\"mpls_labels\":[16,95]", "mpls eos 5", true},
	{"\"mpls_labels\":[16,95]", "mpls eos 1", false}, {"\"mpls_labels\":[16,95]", "mpls any 1", true},
	{"\"mpls_labels\":[16,95]", "mpls label2 0", false}, {"\"mpls_labels\":[16,94]", "mpls eos 5", false},
	{"\"firewall_event\":0", "asa event ignore", true}, {"\"firewall_event\":1", "asa event create", true},
	{"\"firewall_event\":2", "asa event delete", true}, {"\"firewall_event\":3", "asa event denied", true},
	{"\"firewall_event\":4", "asa event alert", true}, {"\"firewall_event\":1", "asa event denied", false},
	{"\"firewall_xevent\":1001", "asa denied ingress", true}, {"\"firewall_xevent\":1002", "asa denied egress", true},
	{"\"firewall_xevent\":1003", "asa denied interface", true}, {"\"firewall_xevent\":1004", "asa denied nosyn", true},
	{"\"firewall_xevent\":1001", "asa denied nosyn", false},
	{"\"firewall_event\":3,\"firewall_xevent\":1001", "asa event denied ingress", true},
	{"\"firewall_event\":2,\"firewall_xevent\":1001", "asa event denied ingress", false},
	{"\"user_name\":\"J. Doe\"", "asa user 'J. Doe'", true}, {"\"user_name\":\"J. Doe\"", "asa user J.", false},
	{"\"nat_event\":0", "nat event invalid", true}, {"\"nat_event\":1", "nat event add", true}, {"\"nat_event\":2", "nat event delete", true},
	{"\"nat_event\":10", "nat event add64bib", true}, {"\"nat_event\":1", "nat event delete", false},
	{"\"src_port\":2000,\"dst_port\":80,\"nat_block_start\":1024,\"nat_block_end\":2047", "src port in nat pblock", true},
	{"\"src_port\":2000,\"dst_port\":80,\"nat_block_start\":1024,\"nat_block_end\":2047", "dst port in nat pblock", false},
	{"\"src_port\":2048,\"dst_port\":1024,\"nat_block_start\":1024,\"nat_block_end\":2047", "port in nat pblock", true},
	{"\"src_port\":2048,\"dst_port\":1023,\"nat_block_start\":1024,\"nat_block_end\":2047", "port in nat pblock", false},
	{"\"src_port\":2000", "port in nat pblock", false},
	{"\"src_port\":53", "port in [53 443]", true}, {"\"dst_port\":443", "port in [53, 443]", true}, {"\"dst_port\":443", "src port in [443]", false},
	{"\"post_nat_dst_port\":443", "nat port in [53 443]", true}, {"\"dst_as\":64500", "as in [64499 64500]", true},
	{"\"dst_as\":64500", "src as in [64500]", false}, {"\"next_as\":5", "next as in [5 6]", true}, {"\"prev_as\":5", "prev as in [6]", false},
	{"\"payload\":\"POST /login HTTP/1.1\\r\\n\"", "payload content '/login'", true},
	{"\"payload\":\"POST /login HTTP/1.1\\r\\n\"", "payload content login", true},
	{"\"payload\":\"POST /login HTTP/1.1\\r\\n\"", "payload content GET", false},
	{"\"payload\":\"POST /login HTTP/1.1\\r\\n\"", "payload regex '^P(OS|U)T '", true},
	{"\"payload\":\"POST /login HTTP/1.1\\r\\n\"", "payload regex 'post'", false},
	{"\"payload\":\"POST /login HTTP/1.1\\r\\n\"", "payload regex 'post'i", true},
	{"\"payload\":\"POST /login HTTP/1.1\\r\\n\"", "payload regex \"post\" i and not any", false},
	{"\"payload\":\"a\\nb\"", "payload regex '^b' m", true}, {"\"payload\":\"a\\nb\"", "payload regex 'a.b'", false},
	{"\"payload\":\"a\\nb\"", "payload regex 'a.b's", true},
	{"\"dns_qname\":\"www.example.org\"", "payload dns name example", true}, {"\"dns_qname\":\"a.test\"", "payload dns name example", false},
	{"\"dns_qname\":\"a.test\"", "payload dns defined", true}, {"\"dns_rcode\":3", "payload dns defined", true}, {"\"dst_port\":53", "payload dns defined", false},
	{"\"dns_address\":\"192.0.2.1\"", "payload dns address 192.0.2.1", true}, {"\"dns_address\":\"192.0.2.1\"", "payload dns address 192.0.2.2", false},
	{"\"tls_version\":771", "payload tls version 1.2", true}, {"\"tls_version\":772", "payload tls version 1.2", false},
	{"\"tls_version\":768", "payload ssl version 3.0", true}, {"\"tls_version\":512", "payload ssl version 2.0", true},
	{"\"tls_version\":771", "payload ssl defined", true}, {"\"tls_sni\":\"a.test\"", "payload tls defined", true}, {"", "payload tls defined", false},
	{"\"tls_sni\":\"www.a.test\"", "payload tls sni a.test", true}, {"\"tls_sni\":\"www.a.test\"", "payload ssl sni b.test", false},
	{"\"tls_ja3\":\"00112233445566778899aabbccddeeff\"", "payload ja3 00112233445566778899aabbccddeeff", true},
	{"\"tls_ja3\":\"00112233445566778899aabbccddeeff\"", "payload ja3 00112233445566778899aabbccddeefe", false},
	{"\"tls_ja3\":\"00112233445566778899aabbccddeeff\"", "payload ja3 defined", true}, {"", "payload ja3 defined", false},
	{"\"tls_ja4\":\"t13d0101h2_0123456789ab_ba9876543210\"", "payload ja4 t13d0101h2_0123456789ab_ba9876543210", true},
	{"\"tls_ja4\":\"t13d0101h2_0123456789ab_ba9876543210\"", "payload ja4 defined", true},
	{"\"tls_ja4s\":\"t120200_c02f_0123456789ab\"", "payload ja4s t120200_c02f_0123456789ab", true},
	{"\"tls_ja4s\":\"t120200_c02f_0123456789ab\"", "payload ja4 defined", true}, {"", "payload ja4 defined", false},
	{"\"src_country\":\"CZ\"", "src geo cz", true}, {"\"src_country\":\"CZ\"", "geo CZ", true}, {"\"src_country\":\"CZ\"", "dst geo CZ", false},
	{"\"post_nat_dst_country\":\"CZ\"", "nat geo CZ", true}, {"\"post_nat_dst_country\":\"CZ\"", "src nat geo CZ", false},
	{"\"tunnel_src_country\":\"CZ\"", "tun geo cz", true}, {"\"tunnel_src_country\":\"CZ\"", "dst tun geo CZ", false},
	{"\"t_first\":\"2026-02-03T04:05:06.007Z\"", "first seen 2026-02-03T04:05:06.007", true},
	{"\"t_first\":\"2026-02-03T04:05:06.007Z\"", "first seen > 2026-02-03T04:05:06.006", true},
	{"\"t_first\":\"2026-02-03T04:05:06.007Z\"", "first seen < 2026-02-03T04:05:06.007", false},
	{"\"t_first\":\"2026-02-03T04:05:06.007Z\"", "first seen >= 2026-02-03", true}, {"\"t_first\":\"2026-02-03T04:05:06.007Z\"", "first seen < 2026-03", true},
	{"\"t_first\":\"2026-02-03T04:05:06.007Z\"", "first seen > 2026", true}, {"\"t_first\":\"2026-02-03T04:05:06.007Z\"", "last seen > 2026", false},
	{"\"t_last\":\"2026-02-03T04:05:06.007Z\"", "last seen le 2026-02-03T04:05:07", true},
	{"\"pf_action\":1", "pf action block", true}, {"\"pf_action\":0", "pf action pass", true}, {"\"pf_action\":4", "pf action nat", true}, {"\"pf_action\":0", "pf action block", false},
	{"\"pf_reason\":0", "pf reason match", true}, {"\"pf_reason\":2", "pf reason fragment", true},
	{"\"pf_dir\":1", "pf dir in", true}, {"\"pf_dir\":0", "pf dir out", true}, {"\"pf_dir\":0", "pf dir in", false},
	{"\"pf_if\":\"em0\"", "pf interface em0", true}, {"\"pf_if\":\"em0\"", "pf interface em1", false},
	{"\"src_ip\":\"192.0.2.1\"", "ipv4", true}, {"\"dst_ip\":\"2001:db8::1\"", "ipv6", true}, {"\"src_ip\":\"192.0.2.1\"", "ipv6", false},
	{"\"ip_version\":6", "ipv6", true}, {"\"ip_version\":6", "ipv4", false}, {"", "ipv4", false},
	{"\"bytes\":2000", "bytes 2k", true}, {"\"bytes\":2000000", "bytes 2M", true}, {"\"bytes\":2000000000", "bytes 2g", true},
	{"\"bytes\":2000000000000", "bytes > 1t and bytes < 3T", true}, {"\"bytes\":256", "bytes 0x100", true}, {"\"bytes\":256", "bytes 0X00fF", false},
	{"\"bytes\":5", "bytes 5 # not 6", true}, {"\"bytes\":5", "# first\nbytes 5", true}, {"\"bytes\":5", "!bytes 6", true},
	{"\"bytes\":5", "(bytes 5) %small", true}, {"\"bytes\":5", "%small(bytes 6)", false}, {"\"bytes\":5", "count 1", true}, {"\"bytes\":5", "count > 1", false},
	{"\"src_port\":1", "dst port 1 or mpls label2 3", false}, {"\"dst_port\":1", "dst port 1 or mpls label2 3", true},
	{"\"dst_port\":1", "dst port 1 and not mpls label2 3", true}, {"", "any", true}, {"", "not any", false},
};
/* clang-format on */

static struct batch *batch;
static unsigned asked;

/* Whether the record (the members of a JSON object) matches. */
static bool matches(const char *record, const char *expr)
{
	char line[512];
	struct arena arena = {0};
	struct filter *f;
	struct diag d = {0};
	struct filter_scratch scratch = {0};
	const struct filter_parse_opts opts = {.row_numbers = true};
	uint8_t mask[BATCH_ROWS];
	int n = snprintf(line, sizeof(line), "{%s}", record);
	batch_reset(batch);
	assert_int_equal(record_from_json(batch, line, (size_t)n, &d), ERR_OK);
	if (filter_parse_with(expr, strlen(expr), &opts, &arena, &f, &d))
		fail_msg("'%s' at %u: %s", expr, d.col, d.msg);
	assert_int_equal(filter_eval(f, batch, &scratch, mask), ERR_OK);
	filter_scratch_fini(&scratch);
	arena_fini(&arena);
	asked++;
	return mask[0];
}

static void expect(const char *record, const char *expr, bool want)
{
	char negated[256];
	if (matches(record, expr) != want)
		fail_msg("{%s} %s '%s'", record, want ? "should match" : "should not match", expr);
	if (strchr(expr, '#'))
		return;
	snprintf(negated, sizeof(negated), "not (%s)", expr);
	if (matches(record, negated) == want)
		fail_msg("{%s} '%s'", record, negated);
}

static void number_words(void **state)
{
	(void)state;
	char expr[128];
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		const struct number *x = &numbers[i];
		for (size_t c = 0; c < ARRAY_LEN(comparators); c++) {
			const bool want[] = {comparators[c].more, comparators[c].same,
					     comparators[c].less};
			for (unsigned v = 99; v <= 101; v++) {
				snprintf(expr, sizeof(expr), "%s %s %u", x->phrase,
					 comparators[c].text, v);
				expect(x->record, expr, want[v - 99]);
				expect("", expr, false);
			}
		}
	}
}

static void address_words(void **state)
{
	(void)state;
	char expr[128], record4[96], record6[96];
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
			snprintf(expr, sizeof(expr), "%s %s", addresses[i].direction,
				 hosts[h].rest);
			snprintf(record4, sizeof(record4), "\"%s\":\"192.0.2.77\"",
				 addresses[i].field);
			snprintf(record6, sizeof(record6), "\"%s\":\"2001:db8:5::77\"",
				 addresses[i].field);
			expect(record4, expr, hosts[h].match4);
			expect(record6, expr, hosts[h].match6);
			expect("", expr, false);
		}
	}
}

static void mac_words(void **state)
{
	(void)state;
	char expr[128], record[96];
	for (size_t i = 0; i < ARRAY_LEN(macs); i++) {
		for (size_t at = 0; at < ARRAY_LEN(mac_fields); at++) {
			snprintf(expr, sizeof(expr), "%s mac 02:00:5e:10:00:01", macs[i].direction);
			snprintf(record, sizeof(record), "\"%s\":\"02:00:5e:10:00:01\"",
				 mac_fields[at]);
			expect(record, expr, macs[i].at[at]);
			snprintf(record, sizeof(record), "\"%s\":\"02:00:5e:10:00:02\"",
				 mac_fields[at]);
			expect(record, expr, false);
		}
	}
}

static void other_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		expect(words[i].record, words[i].filter, words[i].match);
}

static int setup(void **state)
{
	(void)state;
	batch = batch_new(SHAPE_WIDE);
	return batch ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	batch_free(batch);
	return asked > 5000 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(number_words),
	    cmocka_unit_test(address_words),
	    cmocka_unit_test(mac_words),
	    cmocka_unit_test(other_words),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
