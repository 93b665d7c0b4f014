/* SPDX-License-Identifier: Apache-2.0 */
/* `weir probe --check IFACE`: what stands in the way of capturing there as it is configured, why it
 * matters, and the command that repairs it. Changes nothing. */
#include "base/buf.h"
#include "base/log.h"
#include "cmd/command.h"
#include "cmd/nic_findings.h"
#include "cmd/probe.h"
#include "conf/conf.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool may(int capability)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
	return syscall(SYS_capget, &head, data) == 0 &&
	       (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability));
}

static uint64_t free_memory(void)
{
	char line[128];
	unsigned long long kb = 0;
	FILE *f = fopen("/proc/meminfo", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return (uint64_t)kb << 10;
}

static void print_text(const struct nic *n, const struct finding *v, size_t count)
{
	printf("%s: %s%s, MTU %u, %u of %u queues, ring %u of %u, %llu packets so far%s\n", n->name,
	       *n->driver ? n->driver : "unknown driver",
	       n->link ? ""
	       : n->up ? ", no link"
		       : ", down",
	       n->mtu, n->queues, MAX_OF(n->queues_max, n->queues), n->rx_ring, n->rx_ring_max,
	       (unsigned long long)n->rx_packets, n->promiscuous ? ", promiscuous" : "");
	for (size_t i = 0; i < count; i++) {
		printf("\n%s: %s\n  why: %s\n", finding_weight_name(v[i].weight), v[i].what,
		       v[i].why);
		if (*v[i].repair)
			printf("  repair: %s\n", v[i].repair);
	}
	if (count == 0)
		printf("nothing stands in the way\n");
}

static void text(struct buf *out, const char *key, const char *s)
{
	buf_json_key(out, key);
	buf_json_str(out, s, strlen(s));
}

static void number(struct buf *out, const char *key, uint64_t v)
{
	buf_json_key(out, key);
	buf_dec(out, v);
}

static void flag(struct buf *out, const char *key, bool v)
{
	buf_json_key(out, key);
	buf_str(out, v ? "true" : "false");
}

static void facts(struct buf *out, const struct nic *n)
{
	text(out, "interface", n->name);
	text(out, "driver", n->driver);
	flag(out, "up", n->up);
	flag(out, "link", n->link);
	flag(out, "promiscuous", n->promiscuous);
	flag(out, "gro", n->gro);
	flag(out, "lro", n->lro);
	flag(out, "gso", n->gso);
	flag(out, "tso", n->tso);
	flag(out, "rx_vlan", n->rx_vlan);
	flag(out, "rss_symmetric", nic_rss_symmetric(n));
	number(out, "mtu", n->mtu);
	number(out, "queues", n->queues);
	number(out, "queues_max", n->queues_max);
	number(out, "rx_ring", n->rx_ring);
	number(out, "rx_ring_max", n->rx_ring_max);
	number(out, "rx_packets", n->rx_packets);
	number(out, "rx_dropped", n->rx_dropped);
	number(out, "rx_missed", n->rx_missed);
}

static void print_json(const struct nic *n, const struct finding *v, size_t count, bool ok)
{
	struct buf out = {0};
	buf_u8(&out, '{');
	facts(&out, n);
	flag(&out, "ok", ok);
	buf_json_key(&out, "findings");
	buf_u8(&out, '[');
	for (size_t i = 0; i < count; i++) {
		buf_str(&out, i ? ",{" : "{");
		text(&out, "id", v[i].id);
		text(&out, "weight", finding_weight_name(v[i].weight));
		text(&out, "what", v[i].what);
		text(&out, "why", v[i].why);
		text(&out, "repair", v[i].repair);
		buf_u8(&out, '}');
	}
	buf_str(&out, "]}");
	puts(buf_cstr(&out));
	buf_fini(&out);
}

static size_t look(const struct conf *conf, const char *interface, struct nic *ret,
		   struct finding v[FINDINGS_MAX], struct diag *d)
{
	if (nic_read(interface, ret, d))
		return SIZE_MAX;
	const struct nic_wants w = {.xdp = conf->probe_capture == LIVE_XDP,
				    .outgoing = conf->probe_outgoing,
				    .promiscuous = conf->probe_promiscuous,
				    .threads = (uint32_t)conf->probe_threads,
				    .ring_bytes = conf->probe_ring,
				    .memory = free_memory(),
				    .may_capture = may(CAP_NET_RAW),
				    .may_bpf =
					may(CAP_NET_ADMIN) && (may(CAP_BPF) || may(CAP_SYS_ADMIN))};
	return nic_findings(ret, &w, v);
}

int probe_check(const struct conf *conf, const char *interface, bool json)
{
	struct nic nic;
	struct diag d = {0};
	struct finding v[FINDINGS_MAX];
	bool ok = true;
	size_t n = look(conf, interface, &nic, v, &d);
	if (n == SIZE_MAX) {
		fprintf(stderr, "weir probe: %s\n", d.msg);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < n; i++)
		ok &= v[i].weight != FINDING_PROBLEM;
	if (json)
		print_json(&nic, v, n, ok);
	else
		print_text(&nic, v, n);
	return ok ? EXIT_DONE : EXIT_FAILED;
}

void probe_check_log(const struct conf *conf, const char *interface)
{
	struct nic nic;
	struct finding v[FINDINGS_MAX];
	size_t n = look(conf, interface, &nic, v, NULL);
	for (size_t i = 0; n != SIZE_MAX && i < n; i++)
		if (v[i].weight != FINDING_NOTE)
			log_warn("probe", "%s: %s; repair: %s", v[i].what, v[i].why, v[i].repair);
}
