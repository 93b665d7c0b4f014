/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/option_json.h"

#include "base/attr.h"
#include "base/rd.h"
#include "decode/iana.h"

#include <stdio.h>

/* Scope types of NetFlow v9 (RFC 3954 6.1). */
static const char *const scopes[] = {NULL, "system", "interface", "lineCard", "cache", "template"};

static enum iana_type key(struct buf *out, const struct option_element *e)
{
	char number[32];
	const struct iana_element *known = iana_element(e->id);
	if (e->pen == OPTION_PEN_SCOPE && e->id > 0 && e->id < ARRAY_LEN(scopes)) {
		buf_json_key(out, scopes[e->id]);
		return IANA_NUMBER;
	}
	if (e->pen == 0 && known->name) {
		buf_json_key(out, known->name);
		return known->type;
	}
	if (e->pen == OPTION_PEN_SCOPE)
		snprintf(number, sizeof(number), "scope%u", e->id);
	else if (e->pen)
		snprintf(number, sizeof(number), "e%u.%u", e->pen, e->id);
	else
		snprintf(number, sizeof(number), "e%u", e->id);
	buf_json_key(out, number);
	return IANA_NUMBER;
}

static void put_ip(struct buf *out, const struct ip *a)
{
	char text[IP_TEXT_MAX];
	buf_json_str(out, text, ip_format(a, text));
}

static void put_hex(struct buf *out, const uint8_t *p, size_t n)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < n; i++)
		buf_fmt(out, "%02x", p[i]);
	buf_u8(out, '"');
}

/* Of a type that nobody told us: printable, perhaps filled up with NULs. */
static bool is_text(const uint8_t *p, size_t n)
{
	while (n && p[n - 1] == 0)
		n--;
	for (size_t i = 0; i < n; i++)
		if (p[i] < ' ' || p[i] == 0x7f)
			return false;
	return n > 0;
}

static void element(struct buf *out, const struct option_element *e)
{
	char text[MAC_TEXT_MAX];
	enum iana_type v = key(out, e);
	size_t n = e->len;
	if (v == IANA_TEXT) {
		while (n && e->p[n - 1] == 0)
			n--;
		buf_json_str(out, e->p, n);
	} else if (v == IANA_IP4 && n == 4) {
		struct ip a = ip_from_v4(e->p);
		put_ip(out, &a);
	} else if (v == IANA_IP6 && n == 16) {
		struct ip a;
		memcpy(a.b, e->p, 16);
		put_ip(out, &a);
	} else if (v == IANA_MAC && n == 6) {
		buf_json_str(out, text, mac_format(load_be(e->p, 6), text));
	} else if (n > 8 && is_text(e->p, n)) {
		while (n && e->p[n - 1] == 0)
			n--;
		buf_json_str(out, e->p, n);
	} else if (n >= 1 && n <= 8) {
		buf_dec(out, load_be(e->p, n));
	} else {
		put_hex(out, e->p, n);
	}
}

void option_json(struct buf *out, const struct option_record *r)
{
	static const struct ip nameless;
	buf_str(out, "{\"record\":\"option\"");
	if (!ip_equal(&r->exporter_ip, &nameless)) {
		buf_json_key(out, "exporter_ip");
		put_ip(out, &r->exporter_ip);
	}
	buf_json_key(out, "observation_domain");
	buf_dec(out, r->domain);
	buf_json_key(out, "export_version");
	buf_dec(out, r->version);
	buf_json_key(out, "template_id");
	buf_dec(out, r->template_id);
	buf_str(out, ",\"scope\":{");
	for (uint16_t i = 0; i < r->n_scope; i++)
		element(out, &r->elements[i]);
	buf_str(out, "},\"values\":{");
	for (uint16_t i = r->n_scope; i < r->n; i++)
		element(out, &r->elements[i]);
	buf_str(out, "}}");
}
