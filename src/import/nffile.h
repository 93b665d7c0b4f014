/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of nfdump's files: a header, blocks of records, each perhaps packed, and behind them
 * (layout 2) an appendix. Little-endian, as machines that run nfdump write it.
 *
 *   layout 1 (nfdump 1.6)  magic u16 A50C | version u16 1 | flags u32 | blocks u32 | ident 128
 *                          then a record of sums (136 bytes), then blocks
 *   layout 2 (nfdump 1.7)  magic u16 A50C | version u16 2 | nfdump's version u32 | created u64 |
 *                          packing u8 | encryption u8 | blocks of the appendix u16 | program u32 |
 *                          where the appendix is u64 | block size u32 | blocks u32
 *   block                  records u32 | bytes u32 | type u16 | flags u16 (bit 0: not packed)
 *   record                 type u16 | bytes with this header u16 | ... */
#pragma once
#include "base/err.h"
#include "base/rd.h"

struct nffile;

enum {
	NFFILE_BLOCK_MAX = 32 << 20, /* bytes of a block, packed or not (nfdump writes 5 MB) */
	NFFILE_IDENT_MAX = 128,
	NFFILE_RECORD_HEADER = 4,
};

struct nffile_block {
	struct rd records; /* borrowed until the next call */
	uint32_t n;        /* how many, by its header */
	uint16_t type;
};

bool nffile_detect(const uint8_t *head, size_t n);
/* ERR_UNSUPPORTED: a layout, packing or byte order that is not read, the text says which. */
must_check enum err nffile_open(const char *path, struct nffile **ret, struct diag *reterr);
/* Another file in place of the one of f, whose memory is used again. After an error f has none, and
 * may be reopened or closed. */
must_check enum err nffile_reopen(struct nffile *f, const char *path, struct diag *reterr);
/* 1 or 2; the name of the source, "" if the file has none. */
unsigned nffile_layout(const struct nffile *f);
const char *nffile_ident(const struct nffile *f);
/* When the file was made, ms since the epoch (its header, or its change on disk). */
int64_t nffile_created_ms(const struct nffile *f);
/* The next block. ERR_NOT_FOUND at the end; ERR_CHECKSUM for one that does not unpack, the next
 * call goes on behind it; ERR_MALFORMED where the file is cut or its sizes lie. */
must_check enum err nffile_next(struct nffile *f, struct nffile_block *ret, struct diag *reterr);
void nffile_close(struct nffile **f);
