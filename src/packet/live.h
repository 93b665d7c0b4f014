/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of live interfaces, of mirrored traffic, and of files played back: one source is opened
 * for so many threads, each of which has a reader of its own and shares nothing with the others.
 *
 *   live_open -> live_reader(l, i), one per thread
 *   per thread: live_next, look at the frames, live_release; live_count now and then
 *
 * Frames are not copied where the kernel shares its ring (AF_PACKET, AF_XDP): they lie in the ring
 * until live_release gives their room back. A source is one of (live_source.h)
 *   eth1             an interface
 *   tap:eth1+eth2    two interfaces, one per direction of a tapped line, merged by time
 *   vxlan:ADDR:4789  mirrored traffic that is sent to this machine in VXLAN or GENEVE over UDP
 *   gre:ADDR         ... in GRE or ERSPAN
 *   file:PATH        a capture file */
#pragma once
#include "base/err.h"
#include "model/stats.h"
#include "packet/capture.h"

struct live;
struct live_reader;

enum live_way { LIVE_AUTO, LIVE_PACKET, LIVE_XDP }; /* probe.capture */

enum { LIVE_THREADS_MAX = 64, LIVE_BURST = 256, LIVE_SNAPLEN_MAX = 65535 };

struct live_opts {
	enum live_way way;    /* AUTO: AF_PACKET */
	uint32_t threads;     /* 1 to LIVE_THREADS_MAX; a source may take fewer */
	uint32_t snaplen;     /* bytes of a frame that are kept; 0 = all */
	const char *filter;   /* as tcpdump has it; NULL or "" = everything */
	uint64_t ring_bytes;  /* of each thread and interface */
	uint32_t block_ms;    /* frames wait no longer for their block to be full */
	bool promiscuous;     /* take frames for other machines too */
	bool ignore_outgoing; /* leave out what this machine sends */
	double speed;         /* of file: 2 = twice as fast; 0 = at once, by the file's times */
};

/* Opens the source with all its readers; needs CAP_NET_RAW, AF_XDP CAP_BPF and CAP_NET_ADMIN. On
 * error reterr says which step failed and what repairs it. */
must_check enum err live_open(const char *source, const struct live_opts *o, struct live **ret,
			      struct diag *reterr);
/* No reader may be in use. *l becomes NULL. */
void live_close(struct live **l);
size_t live_readers(const struct live *l);
struct live_reader *live_reader(struct live *l, size_t i);
/* How frames are taken, for people: "AF_PACKET ring of 64 MB". */
const char *live_how(const struct live *l);

/* Up to max frames that are there, or come within timeout_ms; none is no error. They are borrowed
 * until live_release, which has to come before the next call. ERR_NOT_FOUND: the file is at its
 * end. ERR_CLOSED: the interface is gone for good. Counts into s: group capture. */
must_check enum err live_next(struct live_reader *r, int timeout_ms, struct frame *ret, size_t max,
			      size_t *ret_n, struct stats *s, struct diag *reterr);
void live_release(struct live_reader *r);
/* Adds to s what the kernel has dropped since the last call (group capture_drop). */
void live_count(struct live_reader *r, struct stats *s);
/* What time it is for the frames of r, ns since the epoch: the wall clock, or that of the file. */
int64_t live_now(const struct live_reader *r);
