/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/template.h"

#include "base/attr.h"
#include "decode/extra.h"
#include "decode/section.h"

#include <stdlib.h>
#include <string.h>

/* Elements that are needed to make fields but are none. */
static const struct {
	uint16_t id;
	enum scratch scratch;
	bool ipfix_only;
} scratch_elements[] = {
    {48, SCRATCH_SAMPLER, false},     {302, SCRATCH_SAMPLER, false},
    {301, SCRATCH_SEQUENCE, false},   {306, SCRATCH_SPACE, false},
    {161, SCRATCH_DURATION_MS, true}, {162, SCRATCH_DURATION_US, true},
    {160, SCRATCH_INIT_MS, true},
};

enum { UNKNOWN_MAX = 256, PADDING = 210, PACKETS_TAKEN = 305 };

struct choice {
	uint16_t source; /* element, NO_ELEMENT = none */
	uint16_t other;  /* element of the other address family */
	uint8_t priority, conv, other_conv;
};

struct compiling {
	const struct template_def *def;
	struct template t; /* without its arrays */
	struct choice best[FIELD_MAX];
	uint16_t scratch[SCRATCH_MAX];
	struct op ops[2 * FIELD_MAX + SCRATCH_MAX];
	struct unknown unknown[UNKNOWN_MAX];
	uint32_t bad;
};

bool template_len_fits(enum conv c, uint16_t len)
{
	bool variable = len == LEN_VARIABLE;
	switch (c) {
	case CONV_UINT:
	case CONV_MS:
	case CONV_MS_US:
	case CONV_SEC:
	case CONV_LOW32:
	case CONV_DSCP:
	case CONV_NID:
	case CONV_LIST: /* one value outside a list */
	case CONV_LIST8:
	case CONV_LIST16:
	case CONV_LIST32:
		return variable || (len >= 1 && len <= 8);
	case CONV_LIST_MS: /* have a meaning only in a list */
	case CONV_LIST_DIR:
		return false;
	case CONV_MILLI:
		return variable || len == 4 || len == 8;
	case CONV_DELTA_US:
	case CONV_UPTIME:
		return variable || (len >= 1 && len <= 4);
	case CONV_IP4:
		return variable || len == 4;
	case CONV_IP6:
		return variable || len == 16;
	case CONV_MAC:
		return variable || len == 6;
	case CONV_NTP_US:
	case CONV_NTP_NS:
		return variable || len == 8;
	case CONV_HIGH8:
	case CONV_LOW8:
		return variable || len == 2;
	case CONV_MPLS:
		return variable || len == 3;
	case CONV_U32S:
		return variable || len % 4 == 0;
	case CONV_LE16:
		return variable || len % 2 == 0;
	case CONV_STR:
	case CONV_HEX:
	case CONV_OCTETS:
	case CONV_SUBAPP:
		return true;
	case CONV_APP:
		return len > 0;
	}
	return false;
}

/* YAF tells the flags of the first packet and those of the others apart. */
static bool is_flags(uint16_t field)
{
	return field_table[field].agg == AGG_OR && field_table[field].ctype == CT_U16;
}

static void consider(struct compiling *c, uint16_t i, const struct source_ref *r)
{
	struct choice *b = &c->best[r->field];
	enum conv conv = (enum conv)r->conv;
	const struct element *e = &c->def->elements[i];
	struct label_stack *stack = &c->t.mpls[field_table[r->field].forward >= 0];
	if (conv == CONV_MPLS && stack->n < MPLS_MAX)
		stack->sources[stack->n++] = i;
	bool pair = b->source != NO_ELEMENT && b->conv != r->conv &&
		    (b->conv == CONV_IP4 || b->conv == CONV_IP6) &&
		    (conv == CONV_IP4 || conv == CONV_IP6);
	bool flags = b->source != NO_ELEMENT && e->pen == PEN_CERT && is_flags(r->field);
	if (flags && b->other == NO_ELEMENT) {
		b->other = i;
		return;
	}
	bool better = b->source == NO_ELEMENT || r->priority < b->priority;
	if (pair && better) {
		b->other = b->source;
		b->other_conv = b->conv;
	} else if (pair && b->other == NO_ELEMENT) {
		b->other = i;
		b->other_conv = r->conv;
	}
	if (better) {
		b->source = i;
		b->priority = r->priority;
		b->conv = r->conv;
	}
}

static bool consider_scratch(struct compiling *c, uint16_t i, const struct element *e)
{
	bool is = false;
	for (size_t k = 0; k < ARRAY_LEN(scratch_elements); k++)
		if (e->pen == 0 && e->id == scratch_elements[k].id && e->len <= 8 &&
		    (c->def->dialect == DIALECT_IPFIX || !scratch_elements[k].ipfix_only)) {
			uint16_t *at = &c->scratch[scratch_elements[k].scratch];
			*at = *at == NO_ELEMENT ? i : *at;
			is = true;
		}
	return is;
}

/* NetFlow v9 has no enterprise numbers: Cisco's own elements have 32768 added there. */
static uint64_t choice_key(const struct compiling *c, const struct source_index *x,
			   const struct element *e)
{
	enum { PEN_CISCO = 9, CISCO_BIT = 0x8000 };
	uint64_t key = source_key(c->def->dialect, e->pen, e->id);
	size_t at = source_index_first(x, key);
	bool known = at < x->n && x->v[at].key == key;
	if (known || c->def->dialect != DIALECT_NF9 || !(e->id & CISCO_BIT))
		return key;
	return source_key(DIALECT_IPFIX, PEN_CISCO, e->id & (uint16_t)~CISCO_BIT);
}

static void choose(struct compiling *c, const struct source_index *x)
{
	for (int f = 0; f < FIELD_MAX; f++)
		c->best[f].source = c->best[f].other = NO_ELEMENT;
	for (int s = 0; s < SCRATCH_MAX; s++)
		c->scratch[s] = NO_ELEMENT;
	for (uint16_t i = 0; i < c->def->n; i++) {
		const struct element *e = &c->def->elements[i];
		uint64_t key = choice_key(c, x, e);
		bool bad = false,
		     taken = e->len == 0 || (e->pen == 0 && (e->id == PADDING || e->id == 0));
		for (size_t k = source_index_first(x, key);
		     e->len && k < x->n && x->v[k].key == key; k++)
			if (template_len_fits((enum conv)x->v[k].conv, e->len)) {
				consider(c, i, &x->v[k]);
				taken = true;
			} else {
				bad = true;
			}
		c->bad += bad;
		taken |= consider_scratch(c, i, e);
		if (!taken && c->t.n_unknown < UNKNOWN_MAX)
			c->unknown[c->t.n_unknown++].source = i;
	}
}

static enum op_kind uint_kind(enum ctype t, uint16_t len)
{
	static const enum op_kind first[CT_MAX] = {
	    [CT_U8] = OP_UINT_1_1,  [CT_U16] = OP_UINT_1_2, [CT_U32] = OP_UINT_1_4,
	    [CT_U64] = OP_UINT_1_8, [CT_MS] = OP_UINT_1_8,  [CT_MAC] = OP_UINT_1_8};
	unsigned step = len == 1 ? 0 : len == 2 ? 1 : len == 4 ? 2 : len == 8 ? 3 : 4;
	return (enum op_kind)(first[t] + step);
}

enum op_kind template_op(enum conv c, enum ctype t, uint16_t len)
{
	switch (c) {
	case CONV_UINT:
		return uint_kind(t, len);
	case CONV_IP4:
		return OP_IP4;
	case CONV_IP6:
		return OP_IP6;
	case CONV_MAC:
		return OP_MAC;
	case CONV_STR:
		return OP_STR;
	case CONV_MS:
		return OP_MS;
	case CONV_SEC:
		return OP_SEC;
	case CONV_NTP_US:
		return OP_NTP_US;
	case CONV_NTP_NS:
		return OP_NTP_NS;
	case CONV_DELTA_US:
		return OP_DELTA_US;
	case CONV_UPTIME:
		return OP_UPTIME;
	case CONV_HIGH8:
		return OP_HIGH8;
	case CONV_LOW8:
		return OP_LOW8;
	case CONV_MPLS:
		return OP_MPLS;
	case CONV_U32S:
		return OP_U32S;
	case CONV_LE16:
		return OP_LE16;
	case CONV_OCTETS:
		return OP_OCTETS;
	case CONV_MS_US:
		return OP_MS_US;
	case CONV_HEX:
		return OP_HEX;
	case CONV_LOW32:
		return OP_LOW32;
	case CONV_DSCP:
		return OP_DSCP;
	case CONV_SUBAPP:
		return OP_SUBAPP;
	case CONV_APP:
		return OP_APP;
	case CONV_NID:
		return OP_NID;
	case CONV_LIST:
	case CONV_LIST8:
	case CONV_LIST16:
	case CONV_LIST32:
	case CONV_LIST_MS:
	case CONV_LIST_DIR:
		return OP_LIST;
	case CONV_MILLI:
		return OP_MILLI;
	}
	return OP_UINT_N_8;
}

static void use(struct template *t, enum field f, bool in_every_record)
{
	t->uses[f / 64] |= (uint64_t)1 << (f % 64);
	if (field_table[f].shape > t->shape)
		t->shape = field_table[f].shape;
	unsigned bit = field_table[f].present_bit;
	if (in_every_record)
		t->present[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static void add_op(struct compiling *c, enum op_kind kind, uint16_t source, unsigned field)
{
	c->ops[c->t.n_ops++] = (struct op){(uint8_t)kind, source, (uint16_t)field};
}

/* Not so: values of variable length (there if they have bytes), texts and lists (if not empty), a
 * sampling rate (if not 0). */
static bool always_there(const struct compiling *c, enum field f, uint16_t source)
{
	enum ctype t = field_table[f].ctype;
	return t != CT_STR && t != CT_U32LIST && f != F_sampling_rate &&
	       c->def->elements[source].len != LEN_VARIABLE;
}

static void add_ops(struct compiling *c)
{
	struct template *t = &c->t;
	for (unsigned s = 0; s < SCRATCH_MAX; s++)
		if (c->scratch[s] != NO_ELEMENT)
			add_op(c, OP_SCRATCH, c->scratch[s], s);
	for (unsigned f = 0; f < FIELD_MAX; f++) {
		const struct choice *b = &c->best[f];
		if (b->source == NO_ELEMENT)
			continue;
		enum ctype ct = field_table[f].ctype;
		uint16_t source = b->source;
		bool or_both = b->other != NO_ELEMENT && is_flags((uint16_t)f);
		if (or_both) {
			add_op(c, template_op(CONV_UINT, ct, c->def->elements[source].len), source,
			       f);
			add_op(c, OP_OR, b->other, f);
			use(t, (enum field)f, always_there(c, (enum field)f, source));
			continue;
		}
		if (b->other != NO_ELEMENT && b->conv == CONV_IP6)
			source = b->other; /* IPv4 first, IPv6 where that is 0.0.0.0 */
		enum conv conv = b->other != NO_ELEMENT ? CONV_IP4 : (enum conv)b->conv;
		add_op(c, template_op(conv, ct, c->def->elements[source].len), source, f);
		if (b->other != NO_ELEMENT)
			add_op(c, OP_IP6_IF_NO_IP4, b->conv == CONV_IP6 ? b->source : b->other, f);
		t->reads_uptime |= conv == CONV_UPTIME;
		t->texts |= ct == CT_STR || ct == CT_U32LIST;
		use(t, (enum field)f, always_there(c, (enum field)f, source));
	}
}

/* Addresses say the version where element 60 does not. */
static void plan_ip_version(struct compiling *c)
{
	struct template *t = &c->t;
	const struct choice *b =
	    &c->best[c->best[F_src_ip].source != NO_ELEMENT ? F_src_ip : F_dst_ip];
	if (template_uses(t, F_ip_version) || b->source == NO_ELEMENT)
		return;
	t->after.ip_version_by_row = b->other != NO_ELEMENT;
	if (!t->after.ip_version_by_row)
		t->ip_version = b->conv == CONV_IP4 ? 4 : 6;
	use(t, F_ip_version, true);
}

static void plan_icmp(struct compiling *c)
{
	struct template *t = &c->t;
	bool typed = template_uses(t, F_icmp_type) || template_uses(t, F_icmp_code);
	if (!template_uses(t, F_proto))
		return;
	t->after.icmp_only_if_icmp = typed;
	if (typed || c->def->dialect != DIALECT_NF9 || !template_uses(t, F_dst_port))
		return;
	t->after.icmp_from_port = true;
	use(t, F_icmp_type, false);
	use(t, F_icmp_code, false);
}

static void plan_times(struct compiling *c)
{
	struct template *t = &c->t;
	bool first = template_uses(t, F_t_first), last = template_uses(t, F_t_last);
	bool ms = c->scratch[SCRATCH_DURATION_MS] != NO_ELEMENT;
	bool us = c->scratch[SCRATCH_DURATION_US] != NO_ELEMENT;
	const struct choice *b = c->best;
	if (first && last && b[F_t_first].conv == CONV_UPTIME && b[F_t_last].conv == CONV_UPTIME)
		t->uptime_last = b[F_t_last].source;
	t->after.init_in_record = t->reads_uptime && c->scratch[SCRATCH_INIT_MS] != NO_ELEMENT;
	if (first == last || (!ms && !us))
		return;
	t->after.duration_us = us;
	t->after.duration_ms = !us;
	t->after.duration_sets_first = last;
	use(t, last ? F_t_first : F_t_last, true);
}

static bool is_section(const struct template *t, uint16_t i)
{
	return t->section != NO_SECTION && (i == t->section || i == t->section_len);
}

/* What no field takes goes into `extra`; lists are looked into in any case. */
static void plan_extra(struct compiling *c)
{
	struct template *t = &c->t;
	uint16_t n = 0;
	for (uint16_t k = 0; k < t->n_unknown; k++) {
		uint16_t i = c->unknown[k].source;
		bool list = extra_is_list(&c->def->elements[i]);
		if (is_section(t, i) || (c->def->drop_unknown && !list))
			continue;
		t->variable |= list; /* such records go one by one */
		extra_plan(&c->unknown[n++], i, &c->def->elements[i]);
	}
	t->n_unknown = n;
	if (n == 0)
		return;
	t->shape = SHAPE_WIDE;
	t->texts = true;
}

static void lay_out(struct template *t)
{
	size_t off = 0;
	for (uint16_t i = 0; i < t->n; i++) {
		uint16_t len = t->elements[i].len;
		t->offs[i] = (uint16_t)off;
		t->lens[i] = len;
		t->variable |= len == LEN_VARIABLE;
		off += len == LEN_VARIABLE ? 1 : len;
	}
	/* A record longer than a message can be never fits; the length saturates. */
	t->min_len = (uint16_t)MIN_OF(off, UINT16_MAX);
}

/* One block of memory: the struct, then its arrays. */
static struct template *seal(const struct compiling *c)
{
	size_t n = c->def->n;
	size_t per_element = sizeof(struct element) + 2 * sizeof(uint16_t);
	size_t mem = sizeof(struct template) + n * per_element + c->t.n_ops * sizeof(struct op) +
		     c->t.n_unknown * sizeof(struct unknown);
	struct template *t = malloc(mem);
	if (!t)
		return NULL;
	*t = c->t;
	t->mem = mem;
	t->elements = (struct element *)(void *)(t + 1);
	t->offs = (uint16_t *)(void *)(t->elements + n);
	t->lens = t->offs + n;
	t->ops = (struct op *)(void *)(t->lens + n);
	t->unknown = (struct unknown *)(void *)(t->ops + c->t.n_ops);
	memcpy(t->elements, c->def->elements, n * sizeof(*t->elements));
	memcpy(t->ops, c->ops, t->n_ops * sizeof(*t->ops));
	memcpy(t->unknown, c->unknown, t->n_unknown * sizeof(*t->unknown));
	lay_out(t);
	return t;
}

struct template *template_compile(const struct source_index *x, const struct template_def *def,
				  uint32_t *ret_bad)
{
	struct compiling c = {.def = def,
			      .t = {.id = def->id,
				    .n = def->n,
				    .n_scope = def->n_scope,
				    .options = def->options,
				    .uptime_last = NO_ELEMENT,
				    .section = NO_SECTION}};
	if (!def->options) {
		choose(&c, x);
		add_ops(&c);
		section_plan(&c.t, def);
		plan_extra(&c);
		plan_ip_version(&c);
		plan_icmp(&c);
		plan_times(&c);
		c.t.after.sampler_id = c.scratch[SCRATCH_SAMPLER] != NO_ELEMENT;
		c.t.after.sequence_id = c.scratch[SCRATCH_SEQUENCE] != NO_ELEMENT;
		c.t.after.sampler = c.t.after.sampler_id || c.t.after.sequence_id;
		c.t.after.rate_in_record = template_uses(&c.t, F_sampling_rate);
		c.t.after.space = c.t.after.rate_in_record &&
				  c.scratch[SCRATCH_SPACE] != NO_ELEMENT &&
				  def->elements[c.best[F_sampling_rate].source].id == PACKETS_TAKEN;
	}
	*ret_bad = c.bad;
	return seal(&c);
}

bool template_same(const struct template *t, const struct template_def *def)
{
	return t->n == def->n && t->n_scope == def->n_scope && t->options == def->options &&
	       memcmp(t->elements, def->elements, def->n * sizeof(*def->elements)) == 0;
}

bool template_equal(const struct template *a, const struct template *b)
{
	const struct template_def def = {
	    .n = b->n, .n_scope = b->n_scope, .options = b->options, .elements = b->elements};
	return template_same(a, &def);
}

/* The length of a value of variable length (RFC 7011 7): 1 byte, or 255 and 2 bytes. */
static uint16_t rd_varlen(struct rd *r)
{
	uint8_t n = rd_u8(r);
	return n == 255 ? rd_be16(r) : n;
}

const uint8_t *template_delimit(const struct template *t, struct rd *r, uint16_t *offs,
				uint16_t *lens)
{
	const uint8_t *start = r->p;
	for (uint16_t i = 0; i < t->n; i++) {
		uint16_t len = t->elements[i].len;
		if (len == LEN_VARIABLE)
			len = rd_varlen(r);
		offs[i] = (uint16_t)(r->p - start);
		lens[i] = len;
		rd_skip(r, len);
	}
	return r->bad ? NULL : start;
}
