/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of a network interface as far as it matters to capture: asked through the
 * ioctls of ethtool, changed in nothing. What a driver does not tell is 0 or false. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { NIC_NAME_MAX = 16, NIC_DRIVER_MAX = 32, NIC_KEY_MAX = 64, NIC_TABLE_MAX = 512 };

struct nic {
	char name[NIC_NAME_MAX], driver[NIC_DRIVER_MAX];
	uint32_t if_index, mtu;
	bool ethernet, up, link, promiscuous;
	/* offloads that change frames before they are captured */
	bool gro, lro, gso, tso, rx_vlan;
	uint32_t rx_ring, rx_ring_max; /* descriptors of the card; 0 = not told */
	uint32_t queues, queues_max;   /* receive queues, at least 1 */
	/* how received packets are spread over the queues */
	bool rss;                   /* the driver tells */
	bool rss_toeplitz, rss_xor; /* the hash; symmetric by exchange of addresses and ports */
	uint32_t rss_key_n;         /* bytes of its key, at most NIC_KEY_MAX are here */
	uint8_t rss_key[NIC_KEY_MAX];
	uint32_t rss_queues; /* that the table names */
	/* since the interface is there */
	uint64_t rx_packets, rx_dropped, rx_missed;
};

/* ERR_NOT_FOUND: there is none of that name. */
must_check enum err nic_read(const char *name, struct nic *ret, struct diag *reterr);
/* The number of receive queues; 1 if the driver does not tell. */
uint32_t nic_queues(const char *name);
/* Whether both directions of a flow come to one queue: a key of one pattern of two bytes, or
 * addresses and ports exchanged before hashing; or there is one queue only. */
bool nic_rss_symmetric(const struct nic *n);
