/* SPDX-License-Identifier: Apache-2.0 */
/* Classic pcap files (draft-ietf-opsawg-pcap), read in big pieces, frames where they lie: reading
 * through libpcap costs as much as metering does. Both byte orders, micro- and nanoseconds. Other
 * formats are libpcap's (capture.c). */
#pragma once
#include "base/err.h"
#include "packet/capture.h"

struct pcap_file;

/* ERR_UNSUPPORTED, reterr untouched: fd is no such file, and stands where it stood. Else takes
 * ownership of fd. ret_linktype: as in the file (LINKTYPE_*). */
must_check enum err pcap_file_open(int fd, struct pcap_file **ret, uint32_t *ret_linktype,
				   struct diag *reterr);
void pcap_file_close(struct pcap_file *f);
/* As capture_burst. */
must_check enum err pcap_file_burst(struct pcap_file *f, enum link_type link, struct frame *ret,
				    size_t max, size_t *ret_n, struct diag *reterr);
