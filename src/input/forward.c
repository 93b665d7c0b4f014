/* SPDX-License-Identifier: Apache-2.0 */
#include "input/forward.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "input/udp.h"

#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UDP_HEADER = 8, UDP_CHECKSUM_AT = 6, SEND_BUFFER = 4 << 20, V4_AT = 12 };

struct destination {
	const struct conf_forward *conf;
	int fd; /* connected; -1 = it has an error */
	struct ip ip;
	char error[FORWARD_ERROR_MAX];
	atomic_uint_fast64_t sent, dropped;
};

struct forward {
	size_t n;
	struct destination v[];
};

/* Room for the address a datagram is to leave with. */
union source {
	struct cmsghdr align;
	uint8_t v4[CMSG_SPACE(sizeof(struct in_pktinfo))];
	uint8_t v6[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct forward_scratch {
	struct mmsghdr msg[FORWARD_ROUND];
	struct iovec iov[FORWARD_ROUND][2];
	uint8_t head[FORWARD_ROUND][UDP_HEADER];
	union source source[FORWARD_ROUND];
};

/* --- destinations */

static void append_url(const struct conf_forward *c, struct buf *out)
{
	buf_fmt(out, strchr(c->host, ':') ? "udp://[%s]:%u" : "udp://%s:%u", c->host, c->port);
}

static void fail(struct destination *d, const char *what, const char *why)
{
	struct buf b = {0};
	append_url(d->conf, &b);
	snprintf(d->error, sizeof(d->error), "%s: %s%s", buf_cstr(&b), what, why);
	buf_fini(&b);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

static bool option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* A raw UDP socket gets copies of all UDP packets of the host: it wants none. */
static bool deafen(int fd)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog p = {.len = 1, .filter = &none};
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)) == 0;
}

/* The kernel makes the IP header, and fragments what is too long; we make the UDP header. */
static int open_raw(int family)
{
	bool v4 = family == AF_INET;
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	bool ok = fd >= 0 && deafen(fd) &&
		  (v4 ? option(fd, IPPROTO_IP, IP_TRANSPARENT, 1)
		      : option(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1) &&
			    option(fd, IPPROTO_IPV6, IPV6_CHECKSUM, UDP_CHECKSUM_AT));
	if (!ok && fd >= 0) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void open_destination(struct destination *d)
{
	char port[8];
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *a = NULL;
	snprintf(port, sizeof(port), "%u", d->conf->port);
	int bad = getaddrinfo(d->conf->host, port, &hints, &a);
	if (bad) {
		fail(d, "", gai_strerror(bad));
		return;
	}
	d->fd = d->conf->keep_source
		    ? open_raw(a->ai_family)
		    : socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0 && d->conf->keep_source && errno == EPERM)
		fail(d, "source=keep needs CAP_NET_RAW", "");
	else if (d->fd < 0 || ip_from_sockaddr(a->ai_addr, &d->ip, NULL) ||
		 connect(d->fd, a->ai_addr, a->ai_addrlen))
		fail(d, "", strerror(errno));
	else
		option(d->fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
	freeaddrinfo(a);
}

static bool same_place(const struct conf_forward *a, const struct conf_forward *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

enum err forward_new(const struct conf_forwards *conf, const struct forward *before,
		     struct forward **ret)
{
	struct forward *f = calloc(1, sizeof(*f) + conf->n * sizeof(f->v[0]));
	if (!f)
		return ERR_NOMEM;
	f->n = conf->n;
	for (size_t i = 0; i < f->n; i++) {
		struct destination *d = &f->v[i];
		d->conf = &conf->v[i];
		d->fd = -1;
		open_destination(d);
		for (size_t k = 0; before && k < before->n; k++)
			if (same_place(before->v[k].conf, d->conf)) {
				d->sent = before->v[k].sent;
				d->dropped = before->v[k].dropped;
			}
	}
	*ret = f;
	return ERR_OK;
}

void forward_free(struct forward *f)
{
	for (size_t i = 0; f && i < f->n; i++)
		if (f->v[i].fd >= 0)
			close(f->v[i].fd);
	free(f);
}

const char *forward_error(const struct forward *f, char ret[FORWARD_ERROR_MAX])
{
	ret[0] = 0;
	for (size_t i = 0; i < f->n && !*ret; i++)
		memcpy(ret, f->v[i].error, FORWARD_ERROR_MAX);
	return ret;
}

void forward_json(const struct forward *f, struct buf *out)
{
	buf_u8(out, '[');
	for (size_t i = 0; i < f->n; i++) {
		const struct destination *d = &f->v[i];
		struct buf url = {0};
		append_url(d->conf, &url);
		buf_str(out, i ? ",{" : "{");
		buf_json_key(out, "to");
		buf_json_str(out, url.p, url.n);
		buf_json_key(out, "sent");
		buf_dec(out, d->sent);
		buf_json_key(out, "dropped");
		buf_dec(out, d->dropped);
		if (*d->error) {
			buf_json_key(out, "error");
			buf_json_str(out, d->error, strlen(d->error));
		}
		buf_u8(out, '}');
		buf_fini(&url);
	}
	buf_u8(out, ']');
}

/* --- sending */

enum err forward_scratch_new(struct forward_scratch **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? ERR_OK : ERR_NOMEM;
}

void forward_scratch_free(struct forward_scratch *s)
{
	free(s);
}

static uint32_t sum16(const uint8_t *p, size_t n)
{
	uint32_t sum = 0; /* of at most 64 KB: no overflow */
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	return n % 2 ? sum + (uint32_t)(p[n - 1] << 8) : sum;
}

/* RFC 768: over the pseudo header, the header and the data; 0 is sent as all ones. */
static uint16_t checksum_v4(const struct destination *d, const struct udp_datagram *g,
			    const uint8_t head[UDP_HEADER])
{
	uint64_t sum = (uint64_t)sum16(g->src.b + V4_AT, 4) + sum16(d->ip.b + V4_AT, 4) +
		       IPPROTO_UDP + g->n + UDP_HEADER + sum16(head, UDP_HEADER) +
		       sum16(g->p, g->n);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0xffff : (uint16_t)~sum;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static size_t set_source(union source *s, const struct ip *src, bool v4)
{
	memset(s, 0, sizeof(*s));
	s->align.cmsg_level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
	s->align.cmsg_type = v4 ? IP_PKTINFO : IPV6_PKTINFO;
	if (v4) {
		struct in_pktinfo info = {0};
		memcpy(&info.ipi_spec_dst, src->b + V4_AT, 4);
		s->align.cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(&s->align), &info, sizeof(info));
		return sizeof(s->v4);
	}
	struct in6_pktinfo info = {0};
	memcpy(&info.ipi6_addr, src->b, sizeof(info.ipi6_addr));
	s->align.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&s->align), &info, sizeof(info));
	return sizeof(s->v6);
}

/* Puts a datagram into slot i. False: it cannot go there with its own address. */
static bool fill(const struct destination *d, struct forward_scratch *s, size_t i,
		 const struct udp_datagram *g)
{
	struct msghdr *m = &s->msg[i].msg_hdr;
	struct iovec *data = &s->iov[i][1];
	*data = (struct iovec){(void *)(uintptr_t)g->p, g->n};
	if (!d->conf->keep_source) {
		*m = (struct msghdr){.msg_iov = data, .msg_iovlen = 1};
		return true;
	}
	bool v4 = ip_is_v4(&d->ip);
	uint8_t *head = s->head[i];
	if (ip_is_v4(&g->src) != v4 || g->n > UINT16_MAX - UDP_HEADER)
		return false;
	put16(head, g->port);
	put16(head + 2, d->conf->port);
	put16(head + 4, g->n + UDP_HEADER);
	put16(head + UDP_CHECKSUM_AT, 0);
	if (v4)
		put16(head + UDP_CHECKSUM_AT, checksum_v4(d, g, head));
	s->iov[i][0] = (struct iovec){head, UDP_HEADER};
	*m = (struct msghdr){.msg_iov = s->iov[i],
			     .msg_iovlen = 2,
			     .msg_control = &s->source[i],
			     .msg_controllen = set_source(&s->source[i], &g->src, v4)};
	return true;
}

static bool wants(const struct conf_forward *c, const struct ip *src)
{
	for (size_t i = 0; i < c->from.n; i++)
		if (ip_in_net(src, &c->from.v[i].ip, c->from.v[i].bits))
			return true;
	return c->from.n == 0;
}

/* Returns how many of n went out. An error stands for the first datagram only, but for one that an
 * earlier datagram caused at the destination (a closed port), and for a full buffer, which ends
 * it. */
static size_t push(int fd, struct mmsghdr *v, size_t n)
{
	size_t sent = 0, done = 0, refused = 0;
	while (done < n) {
		int r = sendmmsg(fd, v + done, (unsigned)(n - done), MSG_DONTWAIT);
		if (r > 0) {
			sent += (size_t)r;
			done += (size_t)r;
		} else if (errno == ECONNREFUSED && refused++ <= n) {
			continue;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			break;
		} else if (errno != EINTR) {
			done++;
		}
	}
	return sent;
}

static void send_to(struct destination *to, struct forward_scratch *s,
		    const struct udp_datagram *const *d, size_t n, struct stats *stats)
{
	size_t wanted = 0, filled = 0;
	for (size_t i = 0; i < n; i++) {
		if (!wants(to->conf, &d[i]->src))
			continue;
		wanted++;
		filled += to->fd >= 0 && fill(to, s, filled, d[i]);
	}
	size_t sent = filled ? push(to->fd, s->msg, filled) : 0;
	atomic_fetch_add_explicit(&to->sent, sent, memory_order_relaxed);
	atomic_fetch_add_explicit(&to->dropped, wanted - sent, memory_order_relaxed);
	stat_add(stats, ST_forward_sent, sent);
	stat_add(stats, ST_forward_dropped, wanted - sent);
}

void forward_send(struct forward *f, struct forward_scratch *s, const struct udp_datagram *const *d,
		  size_t n, struct stats *stats)
{
	for (size_t i = 0; i < f->n; i++)
		send_to(&f->v[i], s, d, n, stats);
}
