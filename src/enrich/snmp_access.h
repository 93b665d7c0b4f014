/* SPDX-License-Identifier: Apache-2.0 */
/* Which devices are asked over SNMP and how: a file that only its owner may read, a line each:
 *   PREFIX v2c COMMUNITY
 *   PREFIX v3 USER [AUTH PASSWORD [PRIV PASSWORD]]
 *   PREFIX off
 * Words are separated by blanks, those with blanks stand in double quotes; # begins a comment. The
 * longest prefix counts. */
#pragma once
#include "net/snmp.h"

enum { SNMP_RULES_MAX = 4096, SNMP_FILE_MAX = 1 << 20 };

struct snmp_rule {
	struct ip net;
	uint8_t bits;
	bool off;
	struct snmp_access access; /* texts lie in the rules */
};

struct snmp_rules {
	struct snmp_rule *v;
	size_t n;
	char *text; /* owned: the file, cut into words */
	size_t text_n;
};

/* reterr: the line that is wrong (nothing of it is repeated: it holds passwords). */
must_check enum err snmp_rules_read(const char *path, struct snmp_rules *ret, struct diag *reterr);
must_check enum err snmp_rules_parse(const char *p, size_t n, struct snmp_rules *ret,
				     struct diag *reterr);
void snmp_rules_fini(struct snmp_rules *r);
/* How to ask the device; NULL: not at all. */
const struct snmp_access *snmp_rules_find(const struct snmp_rules *r, const struct ip *device);
