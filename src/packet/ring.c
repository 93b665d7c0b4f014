/* SPDX-License-Identifier: Apache-2.0 */
/* AF_PACKET with a TPACKET_V3 ring: the kernel writes frames into blocks of a shared ring, a block
 * is ours when it is full or block_ms old, and goes back when all its frames were looked at.
 * Several readers of an interface are a fanout group: the kernel gives each flow, both its
 * directions, to one of them by a symmetric hash.
 *
 * The kernel takes the first VLAN tag off; it is put back where it was, with its own TPID. */
#include "packet/bpf_filter.h"
#include "packet/live_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BLOCK_BYTES = 1 << 20,
	BLOCK_MIN_BYTES = 1 << 17, /* a frame of 64 KB has to fit into half of it */
	FRAME_BYTES = 2048,        /* TPACKET_V3 does not use it, but checks it */
	TAG_BYTES = 4,
	MACS_BYTES = 12,
	ETHERTYPE_8021Q = 0x8100
};

struct ring {
	struct live_reader reader;
	int fd;
	uint32_t if_index;
	enum link_type link;
	bool loopback;
	uint8_t *map;
	size_t map_bytes, block_bytes, blocks;
	size_t at;                  /* the block that is looked at */
	uint32_t left;              /* frames of it not handed out yet */
	struct tpacket3_hdr *frame; /* the next one of them */
	bool ours;                  /* the block at `at` is ours */
};

static struct tpacket_hdr_v1 *block(const struct ring *r)
{
	struct tpacket_block_desc *b = (void *)(r->map + r->at * r->block_bytes);
	return &b->hdr.bh1;
}

/* Back to the kernel. */
static void give_back(struct ring *r)
{
	__atomic_store_n(&block(r)->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	r->ours = false;
	r->at = (r->at + 1) % r->blocks;
}

/* Whether the block at `at` is ours, now or before. */
static bool take_block(struct ring *r, struct stats *s)
{
	if (r->ours)
		return true;
	struct tpacket_hdr_v1 *b = block(r);
	if (!(__atomic_load_n(&b->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	if (b->block_status & TP_STATUS_LOSING)
		stat_add(s, ST_capture_losing, 1);
	r->ours = true;
	r->left = b->num_pkts;
	r->frame = (void *)((uint8_t *)block(r) - offsetof(struct tpacket_block_desc, hdr) +
			    b->offset_to_first_pkt);
	return true;
}

/* The tag goes back between the addresses and the type: PACKET_RESERVE has made room before the
 * frame, so only the addresses move. */
static uint8_t *put_tag_back(uint8_t *p, const struct tpacket3_hdr *h)
{
	uint16_t tpid =
	    h->tp_status & TP_STATUS_VLAN_TPID_VALID ? h->hv1.tp_vlan_tpid : ETHERTYPE_8021Q;
	memmove(p - TAG_BYTES, p, MACS_BYTES);
	p -= TAG_BYTES;
	p[MACS_BYTES] = (uint8_t)(tpid >> 8);
	p[MACS_BYTES + 1] = (uint8_t)tpid;
	p[MACS_BYTES + 2] = (uint8_t)(h->hv1.tp_vlan_tci >> 8);
	p[MACS_BYTES + 3] = (uint8_t)h->hv1.tp_vlan_tci;
	return p;
}

static void take_frame(struct ring *r, struct frame *ret)
{
	struct tpacket3_hdr *h = r->frame;
	uint8_t *p = (uint8_t *)h + h->tp_mac;
	size_t more = 0;
	if ((h->tp_status & TP_STATUS_VLAN_VALID) && r->link == LINK_ETHERNET &&
	    h->tp_snaplen >= MACS_BYTES) {
		p = put_tag_back(p, h);
		more = TAG_BYTES;
	}
	*ret = (struct frame){.p = p,
			      .n = h->tp_snaplen + more,
			      .wire_n = h->tp_len + more,
			      .t_ns = (int64_t)h->tp_sec * 1000000000 + h->tp_nsec,
			      .if_index = r->if_index,
			      .link = r->link};
	r->frame = (void *)((uint8_t *)h + h->tp_next_offset);
	r->left--;
}

/* The interface is down (it may come back) or gone. */
static enum err look_at_error(struct ring *r, struct diag *d)
{
	int error = 0;
	char name[IF_NAMESIZE];
	socklen_t n = sizeof(error);
	(void)getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &n);
	if (if_indextoname(r->if_index, name))
		return ERR_OK;
	return diag_set(d, ERR_CLOSED, 0, 0, "the interface is gone");
}

static enum err next(struct live_reader *reader, int timeout_ms, struct frame *ret, size_t max,
		     size_t *ret_n, struct stats *s, struct diag *d)
{
	struct ring *r = (struct ring *)reader;
	size_t n = 0;
	*ret_n = 0;
	if (!take_block(r, s)) {
		struct pollfd fd = {r->fd, POLLIN, 0};
		if (poll(&fd, 1, timeout_ms) > 0 && (fd.revents & (POLLERR | POLLNVAL)))
			return look_at_error(r, d);
		if (!take_block(r, s))
			return ERR_OK;
	}
	while (n < max && r->left)
		take_frame(r, &ret[n++]);
	*ret_n = n;
	return ERR_OK;
}

static void release(struct live_reader *reader)
{
	struct ring *r = (struct ring *)reader;
	if (r->ours && r->left == 0)
		give_back(r);
}

/* Reading them sets the kernel's counters to zero. */
static void count(struct live_reader *reader, struct stats *s)
{
	struct ring *r = (struct ring *)reader;
	struct tpacket_stats_v3 t;
	socklen_t n = sizeof(t);
	if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &t, &n) == 0)
		stat_add(s, ST_capture_drop_ring_full, t.tp_drops);
}

static void close_it(struct live_reader *reader)
{
	struct ring *r = (struct ring *)reader;
	if (r->map)
		munmap(r->map, r->map_bytes);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

static const struct live_ops ops = {
    .next = next, .release = release, .count = count, .close = close_it};

/* --- opening */

static enum err failed(struct diag *d, const char *name, const char *what)
{
	int error = errno;
	return diag_set(d, err_from_errno(error), 0, 0, "%s: %s: %s%s", name, what, strerror(error),
			error == EPERM ? " (it needs CAP_NET_RAW)" : "");
}

/* What its frames begin with. */
static enum err link_of(struct ring *r, const char *name, struct diag *d)
{
	static const struct {
		uint16_t type;
		enum link_type link;
	} types[] = {
	    {ARPHRD_ETHER, LINK_ETHERNET}, {ARPHRD_LOOPBACK, LINK_ETHERNET},
	    {ARPHRD_NONE, LINK_IP}, /* tun, WireGuard */
	    {ARPHRD_TUNNEL, LINK_IP},      {ARPHRD_TUNNEL6, LINK_IP},
	    {ARPHRD_SIT, LINK_IP},         {ARPHRD_RAWIP, LINK_IP},
	};
	struct ifreq q = {0};
	memcpy(q.ifr_name, name, strlen(name) + 1);
	if (ioctl(r->fd, SIOCGIFHWADDR, &q))
		return failed(d, name, "cannot tell its type");
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == q.ifr_hwaddr.sa_family) {
			r->link = types[i].link;
			r->loopback = types[i].type == ARPHRD_LOOPBACK;
			return ERR_OK;
		}
	return diag_set(d, ERR_UNSUPPORTED, 0, 0, "%s: not an Ethernet or IP interface (type %u)",
			name, q.ifr_hwaddr.sa_family);
}

static enum err set_options(struct ring *r, const char *name, const struct live_opts *o,
			    struct diag *d)
{
	int version = TPACKET_V3, reserve = TAG_BYTES, on = 1;
	if (setsockopt(r->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(r->fd, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof(reserve)))
		return failed(d, name, "no TPACKET_V3");
	/* On the loopback interface every packet goes out and comes in: once is enough. */
	if ((o->ignore_outgoing || r->loopback) &&
	    setsockopt(r->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)))
		return failed(d, name, "cannot leave out what this machine sends");
	return ERR_OK;
}

/* At least two blocks, so that one can be filled while the other is looked at. */
static enum err map_ring(struct ring *r, const char *name, const struct live_opts *o,
			 struct diag *d)
{
	r->block_bytes = BLOCK_BYTES;
	while (r->block_bytes > BLOCK_MIN_BYTES && o->ring_bytes < 4 * r->block_bytes)
		r->block_bytes /= 2;
	r->blocks = (size_t)(o->ring_bytes / r->block_bytes);
	if (r->blocks < 2)
		r->blocks = 2;
	const struct tpacket_req3 q = {
	    .tp_block_size = (unsigned)r->block_bytes,
	    .tp_block_nr = (unsigned)r->blocks,
	    .tp_frame_size = FRAME_BYTES,
	    .tp_frame_nr = (unsigned)(r->block_bytes / FRAME_BYTES * r->blocks),
	    .tp_retire_blk_tov = o->block_ms,
	};
	if (setsockopt(r->fd, SOL_PACKET, PACKET_RX_RING, &q, sizeof(q)))
		return failed(d, name, "cannot make a ring of probe.ring");
	r->map_bytes = r->block_bytes * r->blocks;
	void *map = mmap(NULL, r->map_bytes, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_LOCKED | MAP_POPULATE, r->fd, 0);
	if (map == MAP_FAILED) /* more than RLIMIT_MEMLOCK */
		map = mmap(NULL, r->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (map == MAP_FAILED)
		return failed(d, name, "cannot map its ring");
	r->map = map;
	return ERR_OK;
}

/* The first reader makes a group whose number is not in use, the others join it. */
static enum err join_fanout(struct ring *r, const char *name, const struct ring *first,
			    struct diag *d)
{
	uint32_t type = PACKET_FANOUT_HASH, arg = (type | PACKET_FANOUT_FLAG_UNIQUEID) << 16;
	socklen_t n = sizeof(arg);
	if (first) {
		if (getsockopt(first->fd, SOL_PACKET, PACKET_FANOUT, &arg, &n))
			return failed(d, name, "cannot tell its group of threads");
		arg = (arg & 0xffff) | type << 16;
	}
	if (setsockopt(r->fd, SOL_PACKET, PACKET_FANOUT, &arg, sizeof(arg)))
		return failed(d, name, "cannot share it among threads");
	return ERR_OK;
}

static enum err bind_it(struct ring *r, const char *name, const struct live_opts *o,
			const struct ring *first, struct diag *d)
{
	const struct sockaddr_ll a = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(0x0003), /* ETH_P_ALL */
				      .sll_ifindex = (int)r->if_index};
	const struct packet_mreq m = {.mr_ifindex = (int)r->if_index, .mr_type = PACKET_MR_PROMISC};
	if (bind(r->fd, (const struct sockaddr *)&a, sizeof(a)))
		return failed(d, name, "cannot bind");
	if (o->promiscuous && setsockopt(r->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m)))
		return failed(d, name, "cannot switch it to promiscuous");
	return o->threads > 1 ? join_fanout(r, name, first, d) : ERR_OK;
}

static enum err filter_it(struct ring *r, const char *name, const struct live_opts *o,
			  struct diag *d)
{
	struct bpf_filter *f = NULL;
	enum err e = bpf_filter_new(o->filter, name, r->link, o->snaplen, &f, d);
	if (!e)
		e = bpf_filter_attach(f, r->fd, d);
	bpf_filter_free(&f);
	return e;
}

static enum err open_it(struct ring *r, const char *name, const struct live_opts *o,
			const struct ring *first, struct diag *d)
{
	r->if_index = if_nametoindex(name);
	if (!r->if_index)
		return diag_set(d, ERR_NOT_FOUND, 0, 0, "there is no interface %s", name);
	/* Protocol 0: nothing comes before it is bound, so nothing comes past the filter. */
	r->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->fd < 0)
		return failed(d, name, "cannot capture");
	enum err e = link_of(r, name, d);
	if (!e)
		e = set_options(r, name, o, d);
	if (!e)
		e = filter_it(r, name, o, d);
	if (!e)
		e = map_ring(r, name, o, d);
	return e ? e : bind_it(r, name, o, first, d);
}

enum err ring_open(const char *name, const struct live_opts *o, const struct live_reader *first,
		   struct live_reader **ret, char how[LIVE_HOW_MAX], struct diag *reterr)
{
	struct ring *r = calloc(1, sizeof(*r));
	if (!r)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	*r = (struct ring){.reader.ops = &ops, .fd = -1};
	enum err e = open_it(r, name, o, (const struct ring *)first, reterr);
	if (e) {
		close_it(&r->reader);
		return e;
	}
	snprintf(how, LIVE_HOW_MAX, "AF_PACKET, rings of %zu blocks of %zu KB", r->blocks,
		 r->block_bytes >> 10);
	*ret = &r->reader;
	return ERR_OK;
}
