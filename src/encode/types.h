/* SPDX-License-Identifier: Apache-2.0 */
/* The elements of our own enterprise as RFC 5610 describes elements: numbers of IANA's registries
 * of data types, semantics and units, and a name in the manner of IPFIX (tunnel_proto ->
 * weirTunnelProto). */
#pragma once
#include <stdint.h>

enum { OWN_NAME_MAX = 64 };

struct own_type {
	uint16_t id, units;
	uint8_t data_type, semantics;
	char name[OWN_NAME_MAX];
	const char *doc;
};
/* Calls fn for each; borrowed during the call. */
void own_types(void (*fn)(void *ctx, const struct own_type *t), void *ctx);
