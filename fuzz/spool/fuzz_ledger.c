/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger of any bytes, also with its checksum made right. One that is read is written again the
 * same. */
#include "base/hash.h"
#include "spool/ledger.h"

#include <stdlib.h>
#include <string.h>

enum { HASH_AT = 12, BODY_AT = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const uint8_t *p, size_t n)
{
	struct ledger l = {0}, again = {0};
	struct buf out = {0};
	if (ledger_decode(p, n, &l) == ERR_OK) {
		ledger_encode(&out, &l);
		if (out.bad || ledger_decode(out.p, out.n, &again) != ERR_OK ||
		    again.floor != l.floor || again.n_gaps != l.n_gaps ||
		    again.seqs.n != l.seqs.n || memcmp(&again.sums, &l.sums, sizeof(l.sums)) != 0 ||
		    ledger_end(&again) != ledger_end(&l))
			abort();
	}
	buf_fini(&out);
	ledger_fini(&l);
	ledger_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode(data, size);
	if (size < BODY_AT)
		return 0;
	uint8_t *copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	uint64_t h = hash64(copy + BODY_AT, size - BODY_AT, 0);
	memcpy(copy + HASH_AT, &h, sizeof(h));
	decode(copy, size);
	free(copy);
	return 0;
}
