/* SPDX-License-Identifier: Apache-2.0 */
#include "input/admit.h"

#include "base/hash.h"
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t second_ns = 1000000000;

/* One address. full_ns: when its bucket will be full again (GCRA, the theoretical arrival time):
 * one number is the whole bucket. */
struct known {
	struct ip ip;
	uint64_t full_ns;
	uint64_t used_ns; /* 0 = no address here */
	bool allowed;
};

struct admit {
	struct conf_nets allow;
	uint64_t cost_ns;    /* of a datagram; 0 = no limit */
	struct known *table; /* sets of ways; NULL = no rules */
};

enum err admit_new(struct admit **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? ERR_OK : ERR_NOMEM;
}

void admit_free(struct admit *a)
{
	if (a)
		free(a->table);
	free(a);
}

enum err admit_set(struct admit *a, const struct conf_nets *allow, uint64_t rate)
{
	struct known *table = NULL;
	if (allow->n || rate) {
		table = calloc((size_t)ADMIT_SETS * ADMIT_WAYS, sizeof(*table));
		if (!table)
			return ERR_NOMEM;
	}
	free(a->table);
	a->table = table;
	a->allow = *allow;
	a->cost_ns = rate ? MAX_OF(second_ns / rate, 1) : 0;
	return ERR_OK;
}

bool admit_address(const struct admit *a, const struct ip *src)
{
	for (size_t i = 0; i < a->allow.n; i++)
		if (ip_in_net(src, &a->allow.v[i].ip, a->allow.v[i].bits))
			return true;
	return a->allow.n == 0;
}

/* The address in its set, in place of the one unused longest if it is new. */
static struct known *find(struct admit *a, const struct ip *src, uint64_t now_ns)
{
	uint64_t h = hash64(src->b, sizeof(src->b), hash_seed());
	struct known *set = a->table + h % ADMIT_SETS * ADMIT_WAYS, *k = set;
	for (size_t i = 0; i < ADMIT_WAYS; i++) {
		if (set[i].used_ns && ip_equal(&set[i].ip, src))
			return &set[i];
		if (set[i].used_ns < k->used_ns)
			k = &set[i];
	}
	*k = (struct known){.ip = *src, .full_ns = now_ns, .allowed = admit_address(a, src)};
	return k;
}

enum stat_id admit_datagram(struct admit *a, const struct ip *src, uint64_t now_ns)
{
	if (!a->table)
		return ST_datagrams_received;
	struct known *k = find(a, src, now_ns);
	k->used_ns = now_ns | 1;
	if (!k->allowed)
		return ST_reject_denied;
	if (k->full_ns < now_ns)
		k->full_ns = now_ns;
	if (a->cost_ns && k->full_ns + a->cost_ns - now_ns > second_ns)
		return ST_reject_rate;
	k->full_ns += a->cost_ns;
	return ST_datagrams_received;
}
