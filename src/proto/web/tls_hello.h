/* SPDX-License-Identifier: Apache-2.0 */
/* Client and server hellos of TLS (RFC 5246, 8446), as TLS, DTLS and QUIC carry them. Reading is
 * pure and takes views of the message; noting writes the fields. A broken extension loses itself,
 * not the rest. */
#pragma once
#include "proto/dissector.h"

enum {
	TLS_EXTENSIONS = 128,  /* of one hello that are looked at */
	TLS_CIPHERS_MAX = 256, /* a list that is longer has no JA4 */
	TLS_RANDOM = 32,
	TLS_JA4_BYTES = 36,
};

enum tls_version {
	SSL2 = 0x0002,
	SSL3 = 0x0300,
	TLS1_2 = 0x0303,
	TLS1_3 = 0x0304,
};

/* What carries the handshake; the letter is JA4's. */
enum tls_carrier { TLS_ON_TCP = 't', TLS_ON_QUIC = 'q', TLS_ON_UDP = 'd' };

/* IANA's numbers of extensions that are looked into. */
enum tls_extension {
	EXT_SERVER_NAME = 0,
	EXT_GROUPS = 10,
	EXT_POINT_FORMATS = 11,
	EXT_SIGNATURES = 13,
	EXT_ALPN = 16,
	EXT_PRE_SHARED_KEY = 41,
	EXT_EARLY_DATA = 42,
	EXT_SUPPORTED_VERSIONS = 43,
	EXT_KEY_SHARE = 51,
	EXT_QUIC_PARAMETERS = 57,
	EXT_QUIC_PARAMETERS_DRAFT = 0xffa5,
	EXT_ECH = 0xfe0d,
};

struct tls_hello {
	uint16_t legacy_version;
	uint16_t version; /* that the hello asks for or settles on: the highest of a client */
	struct rd random, session_id;
	struct rd ciphers; /* two bytes each; a server's is one */
	/* Bodies of extensions, without the length of the list in them; empty where absent. */
	struct rd groups, point_formats, signatures, alpn, key_share, quic_parameters;
	struct rd sni;
	uint16_t n_extensions;
	uint16_t extension[TLS_EXTENSIONS], extension_len[TLS_EXTENSIONS];
	bool has_sni, pre_shared_key, early_data, ech;
	bool retry; /* a server's HelloRetryRequest */
};

/* body: of the handshake message. False: no sound hello. */
bool tls_client_hello(struct rd body, enum tls_carrier on, struct tls_hello *ret);
bool tls_server_hello(struct rd body, enum tls_carrier on, struct tls_hello *ret);
/* RFC 8701: values that mean nothing, sent to keep servers tolerant. */
static inline bool tls_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

void tls_note_client(struct dissect_ctx *c, enum tls_carrier on, const struct tls_hello *h);
void tls_note_server(struct dissect_ctx *c, const struct tls_hello *h);
/* The key exchange group that a server chose. */
void tls_note_group(struct dissect_ctx *c, uint16_t group);
void tls_note_hex(struct dissect_ctx *c, enum field f, struct rd bytes);

/* Fingerprints (tls_print.c). ja3: 32 hex digits; returns false if OpenSSL fails. */
struct crypto;
bool tls_ja3(struct crypto *crypto, const struct tls_hello *h, char ret[32]);
bool tls_ja3s(struct crypto *crypto, const struct tls_hello *h, char ret[32]);
bool tls_ja4(struct crypto *crypto, enum tls_carrier on, const struct tls_hello *h,
	     char ret[TLS_JA4_BYTES]);
/* That of an SSL 2.0 hello: ciphers of three bytes. */
bool tls_ja3_ssl2(struct crypto *crypto, uint16_t version, struct rd ciphers, char ret[32]);
