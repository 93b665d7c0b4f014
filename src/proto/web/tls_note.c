/* SPDX-License-Identifier: Apache-2.0 */
/* What a flow's record says of hellos. */
#include "base/attr.h"
#include "proto/dissection.h"
#include "proto/text.h"
#include "proto/web/tls_hello.h"

enum { ALPN_TEXT = 128, HEX_BYTES = 64 };
/* Bits of tls_post_quantum. */
enum { PQ_OFFERED = 1, PQ_KEY_SENT = 2, PQ_CHOSEN = 4 };

/* Groups with a part that quantum computers do not break. */
static const uint16_t pq_groups[] = {
    0x0200, 0x0201, 0x0202,         /* ML-KEM-512, -768, -1024 */
    0x11eb, 0x11ec, 0x11ed,         /* ML-KEM with P-256, X25519, P-384 */
    0x6399, 0x639a, 0xfe30, 0xfe31, /* Kyber drafts */
    0x4138,                         /* CECPQ2 */
};

static bool post_quantum(uint16_t group)
{
	for (size_t i = 0; i < ARRAY_LEN(pq_groups); i++)
		if (pq_groups[i] == group)
			return true;
	return false;
}

void tls_note_hex(struct dissect_ctx *c, enum field f, struct rd bytes)
{
	char text[2 * HEX_BYTES];
	size_t n = MIN_OF(rd_left(&bytes), HEX_BYTES);
	text_hex(bytes.p, n, text);
	notes_str_once(c->notes, f, text, 2 * n);
}

static void note_list(struct dissect_ctx *c, enum field f, struct rd list, unsigned width)
{
	uint32_t v[NOTES_LIST_MAX];
	size_t n = 0;
	for (; n < NOTES_LIST_MAX && rd_left(&list) >= width; n++)
		v[n] = (uint32_t)load_be(rd_take(&list, width), width);
	notes_list_once(c->notes, f, v, n);
}

/* Names of protocols with a comma between. */
static void note_alpn(struct dissect_ctx *c, enum field f, struct rd list)
{
	char text[ALPN_TEXT];
	size_t n = 0;
	while (rd_left(&list)) {
		struct rd name = rd_sub(&list, rd_u8(&list));
		size_t len = rd_left(&name);
		if (!len || n + len + 1 > sizeof text)
			break;
		if (n)
			text[n++] = ',';
		memcpy(text + n, name.p, len);
		n += len;
	}
	if (n)
		notes_str_once(c->notes, f, text, n);
}

static void note_client_prints(struct dissect_ctx *c, enum tls_carrier on,
			       const struct tls_hello *h)
{
	struct crypto *crypto = dissect_crypto(c);
	char ja3[32], ja4[TLS_JA4_BYTES];
	if (!crypto)
		return;
	if (tls_ja3(crypto, h, ja3))
		notes_str_once(c->notes, F_tls_ja3, ja3, sizeof ja3);
	if (tls_ja4(crypto, on, h, ja4))
		notes_str_once(c->notes, F_tls_ja4, ja4, sizeof ja4);
}

static void note_client_groups(struct dissect_ctx *c, const struct tls_hello *h)
{
	struct rd groups = h->groups, shares = h->key_share;
	unsigned pq = 0;
	while (rd_left(&groups) >= 2)
		pq |= post_quantum(rd_be16(&groups)) ? PQ_OFFERED : 0;
	while (rd_left(&shares) >= 4) {
		pq |= post_quantum(rd_be16(&shares)) ? PQ_KEY_SENT : 0;
		rd_skip(&shares, rd_be16(&shares));
	}
	if (pq)
		notes_num_or(c->notes, F_tls_post_quantum, pq);
	note_list(c, F_tls_groups, h->groups, 2);
	note_list(c, F_tls_point_formats, h->point_formats, 1);
}

static void note_extensions(struct dissect_ctx *c, const struct tls_hello *h)
{
	uint32_t types[NOTES_LIST_MAX], lengths[NOTES_LIST_MAX];
	size_t n = 0;
	for (; n < h->n_extensions && n < NOTES_LIST_MAX; n++) {
		types[n] = h->extension[n];
		lengths[n] = h->extension_len[n];
	}
	notes_list_once(c->notes, F_tls_extension_types, types, n);
	notes_list_once(c->notes, F_tls_extension_lengths, lengths, n);
}

void tls_note_client(struct dissect_ctx *c, enum tls_carrier on, const struct tls_hello *h)
{
	struct notes *n = c->notes;
	notes_num_once(n, F_tls_client_version, h->version);
	notes_num_once(n, F_tls_version, h->version);
	if (h->has_sni && rd_left(&h->sni)) {
		notes_str_once(n, F_tls_sni, h->sni.p, rd_left(&h->sni));
		notes_num_once(n, F_tls_sni_length, rd_left(&h->sni));
	}
	tls_note_hex(c, F_tls_client_random, h->random);
	if (rd_left(&h->session_id))
		tls_note_hex(c, F_tls_client_session_id, h->session_id);
	note_alpn(c, F_tls_client_alpn, h->alpn);
	note_list(c, F_tls_cipher_suites, h->ciphers, 2);
	note_extensions(c, h);
	note_client_groups(c, h);
	if (h->ech)
		notes_num_once(n, F_tls_ech, 1);
	if (h->early_data)
		notes_num_once(n, F_tls_early_data, 1);
	note_client_prints(c, on, h);
}

void tls_note_group(struct dissect_ctx *c, uint16_t group)
{
	notes_num_once(c->notes, F_tls_group, group);
	if (post_quantum(group))
		notes_num_or(c->notes, F_tls_post_quantum, PQ_CHOSEN);
}

void tls_note_server(struct dissect_ctx *c, const struct tls_hello *h)
{
	struct notes *n = c->notes;
	struct rd share = h->key_share;
	char ja3s[32];
	notes_num_once(n, F_tls_server_version, h->version);
	notes_num_put(n, F_tls_version, h->version);
	notes_num_once(n, F_tls_cipher_suite, load_be16(h->ciphers.p));
	tls_note_hex(c, F_tls_server_random, h->random);
	if (rd_left(&h->session_id))
		tls_note_hex(c, F_tls_server_session_id, h->session_id);
	note_alpn(c, F_tls_alpn, h->alpn);
	if (rd_left(&share) >= 2)
		tls_note_group(c, rd_be16(&share));
	if (h->pre_shared_key)
		notes_num_once(n, F_tls_resumed, 1);
	struct crypto *crypto = dissect_crypto(c);
	if (crypto && tls_ja3s(crypto, h, ja3s))
		notes_str_once(n, F_tls_ja3s, ja3s, sizeof ja3s);
}
