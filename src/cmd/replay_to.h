/* SPDX-License-Identifier: Apache-2.0 */
/* Where `weir replay` sends to: udp://HOST:PORT (or HOST:PORT), tcp:// or tls://. Blocks. Over TCP
 * and TLS goes IPFIX alone, since no other protocol says where its messages end. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay_to;

/* ca: PEM file with whom the server's certificate must come from; NULL = it is not checked.
 * ERR_SYNTAX: `to` is no such thing; reterr says what is wrong. */
must_check enum err replay_to_open(const char *to, const char *ca, struct replay_to **ret,
				   struct diag *reterr);
/* Ends a TLS connection properly. May be NULL. */
void replay_to_close(struct replay_to *r);
/* Sends one datagram of the capture; over a stream the IPFIX messages in it. ERR_UNSUPPORTED: there
 * are none. ERR_REFUSED: a datagram was not taken, the next may be. Others: the stream is over. */
must_check enum err replay_to_send(struct replay_to *r, const uint8_t *p, size_t n);
bool replay_to_is_stream(const struct replay_to *r);
