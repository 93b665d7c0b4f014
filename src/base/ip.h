/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as they are stored everywhere: 16 bytes in network order, IPv4 as ::ffff:a.b.c.d (RFC
 * 4291 2.5.5.2). */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ip {
	uint8_t b[16];
};

enum { IP_TEXT_MAX = 46, MAC_TEXT_MAX = 18 };

static inline struct ip ip_from_v4(const uint8_t *four)
{
	struct ip a = {
	    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, four[0], four[1], four[2], four[3]}};
	return a;
}

static inline bool ip_is_v4(const struct ip *a)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

static inline bool ip_equal(const struct ip *a, const struct ip *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Canonical text (RFC 5952; IPv4 dotted), NUL-terminated into out; returns its length. */
size_t ip_format(const struct ip *a, char out[IP_TEXT_MAX]);
/* Parses a literal IPv4 or IPv6 address of n characters. */
must_check enum err ip_parse(const char *s, size_t n, struct ip *ret);
/* Parses ADDR, ADDR/LEN or ADDR MASK-less; *ret_bits counts from the top of the 128 bits (IPv4 /24
 * = 120). */
must_check enum err ip_parse_net(const char *s, size_t n, struct ip *ret, uint8_t *ret_bits);
/* Whether the first bits (0..128) of a equal those of net. */
bool ip_in_net(const struct ip *a, const struct ip *net, uint8_t bits);
/* From a struct sockaddr_in or sockaddr_in6; ret_port in host order (may be NULL). */
struct sockaddr;
must_check enum err ip_from_sockaddr(const struct sockaddr *sa, struct ip *ret, uint16_t *ret_port);

/* Lower-case colon text of the low 48 bits; returns 17. */
size_t mac_format(uint64_t mac, char out[MAC_TEXT_MAX]);
/* Six parts of one or two hex digits with ':' or '-' between. */
must_check enum err mac_parse(const char *s, size_t n, uint64_t *ret);
