/* SPDX-License-Identifier: Apache-2.0 */
/* Passing datagrams on to other collectors, as they came. Never waits: what a destination's socket
 * does not take at once is dropped and counted. A destination may keep the exporters' addresses and
 * ports (a raw socket with IP_TRANSPARENT, needs CAP_NET_RAW): then the other collector sees them
 * as if they had sent there; IPv4 exporters to IPv4 destinations, IPv6 to IPv6.
 *
 * The destinations and their sockets are one struct forward, shared by the threads; what a thread
 * needs to send is its own struct forward_scratch. */
#pragma once
#include "base/err.h"
#include "base/ip.h"
#include "model/stats.h"

#include <stddef.h>
#include <stdint.h>

struct buf;
struct conf_forwards;
struct forward;
struct forward_scratch;
struct udp_datagram;

enum { FORWARD_ROUND = 64, FORWARD_ERROR_MAX = 160 };

/* Resolves names and opens sockets; may wait for DNS. A destination for which that fails is kept
 * with its error and drops what it should get. conf: borrowed until forward_free. before: counters
 * of destinations that stay are taken over; NULL = none. */
must_check enum err forward_new(const struct conf_forwards *conf, const struct forward *before,
				struct forward **ret);
void forward_free(struct forward *f);
/* What is wrong with the first destination that has an error, "URL: why"; "" if none has. */
const char *forward_error(const struct forward *f, char ret[FORWARD_ERROR_MAX]);
/* [{"to","sent","dropped","error"?},...] */
void forward_json(const struct forward *f, struct buf *out);

must_check enum err forward_scratch_new(struct forward_scratch **ret);
void forward_scratch_free(struct forward_scratch *s);
/* Sends up to FORWARD_ROUND datagrams to each destination that wants them; counts forward_sent and
 * forward_dropped into stats, once per datagram and destination. */
void forward_send(struct forward *f, struct forward_scratch *s, const struct udp_datagram *const *d,
		  size_t n, struct stats *stats);
