/* SPDX-License-Identifier: Apache-2.0 */
/* Flows out of packets: directions, counters, when a flow ends and when its record leaves. */
#include "meter/meter.h"

#include "meter/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
	IDLE = 1,
	ACTIVE = 2,
	DETECTED = 3,
	FORCED = 4,
	SYN_ACK = FEED_SYN | FEED_ACK,
	FIN_ACK = FEED_FIN | FEED_ACK
};

#define TO(...)   (&(struct feed_packet){__VA_ARGS__})
#define FROM(...) (&(struct feed_packet){.reply = true, __VA_ARGS__})

static void connection(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	feed_packet(&f, TO(.flags = FEED_SYN, .seq = 100));
	feed_packet(&f, FROM(.ms = 1, .flags = SYN_ACK, .seq = 300));
	feed_packet(&f, TO(.ms = 2, .seq = 101));
	feed_packet(&f, TO(.ms = 3, .seq = 101, .payload = 10));
	feed_packet(&f, FROM(.ms = 4, .seq = 301, .payload = 100));
	feed_flush(&f);
	assert_int_equal(f.n, 1);
	assert_int_equal(feed_num(&f, F_src_port, 0), 40000);
	assert_int_equal(feed_num(&f, F_dst_port, 0), 80);
	assert_int_equal(feed_num(&f, F_packets, 0), 3);
	assert_int_equal(feed_num(&f, F_rev_packets, 0), 2);
	assert_int_equal(feed_num(&f, F_bytes, 0), 40 + 40 + 50);
	assert_int_equal(feed_num(&f, F_rev_bytes, 0), 40 + 140);
	assert_int_equal(feed_num(&f, F_tcp_flags, 0), 0x12);
	assert_int_equal(feed_num(&f, F_rev_tcp_flags, 0), 0x12);
	assert_int_equal(feed_num(&f, F_tcp_syn_size, 0), 40);
	assert_int_equal(feed_num(&f, F_max_ip_len, 0), 50);
	assert_int_equal(feed_num(&f, F_rev_max_ip_len, 0), 140);
	assert_int_equal(feed_num(&f, F_min_ip_len, 0), 40);
	assert_int_equal(feed_num(&f, F_ip_ttl, 0), 64);
	assert_int_equal(feed_num(&f, F_src_mac, 0), 0x020000000001);
	assert_int_equal(feed_num(&f, F_end_reason, 0), FORCED);
	assert_int_equal(feed_num(&f, F_t_first, 0), FEED_START_S * 1000ll);
	assert_int_equal(feed_num(&f, F_t_last, 0), FEED_START_S * 1000ll + 4);
	feed_end(&f);
}

/* The initiator: SYN; SYN-ACK turned round; else who is seen first. */
static void initiator(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	feed_packet(&f, FROM(.flags = SYN_ACK));
	feed_packet(&f, TO(.ms = 1));
	feed_flush(&f);
	feed_packet(&f, FROM(.ms = 2));
	feed_packet(&f, TO(.ms = 3));
	feed_flush(&f);
	assert_int_equal(f.n, 2);
	assert_int_equal(feed_num(&f, F_src_port, 0), 40000);
	assert_int_equal(feed_num(&f, F_rev_packets, 0), 1);
	assert_int_equal(feed_num(&f, F_src_mac, 0), 0x020000000002);
	assert_int_equal(feed_num(&f, F_src_port, 1), 80);
	feed_end(&f);
}

static void inactive(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	feed_packet(&f, TO(.ms = 0));
	feed_packet(&f, TO(.ms = 29999));
	feed_packet(&f, TO(.ms = 59999));
	feed_flush(&f);
	assert_int_equal(f.n, 2);
	assert_int_equal(feed_num(&f, F_packets, 0), 2);
	assert_int_equal(feed_num(&f, F_end_reason, 0), IDLE);
	assert_int_equal(feed_num(&f, F_packets, 1), 1);
	feed_end(&f);
}

/* A long flow is cut after 300 s; its initiator and its number stay, whoever sends next. */
static void active(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	for (int s = 0; s < 300; s++)
		feed_packet(&f, TO(.ms = s * 1000));
	feed_packet(&f, FROM(.ms = 300000));
	feed_packet(&f, TO(.ms = 300500));
	feed_flush(&f);
	assert_int_equal(f.n, 2);
	assert_int_equal(feed_num(&f, F_packets, 0), 300);
	assert_int_equal(feed_num(&f, F_rev_packets, 0), 0);
	assert_int_equal(feed_num(&f, F_end_reason, 0), ACTIVE);
	assert_int_equal(feed_num(&f, F_src_port, 1), 40000);
	assert_int_equal(feed_num(&f, F_packets, 1), 1);
	assert_int_equal(feed_num(&f, F_rev_packets, 1), 1);
	assert_int_equal(feed_num(&f, F_t_first, 1), FEED_START_S * 1000ll + 300000);
	assert_int_equal(feed_num(&f, F_flow_id, 0), feed_num(&f, F_flow_id, 1));
	feed_end(&f);
}

/* Ticks every 250 ms: a record leaves within a second of its time, with other packets ten a second
 * or ten thousand. */
static void lateness(void **state)
{
	(void)state;
	for (int per_tick = 0; per_tick <= 2500; per_tick += 1250) {
		struct feed f;
		int64_t out_ms = 0;
		feed_begin(&f, &(struct meter_opts){.active_ms = 60000, .inactive_ms = 5000});
		feed_packet(&f, TO(.ms = 100));
		for (int64_t ms = 250; ms < 8000; ms += 250) {
			for (int k = 0; k < per_tick; k++)
				feed_packet(&f,
					    TO(.ms = ms, .src_port = (uint16_t)(1000 + k % 100)));
			feed_tick(&f, ms);
			if (f.n && !out_ms)
				out_ms = ms;
		}
		assert_in_range(out_ms, 5100, 6100);
		/* Those that go on are cut at their active time-out. */
		out_ms = 0;
		size_t before = f.n;
		for (int64_t ms = 8000; per_tick && ms < 62000; ms += 250) {
			for (int k = 0; k < 100; k++)
				feed_packet(&f, TO(.ms = ms, .src_port = (uint16_t)(1000 + k)));
			feed_tick(&f, ms);
			if (f.n > before && !out_ms)
				out_ms = ms;
		}
		if (per_tick)
			assert_in_range(out_ms, 60250, 61250);
		feed_end(&f);
	}
}

/* Nothing but packets tells the time, ten a second or a million. */
static void in_time_at_any_rate(void **state)
{
	(void)state;
	enum { TIMEOUT_MS = 500, BURST = 20 };
	static const uint32_t rates[] = {10, 1000000};
	for (size_t r = 0; r < ARRAY_LEN(rates); r++) {
		struct feed f;
		struct buf b = {0};
		const struct wire_ip ip = {.src = "192.0.2.3", .dst = "192.0.2.4", .proto = 17};
		const int64_t step_ns = 1000000000 / rates[r];
		const int64_t start_ns = FEED_START_S * 1000000000LL;
		int64_t t_ns = start_ns;
		wire_ethernet(&b, 0x0800);
		wire_ip_header(&b, &ip, 8);
		buf_be32(&b, 0x10002000); /* ports */
		buf_be32(&b, 0x00080000); /* length, check sum */
		feed_begin(&f, &(struct meter_opts){.inactive_ms = TIMEOUT_MS});
		feed_packet(&f, TO(.ms = 0));
		while (!f.stats.v[ST_meter_exported] && t_ns < start_ns + 2000000000) {
			struct frame frames[BURST];
			size_t n = rates[r] > BURST ? BURST : 1;
			for (size_t i = 0; i < n; i++, t_ns += step_ns)
				frames[i] = (struct frame){.p = b.p,
							   .n = b.n,
							   .wire_n = b.n,
							   .t_ns = t_ns,
							   .link = LINK_ETHERNET};
			meter_frames(f.meter, frames, n);
		}
		assert_in_range((t_ns - start_ns) / 1000000, TIMEOUT_MS, TIMEOUT_MS + 1000);
		assert_int_equal(meter_flows(f.meter), 1);
		feed_end(&f);
		buf_fini(&b);
	}
}

static void own_timeouts(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, &(struct meter_opts){.udp_ms = 2000, .icmp_ms = 1000});
	feed_packet(&f, TO(.ms = 0, .proto = 17));
	feed_packet(&f, TO(.ms = 0, .proto = 1, .src_port = 8 << 8, .dst_port = 0));
	feed_packet(&f, TO(.ms = 0));
	feed_tick(&f, 1500);
	assert_int_equal(f.n, 1);
	assert_int_equal(feed_num(&f, F_proto, 0), 1);
	feed_tick(&f, 2500);
	assert_int_equal(f.n, 2);
	assert_int_equal(feed_num(&f, F_proto, 1), 17);
	feed_tick(&f, 29000);
	assert_int_equal(f.n, 2);
	feed_end(&f);
}

/* After both FINs the last segments still belong to the connection, then it leaves. */
static void ends(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	feed_packet(&f, TO(.ms = 0, .flags = FEED_SYN, .seq = 1));
	feed_packet(&f, TO(.ms = 10, .flags = FIN_ACK));
	feed_packet(&f, FROM(.ms = 20, .flags = FIN_ACK));
	feed_packet(&f, TO(.ms = 30));
	feed_tick(&f, 4000);
	assert_int_equal(f.n, 0);
	feed_packet(&f, FROM(.ms = 4000));
	feed_tick(&f, 9900);
	assert_int_equal(f.n, 1);
	assert_int_equal(feed_num(&f, F_end_reason, 0), DETECTED);
	assert_int_equal(feed_num(&f, F_packets, 0), 3);
	assert_int_equal(feed_num(&f, F_rev_packets, 0), 2);
	feed_end(&f);
}

/* A SYN after the end is another connection, the same SYN again is not. */
static void ports_again(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	feed_packet(&f, TO(.ms = 0, .flags = FEED_SYN, .seq = 1));
	feed_packet(&f, FROM(.ms = 1, .flags = FEED_RST | FEED_ACK));
	feed_packet(&f, TO(.ms = 2, .flags = FEED_SYN, .seq = 1));
	feed_packet(&f, TO(.ms = 3, .flags = FEED_SYN, .seq = 70001));
	feed_flush(&f);
	assert_int_equal(f.n, 2);
	assert_int_equal(feed_num(&f, F_packets, 0), 2);
	assert_int_equal(feed_num(&f, F_rev_packets, 0), 1);
	assert_int_equal(feed_num(&f, F_end_reason, 0), DETECTED);
	assert_int_equal(feed_num(&f, F_packets, 1), 1);
	feed_end(&f);
}

/* Echo request and reply are one flow. */
static void icmp(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, NULL);
	feed_packet(&f, TO(.proto = 1, .src_port = 8 << 8, .dst_port = 0));
	feed_packet(&f, FROM(.ms = 1, .proto = 1, .src_port = 0, .dst_port = 0));
	feed_flush(&f);
	assert_int_equal(f.n, 1);
	assert_int_equal(feed_num(&f, F_icmp_type, 0), 8);
	assert_int_equal(feed_num(&f, F_rev_icmp_type, 0), 0);
	assert_int_equal(feed_num(&f, F_rev_packets, 0), 1);
	feed_end(&f);
}

static void not_ip(void **state)
{
	(void)state;
	struct feed f;
	struct buf b = {0};
	feed_begin(&f, NULL);
	wire_ethernet(&b, 0x0806);
	for (int i = 0; i < 46; i++)
		buf_u8(&b, 0);
	feed_frame(&f, 0, &b);
	feed_flush(&f);
	assert_int_equal(f.n, 1);
	assert_int_equal(feed_num(&f, F_ethertype, 0), 0x0806);
	assert_int_equal(feed_num(&f, F_src_mac, 0), 0x020000000001);
	assert_int_equal(feed_num(&f, F_dst_mac, 0), 0x020000000002);
	assert_int_equal(feed_num(&f, F_bytes, 0), 60);
	assert_false(feed_has(&f, F_src_ip, 0));
	assert_false(feed_has(&f, F_proto, 0));
	buf_fini(&b);
	feed_end(&f);
}

static void vlan_in_key(void **state)
{
	(void)state;
	for (int key = 0; key < 2; key++) {
		struct feed f;
		feed_begin(&f, &(struct meter_opts){.vlan_key = key});
		feed_packet(&f, TO(.vlan = 5));
		feed_packet(&f, TO(.vlan = 6));
		feed_packet(&f, FROM(.vlan = 5));
		feed_flush(&f);
		assert_int_equal(f.n, key ? 2 : 1);
		assert_int_equal(feed_num(&f, F_vlan, 0), 5);
		assert_int_equal(feed_num(&f, F_rev_packets, 0), 1);
		feed_end(&f);
	}
}

static void sampling(void **state)
{
	(void)state;
	struct feed f;
	feed_begin(&f, &(struct meter_opts){.sample_packets = 10});
	for (int i = 0; i < 1000; i++)
		feed_packet(&f, TO(.ms = i));
	feed_flush(&f);
	assert_int_equal(f.packets, 100);
	assert_int_equal(feed_num(&f, F_sampling_rate, 0), 10);
	assert_int_equal(f.stats.v[ST_unmetered_sampled], 900);
	feed_end(&f);

	/* One flow in four, whole. */
	feed_begin(&f, &(struct meter_opts){.sample_flows = 4});
	for (int i = 0; i < 4000; i++) {
		feed_packet(&f, TO(.src_port = (uint16_t)(i + 1), .dst_port = 80));
		feed_packet(&f, FROM(.src_port = 80, .dst_port = (uint16_t)(i + 1)));
	}
	feed_flush(&f);
	assert_in_range(f.n, 800, 1200);
	assert_int_equal(f.packets, f.n * 2);
	assert_int_equal(feed_num(&f, F_flow_sampling_rate, 0), 4);
	feed_end(&f);
}

/* The clock of the first frames stands at zero: captures that programs wrote. */
static void time_zero(void)
{
	const int64_t zero = -1000ll * FEED_START_S;
	const struct meter_opts opts = {.quality = true};
	struct feed f;
	feed_begin(&f, &opts);
	feed_packet(&f, TO(.ms = zero, .proto = 17, .payload = 1));
	feed_packet(&f, TO(.ms = zero, .proto = 17, .src_port = 7));
	feed_packet(&f, FROM(.ms = zero + 20, .proto = 17, .payload = 1));
	feed_packet(&f, TO(.ms = zero + 2000, .proto = 17, .payload = 1));
	feed_flush(&f);
	assert_int_equal(f.n, 2);
	assert_int_equal(f.packets, 4);
	size_t i = feed_num(&f, F_src_port, 0) == 7;
	assert_int_equal(feed_num(&f, F_t_first, i), 0);
	assert_int_equal(feed_num(&f, F_t_last, i), 2000);
	assert_int_equal(feed_num(&f, F_npm_srt_us, i), 20000);
	feed_end(&f);
}

/* Time that is set back ends what there was; nothing is lost. */
static void time_goes_back(void **state)
{
	(void)state;
	struct feed f;
	time_zero();
	feed_begin(&f, NULL);
	feed_packet(&f, TO(.ms = 1000000));
	feed_packet(&f, TO(.ms = 999000)); /* another queue */
	feed_packet(&f, TO(.ms = 100));
	feed_packet(&f, TO(.ms = 10000000000));
	feed_packet(&f, TO(.ms = 200));
	feed_flush(&f);
	assert_int_equal(f.n, 4);
	assert_int_equal(f.packets, 5);
	assert_int_equal(feed_num(&f, F_packets, 0), 2);
	assert_int_equal(feed_num(&f, F_t_first, 0), FEED_START_S * 1000ll + 999000);
	feed_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(connection),     cmocka_unit_test(initiator),
	    cmocka_unit_test(inactive),       cmocka_unit_test(active),
	    cmocka_unit_test(lateness),       cmocka_unit_test(own_timeouts),
	    cmocka_unit_test(ends),           cmocka_unit_test(ports_again),
	    cmocka_unit_test(icmp),           cmocka_unit_test(not_ip),
	    cmocka_unit_test(vlan_in_key),    cmocka_unit_test(sampling),
	    cmocka_unit_test(time_goes_back), cmocka_unit_test(in_time_at_any_rate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
