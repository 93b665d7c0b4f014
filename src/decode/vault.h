/* SPDX-License-Identifier: Apache-2.0 */
/* What exporters told about their templates, sampling and clock, kept over a restart of the
 * collector: one entry per (address, port, version, domain), opaque bytes that the decoder writes
 * and reads (remember.c). Shared by all decoders: an exporter may land on any thread. In memory;
 * the caller moves its bytes to and from a file. Bounded: at a limit the entry put longest ago
 * goes. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"

enum {
	VAULT_MAX_BYTES = 256 << 20, /* of all entries */
	VAULT_MAX_ENTRY = 4 << 20,
	VAULT_KEEP_DAYS = 30, /* not put again for so long: left out when saved */
};

struct vault;
struct vault_key {
	struct ip ip;
	uint16_t port;
	uint8_t version;
	uint32_t domain;
};

must_check enum err vault_new(size_t max_entries, struct vault **ret);
void vault_free(struct vault *v);

/* Any thread; takes n bytes in place of those of before. False: another thread is at it right now,
 * or there is no memory; try later. now: ms since the epoch. */
bool vault_put(struct vault *v, const struct vault_key *k, int64_t now, const void *p, size_t n);
/* Any thread; appends the bytes of k to out, or, where this port is not known, those of the port
 * put last at the same address, version and domain. False: nothing known. */
bool vault_get(struct vault *v, const struct vault_key *k, struct buf *out);

/* How often entries were put: changes mean there is something to save. */
uint64_t vault_changes(struct vault *v);
/* All entries as bytes with a checksum; holds the others up for some ms at most. */
void vault_encode(struct vault *v, int64_t now, struct buf *out);
/* Adds the entries of such bytes. ERR_MALFORMED: they are not whole; nothing was added. */
must_check enum err vault_decode(struct vault *v, const void *p, size_t n);
