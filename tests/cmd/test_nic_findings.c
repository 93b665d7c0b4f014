/* SPDX-License-Identifier: Apache-2.0 */
/* What is found on interfaces that do not exist: each rule, and that it keeps quiet otherwise. */
#include "cmd/nic_findings.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* An interface as it should be, for both ways of capturing. */
static struct nic good_nic(void)
{
	return (struct nic){.name = "eth1",
			    .mtu = 1500,
			    .ethernet = true,
			    .up = true,
			    .link = true,
			    .rx_ring = 4096,
			    .rx_ring_max = 4096,
			    .queues = 1,
			    .queues_max = 8,
			    .rx_packets = 1000};
}

static struct nic_wants good_wants(bool xdp)
{
	return (struct nic_wants){.xdp = xdp,
				  .outgoing = true,
				  .promiscuous = true,
				  .threads = 1,
				  .ring_bytes = 64 << 20,
				  .memory = 1 << 30,
				  .may_capture = true,
				  .may_bpf = true};
}

static const struct finding *find(const struct finding *v, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].id, id) == 0)
			return &v[i];
	return NULL;
}

static void nothing(void **state)
{
	struct finding v[FINDINGS_MAX];
	const struct nic n = good_nic();
	(void)state;
	for (int xdp = 0; xdp < 2; xdp++) {
		const struct nic_wants w = good_wants(xdp);
		assert_int_equal(nic_findings(&n, &w, v), 0);
	}
}

static void spoil_permission(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	w->may_capture = false;
}

static void spoil_bpf_permission(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	w->may_bpf = false;
}

static void spoil_down(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->up = n->link = false;
}

static void spoil_no_link(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->link = false;
}

static void spoil_gro(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->gro = true;
}

static void spoil_lro(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->lro = true;
}

static void spoil_segmentation(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->tso = true;
}

static void spoil_rx_vlan(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->rx_vlan = true;
}

static void spoil_card_ring(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->rx_ring = 512;
}

static void spoil_rss(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->queues = w->threads = 2;
}

static void spoil_many_queues(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->queues = 65;
}

static void spoil_few_queues(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	w->threads = 4;
}

static void spoil_mtu(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->mtu = 9000;
}

static void spoil_not_ethernet(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->ethernet = false;
}

static void spoil_memory(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	w->memory = 100 << 20;
}

static void spoil_missed(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	n->rx_missed = 7;
}

static void spoil_selective(struct nic *n, struct nic_wants *w)
{
	(void)n;
	(void)w;
	w->promiscuous = false;
}

/* One thing is wrong; packet, xdp: whether that matters for the way. */
static const struct {
	const char *id, *repair;
	bool packet, xdp;
	enum finding_weight weight;
	void (*spoil)(struct nic *n, struct nic_wants *w);
} rows[] = {
    {"permission", "AmbientCapabilities=CAP_NET_RAW", true, true, FINDING_PROBLEM,
     spoil_permission},
    {"bpf_permission", "CAP_BPF", false, true, FINDING_PROBLEM, spoil_bpf_permission},
    {"down", "ip link set dev eth1 up", true, true, FINDING_PROBLEM, spoil_down},
    {"no_link", "cable", true, true, FINDING_WARNING, spoil_no_link},
    {"gro", "ethtool -K eth1 gro off", true, false, FINDING_PROBLEM, spoil_gro},
    {"lro", "ethtool -K eth1 lro off", true, true, FINDING_PROBLEM, spoil_lro},
    {"segmentation", "ethtool -K eth1 tso off gso off", true, false, FINDING_WARNING,
     spoil_segmentation},
    {"rx_vlan", "ethtool -K eth1 rxvlan off", false, true, FINDING_PROBLEM, spoil_rx_vlan},
    {"card_ring", "ethtool -G eth1 rx 4096", true, true, FINDING_WARNING, spoil_card_ring},
    {"rss", "ethtool -L eth1 combined 1", false, true, FINDING_PROBLEM, spoil_rss},
    {"many_queues", "ethtool -L eth1 combined 64", false, true, FINDING_PROBLEM, spoil_many_queues},
    {"few_queues", "ethtool -L eth1 combined 4", false, true, FINDING_WARNING, spoil_few_queues},
    {"mtu", "probe.capture: af_packet", false, true, FINDING_PROBLEM, spoil_mtu},
    {"not_ethernet", "probe.capture: af_packet", false, true, FINDING_PROBLEM, spoil_not_ethernet},
    {"memory", "probe.ring", true, true, FINDING_PROBLEM, spoil_memory},
    {"missed", "ethtool -S eth1", true, true, FINDING_WARNING, spoil_missed},
    {"selective", "probe.promiscuous: true", true, true, FINDING_NOTE, spoil_selective},
};

static void each(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int xdp = 0; xdp < 2; xdp++) {
			struct finding v[FINDINGS_MAX];
			struct nic n = good_nic();
			struct nic_wants w = good_wants(xdp);
			rows[i].spoil(&n, &w);
			bool expected = xdp ? rows[i].xdp : rows[i].packet;
			size_t found = nic_findings(&n, &w, v);
			const struct finding *f = find(v, found, rows[i].id);
			assert_int_equal(found, expected);
			assert_int_equal(f != NULL, expected);
			if (!f)
				continue;
			assert_int_equal(f->weight, rows[i].weight);
			assert_non_null(strstr(f->repair, rows[i].repair));
			assert_true(strlen(f->what) > 0 && strlen(f->why) > 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(nothing), cmocka_unit_test(each)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
