/* SPDX-License-Identifier: Apache-2.0 */
/* Asking devices over SNMP v2c and v3 (net-snmp; snmp.c is the only file that includes it): one
 * question at a time, blocking, for a thread of its own. Nothing of the machine's own SNMP
 * configuration is read. */
#pragma once
#include "base/err.h"
#include "base/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum snmp_device_version { SNMP_DEVICE_V2C, SNMP_DEVICE_V3 };
enum { SNMP_OID_MAX = 128, SNMP_TEXT_MAX = 255 };

/* How to ask; texts borrowed. */
struct snmp_access {
	enum snmp_device_version version;
	const char *community;            /* v2c */
	const char *user;                 /* v3 ... */
	const char *auth, *auth_password; /* "SHA", "SHA-256", "MD5"...; NULL = none */
	const char *priv, *priv_password; /* "AES", "DES"...; NULL = none, only with auth */
	uint16_t port;                    /* 0 = 161 */
	uint32_t timeout_ms;              /* of one request; asked twice */
};

struct snmp_value {
	const char *text; /* of an octet string, else "" ; not terminated, borrowed */
	size_t text_n;
	uint64_t number; /* of a number */
};

struct snmp_device;

/* Before any thread is made, once. */
void snmp_start(void);
/* Whether this net-snmp knows the names of the algorithms (either may be NULL). */
bool snmp_knows(const char *auth, const char *priv);
must_check enum err snmp_device_open(const struct ip *device, const struct snmp_access *a,
				     struct snmp_device **ret, struct diag *reterr);
void snmp_device_close(struct snmp_device *s);
/* Asks for one object. ERR_NOT_FOUND: the device has it not; ERR_TIMEOUT: no answer; ERR_DENIED:
 * it does not take user or password. The value is borrowed until the next question. */
must_check enum err snmp_device_get(struct snmp_device *s, const uint32_t *oid, size_t n,
				    struct snmp_value *ret, struct diag *reterr);
/* A column of a table, row by row: fn gets the last number of each object's name. pace is called
 * before each request and may end it (false: ERR_CANCELLED). Ends after max rows. */
must_check enum err snmp_device_column(struct snmp_device *s, const uint32_t *oid, size_t n,
				       size_t max, bool (*pace)(void *ctx),
				       void (*fn)(void *ctx, uint32_t row,
						  const struct snmp_value *v),
				       void *ctx, struct diag *reterr);
