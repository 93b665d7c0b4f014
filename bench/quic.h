/* SPDX-License-Identifier: Apache-2.0 */
/* Initial packets of QUIC version 1, sealed as RFC 9001 section 5 says, so that a meter which
 * opens them has the work it has on a line. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { QUIC_INITIAL = 1200 }; /* bytes of a datagram with one (RFC 9000 14.1) */

/* Writes QUIC_INITIAL bytes: the first packet of the client or the server with a whole TLS
 * handshake message (no record header) of at most 1000 bytes. id tells connections apart in the
 * connection id that the client has chosen for itself; the one that keys are made from is always
 * that of RFC 9001 A.1. False: OpenSSL refused. */
int quic_initial(int from_client, uint32_t id, const uint8_t *message, size_t n,
		 uint8_t out[QUIC_INITIAL]);
