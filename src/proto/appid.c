/* SPDX-License-Identifier: Apache-2.0 */
/* proto/appid.h by libndpi 4.2. The library reads what strangers send, so it is shown a copy of a
 * packet whose lengths were made to agree and behind which there are zeros, and with as few of its
 * dissectors as need be. */
#include "proto/appid.h"

#include "base/attr.h"
#include "base/wr.h"
#include "model/stats.h"
#include "proto/pool.h"

#include <ndpi_api.h>
#include <stdlib.h>
#include <string.h>

enum {
	PADDING = 512, /* zeros behind a packet: more than the fixed offsets the library reads at */
	FLOW_BYTES = sizeof(struct ndpi_flow_struct),
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	NS_PER_MS = 1000000,
	MASK_BITS = 8 * sizeof(ndpi_ndpi_mask),
};

struct appid {
	struct ndpi_detection_module_struct *ndpi; /* NULL: not loaded yet */
	struct stats *stats;
	struct pool pool; /* of flows */
	size_t n_flows, max_flows;
	unsigned packets;
	uint8_t packet[APPID_PACKET_MAX + PADDING];
};

struct appid_flow {
	struct ndpi_flow_struct ndpi;
};

/* Those that our dissectors know, and two of Skype's: with RTP's they took one in a hundred random
 * datagrams for theirs. IPsec, ICMP and IGMP stay: one dissector names all IP protocols. */
static const uint16_t left_out[] = {
    NDPI_PROTOCOL_FTP_CONTROL, NDPI_PROTOCOL_MAIL_POP,    NDPI_PROTOCOL_MAIL_SMTP,
    NDPI_PROTOCOL_MAIL_IMAP,   NDPI_PROTOCOL_DNS,         NDPI_PROTOCOL_HTTP,
    NDPI_PROTOCOL_MDNS,        NDPI_PROTOCOL_NTP,         NDPI_PROTOCOL_NETBIOS,
    NDPI_PROTOCOL_NFS,         NDPI_PROTOCOL_SSDP,        NDPI_PROTOCOL_SNMP,
    NDPI_PROTOCOL_SMBV1,       NDPI_PROTOCOL_SYSLOG,      NDPI_PROTOCOL_DHCP,
    NDPI_PROTOCOL_POSTGRES,    NDPI_PROTOCOL_MYSQL,       NDPI_PROTOCOL_COAP,
    NDPI_PROTOCOL_DTLS,        NDPI_PROTOCOL_BITTORRENT,  NDPI_PROTOCOL_SKYPE_CALL,
    NDPI_PROTOCOL_MEMCACHED,   NDPI_PROTOCOL_SMBV23,      NDPI_PROTOCOL_MODBUS,
    NDPI_PROTOCOL_MONGODB,     NDPI_PROTOCOL_IRC,         NDPI_PROTOCOL_JABBER,
    NDPI_PROTOCOL_TELNET,      NDPI_PROTOCOL_STUN,        NDPI_PROTOCOL_RTP,
    NDPI_PROTOCOL_RDP,         NDPI_PROTOCOL_VNC,         NDPI_PROTOCOL_TLS,
    NDPI_PROTOCOL_SSH,         NDPI_PROTOCOL_TFTP,        NDPI_PROTOCOL_SIP,
    NDPI_PROTOCOL_DHCPV6,      NDPI_PROTOCOL_KERBEROS,    NDPI_PROTOCOL_LDAP,
    NDPI_PROTOCOL_MSSQL_TDS,   NDPI_PROTOCOL_SKYPE_TEAMS, NDPI_PROTOCOL_DCERPC,
    NDPI_PROTOCOL_RADIUS,      NDPI_PROTOCOL_LLMNR,       NDPI_PROTOCOL_OPENVPN,
    NDPI_PROTOCOL_RTCP,        NDPI_PROTOCOL_RSYNC,       NDPI_PROTOCOL_ORACLE,
    NDPI_PROTOCOL_FTP_DATA,    NDPI_PROTOCOL_REDIS,       NDPI_PROTOCOL_QUIC,
    NDPI_PROTOCOL_AMQP,        NDPI_PROTOCOL_WIREGUARD,   NDPI_PROTOCOL_MQTT,
    NDPI_PROTOCOL_DNP3,        NDPI_PROTOCOL_IEC60870,    NDPI_PROTOCOL_S7COMM,
    NDPI_PROTOCOL_CASSANDRA,   NDPI_PROTOCOL_ETHERNET_IP,
};

static const char *const names[] = {
#define NDPI(number, name) [number] = (name),
#include "model/ndpi.def"
#undef NDPI
};

static struct ndpi_detection_module_struct *module_new(void)
{
	NDPI_PROTOCOL_BITMASK mask;
	struct ndpi_detection_module_struct *m =
	    ndpi_init_detection_module(ndpi_dont_load_tor_hosts | ndpi_dont_init_libgcrypt);
	if (!m)
		return NULL;
	NDPI_BITMASK_SET_ALL(mask);
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
		mask.fds_bits[left_out[i] / MASK_BITS] &=
		    ~((ndpi_ndpi_mask)1 << left_out[i] % MASK_BITS);
	ndpi_set_protocol_detection_bitmask2(m, &mask);
	ndpi_finalize_initialization(m);
	return m;
}

enum err appid_new(const struct appid_opts *o, struct appid **ret)
{
	struct appid *a;
	*ret = NULL;
	if (ndpi_get_api_version() != NDPI_API_VERSION)
		return ERR_UNSUPPORTED;
	if (!(a = calloc(1, sizeof(*a))))
		return ERR_NOMEM;
	a->stats = o->stats;
	a->packets = o->packets ? MIN_OF(o->packets, (unsigned)APPID_PACKETS_MAX) : APPID_PACKETS;
	a->max_flows = o->max_flows ? o->max_flows : APPID_FLOWS_MAX;
	pool_init(&a->pool, SIZE_MAX); /* bounded by max_flows */
	if (o->at_once && !(a->ndpi = module_new())) {
		appid_free(a);
		return ERR_NOMEM;
	}
	*ret = a;
	return ERR_OK;
}

void appid_free(struct appid *a)
{
	if (!a)
		return;
	if (a->ndpi)
		ndpi_exit_detection_module(a->ndpi);
	pool_fini(&a->pool);
	free(a);
}

unsigned appid_packets(const struct appid *a)
{
	return a->packets;
}

struct appid_flow *appid_begin(struct appid *a)
{
	struct appid_flow *f = NULL;
	if (!a->ndpi)
		a->ndpi = module_new();
	if (a->ndpi && a->n_flows < a->max_flows)
		f = pool_take(&a->pool, FLOW_BYTES);
	if (!f) {
		stat_add(a->stats, ST_appid_refused, 1);
		return NULL;
	}
	memset(f, 0, FLOW_BYTES);
	a->n_flows++;
	stat_add(a->stats, ST_appid_flows, 1);
	return f;
}

void appid_end(struct appid *a, struct appid_flow *f)
{
	if (!f)
		return;
	ndpi_free_flow_data(&f->ndpi);
	pool_give(&a->pool, f, FLOW_BYTES);
	a->n_flows--;
}

/* Of a packet that was captured in part, or is the first of fragments, nothing would be looked at:
 * its header says what there is. False: it is no IP packet. */
static bool make_whole(uint8_t *p, size_t n)
{
	enum { LENGTH4 = 2, FRAGMENT4 = 6, LENGTH6 = 4, DONT_FRAGMENT = 0x40 };
	if (n >= IP4_HEADER && p[0] >> 4 == 4) {
		store_be16(p + LENGTH4, (uint16_t)n);
		p[FRAGMENT4] &= DONT_FRAGMENT;
		p[FRAGMENT4 + 1] = 0;
		return true;
	}
	if (n < IP6_HEADER || p[0] >> 4 != 6)
		return false;
	store_be16(p + LENGTH6, (uint16_t)(n - IP6_HEADER));
	return true;
}

uint16_t appid_see(struct appid *a, struct appid_flow *f, struct rd ip_packet, uint64_t t_ns)
{
	size_t n = MIN_OF(rd_left(&ip_packet), (size_t)APPID_PACKET_MAX);
	memcpy(a->packet, ip_packet.p, n);
	memset(a->packet + n, 0, PADDING);
	if (!make_whole(a->packet, n))
		return 0;
	stat_add(a->stats, ST_appid_packets, 1);
	const ndpi_protocol got = ndpi_detection_process_packet(
	    a->ndpi, &f->ndpi, a->packet, (unsigned short)n, t_ns / NS_PER_MS);
	uint16_t number = got.app_protocol ? got.app_protocol : got.master_protocol;
	if (f->ndpi.confidence != NDPI_CONFIDENCE_DPI || !appid_name(number))
		return 0;
	stat_add(a->stats, ST_appid_named, 1);
	return number;
}

const char *appid_name(uint16_t number)
{
	return number < ARRAY_LEN(names) ? names[number] : NULL;
}
