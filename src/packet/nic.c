/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/nic.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* One question of ethtool; false: the driver does not tell. */
static bool ask(int fd, const char *name, void *question)
{
	struct ifreq q = {0};
	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", name);
	q.ifr_data = question;
	return ioctl(fd, SIOCETHTOOL, &q) == 0;
}

static bool ask_flag(int fd, const char *name, uint32_t command, uint32_t bit)
{
	struct ethtool_value v = {.cmd = command};
	return ask(fd, name, &v) && (v.data & bit);
}

static void read_offloads(int fd, struct nic *n)
{
	n->gro = ask_flag(fd, n->name, ETHTOOL_GGRO, ~0u);
	n->gso = ask_flag(fd, n->name, ETHTOOL_GGSO, ~0u);
	n->tso = ask_flag(fd, n->name, ETHTOOL_GTSO, ~0u);
	n->lro = ask_flag(fd, n->name, ETHTOOL_GFLAGS, ETH_FLAG_LRO);
	n->rx_vlan = ask_flag(fd, n->name, ETHTOOL_GFLAGS, ETH_FLAG_RXVLAN);
	n->link = ask_flag(fd, n->name, ETHTOOL_GLINK, ~0u);
}

static void read_queues(int fd, struct nic *n)
{
	struct ethtool_ringparam ring = {.cmd = ETHTOOL_GRINGPARAM};
	struct ethtool_channels c = {.cmd = ETHTOOL_GCHANNELS};
	if (ask(fd, n->name, &ring)) {
		n->rx_ring = ring.rx_pending;
		n->rx_ring_max = ring.rx_max_pending;
	}
	if (ask(fd, n->name, &c)) {
		n->queues = c.combined_count + c.rx_count;
		n->queues_max = c.max_combined + c.max_rx;
	}
	if (n->queues == 0)
		n->queues = 1;
}

/* Asks for the sizes first, then for the table and the key. */
static void read_rss(int fd, struct nic *n)
{
	struct ethtool_rxfh sizes = {.cmd = ETHTOOL_GRSSH};
	if (!ask(fd, n->name, &sizes) || sizes.indir_size > 1 << 16 || sizes.key_size > 1 << 10)
		return;
	size_t bytes = sizeof(sizes) + sizes.indir_size * sizeof(uint32_t) + sizes.key_size;
	struct ethtool_rxfh *q = calloc(1, bytes);
	if (!q)
		return;
	*q = (struct ethtool_rxfh){
	    .cmd = ETHTOOL_GRSSH, .indir_size = sizes.indir_size, .key_size = sizes.key_size};
	if (ask(fd, n->name, q)) {
		const uint8_t *key = (const uint8_t *)&q->rss_config[q->indir_size];
		n->rss = true;
		n->rss_toeplitz = q->hfunc & 1; /* ETH_RSS_HASH_TOP */
		/* input_xfrm, a byte that older headers keep in reserve */
		n->rss_xor = (&q->hfunc)[1] & 1;
		n->rss_key_n = MIN_OF(q->key_size, (uint32_t)NIC_KEY_MAX);
		memcpy(n->rss_key, key, n->rss_key_n);
		for (uint32_t i = 0; i < q->indir_size; i++)
			n->rss_queues = MAX_OF(n->rss_queues, q->rss_config[i] + 1);
	}
	free(q);
}

/* Counters, from one answer of rtnetlink. */
static void read_counters(struct nic *n)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg m;
	} q = {
	    .h = {.nlmsg_len = sizeof(q), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST},
	    .m = {.ifi_family = AF_UNSPEC, .ifi_index = (int)n->if_index}};
	_Alignas(struct nlmsghdr) uint8_t answer[32768];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t got = -1;
	if (fd >= 0 && send(fd, &q, sizeof(q), 0) == sizeof(q))
		got = recv(fd, answer, sizeof(answer), 0);
	if (fd >= 0)
		close(fd);
	struct nlmsghdr *h = (void *)answer;
	if (got < (ssize_t)NLMSG_LENGTH(sizeof(struct ifinfomsg)) || h->nlmsg_type != RTM_NEWLINK)
		return;
	int left = (int)(h->nlmsg_len - NLMSG_LENGTH(sizeof(struct ifinfomsg)));
	for (struct rtattr *a = IFLA_RTA((struct ifinfomsg *)NLMSG_DATA(h)); RTA_OK(a, left);
	     a = RTA_NEXT(a, left)) {
		struct rtnl_link_stats64 s;
		if (a->rta_type != IFLA_STATS64 || RTA_PAYLOAD(a) < sizeof(s))
			continue;
		memcpy(&s, RTA_DATA(a), sizeof(s));
		n->rx_packets = s.rx_packets;
		n->rx_dropped = s.rx_dropped;
		n->rx_missed = s.rx_missed_errors + s.rx_fifo_errors;
	}
}

static void read_state(int fd, struct nic *n)
{
	struct ifreq q = {0};
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", n->name);
	if (ioctl(fd, SIOCGIFFLAGS, &q) == 0) {
		n->up = q.ifr_flags & IFF_UP;
		n->promiscuous = q.ifr_flags & IFF_PROMISC;
	}
	if (ioctl(fd, SIOCGIFMTU, &q) == 0)
		n->mtu = (uint32_t)q.ifr_mtu;
	if (ioctl(fd, SIOCGIFHWADDR, &q) == 0)
		n->ethernet = q.ifr_hwaddr.sa_family == ARPHRD_ETHER;
	if (ask(fd, n->name, &driver))
		snprintf(n->driver, sizeof(n->driver), "%s", driver.driver);
}

enum err nic_read(const char *name, struct nic *ret, struct diag *reterr)
{
	struct nic n = {.if_index = if_nametoindex(name)};
	if (!n.if_index)
		return diag_set(reterr, ERR_NOT_FOUND, 0, 0, "there is no interface %s", name);
	snprintf(n.name, sizeof(n.name), "%s", name);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return diag_set(reterr, err_from_errno(errno), 0, 0, "%s: %s", name,
				strerror(errno));
	read_state(fd, &n);
	read_offloads(fd, &n);
	read_queues(fd, &n);
	read_rss(fd, &n);
	close(fd);
	read_counters(&n);
	*ret = n;
	return ERR_OK;
}

uint32_t nic_queues(const char *name)
{
	struct nic n = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 1;
	snprintf(n.name, sizeof(n.name), "%s", name);
	read_queues(fd, &n);
	close(fd);
	return n.queues;
}

/* The hash of Toeplitz is the xor of windows of the key; where the key repeats every 16 bits, what
 * is 16 or 32 bits further on in the input has the same window. */
bool nic_rss_symmetric(const struct nic *n)
{
	if (n->queues <= 1 || n->rss_xor)
		return true;
	if (!n->rss || !n->rss_toeplitz || n->rss_key_n < 4)
		return false;
	for (uint32_t i = 2; i < n->rss_key_n; i++)
		if (n->rss_key[i] != n->rss_key[i - 2])
			return false;
	return true;
}
