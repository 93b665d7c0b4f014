/* SPDX-License-Identifier: Apache-2.0 */
/* A message as it goes out, to one collector or several: made once, shared, freed by the last.
 * Only its sequence number differs between collectors; it is written when the message is sent
 * (message_sequence). Of one thread. */
#pragma once
#include "base/err.h"
#include "encode/target.h"

#include <stddef.h>
#include <stdint.h>

struct layout;

enum { MESSAGE_LAYOUTS_MAX = 64 };

struct message {
	uint32_t refs, n, cap;
	uint32_t records; /* data records, those of options too */
	uint32_t flows;   /* ... only those of flows */
	uint16_t n_layouts;
	struct layout *layouts[MESSAGE_LAYOUTS_MAX]; /* that its records are of, each once */
	uint8_t bytes[];
};

/* One reference, n = 0; NULL without memory. */
struct message *message_new(uint32_t cap);
static inline struct message *message_get(struct message *m)
{
	m->refs++;
	return m;
}
void message_put(struct message *m);
/* Notes that m has records of l; false: no room for another layout. */
bool message_uses(struct message *m, struct layout *l);

/* The header of a protocol: its length, where the sequence number stands, and how many of its units
 * (IPFIX: data records, v9: messages, v5: flows) a message is. */
enum { MESSAGE_HEADER_MAX = 24 };
size_t message_header(enum export_protocol p);
void message_sequence(enum export_protocol p, uint8_t *header, uint32_t sequence);
uint32_t message_units(enum export_protocol p, const struct message *m);
