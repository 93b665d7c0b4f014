/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/web/tls_hello.h"

enum {
	SESSION_ID_MAX = 32,
	DRAFT_MAJOR = 0x7f, /* drafts of TLS 1.3 */
	DRAFT_NEW_SERVER_HELLO =
	    22, /* from this draft on the server hello looks like that of 1.2 */
};

/* Drafts of TLS 1.3 come before it and after 1.2. */
static uint16_t rank(uint16_t version)
{
	return version >> 8 == DRAFT_MAJOR ? TLS1_2 : version;
}

static bool later(uint16_t a, uint16_t b)
{
	return rank(a) != rank(b) ? rank(a) > rank(b) : a > b;
}

/* DTLS counts downwards: 1.0 is 0xfeff, 1.2 0xfefd, 1.3 0xfefc. */
static bool version_known(uint16_t v, enum tls_carrier on)
{
	if (on == TLS_ON_UDP)
		return v == 0xfeff || v == 0xfefd || v == 0xfefc || v == 0x0100;
	return v >> 8 == 3 || v >> 8 == DRAFT_MAJOR;
}

static void take_versions(struct rd body, enum tls_carrier on, struct tls_hello *h)
{
	struct rd list = rd_sub(&body, rd_u8(&body));
	bool found = false;
	while (rd_left(&list) >= 2) {
		uint16_t v = rd_be16(&list);
		if (tls_grease(v) || !version_known(v, on))
			continue;
		if (!found || (on == TLS_ON_UDP ? v < h->version : later(v, h->version)))
			h->version = v;
		found = true;
	}
}

/* A list with its length in two bytes before it. */
static struct rd list16(struct rd body)
{
	struct rd list = rd_sub(&body, rd_be16(&body));
	return list.bad ? (struct rd){0} : list;
}

static void take_sni(struct rd body, struct tls_hello *h)
{
	struct rd list = list16(body);
	h->has_sni = true;
	while (rd_left(&list) >= 3) {
		uint8_t type = rd_u8(&list);
		struct rd name = rd_sub(&list, rd_be16(&list));
		if (name.bad)
			return;
		if (type == 0) {
			h->sni = name;
			return;
		}
	}
}

static void take_extension(enum tls_extension type, struct rd body, enum tls_carrier on,
			   bool client, struct tls_hello *h)
{
	switch (type) {
	case EXT_SERVER_NAME:
		take_sni(body, h);
		break;
	case EXT_GROUPS:
		h->groups = list16(body);
		break;
	case EXT_POINT_FORMATS:
		h->point_formats = rd_sub(&body, rd_u8(&body));
		break;
	case EXT_SIGNATURES:
		h->signatures = list16(body);
		break;
	case EXT_ALPN:
		h->alpn = list16(body);
		break;
	case EXT_PRE_SHARED_KEY:
		h->pre_shared_key = true;
		break;
	case EXT_EARLY_DATA:
		h->early_data = true;
		break;
	case EXT_SUPPORTED_VERSIONS:
		if (client)
			take_versions(body, on, h);
		else if (rd_left(&body) == 2)
			h->version = rd_be16(&body);
		break;
	case EXT_KEY_SHARE:
		h->key_share = client ? list16(body) : body;
		break;
	case EXT_QUIC_PARAMETERS:
	case EXT_QUIC_PARAMETERS_DRAFT:
		h->quic_parameters = body;
		break;
	case EXT_ECH:
		h->ech = true;
		break;
	}
}

static void take_extensions(struct rd r, enum tls_carrier on, bool client, struct tls_hello *h)
{
	while (rd_left(&r) >= 4 && h->n_extensions < TLS_EXTENSIONS) {
		uint16_t type = rd_be16(&r), len = rd_be16(&r);
		struct rd body = rd_sub(&r, len);
		if (body.bad)
			return;
		h->extension[h->n_extensions] = type;
		h->extension_len[h->n_extensions++] = len;
		take_extension((enum tls_extension)type, body, on, client, h);
	}
}

bool tls_client_hello(struct rd r, enum tls_carrier on, struct tls_hello *ret)
{
	struct tls_hello h = {.legacy_version = rd_be16(&r)};
	h.version = h.legacy_version;
	h.random = rd_sub(&r, TLS_RANDOM);
	uint8_t id_n = rd_u8(&r);
	h.session_id = rd_sub(&r, id_n);
	if (on == TLS_ON_UDP)
		rd_skip(&r, rd_u8(&r)); /* cookie */
	uint16_t ciphers_n = rd_be16(&r);
	h.ciphers = rd_sub(&r, ciphers_n);
	uint8_t compressions = rd_u8(&r);
	rd_skip(&r, compressions);
	if (r.bad || !version_known(h.legacy_version, on) || id_n > SESSION_ID_MAX ||
	    ciphers_n < 2 || ciphers_n % 2 || !compressions)
		return false;
	if (rd_left(&r)) {
		if (rd_be16(&r) != rd_left(&r))
			return false;
		take_extensions(r, on, true, &h);
	}
	*ret = h;
	return true;
}

/* The random of a HelloRetryRequest (RFC 8446 4.1.3). */
static const uint8_t retry_random[TLS_RANDOM] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

bool tls_server_hello(struct rd r, enum tls_carrier on, struct tls_hello *ret)
{
	struct tls_hello h = {.legacy_version = rd_be16(&r)};
	bool old_draft = h.legacy_version >> 8 == DRAFT_MAJOR &&
			 (h.legacy_version & 0xff) < DRAFT_NEW_SERVER_HELLO;
	h.version = h.legacy_version;
	h.random = rd_sub(&r, TLS_RANDOM);
	uint8_t id_n = old_draft ? 0 : rd_u8(&r);
	h.session_id = rd_sub(&r, id_n);
	h.ciphers = rd_sub(&r, 2);
	if (!old_draft)
		rd_u8(&r); /* compression */
	if (r.bad || !version_known(h.legacy_version, on) || id_n > SESSION_ID_MAX)
		return false;
	h.retry = memcmp(h.random.p, retry_random, TLS_RANDOM) == 0;
	if (rd_left(&r)) {
		struct rd list = rd_sub(&r, rd_be16(&r));
		if (list.bad)
			return false;
		take_extensions(list, on, false, &h);
	}
	*ret = h;
	return true;
}
