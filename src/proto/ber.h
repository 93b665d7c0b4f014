/* SPDX-License-Identifier: Apache-2.0 */
/* Reading BER and DER (X.690): SNMP, LDAP, Kerberos, certificates, MMS, GOOSE. Definite lengths
 * only, which is all that those protocols send; an element never reaches beyond what it stands in.
 */
#pragma once
#include "base/rd.h"

enum ber_class {
	BER_UNIVERSAL = 0,
	BER_APPLICATION = 0x40,
	BER_CONTEXT = 0x80,
	BER_PRIVATE = 0xc0
};
enum {
	BER_BOOLEAN = 1,
	BER_INTEGER = 2,
	BER_BITS = 3,
	BER_OCTETS = 4,
	BER_NULL = 5,
	BER_OID = 6,
	BER_ENUMERATED = 10,
	BER_UTF8 = 12,
	BER_SEQUENCE = 16,
	BER_SET = 17,
	BER_OID_TEXT = 128 /* bytes for ber_oid_text */
};

struct ber {
	uint8_t class_; /* enum ber_class */
	bool constructed;
	uint32_t tag;
	struct rd body;
};

/* The next element. False: there is none, or it is not whole; r is then bad unless it was empty. */
bool ber_next(struct rd *r, struct ber *ret);
/* Length of the whole element that r begins with, head included, whether or not all of it is there;
 * 0: its head is not whole, or no BER. */
size_t ber_whole(const struct rd *r);
/* The next element if it has this class and tag; otherwise false and nothing is consumed. */
bool ber_expect(struct rd *r, enum ber_class class_, uint32_t tag, struct rd *ret_body);
/* The value of an INTEGER or ENUMERATED body of at most 8 bytes; false: longer, or empty. */
bool ber_integer(struct rd body, int64_t *ret);
/* An object identifier as "1.2.840.113549", NUL-terminated; false: not whole, or too long. */
bool ber_oid_text(struct rd body, char out[BER_OID_TEXT]);
/* Whether body is the object identifier whose encoded bytes are these. */
bool ber_oid_is(const struct rd *body, const void *der, size_t n);
