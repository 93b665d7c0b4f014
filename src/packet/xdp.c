/* SPDX-License-Identifier: Apache-2.0 */
/* AF_XDP: frames come into memory of ours before the kernel makes packets of them, by the card
 * itself where the driver can (zero-copy), else by a copy. One socket per receive queue, since a
 * frame can only come to a socket of its own queue; reader i has the queues i, i + readers...
 *
 * The interface gives its frames to the probe alone: the machine itself does not see them. Program
 * and sockets end with the process, however it ends (the program hangs on a BPF link).
 *
 *   fill ring: buffers for the kernel -> frames in the rx ring -> handed out -> release: fill ring
 */
#include "packet/bpf_filter.h"
#include "packet/live_priv.h"
#include "packet/nic.h"
#include "packet/xdp_program.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <xdp/xsk.h>

enum {
	BUFFER_BYTES = 4096,
	BUFFERS_MIN = 64,
	BUFFERS_MAX = 1 << 16,
	COMPLETION = 64,
	QUEUES_MAX = 64,
	MTU_MAX = 3498, /* of a buffer, less the room before the frame and two tags */
	WALL_EVERY_NS = 1000000000
};

struct xdp_hook {
	char name[LIVE_NAME_MAX];
	uint32_t if_index, queues;
	int map, program, link;
	int promiscuous; /* a packet socket that asks for frames of other machines; AF_XDP cannot */
	bool native;
};

struct queue {
	struct xsk_socket *socket;
	struct xsk_umem *umem;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons completion, rx;
	uint8_t *area;
	uint64_t area_bytes;
	struct xdp_statistics told; /* what stats have of it */
};

struct xdp {
	struct live_reader reader;
	struct xdp_hook *hook; /* borrowed */
	struct bpf_filter *filter;
	struct queue v[QUEUES_MAX];
	size_t n, turn;            /* queues; the one that comes first at the next call */
	int64_t wall_offset;       /* wall clock less CLOCK_MONOTONIC, ns */
	int64_t wall_at;           /* when it was taken, CLOCK_MONOTONIC */
	uint64_t held[LIVE_BURST]; /* buffers of the frames that are handed out, all of one queue */
	size_t n_held;
	struct queue *holder;
};

static int64_t clock_ns(clockid_t which)
{
	struct timespec t;
	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The wall clock may be set or slewed; what the program notes is not. */
static void follow_wall(struct xdp *x)
{
	int64_t before = clock_ns(CLOCK_MONOTONIC);
	if (x->wall_at && before - x->wall_at < WALL_EVERY_NS)
		return;
	int64_t wall = clock_ns(CLOCK_REALTIME), after = clock_ns(CLOCK_MONOTONIC);
	x->wall_offset = wall - before - (after - before) / 2;
	x->wall_at = after;
}

/* Without a note: now, which is late by as long as the frame has waited in its ring. */
static int64_t time_of(const struct xdp *x, const uint8_t *p)
{
	int64_t ns;
	return xdp_note_read(p, &ns) ? ns + x->wall_offset : live_wall_ns();
}

/* Buffers back to the kernel. The fill ring has room for all there are. */
static void refill(struct queue *q, const uint64_t *v, size_t n)
{
	uint32_t at = 0;
	if (n == 0 || xsk_ring_prod__reserve(&q->fill, (uint32_t)n, &at) != n)
		return;
	for (uint32_t i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&q->fill, at + i) = v[i];
	xsk_ring_prod__submit(&q->fill, (uint32_t)n);
}

static size_t take(struct xdp *x, struct queue *q, struct frame *ret, size_t max, struct stats *s)
{
	uint32_t at = 0;
	uint32_t got = xsk_ring_cons__peek(&q->rx, (uint32_t)MIN_OF(max, (size_t)LIVE_BURST), &at);
	size_t n = 0;
	for (uint32_t i = 0; i < got; i++) {
		const struct xdp_desc *d = xsk_ring_cons__rx_desc(&q->rx, at + i);
		const uint8_t *p = q->area + d->addr;
		x->held[i] = d->addr & ~(uint64_t)(BUFFER_BYTES - 1);
		ret[n] = (struct frame){.p = p,
					.n = d->len,
					.wire_n = d->len,
					.t_ns = time_of(x, p),
					.if_index = x->hook->if_index,
					.link = LINK_ETHERNET};
		bool wanted = bpf_filter_takes(x->filter, &ret[n]);
		n += wanted;
		stat_add(s, ST_capture_filtered, !wanted);
	}
	xsk_ring_cons__release(&q->rx, got);
	x->n_held = got;
	x->holder = q;
	return n;
}

static void release(struct live_reader *reader)
{
	struct xdp *x = (struct xdp *)reader;
	if (!x->n_held)
		return;
	refill(x->holder, x->held, x->n_held);
	x->n_held = 0;
	if (xsk_ring_prod__needs_wakeup(&x->holder->fill))
		(void)recvfrom(xsk_socket__fd(x->holder->socket), NULL, 0, MSG_DONTWAIT, NULL,
			       NULL);
}

/* Sleeps until a queue has something. */
static enum err wait_for(struct xdp *x, int timeout_ms, struct diag *d)
{
	struct pollfd fds[QUEUES_MAX];
	char name[IF_NAMESIZE];
	for (size_t i = 0; i < x->n; i++)
		fds[i] = (struct pollfd){xsk_socket__fd(x->v[i].socket), POLLIN, 0};
	if (poll(fds, x->n, timeout_ms) > 0 && (fds[0].revents & (POLLERR | POLLNVAL)) &&
	    !if_indextoname(x->hook->if_index, name))
		return diag_set(d, ERR_CLOSED, 0, 0, "%s is gone", x->hook->name);
	return ERR_OK;
}

static enum err next(struct live_reader *reader, int timeout_ms, struct frame *ret, size_t max,
		     size_t *ret_n, struct stats *s, struct diag *d)
{
	struct xdp *x = (struct xdp *)reader;
	follow_wall(x);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < x->n; i++) {
			struct queue *q = &x->v[(x->turn + i) % x->n];
			*ret_n = take(x, q, ret, max, s);
			if (!x->n_held)
				continue;
			x->turn = (x->turn + i + 1) % x->n;
			if (*ret_n)
				return ERR_OK;
			release(reader); /* the filter took none of them */
		}
		enum err e = round == 0 ? wait_for(x, timeout_ms, d) : ERR_OK;
		if (e)
			return e;
	}
	return ERR_OK;
}

/* The kernel's counters only grow. A frame for which there was no buffer is in rx_dropped too. */
static void count(struct live_reader *reader, struct stats *s)
{
	struct xdp *x = (struct xdp *)reader;
	for (size_t i = 0; i < x->n; i++) {
		struct queue *q = &x->v[i];
		struct xdp_statistics now = {0}, old = q->told;
		socklen_t n = sizeof(now);
		if (getsockopt(xsk_socket__fd(q->socket), SOL_XDP, XDP_STATISTICS, &now, &n))
			continue;
		uint64_t dropped = now.rx_dropped - old.rx_dropped;
		uint64_t empty = now.rx_fill_ring_empty_descs - old.rx_fill_ring_empty_descs;
		uint64_t no_buffer = MIN_OF(dropped, empty);
		stat_add(s, ST_capture_drop_ring_full, now.rx_ring_full - old.rx_ring_full);
		stat_add(s, ST_capture_drop_no_buffer, no_buffer);
		stat_add(s, ST_capture_drop_other, dropped - no_buffer);
		q->told = now;
	}
}

static void close_queue(struct queue *q)
{
	if (q->socket)
		xsk_socket__delete(q->socket);
	if (q->umem)
		(void)xsk_umem__delete(q->umem);
	if (q->area)
		munmap(q->area, q->area_bytes);
	*q = (struct queue){0};
}

static void close_it(struct live_reader *reader)
{
	struct xdp *x = (struct xdp *)reader;
	for (size_t i = 0; i < x->n; i++)
		close_queue(&x->v[i]);
	bpf_filter_free(&x->filter);
	free(x);
}

static const struct live_ops ops = {
    .next = next, .release = release, .count = count, .close = close_it};

/* --- opening */

static uint32_t buffers_for(const struct live_opts *o)
{
	uint32_t n = BUFFERS_MIN;
	while (n < BUFFERS_MAX && (uint64_t)n * 2 * BUFFER_BYTES <= o->ring_bytes)
		n *= 2;
	return n;
}

/* One try; the memory is made anew each time, since what failed may hold on to its socket. */
static int try_queue(const struct xdp_hook *h, uint32_t number, uint32_t buffers, uint16_t how,
		     struct queue *q)
{
	const struct xsk_umem_config um = {
	    .fill_size = buffers, .comp_size = COMPLETION, .frame_size = BUFFER_BYTES};
	const struct xsk_socket_config sc = {.rx_size = buffers,
					     .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
					     .bind_flags = (uint16_t)(how | XDP_USE_NEED_WAKEUP)};
	q->area_bytes = (uint64_t)buffers * BUFFER_BYTES;
	q->area = mmap(NULL, q->area_bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (q->area == MAP_FAILED) {
		q->area = NULL;
		return -ENOMEM;
	}
	int e = xsk_umem__create(&q->umem, q->area, q->area_bytes, &q->fill, &q->completion, &um);
	if (!e)
		e = xsk_socket__create(&q->socket, h->name, number, q->umem, &q->rx, NULL, &sc);
	int fd = e ? -1 : xsk_socket__fd(q->socket);
	if (!e && bpf_map_update_elem(h->map, &number, &fd, 0))
		e = -errno;
	if (e)
		close_queue(q);
	return e;
}

/* Zero-copy first; what it cannot do says the driver. */
static enum err open_queue(struct xdp_hook *h, uint32_t number, const struct live_opts *o,
			   struct queue *q, bool *ret_copied, struct diag *d)
{
	uint32_t buffers = buffers_for(o);
	uint64_t v[LIVE_BURST];
	*ret_copied = false;
	int e = h->native ? try_queue(h, number, buffers, XDP_ZEROCOPY, q) : -EOPNOTSUPP;
	if (e) {
		*ret_copied = true;
		e = try_queue(h, number, buffers, XDP_COPY, q);
	}
	if (e)
		return diag_set(d, err_from_errno(-e), 0, 0, "%s: no AF_XDP socket on queue %u: %s",
				h->name, number, strerror(-e));
	for (uint32_t done = 0, n; done < buffers; done += n) {
		n = MIN_OF(buffers - done, (uint32_t)LIVE_BURST);
		for (uint32_t i = 0; i < n; i++)
			v[i] = (uint64_t)(done + i) * BUFFER_BYTES;
		refill(q, v, n);
	}
	return ERR_OK;
}

enum err xdp_open(struct xdp_hook *h, const struct live_opts *o, uint32_t i,
		  struct live_reader **ret, char how[LIVE_HOW_MAX], struct diag *reterr)
{
	if (i >= h->queues)
		return ERR_LIMIT;
	uint32_t readers = MIN_OF(o->threads, h->queues);
	bool copied = false;
	enum err e = ERR_OK;
	struct xdp *x = calloc(1, sizeof(*x));
	if (!x)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	*x = (struct xdp){.reader.ops = &ops, .hook = h};
	if (o->filter && *o->filter)
		e = bpf_filter_new(o->filter, NULL, LINK_ETHERNET, 0, &x->filter, reterr);
	for (uint32_t q = i; q < h->queues && !e; q += readers) {
		e = open_queue(h, q, o, &x->v[x->n], &copied, reterr);
		if (!e)
			x->n++;
	}
	if (e) {
		close_it(&x->reader);
		return e;
	}
	snprintf(how, LIVE_HOW_MAX, "AF_XDP, %s, %s, %u of %u queues a thread",
		 h->native ? "in the driver" : "generic", copied ? "copied" : "zero-copy",
		 (unsigned)x->n, h->queues);
	*ret = &x->reader;
	return ERR_OK;
}

/* In the driver if it can, else in the generic part of the kernel. */
static enum err attach(struct xdp_hook *h, struct diag *d)
{
	static const uint32_t modes[] = {XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE};
	for (size_t i = 0; i < ARRAY_LEN(modes) && h->link < 0; i++) {
		LIBBPF_OPTS(bpf_link_create_opts, o, .flags = modes[i]);
		h->link = bpf_link_create(h->program, (int)h->if_index, BPF_XDP, &o);
		h->native = i == 0;
	}
	if (h->link < 0)
		return diag_set(d, err_from_errno(-h->link), 0, 0,
				"%s: cannot attach the program: %s%s", h->name, strerror(-h->link),
				h->link == -EBUSY ? " (another XDP program is there)" : "");
	return ERR_OK;
}

static enum err make_promiscuous(struct xdp_hook *h, struct diag *d)
{
	const struct packet_mreq m = {.mr_ifindex = (int)h->if_index, .mr_type = PACKET_MR_PROMISC};
	h->promiscuous = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (h->promiscuous < 0 ||
	    setsockopt(h->promiscuous, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m)))
		return diag_set(d, err_from_errno(errno), 0, 0,
				"%s: cannot switch it to promiscuous: %s", h->name,
				strerror(errno));
	return ERR_OK;
}

enum err xdp_hook_open(const char *name, bool promiscuous, struct xdp_hook **ret,
		       struct diag *reterr)
{
	struct nic nic;
	struct xdp_hook *h = calloc(1, sizeof(*h));
	if (!h)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	h->map = h->program = h->link = h->promiscuous = -1;
	enum err e = nic_read(name, &nic, reterr);
	if (!e) {
		memcpy(h->name, nic.name, sizeof(h->name));
		h->if_index = nic.if_index;
		h->queues = nic.queues;
	}
	if (!e && !nic.ethernet)
		e = diag_set(reterr, ERR_UNSUPPORTED, 0, 0, "%s: AF_XDP is for Ethernet only",
			     name);
	else if (!e && nic.mtu > MTU_MAX)
		e = diag_set(reterr, ERR_UNSUPPORTED, 0, 0,
			     "%s: its MTU of %u is more than AF_XDP takes here (%d); use af_packet",
			     name, nic.mtu, MTU_MAX);
	else if (!e && nic.queues > QUEUES_MAX)
		e = diag_set(reterr, ERR_LIMIT, 0, 0,
			     "%s: more than %d queues; use ethtool -L %s combined %d", name,
			     QUEUES_MAX, name, QUEUES_MAX);
	if (!e)
		e = xdp_program_load(h->queues, &h->map, &h->program, reterr);
	if (!e && promiscuous)
		e = make_promiscuous(h, reterr);
	if (!e)
		e = attach(h, reterr);
	if (e) {
		xdp_hook_close(&h);
		return e;
	}
	*ret = h;
	return ERR_OK;
}

void xdp_hook_close(struct xdp_hook **h)
{
	struct xdp_hook *x = *h;
	*h = NULL;
	if (!x)
		return;
	const int fds[] = {x->link, x->program, x->map,
			   x->promiscuous}; /* the program goes first */
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(x);
}
