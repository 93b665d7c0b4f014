/* SPDX-License-Identifier: Apache-2.0 */
/* Multicast DNS (RFC 6762) with the services that it finds and offers (DNS-SD, RFC 6763). Known by
 * its port alone: the messages are those of DNS. Queries and answers to the group share a
 * direction, so each kind is noted once as it comes. */
#include "proto/name/dns_note.h"

enum { PORT = 5353, NAMES_MAX = 1000 };

/* Names, each followed by a semicolon. */
struct names {
	uint16_t n;
	char s[NAMES_MAX];
};

struct mdns_state {
	struct dns_state dns;
	struct names asked, offered;
};

/* _http._tcp.local, Printer._ipp._tcp.local, _services._dns-sd._udp.local */
static bool is_service(const struct dns_text *t)
{
	for (size_t i = 0; i + 6 <= t->n; i++)
		if (memcmp(t->s + i, "._tcp.", 6) == 0 || memcmp(t->s + i, "._udp.", 6) == 0)
			return true;
	return false;
}

static bool has_name(const struct names *l, const struct dns_text *t)
{
	for (size_t i = 0; i + t->n < l->n;) {
		if (l->s[i + t->n] == ';' && memcmp(l->s + i, t->s, t->n) == 0)
			return true;
		const char *end = memchr(l->s + i, ';', l->n - i);
		if (!end)
			return false;
		i = (size_t)(end - l->s) + 1;
	}
	return false;
}

static void add_name(struct names *l, const struct dns_text *t)
{
	if (!is_service(t) || l->n + t->n + 1 > sizeof(l->s) || has_name(l, t))
		return;
	memcpy(l->s + l->n, t->s, t->n);
	l->s[l->n + t->n] = ';';
	l->n = (uint16_t)(l->n + t->n + 1);
}

/* The name of a service is that of its SRV and TXT record, or what a PTR record leads to. */
static void add_services(struct mdns_state *s, struct rd msg)
{
	struct rd r = msg;
	struct dns_header h;
	struct dns_question q;
	struct dns_rr rr;
	struct dns_text target;
	size_t at = DNS_HEADER;
	if (!dns_read_header(&r, &h))
		return;
	for (unsigned i = 0; i < h.questions; i++) {
		if (!dns_read_question(msg, &at, &q))
			return;
		if (!dns_is_answer(&h))
			add_name(&s->asked, &q.name);
	}
	size_t records = (size_t)h.answers + h.authorities + h.additionals;
	for (size_t i = 0; dns_is_answer(&h) && i < records; i++) {
		if (!dns_read_rr(msg, &at, true, &rr))
			return;
		if (rr.type == DNS_SRV || rr.type == DNS_TXT)
			add_name(&s->offered, &rr.name);
		size_t to = rr.rdata_at;
		if (rr.type == DNS_PTR && dns_read_name(msg, &to, &target))
			add_name(&s->offered, &target);
	}
}

static enum dissect mdns_see(struct dissect_ctx *c, struct rd *payload)
{
	struct mdns_state *s = c->state;
	if (!dns_is_message(*payload, false, c->cut))
		return DISSECT_NOT_MINE;
	dns_note(c, &s->dns, *payload);
	add_services(s, *payload);
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

static void mdns_end(struct dissect_ctx *c)
{
	struct mdns_state *s = c->state;
	/* Who asks a group need not be answered in this flow. */
	if (s->asked.n)
		notes_str_once(c->notes, F_dnssd_queries, s->asked.s, s->asked.n);
	if (s->offered.n)
		notes_str_once(c->notes, F_dnssd_responses, s->offered.s, s->offered.n);
}

const struct dissector dissector_mdns = {
    .name = "mdns",
    .title = "Multicast DNS and DNS-SD",
    .over = OVER_UDP,
    .ports_only = true,
    .ports = {PORT},
    .state_size = sizeof(struct mdns_state),
    .see = mdns_see,
    .end = mdns_end,
};
