/* SPDX-License-Identifier: Apache-2.0 */
/* CPU seconds that encoding takes per million flows: a full batch of flows of a kind is encoded
 * again and again, messages are thrown away. Prints one line of JSON per kind.
 * `encode_bench [MILLIONS]`. */
#include "encode/encoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXPORT_S = 1767268800 };

/* What a flow has: the first n of these, texts beside. */
static const enum field basic[] = {F_t_first,     F_t_last,        F_observation_domain,
				   F_ip_version,  F_src_port,      F_dst_port,
				   F_proto,       F_tcp_flags,     F_tos,
				   F_bytes,       F_packets,       F_in_if,
				   F_vlan,        F_end_reason,    F_rev_bytes,
				   F_rev_packets, F_rev_tcp_flags, F_rev_tos};
static const enum field quality[] = {F_npm_rtt_us,
				     F_npm_srt_us,
				     F_npm_retransmissions,
				     F_npm_out_of_order,
				     F_npm_jitter_avg_us,
				     F_npm_jitter_max_us,
				     F_npm_delay_avg_us,
				     F_npm_delay_max_us,
				     F_rev_npm_retransmissions,
				     F_rev_npm_out_of_order,
				     F_rev_npm_jitter_avg_us,
				     F_rev_npm_delay_avg_us};
static const enum field texts[] = {F_app_name, F_tls_sni, F_tls_ja3, F_tls_ja4};

static const struct kind {
	const char *name;
	enum export_protocol protocol;
	bool quality, texts;
	uint32_t
	    combinations; /* of fields: flows differ in which of the quality fields they have */
} kinds[] = {
    {"ipfix basic", EXPORT_IPFIX, false, false, 1},
    {"ipfix basic, quality", EXPORT_IPFIX, true, false, 1},
    {"ipfix basic, quality, 4 texts", EXPORT_IPFIX, true, true, 1},
    {"ipfix all that, 64 combinations", EXPORT_IPFIX, true, true, 64},
    {"nf9 basic", EXPORT_NF9, false, false, 1},
    {"nf5 basic", EXPORT_NF5, false, false, 1},
};

struct counted {
	uint64_t messages, bytes, flows;
};

static void throw_away(void *ctx, struct message *m)
{
	struct counted *c = ctx;
	c->messages++;
	c->bytes += m->n;
	c->flows += m->flows;
	message_put(m);
}

static void set_fields(struct batch *b, uint32_t row, const enum field *v, size_t n, uint32_t skip)
{
	for (size_t i = 0; i < n; i++)
		if (!(skip >> i & 1))
			batch_set_num(b, v[i], row,
				      field_table[v[i]].ctype == CT_MS ? EXPORT_S * 1000ull
								       : (row * 7u + i) % 200);
}

static void set_row(struct batch *b, uint32_t row, const struct kind *k)
{
	static const char ja3[] = "e7d705a3286e19ea42f587b344ee6865";
	const struct ip src =
	    ip_from_v4((const uint8_t[]){10, 0, (uint8_t)(row >> 8), (uint8_t)row});
	const struct ip dst = ip_from_v4((const uint8_t[]){192, 0, 2, (uint8_t)row});
	batch_set_ip(b, F_src_ip, row, &src);
	batch_set_ip(b, F_dst_ip, row, &dst);
	set_fields(b, row, basic, ARRAY_LEN(basic), 0);
	if (k->quality)
		set_fields(b, row, quality, ARRAY_LEN(quality), row % k->combinations);
	for (size_t i = 0; k->texts && i < ARRAY_LEN(texts); i++) {
		batch_use(b, texts[i]);
		if (batch_put_str(b, texts[i], row, ja3, sizeof(ja3) - 1))
			batch_set_present(b, texts[i], row);
	}
}

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(const struct kind *k, uint64_t flows)
{
	struct batch *b = batch_new(SHAPE_WIDE);
	struct stats stats = {0};
	struct counted c = {0};
	struct encoder *e;
	const struct encoder_opts o = {.protocol = k->protocol,
				       .message_max = 1400,
				       .record_max = MESSAGE_MAX_UDP,
				       .start_ms = EXPORT_S * 1000ll - 3600000,
				       .stats = &stats,
				       .emit = throw_away,
				       .ctx = &c};
	if (!b || encoder_new(&o, &e))
		abort();
	for (uint32_t row = 0; row < BATCH_ROWS; row++) {
		batch_open_rows(b, 1);
		set_row(b, row, k);
		b->n++;
	}
	double start = cpu_s();
	uint64_t done = 0;
	for (; done < flows; done += b->n)
		encoder_rows(e, b, NULL, b->n, EXPORT_S * 1000ll);
	double used = cpu_s() - start;
	printf("{\"kind\":\"%s\",\"flows\":%llu,\"cpu_s_per_million\":%.3f,\"bytes_per_flow\":%.1f,"
	       "\"messages\":%llu}\n",
	       k->name, (unsigned long long)done, used / ((double)done / 1e6),
	       (double)c.bytes / (double)done, (unsigned long long)c.messages);
	encoder_free(e);
	batch_free(b);
}

int main(int argc, char **argv)
{
	uint64_t flows = 1000000ull * (argc > 1 ? strtoull(argv[1], NULL, 10) : 2);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		run(&kinds[i], flows);
	return 0;
}
