/* SPDX-License-Identifier: Apache-2.0 */
/* The table of interface counters that devices report (sFlow counter samples): as they were
 * counted, never as differences, so that a sample lost on the way, or told twice, only makes the
 * step to the next one longer or empty. Differences and rates are made when a question is answered
 * (query/interfaces.h). */
#pragma once
#include "base/buf.h"
#include "base/ip.h"
#include "store/schema.h"

#include <stdint.h>

/* A row. Packets of each kind wrap at 32 bits. */
struct if_counter_row {
	int64_t t; /* ms */
	struct ip exporter_ip, agent_ip;
	uint32_t domain, if_index;
	uint32_t uptime; /* ms since the device started: smaller than before = it counts anew */
	uint32_t if_type, direction, status;
	uint64_t speed, in_octets, out_octets;
	uint32_t in_unicast, in_multicast, in_broadcast, in_discards, in_errors;
	uint32_t out_unicast, out_multicast, out_broadcast, out_discards, out_errors;
};

void if_counters_create(struct buf *sql, const struct schema_target *t);
/* INSERT ... VALUES of n rows (n > 0); about 300 bytes a row. */
void if_counters_insert(struct buf *sql, const char *database, const struct if_counter_row *rows,
			size_t n);
