/* SPDX-License-Identifier: Apache-2.0 */
/* A decoder whose rows are kept, for the tests of this folder. */
#pragma once
#include "decode/decode.h"
#include "model/batch.h"
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { T_EXPORT_S = WIRE_EXPORT_S };
static const int64_t t_export_ms = T_EXPORT_S * 1000ll;

struct harness {
	struct stats stats;
	struct decoder *decoder;
	struct batch *rows; /* wide; everything emitted so far */
	struct buf options; /* option_json lines */
	struct buf names;   /* "kind domain id text|text2 number" lines */
	struct ip src;
	uint16_t port;
	uint32_t session;
	int64_t t_recv;
};

/* Opts may be NULL; its stats, emit, option, ctx are replaced. Source 192.0.2.1 port 2055, t_recv =
 * t_export_ms. */
struct harness *harness_new(const struct decoder_opts *opts);
void harness_free(struct harness *h);
/* Feeds a copy of exact size and flushes; b is emptied. */
void harness_feed(struct harness *h, struct buf *b);
void harness_feed_bytes(struct harness *h, const void *p, size_t n);
/* The rows as NDJSON, without t_recv, exporter_ip, observation_domain and export_version; borrowed
 * from out. */
const char *harness_json(const struct harness *h, struct buf *out);
uint64_t harness_stat(const struct harness *h, enum stat_id which);
struct exporter_info harness_exporter(const struct harness *h);
uint64_t harness_malformed_total(const struct harness *h);
