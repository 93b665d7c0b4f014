/* SPDX-License-Identifier: Apache-2.0 */
/* Counter samples as JSON, by a table of the structures of sflow_version_5.txt, sflow_host.txt,
 * sflow_lag.txt and sflow_optics.txt. Token ring, 100VG and what else is not in the table is named
 * by its format and length. */
#include "decode/sflow_priv.h"

#include "base/attr.h"
#include "base/buf.h"
#include "base/timefmt.h"

#include <stdio.h>

/* How the next bytes are read. */
enum item_kind { U32, U64, U32_PERCENT, TEXT, MAC, UUID, FLOAT };

struct item {
	enum item_kind kind;
	const char *key;
};

/* clang-format off */
static const struct item interface[] = {
	{U32, "if_index"}, {U32, "if_type"}, {U64, "if_speed"}, {U32, "if_direction"}, {U32, "if_status"},
	{U64, "in_octets"}, {U32, "in_unicast"}, {U32, "in_multicast"}, {U32, "in_broadcast"},
	{U32, "in_discards"}, {U32, "in_errors"}, {U32, "in_unknown_protos"},
	{U64, "out_octets"}, {U32, "out_unicast"}, {U32, "out_multicast"}, {U32, "out_broadcast"},
	{U32, "out_discards"}, {U32, "out_errors"}, {U32, "promiscuous"},
};
static const struct item ethernet[] = {
	{U32, "alignment_errors"}, {U32, "fcs_errors"}, {U32, "single_collision_frames"},
	{U32, "multiple_collision_frames"}, {U32, "sqe_test_errors"}, {U32, "deferred_transmissions"},
	{U32, "late_collisions"}, {U32, "excessive_collisions"}, {U32, "internal_mac_transmit_errors"},
	{U32, "carrier_sense_errors"}, {U32, "frame_too_longs"}, {U32, "internal_mac_receive_errors"},
	{U32, "symbol_errors"},
};
static const struct item vlan[] = {
	{U32, "vlan_id"}, {U64, "octets"}, {U32, "unicast"}, {U32, "multicast"}, {U32, "broadcast"}, {U32, "discards"},
};
static const struct item lag[] = {
	{MAC, "actor_system_id"}, {MAC, "partner_oper_system_id"}, {U32, "attached_agg_id"}, {U32, "port_state"},
	{U32, "lacpdus_rx"}, {U32, "marker_pdus_rx"}, {U32, "marker_response_pdus_rx"}, {U32, "unknown_rx"},
	{U32, "illegal_rx"}, {U32, "lacpdus_tx"}, {U32, "marker_pdus_tx"}, {U32, "marker_response_pdus_tx"},
};
static const struct item processor[] = {
	{U32_PERCENT, "cpu_5s_percent"}, {U32_PERCENT, "cpu_1m_percent"}, {U32_PERCENT, "cpu_5m_percent"},
	{U64, "total_memory"}, {U64, "free_memory"},
};
static const struct item openflow_port[] = {{U64, "datapath_id"}, {U32, "port_no"}};
static const struct item port_name[] = {{TEXT, "name"}};
static const struct item host_description[] = {
	{TEXT, "hostname"}, {UUID, "uuid"}, {U32, "machine_type"}, {U32, "os_name"}, {TEXT, "os_release"},
};
static const struct item host_parent[] = {{U32, "container_type"}, {U32, "container_index"}};
static const struct item host_cpu[] = {
	{FLOAT, "load_one"}, {FLOAT, "load_five"}, {FLOAT, "load_fifteen"}, {U32, "proc_run"}, {U32, "proc_total"},
	{U32, "cpu_num"}, {U32, "cpu_speed"}, {U32, "uptime"}, {U32, "cpu_user"}, {U32, "cpu_nice"},
	{U32, "cpu_system"}, {U32, "cpu_idle"}, {U32, "cpu_wio"}, {U32, "cpu_intr"}, {U32, "cpu_sintr"},
	{U32, "interrupts"}, {U32, "contexts"},
};
static const struct item host_memory[] = {
	{U64, "mem_total"}, {U64, "mem_free"}, {U64, "mem_shared"}, {U64, "mem_buffers"}, {U64, "mem_cached"},
	{U64, "swap_total"}, {U64, "swap_free"}, {U32, "page_in"}, {U32, "page_out"}, {U32, "swap_in"},
	{U32, "swap_out"},
};
static const struct item host_disk[] = {
	{U64, "disk_total"}, {U64, "disk_free"}, {U32_PERCENT, "part_max_used_percent"}, {U32, "reads"},
	{U64, "bytes_read"}, {U32, "read_time"}, {U32, "writes"}, {U64, "bytes_written"}, {U32, "write_time"},
};
static const struct item host_net[] = {
	{U64, "bytes_in"}, {U32, "packets_in"}, {U32, "errors_in"}, {U32, "drops_in"}, {U64, "bytes_out"},
	{U32, "packets_out"}, {U32, "errors_out"}, {U32, "drops_out"},
};

#define ITEMS(a) a, ARRAY_LEN(a)
static const struct structure {
	uint32_t format;
	const char *name;
	const struct item *items;
	size_t n;
} structures[] = {
	{1, "interface", ITEMS(interface)}, {2, "ethernet", ITEMS(ethernet)}, {5, "vlan", ITEMS(vlan)},
	{7, "lag", ITEMS(lag)}, {1001, "processor", ITEMS(processor)}, {1004, "openflow_port", ITEMS(openflow_port)},
	{1005, "port_name", ITEMS(port_name)}, {2000, "host_description", ITEMS(host_description)},
	{2002, "host_parent", ITEMS(host_parent)}, {2003, "host_cpu", ITEMS(host_cpu)},
	{2004, "host_memory", ITEMS(host_memory)}, {2005, "host_disk", ITEMS(host_disk)},
	{2006, "host_net", ITEMS(host_net)},
};
/* clang-format on */

static void put_text(struct buf *out, const char *key, const void *p, size_t n)
{
	buf_json_key(out, key);
	buf_json_str(out, p, n);
}

static void put_number(struct buf *out, const char *key, uint64_t v)
{
	buf_json_key(out, key);
	buf_dec(out, v);
}

/* A counter that the agent does not have is left out. */
static void put_u32(struct buf *out, const char *key, uint32_t v)
{
	if (v != UINT32_MAX)
		put_number(out, key, v);
}

static void put_mac(struct buf *out, const char *key, struct rd *r)
{
	char text[MAC_TEXT_MAX];
	uint64_t mac = (uint64_t)rd_be16(r) << 32 | rd_be32(r);
	rd_skip(r, 2);
	if (!r->bad)
		put_text(out, key, text, mac_format(mac, text));
}

static void put_uuid(struct buf *out, const char *key, struct rd *r)
{
	const uint8_t *p = rd_take(r, 16);
	if (!p)
		return;
	buf_json_key(out, key);
	buf_u8(out, '"');
	for (int i = 0; i < 16; i++)
		buf_fmt(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", p[i]);
	buf_u8(out, '"');
}

/* Infinities and NaN have no place in JSON. */
static void put_float(struct buf *out, const char *key, uint32_t bits)
{
	enum { EXPONENT = 0x7f800000 };
	float v;
	memcpy(&v, &bits, sizeof(v));
	if ((bits & EXPONENT) == EXPONENT)
		return;
	buf_json_key(out, key);
	buf_fmt(out, "%.3f", (double)v);
}

static void put_item(struct buf *out, const struct item *i, struct rd *r)
{
	uint64_t wide;
	uint32_t narrow;
	struct rd text;
	switch (i->kind) {
	case U32:
		narrow = rd_be32(r);
		if (!r->bad)
			put_u32(out, i->key, narrow);
		break;
	case U64:
		wide = rd_be64(r);
		if (!r->bad && wide != UINT64_MAX)
			put_number(out, i->key, wide);
		break;
	case U32_PERCENT: /* hundredths of a percent */
		narrow = rd_be32(r);
		if (!r->bad && narrow != UINT32_MAX) {
			buf_json_key(out, i->key);
			buf_fmt(out, "%.2f", (double)narrow / 100);
		}
		break;
	case TEXT:
		text = sflow_opaque(r);
		if (!r->bad)
			put_text(out, i->key, text.p, rd_left(&text));
		break;
	case MAC:
		put_mac(out, i->key, r);
		break;
	case UUID:
		put_uuid(out, i->key, r);
		break;
	case FLOAT:
		narrow = rd_be32(r);
		if (!r->bad)
			put_float(out, i->key, narrow);
		break;
	}
}

static const struct structure *find_structure(uint32_t format)
{
	for (size_t i = 0; i < ARRAY_LEN(structures); i++)
		if (structures[i].format == format)
			return &structures[i];
	return NULL;
}

static void put_unknown(struct buf *out, const struct sflow_record *r, size_t i)
{
	char key[32];
	snprintf(key, sizeof(key), "unknown%zu", i);
	buf_json_key(out, key);
	buf_fmt(out, "{\"enterprise\":%u,\"format\":%u,\"bytes\":%zu}", r->format >> 12,
		r->format & 0xfff, rd_left(&r->body));
}

static void put_structures(struct buf *out, struct rd r)
{
	struct sflow_record record;
	size_t unknown = 0;
	while (rd_left(&r) && sflow_next_record(&r, &record)) {
		const struct structure *s = find_structure(record.format);
		if (!s) {
			put_unknown(out, &record, unknown++);
			continue;
		}
		buf_json_key(out, s->name);
		buf_u8(out, '{');
		for (size_t i = 0; i < s->n && !record.body.bad; i++)
			put_item(out, &s->items[i], &record.body);
		buf_u8(out, '}');
	}
}

void counter_sample_json(struct buf *out, const struct counter_sample *s)
{
	static const struct ip nameless;
	char text[64]; /* a time or an address */
	buf_str(out, "{\"record\":\"counters\"");
	if (s->t_recv)
		put_text(out, "t_recv", text, rfc3339_format(s->t_recv, text));
	if (!ip_equal(&s->exporter_ip, &nameless))
		put_text(out, "exporter_ip", text, ip_format(&s->exporter_ip, text));
	put_text(out, "agent_ip", text, ip_format(&s->agent_ip, text));
	put_number(out, "observation_domain", s->domain);
	put_number(out, "source_class", s->source_class);
	put_number(out, "source_index", s->source_index);
	put_number(out, "sequence", s->sequence);
	put_number(out, "uptime_ms", s->uptime);
	put_structures(out, s->records);
	buf_u8(out, '}');
}
