/* SPDX-License-Identifier: Apache-2.0 */
/* Exporters that have something in common: the address, the socket they send from, the name that
 * saved sequences know them by. One socket may claim any number of domains and agents, so that what
 * is asked of all of them at every datagram or commit is kept here and never looked for. */
#include "decode/state.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

struct group_key {
	struct ip ip;
	uint16_t port;
	uint32_t session, domain;
	uint8_t version;
	uint8_t kind;
};

/* Its bytes in b, of GROUP_KEY_MAX; returns how many. */
static size_t key_bytes(const struct group_key *k, uint8_t *b)
{
	uint8_t *p = b;
	*p++ = k->kind;
	memcpy(p, k->ip.b, sizeof(k->ip.b));
	p += sizeof(k->ip.b);
	if (k->kind == GROUP_ADDRESS)
		return (size_t)(p - b);
	memcpy(p, &k->port, sizeof(k->port));
	p += sizeof(k->port);
	memcpy(p, &k->session, sizeof(k->session));
	p += sizeof(k->session);
	if (k->kind == GROUP_SOURCE)
		return (size_t)(p - b);
	memcpy(p, &k->domain, sizeof(k->domain));
	p += sizeof(k->domain);
	*p++ = k->version;
	return (size_t)(p - b);
}

static struct exporter_group *find(const struct decoder *d, const uint8_t *key, size_t n)
{
	struct exporter_group *g = d->groups[hash64(key, n, hash_seed()) & (d->n_buckets - 1)];
	while (g && (g->key_n != n || memcmp(g->key, key, n) != 0))
		g = g->next;
	return g;
}

static struct exporter_group *take(struct decoder *d, const struct group_key *k)
{
	uint8_t key[GROUP_KEY_MAX];
	size_t n = key_bytes(k, key);
	struct exporter_group *g = find(d, key, n);
	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return NULL;
		memcpy(g->key, key, n);
		g->key_n = (uint8_t)n;
		struct exporter_group **b =
		    &d->groups[hash64(key, n, hash_seed()) & (d->n_buckets - 1)];
		g->next = *b;
		*b = g;
	}
	g->n++;
	return g;
}

static void give_back(struct decoder *d, struct exporter_group *g)
{
	if (!g || --g->n)
		return;
	struct exporter_group **at =
	    &d->groups[hash64(g->key, g->key_n, hash_seed()) & (d->n_buckets - 1)];
	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	free(g);
}

bool groups_enter(struct decoder *d, const struct exporter_info *i,
		  struct exporter_group *ret[GROUP_KINDS])
{
	struct group_key k = {.ip = i->ip,
			      .port = i->port,
			      .session = i->session,
			      .domain = i->domain,
			      .version = i->version};
	bool ok = true;
	for (k.kind = 0; k.kind < GROUP_KINDS; k.kind++) {
		ret[k.kind] = ok ? take(d, &k) : NULL;
		ok &= ret[k.kind] != NULL;
	}
	if (!ok)
		groups_leave(d, ret);
	return ok;
}

void groups_leave(struct decoder *d, struct exporter_group *g[GROUP_KINDS])
{
	for (unsigned i = 0; i < GROUP_KINDS; i++) {
		give_back(d, g[i]);
		g[i] = NULL;
	}
}

const struct exporter_group *group_of_address(const struct decoder *d, const struct ip *ip)
{
	uint8_t key[GROUP_KEY_MAX];
	return find(d, key, key_bytes(&(struct group_key){.ip = *ip, .kind = GROUP_ADDRESS}, key));
}

bool exporter_source_known(const struct decoder *d, const struct datagram *dg)
{
	const struct group_key k = {
	    .ip = dg->src, .port = dg->src_port, .session = dg->session, .kind = GROUP_SOURCE};
	uint8_t key[GROUP_KEY_MAX];
	return find(d, key, key_bytes(&k, key)) != NULL;
}
