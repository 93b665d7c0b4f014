/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng files (draft-ietf-opsawg-pcapng): sections of blocks. Each interface has its own link
 * type, unit and offset of time; frames say which they came over. Blocks without packets are passed
 * over. */
#pragma once
#include "packet/capture.h"
#include "packet/window.h"

enum { PCAPNG_INTERFACES = 4096 };

struct pcapng_interface {
	enum link_type link;
	uint32_t snaplen; /* 0 = no limit */
	uint8_t tick;     /* a unit is 10^-tick s, or 2^-tick s if binary */
	bool binary;
	int64_t offset_s; /* added to times */
};

struct pcapng_file {
	bool little;
	uint32_t n, room;
	struct pcapng_interface *interface; /* owned; of this section */
	int64_t last_ns;                    /* frames without a time have that of the one before */
};

/* Whether a file that begins with these four bytes is one. */
bool pcapng_file_is(const uint8_t *p);
/* Reads on to the first packet, as far as the window goes. *f is zeroed. */
must_check enum err pcapng_file_begin(struct pcapng_file *f, struct window *w, struct diag *reterr);
void pcapng_file_fini(struct pcapng_file *f);
/* Of the first interface of the section; Ethernet before there is one. */
enum link_type pcapng_file_link(const struct pcapng_file *f);
/* The next frame, borrowed until the window is filled; ERR_SHORT if its block is not in there,
 * ERR_MALFORMED, ERR_NOMEM. */
must_check enum err pcapng_file_next(struct pcapng_file *f, struct window *w, struct frame *ret,
				     struct diag *reterr);
