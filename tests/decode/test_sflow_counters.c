/* SPDX-License-Identifier: Apache-2.0 */
/* Counter samples of sFlow: what the callbacks get, and how a sample is printed. */
#include "decode/harness.h"

#include "decode/sflow.h"
#include "wire/wire_sflow.h"

#include <stdio.h>
#include <string.h>

struct seen {
	uint32_t n, names;
	uint64_t name_id;
	char name[16];
	struct counter_sample last;
	struct if_counters interface;
	struct buf json;
};

static void keep_counters(void *ctx, const struct counter_sample *s)
{
	struct seen *seen = ctx;
	seen->n++;
	seen->last = *s;
	if (s->interface)
		seen->interface = *s->interface;
	buf_reset(&seen->json);
	counter_sample_json(&seen->json, s);
}

static void keep_name(void *ctx, const struct option_name *n)
{
	struct seen *seen = ctx;
	seen->names++;
	seen->name_id = n->id;
	snprintf(seen->name, sizeof(seen->name), "%.*s", (int)n->text_n, (const char *)n->text);
	assert_int_equal(n->kind, NAME_INTERFACE);
	assert_int_equal(n->domain, 7);
}

static void ignore_rows(void *ctx, struct batch *b)
{
	(void)ctx;
	(void)b;
}

static void counter_samples(void **state)
{
	(void)state;
	struct buf b = {0};
	struct seen seen = {0};
	struct stats stats = {0};
	struct decoder *d;
	const struct decoder_opts o = {.stats = &stats,
				       .emit = ignore_rows,
				       .counters = keep_counters,
				       .name = keep_name,
				       .ctx = &seen};
	assert_int_equal(decoder_new(&o, &d), ERR_OK);
	struct wire_sflow w = wire_sflow_begin(&b, "10.0.0.1", 7, 1, 60000);
	wire_sflow_counters(&w, 77, 3, true);
	wire_sflow_record_begin(&w, 1005);
	wire_sflow_opaque(&w, "eth3", 4);
	wire_sflow_record_end(&w);
	wire_sflow_record_begin(&w, 1001); /* processor: 12.34 %, 1 %, not known; memory */
	wire_sflow_u32(&w, 1234);
	wire_sflow_u32(&w, 100);
	wire_sflow_u32(&w, UINT32_MAX);
	wire_sflow_u64(&w, 4000000000);
	wire_sflow_u64(&w, 1000000000);
	wire_sflow_record_end(&w);
	wire_sflow_record_begin(&w, 9 << 12 | 3);
	wire_sflow_u32(&w, 1);
	wire_sflow_record_end(&w);
	wire_sflow_interface(&w, 3, 1000000, 2000000);
	wire_sflow_sample_end(&w);
	wire_sflow_end(&w);
	const struct datagram dg = {.p = b.p, .n = b.n, .src_port = 1, .t_recv = 1767268800000};
	decoder_feed(d, &dg);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.names, 1);
	assert_int_equal(seen.name_id, 3);
	assert_string_equal(seen.name, "eth3");
	assert_int_equal(seen.last.domain, 7);
	assert_int_equal(seen.last.source_index, 3);
	assert_int_equal(seen.last.uptime, 60000);
	assert_int_equal(seen.interface.if_index, 3);
	assert_int_equal(seen.interface.speed, 1000000000);
	assert_int_equal(seen.interface.in_octets, 1000000);
	assert_int_equal(seen.interface.out_octets, 2000000);
	assert_int_equal(seen.interface.in_errors, 5);
	assert_int_equal(seen.interface.out_unicast, 7);
	assert_int_equal(seen.interface.out_errors, 11);
	assert_string_equal(
	    buf_cstr(&seen.json),
	    "{\"record\":\"counters\",\"t_recv\":\"2026-01-01T12:00:00.000Z\",\"agent_ip\":"
	    "\"10.0.0.1\",\"observation_domain\":7,\"source_class\":0,\"source_index\":3,"
	    "\"sequence\":77,\"uptime_ms\":60000,\"port_name\":{\"name\":\"eth3\"},\"processor\":{"
	    "\"cpu_5s_percent\":12.34,\"cpu_1m_percent\":1.00,\"total_memory\":4000000000,"
	    "\"free_memory\":1000000000},\"unknown0\":{\"enterprise\":9,\"format\":3,\"bytes\":4},"
	    "\"interface\":{\"if_index\":3,\"if_type\":6,\"if_speed\":1000000000,"
	    "\"if_direction\":1,\"if_status\":3,\"in_octets\":1000000,\"in_unicast\":1,"
	    "\"in_multicast\":2,\"in_broadcast\":3,\"in_discards\":4,\"in_errors\":5,"
	    "\"in_unknown_protos\":6,\"out_octets\":2000000,\"out_unicast\":7,"
	    "\"out_multicast\":8,\"out_broadcast\":9,\"out_discards\":10,\"out_errors\":11,"
	    "\"promiscuous\":0}}");
	decoder_free(d);
	buf_fini(&seen.json);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counter_samples),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
