/* SPDX-License-Identifier: Apache-2.0 */
#include "model/batch.h"

#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>

enum { COL_ALIGN = 64, HEAP_MAX = 64 * 1024 * 1024 };

static size_t round_up(size_t n)
{
	return (n + COL_ALIGN - 1) & ~(size_t)(COL_ALIGN - 1);
}

/* Lays the columns out one behind another; with mem NULL only adds up their size. */
static size_t lay_out(struct batch *b, uint8_t *mem)
{
	size_t at = 0;
	for (int f = 0; f < FIELD_MAX; f++) {
		if (!field_in_shape((enum field)f, b->shape))
			continue;
		if (mem)
			b->col[f] = mem + at;
		at += round_up(ctype_size(field_table[f].ctype) * BATCH_ROWS);
	}
	for (unsigned w = 0; w < PRESENT_WORDS; w++) {
		if (!shape_has_present_word(b->shape, w))
			continue;
		if (mem)
			b->present[w] = (uint64_t *)(void *)(mem + at);
		at += round_up(sizeof(uint64_t) * BATCH_ROWS);
	}
	if (mem)
		b->day = (int32_t *)(void *)(mem + at);
	return at + round_up(sizeof(int32_t) * BATCH_ROWS);
}

struct batch *batch_new(enum shape shape)
{
	struct batch *b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	b->shape = shape;
	b->heap.max = HEAP_MAX;
	b->mem_ = aligned_alloc(COL_ALIGN, lay_out(b, NULL));
	if (!b->mem_) {
		free(b);
		return NULL;
	}
	lay_out(b, b->mem_);
	return b;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	buf_fini(&b->heap);
	free(b->mem_);
	free(b);
}

void batch_reset(struct batch *b)
{
	b->n = 0;
	memset(b->has_, 0, sizeof(b->has_));
	buf_reset(&b->heap);
}

static void zero_rows(struct batch *b, enum field f, uint32_t from, uint32_t k)
{
	size_t size = ctype_size(field_table[f].ctype);
	memset((uint8_t *)b->col[f] + from * size, 0, k * size);
}

void batch_open_rows(struct batch *b, uint32_t k)
{
	for (unsigned w = 0; w < PRESENT_WORDS; w++)
		if (b->present[w])
			memset(b->present[w] + b->n, 0, k * sizeof(uint64_t));
	for (size_t i = 0; i < ARRAY_LEN(b->has_); i++)
		for (uint64_t bits = b->has_[i]; bits; bits &= bits - 1)
			zero_rows(b, (enum field)(i * 64 + (unsigned)__builtin_ctzll(bits)), b->n,
				  k);
}

void batch_open_next(struct batch *b)
{
	for (unsigned w = 0; w < PRESENT_WORDS; w++)
		if (b->present[w])
			b->present[w][b->n] = 0;
}

void batch_open_rows_written(struct batch *b, uint32_t k, const uint64_t written[BATCH_FIELD_WORDS])
{
	for (size_t i = 0; i < BATCH_FIELD_WORDS; i++) {
		for (uint64_t bits = written[i] & ~b->has_[i]; bits; bits &= bits - 1)
			zero_rows(b, (enum field)(i * 64 + (unsigned)__builtin_ctzll(bits)), 0,
				  b->n);
		for (uint64_t bits = b->has_[i] & ~written[i]; bits; bits &= bits - 1)
			zero_rows(b, (enum field)(i * 64 + (unsigned)__builtin_ctzll(bits)), b->n,
				  k);
		b->has_[i] |= written[i];
	}
}

void batch_use(struct batch *b, enum field f)
{
	if (batch_has(b, f))
		return;
	b->has_[f / 64] |= (uint64_t)1 << (f % 64);
	/* The whole column, so that the rows now open and not yet counted in n are zero as well. */
	zero_rows(b, f, 0, BATCH_ROWS);
}

bool batch_put_str(struct batch *b, enum field f, uint32_t row, const void *p, size_t n)
{
	if (n > HEAP_MAX || !buf_reserve(&b->heap, n))
		return false;
	batch_span(b, f)[row] = (struct span){(uint32_t)b->heap.n, (uint32_t)n};
	buf_put(&b->heap, p, n);
	return true;
}

bool batch_push_u32(struct batch *b, enum field f, uint32_t row, uint32_t v)
{
	struct span *s = &batch_span(b, f)[row];
	if (!buf_reserve(&b->heap, sizeof(v)))
		return false;
	if (s->len == 0)
		s->off = (uint32_t)b->heap.n;
	buf_put(&b->heap, &v, sizeof(v));
	s->len++;
	return true;
}

uint32_t batch_list_at(const struct batch *b, struct span s, uint32_t i)
{
	uint32_t v;
	memcpy(&v, b->heap.p + s.off + i * sizeof(v), sizeof(v));
	return v;
}

void batch_set_num(struct batch *b, enum field f, uint32_t row, uint64_t v)
{
	batch_use(b, f);
	switch (field_table[f].ctype) {
	case CT_U8:
		batch_u8(b, f)[row] = (uint8_t)MIN_OF(v, UINT8_MAX);
		break;
	case CT_U16:
		batch_u16(b, f)[row] = (uint16_t)MIN_OF(v, UINT16_MAX);
		break;
	case CT_U32:
		batch_u32(b, f)[row] = (uint32_t)MIN_OF(v, UINT32_MAX);
		break;
	case CT_U64:
	case CT_MAC:
	case CT_MS:
		batch_u64(b, f)[row] = v;
		break;
	case CT_IP:
	case CT_STR:
	case CT_U32LIST:
	case CT_MAX:
		return;
	}
	batch_set_present(b, f, row);
}

void batch_set_ip(struct batch *b, enum field f, uint32_t row, const struct ip *v)
{
	batch_use(b, f);
	batch_ip(b, f)[row] = *v;
	batch_set_present(b, f, row);
}

uint64_t batch_get_num(const struct batch *b, enum field f, uint32_t row)
{
	switch (field_table[f].ctype) {
	case CT_U8:
		return batch_u8(b, f)[row];
	case CT_U16:
		return batch_u16(b, f)[row];
	case CT_U32:
		return batch_u32(b, f)[row];
	case CT_U64:
	case CT_MAC:
	case CT_MS:
		return batch_u64(b, f)[row];
	case CT_IP:
	case CT_STR:
	case CT_U32LIST:
	case CT_MAX:
		break;
	}
	return 0;
}

void batch_set_days(struct batch *b, uint32_t from, bool import)
{
	enum { BACK_MS = 7 * MS_PER_DAY, AHEAD_MS = 3600000 };
	batch_use(b, F_t_first);
	batch_use(b, F_t_last);
	batch_use(b, F_t_recv);
	int64_t *first = batch_ms(b, F_t_first), *last = batch_ms(b, F_t_last),
		*recv = batch_ms(b, F_t_recv);
	for (uint32_t i = from; i < b->n; i++) {
		if (!batch_present(b, F_t_last, i)) {
			last[i] = batch_present(b, F_t_first, i) ? first[i] : recv[i];
			if (!batch_present(b, F_t_first, i))
				first[i] = recv[i];
			batch_set_present(b, F_t_last, i);
			batch_set_present(b, F_t_first, i);
		}
		bool near = last[i] >= recv[i] - BACK_MS && last[i] <= recv[i] + AHEAD_MS;
		b->day[i] = day_of_ms(near || import ? last[i] : recv[i]);
		if (!near && !import)
			batch_set_num(b, F_time_suspect, i, 1);
	}
}

enum err batch_copy_row(struct batch *dst, const struct batch *src, uint32_t row)
{
	if (batch_room(dst) == 0 || src->shape > dst->shape)
		return ERR_LIMIT;
	batch_open_rows(dst, 1);
	uint32_t to = dst->n;
	for (unsigned w = 0; w < PRESENT_WORDS; w++)
		if (src->present[w])
			dst->present[w][to] = src->present[w][row];
	for (int i = 0; i < FIELD_MAX; i++) {
		enum field f = (enum field)i;
		if (!src->col[f] || !batch_has(src, f))
			continue;
		batch_use(dst, f);
		enum ctype t = field_table[f].ctype;
		size_t size = ctype_size(t);
		if (t == CT_STR || t == CT_U32LIST) {
			struct span s = batch_span(src, f)[row];
			size_t bytes = t == CT_STR ? s.len : s.len * sizeof(uint32_t);
			if (!batch_put_str(dst, f, to, batch_bytes(src, s), bytes))
				return ERR_NOMEM;
			batch_span(dst, f)[to].len = s.len;
		} else {
			memcpy((uint8_t *)dst->col[f] + to * size,
			       (const uint8_t *)src->col[f] + row * size, size);
		}
	}
	dst->day[to] = src->day[row];
	dst->n++;
	return ERR_OK;
}
