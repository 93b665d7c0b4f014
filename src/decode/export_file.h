/* SPDX-License-Identifier: Apache-2.0 */
/* Files of flow exports as datagrams, in file order: captures (pcap, pcapng; UDP payloads, TCP
 * payloads cut into messages, fragments put together), files of messages that stand one after
 * another (IPFIX files of RFC 5655, raw datagrams). Whether a payload is an export the decoder
 * decides; this only finds payloads. */
#pragma once
#include "decode/decode.h"

struct export_file;

/* stats: reassembly failures are counted as reject_reassembly; borrowed. */
must_check enum err export_file_open(const char *path, struct stats *stats,
				     struct export_file **ret, struct diag *reterr);
void export_file_close(struct export_file *f);
/* The next payload, borrowed until the next call; t_ns: when it was captured, 0 = not known.
 * ERR_NOT_FOUND at the end, other errors with a diagnosis. */
must_check enum err export_file_next(struct export_file *f, struct datagram *ret, int64_t *ret_t_ns,
				     struct diag *reterr);
