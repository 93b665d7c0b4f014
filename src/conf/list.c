/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are lists: text to member and back. An item is a scalar, with its own small syntax;
 * so a list in the file is a list of words whatever it holds. */
#include "conf/list.h"

#include "base/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ADDRS_MAX = 32, FROM_MAX = 32, HOST_MAX = 255, V4_SHIFT = 96 };

static enum err no_memory(const struct conf_scalar *v, struct diag *d)
{
	return diag_set(d, ERR_NOMEM, v->line, v->col, "%s", err_text(ERR_NOMEM));
}

/* Bytes that live as long as the configuration; NULL without memory. */
static void *keep(struct arena *a, const void *p, size_t n)
{
	void *copy = arena_alloc(a, n ? n : 1);
	if (copy && n)
		memcpy(copy, p, n);
	return copy;
}

/* --- SCHEME://ADDR:PORT */

/* What stands before "://", as its index in the unit; *ret_n is the length with it. */
static bool scheme_of(const struct conf_key *k, const struct conf_scalar *v, uint8_t *ret,
		      size_t *ret_n)
{
	uint8_t i = 0;
	for (const char *w = k->unit; *w; i++) {
		size_t n = strcspn(w, "|");
		if (v->n > n + 3 && memcmp(w, v->s, n) == 0 && memcmp(v->s + n, "://", 3) == 0) {
			*ret = i;
			*ret_n = n + 3;
			return true;
		}
		w += n + (w[n] == '|');
	}
	return false;
}

/* TCP and TLS share their ports. */
static bool same_place(const struct conf_addr *a, const struct conf_addr *b)
{
	return a->port && a->port == b->port &&
	       (a->scheme == CONF_UDP) == (b->scheme == CONF_UDP) && ip_equal(&a->ip, &b->ip);
}

/* The address * becomes two entries. */
static enum err add_addr(struct conf_addr out[ADDRS_MAX], size_t *n, const struct conf_key *k,
			 const struct conf_scalar *v, struct diag *d)
{
	static const uint8_t v4_any[4];
	struct conf_addr addr = {0};
	uint8_t scheme = 0;
	size_t skip = 0;
	bool any = false;
	if (!scheme_of(k, v, &scheme, &skip) ||
	    conf_addr_parse(v->s + skip, v->n - skip, &addr, &any))
		return conf_wrong(k, v, d);
	addr.scheme = scheme;
	if (any)
		addr.ip = ip_from_v4(v4_any);
	for (size_t i = 0; i < *n; i++)
		if (same_place(&out[i], &addr))
			return diag_set(d, ERR_CONFIG, v->line, v->col,
					"%s: \"%.*s\" is there already", k->path,
					(int)MIN_OF(v->n, CONF_EXCERPT_MAX), v->s);
	out[(*n)++] = addr;
	if (any) {
		addr.ip = (struct ip){0};
		addr.optional = true;
		out[(*n)++] = addr;
	}
	return ERR_OK;
}

static enum err set_addrs(struct conf_addrs *member, struct arena *a, const struct conf_key *k,
			  const struct conf_scalar *v, size_t n, struct diag *d)
{
	struct conf_addr out[ADDRS_MAX];
	size_t used = 0;
	for (size_t i = 0; i < n; i++) {
		enum err e = add_addr(out, &used, k, &v[i], d);
		if (e)
			return e;
	}
	const struct conf_addr *copy = keep(a, out, used * sizeof(*copy));
	if (!copy)
		return no_memory(v, d);
	*member = (struct conf_addrs){copy, used};
	return ERR_OK;
}

static void print_addrs(const struct conf_addrs *l, const struct conf_key *k, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		bool any = i + 1 < l->n && l->v[i + 1].optional;
		const char *w = k->unit;
		for (uint8_t s = l->v[i].scheme; s > 0; s--)
			w += strcspn(w, "|") + 1;
		buf_fmt(out, "%s\"%.*s://", i ? ", " : "", (int)strcspn(w, "|"), w);
		conf_addr_print(&l->v[i], any, out);
		buf_u8(out, '"');
		i += any;
	}
}

/* --- prefixes */

static enum err set_nets(struct conf_nets *member, struct arena *a, const struct conf_key *k,
			 const struct conf_scalar *v, size_t n, struct diag *d)
{
	struct conf_net *out = arena_alloc(a, (n ? n : 1) * sizeof(*out));
	if (!out)
		return no_memory(v, d);
	for (size_t i = 0; i < n; i++)
		if (ip_parse_net(v[i].s, v[i].n, &out[i].ip, &out[i].bits))
			return conf_wrong(k, &v[i], d);
	*member = (struct conf_nets){out, n};
	return ERR_OK;
}

static void print_net(const struct conf_net *net, struct buf *out)
{
	char text[IP_TEXT_MAX];
	bool v4 = ip_is_v4(&net->ip) && net->bits >= V4_SHIFT;
	ip_format(&net->ip, text);
	buf_fmt(out, "%s/%u", text, v4 ? net->bits - V4_SHIFT : net->bits);
}

static void print_nets(const struct conf_nets *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_str(out, i ? ", \"" : "\"");
		print_net(&l->v[i], out);
		buf_u8(out, '"');
	}
}

/* --- PREFIX=RATE, PREFIX=RATE! */

static bool parse_rate(const struct conf_scalar *v, struct conf_rate *ret)
{
	const char *equals = memchr(v->s, '=', v->n);
	uint64_t rate;
	if (!equals)
		return false;
	size_t n = v->n - (size_t)(equals + 1 - v->s);
	ret->always = n > 1 && equals[n] == '!';
	if (ip_parse_net(v->s, (size_t)(equals - v->s), &ret->net.ip, &ret->net.bits) ||
	    unit_u64(equals + 1, n - ret->always, &rate) || rate == 0 || rate > UINT32_MAX)
		return false;
	ret->rate = (uint32_t)rate;
	return true;
}

static enum err set_rates(struct conf_rates *member, struct arena *a, const struct conf_key *k,
			  const struct conf_scalar *v, size_t n, struct diag *d)
{
	struct conf_rate *out = arena_alloc(a, (n ? n : 1) * sizeof(*out));
	if (!out)
		return no_memory(v, d);
	for (size_t i = 0; i < n; i++)
		if (!parse_rate(&v[i], &out[i]))
			return conf_wrong(k, &v[i], d);
	*member = (struct conf_rates){out, n};
	return ERR_OK;
}

static void print_rates(const struct conf_rates *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_str(out, i ? ", \"" : "\"");
		print_net(&l->v[i].net, out);
		buf_fmt(out, "=%u%s\"", l->v[i].rate, l->v[i].always ? "!" : "");
	}
}

/* --- udp://HOST:PORT?from=NET,NET&source=keep */

/* HOST:PORT or [IPv6]:PORT. */
static bool split_host(const char *s, size_t n, struct arena *a, struct conf_forward *f)
{
	const char *colon = memrchr(s, ':', n);
	uint64_t port;
	if (!colon || unit_u64(colon + 1, n - (size_t)(colon + 1 - s), &port) || port == 0 ||
	    port > UINT16_MAX)
		return false;
	size_t hn = (size_t)(colon - s);
	bool brackets = hn >= 2 && s[0] == '[' && s[hn - 1] == ']';
	if (brackets) {
		s++;
		hn -= 2;
	}
	if (hn == 0 || hn > HOST_MAX || brackets == !memchr(s, ':', hn))
		return false;
	f->host = arena_strndup(a, s, hn);
	f->port = (uint16_t)port;
	return f->host != NULL;
}

static bool add_from(const char *s, size_t n, struct arena *a, struct conf_forward *f)
{
	struct conf_net out[FROM_MAX];
	size_t used = 0;
	for (size_t len; n > 0; s += len, n -= len) {
		const char *comma = memchr(s, ',', n);
		len = comma ? (size_t)(comma - s) : n;
		if (used == FROM_MAX || ip_parse_net(s, len, &out[used].ip, &out[used].bits))
			return false;
		used++;
		len += comma != NULL;
	}
	f->from = (struct conf_nets){keep(a, out, used * sizeof(out[0])), used};
	return used > 0 && f->from.v;
}

static bool set_option(const char *s, size_t n, struct arena *a, struct conf_forward *f)
{
	if (n > 5 && memcmp(s, "from=", 5) == 0)
		return f->from.n == 0 && add_from(s + 5, n - 5, a, f);
	if (n != strlen("source=keep") || memcmp(s, "source=keep", n) != 0)
		return false;
	f->keep_source = true;
	return true;
}

static bool parse_forward(const struct conf_scalar *v, struct arena *a, struct conf_forward *f)
{
	static const char udp[] = "udp://";
	size_t skip = sizeof(udp) - 1;
	if (v->n < skip || memcmp(v->s, udp, skip) != 0)
		return false;
	const char *s = v->s + skip;
	size_t n = v->n - skip;
	const char *mark = memchr(s, '?', n);
	if (!split_host(s, mark ? (size_t)(mark - s) : n, a, f))
		return false;
	while (mark) {
		const char *option = mark + 1;
		size_t left = n - (size_t)(option - s);
		mark = memchr(option, '&', left);
		if (!set_option(option, mark ? (size_t)(mark - option) : left, a, f))
			return false;
	}
	return true;
}

static enum err set_forwards(struct conf_forwards *member, struct arena *a,
			     const struct conf_key *k, const struct conf_scalar *v, size_t n,
			     struct diag *d)
{
	struct conf_forward *out = arena_alloc(a, (n ? n : 1) * sizeof(*out));
	if (!out)
		return no_memory(v, d);
	for (size_t i = 0; i < n; i++) {
		out[i] = (struct conf_forward){0};
		if (!parse_forward(&v[i], a, &out[i]))
			return conf_wrong(k, &v[i], d);
	}
	*member = (struct conf_forwards){out, n};
	return ERR_OK;
}

static void print_forwards(const struct conf_forwards *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct conf_forward *f = &l->v[i];
		buf_fmt(out, strchr(f->host, ':') ? "%s\"udp://[%s]:%u" : "%s\"udp://%s:%u",
			i ? ", " : "", f->host, f->port);
		for (size_t k = 0; k < f->from.n; k++) {
			buf_str(out, k ? "," : "?from=");
			print_net(&f->from.v[k], out);
		}
		if (f->keep_source)
			buf_str(out, f->from.n ? "&source=keep" : "?source=keep");
		buf_u8(out, '"');
	}
}

/* --- words */

static enum err set_words(struct conf_words *member, struct arena *a, const struct conf_key *k,
			  const struct conf_scalar *v, size_t n, struct diag *d)
{
	const char **out = arena_alloc(a, (n ? n : 1) * sizeof(*out));
	if (!out)
		return no_memory(v, d);
	for (size_t i = 0; i < n; i++) {
		for (size_t c = 0; c < v[i].n; c++)
			if ((unsigned char)v[i].s[c] <= ' ' || v[i].s[c] == 0x7f)
				return conf_wrong(k, &v[i], d);
		if (v[i].n == 0)
			return conf_wrong(k, &v[i], d);
		out[i] = arena_strndup(a, v[i].s, v[i].n);
		if (!out[i])
			return no_memory(v, d);
	}
	*member = (struct conf_words){out, n};
	return ERR_OK;
}

static void print_words(const struct conf_words *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_str(out, i ? ", " : "");
		buf_json_str(out, l->v[i], strlen(l->v[i]));
	}
}

/* --- any of them */

enum err conf_list_set(void *member, struct arena *a, const struct conf_key *k,
		       const struct conf_scalar *v, size_t n, struct diag *d)
{
	if (n < k->min || n > k->max)
		return diag_set(d, ERR_CONFIG, n ? v[0].line : 0, n ? v[0].col : 0,
				"%s: %zu entries; %" PRIu64 " to %" PRIu64 " are allowed", k->path,
				n, k->min, k->max);
	switch (k->type) {
	case CONF_ADDRS:
		return set_addrs(member, a, k, v, n, d);
	case CONF_NETS:
		return set_nets(member, a, k, v, n, d);
	case CONF_FORWARDS:
		return set_forwards(member, a, k, v, n, d);
	case CONF_RATES:
		return set_rates(member, a, k, v, n, d);
	case CONF_WORDS:
		return set_words(member, a, k, v, n, d);
	case CONF_STR:
	case CONF_PATH:
	case CONF_CHOICE:
	case CONF_BOOL:
	case CONF_UINT:
	case CONF_DURATION:
	case CONF_SIZE:
	case CONF_ADDR:
		break;
	}
	return ERR_INTERNAL;
}

void conf_list_print(const void *member, const struct conf_key *k, struct buf *out)
{
	buf_u8(out, '[');
	if (k->type == CONF_ADDRS)
		print_addrs(member, k, out);
	else if (k->type == CONF_NETS)
		print_nets(member, out);
	else if (k->type == CONF_RATES)
		print_rates(member, out);
	else if (k->type == CONF_WORDS)
		print_words(member, out);
	else
		print_forwards(member, out);
	buf_u8(out, ']');
}
