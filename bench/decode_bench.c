/* SPDX-License-Identifier: Apache-2.0 */
/* CPU seconds and ns that decoding takes per million records, per protocol: datagrams made
 * beforehand are fed again and again, batches are thrown away. Prints one line of JSON per
 * protocol. `decode_bench [MILLIONS]`. */
#include "decode/decode.h"
#include "model/batch.h"
#include "wire/wire.h"
#include "wire/wire_sflow.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DATAGRAMS = 256, TEMPLATE_EVERY = 64, SFLOW = 105 };

/* 20 elements, as routers send them. */
static const struct wire_element nf9_elements[] = {
    {8, 4, 0},  {12, 4, 0}, {15, 4, 0}, {10, 4, 0}, {14, 4, 0}, {2, 4, 0},  {1, 4, 0},
    {22, 4, 0}, {21, 4, 0}, {7, 2, 0},  {11, 2, 0}, {6, 1, 0},  {4, 1, 0},  {5, 1, 0},
    {16, 4, 0}, {17, 4, 0}, {9, 1, 0},  {13, 1, 0}, {61, 1, 0}, {89, 1, 0},
};
/* The same with two elements that no field takes: text in `extra`, and the wide shape. */
static const struct wire_element unknown_elements[] = {
    {8, 4, 0},  {12, 4, 0}, {15, 4, 0}, {10, 4, 0},   {14, 4, 0}, {2, 4, 0},
    {1, 4, 0},  {22, 4, 0}, {21, 4, 0}, {7, 2, 0},    {11, 2, 0}, {6, 1, 0},
    {4, 1, 0},  {5, 1, 0},  {16, 4, 0}, {17, 4, 0},   {9, 1, 0},  {13, 1, 0},
    {61, 1, 0}, {89, 1, 0}, {92, 4, 0}, {9000, 4, 0},
};
static const struct wire_element ipfix_elements[] = {
    {8, 4, 0},   {12, 4, 0},  {15, 4, 0}, {10, 4, 0}, {14, 4, 0}, {2, 8, 0},   {1, 8, 0},
    {152, 8, 0}, {153, 8, 0}, {7, 2, 0},  {11, 2, 0}, {6, 1, 0},  {4, 1, 0},   {5, 1, 0},
    {16, 4, 0},  {17, 4, 0},  {9, 1, 0},  {13, 1, 0}, {61, 1, 0}, {136, 1, 0},
};

static const struct bench {
	const char *name;
	uint16_t version, records;
	const struct wire_element *elements;
	uint16_t n;
} benches[] = {
    {"nf5", 5, 30, NULL, 0},
    {"nf9", 9, 25, nf9_elements, 20},
    {"nf9_unknown", 9, 25, unknown_elements, 22},
    {"ipfix", 10, 20, ipfix_elements, 20},
    {"sflow", SFLOW, 6, NULL, 0},
};

static void record(struct wire *w, const struct bench *t, uint32_t i)
{
	const struct wire_fixed fixed = {.src = "10.1.2.3",
					 .dst = "192.0.2.7",
					 .proto = i % 8 ? 6 : 17,
					 .bytes = 1000 + i,
					 .packets = 3,
					 .first_ms = 3590000 + i,
					 .last_ms = 3595000 + i};
	if (!t->elements) {
		wire_fixed_record(w, &fixed);
		return;
	}
	for (uint16_t k = 0; k < t->n; k++) {
		uint16_t id = t->elements[k].id;
		uint64_t v = i * 2654435761u % 65521;
		if (id == 21 || id == 22)
			v = 3590000 + i % 4096;
		if (id == 152 || id == 153)
			v = WIRE_EXPORT_S * 1000ull - i % 4096;
		wire_uint(w, id == 4 ? 6 : v, t->elements[k].len);
	}
}

/* 128 bytes of an Ethernet frame with TCP, and what the switch knows of its VLANs. */
static void make_sflow(struct buf *b, const struct bench *t, uint32_t i)
{
	struct wire_sflow w = wire_sflow_begin(b, "192.0.2.1", 0, i, 3600000);
	for (uint32_t k = 0; k < t->records; k++) {
		struct buf frame = {0};
		const struct wire_ip ip = {.src = "10.1.2.3", .dst = "192.0.2.7", .proto = 6};
		const struct wire_sflow_packet p = {.sequence = i * t->records + k,
						    .source_index = 3,
						    .rate = 512,
						    .in_if = 3,
						    .out_if = 1 + i % 48};
		wire_ethernet(&frame, 0x0800);
		wire_ip_header(&frame, &ip, 1480);
		wire_tcp(&frame, (uint16_t)(1024 + i), i, 0x18, "", 0);
		while (frame.n < 128)
			buf_u8(&frame, 0);
		wire_sflow_flow(&w, &p);
		wire_sflow_raw(&w, 1, 1518, &frame);
		wire_sflow_record_begin(&w, 1001);
		for (uint32_t v = 10; v < 14; v++)
			wire_sflow_u32(&w, v);
		wire_sflow_record_end(&w);
		wire_sflow_sample_end(&w);
		buf_fini(&frame);
	}
	wire_sflow_end(&w);
}

static void make(struct buf *b, const struct bench *t, uint32_t i)
{
	if (t->version == SFLOW) {
		make_sflow(b, t, i);
		return;
	}
	const struct wire_header h = {.version = t->version,
				      .uptime_ms = 3600000,
				      .domain = 1,
				      .sequence = t->version == 9 ? i : i * t->records};
	struct wire w = wire_begin(b, &h);
	w.count = t->records;
	if (t->elements && i % TEMPLATE_EVERY == 0) {
		wire_template(&w, 256, t->elements, t->n);
		w.count++;
	}
	if (t->elements)
		wire_set_begin(&w, 256);
	for (uint32_t k = 0; k < t->records; k++)
		record(&w, t, i * t->records + k);
	if (t->elements)
		wire_set_end(&w, true);
	wire_end(&w);
}

static void drop(void *ctx, struct batch *b)
{
	*(uint64_t *)ctx += b->n;
}

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run(const struct bench *t, double millions)
{
	static struct stats stats;
	struct buf datagrams[DATAGRAMS] = {0};
	struct decoder *d;
	uint64_t rows = 0;
	const struct decoder_opts opts = {.stats = &stats, .emit = drop, .ctx = &rows};
	if (decoder_new(&opts, &d))
		return 1;
	for (uint32_t i = 0; i < DATAGRAMS; i++)
		make(&datagrams[i], t, i);
	struct datagram dg = {.src = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1}},
			      .src_port = 2055,
			      .t_recv = WIRE_EXPORT_S * 1000ll};
	uint64_t want = (uint64_t)(millions * 1e6), fed = 0;
	double start = cpu_s();
	for (uint32_t i = 0; fed < want; i = (i + 1) % DATAGRAMS, fed += t->records) {
		dg.p = datagrams[i].p;
		dg.n = datagrams[i].n;
		decoder_feed(d, &dg);
	}
	decoder_flush(d);
	double took = cpu_s() - start;
	printf("{\"bench\":\"decode\",\"protocol\":\"%s\",\"records\":%llu,\"cpu_s_per_million\":%."
	       "4f}\n",
	       t->name, (unsigned long long)rows, took * 1e6 / (double)rows);
	decoder_free(d);
	for (uint32_t i = 0; i < DATAGRAMS; i++)
		buf_fini(&datagrams[i]);
	return rows != fed;
}

int main(int argc, char **argv)
{
	double millions = argc > 1 ? strtod(argv[1], NULL) : 20;
	int bad = 0;
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
		bad |= run(&benches[i], millions);
	return bad;
}
