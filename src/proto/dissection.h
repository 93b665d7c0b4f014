/* SPDX-License-Identifier: Apache-2.0 */
/* Finds out which protocol a flow speaks and shows its payload to that dissector: candidates by
 * port first, then the others, until one says it is his or all say no. Puts the segments of TCP in
 * order for them, with holes; bounded in every direction. One struct dissection per thread, one
 * struct talk per flow that is looked at. */
#pragma once
#include "base/err.h"
#include "proto/dissector.h"
#include "proto/protocols.h"

struct appid;
struct talk;

/* One packet's payload of a flow. */
struct talk_segment {
	struct rd payload; /* bytes as captured */
	uint32_t wire_len; /* bytes of payload that the packet had on the wire */
	uint32_t seq;      /* TCP: sequence number of the first byte */
	uint8_t dir;       /* 0 from the initiator */
	bool syn;          /* TCP: seq is the SYN's; the payload begins one behind it */
	bool fin;          /* TCP: FIN or RST: no bytes of this direction come after these */
	uint64_t t_ns;
	struct rd ip_packet; /* the IP packet from its header on, for classifiers that want it */
};

struct dissection_counters {
	uint64_t talks;        /* flows looked at */
	uint64_t named;        /* flows whose protocol was found */
	uint64_t gaps;         /* holes in streams that were skipped */
	uint64_t held_dropped; /* segments that found no room to wait in */
	uint64_t refused;      /* flows not looked at because memory is used up */
};

/* max_bytes: of all flows together. strangers: who is asked about flows that no dissector knows;
 * borrowed, NULL: nobody. */
must_check enum err dissection_new(size_t max_bytes, struct appid *strangers,
				   struct dissection **ret);
/* Only these are asked and handed over to, from now on; before any flow is shown. */
void dissection_only(struct dissection *d, const struct protocols *p);
void dissection_free(struct dissection *d);
void dissection_counters(const struct dissection *d, struct dissection_counters *ret);

/* A flow whose payload is going to be shown; ends is copied. NULL: no memory, counted. */
struct talk *talk_new(struct dissection *d, const struct talk_ends *ends);
/* Shows one packet's payload; packets without payload need not be shown but for SYN, FIN, RST.
 * False: nothing more will be learned, later segments need not be shown. notes: the flow's. */
bool talk_see(struct dissection *d, struct talk *t, struct notes *notes,
	      const struct talk_segment *s);
/* The flow ends or is exported: dissectors note what they still know, app_name is noted. */
void talk_end(struct dissection *d, struct talk *t, struct notes *notes, uint64_t t_ns);
void talk_free(struct dissection *d, struct talk *t);

/* For dissectors: within TALK_EXPECT_MS a flow of `proto` to or from (ip, port) is d's (a media
 * stream that SIP announced, a data connection of FTP). Bounded; the oldest goes. */
enum { TALK_EXPECT_MS = 60000, TALK_EXPECT_MAX = 4096 };
void dissect_expect(struct dissect_ctx *c, const struct ip *ip, uint16_t port, uint8_t proto,
		    const struct dissector *d);
/* SCRATCH_BYTES of scratch memory of the thread, for one call of see. */
enum { DISSECT_SCRATCH = 65536 };
uint8_t *dissect_scratch(struct dissect_ctx *c);
/* Memory for states that 4 KiB are too little for; a dissector's drop gives it back. */
struct pool *dissect_pool(struct dissect_ctx *c);
/* Digests and ciphers of the thread (net/crypto.h), made when first asked for; NULL: no memory. */
struct crypto *dissect_crypto(struct dissect_ctx *c);

/* All rows of dissectors.def. */
extern const struct dissector *const dissectors[];
extern const size_t dissectors_n;
