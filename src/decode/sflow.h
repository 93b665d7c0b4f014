/* SPDX-License-Identifier: Apache-2.0 */
/* sFlow version 5 (sflow_version_5.txt): what the collector and `weir decode` get to see of counter
 * samples. Flow samples become rows like any other record; docs/sflow.md says which field is what.
 */
#pragma once
#include "base/ip.h"
#include "base/rd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Generic interface counters (format 1), as the agent counts them: since it started, wrapping at 32
 * bits but for the octets. UINT32_MAX stands for a counter that the agent does not have. */
struct if_counters {
	uint32_t if_index, if_type;
	uint64_t speed;     /* bit/s */
	uint32_t direction; /* 1 full duplex, 2 half duplex, 3 in, 4 out, 0 not known */
	uint32_t status;    /* 1: administratively up, 2: operationally up */
	uint64_t in_octets, out_octets;
	uint32_t in_unicast, in_multicast, in_broadcast, in_discards, in_errors, in_unknown_protos;
	uint32_t out_unicast, out_multicast, out_broadcast, out_discards, out_errors;
	uint32_t promiscuous;
};

struct counter_sample {
	struct ip exporter_ip, agent_ip;
	uint32_t domain; /* sub agent id */
	uint32_t source_class, source_index, sequence;
	uint32_t uptime;                     /* of the agent, ms */
	int64_t t_recv;                      /* ms; 0 = not known */
	const struct if_counters *interface; /* NULL: none in this sample */
	struct rd records; /* all of them as they came: format, length, data; borrowed */
};

/* {"record":"counters",...}: every structure that is known, with the names of the specification. */
void counter_sample_json(struct buf *out, const struct counter_sample *s);
