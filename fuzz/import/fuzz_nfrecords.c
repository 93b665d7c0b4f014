/* SPDX-License-Identifier: Apache-2.0 */
/* What a block of an nfdump file holds: the records of both layouts, one after another; and the
 * same bytes as an LZO stream. */
#include "base/attr.h"
#include "import/lzo.h"
#include "import/nfrecord.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *ctx unused_arg, struct batch *b unused_arg) {}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { PLAIN_MAX = 1 << 16 };
	static struct rows rows;
	static struct stats stats;
	static uint8_t plain[PLAIN_MAX];
	size_t n;
	struct rd r = rd_of(size ? data : plain, size);
	struct nfrecords x = {.ident = "fuzz", .rows = &rows, .stats = &stats};
	if (!rows.emit && rows_init(&rows, take, NULL))
		abort();
	nfrecords_take(&x, &r);
	if (size && lzo_unpack(data, size, plain, sizeof(plain), &n) == ERR_OK && n > sizeof(plain))
		abort();
	rows_flush(&rows);
	nfrecords_fini(&x);
	return 0;
}
