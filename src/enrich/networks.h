/* SPDX-License-Identifier: Apache-2.0 */
/* The user's list of networks: CSV (RFC 4180), one prefix a line with name, site, role, tenant. The
 * first line may name the columns, in any order; else they stand in that order. Empty lines and
 * lines that begin with # are skipped; a line that is wrong is left out and counted. */
#pragma once
#include "base/err.h"
#include "enrich/ranges.h"
#include "enrich/texts.h"

enum net_text { NET_NAME, NET_SITE, NET_ROLE, NET_TENANT, NET_TEXTS };
enum { NETWORKS_BYTES_MAX = 64 << 20, NETWORKS_MAX = 1 << 20 };

struct network {
	uint32_t text[NET_TEXTS]; /* numbers in the texts */
};

struct networks {
	struct network *v; /* [0] is that of addresses in no network */
	uint32_t n, cap;
	uint64_t bad_lines;
	struct diag first_bad;
};

/* Adds the prefixes to b, with the number of the network shifted left by `shift` as value. */
must_check enum err networks_parse(const char *p, size_t n, unsigned shift, struct texts *texts,
				   struct ranges_builder *b, struct networks *ret);
void networks_fini(struct networks *n);
