/* SPDX-License-Identifier: Apache-2.0 */
/* Puts IP fragments together (RFC 791, RFC 8200 4.5). Bounded: so many packets at once, each at
 * most 64 KiB, for so long; what cannot be finished is counted. A packet whose fragments overlap
 * with other bytes is dropped whole (RFC 5722); exact repeats are taken. */
#pragma once
#include "packet/packet.h"

enum { REASSEMBLY_PACKETS = 256, REASSEMBLY_BYTES = 65536, REASSEMBLY_SECONDS = 30 };

struct reassembly;

must_check enum err reassembly_new(struct reassembly **ret);
void reassembly_free(struct reassembly *r);
/* Takes a fragment (PACKET_FRAGMENT). True: p is now the whole packet, parsed on, of *ret_kind; its
 * payload is borrowed until the next call. */
bool reassembly_feed(struct reassembly *r, struct packet *p, int64_t t_ns,
		     enum packet_kind *ret_kind);
/* Packets given up so far; with the ones still unfinished when `end` is true. */
uint64_t reassembly_failed(const struct reassembly *r, bool end);
