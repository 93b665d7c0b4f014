/* SPDX-License-Identifier: Apache-2.0 */
/* The input is what the frame begins with, then the frame. */
#include "packet/headers.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct headers h;
	if (size == 0)
		return 0;
	headers_parse((enum headers_start)(data[0] % (HEADERS_PPP + 1)), data + 1, size - 1, &h);
	bool ip = h.has & HEADERS_HAS_IP;
	if (h.n_vlans > HEADERS_VLANS || h.n_labels > HEADERS_LABELS ||
	    (!ip && (h.has & (HEADERS_HAS_PORTS | HEADERS_HAS_TUNNEL))) ||
	    (ip && h.ip_version != 4 && h.ip_version != 6))
		abort();
	return 0;
}
