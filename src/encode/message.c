/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/message.h"

#include "base/wr.h"
#include "encode/layout.h"

#include <stdlib.h>

static const struct {
	uint8_t header, sequence_at;
} protocols[] = {
    [EXPORT_IPFIX] = {16, 8}, /* RFC 7011 3.1 */
    [EXPORT_NF9] = {20, 12},  /* RFC 3954 5.1 */
    [EXPORT_NF5] = {24, 16},
};

struct message *message_new(uint32_t cap)
{
	struct message *m = malloc(sizeof(*m) + cap);
	if (!m)
		return NULL;
	*m = (struct message){.refs = 1, .cap = cap};
	return m;
}

void message_put(struct message *m)
{
	if (--m->refs)
		return;
	for (uint16_t i = 0; i < m->n_layouts; i++)
		m->layouts[i]->messages--;
	free(m);
}

bool message_uses(struct message *m, struct layout *l)
{
	for (uint16_t i = m->n_layouts; i > 0; i--)
		if (m->layouts[i - 1] == l)
			return true;
	if (m->n_layouts == MESSAGE_LAYOUTS_MAX)
		return false;
	m->layouts[m->n_layouts++] = l;
	l->messages++;
	return true;
}

size_t message_header(enum export_protocol p)
{
	return protocols[p].header;
}

void message_sequence(enum export_protocol p, uint8_t *header, uint32_t sequence)
{
	store_be32(header + protocols[p].sequence_at, sequence);
}

uint32_t message_units(enum export_protocol p, const struct message *m)
{
	switch (p) {
	case EXPORT_IPFIX:
		return m->records;
	case EXPORT_NF9:
		return 1;
	case EXPORT_NF5:
		return m->flows;
	}
	return 0;
}
