/* SPDX-License-Identifier: Apache-2.0 */
/* Classic pcap files: a header, then records. Times in us or ns, either byte order, and the longer
 * records of a patched libpcap of the nineties. */
#pragma once
#include "packet/capture.h"
#include "packet/window.h"

struct pcap_file {
	bool little;
	uint8_t record;   /* bytes of a record's header */
	uint32_t tick_ns; /* of the second part of a time stamp */
	enum link_type link;
};

/* Whether a file that begins with these four bytes is one. */
bool pcap_file_is(const uint8_t *p);
/* Reads the header of the file. */
must_check enum err pcap_file_begin(struct pcap_file *f, struct window *w, struct diag *reterr);
/* The next frame, borrowed until the window is filled; ERR_SHORT if it is not in there whole,
 * ERR_MALFORMED. */
must_check enum err pcap_file_next(struct pcap_file *f, struct window *w, struct frame *ret,
				   struct diag *reterr);
