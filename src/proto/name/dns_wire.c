/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/name/dns_wire.h"
#include "base/attr.h"
#include "base/ip.h"

#include <stdarg.h>
#include <stdio.h>

static void put_bytes(struct dns_text *t, const void *p, size_t n)
{
	size_t room = sizeof(t->s) - t->n;
	n = n < room ? n : room;
	memcpy(t->s + t->n, p, n);
	t->n += n;
}

static __attribute__((format(printf, 2, 3))) void put_fmt(struct dns_text *t, const char *fmt, ...)
{
	char b[64];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(b, sizeof(b), fmt, ap);
	va_end(ap);
	if (n > 0)
		put_bytes(t, b, (size_t)n < sizeof(b) ? (size_t)n : sizeof(b) - 1);
}

/* Bytes of a label or a character string, escaped. */
static void put_escaped(struct dns_text *t, const uint8_t *p, size_t n, bool label)
{
	for (size_t i = 0; i < n; i++) {
		bool plain = p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\' && !(label && p[i] == '.');
		if (plain)
			put_bytes(t, p + i, 1);
		else
			put_fmt(t, "\\%03u", p[i]);
	}
}

bool dns_read_header(struct rd *msg, struct dns_header *ret)
{
	ret->id = rd_be16(msg);
	ret->flags = rd_be16(msg);
	ret->questions = rd_be16(msg);
	ret->answers = rd_be16(msg);
	ret->authorities = rd_be16(msg);
	ret->additionals = rd_be16(msg);
	return !msg->bad;
}

static struct rd from(struct rd whole, size_t at)
{
	rd_skip(&whole, at);
	return whole;
}

/* Appends the name at *at. A pointer must lead before the place where the labels that hold it
 * began, so there are at most as many jumps as bytes. */
static bool put_name(struct rd whole, size_t *at, struct dns_text *t)
{
	size_t begin = *at, wire = 0, start = t->n;
	unsigned jumps = 0;
	struct rd r = from(whole, *at);
	for (;;) {
		uint8_t n = rd_u8(&r);
		if (r.bad)
			return false;
		if (n == 0)
			break;
		if (n >= 0xc0) {
			size_t to = (size_t)(n & 0x3f) << 8 | rd_u8(&r);
			if (r.bad || to >= begin || jumps == DNS_JUMPS_MAX)
				return false;
			if (jumps++ == 0)
				*at = (size_t)(r.p - whole.p);
			begin = to;
			r = from(whole, to);
			continue;
		}
		const uint8_t *label = n < 0x40 ? rd_take(&r, n) : NULL;
		wire += (size_t)n + 1;
		if (!label || wire + 1 > DNS_NAME_WIRE)
			return false;
		if (t->n > start)
			put_bytes(t, ".", 1);
		put_escaped(t, label, n, true);
	}
	if (jumps == 0)
		*at = (size_t)(r.p - whole.p);
	if (wire == 0)
		put_bytes(t, ".", 1);
	return true;
}

bool dns_read_name(struct rd whole, size_t *at, struct dns_text *ret)
{
	ret->n = 0;
	return put_name(whole, at, ret);
}

bool dns_skip_name(struct rd whole, size_t *at)
{
	struct rd r = from(whole, *at);
	uint8_t n;
	while ((n = rd_u8(&r)) != 0) {
		if (n >= 0x40 && n < 0xc0)
			return false;
		rd_skip(&r, n < 0x40 ? n : 1);
		if (n >= 0xc0)
			break;
	}
	*at = r.bad ? *at : (size_t)(r.p - whole.p);
	return !r.bad && (size_t)(r.p - whole.p) >= 1;
}

bool dns_read_question(struct rd whole, size_t *at, struct dns_question *ret)
{
	if (!dns_read_name(whole, at, &ret->name))
		return false;
	struct rd r = from(whole, *at);
	ret->type = rd_be16(&r);
	ret->class = rd_be16(&r);
	*at += 4;
	return !r.bad;
}

bool dns_read_rr(struct rd whole, size_t *at, bool with_name, struct dns_rr *ret)
{
	ret->name.n = 0;
	if (with_name ? !dns_read_name(whole, at, &ret->name) : !dns_skip_name(whole, at))
		return false;
	struct rd r = from(whole, *at);
	ret->type = rd_be16(&r);
	ret->class = rd_be16(&r);
	ret->ttl = rd_be32(&r);
	ret->rdata_len = rd_be16(&r);
	ret->rdata_at = *at + 10;
	*at = ret->rdata_at + ret->rdata_len;
	return rd_take(&r, ret->rdata_len) != NULL;
}

/* What the data of a type consist of, in order: h = 16 bits, w = 32 bits, n = name, s = character
 * strings to the end, 4 and 6 = address, t = length byte and tag, r = the rest as text. */
static const char *layout_of(uint16_t type)
{
	static const struct {
		uint16_t type;
		const char *layout;
	} layouts[] = {
	    {DNS_A, "4"},      {DNS_AAAA, "6"},  {DNS_NS, "n"},  {DNS_CNAME, "n"},
	    {DNS_PTR, "n"},    {DNS_DNAME, "n"}, {DNS_MX, "hn"}, {DNS_SOA, "nnwwwww"},
	    {DNS_SRV, "hhhn"}, {DNS_TXT, "s"},   {DNS_SPF, "s"}, {DNS_HINFO, "s"},
	    {DNS_CAA, "btr"},
	};
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].type == type)
			return layouts[i].layout;
	return NULL;
}

static void put_address(struct dns_text *t, const uint8_t *p, size_t n)
{
	struct ip ip;
	char text[IP_TEXT_MAX];
	if (n == 4)
		ip = ip_from_v4(p);
	else
		memcpy(ip.b, p, sizeof(ip.b));
	put_bytes(t, text, ip_format(&ip, text));
}

static void put_strings(struct rd *r, struct dns_text *t)
{
	bool first = true;
	while (rd_left(r) > 0) {
		uint8_t n = rd_u8(r);
		const uint8_t *p = rd_take(r, n);
		if (!p)
			return;
		if (!first)
			put_bytes(t, " ", 1);
		first = false;
		put_escaped(t, p, n, false);
	}
}

/* One item of a layout; r is the rest of the data. */
static bool put_item(char item, struct rd whole, struct rd *r, struct dns_text *t)
{
	const uint8_t *p;
	size_t n;
	switch (item) {
	case '4':
	case '6':
		n = item == '4' ? 4 : 16;
		if ((p = rd_take(r, n)))
			put_address(t, p, n);
		break;
	case 'b':
		put_fmt(t, "%u", rd_u8(r));
		break;
	case 'h':
		put_fmt(t, "%u", rd_be16(r));
		break;
	case 'w':
		put_fmt(t, "%u", rd_be32(r));
		break;
	case 'n':
		n = (size_t)(r->p - whole.p);
		if (r->bad || !put_name(whole, &n, t) || n > (size_t)(r->end - whole.p))
			return false;
		r->p = whole.p + n;
		break;
	case 's':
		put_strings(r, t);
		break;
	case 't':
		n = rd_u8(r);
		if ((p = rd_take(r, n)))
			put_escaped(t, p, n, false);
		break;
	case 'r':
		n = rd_left(r);
		if ((p = rd_take(r, n)))
			put_escaped(t, p, n, false);
		break;
	}
	return !r->bad;
}

void dns_data_text(struct rd whole, const struct dns_rr *rr, struct dns_text *ret)
{
	ret->n = 0;
	struct rd r = from(whole, rr->rdata_at);
	r = rd_sub(&r, rr->rdata_len);
	const char *layout = layout_of(rr->type);
	for (const char *item = layout; item && *item; item++) {
		if (item > layout)
			put_bytes(ret, " ", 1);
		if (!put_item(*item, whole, &r, ret)) {
			ret->n = 0;
			return;
		}
	}
	if (layout)
		return;
	put_fmt(ret, "\\# %u ", rr->rdata_len);
	while (rd_left(&r) > 0 && ret->n + 2 <= sizeof(ret->s))
		put_fmt(ret, "%02x", rd_u8(&r));
}

void dns_data_flat(struct rd whole, const struct dns_rr *rr, struct dns_text *ret)
{
	ret->n = 0;
	struct rd r = from(whole, rr->rdata_at);
	r = rd_sub(&r, rr->rdata_len);
	const char *layout = layout_of(rr->type);
	const uint8_t *fixed;
	for (; layout && (*layout == 'h' || *layout == 'n'); layout++) {
		if (*layout == 'n') {
			if (!put_item('n', whole, &r, ret))
				return;
		} else if ((fixed = rd_take(&r, 2))) {
			put_bytes(ret, fixed, 2);
		}
	}
	size_t left = rd_left(&r);
	const uint8_t *rest = rd_take(&r, left);
	if (rest)
		put_bytes(ret, rest, left);
}
