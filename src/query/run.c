/* SPDX-License-Identifier: Apache-2.0 */
/* What top and series share: statements, keys, the survey. */
#include "query/run.h"

#include "query/run_priv.h"

#include "store/client.h"

#include <stdio.h>
#include <stdlib.h>

enum err run_statement(struct store *s, struct buf *sql, const struct run_options *o,
		       const char *suffix, struct reply *ret, struct run_cost *cost,
		       struct diag *reterr)
{
	if (sql->bad)
		return run_no_memory(reterr);
	/* Few columns are read in blocks of many rows, whatever their bytes. */
	static const struct store_pair blocks[] = {{"preferred_block_size_bytes", "0"}};
	char id[128] = "";
	if (o->query_id)
		snprintf(id, sizeof(id), "%s%s", o->query_id, suffix);
	struct store_query q = {.sql = buf_cstr(sql),
				.format = "RowBinary",
				.query_id = o->query_id ? id : NULL,
				.timeout_ms = o->timeout_ms,
				.cancel = o->cancel,
				.settings = blocks,
				.n_settings = ARRAY_LEN(blocks)};
	struct store_summary sum;
	ret->data = (struct buf){.max = RUN_RESULT_MAX};
	enum err e = store_fetch(s, &q, &ret->data, &sum, reterr);
	cost->rows_read += sum.rows_read;
	ret->rd = rd_of(ret->data.p, ret->data.n);
	return e;
}

enum err run_bad_answer(struct diag *reterr)
{
	return diag_set(reterr, ERR_MALFORMED, 0, 0,
			"the store's answer ends in the middle of a row");
}

enum err run_no_memory(struct diag *reterr)
{
	return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
}

struct cell *run_keys(const struct query *q, size_t n, struct rd *r)
{
	struct cell *key = arena_alloc(q->arena, (n + 1) * sizeof(*key));
	if (!key)
		return NULL;
	for (size_t i = 0; i < n; i++)
		key[i] = cell_read(r, key_ctype(q->by[i]), q->arena);
	unsigned present = rd_u8(r);
	for (size_t i = 0; i < n; i++)
		key[i].present = present >> i & 1;
	return r->bad ? NULL : key;
}

bool run_is_ambiguous(const struct query *q, const struct cell *key)
{
	static const struct ip zero;
	for (size_t i = 0; i < q->n_by; i++)
		if (plan_presence_can_wait(key_field(q->by[i], false)) &&
		    (key[i].type == CT_IP ? ip_equal(&key[i].ip, &zero) : key[i].num == 0))
			return true;
	return false;
}

enum err run_plan(struct store *s, struct plan *p, const struct run_options *o, const char *suffix,
		  const struct run_answer *answer, void *result, struct run_cost *cost,
		  struct diag *reterr)
{
	bool again = true;
	enum err e = ERR_OK;
	while (!e && again) {
		struct buf sql = {0};
		struct reply a = {0};
		bool ambiguous = false;
		answer->sql(p, &sql);
		e = run_statement(s, &sql, o, suffix, &a, cost, reterr);
		if (!e)
			e = answer->read(p, &a, result, &ambiguous, reterr);
		again = ambiguous && !p->presence;
		p->presence = p->presence || ambiguous;
		buf_fini(&a.data);
		buf_fini(&sql);
	}
	return e;
}

enum err run_survey(struct store *s, const struct plan *p, const struct run_options *o,
		    struct survey **ret, struct run_cost *cost, struct diag *reterr)
{
	struct buf sql = {0};
	struct reply a = {0};
	struct survey *v = calloc(1, sizeof(*v));
	*ret = NULL;
	if (!v)
		return run_no_memory(reterr);
	plan_survey_sql(p, &sql);
	enum err e = run_statement(s, &sql, o, "-survey", &a, cost, reterr);
	if (!e && !survey_read(v, &a.rd))
		e = run_bad_answer(reterr);
	v->limits = o->survey;
	buf_fini(&a.data);
	buf_fini(&sql);
	if (e)
		free(v);
	else
		*ret = v;
	return e;
}
