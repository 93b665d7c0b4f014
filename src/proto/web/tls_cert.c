/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/web/tls_cert.h"

#include "base/attr.h"
#include "base/timefmt.h"
#include "net/crypto.h"
#include "proto/ber.h"
#include "proto/dissection.h"
#include "proto/text.h"
#include "proto/web/tls_hello.h"

enum { SAN_TEXT = 512, SAN_NAMES = 64, NAME_PARTS = 32, EXTENSIONS_MAX = 64 };

/* Names of algorithms as OpenSSL spells them. */
struct algorithm {
	const char *name;
	uint8_t n;
	uint8_t oid[10];
	uint16_t bits; /* of a key that has one length only */
};

/* clang-format off */
static const struct algorithm key_algorithms[] = {
	{"rsaEncryption", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1}, 0},
	{"id-ecPublicKey", 7, {0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1}, 0},
	{"rsassaPss", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10}, 0},
	{"dsaEncryption", 7, {0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1}, 0},
	{"dhKeyAgreement", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 3, 1}, 0},
	{"X25519", 3, {0x2b, 0x65, 0x6e}, 253}, {"X448", 3, {0x2b, 0x65, 0x6f}, 448},
	{"ED25519", 3, {0x2b, 0x65, 0x70}, 256}, {"ED448", 3, {0x2b, 0x65, 0x71}, 456},
	{"GOST R 34.10-2001", 6, {0x2a, 0x85, 3, 2, 2, 19}, 256},
	{"GOST R 34.10-2012 with 256 bit modulus", 8, {0x2a, 0x85, 3, 7, 1, 1, 1, 1}, 256},
	{"GOST R 34.10-2012 with 512 bit modulus", 8, {0x2a, 0x85, 3, 7, 1, 1, 1, 2}, 512},
};
static const struct algorithm signature_algorithms[] = {
	{"md2WithRSAEncryption", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2}, 0},
	{"md5WithRSAEncryption", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4}, 0},
	{"sha1WithRSAEncryption", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5}, 0},
	{"rsassaPss", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10}, 0},
	{"sha256WithRSAEncryption", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11}, 0},
	{"sha384WithRSAEncryption", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12}, 0},
	{"sha512WithRSAEncryption", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13}, 0},
	{"sha224WithRSAEncryption", 9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14}, 0},
	{"sha1WithRSA", 5, {0x2b, 0x0e, 3, 2, 29}, 0},
	{"ecdsa-with-SHA1", 7, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1}, 0},
	{"ecdsa-with-SHA224", 8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1}, 0},
	{"ecdsa-with-SHA256", 8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2}, 0},
	{"ecdsa-with-SHA384", 8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3}, 0},
	{"ecdsa-with-SHA512", 8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4}, 0},
	{"dsaWithSHA1", 7, {0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3}, 0},
	{"dsa_with_SHA256", 9, {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2}, 0},
	{"ED25519", 3, {0x2b, 0x65, 0x70}, 0}, {"ED448", 3, {0x2b, 0x65, 0x71}, 0},
};
/* Curves of id-ecPublicKey. */
static const struct algorithm curves[] = {
	{"prime256v1", 8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}, 256},
	{"prime192v1", 8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1}, 192},
	{"secp224r1", 5, {0x2b, 0x81, 4, 0, 33}, 224}, {"secp384r1", 5, {0x2b, 0x81, 4, 0, 34}, 384},
	{"secp521r1", 5, {0x2b, 0x81, 4, 0, 35}, 521}, {"secp256k1", 5, {0x2b, 0x81, 4, 0, 10}, 256},
	{"brainpoolP256r1", 9, {0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7}, 256},
	{"brainpoolP384r1", 9, {0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11}, 384},
	{"brainpoolP512r1", 9, {0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13}, 512},
};
/* clang-format on */

static const struct algorithm *find(const struct algorithm *table, size_t n, struct rd oid)
{
	for (size_t i = 0; i < n; i++)
		if (ber_oid_is(&oid, table[i].oid, table[i].n))
			return &table[i];
	return NULL;
}

/* Its name, or the numbers of an identifier that is not in the table. */
static void note_algorithm(struct dissect_ctx *c, enum field f, const struct algorithm *a,
			   struct rd oid)
{
	char text[BER_OID_TEXT];
	if (a)
		notes_str_once(c->notes, f, a->name, strlen(a->name));
	else if (ber_oid_text(oid, text))
		notes_str_once(c->notes, f, text, strlen(text));
}

/* --- names */

struct name_fields {
	enum field common_name, organisation;
};

/* The last of several common names is the most specific one. */
static void note_name(struct dissect_ctx *c, struct rd name, const struct name_fields *f)
{
	static const uint8_t cn[] = {0x55, 4, 3}, o[] = {0x55, 4, 10};
	struct rd set, pair, oid, found_cn = {0}, found_o = {0};
	struct ber value;
	for (int i = 0; i < NAME_PARTS && ber_expect(&name, BER_UNIVERSAL, BER_SET, &set); i++) {
		if (!ber_expect(&set, BER_UNIVERSAL, BER_SEQUENCE, &pair) ||
		    !ber_expect(&pair, BER_UNIVERSAL, BER_OID, &oid) || !ber_next(&pair, &value))
			continue;
		if (ber_oid_is(&oid, cn, sizeof cn))
			found_cn = value.body;
		else if (ber_oid_is(&oid, o, sizeof o))
			found_o = value.body;
	}
	notes_str_once(c->notes, f->common_name, found_cn.p ? (const void *)found_cn.p : "",
		       rd_left(&found_cn));
	if (rd_left(&found_o))
		notes_str_once(c->notes, f->organisation, found_o.p, rd_left(&found_o));
}

/* --- validity */

static bool two(struct rd *r, unsigned *ret)
{
	uint8_t a = rd_u8(r), b = rd_u8(r);
	if (r->bad || a < '0' || a > '9' || b < '0' || b > '9')
		return false;
	*ret = (a - '0') * 10U + (b - '0');
	return true;
}

/* UTCTime or GeneralizedTime (RFC 5280 4.1.2.5), in seconds since 1970; those before are 0. */
static bool time_of(const struct ber *t, uint64_t *ret)
{
	enum { UTC_TIME = 23, GENERALIZED_TIME = 24 };
	struct rd r = t->body;
	unsigned century = 0, year, month, day, hour, minute, second = 0;
	if (t->tag == GENERALIZED_TIME ? !two(&r, &century) : t->tag != UTC_TIME)
		return false;
	if (!two(&r, &year) || !two(&r, &month) || !two(&r, &day) || !two(&r, &hour) ||
	    !two(&r, &minute) || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
	    minute > 59)
		return false;
	if (!two(&r, &second) || second > 60)
		second = 0;
	if (t->tag == UTC_TIME)
		century = year >= 50 ? 19 : 20;
	if (century * 100 + year < 1970) {
		*ret = 0;
		return true;
	}
	int64_t days = days_from_civil(century * 100 + year, month, day);
	*ret = (uint64_t)(days * 86400 + hour * 3600 + minute * 60 + second);
	return true;
}

static void note_validity(struct dissect_ctx *c, struct rd validity)
{
	struct ber t;
	uint64_t seconds;
	if (ber_next(&validity, &t) && time_of(&t, &seconds))
		notes_num_once(c->notes, F_tls_validity_not_before, seconds);
	if (ber_next(&validity, &t) && time_of(&t, &seconds))
		notes_num_once(c->notes, F_tls_validity_not_after, seconds);
}

/* --- the key */

static uint32_t bits_of_integer(struct rd body)
{
	while (rd_left(&body) && *body.p == 0)
		body.p++;
	size_t n = rd_left(&body);
	return n ? (uint32_t)(n * 8) - (uint32_t)(__builtin_clz(*body.p) - 24) : 0;
}

static uint32_t key_bits(const struct algorithm *a, struct rd parameters, struct rd key)
{
	struct rd body, number;
	const struct algorithm *curve;
	if (a->bits)
		return a->bits;
	if (a == &key_algorithms[1])
		return ber_expect(&parameters, BER_UNIVERSAL, BER_OID, &body) &&
			       (curve = find(curves, ARRAY_LEN(curves), body))
			   ? curve->bits
			   : 0;
	/* RSA: the modulus, first in the key; DSA and DH: the prime, first in the parameters. */
	rd_u8(&key); /* unused bits */
	bool rsa = a == &key_algorithms[0] || a == &key_algorithms[2];
	struct rd *in = rsa ? &key : &parameters;
	return ber_expect(in, BER_UNIVERSAL, BER_SEQUENCE, &body) &&
		       ber_expect(&body, BER_UNIVERSAL, BER_INTEGER, &number)
		   ? bits_of_integer(number)
		   : 0;
}

static void note_key(struct dissect_ctx *c, struct rd info)
{
	struct rd algorithm, oid, key = {0};
	if (!ber_expect(&info, BER_UNIVERSAL, BER_SEQUENCE, &algorithm) ||
	    !ber_expect(&algorithm, BER_UNIVERSAL, BER_OID, &oid))
		return;
	const struct algorithm *a = find(key_algorithms, ARRAY_LEN(key_algorithms), oid);
	note_algorithm(c, F_tls_public_key_alg, a, oid);
	(void)ber_expect(&info, BER_UNIVERSAL, BER_BITS, &key);
	uint32_t bits = a ? key_bits(a, algorithm, key) : 0;
	if (bits)
		notes_num_once(c->notes, F_tls_public_key_length, bits);
}

/* --- extensions */

static void note_names(struct dissect_ctx *c, struct rd names)
{
	enum { DNS_NAME = 2, IP_ADDRESS = 7 };
	char text[SAN_TEXT];
	size_t n = 0;
	struct ber name;
	for (int i = 0; i < SAN_NAMES && ber_next(&names, &name); i++) {
		char ip_text[IP_TEXT_MAX];
		struct rd value = name.body;
		if (name.class_ != BER_CONTEXT || (name.tag != DNS_NAME && name.tag != IP_ADDRESS))
			continue;
		if (name.tag == IP_ADDRESS) {
			struct ip ip;
			if (rd_left(&value) == 4)
				ip = ip_from_v4(value.p);
			else if (rd_left(&value) == 16)
				memcpy(ip.b, value.p, sizeof ip.b);
			else
				continue;
			value = rd_of(ip_text, ip_format(&ip, ip_text));
		}
		size_t len = rd_left(&value);
		if (!len || n + len + 1 > sizeof text)
			break;
		if (n)
			text[n++] = ',';
		memcpy(text + n, value.p, len);
		n += len;
	}
	if (n)
		notes_str_once(c->notes, F_tls_san, text, n);
}

static void note_extensions(struct dissect_ctx *c, struct rd list)
{
	static const uint8_t alt_names[] = {0x55, 0x1d, 17};
	struct rd extension, oid, value, names;
	for (int i = 0;
	     i < EXTENSIONS_MAX && ber_expect(&list, BER_UNIVERSAL, BER_SEQUENCE, &extension);
	     i++) {
		struct rd critical;
		if (!ber_expect(&extension, BER_UNIVERSAL, BER_OID, &oid) ||
		    !ber_oid_is(&oid, alt_names, sizeof alt_names))
			continue;
		(void)ber_expect(&extension, BER_UNIVERSAL, BER_BOOLEAN, &critical);
		if (ber_expect(&extension, BER_UNIVERSAL, BER_OCTETS, &value) &&
		    ber_expect(&value, BER_UNIVERSAL, BER_SEQUENCE, &names))
			note_names(c, names);
	}
}

/* --- */

static void note_fingerprints(struct dissect_ctx *c, struct rd der)
{
	struct crypto *crypto = dissect_crypto(c);
	uint8_t digest[DIGEST_BYTES_MAX];
	if (!crypto)
		return;
	crypto_digest_begin(crypto, DIGEST_SHA1);
	crypto_digest_add(crypto, DIGEST_SHA1, der.p, rd_left(&der));
	size_t n = crypto_digest_end(crypto, DIGEST_SHA1, digest);
	tls_note_hex(c, F_tls_cert_sha1, rd_of(digest, n));
	crypto_digest_begin(crypto, DIGEST_SHA256);
	crypto_digest_add(crypto, DIGEST_SHA256, der.p, rd_left(&der));
	n = crypto_digest_end(crypto, DIGEST_SHA256, digest);
	tls_note_hex(c, F_tls_cert_sha256, rd_of(digest, n));
}

/* A SEQUENCE of which the end may be missing. */
static struct rd open_sequence(struct rd *r)
{
	struct rd body;
	size_t whole = ber_whole(r);
	if (whole <= rd_left(r))
		return ber_expect(r, BER_UNIVERSAL, BER_SEQUENCE, &body) ? body
									 : (struct rd){.bad = true};
	if (rd_u8(r) != (0x20 | BER_SEQUENCE))
		return (struct rd){.bad = true};
	uint8_t len = rd_u8(r);
	rd_skip(r, len & 0x80 ? len & 0x7f : 0);
	return *r;
}

void tls_note_certificate(struct dissect_ctx *c, struct rd der, bool whole)
{
	static const struct name_fields issuer_fields = {F_tls_issuer_cn, F_tls_issuer_org};
	static const struct name_fields subject_fields = {F_tls_subject_cn, F_tls_subject_org};
	struct rd r = der, body, serial, algorithm, oid, issuer, validity, subject, key;
	if (whole)
		note_fingerprints(c, der);
	struct rd certificate = open_sequence(&r);
	struct rd tbs = open_sequence(&certificate);
	(void)ber_expect(&tbs, BER_CONTEXT, 0, &body); /* version */
	if (ber_expect(&tbs, BER_UNIVERSAL, BER_INTEGER, &serial))
		tls_note_hex(c, F_tls_serial, serial);
	if (ber_expect(&tbs, BER_UNIVERSAL, BER_SEQUENCE, &algorithm) &&
	    ber_expect(&algorithm, BER_UNIVERSAL, BER_OID, &oid))
		note_algorithm(c, F_tls_signature_alg,
			       find(signature_algorithms, ARRAY_LEN(signature_algorithms), oid),
			       oid);
	if (!ber_expect(&tbs, BER_UNIVERSAL, BER_SEQUENCE, &issuer))
		return;
	note_name(c, issuer, &issuer_fields);
	if (!ber_expect(&tbs, BER_UNIVERSAL, BER_SEQUENCE, &validity))
		return;
	note_validity(c, validity);
	if (!ber_expect(&tbs, BER_UNIVERSAL, BER_SEQUENCE, &subject))
		return;
	note_name(c, subject, &subject_fields);
	if (rd_left(&issuer) == rd_left(&subject) &&
	    memcmp(issuer.p, subject.p, rd_left(&subject)) == 0)
		notes_num_once(c->notes, F_tls_self_signed, 1);
	if (!ber_expect(&tbs, BER_UNIVERSAL, BER_SEQUENCE, &key))
		return;
	note_key(c, key);
	while (ber_expect(&tbs, BER_CONTEXT, 1, &body) || ber_expect(&tbs, BER_CONTEXT, 2, &body))
		;
	if (ber_expect(&tbs, BER_CONTEXT, 3, &body) &&
	    ber_expect(&body, BER_UNIVERSAL, BER_SEQUENCE, &r))
		note_extensions(c, r);
}
