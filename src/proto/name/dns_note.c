/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/name/dns_note.h"

#include "base/attr.h"
#include "base/hash.h"

enum {
	OP_QUERY = 0,
	OP_STATUS = 2,
	OP_NOTIFY = 4,
	OP_UPDATE = 5,
	OP_STATEFUL = 6,
	QUESTIONS_MAX = 64, /* multicast DNS asks for many at once */
	RR_MIN = 11,        /* bytes of the smallest record */
	FLAG_RCODE = 15,
	FLAG_DO = 0x8000, /* in the TTL of OPT (RFC 6891 6.1.3) */
};

/* --- is it? */

static bool class_known(uint16_t class)
{
	/* the top bit: unicast answer wanted, or cache flush (RFC 6762 5.4, 10.2) */
	uint16_t c = class & 0x7fff;
	return c == 1 || c == 3 || c == 4 || c == 254 || c == 255;
}

static bool header_fits(const struct dns_header *h, size_t left, bool strict)
{
	unsigned op = dns_opcode(h);
	size_t records = (size_t)h->answers + h->authorities + h->additionals;
	if (op == 3 || op > OP_STATEFUL || h->questions > QUESTIONS_MAX ||
	    records * RR_MIN + h->questions * (size_t)5 > left)
		return false;
	if (h->questions + records == 0)
		return !strict && (dns_is_answer(h) || op == OP_STATEFUL);
	if (!dns_is_answer(h) && op == OP_QUERY && (h->flags & FLAG_RCODE))
		return false;
	if (!strict)
		return true;
	if (op != OP_QUERY || h->questions != 1 || (h->flags & 0x40))
		return false;
	return dns_is_answer(h) || (h->answers == 0 && h->authorities == 0 && h->additionals <= 2);
}

bool dns_is_message(struct rd msg, bool strict, bool cut)
{
	struct rd r = msg;
	struct dns_header h;
	struct dns_rr rr;
	if (!dns_read_header(&r, &h) ||
	    !header_fits(&h, cut ? UINT16_MAX * (size_t)64 : rd_left(&r), strict))
		return false;
	size_t at = DNS_HEADER, size = (size_t)(msg.end - msg.p);
	struct dns_question q;
	for (unsigned i = 0; i < h.questions; i++) {
		/* Only strictly is it worth following the pointers of a name. */
		size_t name_at = at;
		if (strict && !dns_read_question(msg, &name_at, &q))
			return false;
		if (!dns_skip_name(msg, &at) || size - at < 4)
			return cut && i > 0;
		bool known = class_known(load_be16(msg.p + at + 2));
		if (!known || (strict && load_be16(msg.p + at) == 0))
			return false;
		at += 4;
	}
	size_t records = (size_t)h.answers + h.authorities + h.additionals;
	for (size_t i = 0; i < records; i++)
		if (!dns_read_rr(msg, &at, false, &rr))
			return cut || (!strict && (h.flags & 0x200));
	return !strict || at == size;
}

/* --- noting */

/* The query that waits for this answer, or of which this is a repetition. */
static struct dns_query *find_pending(struct dns_state *s, uint16_t id, uint64_t hash, uint8_t dir)
{
	for (unsigned i = 0; i < DNS_PENDING; i++) {
		struct dns_query *q = &s->pending[i];
		if (q->waiting && q->id == id && q->dir == dir && q->hash == hash)
			return q;
	}
	return NULL;
}

static void note_query(struct dissect_ctx *c, struct dns_state *s, uint16_t id, uint64_t hash)
{
	struct dns_query *q = find_pending(s, id, hash, c->dir);
	notes_num_add(c->notes, F_dns_queries, 1);
	if (q) {
		notes_num_add(c->notes, F_dns_retransmissions, 1);
		return;
	}
	q = &s->pending[s->next++ % DNS_PENDING];
	if (q->waiting)
		notes_num_add(c->notes, F_dns_unanswered, 1);
	*q = (struct dns_query){
	    .t_ns = c->t_ns, .hash = hash, .id = id, .dir = c->dir, .waiting = true};
}

static void note_answer(struct dissect_ctx *c, struct dns_state *s, const struct dns_header *h,
			uint64_t hash)
{
	struct dns_query *q = find_pending(s, h->id, hash, !c->dir);
	notes_num_add(c->notes, F_dns_responses, 1);
	if (h->flags & FLAG_RCODE)
		notes_num_add(c->notes, F_dns_errors, 1);
	if (!q)
		return;
	uint64_t us = c->t_ns >= q->t_ns ? (c->t_ns - q->t_ns) / 1000 : 0;
	q->waiting = false;
	notes_num_once(c->notes, F_dns_rt_us, us);
	notes_num_max(c->notes, F_dns_rt_max_us, us);
	notes_num_add(c->notes, F_dns_rt_sum_us, us);
}

static void note_question(struct notes *n, struct rd msg)
{
	struct dns_question q;
	size_t at = DNS_HEADER;
	if (notes_has(n, F_dns_qname) || !dns_read_question(msg, &at, &q))
		return;
	notes_str_once(n, F_dns_qname, q.name.s, q.name.n);
	notes_num_once(n, F_dns_qtype, q.type);
	notes_num_once(n, F_dns_qclass, q.class);
}

static void note_first_rr(struct notes *n, struct rd msg, const struct dns_rr *rr)
{
	struct dns_text data;
	notes_str_once(n, F_dns_rr_name, rr->name.s, rr->name.n);
	notes_num_once(n, F_dns_rr_type, rr->type);
	notes_num_once(n, F_dns_rr_class, rr->class);
	notes_num_once(n, F_dns_rr_ttl, rr->ttl);
	notes_num_once(n, F_dns_rr_rdata_len, rr->rdata_len);
	dns_data_flat(msg, rr, &data);
	notes_bytes_once(n, F_dns_rr_rdata, data.s, data.n);
	dns_data_text(msg, rr, &data);
	notes_str_once(n, F_dns_rr_data, data.s, data.n);
}

static void note_address(struct notes *n, struct rd msg, const struct dns_rr *rr)
{
	const uint8_t *p = msg.p + rr->rdata_at;
	struct ip ip;
	if (rr->type == DNS_A && rr->rdata_len == 4)
		ip = ip_from_v4(p);
	else if (rr->type == DNS_AAAA && rr->rdata_len == 16)
		memcpy(ip.b, p, sizeof(ip.b));
	else
		return;
	notes_ip_once(n, F_dns_address, &ip);
}

/* Records behind the questions: the first answer, the first address, EDNS (RFC 6891). */
static void note_records(struct dissect_ctx *c, const struct dns_header *h, struct rd msg,
			 size_t at)
{
	size_t records = (size_t)h->answers + h->authorities + h->additionals;
	struct dns_rr rr;
	for (size_t i = 0; i < records; i++) {
		bool first = i == 0 && h->answers && !notes_has(c->notes, F_dns_rr_name);
		if (!dns_read_rr(msg, &at, first, &rr))
			return;
		if (first)
			note_first_rr(c->notes, msg, &rr);
		if (i < h->answers)
			note_address(c->notes, msg, &rr);
		if (rr.type == DNS_OPT) {
			notes_num_once(c->notes, F_dns_edns_size, rr.class);
			notes_num_once(c->notes, F_dns_do, (rr.ttl & FLAG_DO) != 0);
		}
	}
}

static void note_counts(struct notes *n, const struct dns_header *h)
{
	notes_num_put(n, F_dns_questions, h->questions);
	notes_num_put(n, F_dns_answers, h->answers);
	notes_num_put(n, F_dns_authorities, h->authorities);
	notes_num_put(n, F_dns_additionals, h->additionals);
}

void dns_note(struct dissect_ctx *c, struct dns_state *s, struct rd msg)
{
	struct rd r = msg;
	struct dns_header h;
	size_t at = DNS_HEADER;
	if (!dns_read_header(&r, &h))
		return;
	bool answer = dns_is_answer(&h);
	for (unsigned i = 0; i < h.questions && dns_skip_name(msg, &at); i++)
		at += 4;
	at = at < (size_t)(msg.end - msg.p) ? at : (size_t)(msg.end - msg.p);
	uint64_t hash = hash64(msg.p + DNS_HEADER, at - DNS_HEADER, 0);
	if (answer)
		note_answer(c, s, &h, hash);
	else
		note_query(c, s, h.id, hash);
	bool first = answer ? !s->answered : !s->asked;
	s->asked |= !answer;
	s->answered |= answer;
	if (!first)
		return;
	notes_num_once(c->notes, F_dns_id, h.id);
	notes_num_once(c->notes, dissect_field(c, F_dns_flags), h.flags);
	if (answer || !s->answered)
		note_counts(c->notes, &h);
	if (answer)
		notes_num_once(c->notes, F_dns_rcode, h.flags & FLAG_RCODE);
	if (h.questions)
		note_question(c->notes, msg);
	note_records(c, &h, msg, at);
}

void dns_note_end(struct dissect_ctx *c, struct dns_state *s)
{
	for (unsigned i = 0; i < DNS_PENDING; i++) {
		if (s->pending[i].waiting)
			notes_num_add(c->notes, F_dns_unanswered, 1);
		s->pending[i].waiting = false;
	}
}
