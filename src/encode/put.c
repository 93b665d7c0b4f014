/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/put.h"

#include "base/attr.h"
#include "base/wr.h"
#include "model/milli.h"
#include "model/nid.h"

enum {
	SHORT_MAX = 254,  /* longer values have a length of 3 bytes (RFC 7011 7) */
	LIST_HEAD = 5,    /* semantic, element, length of a value (RFC 6313 4.5.1) */
	LIST_PEN = 4,     /* enterprise of the element */
	LIST_ORDERED = 4, /* semantic: the order means something */
	ENTERPRISE_BIT = 0x8000,
};

/* --- fixed length */

#define FIXED(name, type, expression)                                                              \
	static void put_##name(const struct put_rows *r, const struct encode_op *op)               \
	{                                                                                          \
		const type *col = r->b->col[op->field];                                            \
		for (uint32_t i = 0; i < r->n; i++) {                                              \
			uint8_t *p = r->at[i] + op->at;                                            \
			const type *v = &col[r->rows[i]];                                          \
			expression;                                                                \
		}                                                                                  \
	}
FIXED(U8, uint8_t, *p = *v)
FIXED(U16, uint16_t, store_be16(p, *v))
FIXED(U32, uint32_t, store_be32(p, *v))
FIXED(U64, uint64_t, store_be64(p, *v))
FIXED(LOW8, uint16_t, *p = (uint8_t)*v)
FIXED(IP4, struct ip, memcpy(p, v->b + 12, 4))
FIXED(IP6, struct ip, memcpy(p, v->b, sizeof(v->b)))
/* A time before 1970 cannot be told. */
FIXED(MS, int64_t, store_be64(p, *v < 0 ? 0 : (uint64_t)*v))
FIXED(SEC, int64_t, store_be64(p, (uint64_t)(*v / 1000)))
FIXED(UPTIME, int64_t, store_be32(p, (uint32_t)((uint64_t)*v - (uint64_t)r->start_ms)))

FIXED(MILLI32, uint32_t, store_be32(p, milli_to32(*v)))
FIXED(MILLI64, uint64_t, store_be32(p, milli_to32(*v)))

static void store_mac(uint8_t *p, uint64_t v)
{
	store_be16(p, (uint16_t)(v >> 32));
	store_be32(p + 2, (uint32_t)v);
}
FIXED(MAC, uint64_t, store_mac(p, *v))

static uint16_t nid_of(const struct batch *b, const struct span *s)
{
	return s->len ? nid_number((const char *)batch_bytes(b, *s), s->len) : 0;
}
FIXED(NID, struct span, store_be16(p, nid_of(r->b, v)))

static void store_label(uint8_t *p, const struct batch *b, const struct span *s, unsigned index)
{
	uint32_t v = index < s->len ? batch_list_at(b, *s, index) : 0;
	*p = (uint8_t)(v >> 16);
	store_be16(p + 1, (uint16_t)v);
}
FIXED(LABEL, struct span, store_label(p, r->b, v, op->index))

static void put_ICMP(const struct put_rows *r, const struct encode_op *op)
{
	bool reverse = field_table[op->field].forward >= 0;
	enum field code_field = reverse ? F_rev_icmp_code : F_icmp_code;
	const uint8_t *type = batch_u8(r->b, (enum field)op->field);
	const uint8_t *code = batch_has(r->b, code_field) ? batch_u8(r->b, code_field) : NULL;
	for (uint32_t i = 0; i < r->n; i++) {
		r->at[i][op->at] = type[r->rows[i]];
		r->at[i][op->at + 1] = code ? code[r->rows[i]] : 0;
	}
}

/* --- variable length */

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Text that is no hex is no value. */
static size_t hex_length(const struct batch *b, struct span s)
{
	const uint8_t *p = batch_bytes(b, s);
	for (uint32_t i = 0; i < s.len; i++)
		if (hex_digit(p[i]) < 0)
			return 0;
	return s.len % 2 ? 0 : s.len / 2;
}

/* Bytes that each value of a list takes. */
static size_t list_width(const struct encode_op *op, const struct batch *b, struct span s)
{
	uint32_t all = 0;
	if (op->width)
		return op->width;
	for (uint32_t i = 0; i < s.len; i++)
		all |= batch_list_at(b, s, i);
	return all > UINT16_MAX ? 4 : all > UINT8_MAX ? 2 : 1;
}

static size_t list_head(const struct encode_op *op)
{
	return op->inner_pen ? LIST_HEAD + LIST_PEN : LIST_HEAD;
}

/* Of the values that stand one after another. */
static size_t run_width(const struct encode_op *op)
{
	return op->kind == PUT_U32S ? sizeof(uint32_t) : op->kind == PUT_LE16 ? 2 : 1;
}

static size_t whole(size_t bytes, size_t width, uint32_t n)
{
	return MIN_OF(bytes / width, (size_t)n) * width;
}

/* The bytes of a value, without its length. */
static size_t value_length(const struct encode_op *op, const struct batch *b, uint32_t row,
			   size_t max)
{
	struct span s = batch_span(b, (enum field)op->field)[row];
	if (s.len == 0)
		return 0;
	switch (op->kind) {
	case PUT_STR:
		return MIN_OF((size_t)s.len, max);
	case PUT_HEX:
		return MIN_OF(hex_length(b, s), max);
	case PUT_U32S:
	case PUT_LE16:
	case PUT_OCTETS:
		return whole(max, run_width(op), s.len);
	case PUT_LIST:
	case PUT_LIST_MS:
	case PUT_LIST_DIR:
		return max < list_head(op) ? 0
					   : list_head(op) + whole(max - list_head(op),
								   list_width(op, b, s), s.len);
	}
	return 0;
}

static size_t with_prefix(size_t n)
{
	return n <= SHORT_MAX ? n + 1 : n + 3;
}

size_t put_length(const struct layout *l, const struct batch *b, uint32_t row, size_t value_max)
{
	size_t n = l->fixed_len;
	for (unsigned i = l->n_fixed; i < l->n_ops; i++)
		n += with_prefix(value_length(&l->ops[i], b, row, value_max));
	return n;
}

size_t put_value_max(const struct layout *l, const struct batch *b, uint32_t row, size_t room)
{
	size_t lo = 0, hi = room; /* lo fits, unless it is 0 */
	while (lo < hi) {
		size_t mid = lo + (hi - lo + 1) / 2;
		if (put_length(l, b, row, mid) <= room)
			lo = mid;
		else
			hi = mid - 1;
	}
	return lo;
}

static uint8_t *put_prefix(uint8_t *p, size_t n)
{
	if (n <= SHORT_MAX) {
		*p = (uint8_t)n;
		return p + 1;
	}
	*p = UINT8_MAX;
	store_be16(p + 1, (uint16_t)n);
	return p + 3;
}

static void store_hex(uint8_t *p, const uint8_t *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
}

static void store_number(uint8_t *p, uint64_t v, size_t width)
{
	for (size_t i = width; i > 0; i--, v >>= 8)
		p[i - 1] = (uint8_t)v;
}

static void store_numbers(uint8_t *p, const struct encode_op *op, const struct batch *b,
			  struct span s, size_t n)
{
	const size_t width = run_width(op);
	for (uint32_t i = 0; (i + 1) * width <= n; i++) {
		uint32_t v = batch_list_at(b, s, i);
		uint8_t *to = p + i * width;
		if (op->kind == PUT_U32S)
			store_be32(to, v);
		else
			to[0] = (uint8_t)v;
		if (op->kind == PUT_LE16)
			to[1] = (uint8_t)(v >> 8);
	}
}

/* A value of a list as it goes into so many bytes. */
static uint64_t list_value(const struct encode_op *op, uint32_t v, size_t width, int64_t t_first)
{
	const uint64_t most = width < 4 ? ((uint64_t)1 << 8 * width) - 1 : UINT32_MAX;
	if (op->kind == PUT_LIST_MS)
		return (uint64_t)t_first + v;
	if (op->kind == PUT_LIST_DIR)
		return v ? UINT8_MAX : 1; /* -1 */
	return MIN_OF((uint64_t)v, most);
}

static void store_list(uint8_t *p, const struct encode_op *op, const struct batch *b, uint32_t row,
		       size_t n)
{
	struct span s = batch_span(b, (enum field)op->field)[row];
	size_t width = list_width(op, b, s), head = list_head(op);
	int64_t t_first = batch_has(b, F_t_first) ? batch_ms(b, F_t_first)[row] : 0;
	*p = LIST_ORDERED;
	store_be16(p + 1, op->inner_pen ? op->inner_id | ENTERPRISE_BIT : op->inner_id);
	store_be16(p + 3, (uint16_t)width);
	if (op->inner_pen)
		store_be32(p + LIST_HEAD, op->inner_pen);
	for (uint32_t i = 0; (i + 1) * width <= n - head; i++)
		store_number(p + head + i * width,
			     list_value(op, batch_list_at(b, s, i), width, t_first), width);
}

static void put_variable(const struct put_rows *r, const struct encode_op *op)
{
	const struct span *col = batch_span(r->b, (enum field)op->field);
	for (uint32_t i = 0; i < r->n; i++) {
		struct span s = col[r->rows[i]];
		size_t n = value_length(op, r->b, r->rows[i], r->value_max);
		uint8_t *p = put_prefix(r->at[i], n);
		r->at[i] = p + n;
		if (n == 0)
			continue;
		if (op->kind == PUT_STR)
			memcpy(p, batch_bytes(r->b, s), n);
		else if (op->kind == PUT_HEX)
			store_hex(p, batch_bytes(r->b, s), n);
		else if (op->kind == PUT_U32S || op->kind == PUT_LE16 || op->kind == PUT_OCTETS)
			store_numbers(p, op, r->b, s, n);
		else
			store_list(p, op, r->b, r->rows[i], n);
	}
}

/* --- all of them */

typedef void put_fn(const struct put_rows *r, const struct encode_op *op);

static put_fn *const fixed[PUT_MAX] = {
    [PUT_U8] = put_U8,           [PUT_U16] = put_U16,       [PUT_U32] = put_U32,
    [PUT_U64] = put_U64,         [PUT_LOW8] = put_LOW8,     [PUT_IP4] = put_IP4,
    [PUT_IP6] = put_IP6,         [PUT_MAC] = put_MAC,       [PUT_MS] = put_MS,
    [PUT_SEC] = put_SEC,         [PUT_UPTIME] = put_UPTIME, [PUT_NID] = put_NID,
    [PUT_ICMP] = put_ICMP,       [PUT_LABEL] = put_LABEL,   [PUT_MILLI32] = put_MILLI32,
    [PUT_MILLI64] = put_MILLI64,
};

void put_records(const struct put_rows *r)
{
	const struct encode_op *op = r->l->ops, *end = op + r->l->n_fixed;
	for (; op < end; op++)
		fixed[op->kind](r, op);
	for (uint32_t i = 0; i < r->n; i++)
		r->at[i] += r->l->fixed_len;
	for (end = r->l->ops + r->l->n_ops; op < end; op++)
		put_variable(r, op);
}
