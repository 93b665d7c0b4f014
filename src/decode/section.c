/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/section.h"

#include "base/attr.h"
#include "decode/header_row.h"
#include "decode/put.h"

enum { LINK_SECTION = 315, IP_SECTION = 313, LAYER2_SECTION = 104, EXPORTED_OCTETS = 410 };

/* The one that has most comes first. */
static const struct {
	uint16_t id;
	bool nf9;
	enum headers_start start;
} sections[] = {{LINK_SECTION, false, HEADERS_ETHERNET},
		{LAYER2_SECTION, true, HEADERS_ETHERNET},
		{IP_SECTION, false, HEADERS_IP}};

static uint16_t find(const struct template_def *def, uint16_t id)
{
	for (uint16_t i = 0; i < def->n; i++)
		if (def->elements[i].pen == 0 && def->elements[i].id == id)
			return i;
	return NO_SECTION;
}

void section_plan(struct template *t, const struct template_def *def)
{
	t->section = t->section_len = NO_SECTION;
	for (size_t i = 0; i < ARRAY_LEN(sections) && t->section == NO_SECTION; i++)
		if (def->dialect == DIALECT_IPFIX || sections[i].nf9) {
			t->section = find(def, sections[i].id);
			t->section_start = (uint8_t)sections[i].start;
		}
	if (t->section == NO_SECTION)
		return;
	if (def->dialect == DIALECT_IPFIX)
		t->section_len = find(def, EXPORTED_OCTETS);
	t->shape = SHAPE_WIDE;
	t->texts = true; /* labels */
}

/* A section of fixed length may be padded; element 410 says how much of it is the packet. */
static size_t section_len(const struct rows *r, const uint8_t *rec)
{
	size_t n = r->lens[r->t->section];
	if (r->t->section_len == NO_SECTION || r->lens[r->t->section_len] > 8)
		return n;
	uint64_t told = load_be(rec + r->offs[r->t->section_len], r->lens[r->t->section_len]);
	return (size_t)MIN_OF((uint64_t)n, told);
}

void section_rows(const struct rows *r)
{
	const uint8_t *rec = r->rec;
	for (uint32_t i = 0; i < r->k; i++, rec += r->stride) {
		struct headers h;
		size_t n = section_len(r, rec);
		if (n == 0)
			continue;
		headers_parse((enum headers_start)r->t->section_start, rec + r->offs[r->t->section],
			      n, &h);
		header_row(r->b, r->row + i, &h);
		put_u64(r->b, F_packets, r->row + i, 1);
		if (h.frame_len)
			put_u64(r->b, F_bytes, r->row + i, h.frame_len);
	}
}
