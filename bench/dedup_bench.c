/* SPDX-License-Identifier: Apache-2.0 */
/* What marking duplicates costs: CPU seconds per million flows, as `exporters` report the same
 * flows one after the other. usage: dedup_bench [million flows [exporters [table]]] */
#include "enrich/dedup.h"

#include "model/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(struct batch *b, uint64_t from, uint8_t exporter)
{
	batch_reset(b);
	batch_open_rows(b, BATCH_ROWS);
	const uint8_t e4[4] = {192, 0, 2, exporter};
	const struct ip e = ip_from_v4(e4);
	for (uint32_t i = 0; i < BATCH_ROWS; i++) {
		uint64_t x = (from + i) * 0x9e3779b97f4a7c15u;
		const uint8_t s4[4] = {10, (uint8_t)(x >> 56), (uint8_t)(x >> 48),
				       (uint8_t)(x >> 40)};
		const uint8_t d4[4] = {172, (uint8_t)(x >> 32), (uint8_t)(x >> 24),
				       (uint8_t)(x >> 16)};
		const struct ip s = ip_from_v4(s4), d = ip_from_v4(d4);
		batch_set_ip(b, F_exporter_ip, i, &e);
		batch_set_ip(b, F_src_ip, i, &s);
		batch_set_ip(b, F_dst_ip, i, &d);
		batch_set_num(b, F_src_port, i, x & 0xffff);
		batch_set_num(b, F_dst_port, i, 443);
		batch_set_num(b, F_proto, i, 6);
		uint64_t at = 1700000000000u + (from + i) / 100;
		batch_set_num(b, F_t_first, i, at);
		batch_set_num(b, F_t_last, i, at + 200);
	}
	b->n = BATCH_ROWS;
}

int main(int argc, char **argv)
{
	uint64_t flows = 1000000 * strtoull(argc > 1 ? argv[1] : "4", NULL, 10);
	uint64_t exporters = strtoull(argc > 2 ? argv[2] : "2", NULL, 10);
	const struct dedup_opts o = {.flows = strtoull(argc > 3 ? argv[3] : "1048576", NULL, 10),
				     .window_ms = 5000};
	struct dedup *d;
	struct dedup_thread *t;
	struct batch *b = batch_new(SHAPE_CORE);
	uint64_t rows = 0, marked = 0;
	double spent = 0;
	if (!b || dedup_new(&o, &d) || dedup_thread_new(d, &t))
		return 1;
	for (uint64_t at = 0; rows < flows; at += BATCH_ROWS)
		for (uint64_t e = 0; e < exporters; e++) {
			fill(b, at, (uint8_t)(1 + e));
			double before = cpu_s();
			marked += dedup_mark(t, b);
			spent += cpu_s() - before;
			rows += b->n;
		}
	printf("%" PRIu64 " rows, %" PRIu64 " marked, %.4f CPU s per million\n", rows, marked,
	       spent * 1e6 / (double)rows);
	dedup_thread_free(&t);
	dedup_free(&d);
	batch_free(b);
	return 0;
}
