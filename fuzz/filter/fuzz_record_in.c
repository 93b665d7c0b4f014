/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a line of NDJSON: what is taken is printed and taken again, and prints the same. */
#include "model/record.h"
#include "model/record_in.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct batch *b;
	struct buf once = {0}, twice = {0};
	if (!b && !(b = batch_new(SHAPE_WIDE)))
		return 0;
	batch_reset(b);
	if (record_from_json(b, (const char *)data, n, NULL) == ERR_OK) {
		record_json(&once, b, 0);
		if (record_from_json(b, (const char *)once.p, once.n, NULL))
			abort();
		record_json(&twice, b, 1);
		if (once.n != twice.n || memcmp(once.p, twice.p, once.n) != 0)
			abort();
	}
	buf_fini(&once);
	buf_fini(&twice);
	return 0;
}
