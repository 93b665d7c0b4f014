/* SPDX-License-Identifier: Apache-2.0 */
/* A quick answer where the exact one must read very many flows: of every so many slices of five
 * minutes one is read, which is the order of the tables, and stands for the others. What is missing
 * in it are single large flows between the slices; sums of many flows come out within a few per
 * cent. Whoever shows it says so, and asks for the exact answer next. */
#pragma once
#include "query/plan.h"
#include "query/run.h"

enum { COARSE_ROWS = 1500000, COARSE_SLICES_MIN = 6, COARSE_SLICES_MAX = 500 };

struct store;

/* Which slices are read of a range that has so many flows; false: few enough to read all, or the
 * range is too short. rows: that are to be read, about. */
bool sample_of(const struct query *q, uint64_t flows, uint64_t rows, struct sample *ret);
/* The same for what the store has in the range; *ret_wanted as sample_of. */
must_check enum err sample_choose(struct store *s, const struct query *q,
				  const struct run_options *o, struct sample *ret, bool *ret_wanted,
				  struct run_cost *cost, struct diag *reterr);

/* Number of slices that are read. */
size_t sample_slices(const struct sample *s, const struct query *q);
/* The part of the range's time that they are. */
double sample_share(const struct sample *s, const struct query *q);
/* Adds what was found in slice i to the bins of a series, of which it stands for several; returns
 * what that is together. */
double sample_spread(const struct sample *s, const struct query *q, size_t i, double found,
		     double *values, size_t n_bins);
