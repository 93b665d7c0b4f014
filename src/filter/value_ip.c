/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as people write them: ADDR, ADDR/LEN, A.B/LEN, FIRST-LAST, ADDR MASK, host names. */
#include "filter/value.h"

#include <stdio.h>
#include <string.h>

/* An IPv4 mask as a prefix length, -1 if it is none. */
static int mask_bits(const char *s, size_t n)
{
	struct ip a;
	if (ip_parse(s, n, &a) || !ip_is_v4(&a))
		return -1;
	uint32_t m = (uint32_t)key_ip(&a).lo;
	uint32_t host = ~m;
	return (host & (host + 1)) == 0 ? 32 - __builtin_popcount(host) : -1;
}

/* `10.0.0.0 255.255.0.0`, `10.0.0.0 /8`, `10.0.0.0/ 8`: the length comes as a token of its own.
 * Joins them in *r. */
static bool take_mask(struct parser *p, const char *s, size_t n, bool mask_word, struct range *r)
{
	const struct tok *k = &p->t.v[p->i + 1];
	const char *next = p->t.text + k->off;
	char text[IP_TEXT_MAX + 8];
	if (k->kind != TOK_WORD)
		return false;
	bool slash = (n && s[n - 1] == '/') || next[0] == '/';
	int bits = slash || !mask_word ? -1 : mask_bits(next, k->n);
	int len = 0;
	if (slash && n + k->n < sizeof(text)) {
		len = snprintf(text, sizeof(text), "%.*s%.*s", (int)n, s, (int)k->n, next);
		/* "10.0.0.0" "/" "8": three tokens are not a prefix yet. */
		if (k->n == 1 && next[0] == '/' && p->t.v[p->i + 2].kind == TOK_WORD) {
			const struct tok *third = &p->t.v[p->i + 2];
			len = snprintf(text, sizeof(text), "%.*s/%.*s", (int)n, s,
				       (int)MIN_OF(third->n, 4u), p->t.text + third->off);
			p->i++;
		}
	} else if (bits >= 0 && n < IP_TEXT_MAX) {
		len = snprintf(text, sizeof(text), "%.*s/%d", (int)n, s, bits);
	}
	if (len <= 0 || literal_net(text, (size_t)len, true, r))
		return false;
	p->i++;
	return true;
}

/* `host NAME`: every address the resolver knows. */
static bool resolve_name(struct parser *p, struct values *v, const char *s, size_t n)
{
	enum { ADDRESSES_MAX = 64 };
	char name[256], shown[48];
	struct ip found[ADDRESSES_MAX];
	bool plausible =
	    n > 0 && n < sizeof(name) && (s[0] < '0' || s[0] > '9') && !memchr(s, ':', n);
	if (!plausible)
		return value_wrong(p, v, p->i);
	if (!p->opts || !p->opts->resolve)
		return parse_fail(
		    p, p->i, ERR_TYPE,
		    "%s: expected an address, found %s; host names are looked up only where "
		    "that was asked for",
		    v->s->name, parse_show(p, p->i, shown));
	memcpy(name, s, n);
	name[n] = 0;
	size_t count = p->opts->resolve(p->opts->resolve_ctx, name, found, ADDRESSES_MAX);
	if (count == 0)
		return parse_fail(p, p->i, ERR_NOT_FOUND, "%s: no address found for '%s'",
				  v->s->name, name);
	for (size_t i = 0; i < count; i++)
		if (!value_add(p, v, (struct range){key_ip(&found[i]), key_ip(&found[i])}))
			return false;
	v->ranged |= count > 1;
	p->i++;
	return true;
}

bool value_read_ip(struct parser *p, struct values *v)
{
	const struct tok *k = &p->t.v[p->i];
	bool quoted = k->kind == TOK_STRING;
	const char *s = p->t.text + k->off + quoted;
	size_t n = k->n - 2 * quoted;
	struct range r;
	if (k->kind != TOK_WORD && !quoted)
		return value_wrong(p, v, p->i);
	if (!take_mask(p, s, n, v->net, &r) && literal_net(s, n, v->net, &r))
		return resolve_name(p, v, s, n);
	p->i++;
	return value_add(p, v, r);
}
