/* SPDX-License-Identifier: Apache-2.0 */
/* Link types by a byte of a fuzzer's input. New ones go to the end: corpora count on the order. */
#pragma once
#include "base/attr.h"
#include "packet/capture.h"

static inline enum link_type fuzz_link(uint8_t byte)
{
	static const enum link_type links[] = {
	    LINK_UNKNOWN,    LINK_ETHERNET,    LINK_LOOPBACK,   LINK_IP,      LINK_SLL,
	    LINK_SLL2,       LINK_PPPOE,       LINK_PPP,        LINK_80211,   LINK_RADIOTAP,
	    LINK_PPP_SERIAL, LINK_CISCO_HDLC,  LINK_TOKEN_RING, LINK_FDDI,    LINK_FRAME_RELAY,
	    LINK_PRISM,      LINK_PPI,         LINK_NFLOG,      LINK_PFLOG,   LINK_PKTAP,
	    LINK_MPLS,       LINK_NETANALYZER, LINK_ATM,        LINK_IP_1394,
	};
	return links[byte % ARRAY_LEN(links)];
}
