/* SPDX-License-Identifier: Apache-2.0 */
/* Values into the open rows of a batch, one at a time: for decoders whose records are not of one
 * layout. A field that the row has already keeps its value. */
#pragma once
#include "base/attr.h"
#include "model/batch.h"

/* batch_use, without the call where the column is in use already. */
static inline void put_use(struct batch *b, enum field f)
{
	if (unlikely(!batch_has(b, f)))
		batch_use(b, f);
}

#define PUT(name, type, access)                                                                    \
	static inline void put_##name(struct batch *b, enum field f, uint32_t row, type v)         \
	{                                                                                          \
		put_use(b, f);                                                                     \
		if (batch_present(b, f, row))                                                      \
			return;                                                                    \
		access(b, f)[row] = v;                                                             \
		batch_set_present(b, f, row);                                                      \
	}
PUT(u8, uint8_t, batch_u8)
PUT(u16, uint16_t, batch_u16)
PUT(u32, uint32_t, batch_u32)
PUT(u64, uint64_t, batch_u64)
PUT(ms, int64_t, batch_ms)
#undef PUT

static inline void put_ip(struct batch *b, enum field f, uint32_t row, const struct ip *v)
{
	put_use(b, f);
	if (batch_present(b, f, row))
		return;
	batch_ip(b, f)[row] = *v;
	batch_set_present(b, f, row);
}

/* An empty text stays absent. */
static inline void put_str(struct batch *b, enum field f, uint32_t row, const void *p, size_t n)
{
	put_use(b, f);
	if (n && !batch_present(b, f, row) && batch_put_str(b, f, row, p, n))
		batch_set_present(b, f, row);
}

/* Appends to the list of the row, whose elements must come one after another. */
static inline void push_u32(struct batch *b, enum field f, uint32_t row, uint32_t v)
{
	put_use(b, f);
	if (batch_push_u32(b, f, row, v))
		batch_set_present(b, f, row);
}
