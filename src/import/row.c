/* SPDX-License-Identifier: Apache-2.0 */
#include "import/row.h"

#include "base/rd.h"

#include <assert.h>

void row_begin(struct row *r)
{
	r->n = 0;
	r->n_own = 0;
	r->shape = SHAPE_CORE;
}

/* The place of the field's value; the table of fields a record can have is shorter than
 * ROW_VALUES_MAX. */
static struct row_value *place(struct row *r, enum field f)
{
	uint32_t i = 0;
	while (i < r->n && r->v[i].field != f)
		i++;
	assert(i < ROW_VALUES_MAX);
	if (i == r->n)
		r->n++;
	if (field_table[f].shape > r->shape)
		r->shape = field_table[f].shape;
	r->v[i].field = f;
	return &r->v[i];
}

void row_num(struct row *r, enum field f, uint64_t v)
{
	place(r, f)->num = v;
}

void row_num_if(struct row *r, enum field f, uint64_t v)
{
	if (v)
		row_num(r, f, v);
}

void row_ip(struct row *r, enum field f, const struct ip *v)
{
	place(r, f)->ip = *v;
}

void row_text(struct row *r, enum field f, const void *p, size_t n)
{
	struct row_value *v = place(r, f);
	v->span.p = p;
	v->span.n = (uint32_t)n;
}

void row_list(struct row *r, enum field f, const uint8_t *le32, uint32_t n)
{
	row_text(r, f, le32, n);
}

void row_list_be(struct row *r, enum field f, const uint8_t *be32, uint32_t n)
{
	if (n > ROW_OWN_MAX - r->n_own)
		return;
	uint32_t *own = r->own + r->n_own;
	for (uint32_t i = 0; i < n; i++)
		own[i] = load_be32(be32 + i * sizeof(uint32_t));
	r->n_own += n;
	row_text(r, f, own, n);
}

uint64_t row_get(const struct row *r, enum field f)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i].field == f)
			return r->v[i].num;
	return 0;
}

enum err rows_init(struct rows *s, void (*emit)(void *ctx, struct batch *b), void *ctx)
{
	*s = (struct rows){.emit = emit, .ctx = ctx};
	for (int i = 0; i < SHAPE_MAX; i++)
		if (!(s->batch[i] = batch_new((enum shape)i)))
			return ERR_NOMEM;
	return ERR_OK;
}

static bool put_value(struct batch *b, const struct row_value *v)
{
	uint32_t at = b->n;
	switch (field_table[v->field].ctype) {
	case CT_U8:
	case CT_U16:
	case CT_U32:
	case CT_U64:
	case CT_MS:
	case CT_MAC:
		batch_set_num(b, v->field, at, v->num);
		return true;
	case CT_IP:
		batch_set_ip(b, v->field, at, &v->ip);
		return true;
	case CT_STR:
		batch_use(b, v->field);
		if (!batch_put_str(b, v->field, at, v->span.p, v->span.n))
			return false;
		batch_set_present(b, v->field, at);
		return true;
	case CT_U32LIST:
		batch_use(b, v->field);
		if (!batch_put_str(b, v->field, at, v->span.p, v->span.n * sizeof(uint32_t)))
			return false;
		batch_span(b, v->field)[at].len = v->span.n;
		batch_set_present(b, v->field, at);
		return true;
	case CT_MAX:
		break;
	}
	return false;
}

static void emit(struct rows *s, struct batch *b)
{
	if (b->n)
		s->emit(s->ctx, b);
	batch_reset(b);
}

bool row_put(struct rows *s, const struct row *r)
{
	struct batch *b = s->batch[r->shape];
	bool good = true;
	if (b->heap.n > ROWS_HEAP_FULL)
		emit(s, b);
	batch_open_rows(b, 1);
	batch_use(b, F_t_recv);
	batch_use(b, F_t_first);
	batch_use(b, F_t_last);
	for (uint32_t i = 0; i < r->n && good; i++)
		good = put_value(b, &r->v[i]);
	if (!good) {
		/* The heap takes nothing more until it is reset. */
		emit(s, b);
		return false;
	}
	b->n++;
	batch_set_days(b, b->n - 1, true);
	if (batch_room(b) == 0)
		emit(s, b);
	return true;
}

void rows_flush(struct rows *s)
{
	for (int i = 0; i < SHAPE_MAX; i++)
		emit(s, s->batch[i]);
}

void rows_fini(struct rows *s)
{
	for (int i = 0; i < SHAPE_MAX; i++) {
		batch_free(s->batch[i]);
		s->batch[i] = NULL;
	}
}
