/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the meter share: meter.c drives, update.c counts a packet, record.c writes a
 * flow into a batch. */
#pragma once
#include "meter/cache.h"
#include "meter/fragments.h"
#include "meter/met.h"
#include "meter/meter.h"
#include "meter/wheel.h"
#include "model/batch.h"
#include "model/stats.h"
#include "proto/dissection.h"

/* IPFIX element 136. */
enum end_reason {
	END_IDLE = 1,
	END_ACTIVE = 2,
	END_DETECTED = 3,
	END_FORCED = 4,
	END_RESOURCES = 5
};

struct meter {
	struct meter_opts o;
	struct cache cache;
	struct wheel wheel;
	struct key_opts keys;
	struct fragments *fragments;
	struct pool pool;              /* flow_extra, speech, notes */
	struct dissection *dissection; /* NULL: payloads are not looked at */
	struct series *series;         /* by flow, as in the cache; NULL: none are asked for */
	struct pool series_pool;       /* METER_SERIES_BYTES */
	struct crypto *crypto;         /* of community_id; NULL: not asked for */
	struct batch *out;
	bool begun;      /* there was a packet or a tick */
	uint64_t now_ns; /* their latest time */
	uint64_t active_ns, linger_ns;
	uint64_t inactive_ns[256]; /* by IP protocol */
	uint32_t serial;
	uint64_t serial_base; /* of flow_id: seconds when the meter began, in the upper half */
	size_t max_flows;
	uint32_t hand;    /* flood.c: the flow that was looked at last */
	uint32_t sampled; /* packets since the last one that was looked at */
	struct met burst[METER_BURST];
};

/* meter.c */
/* Exports flow i, which leaves the cache. */
void meter_end(struct meter *m, uint32_t i, enum end_reason reason);

/* flood.c */
enum {
	METER_SUMS_SHARE = 16, /* sums: so many more flows than max_flows, of it */
	METER_REST = 1024,     /* and so many for packets of which only the protocol is kept */
};
/* A flow is going to begin: ends others if there is little room. */
void flood_hurry(struct meter *m);
/* There is no room: turns the packet's key into that of a sum. */
void flood_key(const struct meter *m, struct met *p);

/* update.c */
/* What the first packet of a flow says; returns 0 if its source is the initiator. */
void flow_begin(struct meter *m, uint32_t i, const struct met *p);
/* Counts a packet; dir: 0 from the initiator. */
void flow_add(struct meter *m, uint32_t i, const struct met *p, unsigned dir);
/* The record of this flow was exported and it goes on: begins the next one. */
void flow_turn(struct meter *m, uint32_t i);

/* speech.c: the talk of a flow with the dissectors */
struct speech {
	struct talk *talk; /* NULL: they have seen enough */
	struct notes notes;
};
/* Shows a packet to them, if they want it. */
void speech_hear(struct meter *m, uint32_t i, const struct met *p, unsigned dir);
/* A record is going to be written: they note what they know. */
void speech_told(struct meter *m, uint32_t i);
/* The flow is gone. */
void speech_drop(struct meter *m, uint32_t i);

/* record.c */
/* Writes flow i as the next row of m->out, which has room. */
void record_write(struct meter *m, uint32_t i, enum end_reason reason);
