/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/filter/random_filter.h"

#include "base/timefmt.h"
#include "filter/words.h"

#include <stdio.h>
#include <string.h>

static const uint64_t numbers[] = {
    0,   1,    2,    3,    6,     11,    16,      17,         18,         27,
    53,  58,   80,   127,  128,   137,   255,     256,        443,        512,
    771, 1000, 1001, 4095, 65535, 65536, 1000000, UINT32_MAX, UINT64_MAX, (uint64_t)1 << 62};
static const char *const addresses[] = {"0.0.0.0",
					"10.0.0.1",
					"10.0.0.255",
					"10.1.2.3",
					"192.0.2.9",
					"::",
					"::1",
					"2001:db8::1",
					"2001:db8::ff",
					"255.255.255.255",
					"fe80::1",
					"::ffff:ffff:0:0",
					"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
static const char *const nets[] = {"10.0.0.0/8",
				   "10.0.0.0/24",
				   "0.0.0.0/0",
				   "0.0.0.0/24",
				   "0.0.0.1/32",
				   "::/0",
				   "2001:db8::/64",
				   "10.0.0.1/32",
				   "2001:db8::1/128",
				   "10.0.1.0/24",
				   "10.1.2.0/24",
				   "192.0.2.0/24",
				   "203.0.113.0/24",
				   "::1:0/112",
				   "2001:db8:1::/64",
				   "2001:db8:2::/64",
				   "ffff::/64",
				   "fe80::/10",
				   "::/1",
				   "10.0.0.0-10.1.2.3",
				   "10.0.0.1-::ffff:ffff:0:0",
				   "192.0.2.8/29"};
static const uint64_t macs[] = {0, 1, 0x0a5056c00001, 0xffffffffffff};
/* Bytes that are no UTF-8 come in rows only. */
static const struct {
	const char *p;
	size_t n;
} texts[] = {
    {"", 0},         {"a", 1},     {"GET /index.html HTTP/1.1\r\n", 26},
    {"it's", 4},     {"a\\b", 3},  {"über", 5},
    {"CH", 2},       {"DE", 2},    {"x\ny", 3},
    {"aaa\n", 4},    {"Abc", 3},   {"a b", 3},
    {"\xff\xfe", 2}, {"a\xc3", 2}, {"a\0b", 3},
    {"\v\t", 2},     {"_1", 2},    {"\xe2\x84\xaa", 3},
};
enum { TEXTS_UTF8 = 12 };
static const char *const patterns[] = {
    "a",
    "^a",
    "a$",
    "^$",
    "^.$",
    "^..$",
    ".",
    "[a-c]+b?",
    "(GET|POST) /",
    "HT{1,3}P/[0-9]",
    "\\\\",
    "\\w\\W",
    "^\\S+$",
    "\\s",
    "[^a]",
    "b\\b",
    "\\Bb",
    "(?i)abc",
    "(?i:aB)c",
    "\\d",
    "x.y",
    "(?s)x.y",
    "\\x61",
    "[\\s]",
    "[[:alpha:]]{2}",
    "\\.",
    "\\'",
    "^a.b$",
    "ü",
    "[^\\n]$",
    "[\\w-]+$",
    "[]a]",
    "[[]",
    "(?m)^y",
    "(?m)x$",
    "(?m)^$",
    "^(a|b)*?$",
    "\\r\\n$",
    "[[:space:]]",
    "^[^a]+$",
};

uint32_t random_below(struct random *r, uint32_t n)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (uint32_t)(r->state >> 33) % n;
}

#define PICK(r, a) (a)[random_below(r, ARRAY_LEN(a))]

static void put_text(struct random *r, struct buf *out)
{
	uint32_t i = random_below(r, TEXTS_UTF8);
	buf_u8(out, '\'');
	for (size_t c = 0; c < texts[i].n; c++) {
		if (strchr("'\\", texts[i].p[c]))
			buf_u8(out, '\\');
		buf_u8(out, (uint8_t)texts[i].p[c]);
	}
	buf_u8(out, '\'');
}

static uint64_t number_up_to(struct random *r, uint64_t max)
{
	for (;;) {
		uint64_t v = PICK(r, numbers);
		if (v <= max)
			return v;
	}
}

static int64_t random_time(struct random *r)
{
	static const int64_t offsets[] = {0, 1, 2, 999, 1000, 5000, 60000, -1, -1000, 3600000};
	return random_below(r, 8) == 0 ? 0 : RANDOM_TIME + PICK(r, offsets);
}

static void put_value(struct random *r, struct buf *out, const struct subject *s, bool single)
{
	char text[64];
	uint64_t max = UINT64_MAX;
	for (uint8_t i = 0; i < s->n; i++)
		max = MIN_OF(max, quantity_max(&s->q[i]));
	switch (quantity_domain(&s->q[0])) {
	case DOM_NUM:
	case DOM_SIGNED: {
		uint64_t a = number_up_to(r, max), b = number_up_to(r, max);
		buf_dec(out, single ? a : MIN_OF(a, b));
		if (!single && random_below(r, 3) == 0)
			buf_fmt(out, "-%llu", (unsigned long long)MAX_OF(a, b));
		break;
	}
	case DOM_TIME:
		buf_put(out, text, rfc3339_format(random_time(r), text));
		break;
	case DOM_IP:
		buf_str(out, single || random_below(r, 2) ? PICK(r, addresses) : PICK(r, nets));
		break;
	case DOM_MAC:
		buf_put(out, text, mac_format(PICK(r, macs), text));
		break;
	case DOM_TEXT:
		put_text(r, out);
		break;
	}
}

static void put_list(struct random *r, struct buf *out, const struct subject *s)
{
	uint32_t n = 1 + random_below(r, random_below(r, 8) ? 4 : 20);
	buf_u8(out, '[');
	for (uint32_t i = 0; i < n; i++) {
		buf_str(out, i ? ", " : "");
		put_value(r, out, s, false);
	}
	buf_u8(out, ']');
}

static bool list_field(const struct subject *s)
{
	return s->q[0].measure == M_FIELD && field_table[s->q[0].field].ctype == CT_U32LIST;
}

/* Not one that the store computes and a batch has not. Often an address that the store has in two
 * columns. */
static enum field random_field(struct random *r)
{
	enum field f;
	if (random_below(r, 8) == 0)
		return random_below(r, 2) ? F_src_ip : F_dst_ip;
	do
		f = (enum field)random_below(r, FIELD_MAX);
	while (field_is_computed(f));
	return f;
}

/* A field of the same domain, to compare with. */
static void put_other(struct random *r, struct buf *out, const struct subject *s)
{
	for (;;) {
		struct quantity q = {.measure = M_FIELD, .field = random_field(r)};
		if (quantity_domain(&q) != quantity_domain(&s->q[0]) ||
		    field_table[q.field].ctype == CT_U32LIST)
			continue;
		buf_str(out, field_table[q.field].name);
		return;
	}
}

static void put_operation(struct random *r, struct buf *out, const struct subject *s)
{
	static const char *const order[] = {"=", "!=", "<", "<=", ">", ">="};
	static const char *const wordy[] = {"=", "!=", "contains", "not contains"};
	static const char *const search[] = {"~", "!~"};
	enum domain d = quantity_domain(&s->q[0]);
	uint32_t how = random_below(r, 10);
	bool flags = s->q[0].measure == M_FIELD && field_table[s->q[0].field].kind == KIND_FLAGS;
	if (how == 0) {
		buf_str(out, "defined");
	} else if (how <= 2) {
		buf_str(out, how == 1 ? "in " : "not in ");
		put_list(r, out, s);
	} else if (how == 3 && d != DOM_SIGNED && !list_field(s)) {
		buf_fmt(out, "%s ", d == DOM_TEXT ? order[random_below(r, 2)] : PICK(r, order));
		put_other(r, out, s);
	} else if (flags && how <= 5) {
		buf_str(out, how == 4 ? "has " : "has any ");
		buf_dec(out, number_up_to(r, UINT8_MAX));
	} else if (d == DOM_TEXT && how <= 6) {
		buf_fmt(out, "%s \"%s\"%s", PICK(r, search), PICK(r, patterns),
			random_below(r, 4) ? "" : "i");
	} else {
		buf_fmt(out, "%s ", d == DOM_TEXT ? PICK(r, wordy) : PICK(r, order));
		put_value(r, out, s, true);
	}
}

static void put_test(struct random *r, struct buf *out)
{
	struct quantity q = {.measure = M_FIELD, .field = random_field(r)};
	q.elem = field_table[q.field].ctype == CT_U32LIST ? ELEM_ANY : 0;
	struct subject by_field = {field_table[q.field].name, &q, 1};
	const struct subject *s = &by_field;
	const struct word *w = &word_table[random_below(r, (uint32_t)word_count)];
	if (w->kind == WORD_SUBJECT && w->subject.q[0].measure != M_ROW)
		s = &w->subject;
	buf_str(out, s->name);
	buf_u8(out, ' ');
	put_operation(r, out, s);
}

static void put_expression(struct random *r, struct buf *out, unsigned depth)
{
	uint32_t how = random_below(r, depth ? 6 : 2);
	if (how <= 1) {
		put_test(r, out);
	} else if (how == 2) {
		buf_str(out, "not (");
		put_expression(r, out, depth - 1);
		buf_u8(out, ')');
	} else {
		uint32_t n = 2 + random_below(r, 2);
		for (uint32_t i = 0; i < n; i++) {
			buf_str(out, i == 0 ? "" : how == 3 ? " and " : " or ");
			buf_u8(out, '(');
			put_expression(r, out, depth - 1);
			buf_u8(out, ')');
		}
	}
}

void random_filter(struct random *r, struct buf *out)
{
	put_expression(r, out, 3);
}

static void set_random(struct random *r, struct batch *b, enum field f, uint32_t row)
{
	struct ip ip;
	uint32_t i;
	switch (field_table[f].ctype) {
	case CT_U8:
	case CT_U16:
	case CT_U32:
	case CT_U64: {
		struct quantity q = {.measure = M_FIELD, .field = f};
		batch_set_num(b, f, row, number_up_to(r, quantity_max(&q)));
		break;
	}
	case CT_MAC:
		batch_set_num(b, f, row, PICK(r, macs));
		break;
	case CT_MS:
		batch_set_num(b, f, row, (uint64_t)random_time(r));
		break;
	case CT_IP: {
		const char *a = PICK(r, addresses);
		if (ip_parse(a, strlen(a), &ip) == ERR_OK)
			batch_set_ip(b, f, row, &ip);
		break;
	}
	case CT_STR:
		i = random_below(r, ARRAY_LEN(texts));
		batch_use(b, f);
		batch_put_str(b, f, row, texts[i].p, texts[i].n);
		batch_set_present(b, f, row);
		break;
	case CT_U32LIST:
		batch_use(b, f);
		i = random_below(r, 5);
		while (i--) {
			uint64_t label = number_up_to(r, UINT32_MAX >> 4);
			batch_push_u32(b, f, row, (uint32_t)(label << 4 | random_below(r, 16)));
		}
		batch_set_present(b, f, row);
		break;
	case CT_MAX:
		break;
	}
}

void random_batch(struct random *r, struct batch *b, uint32_t n, uint32_t first)
{
	batch_open_rows(b, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t row = b->n + i;
		for (int f = 0; f < FIELD_MAX; f++)
			if (field_in_shape((enum field)f, b->shape) &&
			    !field_is_computed((enum field)f) && random_below(r, 2))
				set_random(r, b, (enum field)f, row);
		batch_set_num(b, F_t_recv, row, (uint64_t)(RANDOM_TIME + first + i));
		b->day[row] = day_of_ms(RANDOM_TIME);
	}
	b->n += n;
}
