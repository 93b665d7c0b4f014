/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/bpf_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { WHOLE_FRAME = 262144 };

struct bpf_filter {
	struct bpf_program program;
};

/* libpcap's number of a link type: that of files, but for these. */
static int dlt_of(enum link_type link)
{
	bool raw = link == LINK_IP || link == LINK_IP_14;
	return raw ? DLT_RAW : link == LINK_ATM ? DLT_ATM_RFC1483 : (int)link;
}

/* A handle to compile with: of the interface, which says that tags are taken off, or of nothing. */
static pcap_t *handle(const char *interface, int dlt, int snaplen, struct diag *d)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	if (!interface)
		return pcap_open_dead(dlt, snaplen);
	pcap_t *p = pcap_create(interface, text);
	if (!p) {
		diag_set(d, ERR_IO, 0, 0, "%s: %s", interface, text);
		return NULL;
	}
	pcap_set_snaplen(p, snaplen);
	int got = pcap_activate(p);
	if (got < 0 || pcap_datalink(p) != dlt) {
		diag_set(d, ERR_IO, 0, 0, "%s: cannot compile a filter for it: %s", interface,
			 got < 0 ? pcap_geterr(p) : "its link type is not supported");
		pcap_close(p);
		return NULL;
	}
	return p;
}

enum err bpf_filter_new(const char *text, const char *interface, enum link_type link,
			uint32_t snaplen, struct bpf_filter **ret, struct diag *reterr)
{
	enum err e = ERR_OK;
	int dlt = dlt_of(link);
	bool all = !text || !*text;
	int keep = snaplen ? (int)snaplen : WHOLE_FRAME;
	struct bpf_filter *f = calloc(1, sizeof(*f));
	if (!f)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	pcap_t *p = handle(all ? NULL : interface, dlt, keep, reterr);
	if (!p)
		e = ERR_IO;
	else if (pcap_compile(p, &f->program, all ? "" : text, 1, PCAP_NETMASK_UNKNOWN))
		e = diag_set(reterr, ERR_SYNTAX, 0, 0, "filter \"%.100s\": %s", text ? text : "",
			     pcap_geterr(p));
	if (p)
		pcap_close(p);
	if (e) {
		free(f);
		return e;
	}
	*ret = f;
	return ERR_OK;
}

void bpf_filter_free(struct bpf_filter **f)
{
	if (*f) {
		pcap_freecode(&(*f)->program);
		free(*f);
	}
	*f = NULL;
}

enum err bpf_filter_attach(const struct bpf_filter *f, int fd, struct diag *reterr)
{
	struct sock_filter *code = NULL;
	size_t n = f->program.bf_len;
	enum err e = ERR_OK;
	/* libpcap's and the kernel's instructions are one format under two names. */
	_Static_assert(sizeof(*code) == sizeof(*f->program.bf_insns), "one format");
	code = malloc(n * sizeof(*code));
	if (!code)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	memcpy(code, f->program.bf_insns, n * sizeof(*code));
	const struct sock_fprog prog = {.len = (unsigned short)n, .filter = code};
	if (n > BPF_MAXINSNS)
		e = diag_set(reterr, ERR_LIMIT, 0, 0, "the filter has more than %d instructions",
			     BPF_MAXINSNS);
	else if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		e = diag_set(reterr, err_from_errno(errno), 0, 0,
			     "the kernel does not take the filter: %s", strerror(errno));
	free(code);
	return e;
}

bool bpf_filter_takes(const struct bpf_filter *f, const struct frame *frame)
{
	if (!f)
		return true;
	const struct pcap_pkthdr h = {.caplen = (bpf_u_int32)frame->n,
				      .len = (bpf_u_int32)frame->wire_n};
	return pcap_offline_filter(&f->program, &h, frame->p) != 0;
}
