/* SPDX-License-Identifier: Apache-2.0 */
/* NetFlow v9 (RFC 3954 5.1): the header. */
#include "encode/format.h"

#include "base/wr.h"

enum { VERSION = 9, HEADER = 20, TEMPLATE_SET = 0, OPTIONS_SET = 1, ALIGN = 4 };

static void begin(struct message *m, const struct message_head *h)
{
	store_be16(m->bytes, VERSION);
	store_be16(m->bytes + 2, 0);
	store_be32(m->bytes + 4, (uint32_t)(h->export_ms - h->start_ms));
	store_be32(m->bytes + 8, (uint32_t)(h->export_ms / 1000));
	store_be32(m->bytes + 12, 0);
	store_be32(m->bytes + 16, h->domain);
	m->n = HEADER;
}

static void end(struct message *m, uint32_t templates)
{
	store_be16(m->bytes + 2, (uint16_t)(m->records + templates));
}

const struct message_format nf9_format = {
    .template_set = TEMPLATE_SET,
    .options_set = OPTIONS_SET,
    .align = ALIGN,
    .begin = begin,
    .end = end,
};
