/* SPDX-License-Identifier: Apache-2.0 */
/* Makes files of nfdump's layouts for tests, from the description of the format (nffile.h). */
#pragma once
#include "base/buf.h"
#include "import/unpack.h"

static inline void nf_le16(struct buf *out, uint16_t v)
{
	buf_u8(out, (uint8_t)v);
	buf_u8(out, (uint8_t)(v >> 8));
}
/* One record with its header. */
void nf_record(struct buf *out, uint16_t type, const struct buf *body);
/* An element of a flow record of layout 2. */
void nf_element(struct buf *out, uint16_t type, const struct buf *body);
/* A block of records, packed. */
void nf_block(struct buf *out, unsigned layout, enum pack pack, uint32_t n,
	      const struct buf *records);
/* A whole file with one block; ident may be NULL. */
void nf_file(struct buf *out, unsigned layout, enum pack pack, const char *ident, uint32_t n,
	     const struct buf *records);
/* A flow record of layout 2 with every element that is read, for IPv4 or IPv6. */
void nf_full_record(struct buf *out, bool ip6);
/* The map (number 7) and a flow record of layout 1 with every extension, for IPv4 or IPv6. */
void nf1_full_record(struct buf *out, bool ip6);
void nf_exporter(struct buf *out, uint16_t number);
