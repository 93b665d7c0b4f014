/* SPDX-License-Identifier: Apache-2.0 */
/* The wire format that DNS, multicast DNS and LLMNR share (RFC 1035 4.1): names with compression,
 * questions, resource records, and their data as text. Nothing here keeps state; every read is
 * inside the message. */
#pragma once
#include "base/rd.h"

/* A name of 255 bytes (RFC 1035 2.3.4), every one of them escaped as \DDD. */
enum { DNS_NAME_TEXT = 1024, DNS_NAME_WIRE = 255, DNS_JUMPS_MAX = 64, DNS_HEADER = 12 };

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_HINFO = 13,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_DNAME = 39,
	DNS_OPT = 41,
	DNS_SPF = 99,
	DNS_CAA = 257,
};

/* Text that is cut where its room ends. */
struct dns_text {
	size_t n;
	char s[DNS_NAME_TEXT];
};

struct dns_header {
	uint16_t id, flags;
	uint16_t questions, answers, authorities, additionals;
};

struct dns_question {
	struct dns_text name;
	uint16_t type, class;
};

struct dns_rr {
	struct dns_text name;
	uint16_t type, class, rdata_len;
	uint32_t ttl;
	size_t rdata_at; /* offset in the message */
};

static inline bool dns_is_answer(const struct dns_header *h)
{
	return h->flags & 0x8000;
}
static inline unsigned dns_opcode(const struct dns_header *h)
{
	return h->flags >> 11 & 15;
}

/* False where fewer than 12 bytes are there. */
bool dns_read_header(struct rd *msg, struct dns_header *ret);
/* Reads the name at *at of the message `whole` and moves *at behind it. Labels are joined with
 * dots, none at the end; the root is "."; bytes that are no printable character, dots and
 * backslashes of a label are \DDD. False if it is no name: too long, a pointer that does not lead
 * back, cut. */
bool dns_read_name(struct rd whole, size_t *at, struct dns_text *ret);
/* As dns_read_name, but looks at nothing that a pointer leads to. */
bool dns_skip_name(struct rd whole, size_t *at);
bool dns_read_question(struct rd whole, size_t *at, struct dns_question *ret);
/* with_name: or ret->name stays empty, which is much faster. */
bool dns_read_rr(struct rd whole, size_t *at, bool with_name, struct dns_rr *ret);
/* The data of rr as people write it: an address, "10 mail.example", ... ; unknown types as in RFC
 * 3597 ("\# 2 0102"). Empty if the data are not what the type asks for. */
void dns_data_text(struct rd whole, const struct dns_rr *rr, struct dns_text *ret);
/* As Flowmon's dnsCrrRdata wants it: bytes as they are, names in them as text. */
void dns_data_flat(struct rd whole, const struct dns_rr *rr, struct dns_text *ret);
