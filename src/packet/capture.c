/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/capture.h"

#include "base/rd.h"
#include "packet/pcap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap.h>
#include <stdlib.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 19 };

struct capture {
	struct pcap_file *file; /* classic pcap; else pcap */
	pcap_t *pcap;
	enum link_type link;
	uint8_t *copies;  /* of the frames of a burst, since libpcap keeps one only */
	enum err pending; /* what ended the file behind a burst, and its text */
	struct diag diag;
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

/* LINKTYPE_ values of files that differ from libpcap's DLT_ ones here. */
static int dlt_of(uint32_t linktype)
{
	enum { LINKTYPE_RAW = 101, LINKTYPE_LOOP = 108, LINKTYPE_PPP_ETHER = 51 };
	return linktype == LINKTYPE_RAW         ? DLT_RAW
	       : linktype == LINKTYPE_LOOP      ? DLT_LOOP
	       : linktype == LINKTYPE_PPP_ETHER ? DLT_PPP_ETHER
						: (int)linktype;
}

static enum err open_file(struct capture *c, const char *path, struct diag *reterr)
{
	uint32_t linktype;
	if (strcmp(path, "-") == 0)
		return ERR_UNSUPPORTED; /* libpcap reads it */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return diag_set(reterr, err_from_errno(errno), 0, 0, "%s: %s", path,
				strerror(errno));
	enum err e = pcap_file_open(fd, &c->file, &linktype, reterr);
	if (e)
		close(fd);
	else
		c->link = link_of(dlt_of(linktype));
	return e;
}

static enum err open_pcap(struct capture *c, const char *path, struct diag *reterr)
{
	char text[PCAP_ERRBUF_SIZE];
	c->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!c->pcap)
		return diag_set(reterr, ERR_MALFORMED, 0, 0, "%s: %s", path, text);
	c->link = link_of(pcap_datalink(c->pcap));
	return ERR_OK;
}

enum err capture_open(const char *path, struct capture **ret, struct diag *reterr)
{
	struct capture *c = calloc(1, sizeof(*c));
	if (!c)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s: %s", path, err_text(ERR_NOMEM));
	enum err e = open_file(c, path, reterr);
	if (e == ERR_UNSUPPORTED)
		e = open_pcap(c, path, reterr);
	if (e) {
		capture_close(c);
		return e;
	}
	*ret = c;
	return ERR_OK;
}

static enum err next_of_pcap(struct capture *c, struct frame *ret, struct diag *reterr)
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

enum err capture_next(struct capture *c, struct frame *ret, struct diag *reterr)
{
	size_t n;
	return c->file ? pcap_file_burst(c->file, c->link, ret, 1, &n, reterr)
		       : next_of_pcap(c, ret, reterr);
}

enum err capture_burst(struct capture *c, struct frame *ret, size_t max, size_t *ret_n,
		       struct diag *reterr)
{
	if (c->file)
		return pcap_file_burst(c->file, c->link, ret, max, ret_n, reterr);
	if (!c->copies && !(c->copies = malloc(COPY_BYTES)))
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	/* The rest of the buffer is always longer than a frame may be. */
	enum { FRAME_MAX = COPY_BYTES / 2 };
	size_t n = 0, used = 0;
	while (n < max && used < FRAME_MAX) {
		enum err e = c->pending ? c->pending : next_of_pcap(c, &ret[n], reterr);
		if (e && n) {
			c->pending = e;
			c->diag = *reterr;
			break;
		}
		if (e) {
			*reterr = c->pending ? c->diag : *reterr;
			return e;
		}
		ret[n].n = MIN_OF(ret[n].n, (size_t)FRAME_MAX);
		memcpy(c->copies + used, ret[n].p, ret[n].n);
		ret[n].p = c->copies + used;
		used += ret[n++].n;
	}
	*ret_n = n;
	return ERR_OK;
}

enum link_type capture_link(const struct capture *c)
{
	return c->link;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	pcap_file_close(c->file);
	if (c->pcap)
		pcap_close(c->pcap);
	free(c->copies);
	free(c);
}
