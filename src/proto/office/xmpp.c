/* SPDX-License-Identifier: Apache-2.0 */
/* XMPP (RFC 6120): the domain of a stream, a login in the clear, STARTTLS. Only the beginnings of
 * streams are read; XML is looked through, not parsed. */
#include "proto/guess.h"
#include "proto/office/login.h"
#include "proto/office/starttls.h"
#include "proto/text.h"

enum { HEAD_MAX = 2048 };

struct xmpp {
	bool known, tls_asked;
};

/* The value of an attribute, up to its quote; empty: it is not there. */
static struct rd attribute(const struct rd *r, const char *name)
{
	const uint8_t *at = text_find(r, name, strlen(name));
	if (!at)
		return rd_none();
	struct rd value = rd_of(at, (size_t)(r->end - at));
	rd_skip(&value, strlen(name));
	uint8_t quote = rd_u8(&value);
	if (quote != '\'' && quote != '"')
		return rd_none();
	struct rd inner = text_until(&value, quote);
	return inner;
}

static bool has(const struct rd *r, const char *what)
{
	return text_find(r, what, strlen(what)) != NULL;
}

static void note_attribute(struct notes *n, enum field f, const struct rd *r, const char *name)
{
	struct rd value = attribute(r, name);
	if (rd_left(&value) && text_printable(&value))
		notes_str_once(n, f, value.p, rd_left(&value));
}

static void see_login(struct notes *n, const struct rd *r)
{
	const uint8_t *at = text_find(r, "<auth", 5);
	if (!at)
		return;
	struct rd element = rd_of(at, (size_t)(r->end - at));
	struct rd mechanism = attribute(&element, "mechanism=");
	(void)text_until(&element, '>');
	struct rd text = text_until(&element, '<');
	(void)login_begin(n, &mechanism, &text);
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct xmpp *s = c->state;
	if (!s->known) {
		if (!guess_may_begin(r, "<?xml ") && !guess_may_begin(r, "<stream:stream "))
			return DISSECT_NOT_MINE;
		if (!has(r, "http://etherx.jabber.org/streams") && !has(r, "xmlns='jabber:") &&
		    !has(r, "xmlns=\"jabber:"))
			return rd_left(r) < HEAD_MAX ? DISSECT_MORE : DISSECT_NOT_MINE;
		const uint8_t *stream = text_find(r, "<stream:stream", 14);
		if (!stream)
			return DISSECT_NOT_MINE;
		struct rd head = rd_of(stream, (size_t)(r->end - stream));
		if (!memchr(head.p, '>', rd_left(&head)))
			return DISSECT_MORE;
		s->known = true;
	}
	const uint8_t *close = rd_left(r) ? memrchr(r->p, '>', rd_left(r)) : NULL;
	if (!close)
		return rd_left(r) < HEAD_MAX ? DISSECT_MINE : DISSECT_DONE;
	struct rd all = rd_of(r->p, (size_t)(close - r->p) + 1);
	if (has(&all, "<auth ") && !has(&all, "</auth>") && rd_left(r) < HEAD_MAX)
		return DISSECT_MINE;
	rd_skip(r, rd_left(&all));
	if (has(&all, "<stream:stream"))
		note_attribute(c->notes, has(&all, " to=") ? F_app_server : F_app_client, &all,
			       has(&all, " to=") ? " to=" : " from=");
	if (has(&all, "<starttls ") && !has(&all, "<stream:features"))
		s->tls_asked = true;
	if (s->tls_asked && has(&all, "<proceed"))
		return starttls(c);
	see_login(c->notes, &all);
	/* what follows a login are messages of people */
	return has(&all, "<success") || has(&all, "<iq ") || has(&all, "<message ") ? DISSECT_DONE
										    : DISSECT_MINE;
}

const struct dissector dissector_xmpp = {
    .name = "xmpp",
    .title = "Extensible Messaging and Presence Protocol",
    .over = OVER_TCP,
    .ports = {5222, 5269},
    FIRST_BYTES("<<"),
    .state_size = sizeof(struct xmpp),
    .see = see,
};
