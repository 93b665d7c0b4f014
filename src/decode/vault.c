/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/vault.h"

#include "base/hash.h"
#include "base/rd.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MIN = 64 };
static const char magic[8] = "weirtmp1";

struct entry {
	struct entry *next;          /* in its bucket, of (address, version, domain) */
	struct entry *newer, *older; /* by the last put */
	struct vault_key key;
	int64_t at;
	uint64_t serial; /* grows along newer */
	size_t n;
	uint8_t bytes[];
};

struct vault {
	pthread_mutex_t lock;
	struct entry **buckets;
	size_t n_buckets, n, max, bytes;
	struct entry *newest, *oldest;
	uint64_t changes;
};

enum err vault_new(size_t max_entries, struct vault **ret)
{
	struct vault *v = calloc(1, sizeof(*v));
	if (!v)
		return ERR_NOMEM;
	v->max = max_entries;
	v->n_buckets = BUCKETS_MIN;
	while (v->n_buckets < max_entries)
		v->n_buckets *= 2;
	v->buckets = calloc(v->n_buckets, sizeof(struct entry *));
	if (!v->buckets || pthread_mutex_init(&v->lock, NULL) != 0) {
		free(v->buckets);
		free(v);
		return ERR_NOMEM;
	}
	*ret = v;
	return ERR_OK;
}

static struct entry **bucket_of(struct vault *v, const struct vault_key *k)
{
	uint8_t key[sizeof(k->ip.b) + sizeof(k->domain) + 1];
	memcpy(key, k->ip.b, sizeof(k->ip.b));
	memcpy(key + sizeof(k->ip.b), &k->domain, sizeof(k->domain));
	key[sizeof(key) - 1] = k->version;
	return &v->buckets[hash64(key, sizeof(key), hash_seed()) & (v->n_buckets - 1)];
}

static bool same_but_port(const struct vault_key *a, const struct vault_key *b)
{
	return a->domain == b->domain && a->version == b->version && ip_equal(&a->ip, &b->ip);
}

static void drop(struct vault *v, struct entry *e)
{
	struct entry **at = bucket_of(v, &e->key);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	*(e->newer ? &e->newer->older : &v->newest) = e->older;
	*(e->older ? &e->older->newer : &v->oldest) = e->newer;
	v->n--;
	v->bytes -= sizeof(*e) + e->n;
	free(e);
}

void vault_free(struct vault *v)
{
	if (!v)
		return;
	while (v->newest)
		drop(v, v->newest);
	pthread_mutex_destroy(&v->lock);
	free(v->buckets);
	free(v);
}

/* With the lock. */
static bool put(struct vault *v, const struct vault_key *k, int64_t at, const void *p, size_t n)
{
	if (n > VAULT_MAX_ENTRY || v->max == 0)
		return true; /* never will be */
	struct entry *e = malloc(sizeof(*e) + n);
	if (!e)
		return false;
	*e = (struct entry){.key = *k, .at = at, .n = n, .older = v->newest};
	memcpy(e->bytes, p, n);
	for (struct entry *old = *bucket_of(v, k); old; old = old->next)
		if (old->key.port == k->port && same_but_port(&old->key, k)) {
			drop(v, old);
			break;
		}
	while (v->oldest && (v->n >= v->max || v->bytes + sizeof(*e) + n > VAULT_MAX_BYTES))
		drop(v, v->oldest);
	struct entry **b = bucket_of(v, k);
	e->next = *b;
	*b = e;
	e->older = v->newest;
	*(v->newest ? &v->newest->newer : &v->oldest) = e;
	v->newest = e;
	v->n++;
	v->bytes += sizeof(*e) + n;
	e->serial = ++v->changes;
	return true;
}

bool vault_put(struct vault *v, const struct vault_key *k, int64_t now, const void *p, size_t n)
{
	if (pthread_mutex_trylock(&v->lock) != 0)
		return false;
	bool done = put(v, k, now, p, n);
	pthread_mutex_unlock(&v->lock);
	return done;
}

bool vault_get(struct vault *v, const struct vault_key *k, struct buf *out)
{
	const struct entry *best = NULL;
	pthread_mutex_lock(&v->lock);
	for (const struct entry *e = *bucket_of(v, k); e; e = e->next) {
		if (!same_but_port(&e->key, k))
			continue;
		bool exact = e->key.port == k->port;
		if (exact || !best || e->serial > best->serial)
			best = e;
		if (exact)
			break;
	}
	if (best)
		buf_put(out, best->bytes, best->n);
	pthread_mutex_unlock(&v->lock);
	return best && !out->bad;
}

uint64_t vault_changes(struct vault *v)
{
	pthread_mutex_lock(&v->lock);
	uint64_t n = v->changes;
	pthread_mutex_unlock(&v->lock);
	return n;
}

/* --- bytes: magic, entries from the oldest to the newest, a hash of all before it. An entry:
 * length 4, address 16, port 2, version 1, domain 4, at 8, then its bytes. */

enum { ENTRY_HEADER = 4 + 16 + 2 + 1 + 4 + 8, HASH = 8 };

static void encode_entry(const struct entry *e, struct buf *out)
{
	buf_be32(out, (uint32_t)e->n);
	buf_put(out, e->key.ip.b, sizeof(e->key.ip.b));
	buf_be16(out, e->key.port);
	buf_u8(out, e->key.version);
	buf_be32(out, e->key.domain);
	buf_be64(out, (uint64_t)e->at);
	buf_put(out, e->bytes, e->n);
}

void vault_encode(struct vault *v, int64_t now, struct buf *out)
{
	const int64_t keep_ms = VAULT_KEEP_DAYS * (int64_t)24 * 3600 * 1000;
	buf_put(out, magic, sizeof(magic));
	pthread_mutex_lock(&v->lock);
	(void)buf_reserve(out, v->bytes + v->n * ENTRY_HEADER + HASH);
	for (const struct entry *e = v->oldest; e; e = e->newer)
		if (now - e->at <= keep_ms)
			encode_entry(e, out);
	pthread_mutex_unlock(&v->lock);
	if (!out->bad)
		buf_be64(out, hash64(out->p, out->n, 0));
}

enum err vault_decode(struct vault *v, const void *p, size_t n)
{
	if (n < sizeof(magic) + HASH || memcmp(p, magic, sizeof(magic)) != 0 ||
	    load_be64((const uint8_t *)p + n - HASH) != hash64(p, n - HASH, 0))
		return ERR_MALFORMED;
	struct rd r = rd_of((const uint8_t *)p + sizeof(magic), n - sizeof(magic) - HASH);
	pthread_mutex_lock(&v->lock);
	while (rd_left(&r) >= ENTRY_HEADER) {
		struct vault_key k;
		uint32_t len = rd_be32(&r);
		rd_copy(&r, k.ip.b, sizeof(k.ip.b));
		k.port = rd_be16(&r);
		k.version = rd_u8(&r);
		k.domain = rd_be32(&r);
		int64_t at = (int64_t)rd_be64(&r);
		const uint8_t *bytes = rd_take(&r, len);
		if (!bytes || !put(v, &k, at, bytes, len))
			break;
	}
	pthread_mutex_unlock(&v->lock);
	return ERR_OK;
}
