/* SPDX-License-Identifier: Apache-2.0 */
/* Rows drawn from the input, encoded and decoded again, are the same rows: as IPFIX in messages of
 * any size, with few templates or many. NetFlow and halves of biflows must at least decode. */
#include "encode/kit.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 4, ROWS_MAX = 16 };

static void same(const struct batch *b, const struct encoder_opts *o)
{
	struct buf sent = {0};
	struct kit_result got;
	kit_there_and_back(b, o, &got);
	if (got.malformed || got.lost)
		abort();
	bool whole = o->protocol == EXPORT_IPFIX && !o->split;
	if (whole && got.cut == 0) {
		kit_text(b, &sent);
		if (sent.n != got.text.n || memcmp(sent.p, got.text.p, sent.n) != 0)
			abort();
	}
	buf_fini(&sent);
	buf_fini(&got.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEAD)
		return 0;
	struct kit_random r = {.p = data + HEAD, .n = size - HEAD};
	struct batch *b = kit_batch(&r, 1 + data[0] % ROWS_MAX, data[1]);
	const struct encoder_opts o = {.protocol = (enum export_protocol)(data[2] >> 1 & 3) % 3,
				       .split = data[2] & 1,
				       .domain = data[2],
				       .message_max = 256 + 16u * data[3],
				       .record_max = MESSAGE_MAX_UDP,
				       .max_templates = data[2] >> 4,
				       .start_ms = kit_time_ms - 3600000};
	same(b, &o);
	batch_free(b);
	return 0;
}
