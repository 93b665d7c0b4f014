/* SPDX-License-Identifier: Apache-2.0 */
/* The file of what exporters told, and its entries: the input is taken as a whole file, as one with
 * a good checksum, and as what was kept of an exporter that then sends a datagram. */
#include "base/hash.h"
#include "decode/corpus.h"
#include "decode/vault.h"
#include "fuzz/decode/decode_fuzz.h"

static void as_file(const uint8_t *data, size_t size)
{
	struct vault *v;
	struct buf b = {0};
	if (vault_new(8, &v))
		return;
	if (vault_decode(v, data, size) == ERR_OK && size < 16)
		abort();
	buf_str(&b, "weirtmp1");
	buf_put(&b, data, size);
	buf_be64(&b, hash64(b.p, b.n, 0));
	if (!b.bad && vault_decode(v, b.p, b.n))
		abort();
	buf_fini(&b);
	vault_free(v);
}

static void as_entry(const uint8_t *data, size_t size)
{
	static struct buf good;
	struct stats stats = {0};
	struct vault *v;
	struct decoder *d;
	uint64_t rows = 0;
	if (vault_new(8, &v))
		return;
	const struct decoder_opts opts = {.max_exporters = 4,
					  .max_templates = 8,
					  .max_fields = 64,
					  .vault = v,
					  .stats = &stats,
					  .emit = fuzz_take,
					  .ctx = &rows};
	if (!good.n)
		corpus_first(CORPUS_NF9)->make(&good);
	for (uint32_t domain = 0; domain < 8; domain++)
		vault_put(v, &(struct vault_key){.version = 9, .domain = domain}, 1, data, size);
	if (!decoder_new(&opts, &d)) {
		const struct datagram dg = {.p = good.p, .n = good.n, .t_recv = 1767268800000};
		decoder_feed(d, &dg);
		decoder_save(d, 8);
		decoder_flush(d);
		fuzz_check(&stats, rows, 1);
		decoder_free(d);
	}
	vault_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_file(data, size);
	as_entry(data, size);
	return 0;
}
