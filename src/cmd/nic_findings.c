/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/nic_findings.h"

#include "base/attr.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { XDP_MTU = 3498, XDP_QUEUES = 64 };

/* What a rule says when it does not keep quiet. */
struct said {
	char *what, *repair;
	const struct nic *nic;
	const struct nic_wants *wants;
};

static bool fmt_like(2, 3) what(const struct said *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s->what, sizeof(((struct finding *)0)->what), fmt, ap);
	va_end(ap);
	return true;
}

static bool fmt_like(2, 3) repair(const struct said *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s->repair, sizeof(((struct finding *)0)->repair), fmt, ap);
	va_end(ap);
	return true;
}

static bool permission(const struct said *s)
{
	return !s->wants->may_capture && what(s, "capturing is not permitted: no CAP_NET_RAW") &&
	       repair(s, "start it as root, or as a unit with "
			 "AmbientCapabilities=CAP_NET_RAW (dist/weir-probe.service)");
}

static bool bpf_permission(const struct said *s)
{
	return s->wants->xdp && !s->wants->may_bpf &&
	       what(s, "AF_XDP is not permitted: no CAP_BPF and CAP_NET_ADMIN") &&
	       repair(s, "start it as root, or as a unit with AmbientCapabilities=CAP_NET_RAW "
			 "CAP_NET_ADMIN CAP_BPF; or probe.capture: af_packet");
}

static bool down(const struct said *s)
{
	return !s->nic->up && what(s, "%s is down", s->nic->name) &&
	       repair(s, "ip link set dev %s up", s->nic->name);
}

static bool no_link(const struct said *s)
{
	return s->nic->up && !s->nic->link && what(s, "%s has no link", s->nic->name) &&
	       repair(s, "look at the cable and at the port of the switch");
}

/* AF_XDP takes frames before they are merged. */
static bool gro(const struct said *s)
{
	return s->nic->gro && !s->wants->xdp && what(s, "%s merges packets (GRO)", s->nic->name) &&
	       repair(s, "ethtool -K %s gro off", s->nic->name);
}

static bool lro(const struct said *s)
{
	return s->nic->lro && what(s, "%s merges packets in the card (LRO)", s->nic->name) &&
	       repair(s, "ethtool -K %s lro off", s->nic->name);
}

static bool segmentation(const struct said *s)
{
	return (s->nic->gso || s->nic->tso) && s->wants->outgoing && !s->wants->xdp &&
	       what(s, "%s cuts what this machine sends after it is captured (TSO, GSO)",
		    s->nic->name) &&
	       repair(s, "ethtool -K %s tso off gso off; or probe.outgoing: false", s->nic->name);
}

static bool vlan(const struct said *s)
{
	return s->nic->rx_vlan && s->wants->xdp &&
	       what(s, "%s takes VLAN tags off before AF_XDP sees them", s->nic->name) &&
	       repair(s, "ethtool -K %s rxvlan off; or probe.capture: af_packet", s->nic->name);
}

static bool card_ring(const struct said *s)
{
	return s->nic->rx_ring < s->nic->rx_ring_max &&
	       what(s, "the ring of the card has %u of %u descriptors", s->nic->rx_ring,
		    s->nic->rx_ring_max) &&
	       repair(s, "ethtool -G %s rx %u", s->nic->name, s->nic->rx_ring_max);
}

static bool asymmetric(const struct said *s)
{
	return s->wants->xdp && s->wants->threads > 1 && !nic_rss_symmetric(s->nic) &&
	       what(s, "the two directions of a flow may come to different queues of %s",
		    s->nic->name) &&
	       repair(s,
		      "ethtool -X %s hfunc toeplitz hkey 6d:5a:6d:5a:... (%u bytes of that); or "
		      "ethtool -L %s combined 1; or probe.capture: af_packet",
		      s->nic->name, s->nic->rss_key_n ? s->nic->rss_key_n : 40, s->nic->name);
}

static bool many_queues(const struct said *s)
{
	return s->wants->xdp && s->nic->queues > XDP_QUEUES &&
	       what(s, "%s has %u queues, more than AF_XDP takes here", s->nic->name,
		    s->nic->queues) &&
	       repair(s, "ethtool -L %s combined %d", s->nic->name, XDP_QUEUES);
}

static bool few_queues(const struct said *s)
{
	return s->wants->xdp && s->wants->threads > s->nic->queues &&
	       what(s, "probe.threads is %u, but %s has %u queues", s->wants->threads, s->nic->name,
		    s->nic->queues) &&
	       (s->nic->queues_max > s->nic->queues
		    ? repair(s, "ethtool -L %s combined %u", s->nic->name,
			     s->nic->queues_max < s->wants->threads ? s->nic->queues_max
								    : s->wants->threads)
		    : repair(s, "probe.threads: %u", s->nic->queues));
}

static bool mtu(const struct said *s)
{
	return s->wants->xdp && s->nic->mtu > XDP_MTU &&
	       what(s, "the MTU of %s is %u; AF_XDP takes up to %d here", s->nic->name, s->nic->mtu,
		    XDP_MTU) &&
	       repair(s, "probe.capture: af_packet");
}

static bool not_ethernet(const struct said *s)
{
	return s->wants->xdp && !s->nic->ethernet &&
	       what(s, "%s is not Ethernet, which AF_XDP needs", s->nic->name) &&
	       repair(s, "probe.capture: af_packet");
}

static bool memory(const struct said *s)
{
	uint64_t all = s->wants->ring_bytes * s->wants->threads;
	return s->wants->memory && all > s->wants->memory / 2 &&
	       what(s, "rings of %" PRIu64 " MB, of %" PRIu64 " MB of memory that is free",
		    all >> 20, s->wants->memory >> 20) &&
	       repair(s, "a smaller probe.ring or fewer probe.threads");
}

static bool missed(const struct said *s)
{
	return s->nic->rx_missed &&
	       what(s, "the card has dropped %" PRIu64 " packets, and delivered %" PRIu64,
		    s->nic->rx_missed, s->nic->rx_packets) &&
	       repair(s, "ethtool -S %s tells which queues", s->nic->name);
}

static bool selective(const struct said *s)
{
	return !s->wants->promiscuous && !s->nic->promiscuous &&
	       what(s, "only packets for this machine are seen") &&
	       repair(s, "probe.promiscuous: true");
}

static const struct {
	const char *id;
	enum finding_weight weight;
	bool (*rule)(const struct said *s);
	const char *why;
} rules[] = {
    {"permission", FINDING_PROBLEM, permission, "without it the kernel gives no packets"},
    {"bpf_permission", FINDING_PROBLEM, bpf_permission,
     "AF_XDP needs a program on the interface, which these load"},
    {"down", FINDING_PROBLEM, down, "nothing comes from an interface that is down"},
    {"no_link", FINDING_WARNING, no_link, "nothing comes before there is one"},
    {"gro", FINDING_PROBLEM, gro,
     "several packets are counted as one, of a size that was never on the wire; delays and "
     "retransmissions cannot be told"},
    {"lro", FINDING_PROBLEM, lro,
     "several packets are counted as one, and what was between their headers is lost"},
    {"segmentation", FINDING_WARNING, segmentation,
     "packets of this machine are counted before they are cut to size"},
    {"rx_vlan", FINDING_PROBLEM, vlan, "VLAN ids are missing in flows"},
    {"card_ring", FINDING_WARNING, card_ring,
     "bursts that the processor does not keep up with are dropped by the card"},
    {"rss", FINDING_PROBLEM, asymmetric, "question and answer would be two flows, in two threads"},
    {"many_queues", FINDING_PROBLEM, many_queues,
     "packets of a queue without a socket would be missing"},
    {"few_queues", FINDING_WARNING, few_queues, "an AF_XDP thread needs a queue of its own"},
    {"mtu", FINDING_PROBLEM, mtu, "a packet has to fit into one buffer"},
    {"not_ethernet", FINDING_PROBLEM, not_ethernet, "other interfaces have no XDP"},
    {"memory", FINDING_PROBLEM, memory, "rings are locked into memory"},
    {"missed", FINDING_WARNING, missed,
     "what the card drops nobody sees; larger rings, more queues or a faster processor help"},
    {"selective", FINDING_NOTE, selective, "a monitor port carries packets of other machines"},
};

size_t nic_findings(const struct nic *n, const struct nic_wants *w,
		    struct finding ret[FINDINGS_MAX])
{
	size_t found = 0;
	_Static_assert(ARRAY_LEN(rules) <= FINDINGS_MAX, "room for all");
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct finding *f = &ret[found];
		*f = (struct finding){
		    .id = rules[i].id, .weight = rules[i].weight, .why = rules[i].why};
		const struct said s = {f->what, f->repair, n, w};
		found += rules[i].rule(&s);
	}
	return found;
}

const char *finding_weight_name(enum finding_weight w)
{
	static const char *const names[FINDING_WEIGHT_MAX] = {
	    [FINDING_NOTE] = "note", [FINDING_WARNING] = "warning", [FINDING_PROBLEM] = "problem"};
	return names[w];
}
