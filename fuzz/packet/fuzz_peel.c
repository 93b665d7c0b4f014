/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a link type, bytes that were not captured (2 bytes), and a frame. What the peel says
 * of it must lie in the frame. */
#include "links.h"
#include "packet/peel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct frame *f, const uint8_t *p, size_t n)
{
	if (n && (p < f->p || n > f->n || (size_t)(p - f->p) > f->n - n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_of(data, size);
	struct peel p;
	enum link_type link = fuzz_link(rd_u8(&r));
	size_t cut = rd_be16(&r), n = rd_left(&r);
	if (r.bad)
		return 0;
	const struct frame f = {.p = r.p, .n = n, .wire_n = n + cut, .link = link};
	enum peel_kind kind = peel(&f, &p);
	if (kind == PEEL_BROKEN)
		return 0;
	inside(&f, p.payload.p, rd_left(&p.payload));
	if (p.options)
		inside(&f, p.options, p.options_n);
	if (p.ip)
		inside(&f, p.ip, p.version == 4 ? 20 : 40);
	if (rd_left(&p.payload) > p.payload_wire || p.n_tunnels > PEEL_TUNNELS ||
	    p.n_labels > PEEL_LABELS || (kind == PEEL_IP && p.version != 4 && p.version != 6))
		abort();
	return 0;
}
