/* SPDX-License-Identifier: Apache-2.0 */
/* A segment as a file: a header that says what it is and what it stands for, then one ClickHouse
 * Native block.
 *
 *   "WEIRSEG\n" | version u32 | header length u32 | hash64 of the header with this word 0 u64 |
 * hash64 of the body u64 | body length u64 | number u64 | head u64 | closed ms u64 | rows u32 | day
 * u32 | shape u8 | columns: n u16, n x (length u8, name) | only in the head of a commit (number =
 * head): members: n u32, n x rows u32 | stats | n u32, n x sequence
 *
 * Little-endian. The members of a commit have consecutive numbers, the head first. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "spool/codec.h"
#include "spool/dict.h"
#include "spool/segbuf.h"

enum {
	SEGFILE_HEADER_MAX = 4 << 20,
	SEGFILE_MEMBERS_MAX = 64, /* segments of one commit: SPOOL_SEGMENTS_MAX */
	SEGFILE_STAGE = 256 * 1024,
	SEGFILE_VERSION = 1,
	SEGFILE_MAGIC_LEN = 8,
	/* Places in the header. */
	SEGFILE_LENGTH_AT = 12,
	SEGFILE_HASH_AT = 16,
	SEGFILE_BODY_HASH_AT = 24,
	SEGFILE_BODY_LENGTH_AT = 32,
};
#define SEGFILE_MAGIC "WEIRSEG\n"

struct segfile {
	uint64_t number, head;
	uint64_t hash; /* of the header, which holds the hash of the body: stands for the content */
	uint64_t body_hash, body_len;
	uint32_t header_len, rows;
	int64_t closed_ms;
	int32_t day;
	enum shape shape;
	struct buf columns; /* "a,b,c" */
	/* Of a head: */
	uint32_t n_members, member_rows[SEGFILE_MEMBERS_MAX];
	struct stats delta;
	struct exporter_seq *seqs; /* owned if it was read, borrowed if it is to be written */
	uint32_t n_seqs;
};

struct segfile_scratch {
	uint8_t stage[SEGFILE_STAGE];
	struct dict dict;
};

/* Frees what segfile_parse and segfile_read made. */
void segfile_fini(struct segfile *f);
static inline bool segfile_is_head(const struct segfile *f)
{
	return f->number == f->head;
}

/* Writes header and body of rows to an empty file; sets lengths and hashes in *f. stage:
 * SEGFILE_STAGE bytes of the caller's. ERR_FULL when the disk is. */
must_check enum err segfile_write(int fd, struct segfile *f, const struct segbuf *rows,
				  struct segfile_scratch *scratch);
/* Reads a header from memory. On error nothing needs to be freed. */
must_check enum err segfile_parse(const void *p, size_t n, struct segfile *ret);
/* Reads the header of a file and checks that the file is as long as it says. */
must_check enum err segfile_read(int fd, struct segfile *ret);
/* Reads the body and compares its hash. */
must_check enum err segfile_verify(int fd, const struct segfile *f, uint8_t *stage);
