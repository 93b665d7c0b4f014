/* SPDX-License-Identifier: Apache-2.0 */
/* Where an exporter's sequence numbers stand. The decoder counts gaps with it; the spool saves it
 * with the rows it covers, so that what a killed collector lost shows as a gap after the restart.
 */
#pragma once
#include "base/ip.h"

#include <stdbool.h>
#include <stdint.h>

struct exporter_seq {
	struct ip addr;
	uint32_t domain;
	uint32_t next; /* number expected in the next datagram; unit: records (v5, IPFIX) or
			  datagrams (v9, sFlow) */
	uint32_t open; /* units in gaps that were not yet counted as lost; a restart counts them */
	uint16_t port;
	uint8_t version; /* 5, 9, 10, 105 */
};

/* Whether the sequence numbers of a protocol (export_version) count datagrams, not records. */
static inline bool sequence_of_datagrams(unsigned version)
{
	return version == 9 || version == 105;
}
