/* SPDX-License-Identifier: Apache-2.0 */
/* Between run*.c only: what running a top and running a series share. */
#pragma once
#include "base/rd.h"
#include "query/plan.h"
#include "query/run.h"
#include "query/survey.h"

/* One statement's answer; free data with buf_fini. */
struct reply {
	struct buf data;
	struct rd rd;
};

/* Runs it, adds to the cost what it read. suffix: what its id has after that of the query. */
must_check enum err run_statement(struct store *s, struct buf *sql, const struct run_options *o,
				  const char *suffix, struct reply *ret, struct run_cost *cost,
				  struct diag *reterr);
/* What a plan asks and how its answer is read; *ret_ambiguous: an absent key may be among what it
 * brought. */
struct run_answer {
	void (*sql)(const struct plan *p, struct buf *sql);
	enum err (*read)(const struct plan *p, struct reply *a, void *result, bool *ret_ambiguous,
			 struct diag *reterr);
};
/* Runs a plan; a second time with presence if the answer is ambiguous. */
must_check enum err run_plan(struct store *s, struct plan *p, const struct run_options *o,
			     const char *suffix, const struct run_answer *answer, void *result,
			     struct run_cost *cost, struct diag *reterr);
/* The survey of a plan, to be freed with free(). */
must_check enum err run_survey(struct store *s, const struct plan *p, const struct run_options *o,
			       struct survey **ret, struct run_cost *cost, struct diag *reterr);
/* Keys and their presence; NULL if the row ends early or there is no memory. */
struct cell *run_keys(const struct query *q, size_t n, struct rd *r);
/* Whether a key may be absent, or really be 0 (plan_presence_can_wait). */
bool run_is_ambiguous(const struct query *q, const struct cell *key);
enum err run_bad_answer(struct diag *reterr);
enum err run_no_memory(struct diag *reterr);
