/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/layout.h"

#include "base/attr.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

/* --- directions */

/* Fields of the reverse record that are read from another column; those of the answer itself (rev_)
 * are not listed. */
static const struct {
	enum field field, from;
} mirrored[] = {
    {F_src_ip, F_dst_ip},     {F_dst_ip, F_src_ip},     {F_src_port, F_dst_port},
    {F_dst_port, F_src_port}, {F_src_mask, F_dst_mask}, {F_dst_mask, F_src_mask},
    {F_src_as, F_dst_as},     {F_dst_as, F_src_as},     {F_src_mac, F_dst_mac},
    {F_dst_mac, F_src_mac},   {F_in_if, F_out_if},      {F_out_if, F_in_if},
};

/* Fields that are the same in both directions. */
static const enum field shared[] = {
    F_t_first,   F_t_last,    F_observation_domain, F_ip_version, F_proto,
    F_vlan,      F_ethertype, F_end_reason,         F_icmp_type,  F_icmp_code,
    F_tunnel_id, F_app_id,    F_app_name,           F_flow_id,    F_sampling_rate,
};

static int reverse_column(enum field f)
{
	if (field_table[f].reverse >= 0)
		return field_table[f].reverse;
	for (size_t i = 0; i < ARRAY_LEN(mirrored); i++)
		if (mirrored[i].field == f)
			return (int)mirrored[i].from;
	for (size_t i = 0; i < ARRAY_LEN(shared); i++)
		if (shared[i] == f)
			return (int)f;
	return -1;
}

int layout_column(enum half half, enum field f)
{
	bool twin = field_table[f].forward >= 0;
	switch (half) {
	case HALF_BOTH:
		return (int)f;
	case HALF_FORWARD:
		return twin ? -1 : (int)f;
	case HALF_REVERSE:
		return twin ? -1 : reverse_column(f);
	case HALF_MAX:
		break;
	}
	return -1;
}

unsigned layout_ip_bit(enum field f)
{
	unsigned bit = 0;
	for (int i = 0; i < (int)f; i++)
		bit += field_table[i].ctype == CT_IP;
	return bit;
}

void layout_mask(enum export_protocol p, enum half half, uint64_t ret[PRESENT_WORDS])
{
	struct wire_form form;
	memset(ret, 0, PRESENT_WORDS * sizeof(*ret));
	for (int f = 0; f < FIELD_MAX; f++) {
		int column = layout_column(half, (enum field)f);
		if (column < 0 || !element_of(p, (enum field)f, false, &form))
			continue;
		unsigned bit = field_table[column].present_bit;
		ret[bit / 64] |= (uint64_t)1 << (bit % 64);
	}
}

/* --- compiling */

enum { FORMS_MAX = FIELD_MAX + MPLS_LABELS_MAX };

struct compiling {
	enum export_protocol protocol;
	struct wire_form forms[FORMS_MAX]; /* in the order of the record */
	struct encode_op ops[FORMS_MAX];
	uint16_t n, n_fixed, fixed_len;
};

static bool has(const struct layout_key *k, int column)
{
	unsigned bit = field_table[column].present_bit;
	return k->present[bit / 64] >> (bit % 64) & 1;
}

static void add(struct compiling *c, const struct wire_form *form, int column, unsigned index)
{
	c->ops[c->n] = (struct encode_op){.kind = (uint8_t)form->kind,
					  .index = (uint8_t)index,
					  .field = (uint16_t)column,
					  .at = c->fixed_len,
					  .inner_id = form->inner_id,
					  .inner_pen = form->inner_pen,
					  .width = form->width};
	c->forms[c->n++] = *form;
	if (form->len == ELEMENT_VARIABLE)
		return;
	c->fixed_len = (uint16_t)(c->fixed_len + form->len);
	c->n_fixed++;
}

/* The fields of fixed length, or those of variable length. */
static void add_fields(struct compiling *c, const struct layout_key *k, bool fixed)
{
	for (int f = 0; f < FIELD_MAX; f++) {
		int column = layout_column((enum half)k->half, (enum field)f);
		struct wire_form form;
		if (column < 0 || !has(k, column))
			continue;
		bool ip = field_table[column].ctype == CT_IP;
		bool six = ip ? k->six >> layout_ip_bit((enum field)column) & 1 : k->flow_six;
		if (!element_of(c->protocol, (enum field)f, six, &form) ||
		    (form.len != ELEMENT_VARIABLE) != fixed)
			continue;
		bool label = form.kind == PUT_LABEL;
		unsigned n = label ? k->labels[field_table[column].forward >= 0] : 1;
		for (unsigned i = 0; i < n; i++, form.id++)
			add(c, &form, column, i);
	}
}

/* --- template records */

static void put_field(struct buf *b, const struct wire_form *f)
{
	enum { ENTERPRISE_BIT = 0x8000 };
	buf_be16(b, f->pen ? f->id | ENTERPRISE_BIT : f->id);
	buf_be16(b, f->len);
	if (f->pen)
		buf_be32(b, f->pen);
}

/* RFC 3954 6.1: the lengths of scope and options in bytes. */
static void nf9_options_head(struct buf *b, const struct wire_form *f, uint16_t n)
{
	enum { SCOPE_SYSTEM = 1, PER_FIELD = 4 };
	buf_be16(b, PER_FIELD);
	buf_be16(b, (uint16_t)((n - 1) * PER_FIELD));
	buf_be16(b, SCOPE_SYSTEM);
	buf_be16(b, f[0].len);
}

static void template_record(struct buf *b, enum export_protocol p, uint16_t id,
			    const struct wire_form *f, uint16_t n, uint16_t n_scope)
{
	uint16_t from = 0;
	buf_be16(b, id);
	if (n_scope && p == EXPORT_NF9) {
		nf9_options_head(b, f, n);
		from = 1;
	} else {
		buf_be16(b, n);
		if (n_scope)
			buf_be16(b, n_scope);
	}
	for (uint16_t i = from; i < n; i++)
		put_field(b, &f[i]);
}

/* One block of memory: the struct, its operations, the template record. */
static struct layout *seal(const struct compiling *c, uint16_t id, uint16_t n_scope)
{
	struct buf record = {0};
	template_record(&record, c->protocol, id, c->forms, c->n, n_scope);
	size_t ops = c->n * sizeof(c->ops[0]);
	struct layout *l = record.bad ? NULL : calloc(1, sizeof(*l) + ops + record.n);
	if (l) {
		l->id = id;
		l->options = n_scope > 0;
		l->first_row = l->last_row = NO_ROW;
		l->fixed_len = c->fixed_len;
		l->n_ops = c->n;
		l->n_fixed = c->n_fixed;
		memcpy(l->ops, c->ops, ops);
		l->record = (uint8_t *)l->ops + ops;
		l->record_n = (uint16_t)record.n;
		memcpy(l->record, record.p, record.n);
	}
	buf_fini(&record);
	return l;
}

struct layout *layout_compile(enum export_protocol p, const struct layout_key *k, uint16_t id)
{
	struct compiling c = {.protocol = p};
	add_fields(&c, k, true);
	add_fields(&c, k, false);
	struct layout *l = seal(&c, id, 0);
	if (l)
		l->key = *k;
	return l;
}

struct layout *layout_options(enum export_protocol p, uint16_t id, const struct wire_form *f,
			      uint16_t n, uint16_t n_scope)
{
	struct compiling c = {.protocol = p};
	for (uint16_t i = 0; i < n && i < FORMS_MAX; i++)
		add(&c, &f[i], 0, 0);
	return seal(&c, id, n_scope);
}
