/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/corpus.h"

#include "base/attr.h"
#include "wire/wire.h"
#include "wire/wire_sflow.h"

static const struct wire_fixed flow = {.src = "10.0.0.5",
				       .dst = "203.0.113.7",
				       .next_hop = "10.0.0.1",
				       .in_if = 3,
				       .out_if = 9,
				       .packets = 12,
				       .bytes = 1840,
				       .first_ms = 3590000,
				       .last_ms = 3594120,
				       .src_port = 51514,
				       .dst_port = 443,
				       .proto = 6,
				       .tcp_flags = 27};

static const struct wire_element router[] = {
    {8, 4, 0},  {12, 4, 0}, {15, 4, 0}, {10, 4, 0}, {14, 4, 0}, {2, 4, 0}, {1, 8, 0},  {22, 4, 0},
    {21, 4, 0}, {7, 2, 0},  {11, 2, 0}, {6, 1, 0},  {4, 1, 0},  {5, 1, 0}, {16, 2, 0},
};
static const struct wire_element firewall[] = {
    {27, 16, 0}, {28, 16, 0}, {7, 2, 0},   {11, 2, 0},  {4, 1, 0},      {32, 2, 0},
    {225, 4, 0}, {227, 2, 0}, {233, 1, 0}, {323, 8, 0}, {152, 8, 0},    {231, 4, 0},
    {232, 4, 0}, {70, 3, 0},  {71, 3, 0},  {56, 6, 0},  {33000, 12, 0}, {40000, 20, 0},
};
static const struct wire_element probe[] = {
    {8, 4, 0},
    {28, 16, 0},
    {12, 4, 0},
    {27, 16, 0},
    {96, WIRE_VARIABLE, 0},
    {1, 4, 0},
    {1, 4, 29305},
    {156, 8, 0},
    {155, 8, 0},
    {2, WIRE_VARIABLE, 8057},
    {291, WIRE_VARIABLE, 0},
    {4, 1, 0},
    {177, 1, 0},
};
static const struct wire_element times[] = {{150, 4, 0}, {161, 4, 0}, {158, 4, 0},
					    {162, 4, 0}, {302, 2, 0}, {34, 4, 0}};
static const struct wire_element sampler[] = {
    {1, 4, 0}, {48, 1, 0}, {49, 1, 0}, {50, 4, 0}, {84, 8, 0}};
static const struct wire_element selector[] = {
    {302, 4, 0}, {305, 4, 0}, {306, 4, 0}, {82, WIRE_VARIABLE, 0}, {160, 8, 0}};

static void values(struct wire *w, const struct wire_element *e, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++)
		if (e[i].len == WIRE_VARIABLE)
			wire_varlen(w, "www.example.org/index.html", seed % 27, seed % 2);
		else
			for (uint16_t k = 0; k < e[i].len; k++)
				buf_u8(w->b, (uint8_t)(seed * (k + 1) + i));
}

static void set(struct wire *w, uint16_t id, const struct wire_element *e, size_t n,
		uint32_t records)
{
	wire_set_begin(w, id);
	for (uint32_t i = 0; i < records; i++)
		values(w, e, n, i + id);
	wire_set_end(w, false);
	w->count = (uint16_t)(w->count + records);
}

static struct wire begin(struct buf *b, uint16_t version, uint32_t sequence)
{
	const struct wire_header hd = {.version = version,
				       .uptime_ms = 3600000,
				       .sequence = sequence,
				       .domain = 1 << 8 | 7,
				       .sampling = 100};
	return wire_begin(b, &hd);
}

static void fixed(struct buf *b, uint16_t version, uint16_t n)
{
	struct wire w = begin(b, version, 1000);
	w.count = n;
	for (uint16_t i = 0; i < n; i++)
		wire_fixed_record(&w, &flow);
	wire_end(&w);
}

static void nf1(struct buf *b)
{
	fixed(b, 1, 3);
}

static void nf5(struct buf *b)
{
	fixed(b, 5, 4);
}

static void nf7(struct buf *b)
{
	fixed(b, 7, 2);
}

static void templates_and_data(struct buf *b, uint16_t version)
{
	struct wire w = begin(b, version, 1);
	/* The last two elements have ids that only NetFlow v9 can write. */
	uint16_t n = (uint16_t)(ARRAY_LEN(firewall) - (version == 9 ? 0 : 2));
	wire_template(&w, 256, router, ARRAY_LEN(router));
	wire_template(&w, 257, firewall, n);
	w.count = 2;
	set(&w, 256, router, ARRAY_LEN(router), 5);
	set(&w, 257, firewall, n, 3);
	wire_end(&w);
}

static void nf9(struct buf *b)
{
	templates_and_data(b, 9);
}

static void ipfix(struct buf *b)
{
	templates_and_data(b, 10);
}

static void nf9_options(struct buf *b)
{
	struct wire w = begin(b, 9, 2);
	wire_options_template(&w, 260, sampler, ARRAY_LEN(sampler), 1);
	wire_template(&w, 261, times, ARRAY_LEN(times));
	w.count = 2;
	set(&w, 260, sampler, ARRAY_LEN(sampler), 2);
	set(&w, 261, times, ARRAY_LEN(times), 4);
	wire_end(&w);
}

static void ipfix_options(struct buf *b)
{
	struct wire w = begin(b, 10, 2);
	wire_options_template(&w, 260, selector, ARRAY_LEN(selector), 1);
	set(&w, 260, selector, ARRAY_LEN(selector), 2);
	wire_template(&w, 261, times, ARRAY_LEN(times));
	set(&w, 261, times, ARRAY_LEN(times), 4);
	wire_withdrawal(&w, 261, false);
	wire_withdrawal(&w, 3, true);
	wire_end(&w);
}

static void ipfix_variable(struct buf *b)
{
	struct wire w = begin(b, 10, 0);
	wire_template(&w, 300, probe, ARRAY_LEN(probe));
	set(&w, 300, probe, ARRAY_LEN(probe), 70);
	wire_end(&w);
}

/* Structured data (RFC 6313): a basicList, a subTemplateList of two records, a
 * subTemplateMultiList; and elements that nobody knows. */
static void ipfix_lists(struct buf *b)
{
	static const struct wire_element outer[] = {
	    {4, 1, 0},    {291, WIRE_VARIABLE, 0}, {292, WIRE_VARIABLE, 0}, {293, WIRE_VARIABLE, 0},
	    {9000, 8, 0}, {1, WIRE_VARIABLE, 4242}};
	static const struct wire_element inner[] = {
	    {58, 2, 0}, {14, 1, 6871}, {291, WIRE_VARIABLE, 0}};
	static const uint8_t names[] = {3,    0x80, 2,   0xff, 0xff, 0, 0,  0x1f,
					0x79, 3,    'a', '.',  'b',  1, 'c'};
	static const uint8_t records[] = {3, 1, 0x2d, 0, 7, 2, 5, 3, 0, 4, 0, 1, 6, 0, 8, 24, 0};
	static const uint8_t multi[] = {3, 1, 0x2d, 0, 8, 0, 9, 16, 0, 1, 0x2d, 0, 8, 0, 10, 2, 0};
	struct wire w = begin(b, 10, 0);
	wire_template(&w, 300, outer, ARRAY_LEN(outer));
	wire_template(&w, 301, inner, ARRAY_LEN(inner));
	wire_set_begin(&w, 300);
	for (int i = 0; i < 2; i++) {
		wire_uint(&w, 6, 1);
		wire_varlen(&w, names, sizeof(names), i);
		wire_varlen(&w, records, sizeof(records), i);
		wire_varlen(&w, multi, sizeof(multi), i);
		wire_uint(&w, 4242, 8);
		wire_varlen(&w, "text", 4, false);
	}
	wire_set_end(&w, true);
	wire_end(&w);
}

static void nf9_held(struct buf *b)
{
	struct wire w = begin(b, 9, 9);
	set(&w, 256, router, ARRAY_LEN(router), 2);
	set(&w, 257, firewall, ARRAY_LEN(firewall), 1);
	wire_template(&w, 256, router, ARRAY_LEN(router));
	wire_template(&w, 257, firewall, ARRAY_LEN(firewall));
	w.count = (uint16_t)(w.count + 2);
	wire_end(&w);
}

static void ipfix_two_messages(struct buf *b)
{
	ipfix(b);
	ipfix_variable(b);
}

/* --- captures */

static void capture_udp(struct buf *b)
{
	struct buf m = {0};
	wire_pcap_header(b, 1, false);
	nf5(&m);
	wire_pcap_udp(b, 1767268800000000, "192.0.2.1", 2055, m.p, m.n);
	buf_reset(&m);
	nf9(&m);
	wire_pcap_udp(b, 1767268800100000, "2001:db8::1", 2055, m.p, m.n);
	buf_fini(&m);
}

static void capture_fragments(struct buf *b)
{
	struct buf m = {0}, udp = {0}, frame = {0};
	ipfix_variable(&m);
	wire_udp(&udp, 4739, 4739, m.p, m.n);
	wire_pcapng_header(b, 1);
	for (size_t at = 0; at < udp.n; at += 800) {
		size_t n = MIN_OF(udp.n - at, (size_t)800);
		const struct wire_ip ip = {.src = "192.0.2.1",
					   .dst = "192.0.2.99",
					   .proto = 17,
					   .id = 77,
					   .fragment_at = (uint16_t)at,
					   .more_fragments = at + n < udp.n};
		wire_ethernet(&frame, 0x8100);
		wire_vlan(&frame, 5, 0x0800);
		wire_ip_header(&frame, &ip, n);
		buf_put(&frame, udp.p + at, n);
		wire_pcapng_frame(b, 1767268800000000, &frame);
		buf_reset(&frame);
	}
	buf_fini(&m);
	buf_fini(&udp);
	buf_fini(&frame);
}

static void capture_tcp(struct buf *b)
{
	struct buf m = {0}, tcp = {0}, frame = {0};
	ipfix_two_messages(&m);
	wire_pcap_header(b, 113, true); /* Linux cooked */
	for (size_t at = 0; at < m.n; at += 500) {
		size_t n = MIN_OF(m.n - at, (size_t)500);
		const struct wire_ip ip = {.src = "2001:db8::1", .dst = "2001:db8::2", .proto = 6};
		wire_tcp(&tcp, 50000, (uint32_t)(0xffffff00u + at), 0x10, m.p + at, n);
		buf_put(&frame, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x86\xdd", 16);
		wire_ip_header(&frame, &ip, tcp.n);
		buf_put(&frame, tcp.p, tcp.n);
		wire_pcap_frame(b, 1767268800000000000, true, &frame);
		buf_reset(&tcp);
		buf_reset(&frame);
	}
	buf_fini(&m);
	buf_fini(&tcp);
	buf_fini(&frame);
}

/* --- sFlow */

/* A UDP packet in VXLAN behind two VLAN tags. */
static void sflow_frame(struct buf *b)
{
	struct buf inner = {0};
	const struct wire_ip in = {.src = "2001:db8::1", .dst = "2001:db8::2", .proto = 17};
	buf_put(&inner, "\x08\0\0\0\0\x12\x34\0", 8);
	wire_ethernet(&inner, 0x86dd);
	wire_ip_header(&inner, &in, 12);
	wire_udp(&inner, 1000, 53, "abcd", 4);
	const struct wire_ip out = {.src = "192.0.2.1", .dst = "192.0.2.2", .proto = 17};
	wire_ethernet(b, 0x88a8);
	wire_vlan(b, 100, 0x8100);
	wire_vlan(b, 200, 0x0800);
	wire_ip_header(b, &out, 8 + inner.n);
	wire_udp(b, 55555, 4789, inner.p, inner.n);
	buf_fini(&inner);
}

static void sflow_flows(struct buf *b)
{
	struct buf frame = {0};
	sflow_frame(&frame);
	struct wire_sflow w = wire_sflow_begin(b, "10.0.0.1", 7, 1, 100000);
	for (uint32_t i = 1; i <= 2; i++) {
		const struct wire_sflow_packet p = {.sequence = i,
						    .source_index = 3,
						    .rate = 512,
						    .in_if = 3,
						    .out_if = 4,
						    .expanded = i == 2};
		wire_sflow_flow(&w, &p);
		wire_sflow_raw(&w, 1, 1518, &frame);
		wire_sflow_record_begin(&w, 1001); /* switch */
		for (uint32_t v = 10; v < 14; v++)
			wire_sflow_u32(&w, v);
		wire_sflow_record_end(&w);
		wire_sflow_sample_end(&w);
	}
	wire_sflow_counters(&w, 1, 3, false);
	wire_sflow_interface(&w, 3, 1000000, 2000000);
	wire_sflow_sample_end(&w);
	wire_sflow_end(&w);
	buf_fini(&frame);
}

static void sflow_gateway(struct wire_sflow *w)
{
	wire_sflow_record_begin(w, 1003);
	wire_sflow_address(w, "203.0.113.1");
	for (uint32_t as = 64500; as < 64503; as++) /* own, source, source peer */
		wire_sflow_u32(w, as);
	wire_sflow_u32(w, 2); /* a sequence of two, a set of one */
	wire_sflow_u32(w, 2);
	wire_sflow_u32(w, 2);
	wire_sflow_u32(w, 64600);
	wire_sflow_u32(w, 64601);
	wire_sflow_u32(w, 1);
	wire_sflow_u32(w, 1);
	wire_sflow_u32(w, 64602);
	wire_sflow_u32(w, 1);
	wire_sflow_u32(w, 64500u << 16 | 666);
	wire_sflow_u32(w, 200);
	wire_sflow_record_end(w);
}

/* What routers and firewalls add, behind a sampled IPv4 record. */
static void sflow_extended(struct buf *b)
{
	const struct wire_sflow_packet p = {
	    .sequence = 9, .source_index = 1, .rate = 1, .in_if = 1, .out_format = 2, .out_if = 3};
	struct wire_sflow w = wire_sflow_begin(b, "2001:db8::a", 0, 9, 100000);
	wire_sflow_flow(&w, &p);
	wire_sflow_record_begin(&w, 3);
	wire_sflow_u32(&w, 576);
	wire_sflow_u32(&w, 6);
	buf_put(b, "\12\0\0\1\12\0\0\2", 8);
	for (uint32_t v = 0; v < 4; v++) /* ports, flags, tos */
		wire_sflow_u32(&w, v == 2 ? 0x12 : 1000 + v);
	wire_sflow_record_end(&w);
	wire_sflow_record_begin(&w, 1002);
	wire_sflow_address(&w, "2001:db8::1");
	wire_sflow_u32(&w, 24);
	wire_sflow_u32(&w, 16);
	wire_sflow_record_end(&w);
	sflow_gateway(&w);
	wire_sflow_record_begin(&w, 1004);
	wire_sflow_u32(&w, 106);
	wire_sflow_opaque(&w, "alice", 5);
	wire_sflow_u32(&w, 106);
	wire_sflow_opaque(&w, "bob", 3);
	wire_sflow_record_end(&w);
	wire_sflow_record_begin(&w, 1006);
	wire_sflow_address(&w, "10.0.0.9");
	wire_sflow_u32(&w, 1);
	wire_sflow_u32(&w, 16u << 12 | 1 << 8 | 64);
	wire_sflow_u32(&w, 0);
	wire_sflow_record_end(&w);
	wire_sflow_record_begin(&w, 1007);
	wire_sflow_address(&w, "198.51.100.1");
	wire_sflow_address(&w, "198.51.100.2");
	wire_sflow_record_end(&w);
	wire_sflow_sample_end(&w);
	wire_sflow_end(&w);
}

static void sflow_discard(struct buf *b)
{
	struct buf frame = {0};
	sflow_frame(&frame);
	struct wire_sflow w = wire_sflow_begin(b, "10.0.0.1", 7, 2, 101000);
	wire_sflow_sample_begin(&w, 5);
	const uint32_t head[] = {1, 0, 3, 0, 3, 4, 258}; /* 258: access list */
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		wire_sflow_u32(&w, head[i]);
	wire_sflow_records(&w);
	wire_sflow_raw(&w, 1, 1518, &frame);
	wire_sflow_record_begin(&w, 1037);
	wire_sflow_u32(&w, 101);
	wire_sflow_opaque(&w, "deny-all", 8);
	wire_sflow_u32(&w, 1);
	wire_sflow_record_end(&w);
	wire_sflow_sample_end(&w);
	wire_sflow_end(&w);
	buf_fini(&frame);
}

const struct corpus_item corpus_items[] = {
    {"nf1", CORPUS_NF5, nf1},
    {"nf5", CORPUS_NF5, nf5},
    {"nf7", CORPUS_NF5, nf7},
    {"nf9", CORPUS_NF9, nf9},
    {"options", CORPUS_NF9, nf9_options},
    {"held", CORPUS_NF9, nf9_held},
    {"ipfix", CORPUS_IPFIX, ipfix},
    {"options", CORPUS_IPFIX, ipfix_options},
    {"variable", CORPUS_IPFIX, ipfix_variable},
    {"two", CORPUS_IPFIX, ipfix_two_messages},
    {"lists", CORPUS_IPFIX, ipfix_lists},
    {"flows", CORPUS_SFLOW, sflow_flows},
    {"extended", CORPUS_SFLOW, sflow_extended},
    {"discard", CORPUS_SFLOW, sflow_discard},
    {"udp", CORPUS_CAPTURE, capture_udp},
    {"fragments", CORPUS_CAPTURE, capture_fragments},
    {"tcp", CORPUS_CAPTURE, capture_tcp},
};
const unsigned corpus_n = ARRAY_LEN(corpus_items);

const struct corpus_item *corpus_first(enum corpus_kind kind)
{
	const struct corpus_item *item = corpus_items;
	while (item->kind != kind)
		item++;
	return item;
}
