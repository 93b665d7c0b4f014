/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/frame.h"

#include "base/attr.h"
#include "base/rd.h"

enum { SET_HEADER = 4, SFLOW_HEADER = 28, SFLOW_HEADER_IP6 = 40 };

static bool all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;
	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

static const struct layout {
	uint16_t version, header, record; /* record 0: sets */
} layouts[] = {{1, 16, 48}, {5, 24, 48}, {7, 24, 52}, {9, 20, 0}, {10, 16, 0}};

static const struct layout *layout_of(uint16_t version)
{
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++)
		if (layouts[i].version == version)
			return &layouts[i];
	return NULL;
}

uint16_t frame_version(const uint8_t *p, size_t n)
{
	uint16_t version = n >= 2 ? load_be16(p) : 0;
	if (version == 0 && n >= 4 && load_be16(p + 2) == 5)
		return FRAME_SFLOW5;
	return version == FRAME_SFLOW5 ? 0 : version;
}

size_t frame_header_len(uint16_t version)
{
	if (version == FRAME_SFLOW5)
		return SFLOW_HEADER;
	const struct layout *l = layout_of(version);
	return l ? l->header : 0;
}

static bool set_id_ok(uint16_t version, uint16_t id)
{
	return id >= 256 || (version == 9 ? id <= 1 : id == 2 || id == 3);
}

/* Bytes of whole sets with allowed ids at the start of r; r is then behind them. */
static size_t sets_len(struct rd *r, uint16_t version)
{
	size_t before = rd_left(r);
	while (rd_left(r) >= SET_HEADER) {
		uint16_t id = load_be16(r->p), len = load_be16(r->p + 2);
		if (!set_id_ok(version, id) || len < SET_HEADER || len > rd_left(r))
			break;
		rd_skip(r, len);
	}
	return before - rd_left(r);
}

/* A v9 message ends at the end of the bytes, or where another header begins: the versions are set
 * ids that are reserved. Zeros may come before either: some devices send datagrams of one size. r
 * is then behind them. */
static bool nf9_ends(struct rd *r)
{
	while (rd_left(r) > 0) {
		if (rd_left(r) >= 2 && layout_of(load_be16(r->p)))
			return true;
		if (rd_u8(r) != 0)
			return false;
	}
	return true;
}

static size_t nf9_len(const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	rd_skip(&r, layout_of(9)->header);
	size_t sets = sets_len(&r, 9);
	if (r.bad || sets == 0 || load_be16(p + 2) == 0 || !nf9_ends(&r))
		return 0;
	return n - rd_left(&r);
}

static bool ipfix_sets_fill(const uint8_t *p, size_t len)
{
	struct rd r = rd_of(p, len);
	rd_skip(&r, layout_of(10)->header);
	sets_len(&r, 10);
	return !r.bad && rd_left(&r) == 0;
}

/* Some devices miscount their own message: if the sets fill the bytes exactly, these are it. */
static size_t ipfix_len(const uint8_t *p, size_t n)
{
	size_t len = load_be16(p + 2);
	if (len <= n && ipfix_sets_fill(p, len))
		return len;
	return n > layout_of(10)->header && ipfix_sets_fill(p, n) ? n : 0;
}

/* Of NetFlow v1 some know a record of 48 bytes, some one with 4 more at its end. */
static size_t fixed_len(const struct layout *l, const uint8_t *p, size_t n)
{
	size_t count = load_be16(p + 2), len = l->header + count * l->record;
	if (l->version == 1 && n == len + count * 4)
		len = n;
	return count && len <= n ? len : 0;
}

/* As many samples as the header says, each with its length. */
static size_t sflow_len(const uint8_t *p, size_t n)
{
	struct rd r = rd_of(p, n);
	uint32_t agent = n >= SFLOW_HEADER ? load_be32(p + 4) : 0;
	if (agent != 1 && agent != 2)
		return 0;
	rd_skip(&r, agent == 1 ? SFLOW_HEADER - 4 : SFLOW_HEADER_IP6 - 4);
	for (uint32_t left = rd_be32(&r); left && !r.bad; left--) {
		rd_skip(&r, 4);
		rd_skip(&r, rd_be32(&r));
	}
	/* What follows and is no other datagram belongs to the last sample: some agents miscount.
	 */
	if (r.bad || frame_version(r.p, rd_left(&r)) == FRAME_SFLOW5)
		return r.bad ? 0 : n - rd_left(&r);
	return n;
}

/* A datagram of sFlow by its header and the beginning of its first sample, for those that were cut
 * on the way or whose agent miscounts. */
static bool sflow_begins(const uint8_t *p, size_t n)
{
	enum { FORMAT_MAX = 5, SAMPLE_MIN = 12 };
	struct rd r = rd_of(p, n);
	rd_skip(&r, 4);
	uint32_t agent = rd_be32(&r);
	rd_skip(&r, agent == 1 ? SFLOW_HEADER - 12 : SFLOW_HEADER_IP6 - 12);
	uint32_t samples = rd_be32(&r), format = rd_be32(&r), len = rd_be32(&r);
	return !r.bad && (agent == 1 || agent == 2) && samples >= 1 && samples <= n &&
	       format >= 1 && format <= FORMAT_MAX && len >= SAMPLE_MIN && len <= UINT16_MAX;
}

size_t frame_message_len(const uint8_t *p, size_t n)
{
	if (frame_version(p, n) == FRAME_SFLOW5)
		return sflow_len(p, n);
	const struct layout *l = n >= 4 ? layout_of(load_be16(p)) : NULL;
	if (!l || n < l->header)
		return 0;
	if (l->version == 9)
		return nf9_len(p, n);
	if (l->version == 10)
		return ipfix_len(p, n);
	return fixed_len(l, p, n);
}

bool frame_is_export(const uint8_t *p, size_t n)
{
	size_t at = 0;
	if (frame_version(p, n) == FRAME_SFLOW5)
		return sflow_begins(p, n) || sflow_len(p, n) > 0;
	while (at < n) {
		size_t len = frame_message_len(p + at, n - at);
		if (len == 0)
			return at > 0 && all_zero(p + at, n - at); /* filled up */
		at += len;
	}
	return n > 0;
}

bool frame_is_foreign(const uint8_t *p, size_t n)
{
	enum { NF8_HEADER = 28, SFLOW2 = 2, SFLOW4 = 4 };
	if (n >= SFLOW_HEADER && (load_be32(p) == SFLOW2 || load_be32(p) == SFLOW4))
		return load_be32(p + 4) == 1 || load_be32(p + 4) == 2;
	if (n <= NF8_HEADER || load_be16(p) != 8)
		return false;
	size_t count = load_be16(p + 2);
	return count && (n - NF8_HEADER) % count == 0 && (n - NF8_HEADER) / count >= 28 &&
	       (n - NF8_HEADER) / count <= 52;
}
