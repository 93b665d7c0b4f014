/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/corpus.h"
#include "fuzz/decode/decode_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct buf good;
	if (!good.n)
		corpus_first(CORPUS_SFLOW)->make(&good);
	fuzz_decode(good.p, good.n, data, size);
	return 0;
}
