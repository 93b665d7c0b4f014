/* SPDX-License-Identifier: Apache-2.0 */
/* A captured frame, and capture files, pcap and pcapng; "-" is the standard input. Frames of live
 * interfaces: packet/live.h. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture;

/* What a frame begins with: LINKTYPE_ numbers of capture files (tcpdump.org/linktypes.html); peel.c
 * reads these. */
enum link_type {
	LINK_LOOPBACK = 0, /* of BSD: an address family in the writer's byte order */
	LINK_ETHERNET = 1,
	LINK_TOKEN_RING = 6,
	LINK_SLIP = 8,
	LINK_PPP = 9,
	LINK_FDDI = 10,
	LINK_IP_12 = 12, /* raw IP as some systems number it */
	LINK_IP_14 = 14,
	LINK_PPP_SERIAL = 50,
	LINK_PPPOE = 51,
	LINK_ATM = 100, /* LLC (RFC 2684) */
	LINK_IP = 101,
	LINK_CISCO_HDLC = 104,
	LINK_80211 = 105,
	LINK_FRAME_RELAY = 107,
	LINK_LOOPBACK_BE = 108, /* of OpenBSD: the same in network order */
	LINK_ENC = 109,
	LINK_SLL = 113,
	LINK_PFLOG = 117,
	LINK_PRISM = 119,
	LINK_IP_1394 = 138,
	LINK_RADIOTAP = 127, /* 802.11 behind a header of the radio */
	LINK_AVS = 163,
	LINK_PPP_PPPD = 166,
	LINK_PPI = 192,
	LINK_PPP_DIRECTION = 204,
	LINK_MPLS = 219,
	LINK_IP4 = 228,
	LINK_IP6 = 229,
	LINK_NFLOG = 239,
	LINK_NETANALYZER = 240,
	LINK_PKTAP = 258,
	LINK_SLL2 = 276,
	LINK_UNKNOWN = 0xffff,
};

struct frame {
	const uint8_t *p;  /* borrowed until the next capture_next or live_release */
	size_t n;          /* bytes captured, perhaps fewer than were sent */
	size_t wire_n;     /* bytes it had where it was captured, without the FCS; >= n */
	int64_t t_ns;      /* since the epoch */
	uint32_t if_index; /* the kernel's number of the interface; 0 = none, or not known */
	enum link_type link;
};

/* Whether a file that begins with these bytes is a capture. */
bool capture_is_capture(const uint8_t *p, size_t n);
must_check enum err capture_open(const char *path, struct capture **ret, struct diag *reterr);
/* The next frame; ERR_NOT_FOUND at the end, ERR_MALFORMED where the file is broken or cut. */
must_check enum err capture_next(struct capture *c, struct frame *ret, struct diag *reterr);
/* Up to max frames, borrowed until the next call of any of these; errors as those of capture_next,
 * only when there is no frame before them. */
must_check enum err capture_burst(struct capture *c, struct frame *ret, size_t max, size_t *ret_n,
				  struct diag *reterr);
/* What its frames begin with, or those of the first interface where there are several. */
enum link_type capture_link(const struct capture *c);
void capture_close(struct capture *c);
