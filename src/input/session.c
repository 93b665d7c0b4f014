/* SPDX-License-Identifier: Apache-2.0 */
#include "input/session.h"

#include "base/rd.h"
#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HEADER = 16,
	VERSION = 10,
	MESSAGE_MAX = 65535,
	READ_MAX = 65536,
	READS = 4,    /* of one session before the others have their turn */
	ACCEPTS = 16, /* of one listener likewise */
	EVENTS = 64,
	SWEEP_MS = 500, /* how often times are looked at */
	RETRY_MS = 500, /* after accept(2) found no descriptors left */
};

/* What an epoll event is about: these, or the slot of a session. */
static const uint64_t about_wake = UINT64_MAX, about_listener = 1ull << 32;

struct session {
	uint32_t id, slot;
	int fd;
	uint16_t port;
	bool open;        /* no handshake under way */
	bool wants_write; /* as epoll was told */
	struct ip src;
	struct tls *tls;
	uint64_t busy_ns; /* since when a handshake or a message is under way; 0 = none */
	uint64_t last_ns; /* the last whole message, or the beginning */
	uint8_t *part;    /* of the message under way; owned */
	size_t part_n;
};

struct sessions {
	struct session_opts opts;
	struct tls_context *tls;
	struct session_listener listeners[SESSION_LISTENERS_MAX]; /* descriptors of our own */
	size_t n_listeners;
	int epoll, wake;
	struct epoll_event events[EVENTS];
	int n_events;
	uint32_t last_id, n_sessions, n_slots;
	struct session **slots; /* NULL where there is no session */
	uint64_t sweep_ns, retry_ns;
	bool resting, stopped; /* listeners are not listened to */
	uint8_t buffer[MESSAGE_MAX + READ_MAX];
};

static void count(struct sessions *s, enum stat_id which)
{
	stat_add(s->opts.stats, which, 1);
}

static bool watch(struct sessions *s, int op, int fd, uint32_t what, uint64_t about)
{
	struct epoll_event e = {.events = what, .data.u64 = about};
	return epoll_ctl(s->epoll, op, fd, &e) == 0;
}

static void listen_to(struct sessions *s, bool on)
{
	for (size_t i = 0; i < s->n_listeners; i++)
		watch(s, EPOLL_CTL_MOD, s->listeners[i].fd, on ? EPOLLIN : 0, about_listener | i);
	s->resting = !on;
}

enum err sessions_new(const struct session_opts *opts, const struct session_listener *l, size_t n,
		      struct sessions **ret)
{
	struct sessions *s = calloc(1, sizeof(*s));
	if (!s)
		return ERR_NOMEM;
	s->opts = *opts;
	s->opts.message_ms = opts->message_ms ? opts->message_ms : SESSION_MESSAGE_MS;
	s->opts.handshake_ms = opts->handshake_ms ? opts->handshake_ms : SESSION_HANDSHAKE_MS;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bool ok =
	    s->epoll >= 0 && s->wake >= 0 && watch(s, EPOLL_CTL_ADD, s->wake, EPOLLIN, about_wake);
	enum err e = ok ? sessions_set_listeners(s, l, n, 0) : err_from_errno(errno);
	if (e) {
		sessions_free(s);
		return e;
	}
	*ret = s;
	return ERR_OK;
}

/* --- the end of a session */

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void end(struct sessions *s, struct session *x, enum stat_id why)
{
	count(s, why);
	if (why == ST_session_end_stream) {
		count(s, ST_datagrams_received);
		count(s, ST_reject_stream);
	} else if (x->part_n) {
		count(s, ST_datagrams_received);
		count(s, ST_reject_stream_cut);
	}
	s->slots[x->slot] = NULL;
	stat_set(s->opts.stats, ST_sessions_live, --s->n_sessions);
	s->opts.end(s->opts.ctx, x->id);
	tls_free(x->tls);
	close_fd(x->fd);
	free(x->part);
	free(x);
}

void sessions_end_all(struct sessions *s)
{
	for (uint32_t i = 0; i < s->n_slots; i++)
		if (s->slots[i])
			end(s, s->slots[i], ST_session_end_stopped);
}

static void close_listeners(struct sessions *s)
{
	while (s->n_listeners) {
		int fd = s->listeners[--s->n_listeners].fd;
		/* epoll knows the socket, which may live on in other descriptors. */
		watch(s, EPOLL_CTL_DEL, fd, 0, 0);
		close(fd);
	}
}

void sessions_free(struct sessions *s)
{
	if (!s)
		return;
	sessions_end_all(s);
	close_listeners(s);
	close_fd(s->epoll);
	close_fd(s->wake);
	free(s->slots);
	free(s);
}

/* --- reading */

static enum err receive(struct session *x, uint8_t *p, size_t max, size_t *ret_n)
{
	if (x->tls)
		return tls_read(x->tls, p, max, ret_n);
	ssize_t n = recv(x->fd, p, max, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_BUSY : err_from_errno(errno);
	*ret_n = (size_t)n;
	return n == 0 ? ERR_CLOSED : ERR_OK;
}

/* Hands out the whole messages of r and leaves the rest in it. False: this is no IPFIX. */
static bool hand_out(struct sessions *s, struct session *x, struct rd *r, uint64_t now_ns)
{
	while (rd_left(r) >= 2) {
		struct rd peek = *r;
		uint16_t version = rd_be16(&peek), n = rd_be16(&peek);
		if (version != VERSION || (!peek.bad && n < HEADER))
			return false;
		if (peek.bad || rd_left(r) < n)
			break;
		const struct session_message m = {.p = rd_take(r, n),
						  .n = n,
						  .session = x->id,
						  .src = x->src,
						  .port = x->port,
						  .tls = x->tls != NULL};
		x->last_ns = now_ns;
		x->busy_ns = 0;
		s->opts.message(s->opts.ctx, &m);
	}
	return true;
}

/* Keeps the beginning of a message until the rest comes. */
static bool keep(struct session *x, const struct rd *r, uint64_t now_ns)
{
	size_t n = rd_left(r);
	uint8_t *part = n ? realloc(x->part, n) : NULL;
	if (n && !part)
		return false;
	if (n)
		memcpy(part, r->p, n);
	else
		free(x->part);
	x->part = part;
	x->part_n = n;
	if (n && x->busy_ns == 0)
		x->busy_ns = now_ns;
	return true;
}

/* Tells epoll if TLS needs to write before it can go on. */
static bool want(struct sessions *s, struct session *x)
{
	bool write = x->tls && tls_wants_write(x->tls);
	if (write == x->wants_write)
		return true;
	x->wants_write = write;
	return watch(s, EPOLL_CTL_MOD, x->fd, write ? EPOLLOUT : EPOLLIN, x->slot);
}

static void handshake(struct sessions *s, struct session *x, uint64_t now_ns)
{
	enum err e = tls_handshake(x->tls);
	if (e == ERR_BUSY && want(s, x))
		return;
	if (e) {
		s->opts.tls_failed(s->opts.ctx, &x->src, tls_failure(x->tls));
		end(s, x, ST_session_end_handshake);
		return;
	}
	count(s, ST_sessions_handshakes);
	x->open = true;
	x->busy_ns = 0;
	x->last_ns = now_ns;
	if (!want(s, x))
		end(s, x, ST_session_end_failed);
}

static void read_session(struct sessions *s, struct session *x, uint64_t now_ns)
{
	for (int i = 0; i < READS; i++) {
		size_t n = 0;
		uint8_t *at = s->buffer + x->part_n;
		enum err e = receive(x, at, READ_MAX, &n);
		if (e == ERR_BUSY && want(s, x))
			return;
		if (e) {
			end(s, x, e == ERR_CLOSED ? ST_session_end_closed : ST_session_end_failed);
			return;
		}
		if (x->part_n)
			memcpy(s->buffer, x->part, x->part_n);
		struct rd r = rd_of(s->buffer, x->part_n + n);
		if (!hand_out(s, x, &r, now_ns)) {
			x->part_n = 0;
			end(s, x, ST_session_end_stream);
			return;
		}
		if (!keep(x, &r, now_ns)) {
			end(s, x, ST_session_end_failed);
			return;
		}
	}
}

/* --- accepting */

static uint32_t sessions_of(const struct sessions *s, const struct ip *src)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->n_slots; i++)
		n += s->slots[i] && ip_equal(&s->slots[i]->src, src);
	return n;
}

/* Why a connection from there is not taken; ST_sessions_opened if it is. */
static enum stat_id refusal(const struct sessions *s, const struct ip *src)
{
	if (!s->opts.admit(s->opts.ctx, src))
		return ST_session_end_denied;
	if (s->n_sessions >= s->opts.max_sessions)
		return ST_session_end_limit;
	if (sessions_of(s, src) >= s->opts.max_per_address)
		return ST_session_end_address_limit;
	return ST_sessions_opened;
}

/* A slot that is free; there are as many as there ever were sessions. */
static bool free_slot(struct sessions *s, uint32_t *ret)
{
	for (uint32_t i = 0; i < s->n_slots; i++)
		if (!s->slots[i]) {
			*ret = i;
			return true;
		}
	uint32_t more = s->n_slots ? s->n_slots * 2 : 16;
	struct session **slots = reallocarray(s->slots, more, sizeof(struct session *));
	if (!slots)
		return false;
	for (uint32_t i = s->n_slots; i < more; i++)
		slots[i] = NULL;
	*ret = s->n_slots;
	s->slots = slots;
	s->n_slots = more;
	return true;
}

static enum stat_id begin(struct sessions *s, const struct session *what, bool tls)
{
	uint32_t slot;
	if (tls && !s->tls)
		return ST_session_end_handshake;
	struct session *x = calloc(1, sizeof(*x));
	if (!x || !free_slot(s, &slot)) {
		free(x);
		return ST_session_end_failed;
	}
	*x = *what;
	x->slot = slot;
	x->open = !tls;
	if ((tls && tls_accept(s->tls, x->fd, &x->tls)) ||
	    !watch(s, EPOLL_CTL_ADD, x->fd, EPOLLIN, slot)) {
		tls_free(x->tls);
		free(x);
		return ST_session_end_failed;
	}
	s->last_id += s->last_id == UINT32_MAX ? 2 : 1; /* never 0 */
	x->id = s->last_id;
	x->busy_ns = tls ? what->last_ns : 0;
	s->slots[slot] = x;
	stat_set(s->opts.stats, ST_sessions_live, ++s->n_sessions);
	return ST_sessions_opened;
}

/* False: there is nothing more to accept now. */
static bool accept_one(struct sessions *s, const struct session_listener *l, uint64_t now_ns)
{
	struct sockaddr_storage from = {0};
	socklen_t n = sizeof(from);
	int fd = accept4(l->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		bool full =
		    errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
		if (full) { /* it would be ready all the time */
			listen_to(s, false);
			s->retry_ns = now_ns + RETRY_MS * 1000000ull;
		}
		return errno == ECONNABORTED;
	}
	struct session x = {.fd = fd, .last_ns = now_ns};
	enum stat_id why = ST_session_end_failed;
	if (!ip_from_sockaddr((const struct sockaddr *)&from, &x.src, &x.port))
		why = refusal(s, &x.src);
	if (why == ST_sessions_opened)
		why = begin(s, &x, l->tls);
	count(s, why);
	if (why != ST_sessions_opened)
		close(fd);
	return true;
}

/* --- other listeners */

/* What has connected to those of before is taken; then they are closed. Events that were waiting
 * come again, for what is watched now. */
static void leave_listeners(struct sessions *s, uint64_t now_ns)
{
	enum { BACKLOG_MAX = 4096 };
	for (size_t i = 0; i < s->n_listeners; i++)
		for (int k = 0; k < BACKLOG_MAX && accept_one(s, &s->listeners[i], now_ns); k++)
			;
	close_listeners(s);
	int n = 0;
	for (int i = 0; i < s->n_events; i++)
		if (!(s->events[i].data.u64 & about_listener))
			s->events[n++] = s->events[i];
	s->n_events = n;
}

static enum err copy_listeners(const struct session_listener *l, size_t n,
			       struct session_listener *ret)
{
	for (size_t i = 0; i < n; i++) {
		ret[i] = (struct session_listener){fcntl(l[i].fd, F_DUPFD_CLOEXEC, 0), l[i].tls};
		if (ret[i].fd >= 0)
			continue;
		enum err e = err_from_errno(errno);
		while (i-- > 0)
			close(ret[i].fd);
		return e;
	}
	return ERR_OK;
}

enum err sessions_set_listeners(struct sessions *s, const struct session_listener *l, size_t n,
				uint64_t now_ns)
{
	struct session_listener own[SESSION_LISTENERS_MAX];
	enum err e = n > SESSION_LISTENERS_MAX ? ERR_LIMIT : copy_listeners(l, n, own);
	if (e)
		return e;
	leave_listeners(s, now_ns);
	bool ok = true;
	for (size_t i = 0; i < n; i++) {
		s->listeners[s->n_listeners++] = own[i];
		ok &= watch(s, EPOLL_CTL_ADD, own[i].fd, s->stopped ? 0 : EPOLLIN,
			    about_listener | i);
	}
	s->resting = s->stopped;
	return ok ? ERR_OK : err_from_errno(errno);
}

/* --- the loop */

static void sweep(struct sessions *s, uint64_t now_ns)
{
	for (uint32_t i = 0; i < s->n_slots; i++) {
		struct session *x = s->slots[i];
		if (!x)
			continue;
		uint64_t busy_ms = x->busy_ns ? (now_ns - x->busy_ns) / 1000000 : 0;
		if (!x->open && busy_ms >= s->opts.handshake_ms) {
			s->opts.tls_failed(s->opts.ctx, &x->src, "took too long");
			end(s, x, ST_session_end_handshake);
		} else if (x->open && busy_ms >= s->opts.message_ms) {
			end(s, x, ST_session_end_half_message);
		} else if ((now_ns - x->last_ns) / 1000000 >= s->opts.idle_ms) {
			end(s, x, ST_session_end_idle);
		}
	}
}

static void serve_one(struct sessions *s, uint64_t about, uint64_t now_ns)
{
	if (about & about_listener) {
		const struct session_listener *l = &s->listeners[(uint32_t)about];
		for (int i = 0; i < ACCEPTS && !s->resting && accept_one(s, l, now_ns); i++)
			;
		return;
	}
	struct session *x = s->slots[about];
	if (x && !x->open)
		handshake(s, x, now_ns);
	else if (x)
		read_session(s, x, now_ns);
}

bool sessions_wait(struct sessions *s, int timeout_ms)
{
	int n = epoll_wait(s->epoll, s->events, EVENTS, timeout_ms);
	eventfd_t woken;
	s->n_events = 0;
	for (int i = 0; i < n; i++)
		if (s->events[i].data.u64 == about_wake)
			(void)eventfd_read(s->wake, &woken);
		else
			s->events[s->n_events++] = s->events[i];
	return s->n_events > 0;
}

void sessions_serve(struct sessions *s, uint64_t now_ns)
{
	for (int i = 0; i < s->n_events; i++)
		serve_one(s, s->events[i].data.u64, now_ns);
	s->n_events = 0;
	if (now_ns >= s->sweep_ns) {
		sweep(s, now_ns);
		s->sweep_ns = now_ns + SWEEP_MS * 1000000ull;
	}
	if (s->resting && !s->stopped && now_ns >= s->retry_ns)
		listen_to(s, true);
}

void sessions_set_tls(struct sessions *s, struct tls_context *c)
{
	s->tls = c;
}

void sessions_set_limits(struct sessions *s, uint32_t max_sessions, uint32_t max_per_address,
			 uint64_t idle_ms)
{
	s->opts.max_sessions = max_sessions;
	s->opts.max_per_address = max_per_address;
	s->opts.idle_ms = idle_ms;
}

void sessions_stop_accepting(struct sessions *s)
{
	s->stopped = true;
	listen_to(s, false);
}

void sessions_wake(struct sessions *s)
{
	(void)eventfd_write(s->wake, 1);
}
