/* SPDX-License-Identifier: Apache-2.0 */
/* A capture filter as tcpdump has it: compiled by libpcap, run by the kernel where it can be
 * attached to the socket, else by libpcap here.
 *
 * The kernel takes the first VLAN tag off a frame before a socket's filter sees it. A filter for an
 * interface is therefore compiled for that interface: `vlan 5` then asks the kernel for the tag,
 * and `port 80` finds packets with and without one tag. Here in the program frames are whole:
 * there, as with tcpdump -r, packets in a VLAN are found by `vlan and port 80` only. */
#pragma once
#include "base/err.h"
#include "packet/capture.h"

struct bpf_filter;

/* text: NULL or "" takes everything. interface: what to compile for, NULL = for whole frames of
 * that link type. snaplen: what the kernel keeps of a frame, 0 = all. */
must_check enum err bpf_filter_new(const char *text, const char *interface, enum link_type link,
				   uint32_t snaplen, struct bpf_filter **ret, struct diag *reterr);
void bpf_filter_free(struct bpf_filter **f);
/* From now on fd gets what f takes only; what lies in its buffer already does not change. */
must_check enum err bpf_filter_attach(const struct bpf_filter *f, int fd, struct diag *reterr);
/* f may be NULL: takes everything. */
bool bpf_filter_takes(const struct bpf_filter *f, const struct frame *frame);
