/* SPDX-License-Identifier: Apache-2.0 */
#include "records.h"

#include "model/batch.h"
#include "spool/spool.h"

const int64_t records_start_ms = 1767268800000;

/* xorshift64 (Marsaglia 2003). */
static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static int some(uint64_t *x, int n, unsigned absent_percent)
{
	return next(x) % 100 < absent_percent ? ABSENT : (int)(next(x) % (uint64_t)n);
}

static int64_t duration(uint64_t *x)
{
	switch (next(x) % 5) {
	case 0:
	case 1:
		return 0;
	case 2:
		return (int64_t)(next(x) % 5000);
	case 3:
		return (int64_t)(next(x) % 300000);
	}
	return next(x) % 10 ? (int64_t)(next(x) % 120000) : (int64_t)(next(x) % 4000000);
}

void records_make(struct record *r, uint32_t n)
{
	uint64_t x = 88172645463325252u;
	for (uint32_t i = 0; i < n; i++) {
		r[i].last = records_start_ms + (int64_t)(next(&x) % (RECORDS_SPAN_S * 1000));
		r[i].first = r[i].last - duration(&x);
		r[i].exporter = 1 + (int)(next(&x) % 2);
		r[i].src = (int)(next(&x) % SENDERS);
		r[i].dst = (int)(next(&x) % HOSTS);
		r[i].proto = next(&x) % 3 ? 6 : 17;
		r[i].sport = some(&x, PORTS, 10);
		r[i].dport = some(&x, PORTS, 10);
		r[i].in_if = some(&x, INPUTS, 20);
		r[i].out_if = some(&x, IFACES, 30);
		r[i].bytes = next(&x) % 100000;
		r[i].packets = next(&x) % 100;
		r[i].rate = r[i].exporter == 2 ? 10 : 0;
		r[i].wide = next(&x) % 3 == 0;
		r[i].rev_bytes = r[i].wide && next(&x) % 2 ? next(&x) % 50000 : 0;
		if (r[i].dst >= SENDERS || r[i].out_if >= INPUTS)
			r[i].rev_bytes = 0;
		r[i].duplicate = i % 7 == 3;
		r[i].suspect = false;
		r[i].rev_packets = r[i].rev_bytes ? 1 + next(&x) % 50 : 0;
	}
}

static void put_ip(struct batch *b, enum field f, uint32_t row, const uint8_t four[4])
{
	struct ip a = ip_from_v4(four);
	batch_set_ip(b, f, row, &a);
}

/* Its number is the last byte of its address: 0.0.0.0, IPv6, or most of them 10.0.0.x. */
static void put_host(struct batch *b, enum field f, uint32_t row, int host)
{
	struct ip v6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)host}};
	if (host % 3 == 1)
		batch_set_ip(b, f, row, &v6);
	else
		put_ip(b, f, row, (const uint8_t[]){host ? 10 : 0, 0, 0, (uint8_t)host});
}

static void put_some(struct batch *b, enum field f, uint32_t row, int v)
{
	if (v != ABSENT)
		batch_set_num(b, f, row, (uint64_t)v);
}

static void put(struct batch *b, const struct record *r)
{
	uint32_t row = b->n;
	batch_open_rows(b, 1);
	batch_set_num(b, F_t_first, row, (uint64_t)r->first);
	batch_set_num(b, F_t_last, row, (uint64_t)r->last);
	batch_set_num(b, F_t_recv, row, (uint64_t)r->last + 1000);
	put_ip(b, F_exporter_ip, row, (const uint8_t[]){192, 0, 2, (uint8_t)r->exporter});
	put_host(b, F_src_ip, row, r->src);
	put_host(b, F_dst_ip, row, r->dst);
	batch_set_num(b, F_ip_version, row, 4);
	batch_set_num(b, F_proto, row, (uint64_t)r->proto);
	put_some(b, F_src_port, row, r->sport);
	put_some(b, F_dst_port, row, r->dport);
	put_some(b, F_in_if, row, r->in_if);
	put_some(b, F_out_if, row, r->out_if);
	batch_set_num(b, F_bytes, row, r->bytes);
	batch_set_num(b, F_packets, row, r->packets);
	if (r->rate)
		batch_set_num(b, F_sampling_rate, row, r->rate);
	if (r->rev_packets) {
		batch_set_num(b, F_rev_bytes, row, r->rev_bytes);
		batch_set_num(b, F_rev_packets, row, r->rev_packets);
	}
	if (r->duplicate)
		batch_set_num(b, F_duplicate, row, 1);
	if (!r->wide)
		batch_set_num(b, F_tcp_flags, row, 27);
	b->n++;
}

static void hand_over(struct batch *b, const bool *suspect, struct spool_writer *w)
{
	batch_set_days(b, 0, true);
	for (uint32_t i = 0; i < b->n; i++)
		b->day[i] += suspect[i];
	spool_append(w, b);
	batch_reset(b);
}

void records_spool(const struct record *r, uint32_t from, uint32_t to, struct spool_writer *w)
{
	struct batch *b[2] = {batch_new(SHAPE_CORE), batch_new(SHAPE_WIDE)};
	bool suspect[2][BATCH_ROWS];
	for (uint32_t i = from; i < to; i++) {
		unsigned k = r[i].wide;
		suspect[k][b[k]->n] = r[i].suspect;
		put(b[k], &r[i]);
		if (batch_room(b[k]) == 0)
			hand_over(b[k], suspect[k], w);
	}
	for (unsigned k = 0; k < 2; k++) {
		hand_over(b[k], suspect[k], w);
		batch_free(b[k]);
	}
}
