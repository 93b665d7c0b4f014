/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/target.h"

#include "base/attr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct scheme {
	const char *name;
	enum export_protocol protocol;
	enum export_transport transport;
	uint16_t port;
} schemes[] = {
    {"udp", EXPORT_IPFIX, EXPORT_UDP, 4739}, {"tcp", EXPORT_IPFIX, EXPORT_TCP, 4739},
    {"tls", EXPORT_IPFIX, EXPORT_TLS, 4740}, {"nf9", EXPORT_NF9, EXPORT_UDP, 2055},
    {"nf5", EXPORT_NF5, EXPORT_UDP, 2055},
};

/* A piece of the text. */
struct piece {
	const char *p;
	size_t n;
};

static bool is(struct piece s, const char *word)
{
	return strlen(word) == s.n && memcmp(word, s.p, s.n) == 0;
}

/* What stands before `mark`; s becomes what stands behind it. All of s, and an empty rest, if it is
 * not there. */
static struct piece before(struct piece *s, const char *mark)
{
	const char *at = memmem(s->p, s->n, mark, strlen(mark));
	struct piece head = *s;
	if (at) {
		head.n = (size_t)(at - s->p);
		s->p = at + strlen(mark);
		s->n -= head.n + strlen(mark);
	} else {
		s->p += s->n;
		s->n = 0;
	}
	return head;
}

static enum err bad(struct diag *reterr, struct piece whole, const char *why)
{
	return diag_set(reterr, ERR_CONFIG, 0, 0, "%.*s: %s", (int)MIN_OF(whole.n, (size_t)100),
			whole.p, why);
}

static const struct scheme *find_scheme(struct piece name)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (is(name, schemes[i].name))
			return &schemes[i];
	return NULL;
}

static bool parse_port(struct piece s, uint16_t *ret)
{
	uint32_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || v > UINT16_MAX)
			return false;
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	}
	*ret = (uint16_t)v;
	return v > 0 && v <= UINT16_MAX;
}

/* HOST, HOST:PORT, [V6], [V6]:PORT; a bare IPv6 address has no port. */
static const char *parse_place(struct piece s, struct export_target *t)
{
	struct piece host, port = {0};
	bool bracket = s.n && *s.p == '[';
	if (bracket) {
		s.p++;
		s.n--;
		if (!memchr(s.p, ']', s.n))
			return "a [ without ]";
		host = before(&s, "]");
		if (s.n && *s.p != ':')
			return "what stands behind ] is no port";
		port = s.n ? (struct piece){s.p + 1, s.n - 1} : s;
		if (s.n && port.n == 0)
			return "the port is missing";
	} else {
		const char *colon = memchr(s.p, ':', s.n);
		bool several = colon && memrchr(s.p, ':', s.n) != colon;
		host = several ? s : before(&s, ":");
		port = several ? port : s;
		if (colon && !several && port.n == 0)
			return "the port is missing";
	}
	if (host.n == 0 || host.n >= EXPORT_HOST_MAX)
		return "the host is missing, or too long";
	if (port.n && !parse_port(port, &t->port))
		return "a port is a number from 1 to 65535";
	memcpy(t->host, host.p, host.n);
	t->host[host.n] = 0;
	return NULL;
}

static enum err parse_one(struct piece whole, struct export_target *ret, struct diag *reterr)
{
	struct piece place = whole;
	const struct scheme *s = find_scheme(before(&place, "://"));
	if (!s || place.n == 0)
		return bad(reterr, whole,
			   "a collector is udp://HOST[:PORT], tcp://, tls:// (IPFIX), nf9:// or "
			   "nf5:// (NetFlow)");
	struct piece option = place;
	place = before(&option, "?");
	struct export_target t = {.protocol = s->protocol,
				  .transport = s->transport,
				  .port = s->port,
				  .split = s->protocol != EXPORT_IPFIX};
	if (option.n && !is(option, "split=yes") && !is(option, "split=no"))
		return bad(reterr, whole, "behind the ? may stand split=yes");
	t.split |= is(option, "split=yes");
	const char *why = parse_place(place, &t);
	if (why)
		return bad(reterr, whole, why);
	*ret = t;
	return ERR_OK;
}

enum err export_targets_parse(const char *text, struct export_target *ret, size_t *ret_n,
			      struct diag *reterr)
{
	static const char separators[] = " ,\t\n";
	size_t n = 0;
	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		struct piece one = {text, strcspn(text, separators)};
		if (n == EXPORT_TARGETS_MAX)
			return diag_set(reterr, ERR_LIMIT, 0, 0, "more than %d collectors",
					EXPORT_TARGETS_MAX);
		enum err e = parse_one(one, &ret[n], reterr);
		if (e)
			return e;
		n++;
		text += one.n;
	}
	*ret_n = n;
	return ERR_OK;
}

size_t export_target_text(const struct export_target *t, char out[EXPORT_TARGET_TEXT_MAX])
{
	size_t i = 0;
	while (schemes[i].protocol != t->protocol || schemes[i].transport != t->transport)
		i++;
	int n = snprintf(out, EXPORT_TARGET_TEXT_MAX,
			 strchr(t->host, ':') ? "%s://[%s]:%u" : "%s://%s:%u", schemes[i].name,
			 t->host, t->port);
	return n > 0 ? MIN_OF((size_t)n, (size_t)EXPORT_TARGET_TEXT_MAX - 1) : 0;
}
