/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/capture.h"

#include "base/rd.h"

#include <pcap.h>
#include <stdlib.h>

struct capture {
	pcap_t *pcap;
	enum link_type link;
};

bool capture_is_capture(const uint8_t *p, size_t n)
{
	/* pcap in us and ns, either byte order; a variant of old Linuxes; pcapng. */
	static const uint32_t magics[] = {0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1,
					  0xa1b2cd34, 0x34cdb2a1, 0x0a0d0d0a};
	for (size_t i = 0; n >= 4 && i < ARRAY_LEN(magics); i++)
		if (load_be32(p) == magics[i])
			return true;
	return false;
}

static enum link_type link_of(int dlt)
{
	static const struct {
		int dlt;
		enum link_type link;
	} links[] = {
	    {DLT_EN10MB, LINK_ETHERNET},
	    {DLT_NULL, LINK_LOOPBACK},
	    {DLT_LOOP, LINK_LOOPBACK},
	    {DLT_RAW, LINK_IP},
	    {DLT_IPV4, LINK_IP},
	    {DLT_IPV6, LINK_IP},
	    {DLT_LINUX_SLL, LINK_SLL},
	    {DLT_LINUX_SLL2, LINK_SLL2},
	    {DLT_PPP_ETHER, LINK_PPPOE},
	    {DLT_PPP, LINK_PPP},
	    {DLT_PPP_SERIAL, LINK_PPP},
	    {DLT_IEEE802_11, LINK_80211},
	    {DLT_IEEE802_11_RADIO, LINK_RADIOTAP},
	};
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (links[i].dlt == dlt)
			return links[i].link;
	return LINK_UNKNOWN;
}

enum err capture_open(const char *path, struct capture **ret, struct diag *reterr)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!p)
		return diag_set(reterr, ERR_MALFORMED, 0, 0, "%s: %s", path, text);
	struct capture *c = malloc(sizeof(*c));
	if (!c) {
		pcap_close(p);
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s: %s", path, err_text(ERR_NOMEM));
	}
	*c = (struct capture){.pcap = p, .link = link_of(pcap_datalink(p))};
	*ret = c;
	return ERR_OK;
}

enum err capture_next(struct capture *c, struct frame *ret, struct diag *reterr)
{
	struct pcap_pkthdr *h;
	const u_char *p;
	int got = pcap_next_ex(c->pcap, &h, &p);
	if (got == PCAP_ERROR_BREAK)
		return ERR_NOT_FOUND;
	if (got != 1)
		return diag_set(reterr, ERR_MALFORMED, 0, 0, "%s", pcap_geterr(c->pcap));
	*ret = (struct frame){.p = p,
			      .n = h->caplen,
			      .wire_n = h->len < h->caplen ? h->caplen : h->len,
			      .link = c->link,
			      /* With ns precision tv_usec holds nanoseconds. */
			      .t_ns = (int64_t)h->ts.tv_sec * 1000000000 + h->ts.tv_usec};
	return ERR_OK;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	pcap_close(c->pcap);
	free(c);
}
