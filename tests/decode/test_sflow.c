/* SPDX-License-Identifier: Apache-2.0 */
/* sFlow v5 by the specification: what becomes a row, what is only counted, what is refused. */
#include "decode/harness.h"

#include "decode/corpus.h"
#include "decode/state.h"
#include "wire/wire.h"
#include "wire/wire_sflow.h"

#include <stdio.h>
#include <string.h>

static const struct corpus_item *item(const char *name)
{
	for (unsigned i = 0; i < corpus_n; i++)
		if (corpus_items[i].kind == CORPUS_SFLOW && strcmp(corpus_items[i].name, name) == 0)
			return &corpus_items[i];
	fail_msg("no item %s", name);
	return NULL;
}

static void feed_item(struct harness *h, const char *name)
{
	struct buf b = {0};
	item(name)->make(&b);
	harness_feed(h, &b);
	buf_fini(&b);
}

/* A VXLAN packet behind two tags, and the switch's own idea of the VLANs: the inner packet is the
 * key, the link's headers are those outside, the switch's VLAN wins. */
static void sampled_header(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	feed_item(h, "flows");
	static const char row[] =
	    "{\"t_first\":\"2026-01-01T12:00:00.000Z\",\"t_last\":\"2026-01-01T12:00:00.000Z\","
	    "\"src_ip\":\"2001:db8::1\",\"dst_ip\":\"2001:db8::2\",\"ip_version\":6,"
	    "\"src_port\":1000,\"dst_port\":53,\"proto\":17,\"tos\":0,\"bytes\":1518,\"packets\":1,"
	    "\"in_if\":3,\"out_if\":4,\"direction\":0,\"src_mac\":\"02:00:00:00:00:01\","
	    "\"dst_mac\":\"02:00:00:00:00:02\",\"vlan\":10,\"sampling_rate\":512,"
	    "\"sampling_source\":2,\"ethertype\":2048,\"min_ttl\":64,\"max_ttl\":64,"
	    "\"flow_label\":0,\"vlan_customer\":200,\"out_vlan\":12,\"agent_ip\":\"10.0.0.1\","
	    "\"tunnel_src_ip\":\"192.0.2.1\",\"tunnel_dst_ip\":\"192.0.2.2\",\"tunnel_proto\":17,"
	    "\"tunnel_id\":4660}\n";
	assert_int_equal(h->rows->n, 2);
	assert_int_equal(batch_get_num(h->rows, F_observation_domain, 0), 7);
	assert_int_equal(batch_get_num(h->rows, F_export_version, 0), 105);
	assert_int_equal(harness_stat(h, ST_samples_flow), 2);
	assert_int_equal(harness_stat(h, ST_samples_counter), 1);
	assert_int_equal(harness_malformed_total(h), 0);
	struct buf out = {0};
	const char *rows = harness_json(h, &out);
	/* Field by field, so that the order of fields.def does not matter. */
	for (const char *p = row + 1; *p && *p != '\n';) {
		size_t n = strcspn(p, ",}");
		char one[96];
		snprintf(one, sizeof(one), "%.*s", (int)n, p);
		if (!strstr(rows, one))
			fail_msg("%s is not in %s", one, rows);
		p += n + 1;
	}
	/* And nothing else; both rows are the same. */
	assert_int_equal(strcspn(rows, "\n") + 1, strlen(row));
	assert_int_equal(out.n, 2 * strlen(row));
	buf_fini(&out);
	harness_free(h);
}

static void assert_list(const struct batch *b, enum field f, const uint32_t *v, uint32_t n)
{
	struct span s = batch_span(b, f)[0];
	assert_true(batch_present(b, f, 0));
	assert_int_equal(s.len, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(batch_list_at(b, s, i), v[i]);
}

static void assert_ip(const struct batch *b, enum field f, const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(text, strlen(text), &ip), ERR_OK);
	assert_true(batch_present(b, f, 0));
	assert_memory_equal(&batch_ip(b, f)[0], &ip, sizeof(ip));
}

static void assert_text(const struct batch *b, enum field f, const char *text)
{
	struct span s = batch_span(b, f)[0];
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(batch_bytes(b, s), text, s.len);
}

static void extended_records(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	feed_item(h, "extended");
	const struct batch *b = h->rows;
	assert_int_equal(b->n, 1);
	assert_ip(b, F_agent_ip, "2001:db8::a");
	assert_ip(b, F_src_ip, "10.0.0.1");
	assert_int_equal(batch_get_num(b, F_src_port, 0), 1000);
	assert_int_equal(batch_get_num(b, F_tcp_flags, 0), 0x12);
	assert_int_equal(batch_get_num(b, F_tos, 0), 1003 & 0xff);
	assert_int_equal(batch_get_num(b, F_bytes, 0), 576);
	assert_ip(b, F_next_hop, "2001:db8::1"); /* of the router record, which came first */
	assert_int_equal(batch_get_num(b, F_src_mask, 0), 24);
	assert_int_equal(batch_get_num(b, F_dst_mask, 0), 16);
	assert_ip(b, F_bgp_next_hop, "203.0.113.1");
	assert_int_equal(batch_get_num(b, F_src_as, 0), 64501);
	assert_int_equal(batch_get_num(b, F_prev_as, 0), 64502);
	assert_int_equal(batch_get_num(b, F_next_as, 0), 64600);
	assert_int_equal(batch_get_num(b, F_dst_as, 0), 64602);
	assert_list(b, F_as_path, (const uint32_t[]){64600, 64601, 64602}, 3);
	assert_list(b, F_bgp_communities, (const uint32_t[]){64500u << 16 | 666}, 1);
	assert_int_equal(batch_get_num(b, F_local_pref, 0), 200);
	assert_text(b, F_user_name, "alice");
	assert_text(b, F_dst_user_name, "bob");
	assert_list(b, F_mpls_labels, (const uint32_t[]){16 << 4 | 1}, 1);
	assert_ip(b, F_post_nat_src_ip, "198.51.100.1");
	assert_ip(b, F_post_nat_dst_ip, "198.51.100.2");
	assert_int_equal(batch_get_num(b, F_in_if, 0), 1);
	assert_false(batch_present(b, F_out_if, 0)); /* several */
	assert_int_equal(batch_get_num(b, F_out_if_count, 0), 3);
	assert_int_equal(harness_malformed_total(h), 0);
	harness_free(h);
}

static void discarded_packet(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	feed_item(h, "discard");
	const struct batch *b = h->rows;
	assert_int_equal(b->n, 1);
	assert_int_equal(harness_stat(h, ST_samples_discard), 1);
	assert_int_equal(batch_get_num(b, F_forwarding_status, 0), 128);
	assert_int_equal(batch_get_num(b, F_drop_reason, 0), 258);
	assert_false(batch_present(b, F_sampling_rate, 0));
	assert_list(b, F_ingress_acl, (const uint32_t[]){101}, 1);
	assert_text(b, F_acl_name, "deny-all");
	assert_ip(b, F_dst_ip, "2001:db8::2");
	harness_free(h);
}

/* {format, value} of the output and what it means. */
static void interface_formats(void **state)
{
	(void)state;
	const struct {
		uint32_t format, value;
		bool expanded;
		enum field f; /* FIELD_MAX = nothing is known */
		uint64_t v;
	} cases[] = {
	    {0, 5, false, F_out_if, 5},
	    {0, 0, false, FIELD_MAX, 0},
	    {0, 0x3fffffff, false, F_out_if, 0x3fffffff}, /* the device itself */
	    {0, 1258293248, true, F_out_if, 1258293248},  /* more than 30 bits */
	    {1, 256, false, F_drop_reason, 256},
	    {1, 256, true, F_forwarding_status, 128},
	    {2, 0, false, F_out_if_count, 0}, /* more than one */
	    {2, 7, true, F_out_if_count, 7},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct harness *h = harness_new(NULL);
		struct buf b = {0};
		struct wire_sflow w = wire_sflow_begin(&b, "10.0.0.1", 0, 1, 1000);
		const struct wire_sflow_packet p = {.rate = 1,
						    .out_format = cases[i].format,
						    .out_if = cases[i].value,
						    .expanded = cases[i].expanded};
		wire_sflow_flow(&w, &p);
		wire_sflow_sample_end(&w);
		wire_sflow_end(&w);
		harness_feed(h, &b);
		assert_int_equal(h->rows->n, 1);
		assert_int_equal(batch_present(h->rows, F_out_if, 0), cases[i].f == F_out_if);
		if (cases[i].f != FIELD_MAX) {
			assert_true(batch_present(h->rows, cases[i].f, 0));
			assert_int_equal(batch_get_num(h->rows, cases[i].f, 0), cases[i].v);
		}
		assert_false(batch_present(h->rows, F_in_if, 0));
		harness_free(h);
		buf_fini(&b);
	}
}

static void unknown_formats_are_passed_over(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	struct buf b = {0};
	struct wire_sflow w = wire_sflow_begin(&b, "10.0.0.1", 0, 1, 1000);
	wire_sflow_sample_begin(&w, 4413u << 12 | 1); /* of an enterprise */
	wire_sflow_u32(&w, 0xffffffff);
	wire_sflow_sample_end(&w);
	const struct wire_sflow_packet p = {.rate = 100, .in_if = 9};
	wire_sflow_flow(&w, &p);
	wire_sflow_record_begin(&w, 8800u << 12 | 2);
	wire_sflow_opaque(&w, "not for us", 10);
	wire_sflow_record_end(&w);
	wire_sflow_record_begin(&w, 1036);
	wire_sflow_u32(&w, 6);
	wire_sflow_record_end(&w);
	wire_sflow_sample_end(&w);
	wire_sflow_end(&w);
	harness_feed(h, &b);
	assert_int_equal(harness_stat(h, ST_samples_unknown), 1);
	assert_int_equal(harness_stat(h, ST_samples_unknown_records), 1);
	assert_int_equal(harness_malformed_total(h), 0);
	assert_int_equal(h->rows->n, 1);
	assert_int_equal(batch_get_num(h->rows, F_egress_queue, 0), 6);
	assert_int_equal(batch_get_num(h->rows, F_packets, 0), 1);
	assert_false(batch_present(h->rows, F_bytes, 0));
	harness_free(h);
	buf_fini(&b);
}

/* A record that is too short for its format is not guessed at; what stands beside it is read. */
static void short_record(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	struct buf b = {0};
	struct wire_sflow w = wire_sflow_begin(&b, "10.0.0.1", 0, 1, 1000);
	const struct wire_sflow_packet p = {.rate = 100, .in_if = 9};
	wire_sflow_flow(&w, &p);
	wire_sflow_record_begin(&w, 1001);
	wire_sflow_u32(&w, 5);
	wire_sflow_record_end(&w);
	wire_sflow_record_begin(&w, 1036);
	wire_sflow_u32(&w, 6);
	wire_sflow_record_end(&w);
	wire_sflow_sample_end(&w);
	wire_sflow_end(&w);
	harness_feed(h, &b);
	assert_int_equal(harness_stat(h, ST_malformed_sample_record), 1);
	assert_int_equal(
	    harness_exporter(h).malformed[ST_malformed_sample_record - MALFORMED_FIRST], 1);
	assert_false(batch_present(h->rows, F_vlan, 0));
	assert_int_equal(batch_get_num(h->rows, F_egress_queue, 0), 6);
	harness_free(h);
	buf_fini(&b);
}

/* Lists stay what the first record said, however often it comes. */
static void repeated_records(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	struct buf b = {0};
	struct wire_sflow w = wire_sflow_begin(&b, "10.0.0.1", 0, 1, 1000);
	const struct wire_sflow_packet p = {.rate = 100};
	wire_sflow_flow(&w, &p);
	for (uint32_t i = 1; i <= 3; i++) {
		wire_sflow_record_begin(&w, 1006);
		wire_sflow_address(&w, "10.0.0.9");
		wire_sflow_u32(&w, 2);
		wire_sflow_u32(&w, (10 * i) << 12);
		wire_sflow_u32(&w, (10 * i + 1) << 12 | 1 << 8);
		wire_sflow_u32(&w, 0);
		wire_sflow_record_end(&w);
		wire_sflow_record_begin(&w, 1037);
		wire_sflow_u32(&w, 100 + i);
		wire_sflow_opaque(&w, "list", 4);
		wire_sflow_u32(&w, 1);
		wire_sflow_record_end(&w);
	}
	wire_sflow_sample_end(&w);
	wire_sflow_end(&w);
	harness_feed(h, &b);
	assert_list(h->rows, F_mpls_labels, (const uint32_t[]){10 << 4, 11 << 4 | 1}, 2);
	assert_list(h->rows, F_ingress_acl, (const uint32_t[]){101}, 1);
	assert_int_equal(harness_malformed_total(h), 0);
	harness_free(h);
	buf_fini(&b);
}

/* A datagram with one flow sample. */
static void feed_one(struct harness *h, const char *agent, uint32_t sequence, uint32_t uptime,
		     uint32_t sample, uint32_t drops)
{
	struct buf b = {0};
	struct wire_sflow w = wire_sflow_begin(&b, agent, 0, sequence, uptime);
	const struct wire_sflow_packet p = {
	    .sequence = sample, .source_index = 3, .rate = 10, .drops = drops};
	wire_sflow_flow(&w, &p);
	wire_sflow_sample_end(&w);
	wire_sflow_end(&w);
	harness_feed(h, &b);
	buf_fini(&b);
}

static void what_was_lost(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	feed_one(h, "10.0.0.1", 1, 1000000, 100, 5);
	feed_one(h, "10.0.0.1", 2, 1001000, 101, 5);
	feed_one(h, "10.0.0.1", 5, 1002000, 110, 12); /* 2 datagrams, 8 samples; 7 drops */
	struct exporter_info i = harness_exporter(h);
	assert_int_equal(i.lost, 2);
	assert_int_equal(i.samples_lost, 8);
	assert_int_equal(i.agent_drops, 7);
	feed_one(h, "10.0.0.1", 4, 1001500, 105, 12); /* late */
	i = harness_exporter(h);
	assert_int_equal(i.lost, 1);
	assert_int_equal(i.samples_lost, 7);
	/* The agent starts anew: nothing more is lost. */
	feed_one(h, "10.0.0.1", 1, 10, 1, 0);
	i = harness_exporter(h);
	assert_int_equal(i.restarts, 1);
	assert_int_equal(i.lost, 1);
	assert_int_equal(harness_stat(h, ST_records_lost_before), 0);
	assert_int_equal(h->rows->n, 5);
	harness_free(h);
}

/* A late sample takes back what its own source was missing, once; what did not come is counted. */
static void late_samples(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	feed_one(h, "10.0.0.1", 1, 1000000, 100, 0);
	feed_one(h, "10.0.0.1", 2, 1000000, 104, 0); /* 101, 102, 103 are missing */
	assert_int_equal(harness_exporter(h).samples_lost, 3);
	for (uint32_t i = 0; i < 5; i++)
		feed_one(h, "10.0.0.1", 3 + i, 1000000, 105 + i, 0);
	feed_one(h, "10.0.0.1", 8, 1000000, 102, 0);
	assert_int_equal(harness_exporter(h).samples_lost, 2);
	feed_one(h, "10.0.0.1", 9, 1000000, 112, 0); /* 110, 111: the gap before is closed */
	assert_int_equal(harness_exporter(h).samples_lost, 4);
	assert_int_equal(harness_stat(h, ST_samples_lost), 2);
	for (uint32_t i = 0; i < 4; i++) /* 2 of them can be what was missing */
		feed_one(h, "10.0.0.1", 10 + i, 1000000, 110, 0);
	assert_int_equal(harness_exporter(h).samples_lost, 2);
	feed_one(h, "10.0.0.1", 14, 1000000, 114, 0);
	assert_int_equal(harness_exporter(h).samples_lost, 3);
	/* The agent starts anew, at a number that could be the next: nothing more is lost. */
	feed_one(h, "10.0.0.1", 1, 10, 130, 0);
	assert_int_equal(harness_exporter(h).samples_lost, 3);
	assert_int_equal(harness_stat(h, ST_samples_lost), 3);
	harness_free(h);
}

/* Tables beside the templates have a common limit; what goes gives its bytes back. */
static void sources_have_a_common_limit_of_bytes(void **state)
{
	(void)state;
	struct harness *h = harness_new(&(struct decoder_opts){.max_exporters = 1, .idle_ms = 1});
	feed_one(h, "10.0.0.1", 1, 1000, 1, 0);
	size_t one = h->decoder->side_mem;
	assert_true(one > 0);
	h->t_recv += 10;
	feed_one(h, "10.0.0.2", 1, 1000, 1, 0); /* in place of the first */
	assert_int_equal(h->decoder->side_mem, one);
	h->decoder->side_mem = DECODER_MAX_SIDE_MEM; /* the others took all */
	h->t_recv += 10;
	struct exporter *e = h->decoder->newest;
	assert_false(rates_put(h->decoder, &e->in_rates, 1, 10, IF_RATES_MAX));
	feed_one(h, "10.0.0.3", 1, 1000, 1, 0);
	assert_int_equal(h->decoder->side_mem, DECODER_MAX_SIDE_MEM);
	assert_int_equal(harness_stat(h, ST_exporters_not_followed), 1);
	h->decoder->side_mem = DECODER_MAX_SIDE_MEM - one + 1;
	h->t_recv += 10;
	exporter_forget_sources(h->decoder, h->decoder->newest);
	h->decoder->side_mem = DECODER_MAX_SIDE_MEM - one + 1;
	feed_one(h, "10.0.0.3", 2, 1000, 2, 0);
	assert_int_equal(harness_stat(h, ST_exporters_not_followed), 2);
	h->decoder->side_mem = 0;
	harness_free(h);
}

/* Two agents behind one address, as a relay sends them: each has its own numbers. */
static void agents_behind_one_address(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	for (uint32_t i = 0; i < 5; i++) {
		feed_one(h, "10.0.0.1", 100 + i, 1000000, i, 0);
		feed_one(h, "10.0.0.2", 5000 + i, 2000, 70 + i, 0);
	}
	assert_int_equal(harness_stat(h, ST_exporters_live), 2);
	assert_int_equal(harness_exporter(h).lost, 0);
	assert_int_equal(harness_stat(h, ST_samples_lost), 0);
	assert_int_equal(harness_stat(h, ST_sequence_restarts), 0);
	/* Their sequences are not saved, since nothing but the agent tells them apart. */
	struct decoder_sequence saved[2];
	assert_int_equal(decoder_sequences(h->decoder, saved, 2), 0);
	harness_free(h);
}

static void sequence_outlives_the_process(void **state)
{
	(void)state;
	struct decoder_sequence saved[2];
	struct harness *h = harness_new(NULL);
	feed_one(h, "10.0.0.1", 10, 1000, 1, 0);
	assert_int_equal(decoder_sequences(h->decoder, saved, 2), 1);
	harness_free(h);
	h = harness_new(NULL);
	decoder_restore(h->decoder, saved, 1);
	feed_one(h, "10.0.0.1", 14, 2000, 5, 0);
	assert_int_equal(harness_exporter(h).lost, 3);
	struct ip agent = ip_from_v4((const uint8_t *)"\12\0\0\1");
	assert_memory_equal(harness_exporter(h).agent.b, agent.b, 16);
	assert_int_equal(harness_stat(h, ST_exporters_live), 1);
	harness_free(h);
}

/* By content alone: the header, and the beginning of the first sample. */
static void recognised_by_content(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	struct buf b = {0};
	item("flows")->make(&b);
	b.p[7] = 3; /* an address of no known kind */
	harness_feed_bytes(h, b.p, b.n);
	b.p[7] = 1;
	b.p[31] = 99; /* no known sample, and cut: nothing says that this is one */
	harness_feed_bytes(h, b.p, b.n - 1);
	assert_int_equal(harness_stat(h, ST_reject_not_export), 2);
	b.p[31] = 1;
	harness_feed_bytes(h, b.p, b.n);
	assert_int_equal(harness_stat(h, ST_datagrams_decoded), 1);
	assert_int_equal(h->rows->n, 2);
	harness_free(h);
	buf_fini(&b);
}

/* A datagram that was cut tells what is there: here the outer headers of the second sample. */
static void cut_datagram(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	struct buf b = {0}, frame = {0};
	const struct wire_ip ip = {.src = "10.0.0.1", .dst = "10.0.0.2", .proto = 17};
	wire_ethernet(&frame, 0x0800);
	wire_ip_header(&frame, &ip, 12);
	wire_udp(&frame, 1000, 53, "abcd", 4);
	struct wire_sflow w = wire_sflow_begin(&b, "10.0.0.1", 0, 1, 1000);
	for (uint32_t i = 0; i < 2; i++) {
		const struct wire_sflow_packet p = {.sequence = i, .rate = 10, .in_if = 9};
		wire_sflow_flow(&w, &p);
		wire_sflow_raw(&w, 1, 64, &frame);
		wire_sflow_sample_end(&w);
	}
	wire_sflow_end(&w);
	b.n -= 10; /* padding, payload and all but 4 bytes of UDP */
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 2);
	assert_int_equal(batch_get_num(h->rows, F_dst_port, 1), 53);
	assert_int_equal(batch_get_num(h->rows, F_bytes, 1), 64);
	assert_int_equal(harness_stat(h, ST_malformed_sample_length), 1);
	harness_free(h);
	buf_fini(&frame);
	buf_fini(&b);
}

/* Agents that say too little of their last sample: its records tell how long they are. */
static void miscounted_sample(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	struct buf b = {0};
	struct wire_sflow w = wire_sflow_begin(&b, "10.0.0.1", 0, 1, 1000);
	const struct wire_sflow_packet p = {.rate = 100, .in_if = 9};
	wire_sflow_flow(&w, &p);
	wire_sflow_record_begin(&w, 1001);
	for (uint32_t v = 10; v < 14; v++)
		wire_sflow_u32(&w, v);
	wire_sflow_record_end(&w);
	wire_sflow_sample_end(&w);
	wire_sflow_end(&w);
	b.p[35] = (uint8_t)(b.p[35] - 4); /* the length of the sample */
	harness_feed(h, &b);
	assert_int_equal(h->rows->n, 1);
	assert_int_equal(batch_get_num(h->rows, F_out_vlan, 0), 12);
	assert_int_equal(harness_stat(h, ST_malformed_sample_length), 1);
	assert_int_equal(harness_stat(h, ST_malformed_sample_record), 0);
	harness_free(h);
	buf_fini(&b);
}

static void rate_of_the_configuration(void **state)
{
	(void)state;
	struct harness *h = harness_new(NULL);
	struct buf b = {0};
	const struct sampling_rule rule = {.rate = 77, .bits = 0};
	assert_int_equal(decoder_set_sampling(h->decoder, &rule, 1), ERR_OK);
	for (uint32_t rate = 0; rate <= 5; rate += 5) {
		struct wire_sflow w = wire_sflow_begin(&b, "10.0.0.1", 0, 1 + rate / 5, 1000);
		const struct wire_sflow_packet p = {.rate = rate};
		wire_sflow_flow(&w, &p);
		wire_sflow_sample_end(&w);
		wire_sflow_end(&w);
		harness_feed(h, &b);
	}
	assert_int_equal(batch_get_num(h->rows, F_sampling_rate, 0), 77);
	assert_int_equal(batch_get_num(h->rows, F_sampling_source, 0), 3);
	assert_int_equal(batch_get_num(h->rows, F_sampling_rate, 1), 5);
	assert_int_equal(batch_get_num(h->rows, F_sampling_source, 1), 2);
	harness_free(h);
	buf_fini(&b);
}

struct sums {
	uint64_t rows, in_if;
};

static void sum_rows(void *ctx, struct batch *b)
{
	struct sums *s = ctx;
	s->rows += b->n;
	for (uint32_t i = 0; i < b->n; i++)
		s->in_if += batch_get_num(b, F_in_if, i);
}

/* More samples than a batch has rows: nothing is lost at the seam. */
static void many_samples(void **state)
{
	(void)state;
	enum { SAMPLES = 1000, DATAGRAMS = 7 };
	struct stats stats = {0};
	struct sums sums = {0};
	struct buf b = {0};
	struct decoder *d;
	const struct decoder_opts o = {.stats = &stats, .emit = sum_rows, .ctx = &sums};
	assert_int_equal(decoder_new(&o, &d), ERR_OK);
	for (uint32_t n = 0; n < DATAGRAMS; n++) {
		buf_reset(&b);
		struct wire_sflow w = wire_sflow_begin(&b, "10.0.0.1", 0, n, 1000);
		for (uint32_t i = 0; i < SAMPLES; i++) {
			const struct wire_sflow_packet p = {
			    .sequence = n * SAMPLES + i, .rate = 1, .in_if = i % 5 + 1};
			wire_sflow_flow(&w, &p);
			wire_sflow_sample_end(&w);
		}
		wire_sflow_end(&w);
		const struct datagram dg = {.p = b.p, .n = b.n, .t_recv = t_export_ms};
		decoder_feed(d, &dg);
	}
	decoder_flush(d);
	assert_int_equal(sums.rows, DATAGRAMS * SAMPLES);
	assert_int_equal(sums.in_if, 3 * DATAGRAMS * SAMPLES);
	assert_int_equal(stats.v[ST_records_decoded], DATAGRAMS * SAMPLES);
	assert_int_equal(stats.v[ST_samples_lost], 0);
	decoder_free(d);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sampled_header),
	    cmocka_unit_test(extended_records),
	    cmocka_unit_test(discarded_packet),
	    cmocka_unit_test(interface_formats),
	    cmocka_unit_test(unknown_formats_are_passed_over),
	    cmocka_unit_test(short_record),
	    cmocka_unit_test(repeated_records),
	    cmocka_unit_test(what_was_lost),
	    cmocka_unit_test(late_samples),
	    cmocka_unit_test(sources_have_a_common_limit_of_bytes),
	    cmocka_unit_test(agents_behind_one_address),
	    cmocka_unit_test(sequence_outlives_the_process),
	    cmocka_unit_test(recognised_by_content),
	    cmocka_unit_test(cut_datagram),
	    cmocka_unit_test(miscounted_sample),
	    cmocka_unit_test(rate_of_the_configuration),
	    cmocka_unit_test(many_samples),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
