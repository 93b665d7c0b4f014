/* SPDX-License-Identifier: Apache-2.0 */
/* NetBIOS names as RFC 1001 14.1 writes them: 16 bytes as 32 letters A to P, the last byte is the
 * kind of service. */
#pragma once
#include "proto/dissector.h"

/* Reads an encoded name (length byte 32, letters, scope up to its end) and notes it. False, nothing
 * noted: it is none. */
bool netbios_note_name(struct notes *n, struct rd *r);
