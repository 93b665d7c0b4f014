/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/reassembly.h"

#include <stdlib.h>

enum { UNIT = 8, UNITS = REASSEMBLY_BYTES / UNIT };

struct whole {
	bool used;
	uint8_t ip_version, proto;
	struct ip src, dst;
	uint32_t id;
	int64_t since_ns;
	uint32_t len;     /* 0 until the last fragment is there */
	uint32_t n_units; /* there */
	uint8_t *bytes;   /* REASSEMBLY_BYTES, kept for reuse */
	uint64_t have[UNITS / 64];
};

struct reassembly {
	struct whole wholes[REASSEMBLY_PACKETS];
	uint64_t failed;
};

enum err reassembly_new(struct reassembly **ret)
{
	struct reassembly *r = calloc(1, sizeof(*r));
	if (!r)
		return ERR_NOMEM;
	*ret = r;
	return ERR_OK;
}

void reassembly_free(struct reassembly *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < REASSEMBLY_PACKETS; i++)
		free(r->wholes[i].bytes);
	free(r);
}

uint64_t reassembly_failed(const struct reassembly *r, bool end)
{
	uint64_t n = r->failed;
	for (size_t i = 0; end && i < REASSEMBLY_PACKETS; i++)
		n += r->wholes[i].used;
	return n;
}

static bool matches(const struct whole *w, const struct packet *p)
{
	return w->used && w->id == p->fragment.id && w->ip_version == p->ip_version &&
	       (w->proto == p->proto || w->ip_version == 6) && ip_equal(&w->src, &p->src) &&
	       ip_equal(&w->dst, &p->dst);
}

static void give_up(struct reassembly *r, struct whole *w)
{
	w->used = false;
	r->failed++;
}

/* The packet that p is part of; a new one in a free place, or in that of the oldest. NULL: no
 * memory. */
static struct whole *find(struct reassembly *r, const struct packet *p, int64_t t_ns)
{
	struct whole *place = NULL, *oldest = &r->wholes[0];
	for (size_t i = 0; i < REASSEMBLY_PACKETS; i++) {
		struct whole *w = &r->wholes[i];
		if (w->used && t_ns - w->since_ns > (int64_t)REASSEMBLY_SECONDS * 1000000000)
			give_up(r, w);
		if (matches(w, p))
			return w;
		if (!w->used && !place)
			place = w;
		if (w->since_ns < oldest->since_ns)
			oldest = w;
	}
	if (!place) {
		give_up(r, oldest);
		place = oldest;
	}
	if (!place->bytes)
		place->bytes = malloc(REASSEMBLY_BYTES);
	if (!place->bytes) {
		r->failed++;
		return NULL;
	}
	uint8_t *bytes = place->bytes;
	*place = (struct whole){.used = true,
				.ip_version = p->ip_version,
				.proto = p->proto,
				.src = p->src,
				.dst = p->dst,
				.id = p->fragment.id,
				.since_ns = t_ns,
				.bytes = bytes};
	return place;
}

/* Copies the fragment in. False: it does not fit with the others. */
static bool put(struct whole *w, const struct packet *p)
{
	size_t off = p->fragment.off, n = rd_left(&p->payload);
	if (off + n > REASSEMBLY_BYTES || (p->fragment.more && n % UNIT != 0) || n == 0)
		return false;
	if (!p->fragment.more) {
		if (w->len && w->len != off + n)
			return false;
		w->len = (uint32_t)(off + n);
	}
	for (size_t at = 0; at < n; at += UNIT) {
		size_t u = (off + at) / UNIT, part = MIN_OF((size_t)UNIT, n - at);
		if (w->have[u / 64] >> (u % 64) & 1) {
			if (memcmp(w->bytes + off + at, p->payload.p + at, part) != 0)
				return false;
			continue;
		}
		memcpy(w->bytes + off + at, p->payload.p + at, part);
		w->have[u / 64] |= (uint64_t)1 << (u % 64);
		w->n_units++;
	}
	return true;
}

bool reassembly_feed(struct reassembly *r, struct packet *p, int64_t t_ns,
		     enum packet_kind *ret_kind)
{
	struct whole *w = find(r, p, t_ns);
	if (!w)
		return false;
	if (p->fragment.off == 0)
		w->proto = p->proto;
	if (!put(w, p)) {
		give_up(r, w);
		return false;
	}
	if (w->len == 0 || w->n_units < (w->len + UNIT - 1) / UNIT)
		return false;
	w->used = false;
	if (w->n_units > (w->len + UNIT - 1) / UNIT) {
		r->failed++; /* bytes beyond the last fragment */
		return false;
	}
	p->proto = w->proto;
	*ret_kind = packet_transport(p, rd_of(w->bytes, w->len));
	return true;
}
