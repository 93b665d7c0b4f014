/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake of one flow, message by message, whatever cut it into records or datagrams: TLS and
 * DTLS share it. */
#pragma once
#include "proto/web/tls_hello.h"

enum tls_message_type {
	MSG_CLIENT_HELLO = 1,
	MSG_SERVER_HELLO = 2,
	MSG_VERIFY_REQUEST = 3,
	MSG_CERTIFICATE = 11,
	MSG_SERVER_KEY_EXCHANGE = 12,
	MSG_CLIENT_KEY_EXCHANGE = 16,
	MSG_TYPE_MAX = 32, /* those from here on are no handshake */
};

struct tls_handshake {
	uint64_t hello_ns; /* when the first client hello began */
	uint32_t types;    /* bits of tls_handshake_types */
	uint16_t version;  /* that the server chose; 0: not known */
	uint8_t session_id[32];
	uint8_t session_id_n;
	uint8_t client_dir;
	uint8_t contents; /* bits of tls_content_types */
	bool client, server, certificate;
	bool again; /* a second client hello was seen */
};

/* A message; whole: all of it. False: it is none. */
bool tls_message(struct dissect_ctx *c, struct tls_handshake *h, enum tls_carrier on, uint8_t type,
		 struct rd body, bool whole);
/* A record of this content type (20 to 26). */
void tls_note_content(struct dissect_ctx *c, struct tls_handshake *h, uint8_t content);
void tls_note_alert(struct dissect_ctx *c, uint8_t level, uint8_t description);
/* Both sides may send data now. */
void tls_note_setup(struct dissect_ctx *c, const struct tls_handshake *h);
/* Whether a server chose TLS 1.3 or a draft of it: what follows its hello is encrypted. */
static inline bool tls_is_13(uint16_t version)
{
	return version == TLS1_3 || version == 0xfefc || version >> 8 == 0x7f;
}
