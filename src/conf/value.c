/* SPDX-License-Identifier: Apache-2.0 */
/* Values of keys: text to member and back. */
#include "conf/list.h"

#include "base/unit.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum { DEFAULTS_MAX = 16 };

enum err conf_wrong(const struct conf_key *k, const struct conf_scalar *v, struct diag *d)
{
	diag_set(d, ERR_CONFIG, v->line, v->col, "%s: \"%.*s\" is not %s%s", k->path,
		 (int)MIN_OF(v->n, CONF_EXCERPT_MAX), v->s, k->type == CONF_CHOICE ? "one of " : "",
		 conf_key_expects(k));
	if (d && v->col)
		d->end_col = v->col + (uint32_t)v->n;
	return ERR_CONFIG;
}

/* C0, DEL and C1 (c2 80 to c2 9f in UTF-8, which the text is). */
static bool has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)s[i];
		if (c < 0x20 || c == 0x7f || (c == 0xc2 && i + 1 < n && (uint8_t)s[i + 1] < 0xa0))
			return true;
	}
	return false;
}

static enum err set_str(const char **member, struct arena *a, const struct conf_key *k,
			const struct conf_scalar *v, struct diag *d)
{
	if (has_control(v->s, v->n))
		return diag_set(d, ERR_CONFIG, v->line, v->col,
				"%s: control characters are not allowed", k->path);
	if (v->n < k->min)
		return diag_set(d, ERR_CONFIG, v->line, v->col, "%s: must not be empty", k->path);
	if (k->max && v->n > k->max)
		return diag_set(d, ERR_CONFIG, v->line, v->col, "%s: longer than %" PRIu64 " bytes",
				k->path, k->max);
	const char *copy = arena_strndup(a, v->s, v->n);
	if (!copy)
		return diag_set(d, ERR_NOMEM, v->line, v->col, "%s", err_text(ERR_NOMEM));
	*member = copy;
	return ERR_OK;
}

static enum err set_choice(uint32_t *member, const struct conf_key *k, const struct conf_scalar *v,
			   struct diag *d)
{
	uint32_t i = 0;
	for (const char *w = k->unit; *w; i++) {
		size_t n = strcspn(w, "|");
		if (n == v->n && memcmp(w, v->s, n) == 0) {
			*member = i;
			return ERR_OK;
		}
		w += n + (w[n] == '|');
	}
	return conf_wrong(k, v, d);
}

static enum err set_bool(bool *member, const struct conf_key *k, const struct conf_scalar *v,
			 struct diag *d)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {{"true", true},   {"yes", true}, {"on", true},
		     {"false", false}, {"no", false}, {"off", false}};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i].word) == v->n && strncasecmp(words[i].word, v->s, v->n) == 0) {
			*member = words[i].value;
			return ERR_OK;
		}
	return conf_wrong(k, v, d);
}

static void number_text(const struct conf_key *k, uint64_t n, char out[UNIT_TEXT_MAX])
{
	struct buf b = {0};
	if (k->type == CONF_DURATION)
		unit_duration_format(n, out);
	else if (k->type == CONF_SIZE)
		unit_size_format(n, out);
	else {
		buf_dec(&b, n);
		memcpy(out, buf_cstr(&b), MIN_OF(b.n + 1, (size_t)UNIT_TEXT_MAX));
	}
	buf_fini(&b);
}

static enum err set_number(uint64_t *member, const struct conf_key *k, const struct conf_scalar *v,
			   struct diag *d)
{
	uint64_t n = 0;
	enum err e = k->type == CONF_DURATION ? unit_duration(v->s, v->n, &n)
		     : k->type == CONF_SIZE   ? unit_size(v->s, v->n, &n)
					      : unit_u64(v->s, v->n, &n);
	if (e == ERR_SYNTAX)
		return conf_wrong(k, v, d);
	if (e || n < k->min || n > k->max) {
		char min[UNIT_TEXT_MAX], max[UNIT_TEXT_MAX];
		number_text(k, k->min, min);
		number_text(k, k->max, max);
		return diag_set(d, ERR_CONFIG, v->line, v->col, "%s: %.*s is not between %s and %s",
				k->path, (int)MIN_OF(v->n, CONF_EXCERPT_MAX), v->s, min, max);
	}
	*member = n;
	return ERR_OK;
}

enum err conf_addr_parse(const char *s, size_t n, struct conf_addr *ret, bool *ret_any)
{
	const char *colon = memrchr(s, ':', n);
	if (!colon)
		return ERR_SYNTAX;
	const char *host = s;
	size_t hn = (size_t)(colon - s);
	bool brackets = hn >= 2 && host[0] == '[' && host[hn - 1] == ']';
	if (brackets) {
		host++;
		hn -= 2;
	}
	uint64_t port;
	if (unit_u64(colon + 1, n - (size_t)(colon + 1 - s), &port) || port > UINT16_MAX)
		return ERR_SYNTAX;
	struct conf_addr out = {.port = (uint16_t)port, .on = true};
	bool any = hn == 1 && *host == '*' && !brackets;
	if (!any && (ip_parse(host, hn, &out.ip) || brackets == !memchr(host, ':', hn)))
		return ERR_SYNTAX;
	*ret = out;
	*ret_any = any;
	return ERR_OK;
}

static enum err set_addr(struct conf_addr *member, const struct conf_key *k,
			 const struct conf_scalar *v, struct diag *d)
{
	struct conf_addr addr = {0};
	bool any = false;
	if (v->n == 3 && memcmp(v->s, "off", 3) == 0 && *k->unit) {
		*member = addr;
		return ERR_OK;
	}
	if (conf_addr_parse(v->s, v->n, &addr, &any))
		return conf_wrong(k, v, d);
	if (any)
		return diag_set(
		    d, ERR_CONFIG, v->line, v->col,
		    "%s: * is not one address; 0.0.0.0 is every IPv4 address, [::] every IPv6 one",
		    k->path);
	*member = addr;
	return ERR_OK;
}

enum err conf_key_set(struct conf *c, struct arena *a, const struct conf_key *k,
		      const struct conf_scalar *v, size_t n, struct diag *d)
{
	void *member = (char *)c + k->offset;
	switch (k->type) {
	case CONF_STR:
	case CONF_PATH:
		return set_str(member, a, k, v, d);
	case CONF_CHOICE:
		return set_choice(member, k, v, d);
	case CONF_BOOL:
		return set_bool(member, k, v, d);
	case CONF_UINT:
	case CONF_DURATION:
	case CONF_SIZE:
		return set_number(member, k, v, d);
	case CONF_ADDR:
		return set_addr(member, k, v, d);
	case CONF_ADDRS:
	case CONF_NETS:
	case CONF_FORWARDS:
	case CONF_RATES:
	case CONF_WORDS:
		return conf_list_set(member, a, k, v, n, d);
	}
	return ERR_INTERNAL;
}

enum err conf_key_set_default(struct conf *c, struct arena *a, const struct conf_key *k)
{
	struct conf_scalar v[DEFAULTS_MAX];
	size_t n = 0;
	if (!conf_key_is_list(k))
		v[n++] = (struct conf_scalar){.s = k->dflt, .n = strlen(k->dflt)};
	else
		for (const char *w = k->dflt; *w && n < ARRAY_LEN(v);) {
			v[n] = (struct conf_scalar){.s = w, .n = strcspn(w, " ")};
			w += v[n].n + (w[v[n].n] == ' ');
			n++;
		}
	return conf_key_set(c, a, k, v, n, NULL);
}

void conf_addr_print(const struct conf_addr *addr, bool any, struct buf *out)
{
	char text[IP_TEXT_MAX];
	ip_format(&addr->ip, text);
	if (any)
		buf_fmt(out, "*:%u", addr->port);
	else
		buf_fmt(out, ip_is_v4(&addr->ip) ? "%s:%u" : "[%s]:%u", text, addr->port);
}

void conf_key_print(const struct conf *c, const struct conf_key *k, struct buf *out)
{
	const void *member = (const char *)c + k->offset;
	char text[UNIT_TEXT_MAX];
	switch (k->type) {
	case CONF_STR:
	case CONF_PATH: {
		const char *s = *(const char *const *)member;
		buf_json_str(out, s, strlen(s));
		return;
	}
	case CONF_CHOICE: {
		const char *w = k->unit;
		for (uint32_t i = *(const uint32_t *)member; i > 0; i--)
			w += strcspn(w, "|") + 1;
		buf_put(out, w, strcspn(w, "|"));
		return;
	}
	case CONF_BOOL:
		buf_str(out, *(const bool *)member ? "true" : "false");
		return;
	case CONF_UINT:
	case CONF_DURATION:
	case CONF_SIZE:
		number_text(k, *(const uint64_t *)member, text);
		buf_str(out, text);
		return;
	case CONF_ADDR: {
		const struct conf_addr *addr = member;
		if (addr->on) {
			buf_u8(out, '"'); /* a bare [ would begin a list */
			conf_addr_print(addr, false, out);
			buf_u8(out, '"');
		} else
			buf_str(out, "off");
		return;
	}
	case CONF_ADDRS:
	case CONF_NETS:
	case CONF_FORWARDS:
	case CONF_RATES:
	case CONF_WORDS:
		conf_list_print(member, k, out);
		return;
	}
}

void conf_key_print_range(const struct conf_key *k, struct buf *out)
{
	char min[UNIT_TEXT_MAX], max[UNIT_TEXT_MAX];
	number_text(k, k->min, min);
	number_text(k, k->max, max);
	buf_fmt(out, "%s to %s%s%s", min, max, k->type == CONF_UINT ? " " : "",
		k->type == CONF_UINT ? k->unit : "");
}
