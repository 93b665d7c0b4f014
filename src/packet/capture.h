/* SPDX-License-Identifier: Apache-2.0 */
/* A captured frame, and capture files, pcap and pcapng; "-" is the standard input. Frames of live
 * interfaces: packet/live.h. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture;

/* What a frame begins with. */
enum link_type {
	LINK_UNKNOWN,
	LINK_ETHERNET,
	LINK_LOOPBACK,
	LINK_IP,
	LINK_SLL,
	LINK_SLL2,
	LINK_PPPOE,
	LINK_PPP,
	LINK_80211,
	LINK_RADIOTAP, /* 802.11 behind a header of the radio */
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
/* What its frames begin with. */
enum link_type capture_link(const struct capture *c);
void capture_close(struct capture *c);
