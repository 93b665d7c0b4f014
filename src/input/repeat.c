/* SPDX-License-Identifier: Apache-2.0 */
#include "input/repeat.h"

#include "base/buf.h"

#include <stdlib.h>

enum {
	HEADER = 16,
	SET_HEADER = 4,
	SET_TEMPLATES = 2, /* and 3 is of options templates (RFC 7011 3.3.2) */
	KINDS = 2,
	BUCKETS = 1024,
	ENTERPRISE_BIT = 0x8000,
};

/* A domain of a session. */
struct stream {
	struct stream *next;
	uint32_t session, domain;
	uint32_t renewed; /* as of struct repeats when it was last told */
	uint64_t told_ns;
	struct buf known[KINDS]; /* template records, one after another */
};

struct repeats {
	struct stats *stats;
	struct stream *bucket[BUCKETS];
	uint32_t n, renewed;
	size_t bytes;
	struct buf out;
};

enum err repeats_new(struct stats *stats, struct repeats **ret)
{
	struct repeats *r = calloc(1, sizeof(*r));
	if (!r)
		return ERR_NOMEM;
	r->stats = stats;
	*ret = r;
	return ERR_OK;
}

static void stream_free(struct repeats *r, struct stream *s)
{
	for (int k = 0; k < KINDS; k++) {
		r->bytes -= s->known[k].n;
		buf_fini(&s->known[k]);
	}
	r->n--;
	free(s);
}

void repeats_free(struct repeats *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (r->bucket[i]) {
			struct stream *s = r->bucket[i];
			r->bucket[i] = s->next;
			stream_free(r, s);
		}
	buf_fini(&r->out);
	free(r);
}

void repeats_renew(struct repeats *r)
{
	r->renewed++;
}

void repeats_end(struct repeats *r, uint32_t session)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct stream **at = &r->bucket[i]; *at;) {
			struct stream *s = *at;
			if (s->session == session) {
				*at = s->next;
				stream_free(r, s);
			} else {
				at = &s->next;
			}
		}
}

static struct stream *stream_of(struct repeats *r, uint32_t session, uint32_t domain)
{
	uint32_t mix = session * 2654435761u ^ domain * 2246822519u;
	struct stream **at = &r->bucket[(mix ^ mix >> 16) % BUCKETS];
	for (struct stream *s = *at; s; s = s->next)
		if (s->session == session && s->domain == domain)
			return s;
	struct stream *s = r->n < REPEAT_STREAMS_MAX ? calloc(1, sizeof(*s)) : NULL;
	if (!s)
		return NULL;
	s->session = session;
	s->domain = domain;
	s->next = *at;
	*at = s;
	r->n++;
	return s;
}

/* Bytes of the template record that r begins with; 0 = it ends early. */
static size_t record_len(struct rd r, bool options)
{
	const uint8_t *start = r.p;
	rd_skip(&r, 2);
	uint32_t n = rd_be16(&r);
	rd_skip(&r, options && n ? 2 : 0); /* how many are of the scope */
	for (uint32_t i = 0; i < n && !r.bad; i++) {
		bool enterprise = rd_be16(&r) & ENTERPRISE_BIT;
		rd_skip(&r, enterprise ? 6 : 2);
	}
	return r.bad ? 0 : (size_t)(r.p - start);
}

/* Takes the record of this id out, or all. */
static void forget(struct repeats *r, struct stream *s, int kind, uint16_t id, bool all)
{
	struct buf *b = &s->known[kind];
	for (size_t at = 0; at < b->n;) {
		size_t len = record_len(rd_of(b->p + at, b->n - at), kind);
		if (!all && load_be16(b->p + at) != id) {
			at += len;
			continue;
		}
		memmove(b->p + at, b->p + at + len, b->n - at - len);
		b->n -= len;
		r->bytes -= len;
	}
}

/* Template records of a set; one without elements withdraws (RFC 7011 8.1). */
static void learn(struct repeats *r, struct stream *s, int kind, struct rd set)
{
	while (rd_left(&set) >= 4 && load_be32(set.p) != 0) {
		size_t len = record_len(set, kind);
		if (len == 0)
			return;
		uint16_t id = load_be16(set.p), n = load_be16(set.p + 2);
		const uint8_t *record = rd_take(&set, len);
		forget(r, s, kind, id, n == 0 && id == SET_TEMPLATES + kind);
		if (n == 0)
			continue;
		if (s->known[0].n + s->known[1].n + len > REPEAT_STREAM_BYTES ||
		    r->bytes + len > REPEAT_BYTES_MAX || !buf_reserve(&s->known[kind], len)) {
			stat_add(r->stats, ST_forward_templates_refused, 1);
			continue;
		}
		buf_put(&s->known[kind], record, len);
		r->bytes += len;
	}
}

static void make_message(struct repeats *r, const struct stream *s, const uint8_t *before)
{
	size_t n = HEADER;
	for (int k = 0; k < KINDS; k++)
		n += s->known[k].n ? SET_HEADER + s->known[k].n : 0;
	buf_put(&r->out, before, 2);
	buf_be16(&r->out, (uint16_t)n);
	buf_put(&r->out, before + 4, HEADER - 4);
	for (int k = 0; k < KINDS; k++) {
		if (s->known[k].n == 0)
			continue;
		buf_be16(&r->out, (uint16_t)(SET_TEMPLATES + k));
		buf_be16(&r->out, (uint16_t)(SET_HEADER + s->known[k].n));
		buf_put(&r->out, s->known[k].p, s->known[k].n);
	}
}

struct rd repeats_see(struct repeats *r, uint32_t session, const uint8_t *p, size_t n,
		      uint64_t now_ns)
{
	struct rd m = rd_of(p, n);
	rd_skip(&m, HEADER);
	struct stream *s = m.bad ? NULL : stream_of(r, session, load_be32(p + 12));
	buf_reset(&r->out);
	if (!s)
		return rd_none();
	bool known = s->known[0].n || s->known[1].n;
	if (!known || s->renewed != r->renewed ||
	    now_ns - s->told_ns >= REPEAT_EVERY_S * 1000000000ull) {
		if (known)
			make_message(r, s, p);
		s->told_ns = now_ns;
		s->renewed = r->renewed;
	}
	while (rd_left(&m) >= SET_HEADER) {
		uint16_t id = rd_be16(&m), len = rd_be16(&m);
		if (len < SET_HEADER || (size_t)len - SET_HEADER > rd_left(&m))
			break;
		struct rd set = rd_sub(&m, (size_t)len - SET_HEADER);
		if (id == SET_TEMPLATES || id == SET_TEMPLATES + 1)
			learn(r, s, id - SET_TEMPLATES, set);
	}
	return r->out.bad ? rd_none() : rd_of(r->out.p, r->out.n);
}
