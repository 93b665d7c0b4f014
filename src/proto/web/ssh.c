/* SPDX-License-Identifier: Apache-2.0 */
/* SSH 1.99 and 2.0 (RFC 4253) on any port: known by the version line. The algorithms that both
 * sides offer give HASSH and HASSHServer and, by the rule of RFC 4253 7.1, those that are used;
 * what follows is encrypted. */
#include "net/crypto.h"
#include "proto/dissection.h"
#include "proto/text.h"

enum {
	BANNER_MAX = 255,
	PACKET_MAX = 8192,   /* of a KEXINIT; RFC 4253 6.1 wants 35000, real ones have 2000 */
	PACKET_MIN = 5 + 17, /* length, padding, type, cookie */
	LISTS = 10,          /* of names in a KEXINIT */
	OFFERS = 4,          /* of them that are used for the record */
	OFFERS_BYTES = 2048,
	ALONE_MAX = 16, /* payloads waited for the other side's */
	SSH_KEXINIT = 20,
};

/* The name-lists of RFC 4253 7.1. */
enum ssh_list { KEX, HOST_KEY, CIPHER_CS, CIPHER_SC, MAC_CS, MAC_SC, ZIP_CS, ZIP_SC };

static const struct {
	enum ssh_list list;
	enum field field;
} offers[OFFERS] = {{KEX, F_ssh_kex},
		    {HOST_KEY, F_ssh_host_key_alg},
		    {CIPHER_CS, F_ssh_cipher},
		    {MAC_CS, F_ssh_mac}};

struct ssh_side {
	bool banner, offered;
};

struct ssh {
	struct ssh_side side[2];
	uint8_t n_alone;
	uint16_t end[OFFERS]; /* of each offer of the side that came first, in text */
	char text[OFFERS_BYTES];
};

/* --- algorithms */

static struct rd next_name(struct rd *list)
{
	return text_until(list, ',');
}

/* The first of the client's names that the server has too. */
static void note_common(struct dissect_ctx *c, enum field f, struct rd client, struct rd server)
{
	while (rd_left(&client)) {
		struct rd name = next_name(&client), others = server;
		while (rd_left(&others)) {
			struct rd other = next_name(&others);
			if (rd_left(&name) && rd_left(&name) == rd_left(&other) &&
			    memcmp(name.p, other.p, rd_left(&name)) == 0) {
				notes_str_once(c->notes, f, name.p, rd_left(&name));
				return;
			}
		}
	}
}

static void keep_offers(struct ssh *s, const struct rd lists[LISTS])
{
	size_t at = 0;
	for (int i = 0; i < OFFERS; i++) {
		const struct rd *list = &lists[offers[i].list];
		size_t n = rd_left(list);
		if (n && n <= sizeof s->text - at) {
			memcpy(s->text + at, list->p, n);
			at += n;
		}
		s->end[i] = (uint16_t)at;
	}
}

static void settle(struct dissect_ctx *c, const struct ssh *s, const struct rd lists[LISTS])
{
	for (int i = 0; i < OFFERS; i++) {
		size_t from = i ? s->end[i - 1] : 0;
		struct rd first = rd_of(s->text + from, s->end[i] - from);
		struct rd second = lists[offers[i].list];
		note_common(c, offers[i].field, c->dir ? first : second, c->dir ? second : first);
	}
}

/* HASSH: the MD5 of four lists with ';' between. */
static void note_hassh(struct dissect_ctx *c, const struct rd lists[LISTS])
{
	static const enum ssh_list of_client[] = {KEX, CIPHER_CS, MAC_CS, ZIP_CS};
	static const enum ssh_list of_server[] = {KEX, CIPHER_SC, MAC_SC, ZIP_SC};
	struct crypto *crypto = dissect_crypto(c);
	uint8_t digest[DIGEST_BYTES_MAX];
	char text[2 * MD5_BYTES];
	if (!crypto)
		return;
	crypto_digest_begin(crypto, DIGEST_MD5);
	for (int i = 0; i < 4; i++) {
		const struct rd *list = &lists[(c->dir ? of_server : of_client)[i]];
		if (i)
			crypto_digest_add(crypto, DIGEST_MD5, ";", 1);
		crypto_digest_add(crypto, DIGEST_MD5, list->p, rd_left(list));
	}
	if (crypto_digest_end(crypto, DIGEST_MD5, digest) != MD5_BYTES)
		return;
	text_hex(digest, MD5_BYTES, text);
	notes_str_once(c->notes, c->dir ? F_ssh_hassh_server : F_ssh_hassh, text, sizeof text);
}

static enum dissect read_offer(struct dissect_ctx *c, struct ssh *s, struct rd r)
{
	struct rd lists[LISTS];
	rd_skip(&r, 16); /* cookie */
	for (int i = 0; i < LISTS; i++)
		lists[i] = rd_sub(&r, rd_be32(&r));
	if (r.bad)
		return DISSECT_DONE;
	note_hassh(c, lists);
	s->side[c->dir].offered = true;
	if (!s->side[!c->dir].offered) {
		keep_offers(s, lists);
		return DISSECT_MINE;
	}
	settle(c, s, lists);
	return DISSECT_DONE;
}

/* --- messages */

static enum dissect read_packet(struct dissect_ctx *c, struct ssh *s, struct rd *payload)
{
	struct rd r = *payload;
	if (rd_left(&r) < 6)
		return DISSECT_MINE;
	uint32_t n = rd_be32(&r);
	uint8_t padding = rd_u8(&r), type = rd_u8(&r);
	if (n < PACKET_MIN || n > PACKET_MAX || padding + 2U > n || type != SSH_KEXINIT)
		return DISSECT_DONE;
	struct rd body = rd_sub(&r, n - 2);
	if (body.bad)
		return DISSECT_MINE; /* the rest is still to come */
	*payload = r;
	body.end -= padding;
	return read_offer(c, s, body);
}

static enum dissect read_banner(struct dissect_ctx *c, struct ssh *s, struct rd *payload)
{
	static const char begin[] = "SSH-";
	struct rd r = *payload, line;
	size_t n = rd_left(&r), known = n < 4 ? n : 4;
	if (memcmp(r.p, begin, known) != 0)
		return DISSECT_NOT_MINE;
	if (!text_line(&r, &line))
		return n > BANNER_MAX ? DISSECT_NOT_MINE : DISSECT_MORE;
	if (!text_begins(&line, "SSH-2.0-") && !text_begins(&line, "SSH-1."))
		return DISSECT_NOT_MINE;
	notes_str_once(c->notes, c->dir ? F_ssh_server_version : F_ssh_client_version, line.p,
		       rd_left(&line));
	s->side[c->dir].banner = true;
	*payload = r;
	return text_begins(&line, "SSH-1.") && !text_begins(&line, "SSH-1.99") ? DISSECT_DONE
									       : DISSECT_MINE;
}

static enum dissect ssh_see(struct dissect_ctx *c, struct rd *payload)
{
	struct ssh *s = c->state;
	struct ssh_side *side = &s->side[c->dir];
	bool known = s->side[0].banner || s->side[1].banner;
	if (c->gap && known)
		return DISSECT_DONE;
	while (rd_left(payload)) {
		const uint8_t *before = payload->p;
		enum dissect got;
		if (side->offered) { /* what follows here is the key exchange itself */
			rd_skip(payload, rd_left(payload));
			return ++s->n_alone > ALONE_MAX ? DISSECT_DONE : DISSECT_MINE;
		}
		got = side->banner ? read_packet(c, s, payload) : read_banner(c, s, payload);
		known |= side->banner;
		if (got == DISSECT_NOT_MINE && known)
			return DISSECT_DONE;
		if (got == DISSECT_MORE && known)
			return DISSECT_MINE;
		if (got != DISSECT_MINE || payload->p == before)
			return got;
	}
	return DISSECT_MINE;
}

const struct dissector dissector_ssh = {
    .name = "ssh",
    .title = "Secure Shell",
    .over = OVER_TCP,
    .ports = {22, 2222, 830},
    FIRST_BYTES("SS"),
    .state_size = sizeof(struct ssh),
    .see = ssh_see,
};
