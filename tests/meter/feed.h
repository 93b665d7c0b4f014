/* SPDX-License-Identifier: Apache-2.0 */
/* Packets into a meter and its records out, for the tests of meter/. */
#pragma once
#include "meter/meter.h"
#include "model/batch.h"
#include "model/stats.h"
#include "wire/wire.h"

enum { FEED_RECORDS = 64, FEED_START_S = 1767268800 };

struct feed {
	struct meter *meter;
	struct stats stats;
	struct meter_opts opts;
	/* Of all records that came out. */
	uint64_t packets, bytes, flows;
	struct batch *records; /* the first FEED_RECORDS of them */
	size_t n;
};

/* What the packet is; zero: 192.0.2.1 port 40000 to 192.0.2.2 port 80, TCP, ACK; reply: back. */
struct feed_packet {
	int64_t ms; /* since FEED_START_S */
	const char *src, *dst;
	uint8_t proto; /* of ICMP the ports are type and code, and what follows */
	uint16_t src_port, dst_port;
	uint32_t seq;
	uint8_t flags;
	uint16_t payload;
	bool reply;
	uint16_t vlan;     /* 0: no tag */
	const void *bytes; /* the payload; NULL: x */
};

enum { FEED_FIN = 1, FEED_SYN = 2, FEED_RST = 4, FEED_ACK = 16 };

void feed_begin(struct feed *f, const struct meter_opts *opts);
void feed_end(struct feed *f);
void feed_frame(struct feed *f, int64_t ms, const struct buf *frame);
void feed_packet(struct feed *f, const struct feed_packet *p);
void feed_tick(struct feed *f, int64_t ms);
void feed_flush(struct feed *f);
/* A number of record i; asserts that it is there. */
uint64_t feed_num(const struct feed *f, enum field field, size_t i);
bool feed_has(const struct feed *f, enum field field, size_t i);
