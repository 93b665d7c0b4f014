/* SPDX-License-Identifier: Apache-2.0 */
/* IPFIX (RFC 7011 3.1): the header. */
#include "encode/format.h"

#include "base/wr.h"

enum { VERSION = 10, HEADER = 16, TEMPLATE_SET = 2, OPTIONS_SET = 3 };

static void begin(struct message *m, const struct message_head *h)
{
	store_be16(m->bytes, VERSION);
	store_be16(m->bytes + 2, 0);
	store_be32(m->bytes + 4, (uint32_t)(h->export_ms / 1000));
	store_be32(m->bytes + 8, 0);
	store_be32(m->bytes + 12, h->domain);
	m->n = HEADER;
}

static void end(struct message *m, uint32_t templates)
{
	(void)templates;
	store_be16(m->bytes + 2, (uint16_t)m->n);
}

const struct message_format ipfix_format = {
    .template_set = TEMPLATE_SET,
    .options_set = OPTIONS_SET,
    .align = 1,
    .begin = begin,
    .end = end,
};
