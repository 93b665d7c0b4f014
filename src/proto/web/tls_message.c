/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/web/tls_message.h"

#include "proto/dissection.h"
#include "proto/web/tls_cert.h"

enum { CHAIN_MAX = 32, NAMED_CURVE = 3, FIRST_CONTENT = 20 };

/* The same client again, after a request for retry: what it says now may differ. */
static void note_again(struct dissect_ctx *c, struct tls_handshake *h, enum tls_carrier on,
		       struct rd body)
{
	struct tls_hello hello;
	char ja4[TLS_JA4_BYTES];
	struct crypto *crypto = dissect_crypto(c);
	if (c->dir == h->client_dir && !h->again && crypto && tls_client_hello(body, on, &hello) &&
	    tls_ja4(crypto, on, &hello, ja4))
		notes_str_once(c->notes, F_tls_ja4_retry, ja4, sizeof ja4);
	h->again = true;
}

static bool client_hello(struct dissect_ctx *c, struct tls_handshake *h, enum tls_carrier on,
			 struct rd body)
{
	struct tls_hello hello;
	if (h->client) {
		note_again(c, h, on, body);
		return true;
	}
	if (!tls_client_hello(body, on, &hello))
		return false;
	h->client = true;
	h->client_dir = c->dir;
	h->hello_ns = c->first_ns;
	h->session_id_n = (uint8_t)rd_left(&hello.session_id);
	memcpy(h->session_id, hello.session_id.p, h->session_id_n);
	tls_note_client(c, on, &hello);
	return true;
}

static bool server_hello(struct dissect_ctx *c, struct tls_handshake *h, enum tls_carrier on,
			 struct rd body)
{
	struct tls_hello hello;
	if (h->server)
		return true;
	if (!tls_server_hello(body, on, &hello))
		return false;
	if (!h->client)
		h->client_dir = !c->dir;
	if (hello.retry)
		return true;
	h->server = true;
	h->version = hello.version;
	tls_note_server(c, &hello);
	size_t id_n = rd_left(&hello.session_id);
	if (!tls_is_13(hello.version) && id_n && id_n == h->session_id_n &&
	    memcmp(hello.session_id.p, h->session_id, id_n) == 0)
		notes_num_once(c->notes, F_tls_resumed, 1);
	return true;
}

/* RFC 5246 7.4.2. The first certificate is the server's own. */
static void certificate(struct dissect_ctx *c, struct tls_handshake *h, struct rd r, bool whole)
{
	unsigned n = 0;
	if (h->certificate || (h->client && c->dir == h->client_dir))
		return;
	h->certificate = true;
	rd_be24(&r);
	for (; n < CHAIN_MAX && rd_left(&r) >= 3; n++) {
		size_t len = rd_be24(&r), here = rd_left(&r) < len ? rd_left(&r) : len;
		struct rd der = rd_sub(&r, here);
		if (n == 0)
			tls_note_certificate(c, der, here == len);
	}
	if (n && whole)
		notes_num_once(c->notes, F_tls_certificates, n);
}

/* RFC 8422 5.4: the curve of an ephemeral key. */
static void server_key(struct dissect_ctx *c, struct rd r)
{
	uint8_t type = rd_u8(&r);
	uint16_t group = rd_be16(&r);
	if (type == NAMED_CURVE && !r.bad && rd_u8(&r) <= rd_left(&r))
		tls_note_group(c, group);
}

/* The encrypted secret, or the public key of the client. */
static void client_key(struct dissect_ctx *c, struct rd r)
{
	size_t n = rd_left(&r);
	struct rd one = r, two = r;
	size_t bytes = n >= 2 && rd_be16(&two) == n - 2  ? n - 2
		       : n >= 1 && rd_u8(&one) == n - 1U ? n - 1
							 : n;
	if (bytes)
		notes_num_once(c->notes, F_tls_client_key_length, bytes * 8);
}

bool tls_message(struct dissect_ctx *c, struct tls_handshake *h, enum tls_carrier on, uint8_t type,
		 struct rd body, bool whole)
{
	if (type >= MSG_TYPE_MAX)
		return false;
	if (type == MSG_CLIENT_HELLO && (!whole || !client_hello(c, h, on, body)))
		return false;
	if (type == MSG_SERVER_HELLO && (!whole || !server_hello(c, h, on, body)))
		return false;
	if (type == MSG_CERTIFICATE)
		certificate(c, h, body, whole);
	else if (type == MSG_SERVER_KEY_EXCHANGE)
		server_key(c, body);
	else if (type == MSG_CLIENT_KEY_EXCHANGE)
		client_key(c, body);
	if (!(h->types & 1u << type)) {
		h->types |= 1u << type;
		notes_num_or(c->notes, F_tls_handshake_types, 1u << type);
	}
	return true;
}

void tls_note_content(struct dissect_ctx *c, struct tls_handshake *h, uint8_t content)
{
	uint8_t bit = (uint8_t)(1u << (content - FIRST_CONTENT));
	if (!(h->contents & bit)) {
		h->contents |= bit;
		notes_num_or(c->notes, F_tls_content_types, bit);
	}
}

void tls_note_alert(struct dissect_ctx *c, uint8_t level, uint8_t description)
{
	notes_num_once(c->notes, F_tls_alert_level, level);
	notes_num_once(c->notes, F_tls_alert, description);
}

void tls_note_setup(struct dissect_ctx *c, const struct tls_handshake *h)
{
	if (h->client && c->t_ns >= h->hello_ns)
		notes_num_once(c->notes, F_tls_setup_us, (c->t_ns - h->hello_ns) / 1000);
}
