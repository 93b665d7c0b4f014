/* SPDX-License-Identifier: Apache-2.0 */
/* Where exports go, as it is written in the configuration and on the command line:
 *   udp://HOST[:PORT]  tcp://HOST[:PORT]  tls://HOST[:PORT]    IPFIX; port 4739, over TLS 4740
 *   nf9://HOST[:PORT]  nf5://HOST[:PORT]                       NetFlow v9 and v5 over UDP; port
 * 2055 A flow with an answer is one record in IPFIX (RFC 5103); with ?split=yes at the end it is
 * two, as it always is in NetFlow, for collectors that know one direction only. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum export_protocol { EXPORT_IPFIX, EXPORT_NF9, EXPORT_NF5 };
enum export_transport { EXPORT_UDP, EXPORT_TCP, EXPORT_TLS };
enum { EXPORT_HOST_MAX = 254, EXPORT_TARGETS_MAX = 16 };

struct export_target {
	enum export_protocol protocol;
	enum export_transport transport;
	bool split; /* an answer is a record of its own */
	uint16_t port;
	char host[EXPORT_HOST_MAX]; /* a name, or an address without brackets */
};

/* A list of targets, separated by spaces or commas; at most EXPORT_TARGETS_MAX, none is allowed. On
 * error reterr says which one and why. */
must_check enum err export_targets_parse(const char *text, struct export_target *ret, size_t *ret_n,
					 struct diag *reterr);
/* As it was written, without the split; returns the length, NUL-terminated. */
enum { EXPORT_TARGET_TEXT_MAX = EXPORT_HOST_MAX + 16 };
size_t export_target_text(const struct export_target *t, char out[EXPORT_TARGET_TEXT_MAX]);
