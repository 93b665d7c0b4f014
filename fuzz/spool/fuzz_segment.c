/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a segment, as recovery finds it on a disk that has lied: with the checksum as it
 * stands, and with length and checksum made right, so that what lies behind them is reached. */
#include "base/hash.h"
#include "spool/segfile.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *p, size_t n)
{
	struct segfile f;
	if (segfile_parse(p, n, &f))
		return;
	if (f.header_len > n || f.shape >= SHAPE_MAX || f.head > f.number ||
	    f.n_seqs > SPOOL_SEQ_MAX || f.n_members > SEGFILE_MEMBERS_MAX ||
	    (segfile_is_head(&f) && f.n_members == 0))
		abort();
	for (const char *c = buf_cstr(&f.columns); *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_,", *c))
			abort();
	segfile_fini(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(data, size);
	if (size < SEGFILE_BODY_HASH_AT || size > SEGFILE_HEADER_MAX)
		return 0;
	uint8_t *copy = malloc(size);
	if (!copy)
		return 0;
	uint32_t len = (uint32_t)size;
	memcpy(copy, data, size);
	memcpy(copy + SEGFILE_LENGTH_AT, &len, sizeof(len));
	memset(copy + SEGFILE_HASH_AT, 0, sizeof(uint64_t));
	uint64_t h = hash64(copy, size, 0);
	memcpy(copy + SEGFILE_HASH_AT, &h, sizeof(h));
	parse(copy, size);
	free(copy);
	return 0;
}
