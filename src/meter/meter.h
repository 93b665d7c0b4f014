/* SPDX-License-Identifier: Apache-2.0 */
/* The meter: frames in, records of biflows out. It keeps the flow cache: a canonical key compared
 * in full, a seeded hash, the initiator first, active and inactive time-outs on a timer wheel. No
 * I/O, no clock of its own, no locks: one meter belongs to one thread, which feeds it frames and,
 * when the line is idle, the time. Counters: rows `meter_*` and `unmetered_*` of stats.def.
 *
 * Bounded by max_flows. Near it, flows that are idle leave early; at it, packets of new flows are
 * added up by destination (docs/probe.md, "Floods"). No packet that was read as a flow goes
 * uncounted. */
#pragma once
#include "base/err.h"
#include "meter/series.h"
#include "packet/capture.h"
#include "proto/protocols.h"

#include <stdbool.h>
#include <stdint.h>

struct appid;
struct batch;
struct meter;
struct stats;

enum {
	METER_ACTIVE_MS = 300000,
	METER_INACTIVE_MS = 30000,
	METER_LINGER_MS = 5000, /* a TCP connection that ended still takes its last segments */
	METER_FLOWS = 1024 * 1024,
	METER_FLOWS_MIN = 1024,
	METER_FLOWS_MAX = 128 * 1024 * 1024,
	METER_BURST = 32, /* frames looked at together */
	METER_DISSECT_BYTES = 512 * 1024 * 1024,
	METER_SERIES_BYTES = 512 * 1024 * 1024,
};

struct meter_opts {
	uint64_t active_ms, inactive_ms; /* 0: the defaults above */
	/* Inactive time-outs of single protocols, 0: inactive_ms. */
	uint64_t tcp_ms, udp_ms, icmp_ms;
	size_t max_flows;           /* 0: METER_FLOWS */
	bool vlan_key;              /* the (outer) VLAN id is part of the key */
	bool tunnel_key;            /* the tunnel's id is part of the key: overlapping networks */
	bool dissect;               /* look at payloads (proto/) */
	struct protocols protocols; /* for these; all zero: all */
	bool quality;               /* measure delays, losses (meter/npm.h) */
	bool os;                    /* guess operating systems (meter/os.h) */
	struct series_opts series;  /* packets as a series; all zero: none */
	uint32_t sample_packets;    /* look at one packet in so many; 0, 1: all */
	uint32_t sample_flows;      /* keep one flow in so many, by its key; 0, 1: all */
	bool community_id;          /* in every record: of those that no store computes it for */
	uint32_t domain;            /* observation domain of the records */
	bool live;                  /* now is now: t_recv is written */
	struct appid *appid;        /* names what no dissector knows (proto/appid.h); or NULL */
	size_t dissect_bytes;       /* memory for reading payloads; 0: a default */
	struct stats *stats;
	/* Takes a batch of the wide shape with its days set; it is reset afterwards. */
	void (*emit)(void *ctx, struct batch *b);
	void *ctx;
};

must_check enum err meter_new(const struct meter_opts *opts, struct meter **ret);
void meter_free(struct meter *m);
/* Meters n frames, in order. Their bytes are not needed afterwards. The time of the meter is the
 * latest that it was told by a frame or a tick. */
void meter_frames(struct meter *m, const struct frame *frames, size_t n);
/* It is now_ns (since the epoch): exports what is due, emits what waits. To be called at least
 * every 250 ms while no frames come. */
void meter_tick(struct meter *m, int64_t now_ns);
/* Exports every flow (end reason 4, forced) and emits what waits. */
void meter_flush(struct meter *m);
/* Flows in the cache now. */
size_t meter_flows(const struct meter *m);
