/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up records whose sums a test can compute by itself: few addresses, ports and interfaces,
 * some of them absent, some sampled, some biflows, lengths from none to beyond the spreading limit.
 * The same in every run. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct spool_writer;

enum { HOSTS = 20, PORTS = 6, IFACES = 4, ABSENT = -1 };
/* The last host and the last interface are only ever sent to. */
enum { SENDERS = HOSTS - 1, INPUTS = IFACES - 1 };

struct record {
	int64_t first, last;
	int exporter, src, dst;  /* last byte of 192.0.2.x, of what put_host makes */
	int proto, sport, dport; /* ports: ABSENT or a number below PORTS */
	int in_if, out_if;       /* ABSENT or a number below IFACES */
	uint64_t bytes, packets, rev_bytes, rev_packets;
	uint32_t rate; /* 0 = absent */
	bool wide;
	bool duplicate; /* every seventh */
	bool suspect;   /* stored in the partition of the day after, as by a broken clock; false */
};

/* 2026-01-01T12:00:00Z: records end within the two hours after it. */
enum { RECORDS_SPAN_S = 7200 };
extern const int64_t records_start_ms;

void records_make(struct record *r, uint32_t n);
/* Appends records [from, to) to the spool's writer. */
void records_spool(const struct record *r, uint32_t from, uint32_t to, struct spool_writer *w);
static inline uint64_t record_scale(const struct record *r, bool raw)
{
	return raw || r->rate == 0 ? 1 : r->rate;
}
