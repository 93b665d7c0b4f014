/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/convert.h"

#include "base/attr.h"
#include "model/milli.h"
#include "model/nid.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A loop of the table below: field is an enum field, or an enum scratch; p, n: the element in the
 * first record. */
typedef void loop_fn(const struct rows *r, const uint8_t *p, size_t n, unsigned field);

static inline uint64_t load_be8(const uint8_t *p)
{
	return *p;
}

/* Too big a value becomes the greatest one the column can hold. */
#define UINT_LOOP(name, load, d, max)                                                              \
	static void name(const struct rows *r, const uint8_t *p, size_t n unused_arg,              \
			 unsigned field)                                                           \
	{                                                                                          \
		d *col = (d *)r->b->col[field] + r->row;                                           \
		for (uint32_t i = 0; i < r->k; i++, p += r->stride) {                              \
			uint64_t v = load;                                                         \
			col[i] = (d)MIN_OF(v, (uint64_t)max);                                      \
		}                                                                                  \
	}
#define UINT_LOOPS(width, d, max)                                                                  \
	UINT_LOOP(loop_UINT_1_##width, load_be8(p), d, max)                                        \
	UINT_LOOP(loop_UINT_2_##width, load_be16(p), d, max)                                       \
	UINT_LOOP(loop_UINT_4_##width, load_be32(p), d, max)                                       \
	UINT_LOOP(loop_UINT_8_##width, load_be64(p), d, max)                                       \
	UINT_LOOP(loop_UINT_N_##width, load_be(p, n), d, max)
UINT_LOOPS(1, uint8_t, UINT8_MAX)
UINT_LOOPS(2, uint16_t, UINT16_MAX)
UINT_LOOPS(4, uint32_t, UINT32_MAX)
UINT_LOOPS(8, uint64_t, UINT64_MAX)

static inline bool all_zero_bytes(const uint8_t *p, size_t n)
{
	uint8_t any = 0;
	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

#define LOOP(name)                                                                                 \
	static void loop_##name(const struct rows *r, const uint8_t *p unused_arg,                 \
				size_t n unused_arg, unsigned field)

static inline void set_bit(const struct rows *r, unsigned field, uint32_t i)
{
	batch_set_present(r->b, (enum field)field, r->row + i);
}

static inline void clear_bit(const struct rows *r, unsigned field, uint32_t i)
{
	unsigned bit = field_table[field].present_bit;
	r->b->present[bit / 64][r->row + i] &= ~((uint64_t)1 << (bit % 64));
}

/* --- addresses */

LOOP(IP4)
{
	struct ip *col = (struct ip *)r->b->col[field] + r->row;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		col[i] = ip_from_v4(p);
}

LOOP(IP6)
{
	struct ip *col = (struct ip *)r->b->col[field] + r->row;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		memcpy(&col[i], p, sizeof(col[i]));
}

/* Templates for both families fill the one that does not apply with zeros. */
LOOP(IP6_IF_NO_IP4)
{
	static const uint8_t zero[16];
	struct ip *col = (struct ip *)r->b->col[field] + r->row;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		if (memcmp(col[i].b + 12, zero, 4) == 0 && memcmp(p, zero, 16) != 0)
			memcpy(&col[i], p, sizeof(col[i]));
}

LOOP(MAC)
{
	uint64_t *col = (uint64_t *)r->b->col[field] + r->row;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		col[i] = (uint64_t)load_be16(p) << 32 | load_be32(p + 2);
}

/* --- bytes of a 16-bit number */

LOOP(HIGH8)
{
	uint8_t *col = (uint8_t *)r->b->col[field] + r->row;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		col[i] = p[0];
}

LOOP(LOW8)
{
	loop_HIGH8(r, p + 1, n, field);
}

/* --- times */

int64_t ntp_ms(uint64_t ntp)
{
	const int64_t epoch = 2208988800; /* 1970 in seconds since 1900 */
	int64_t sec = (int64_t)(ntp >> 32) - epoch;
	if (sec < 0)
		sec += (int64_t)1 << 32;
	return sec * 1000 + (int64_t)(((ntp & UINT32_MAX) * 1000 + ((uint64_t)1 << 31)) >> 32);
}

/* Some exporters send units since 1970 in place of an NTP time stamp; what lies near the export
 * time is meant. */
static inline int64_t ntp_or_since_epoch(uint64_t v, uint64_t mask, uint64_t units_per_ms,
					 int64_t export_ms)
{
	const int64_t near_ms = (int64_t)400 * 24 * 3600 * 1000;
	int64_t ntp = ntp_ms(v & mask), plain = (int64_t)(v / units_per_ms);
	bool is_plain = (ntp < export_ms - near_ms || ntp > export_ms + near_ms) &&
			plain > export_ms - near_ms && plain < export_ms + near_ms;
	return unlikely(is_plain) ? plain : ntp;
}

/* load_be, quick for the lengths that devices use. */
static inline uint64_t load_common(const uint8_t *p, size_t n)
{
	return n == 8 ? load_be64(p) : n == 4 ? load_be32(p) : load_be(p, n);
}

/* Seconds of 8 bytes may be before 1970: a certificate's. */
static inline int64_t seconds_ms(const uint8_t *p, size_t n)
{
	const int64_t most = INT64_MAX / 1000;
	int64_t s = (int64_t)load_be(p, n);
	return MIN_OF(MAX_OF(s, -most), most) * 1000;
}

#define TIME_LOOP(name, value)                                                                     \
	static void loop_##name(const struct rows *r, const uint8_t *p, size_t n unused_arg,       \
				unsigned field)                                                    \
	{                                                                                          \
		int64_t *col = (int64_t *)r->b->col[field] + r->row;                               \
		for (uint32_t i = 0; i < r->k; i++, p += r->stride)                                \
			col[i] = value;                                                            \
	}
TIME_LOOP(MS, (int64_t)MIN_OF(load_common(p, n), (uint64_t)INT64_MAX))
TIME_LOOP(SEC, seconds_ms(p, n))
TIME_LOOP(NTP_US, ntp_or_since_epoch(load_be64(p), ~(uint64_t)0x7ff, 1000, r->clock.export_ms))
TIME_LOOP(NTP_NS, ntp_or_since_epoch(load_be64(p), UINT64_MAX, 1000000, r->clock.export_ms))
TIME_LOOP(DELTA_US, r->clock.export_ms - (int64_t)((load_be(p, n) + 499) / 1000))
TIME_LOOP(UPTIME_HEADER, uptime_ms(&r->clock, (uint32_t)load_common(p, n)))

/* Nobody said when the device started: the export time stands in for the end of the flow, and what
 * the two say of its duration is true. */
static void uptime_before_export(const struct rows *r, const uint8_t *p, size_t n, unsigned field)
{
	int64_t *col = (int64_t *)r->b->col[field] + r->row;
	const uint8_t *end = r->rec + r->offs[r->t->uptime_last];
	size_t end_n = r->lens[r->t->uptime_last];
	for (uint32_t i = 0; i < r->k; i++, p += r->stride, end += r->stride)
		col[i] = r->clock.export_ms -
			 (int32_t)((uint32_t)load_be(end, end_n) - (uint32_t)load_be(p, n));
}

/* Element 160 in the record says when the device started. */
static void uptime_by_row(const struct rows *r, const uint8_t *p, size_t n, unsigned field)
{
	int64_t *col = (int64_t *)r->b->col[field] + r->row;
	struct message_clock c = r->clock;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride) {
		uint64_t init = r->scratch[SCRATCH_INIT_MS][r->row + i];
		c.uptime = (uint32_t)((uint64_t)c.export_ms - init);
		col[i] = uptime_ms(&c, (uint32_t)load_be(p, n));
	}
}

LOOP(UPTIME)
{
	if (r->t->after.init_in_record) {
		uptime_by_row(r, p, n, field);
	} else if (r->clock.uptime_known) {
		loop_UPTIME_HEADER(r, p, n, field);
	} else if (r->t->uptime_last != NO_ELEMENT && r->lens[r->t->uptime_last] <= 8) {
		uptime_before_export(r, p, n, field);
	} else {
		for (uint32_t i = 0; i < r->k; i++) {
			batch_ms(r->b, (enum field)field)[r->row + i] = 0;
			clear_bit(r, field, i);
		}
	}
}

/* --- texts and lists: rows in order, since they share the heap of the batch */

static void put_text(const struct rows *r, unsigned field, uint32_t i, const uint8_t *p, size_t n)
{
	while (n && p[n - 1] == 0)
		n--;
	if (n && batch_put_str(r->b, (enum field)field, r->row + i, p, n))
		set_bit(r, field, i);
	else
		batch_span(r->b, (enum field)field)[r->row + i] = (struct span){0, 0};
}

LOOP(STR)
{
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		put_text(r, field, i, p, n);
}

/* 4 bytes of application id, 2 of sub-application, then the text; the engine in the first byte is a
 * small number, which text does not begin with. */
LOOP(SUBAPP)
{
	enum { IDS = 6 };
	for (uint32_t i = 0; i < r->k; i++, p += r->stride) {
		size_t skip = n >= IDS && p[0] && p[0] < ' ' ? IDS : 0;
		put_text(r, field, i, p + skip, n - skip);
	}
}

LOOP(HEX)
{
	enum { HEX_MAX = 64 };
	static const char digits[] = "0123456789abcdef";
	uint8_t text[2 * HEX_MAX];
	size_t len = MIN_OF(n, (size_t)HEX_MAX);
	for (uint32_t i = 0; i < r->k; i++, p += r->stride) {
		for (size_t k = 0; k < len; k++) {
			text[2 * k] = (uint8_t)digits[p[k] >> 4];
			text[2 * k + 1] = (uint8_t)digits[p[k] & 15];
		}
		put_text(r, field, i, text, all_zero_bytes(p, len) ? 0 : 2 * len);
	}
}

LOOP(NID)
{
	enum { DIGITS = 21 };
	char text[DIGITS];
	for (uint32_t i = 0; i < r->k; i++, p += r->stride) {
		uint64_t nid = load_be(p, n);
		const char *name = nid_name(nid);
		if (!name) {
			snprintf(text, sizeof(text), "%" PRIu64, nid);
			name = text;
		}
		put_text(r, field, i, (const uint8_t *)name, nid ? strlen(name) : 0);
	}
}

LOOP(U32S)
{
	for (uint32_t i = 0; i < r->k; i++, p += r->stride) {
		batch_span(r->b, (enum field)field)[r->row + i] = (struct span){0, 0};
		for (size_t at = 0; at + 4 <= n; at += 4)
			if (batch_push_u32(r->b, (enum field)field, r->row + i, load_be32(p + at)))
				set_bit(r, field, i);
	}
}

/* n numbers of a run, without those that only fill it up. */
static void put_run(const struct rows *r, unsigned field, uint32_t i, const uint8_t *p, size_t n,
		    size_t width)
{
	while (n >= width && p[n - 1] == UINT8_MAX && p[n - width] == UINT8_MAX)
		n -= width;
	batch_span(r->b, (enum field)field)[r->row + i] = (struct span){0, 0};
	for (size_t at = 0; at + width <= n; at += width) {
		uint32_t v = width == 2 ? (uint32_t)(p[at] | p[at + 1] << 8) : p[at];
		if (batch_push_u32(r->b, (enum field)field, r->row + i, v))
			set_bit(r, field, i);
	}
}

LOOP(LE16)
{
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		put_run(r, field, i, p, n, 2);
}

LOOP(OCTETS)
{
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		put_run(r, field, i, p, n, 1);
}

/* One value of an element that comes in lists. */
LOOP(LIST)
{
	for (uint32_t i = 0; i < r->k; i++, p += r->stride) {
		uint64_t v = load_be(p, n);
		batch_span(r->b, (enum field)field)[r->row + i] = (struct span){0, 0};
		if (batch_push_u32(r->b, (enum field)field, r->row + i,
				   (uint32_t)MIN_OF(v, (uint64_t)UINT32_MAX)))
			set_bit(r, field, i);
	}
}

/* What is no number, or of another length, is no value. */
LOOP(MILLI)
{
	for (uint32_t i = 0; i < r->k; i++, p += r->stride) {
		uint64_t v = 0;
		bool is = n == 4   ? milli_from32(load_be32(p), &v)
			  : n == 8 ? milli_from64(load_be64(p), &v)
				   : false;
		if (field_table[field].ctype == CT_U64)
			batch_u64(r->b, (enum field)field)[r->row + i] = v;
		else
			batch_u32(r->b, (enum field)field)[r->row + i] =
			    (uint32_t)MIN_OF(v, (uint64_t)UINT32_MAX);
		if (!is)
			clear_bit(r, field, i);
	}
}

/* Labels down to the bottom of the stack; devices fill the rest with zeros. */
LOOP(MPLS)
{
	const struct label_stack *stack = &r->t->mpls[field_table[field].forward >= 0];
	const uint8_t *rec = r->rec;
	for (uint32_t i = 0; i < r->k; i++, rec += r->stride) {
		batch_span(r->b, (enum field)field)[r->row + i] = (struct span){0, 0};
		for (unsigned l = 0; l < stack->n; l++) {
			if (r->lens[stack->sources[l]] != 3)
				continue;
			uint32_t v = (uint32_t)load_be(rec + r->offs[stack->sources[l]], 3);
			if (v && batch_push_u32(r->b, (enum field)field, r->row + i, v))
				set_bit(r, field, i);
			if (v & 1)
				break;
		}
	}
}

/* Fields of durations in us are U32. */
LOOP(MS_US)
{
	uint32_t *col = (uint32_t *)r->b->col[field] + r->row;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		col[i] = (uint32_t)MIN_OF(MIN_OF(load_be(p, n), (uint64_t)UINT32_MAX) * 1000,
					  (uint64_t)UINT32_MAX);
}

uint32_t application_id(const uint8_t *p, size_t n)
{
	enum { WITH_ENTERPRISE = 20, ENTERPRISE = 4 };
	const uint64_t most = 0xffffff;
	const uint8_t *selector = p + 1;
	size_t len = n - 1;
	if (p[0] == WITH_ENTERPRISE && len > ENTERPRISE) {
		selector += ENTERPRISE;
		len -= ENTERPRISE;
	}
	return (uint32_t)p[0] << 24 |
	       (uint32_t)MIN_OF(load_be(selector, MIN_OF(len, (size_t)8)), most);
}

LOOP(LOW32)
{
	uint32_t *col = (uint32_t *)r->b->col[field] + r->row;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		col[i] = (uint32_t)load_be(p, n);
}

LOOP(DSCP)
{
	uint8_t *col = (uint8_t *)r->b->col[field] + r->row;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		col[i] = (uint8_t)(load_be(p, n) << 2);
}

LOOP(OR)
{
	uint16_t *col = (uint16_t *)r->b->col[field] + r->row;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		col[i] |= (uint16_t)load_be(p, n);
}

LOOP(APP)
{
	uint32_t *col = (uint32_t *)r->b->col[field] + r->row;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		col[i] = application_id(p, n);
}

LOOP(SCRATCH)
{
	uint64_t *col = r->scratch[field] + r->row;
	for (uint32_t i = 0; i < r->k; i++, p += r->stride)
		col[i] = load_be(p, n);
}

/* --- running them */

static loop_fn *const loops[] = {
#define X(k) [OP_##k] = loop_##k,
    OP_KINDS(X)
#undef X
};

void convert_rows(const struct rows *r)
{
	for (const struct op *op = r->t->ops, *end = op + r->t->n_ops; op < end; op++)
		loops[op->kind](r, r->rec + r->offs[op->source], r->lens[op->source], op->field);
}

#define X(k) +1
enum { OP_KIND_MAX = 0 OP_KINDS(X) };
#undef X

/* The length a value of variable length must have for a kind: 0 = a number, any up to 8; LEN_ANY =
 * any but 0; LEN_VARIABLE = any at all. */
enum { LEN_ANY = LEN_VARIABLE - 1 };
static const uint16_t kind_lens[OP_KIND_MAX] = {
    [OP_IP4] = 4,
    [OP_IP6] = 16,
    [OP_IP6_IF_NO_IP4] = 16,
    [OP_MAC] = 6,
    [OP_HIGH8] = 2,
    [OP_LOW8] = 2,
    [OP_NTP_US] = 8,
    [OP_NTP_NS] = 8,
    [OP_STR] = LEN_VARIABLE,
    [OP_HEX] = LEN_VARIABLE,
    [OP_SUBAPP] = LEN_VARIABLE,
    [OP_MPLS] = LEN_VARIABLE,
    [OP_U32S] = LEN_VARIABLE,
    [OP_LE16] = LEN_VARIABLE,
    [OP_OCTETS] = LEN_VARIABLE,
    [OP_APP] = LEN_ANY,
};

static bool value_fits(enum op_kind kind, uint16_t len)
{
	uint16_t want = kind_lens[kind];
	return want >= LEN_ANY || (want == 0 ? len <= 8 : len == want);
}

uint32_t convert_record(const struct rows *r)
{
	uint32_t bad = 0;
	for (const struct op *op = r->t->ops, *end = op + r->t->n_ops; op < end; op++) {
		uint16_t len = r->lens[op->source];
		bool variable = r->t->elements[op->source].len == LEN_VARIABLE;
		bool fits = !variable || value_fits((enum op_kind)op->kind, len);
		bool listed = kind_lens[op->kind] == LEN_VARIABLE;
		bad += !fits && len;
		if (variable && !listed && (len == 0 || !fits)) {
			if (op->kind == OP_SCRATCH)
				r->scratch[op->field][r->row] = 0;
			continue;
		}
		if (variable && !listed && op->kind != OP_SCRATCH)
			set_bit(r, op->field, 0); /* first, since OP_UPTIME may take it back */
		loops[op->kind](r, r->rec + r->offs[op->source], len, op->field);
	}
	return bad;
}

bool convert_value(const struct rows *one, enum conv conv, enum field f, const uint8_t *p,
		   uint16_t len)
{
	enum op_kind kind = template_op(conv, field_table[f].ctype, len);
	if (len == 0 || conv == CONV_MPLS || !template_len_fits(conv, len) ||
	    !value_fits(kind, len))
		return false;
	batch_use(one->b, f);
	if (kind_lens[kind] != LEN_VARIABLE)
		set_bit(one, f, 0);
	loops[kind](one, p, len, f);
	return batch_present(one->b, f, one->row);
}

/* --- what takes two columns to know */

static void ip_version_by_row(const struct rows *r)
{
	enum field from = template_uses(r->t, F_src_ip) ? F_src_ip : F_dst_ip;
	const struct ip *a = batch_ip(r->b, from) + r->row;
	uint8_t *v = batch_u8(r->b, F_ip_version) + r->row;
	for (uint32_t i = 0; i < r->k; i++)
		v[i] = ip_is_v4(&a[i]) ? 4 : 6;
}

static inline bool is_icmp(uint8_t proto)
{
	return proto == 1 || proto == 58;
}

static void icmp_from_port(const struct rows *r)
{
	const uint8_t *proto = batch_u8(r->b, F_proto) + r->row;
	const uint16_t *port = batch_u16(r->b, F_dst_port) + r->row;
	uint8_t *type = batch_u8(r->b, F_icmp_type) + r->row;
	uint8_t *code = batch_u8(r->b, F_icmp_code) + r->row;
	for (uint32_t i = 0; i < r->k; i++) {
		bool icmp = is_icmp(proto[i]);
		type[i] = icmp ? (uint8_t)(port[i] >> 8) : 0;
		code[i] = icmp ? (uint8_t)port[i] : 0;
		if (unlikely(icmp)) {
			set_bit(r, F_icmp_type, i);
			set_bit(r, F_icmp_code, i);
		}
	}
}

static void icmp_only_if_icmp(const struct rows *r, enum field f)
{
	if (!template_uses(r->t, f))
		return;
	const uint8_t *proto = batch_u8(r->b, F_proto) + r->row;
	uint8_t *v = batch_u8(r->b, f) + r->row;
	for (uint32_t i = 0; i < r->k; i++)
		if (!is_icmp(proto[i])) {
			v[i] = 0;
			clear_bit(r, f, i);
		}
}

/* One end of the flow and its duration give the other end; they are absent together. */
static void other_end(const struct rows *r)
{
	const struct template_after *a = &r->t->after;
	enum field have = a->duration_sets_first ? F_t_last : F_t_first;
	enum field want = a->duration_sets_first ? F_t_first : F_t_last;
	const uint64_t *d =
	    r->scratch[a->duration_us ? SCRATCH_DURATION_US : SCRATCH_DURATION_MS] + r->row;
	for (uint32_t i = 0; i < r->k; i++) {
		int64_t base = batch_ms(r->b, have)[r->row + i];
		uint64_t ms = a->duration_us ? d[i] / 1000 + (d[i] % 1000 >= 500) : d[i];
		int64_t by = (int64_t)MIN_OF(ms, (uint64_t)UINT32_MAX);
		bool there = batch_present(r->b, have, r->row + i);
		if (a->duration_sets_first)
			by = base < 0 ? -MIN_OF(by, base - INT64_MIN) : -by;
		else
			by = base > 0 ? MIN_OF(by, INT64_MAX - base) : by;
		batch_ms(r->b, want)[r->row + i] = there ? base + by : 0;
		if (!there)
			clear_bit(r, want, i);
	}
}

void convert_after(const struct rows *r)
{
	const struct template_after *a = &r->t->after;
	if (a->ip_version_by_row)
		ip_version_by_row(r);
	if (a->icmp_from_port)
		icmp_from_port(r);
	if (a->icmp_only_if_icmp) {
		icmp_only_if_icmp(r, F_icmp_type);
		icmp_only_if_icmp(r, F_icmp_code);
	}
	if (a->duration_ms || a->duration_us)
		other_end(r);
}
