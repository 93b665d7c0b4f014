/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/collector.h"

#include "base/attr.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Datagrams sent at once before a millisecond's rest: a burst of a full batch would overflow the
 * socket buffer of a collector with the defaults of its system. */
enum { UDP_ROUND = 64, UDP_REST_MS = 1, UDP_SEND_BUFFER = 4 << 20, RING_MIN = 64 };

static enum err find_address(struct collector *c, struct diag *reterr)
{
	char port[8], text[EXPORT_TARGET_TEXT_MAX];
	const struct addrinfo hints = {
	    .ai_socktype = c->target.transport == EXPORT_UDP ? SOCK_DGRAM : SOCK_STREAM,
	    .ai_flags = AI_NUMERICSERV};
	struct addrinfo *a = NULL;
	snprintf(port, sizeof(port), "%u", c->target.port);
	int bad = getaddrinfo(c->target.host, port, &hints, &a);
	if (bad) {
		export_target_text(&c->target, text);
		return diag_set(reterr, ERR_NOT_FOUND, 0, 0, "%s: %s", text, gai_strerror(bad));
	}
	memcpy(&c->addr, a->ai_addr, a->ai_addrlen);
	c->addr_n = a->ai_addrlen;
	freeaddrinfo(a);
	return ERR_OK;
}

static enum err open_udp(struct collector *c, struct diag *reterr)
{
	const int size = UDP_SEND_BUFFER;
	char text[EXPORT_TARGET_TEXT_MAX];
	c->fd = socket(c->addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&c->addr, c->addr_n)) {
		int saved = errno;
		export_target_text(&c->target, text);
		return diag_set(reterr, err_from_errno(saved), 0, 0, "%s: %s", text,
				strerror(saved));
	}
	(void)setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	c->books.state = COLLECTOR_UP;
	c->books.sessions = c->session = 1;
	c->greet = true;
	return ERR_OK;
}

enum err collector_init(struct collector *c, const struct collector_opts *o, struct diag *reterr)
{
	*c = (struct collector){.target = o->target,
				.index = o->index,
				.encoder = o->encoder,
				.stats = o->stats,
				.tls_context = o->tls,
				.fd = -1,
				.buffer = o->buffer,
				.template_messages = o->template_messages,
				.template_ms = o->template_ms};
	enum err e = find_address(c, reterr);
	if (!e && c->target.transport == EXPORT_UDP)
		return open_udp(c, reterr);
	if (!e && !(c->out = malloc(MESSAGE_MAX)))
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	return e;
}

void collector_close(struct collector *c)
{
	session_end(c);
	while (c->n) {
		struct message *m = c->ring[c->head & (c->cap - 1)].m;
		c->head++;
		c->n--;
		collector_lost(c, m, ST_export_drop_stopped);
	}
	c->books.waiting_bytes = 0;
}

void collector_fini(struct collector *c)
{
	collector_close(c);
	free(c->ring);
	free(c->out);
	c->ring = NULL;
	c->out = NULL;
}

/* --- what waits */

void collector_sent(struct collector *c, struct message *m)
{
	c->books.sent_messages++;
	c->books.sent_bytes += m->n;
	c->books.sent_records += m->flows;
	stat_add(c->stats, ST_export_messages_sent, 1);
	stat_add(c->stats, ST_export_bytes_sent, m->n);
	stat_add(c->stats, ST_export_records_sent, m->flows);
	stat_add(c->stats, ST_export_option_records_sent, m->records - m->flows);
	message_put(m);
}

void collector_lost(struct collector *c, struct message *m, enum stat_id reason)
{
	c->books.dropped_records += m->flows;
	stat_add(c->stats, reason, m->flows);
	message_put(m);
}

static bool grow(struct collector *c)
{
	uint32_t cap = c->cap ? 2 * c->cap : RING_MIN;
	struct waiting *v = malloc(cap * sizeof(*v));
	if (!v)
		return false;
	for (uint32_t i = 0; i < c->n; i++)
		v[i] = c->ring[(c->head + i) & (c->cap - 1)];
	free(c->ring);
	c->ring = v;
	c->cap = cap;
	c->head = 0;
	return true;
}

void collector_push(struct collector *c, struct message *m)
{
	stat_add(c->stats, ST_export_records, m->flows);
	bool room = c->books.waiting_bytes + m->n <= c->buffer;
	message_get(m);
	if (!room || (c->n == c->cap && !grow(c))) {
		c->gap += message_units(c->target.protocol, m);
		collector_lost(c, m, room ? ST_export_drop_no_memory : ST_export_drop_buffer_full);
		return;
	}
	c->ring[(c->head + c->n++) & (c->cap - 1)] = (struct waiting){m, c->gap};
	c->gap = 0;
	c->books.waiting_bytes += m->n;
}

void collector_untake(struct collector *c, struct message *m)
{
	if (m->records == 0)
		c->session++; /* templates that did not go out are told again, with all others */
	if (m->records == 0 || (c->n == c->cap && !grow(c))) {
		collector_lost(c, m, ST_export_drop_no_memory);
		return;
	}
	c->head--;
	c->ring[c->head & (c->cap - 1)] = (struct waiting){m, 0};
	c->n++;
	c->books.waiting_bytes += m->n;
}

/* --- templates */

static bool is_due(const struct collector *c, const struct layout *l, int64_t mono_ms)
{
	const struct told *t = &l->told[c->index];
	if (t->session != c->session)
		return true;
	return c->target.transport == EXPORT_UDP &&
	       (t->messages >= c->template_messages || mono_ms - t->at >= c->template_ms);
}

/* A message of templates that m needs to have told before; NULL = none is due. */
static struct message *templates_for(struct collector *c, const struct message *m, int64_t mono_ms,
				     int64_t export_ms)
{
	struct layout *due[MESSAGE_LAYOUTS_MAX];
	size_t n = 0, k = 0;
	for (uint16_t i = 0; i < m->n_layouts; i++)
		if (is_due(c, m->layouts[i], mono_ms))
			due[n++] = m->layouts[i];
	struct message *t = n ? encoder_templates(c->encoder, due, n, export_ms, &k) : NULL;
	for (size_t i = 0; t && i < k; i++)
		due[i]->told[c->index] = (struct told){.session = c->session, .at = mono_ms};
	stat_add(c->stats, ST_export_templates_sent, k);
	return t;
}

struct message *collector_take(struct collector *c, int64_t mono_ms, int64_t export_ms,
			       uint32_t *ret_sequence)
{
	if (c->n == 0)
		return NULL;
	struct waiting *w = &c->ring[c->head & (c->cap - 1)];
	struct message *m = templates_for(c, w->m, mono_ms, export_ms);
	if (!m) {
		m = w->m;
		c->sequence += w->gap;
		for (uint16_t i = 0; i < m->n_layouts; i++)
			m->layouts[i]->told[c->index].messages++;
		c->head++;
		c->n--;
		c->books.waiting_bytes -= m->n;
	}
	*ret_sequence = c->sequence;
	c->sequence += message_units(c->target.protocol, m);
	return m;
}

void collector_withdraw(struct collector *c, const struct layout *l, int64_t export_ms)
{
	bool session = c->target.transport != EXPORT_UDP;
	if (!session || c->books.state != COLLECTOR_UP || l->told[c->index].session != c->session)
		return;
	struct message *m = encoder_withdrawal(c->encoder, l->id, export_ms);
	if (m) {
		collector_push(c, m);
		message_put(m);
	}
}

/* --- UDP */

/* False: the socket takes no more now. */
static bool send_datagram(struct collector *c, struct message *m, uint32_t sequence)
{
	uint8_t header[MESSAGE_HEADER_MAX];
	size_t n = message_header(c->target.protocol);
	memcpy(header, m->bytes, n);
	message_sequence(c->target.protocol, header, sequence);
	struct iovec iov[] = {{header, n}, {m->bytes + n, m->n - n}};
	const struct msghdr msg = {.msg_iov = iov, .msg_iovlen = ARRAY_LEN(iov)};
	ssize_t sent = sendmsg(c->fd, &msg, 0);
	if (sent < 0 && errno == ECONNREFUSED) {
		/* What came back for a datagram before: nobody listened then. This one was not
		 * tried. */
		snprintf(c->books.error, sizeof(c->books.error), "%s", strerror(errno));
		sent = sendmsg(c->fd, &msg, 0);
	}
	if (sent >= 0) {
		collector_sent(c, m);
		return true;
	}
	if (errno == EAGAIN || errno == ENOBUFS) {
		c->sequence = sequence; /* it is taken again */
		collector_untake(c, m);
		return false;
	}
	snprintf(c->books.error, sizeof(c->books.error), "%s", strerror(errno));
	collector_lost(c, m, ST_export_drop_refused);
	return true;
}

static void udp_step(struct collector *c, int64_t mono_ms, int64_t export_ms)
{
	uint32_t sequence;
	struct message *m;
	c->blocked = false;
	for (int i = 0; i < UDP_ROUND && !c->blocked; i++) {
		m = collector_take(c, mono_ms, export_ms, &sequence);
		if (!m)
			return;
		c->blocked = !send_datagram(c, m, sequence);
	}
}

/* --- both */

void collector_step(struct collector *c, short revents, int64_t mono_ms, int64_t export_ms)
{
	if (c->target.transport == EXPORT_UDP)
		udp_step(c, mono_ms, export_ms);
	else
		session_step(c, revents, mono_ms, export_ms);
}

short collector_events(const struct collector *c)
{
	switch (c->books.state) {
	case COLLECTOR_DOWN:
		return 0;
	case COLLECTOR_CONNECTING:
		return POLLOUT;
	case COLLECTOR_HANDSHAKE:
		return tls_wants_write(c->tls) ? POLLOUT : POLLIN;
	case COLLECTOR_UP:
		break;
	}
	bool udp = c->target.transport == EXPORT_UDP;
	return (short)((udp ? 0 : POLLIN) | (c->blocked ? POLLOUT : 0));
}

int64_t collector_next(const struct collector *c, int64_t mono_ms)
{
	switch (c->books.state) {
	case COLLECTOR_DOWN:
		return c->retry_at;
	case COLLECTOR_CONNECTING:
	case COLLECTOR_HANDSHAKE:
		return c->handshake_by;
	case COLLECTOR_UP:
		break;
	}
	if (c->n && !c->blocked)
		return c->target.transport == EXPORT_UDP ? mono_ms + UDP_REST_MS : mono_ms;
	return INT64_MAX;
}
