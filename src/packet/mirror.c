/* SPDX-License-Identifier: Apache-2.0 */
/* Mirrored traffic that is sent to an address of this machine: in VXLAN or GENEVE over UDP (as AWS
 * VPC traffic mirroring does), in GRE or ERSPAN. It is taken from a socket, so that the kernel puts
 * fragments together and only what is meant for us comes. What the socket has taken off, the
 * headers of IP and UDP, is written before each packet again from what recvmsg says of it: so the
 * meter sees the tunnel with its addresses as if the interface had been captured. */
#include "packet/bpf_filter.h"
#include "packet/live_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ROUND = 64,
	HEADERS_MAX = 48, /* IPv6 and UDP */
	PACKET_MAX = 65535,
	CONTROL_BYTES = 256,
	UDP_HEADER = 8,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
	HOPS = 64, /* not known; nobody looks at it */
};

struct slot {
	uint8_t head[HEADERS_MAX];
	uint8_t packet[PACKET_MAX];
};

struct mirror {
	struct live_reader reader;
	int fd;
	bool v6, udp;
	uint16_t port;          /* ours, of UDP */
	uint32_t overflow;      /* of the socket, as it counts */
	uint32_t overflow_told; /* ... what stats have of it */
	struct bpf_filter *filter;
	struct slot *slots; /* ROUND */
	struct mmsghdr m[ROUND];
	struct iovec iov[ROUND];
	struct sockaddr_in6 from[ROUND];
	uint8_t control[ROUND][CONTROL_BYTES];
};

/* What recvmsg says of a packet besides its bytes. */
struct told {
	int64_t t_ns;
	uint32_t if_index;
	struct in6_addr to6;
	struct in_addr to4;
};

static void prepare(struct mirror *m)
{
	for (size_t i = 0; i < ROUND; i++) {
		m->iov[i] = (struct iovec){m->slots[i].packet, PACKET_MAX};
		m->m[i].msg_hdr = (struct msghdr){.msg_name = &m->from[i],
						  .msg_namelen = sizeof(m->from[i]),
						  .msg_iov = &m->iov[i],
						  .msg_iovlen = 1,
						  .msg_control = m->control[i],
						  .msg_controllen = CONTROL_BYTES};
	}
}

static void read_control(struct mirror *m, struct msghdr *h, struct told *t)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		const uint8_t *p = CMSG_DATA(c);
		struct timespec ts;
		struct in_pktinfo p4;
		struct in6_pktinfo p6;
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&ts, p, sizeof(ts));
			t->t_ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&m->overflow, p, sizeof(m->overflow));
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&p4, p, sizeof(p4));
			t->to4 = p4.ipi_addr;
			t->if_index = (uint32_t)p4.ipi_ifindex;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&p6, p, sizeof(p6));
			t->to6 = p6.ipi6_addr;
			t->if_index = p6.ipi6_ifindex;
		}
	}
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The header of IPv4 or IPv6 for n bytes of payload, ending at `end`; returns its beginning. */
static uint8_t *put_ip(const struct mirror *m, uint8_t *end, const struct sockaddr_in6 *from,
		       const struct told *t, size_t n)
{
	uint8_t proto = m->udp ? IPPROTO_UDP : IPPROTO_GRE;
	uint8_t *p = end - (m->v6 ? IPV6_HEADER : IPV4_HEADER);
	memset(p, 0, (size_t)(end - p));
	if (m->v6) {
		p[0] = 0x60;
		put16(p + 4, n);
		p[6] = proto;
		p[7] = HOPS;
		memcpy(p + 8, &from->sin6_addr, 16);
		memcpy(p + 24, &t->to6, 16);
		return p;
	}
	p[0] = 0x45;
	put16(p + 2, n + IPV4_HEADER);
	p[8] = HOPS;
	p[9] = proto;
	memcpy(p + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	memcpy(p + 16, &t->to4, 4);
	return p;
}

static void take(struct mirror *m, size_t i, struct frame *ret)
{
	size_t n = m->m[i].msg_len;
	uint8_t *p = m->slots[i].packet;
	struct told t = {0};
	read_control(m, &m->m[i].msg_hdr, &t);
	if (m->udp) {
		p -= UDP_HEADER;
		n += UDP_HEADER;
		memcpy(p, &m->from[i].sin6_port, 2); /* where sin_port is too */
		put16(p + 2, m->port);
		put16(p + 4, n);
		put16(p + 6, 0);
	}
	/* A raw socket of IPv4 gives the header itself. */
	if (m->udp || m->v6) {
		uint8_t *head = put_ip(m, p, &m->from[i], &t, n);
		n += (size_t)(p - head);
		p = head;
	}
	*ret = (struct frame){.p = p,
			      .n = n,
			      .wire_n = n,
			      .t_ns = t.t_ns ? t.t_ns : live_wall_ns(),
			      .if_index = t.if_index,
			      .link = LINK_IP};
}

static enum err next(struct live_reader *reader, int timeout_ms, struct frame *ret, size_t max,
		     size_t *ret_n, struct stats *s, struct diag *d)
{
	struct mirror *m = (struct mirror *)reader;
	size_t n = 0;
	struct pollfd fd = {m->fd, POLLIN, 0};
	*ret_n = 0;
	if (poll(&fd, 1, timeout_ms) <= 0)
		return ERR_OK;
	prepare(m);
	int got = recvmmsg(m->fd, m->m, (unsigned)MIN_OF(max, ROUND), MSG_DONTWAIT, NULL);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		return diag_set(d, err_from_errno(errno), 0, 0, "mirror: %s", strerror(errno));
	for (int i = 0; i < got; i++) {
		take(m, (size_t)i, &ret[n]);
		if (bpf_filter_takes(m->filter, &ret[n]))
			n++;
		else
			stat_add(s, ST_capture_filtered, 1);
	}
	*ret_n = n;
	return ERR_OK;
}

static void release(struct live_reader *reader)
{
	(void)reader; /* the slots are written at the next call */
}

static void count(struct live_reader *reader, struct stats *s)
{
	struct mirror *m = (struct mirror *)reader;
	stat_add(s, ST_capture_drop_ring_full, m->overflow - m->overflow_told);
	m->overflow_told = m->overflow;
}

static void close_it(struct live_reader *reader)
{
	struct mirror *m = (struct mirror *)reader;
	if (m->fd >= 0)
		close(m->fd);
	bpf_filter_free(&m->filter);
	free(m->slots);
	free(m);
}

static const struct live_ops ops = {
    .next = next, .release = release, .count = count, .close = close_it};

/* --- opening */

static enum err bind_it(struct mirror *m, const struct live_source *w, struct diag *d)
{
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons(m->udp ? w->port : 0)};
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(m->udp ? w->port : 0)};
	struct sockaddr_in6 is;
	socklen_t n = sizeof(is);
	memcpy(&a6.sin6_addr, w->ip.b, 16);
	memcpy(&a4.sin_addr, w->ip.b + 12, 4);
	int got = m->v6 ? bind(m->fd, (const struct sockaddr *)&a6, sizeof(a6))
			: bind(m->fd, (const struct sockaddr *)&a4, sizeof(a4));
	if (got || getsockname(m->fd, (struct sockaddr *)&is, &n))
		return diag_set(
		    d, err_from_errno(errno), 0, 0, "mirror: cannot listen: %s%s", strerror(errno),
		    errno == EADDRINUSE ? " (is there a VXLAN interface with that port?)" : "");
	m->port = ntohs(is.sin6_port);
	return ERR_OK;
}

static void set_options(const struct mirror *m, const struct live_opts *o)
{
	int on = 1, bytes = (int)MIN_OF(o->ring_bytes, (uint64_t)1 << 30);
	/* Without CAP_NET_ADMIN: as much as net.core.rmem_max has. */
	if (setsockopt(m->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		(void)setsockopt(m->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	(void)setsockopt(m->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	(void)setsockopt(m->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	if (m->v6)
		(void)setsockopt(m->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	else
		(void)setsockopt(m->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
}

static enum err open_it(struct mirror *m, const struct live_source *w, const struct live_opts *o,
			struct diag *d)
{
	int type = m->udp ? SOCK_DGRAM : SOCK_RAW;
	m->slots = calloc(ROUND, sizeof(*m->slots));
	if (!m->slots)
		return diag_set(d, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	m->fd = socket(m->v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, m->udp ? 0 : IPPROTO_GRE);
	if (m->fd < 0)
		return diag_set(d, err_from_errno(errno), 0, 0, "mirror: no socket: %s%s",
				strerror(errno), errno == EPERM ? " (it needs CAP_NET_RAW)" : "");
	set_options(m, o);
	enum err e = ERR_OK;
	if (o->filter && *o->filter)
		e = bpf_filter_new(o->filter, NULL, LINK_IP, 0, &m->filter, d);
	return e ? e : bind_it(m, w, d);
}

enum err mirror_open(const struct live_source *where, const struct live_opts *o,
		     struct live_reader **ret, char how[LIVE_HOW_MAX], struct diag *reterr)
{
	struct mirror *m = calloc(1, sizeof(*m));
	if (!m)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	m->reader.ops = &ops;
	m->fd = -1;
	m->v6 = !ip_is_v4(&where->ip);
	m->udp = where->kind == LIVE_VXLAN;
	enum err e = open_it(m, where, o, reterr);
	if (e) {
		close_it(&m->reader);
		return e;
	}
	if (m->udp)
		snprintf(how, LIVE_HOW_MAX, "UDP socket on port %u", m->port);
	else
		snprintf(how, LIVE_HOW_MAX, "raw socket of GRE");
	*ret = &m->reader;
	return ERR_OK;
}
