/* SPDX-License-Identifier: Apache-2.0 */
/* What a record says of a server's certificate (X.509, RFC 5280). Read with our own DER reader, not
 * with libcrypto: only a dozen values are wanted, without allocations, and of a certificate that is
 * broken somewhere, or cut, what stands before the break. */
#pragma once
#include "proto/dissector.h"

/* der: the certificate as far as it is there; whole: all of it (then its fingerprints are noted).
 */
void tls_note_certificate(struct dissect_ctx *c, struct rd der, bool whole);
