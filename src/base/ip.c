/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

size_t ip_format(const struct ip *a, char out[IP_TEXT_MAX])
{
	if (!ip_is_v4(a)) {
		inet_ntop(AF_INET6, a->b, out, IP_TEXT_MAX);
		return strlen(out);
	}
	size_t n = 0;
	for (size_t i = 12; i < 16; i++) {
		uint8_t v = a->b[i];
		if (i > 12)
			out[n++] = '.';
		if (v >= 100)
			out[n++] = (char)('0' + v / 100);
		if (v >= 10)
			out[n++] = (char)('0' + v / 10 % 10);
		out[n++] = (char)('0' + v % 10);
	}
	out[n] = 0;
	return n;
}

enum err ip_parse(const char *s, size_t n, struct ip *ret)
{
	char text[IP_TEXT_MAX];
	if (n == 0 || n >= sizeof(text) || memchr(s, 0, n))
		return ERR_MALFORMED;
	memcpy(text, s, n);
	text[n] = 0;
	uint8_t four[4];
	struct ip a;
	if (inet_pton(AF_INET, text, four) == 1)
		a = ip_from_v4(four);
	else if (inet_pton(AF_INET6, text, a.b) != 1)
		return ERR_MALFORMED;
	*ret = a;
	return ERR_OK;
}

enum err ip_parse_net(const char *s, size_t n, struct ip *ret, uint8_t *ret_bits)
{
	const char *slash = memchr(s, '/', n);
	size_t addr_len = slash ? (size_t)(slash - s) : n;
	struct ip a;
	enum err e = ip_parse(s, addr_len, &a);
	if (e)
		return e;
	/* "::ffff:a.b.c.d/N" counts over 128 bits, "a.b.c.d/N" over 32. */
	unsigned base = memchr(s, ':', addr_len) ? 0 : 96;
	unsigned bits = 128 - base;
	if (slash) {
		size_t digits = n - addr_len - 1;
		if (digits == 0 || digits > 3)
			return ERR_MALFORMED;
		bits = 0;
		for (size_t i = 0; i < digits; i++) {
			char c = slash[1 + i];
			if (c < '0' || c > '9')
				return ERR_MALFORMED;
			bits = bits * 10 + (unsigned)(c - '0');
		}
		if (bits > 128 - base)
			return ERR_MALFORMED;
	}
	*ret = a;
	*ret_bits = (uint8_t)(base + bits);
	return ERR_OK;
}

bool ip_in_net(const struct ip *a, const struct ip *net, uint8_t bits)
{
	size_t whole = bits / 8;
	if (memcmp(a->b, net->b, whole) != 0)
		return false;
	unsigned rest = bits % 8;
	if (rest == 0)
		return true;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));
	return ((a->b[whole] ^ net->b[whole]) & mask) == 0;
}

enum err ip_from_sockaddr(const struct sockaddr *sa, struct ip *ret, uint16_t *ret_port)
{
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		*ret = ip_from_v4((const uint8_t *)&in.sin_addr);
		if (ret_port)
			*ret_port = ntohs(in.sin_port);
		return ERR_OK;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		memcpy(ret->b, &in6.sin6_addr, 16);
		if (ret_port)
			*ret_port = ntohs(in6.sin6_port);
		return ERR_OK;
	}
	return ERR_UNSUPPORTED;
}

size_t mac_format(uint64_t mac, char out[MAC_TEXT_MAX])
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;
	for (int shift = 40; shift >= 0; shift -= 8) {
		uint8_t v = (uint8_t)(mac >> shift);
		if (n)
			out[n++] = ':';
		out[n++] = hex[v >> 4];
		out[n++] = hex[v & 15];
	}
	out[n] = 0;
	return n;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

enum err mac_parse(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;
	unsigned parts = 0, digits = 0, part = 0;
	for (size_t i = 0; i <= n; i++) {
		char c = i < n ? s[i] : ':';
		int d = hex_digit(c);
		if (d >= 0) {
			part = part << 4 | (unsigned)d;
			if (++digits > 2)
				return ERR_MALFORMED;
			continue;
		}
		if ((c != ':' && c != '-') || digits == 0 || ++parts > 6)
			return ERR_MALFORMED;
		v = v << 8 | part;
		part = digits = 0;
	}
	if (parts != 6)
		return ERR_MALFORMED;
	*ret = v;
	return ERR_OK;
}
