/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/community.h"

#include "base/rd.h"
#include "packet/numbers.h"

#include <string.h>

enum { INPUT_MAX = 2 + 16 + 16 + 2 + 4, NO_ANSWER = -1 };

/* What stands for the ports of ICMP: the type, and the type of what answers it; without such a one
 * the code, and the direction is kept. */
static const struct {
	uint8_t proto, type, answer;
} answers[] = {
    {PROTO_ICMP, 8, 0},      {PROTO_ICMP, 13, 14},    {PROTO_ICMP, 15, 16},
    {PROTO_ICMP, 17, 18},    {PROTO_ICMP, 10, 9},     {PROTO_ICMP6, 128, 129},
    {PROTO_ICMP6, 130, 131}, {PROTO_ICMP6, 133, 134}, {PROTO_ICMP6, 135, 136},
    {PROTO_ICMP6, 139, 140}, {PROTO_ICMP6, 144, 145},
};

static int answer_of(uint8_t proto, uint8_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		if (answers[i].proto != proto)
			continue;
		if (answers[i].type == type)
			return answers[i].answer;
		if (answers[i].answer == type)
			return answers[i].type;
	}
	return NO_ANSWER;
}

static void encode(const uint8_t in[SHA1_BYTES], char *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t padded[SHA1_BYTES + 1] = {0};
	memcpy(padded, in, SHA1_BYTES);
	for (size_t i = 0; i < sizeof(padded); i += 3, out += 4) {
		uint32_t v = (uint32_t)load_be(padded + i, 3);
		for (unsigned k = 0; k < 4; k++)
			out[k] = digits[v >> (18 - 6 * k) & 63];
	}
	out[-1] = '=';
}

static size_t put_ends(uint8_t *out, const struct ip ends[2])
{
	size_t from = ip_is_v4(&ends[0]) ? 12 : 0, n = 16 - from;
	memcpy(out, ends[0].b + from, n);
	memcpy(out + n, ends[1].b + from, n);
	return 2 * n;
}

bool community_id(struct crypto *c, const struct community_flow *f, char ret[COMMUNITY_TEXT])
{
	bool icmp = f->proto == PROTO_ICMP || f->proto == PROTO_ICMP6;
	int answer = icmp ? answer_of(f->proto, f->icmp_type) : 0;
	uint16_t port[2] = {f->src_port, f->dst_port};
	struct ip ends[2] = {f->src, f->dst};
	if (icmp) {
		port[0] = f->icmp_type;
		port[1] = (uint16_t)(answer == NO_ANSWER ? f->icmp_code : answer);
	}
	int order = memcmp(ends[0].b, ends[1].b, sizeof(ends[0].b));
	if (answer != NO_ANSWER && (order > 0 || (order == 0 && port[0] > port[1]))) {
		ends[0] = f->dst;
		ends[1] = f->src;
		uint16_t first = port[1];
		port[1] = port[0];
		port[0] = first;
	}
	uint8_t input[INPUT_MAX] = {0}, digest[DIGEST_BYTES_MAX];
	size_t n = 2;
	n += put_ends(input + n, ends);
	input[n] = f->proto;
	n += 2;
	if (icmp || f->proto == PROTO_TCP || f->proto == PROTO_UDP || f->proto == PROTO_SCTP) {
		for (unsigned i = 0; i < 2; i++, n += 2) {
			input[n] = (uint8_t)(port[i] >> 8);
			input[n + 1] = (uint8_t)port[i];
		}
	}
	crypto_digest_begin(c, DIGEST_SHA1);
	crypto_digest_add(c, DIGEST_SHA1, input, n);
	if (crypto_digest_end(c, DIGEST_SHA1, digest) != SHA1_BYTES)
		return false;
	memcpy(ret, "1:", 2);
	encode(digest, ret + 2);
	return true;
}
