/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints of hellos: JA3 and JA3S (the MD5 of decimal lists), JA4 (two truncated SHA-256 of
 * sorted hexadecimal lists behind a readable part). Lists are hashed while they are written, so a
 * long one needs no room. */
#include "base/attr.h"
#include "net/crypto.h"
#include "proto/text.h"
#include "proto/web/tls_hello.h"

enum { CHUNK = 256, JA4_HASH = 12 };

/* Text on its way into a digest. */
struct writer {
	struct crypto *crypto;
	enum crypto_digest digest;
	size_t n;
	char text[CHUNK];
};

static void begin(struct writer *w, struct crypto *crypto, enum crypto_digest digest)
{
	w->crypto = crypto;
	w->digest = digest;
	w->n = 0;
	crypto_digest_begin(crypto, digest);
}

static void flush(struct writer *w)
{
	crypto_digest_add(w->crypto, w->digest, w->text, w->n);
	w->n = 0;
}

static void put(struct writer *w, char c)
{
	if (w->n == CHUNK)
		flush(w);
	w->text[w->n++] = c;
}

static void put_decimal(struct writer *w, uint32_t v)
{
	char digits[10];
	unsigned n = 0;
	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		put(w, digits[--n]);
}

static void put_hex16(struct writer *w, uint16_t v)
{
	for (int shift = 12; shift >= 0; shift -= 4)
		put(w, "0123456789abcdef"[v >> shift & 15]);
}

static bool end_hex(struct writer *w, size_t n, char *ret)
{
	uint8_t digest[DIGEST_BYTES_MAX];
	flush(w);
	if (crypto_digest_end(w->crypto, w->digest, digest) < n / 2)
		return false;
	text_hex(digest, n / 2, ret);
	return true;
}

/* --- JA3 */

/* Numbers of `width` bytes in decimal, with '-' between; reserved ones are left out. */
static void put_list(struct writer *w, struct rd list, unsigned width)
{
	bool more = false;
	while (rd_left(&list) >= width) {
		uint32_t v = (uint32_t)load_be(rd_take(&list, width), width);
		if (width == 2 && tls_grease((uint16_t)v))
			continue;
		if (more)
			put(w, '-');
		put_decimal(w, v);
		more = true;
	}
}

static void put_extensions(struct writer *w, const struct tls_hello *h, bool with_grease)
{
	bool more = false;
	for (unsigned i = 0; i < h->n_extensions; i++) {
		if (!with_grease && tls_grease(h->extension[i]))
			continue;
		if (more)
			put(w, '-');
		put_decimal(w, h->extension[i]);
		more = true;
	}
}

bool tls_ja3(struct crypto *crypto, const struct tls_hello *h, char ret[32])
{
	struct writer w;
	begin(&w, crypto, DIGEST_MD5);
	put_decimal(&w, h->legacy_version);
	put(&w, ',');
	put_list(&w, h->ciphers, 2);
	put(&w, ',');
	put_extensions(&w, h, false);
	put(&w, ',');
	put_list(&w, h->groups, 2);
	put(&w, ',');
	put_list(&w, h->point_formats, 1);
	return end_hex(&w, 32, ret);
}

bool tls_ja3_ssl2(struct crypto *crypto, uint16_t version, struct rd ciphers, char ret[32])
{
	struct writer w;
	begin(&w, crypto, DIGEST_MD5);
	put_decimal(&w, version);
	put(&w, ',');
	put_list(&w, ciphers, 3);
	for (int i = 0; i < 3; i++)
		put(&w, ',');
	return end_hex(&w, 32, ret);
}

bool tls_ja3s(struct crypto *crypto, const struct tls_hello *h, char ret[32])
{
	struct writer w;
	begin(&w, crypto, DIGEST_MD5);
	put_decimal(&w, h->legacy_version);
	put(&w, ',');
	put_decimal(&w, load_be16(h->ciphers.p));
	put(&w, ',');
	put_extensions(&w, h, true);
	return end_hex(&w, 32, ret);
}

/* --- JA4 */

static void sort(uint16_t *v, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		uint16_t x = v[i];
		unsigned at = i;
		for (; at && v[at - 1] > x; at--)
			v[at] = v[at - 1];
		v[at] = x;
	}
}

static void put_sorted(struct writer *w, uint16_t *v, unsigned n)
{
	sort(v, n);
	for (unsigned i = 0; i < n; i++) {
		if (i)
			put(w, ',');
		put_hex16(w, v[i]);
	}
}

static const char *ja4_version(uint16_t v)
{
	static const struct {
		uint16_t version;
		char text[3];
	} known[] = {
	    {0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"},
	    {0x0002, "s2"}, {0xfeff, "d1"}, {0xfefd, "d2"}, {0xfefc, "d3"},
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].version == v)
			return known[i].text;
	return "00";
}

static bool alphanumeric(uint8_t b)
{
	return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
}

/* The first and the last character of the first protocol, of its hex where they are no letters. */
static void ja4_alpn(struct rd list, char ret[2])
{
	struct rd name = rd_sub(&list, rd_u8(&list));
	ret[0] = ret[1] = '0';
	if (!rd_left(&name))
		return;
	uint8_t first = *name.p, last = name.end[-1];
	if (alphanumeric(first) && alphanumeric(last)) {
		ret[0] = (char)first;
		ret[1] = (char)last;
	} else {
		ret[0] = "0123456789abcdef"[first >> 4];
		ret[1] = "0123456789abcdef"[last & 15];
	}
}

static void two_digits(unsigned n, char *ret)
{
	n = n > 99 ? 99 : n;
	ret[0] = (char)('0' + n / 10);
	ret[1] = (char)('0' + n % 10);
}

static bool ja4_ciphers(struct crypto *crypto, struct rd list, char count[2], char hash[JA4_HASH])
{
	uint16_t v[TLS_CIPHERS_MAX];
	unsigned n = 0;
	if (rd_left(&list) / 2 > TLS_CIPHERS_MAX)
		return false;
	while (rd_left(&list) >= 2) {
		v[n] = rd_be16(&list);
		n += !tls_grease(v[n]);
	}
	two_digits(n, count);
	memset(hash, '0', JA4_HASH);
	if (!n)
		return true;
	struct writer w;
	begin(&w, crypto, DIGEST_SHA256);
	put_sorted(&w, v, n);
	return end_hex(&w, JA4_HASH, hash);
}

static bool ja4_extensions(struct crypto *crypto, const struct tls_hello *h, char count[2],
			   char hash[JA4_HASH])
{
	uint16_t v[TLS_EXTENSIONS];
	unsigned n = 0, n_all = 0;
	for (unsigned i = 0; i < h->n_extensions; i++) {
		uint16_t type = h->extension[i];
		n_all += !tls_grease(type);
		if (!tls_grease(type) && type != EXT_SERVER_NAME && type != EXT_ALPN)
			v[n++] = type;
	}
	two_digits(n_all, count);
	memset(hash, '0', JA4_HASH);
	if (!n)
		return true;
	struct writer w;
	begin(&w, crypto, DIGEST_SHA256);
	put_sorted(&w, v, n);
	struct rd list = h->signatures;
	for (char before = '_'; rd_left(&list) >= 2;) {
		uint16_t algorithm = rd_be16(&list);
		if (tls_grease(algorithm))
			continue;
		put(&w, before);
		put_hex16(&w, algorithm);
		before = ',';
	}
	return end_hex(&w, JA4_HASH, hash);
}

bool tls_ja4(struct crypto *crypto, enum tls_carrier on, const struct tls_hello *h,
	     char ret[TLS_JA4_BYTES])
{
	/* t13d1516h2_8daaf6152771_e5627efa2ab1 */
	const char *version = ja4_version(h->version);
	ret[0] = (char)on;
	ret[1] = version[0];
	ret[2] = version[1];
	ret[3] = h->has_sni ? 'd' : 'i';
	ja4_alpn(h->alpn, ret + 8);
	ret[10] = ret[23] = '_';
	return ja4_ciphers(crypto, h->ciphers, ret + 4, ret + 11) &&
	       ja4_extensions(crypto, h, ret + 6, ret + 24);
}
