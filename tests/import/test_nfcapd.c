/* SPDX-License-Identifier: Apache-2.0 */
/* nfdump's files, made here by the description of the format: every field of both layouts, every
 * packing, and files that lie. That nfdump itself reads such files the same way, and that we read
 * its own, the scenario shows. */
#include "import/import.h"
#include "import/lzo.h"
#include "model/batch.h"
#include "model/record.h"
#include "tests/import/nfbuild.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* clang-format off */
static const char full4[] =
	"{\"t_first\":\"2023-11-14T22:13:20.123Z\",\"t_last\":\"2023-11-14T22:13:21.456Z\",\"t_recv\":\"2023-11-14T22:13:22.789Z\","
	"\"exporter_ip\":\"10.0.0.12\",\"observation_domain\":99,\"src_ip\":\"192.0.2.1\",\"dst_ip\":\"198.51.100.7\",\"ip_version\":4,"
	"\"src_port\":40000,\"dst_port\":443,\"proto\":6,\"tcp_flags\":27,\"tos\":8,\"bytes\":2222,\"packets\":11,\"flows\":5,"
	"\"in_if\":3,\"out_if\":4,\"direction\":1,\"end_reason\":2,\"src_as\":64500,\"dst_as\":64501,\"src_mask\":24,\"dst_mask\":16,"
	"\"next_hop\":\"10.0.0.10\",\"bgp_next_hop\":\"10.0.0.8\",\"src_mac\":\"02:00:00:00:00:01\",\"dst_mac\":\"02:00:00:00:00:03\","
	"\"vlan\":100,\"out_vlan\":200,\"forwarding_status\":64,\"export_version\":9,";
static const char full6[] =
	"{\"t_first\":\"2023-11-14T22:13:20.123Z\",\"t_last\":\"2023-11-14T22:13:21.456Z\",\"t_recv\":\"2023-11-14T22:13:22.789Z\","
	"\"exporter_ip\":\"2001:db8::c\",\"observation_domain\":99,\"src_ip\":\"2001:db8::1\",\"dst_ip\":\"2001:db8:1::2\",\"ip_version\":6,"
	"\"src_port\":40000,\"dst_port\":443,\"proto\":6,\"tcp_flags\":27,\"tos\":8,\"bytes\":2222,\"packets\":11,\"flows\":5,";
/* What both layouts have, wherever it stands in the line. */
static const char *const common[] = {
	"\"mpls_labels\":[1600,1617]", "\"out_src_mac\":\"02:00:00:00:00:04\"", "\"out_dst_mac\":\"02:00:00:00:00:02\"",
	"\"next_as\":64502", "\"prev_as\":64503", "\"engine_type\":1", "\"engine_id\":2", "\"exporter_id\":7",
	"\"ingress_vrf\":37", "\"egress_vrf\":36", "\"nat_event\":4", "\"post_nat_src_port\":50001", "\"post_nat_dst_port\":50002",
	"\"firewall_event\":3", "\"firewall_xevent\":1002", "\"ingress_acl\":[1,2,3]", "\"egress_acl\":[4,5,6]",
	"\"nat_block_start\":1024", "\"nat_block_end\":2047", "\"nat_block_step\":1", "\"nat_block_size\":1024", "\"user_name\":\"alice\"",
	"\"latency_client_us\":1001", "\"latency_server_us\":1002", "\"latency_app_us\":1003",
	"\"rev_bytes\":4444", "\"rev_packets\":33", "\"rev_tos\":12", "\"ident\":\"edge-1\"", "\"flow_id\":77",
};
static const char *const only2[] = {
	"\"ethertype\":33024", "\"min_ttl\":61", "\"max_ttl\":64", "\"ip_frag_flags\":64", "\"vlan_customer\":301",
	"\"out_vlan_customer\":302", "\"observation_point\":46115048124", "\"pf_action\":1", "\"pf_reason\":2", "\"pf_rule\":12",
	"\"pf_dir\":1", "\"pf_if\":\"em0\"", "\"app_id\":50332091", "\"payload\":\"GET / HTTP\"", "\"nat_pool_id\":5", "\"tunnel_id\":4096",
};
static const char *const of4[] = {
	"\"post_nat_src_ip\":\"10.0.0.20\"", "\"post_nat_dst_ip\":\"10.0.0.21\"", "\"next_hop\":\"10.0.0.10\"",
};
static const char *const of6[] = {
	"\"post_nat_src_ip\":\"2001:db8::14\"", "\"post_nat_dst_ip\":\"2001:db8::15\"", "\"next_hop\":\"2001:db8::a\"",
	"\"bgp_next_hop\":\"2001:db8::8\"",
};
/* clang-format on */

struct got {
	struct buf text; /* NDJSON */
	uint32_t rows;
	int32_t day;
	struct stats stats;
	enum err err;
};

static void take(void *ctx, struct batch *b)
{
	struct got *g = ctx;
	for (uint32_t i = 0; i < b->n; i++) {
		record_json(&g->text, b, i);
		buf_u8(&g->text, '\n');
		g->day = b->day[i];
	}
	g->rows += b->n;
}

/* Imports the bytes as a file; g->err is what ended it. */
static void import_bytes(const struct buf *file, struct got *g)
{
	char path[] = "/tmp/weir-test-XXXXXX";
	struct diag d = {0};
	struct import *in;
	*g = (struct got){.rows = 0};
	const struct import_opts o = {.stats = &g->stats, .emit = take, .ctx = g};
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file->p, file->n), (ssize_t)file->n);
	close(fd);
	g->err = import_open(path, &o, &in, &d);
	if (!g->err) {
		while ((g->err = import_step(in, &d)) == ERR_OK)
			;
		import_close(&in);
	}
	unlink(path);
	(void)buf_cstr(&g->text);
}

static void assert_has(const struct got *g, const char *const *what, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strstr((const char *)g->text.p, what[i]))
			fail_msg("no %s in %s", what[i], (const char *)g->text.p);
}

static void every_packing_of_layout_2(void **state)
{
	(void)state;
	for (enum pack p = PACK_NONE; p < PACK_MAX; p++) {
		struct buf records = {0}, file = {0};
		struct got g;
		nf_full_record(&records, false);
		nf_full_record(&records, true);
		nf_file(&file, 2, p, "edge-1", 2, &records);
		import_bytes(&file, &g);
		assert_int_equal(g.err, ERR_NOT_FOUND);
		assert_int_equal(g.rows, 2);
		assert_int_equal(g.stats.v[ST_records_decoded], 2);
		assert_int_equal(g.day, 19675); /* 2023-11-14 */
		assert_has(&g, common, ARRAY_LEN(common));
		assert_has(&g, only2, ARRAY_LEN(only2));
		assert_has(&g, of4, ARRAY_LEN(of4));
		assert_has(&g, of6, ARRAY_LEN(of6));
		assert_has(&g,
			   (const char *[]){
			       "\"tunnel_src_ip\":\"10.0.0.31\"", "\"tunnel_dst_ip\":\"10.0.0.32\"",
			       "\"tunnel_proto\":47", "\"tunnel_src_ip\":\"2001:db8::1f\"",
			       "\"tunnel_proto\":4", full6},
			   6);
		buf_fini(&records);
		buf_fini(&file);
		buf_fini(&g.text);
	}
}

static void core_fields_of_layout_2(void **state)
{
	(void)state;
	struct buf records = {0}, file = {0};
	struct got g;
	nf_full_record(&records, false);
	nf_file(&file, 2, PACK_NONE, NULL, 1, &records);
	import_bytes(&file, &g);
	/* The order is that of fields.def, whose later rows may grow. */
	char line[2048];
	snprintf(line, sizeof(line), "%s", (const char *)g.text.p);
	for (const char *part = full4; *part;) {
		char one[128];
		size_t n = strcspn(part + 1, ",") + 1;
		snprintf(one, sizeof(one), "%.*s", (int)(n - (part == full4)),
			 part + (part == full4));
		if (!strstr(line, one))
			fail_msg("no %s in %s", one, line);
		part += n;
		if (strcmp(part, ",") == 0)
			break;
	}
	assert_null(strstr(line, "ident"));
	buf_fini(&records);
	buf_fini(&file);
	buf_fini(&g.text);
}

static void every_packing_of_layout_1(void **state)
{
	(void)state;
	for (enum pack p = PACK_NONE; p < PACK_ZSTD; p++) {
		for (int ip6 = 0; ip6 < 2; ip6++) {
			struct buf records = {0}, file = {0};
			struct got g;
			nf1_full_record(&records, ip6);
			nf_file(&file, 1, p, "edge-1", 2, &records);
			import_bytes(&file, &g);
			assert_int_equal(g.err, ERR_NOT_FOUND);
			assert_int_equal(g.rows, 1);
			assert_has(&g, common, ARRAY_LEN(common));
			assert_has(&g, ip6 ? of6 : of4, ip6 ? ARRAY_LEN(of6) : ARRAY_LEN(of4));
			assert_has(&g,
				   (const char *[]){
				       "\"t_first\":\"2023-11-14T22:13:20.123Z\"",
				       "\"t_last\":\"2023-11-14T22:13:21.456Z\"",
				       "\"t_recv\":\"2023-11-14T22:13:22.789Z\"", "\"bytes\":2222",
				       "\"packets\":11", "\"flows\":5", "\"in_if\":3",
				       "\"out_if\":4", "\"vlan\":100", "\"out_vlan\":200",
				       "\"src_mask\":24", "\"dst_mask\":16", "\"direction\":1",
				       "\"tcp_flags\":27", "\"forwarding_status\":64", "\"tos\":8"},
				   16);
			buf_fini(&records);
			buf_fini(&file);
			buf_fini(&g.text);
		}
	}
}

/* An exporter record says who number 7 is. */
static void exporters_by_number(void **state)
{
	(void)state;
	struct buf records = {0}, file = {0}, body = {0}, generic = {0}, addresses = {0};
	struct got g;
	nf_exporter(&records, 7);
	buf_le64(&generic, 1700000000000);
	buf_le64(&generic, 1700000000000);
	for (int i = 0; i < 3; i++)
		buf_le64(&generic, i);
	nf_le16(&generic, 8 << 8 | 1); /* ICMP: the source port means nothing */
	nf_le16(&generic, 3 << 8 | 4);
	buf_put(&generic, "\x01\0\0\0", 4);
	buf_le32(&addresses, 0xc0000201);
	buf_le32(&addresses, 0xc0000202);
	buf_put(&body, "\2\0\0\0\7\0\0\5", 8);
	nf_element(&body, 1, &generic);
	nf_element(&body, 2, &addresses);
	nf_record(&records, 11, &body);
	nf_file(&file, 2, PACK_LZ4, NULL, 2, &records);
	import_bytes(&file, &g);
	assert_int_equal(g.rows, 1);
	assert_has(&g,
		   (const char *[]){"\"exporter_ip\":\"10.0.0.254\"", "\"observation_domain\":4711",
				    "\"export_version\":5", "\"exporter_id\":7", "\"icmp_type\":3",
				    "\"icmp_code\":4", "\"dst_port\":772", "\"bytes\":2",
				    "\"packets\":1"},
		   9);
	assert_null(strstr((const char *)g.text.p, "t_recv"));
	buf_fini(&records);
	buf_fini(&file);
	buf_fini(&body);
	buf_fini(&generic);
	buf_fini(&addresses);
	buf_fini(&g.text);
}

/* Cut at every length and with every byte of the records changed: what can be read is read, the
 * rest counted, and nothing else happens (the sanitizers look on). */
static void damaged_files(void **state)
{
	(void)state;
	for (unsigned layout = 1; layout <= 2; layout++) {
		struct buf records = {0}, file = {0};
		struct got g;
		if (layout == 1)
			nf1_full_record(&records, true);
		else
			nf_full_record(&records, false);
		nf_file(&file, layout, PACK_NONE, "edge-1", 1, &records);
		for (size_t n = 0; n < file.n; n++) {
			struct buf cut = {0};
			buf_put(&cut, file.p, n);
			import_bytes(&cut, &g);
			assert_true(g.err != ERR_OK && g.rows <= 1);
			buf_fini(&cut);
			buf_fini(&g.text);
		}
		for (size_t at = 0; at < file.n; at++) {
			uint8_t was = file.p[at];
			file.p[at] = (uint8_t)~was;
			import_bytes(&file, &g);
			assert_true(g.err != ERR_OK && g.rows <= 1);
			file.p[at] = was;
			buf_fini(&g.text);
		}
		buf_fini(&records);
		buf_fini(&file);
	}
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		uint8_t head[40];
		size_t n;
	} files[] = {
	    {{0x0c, 0xa5, 3, 0}, 40},                     /* layout 3 */
	    {{0xa5, 0x0c, 0, 2}, 40},                     /* the other byte order */
	    {{0x0c, 0xa5, 2, 0, [16] = 9}, 40},           /* packed in a way we do not know */
	    {{0x0c, 0xa5, 2, 0, [16] = 3, [17] = 1}, 40}, /* encrypted */
	    {{'h', 'e', 'l', 'l', 'o'}, 5},
	};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct buf file = {0};
		struct got g;
		buf_put(&file, files[i].head, files[i].n);
		import_bytes(&file, &g);
		assert_int_equal(g.err, ERR_UNSUPPORTED);
		buf_fini(&file);
		buf_fini(&g.text);
	}
}

/* A block that does not unpack is left out, the next one is read. */
static void bad_block(void **state)
{
	(void)state;
	struct buf records = {0}, file = {0};
	struct got g;
	nf_full_record(&records, false);
	nf_file(&file, 2, PACK_LZ4, NULL, 1, &records);
	size_t block = file.n - 40;
	buf_put(&file, file.p + 40, block);
	memset(file.p + 40 + 12, 0xff, 20);
	memset(file.p + 24, 0, 8); /* no appendix: the blocks go to the end */
	import_bytes(&file, &g);
	assert_int_equal(g.err, ERR_NOT_FOUND);
	assert_int_equal(g.rows, 1);
	assert_int_equal(g.stats.v[ST_malformed_set_length], 1);
	buf_fini(&records);
	buf_fini(&file);
	buf_fini(&g.text);
}

static void lzo_streams(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t n;
		const char *out; /* NULL: refused */
	} streams[] = {
	    {"\x14"
	     "abc\xe8\x00\x11\0\0",
	     9, "abcabcabcab"}, /* 3 bytes, then 8 from 3 back */
	    {"\x13"
	     "xy\x22\x07\0z\x11\0\0",
	     10, NULL}, /* 2 + 2 bytes from 2 back, 3 follow but only one is there */
	    {"\x13"
	     "xy\x22\x05\0z\x11\0\0",
	     10, "xyxyxyz"}, /* 4 bytes from 2 back, then 1 that follows */
	    {"\x11\0\0", 3, ""},
	    {"\x12"
	     "a\x11\0",
	     4, NULL}, /* cut */
	    {"\x12"
	     "a\xe8\x10\x11\0\0",
	     7, NULL}, /* from before the beginning */
	    {"", 0, NULL},
	};
	uint8_t out[64];
	size_t n;
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		n = 99;
		enum err e =
		    lzo_unpack((const uint8_t *)streams[i].in, streams[i].n, out, sizeof(out), &n);
		assert_int_equal(e, streams[i].out ? ERR_OK : ERR_MALFORMED);
		if (e)
			continue;
		assert_int_equal(n, strlen(streams[i].out));
		assert_memory_equal(out, streams[i].out, n);
		assert_true(n == 0 || lzo_unpack((const uint8_t *)streams[i].in, streams[i].n, out,
						 n - 1, &n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_packing_of_layout_2),
	    cmocka_unit_test(core_fields_of_layout_2),
	    cmocka_unit_test(every_packing_of_layout_1),
	    cmocka_unit_test(exporters_by_number),
	    cmocka_unit_test(damaged_files),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(bad_block),
	    cmocka_unit_test(lzo_streams),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
