/* SPDX-License-Identifier: Apache-2.0 */
/* What the keys of an answer are called: interfaces, VRFs, applications, exporters, hosts, AS
 * (table `names`, docs/tables.md). Looked up when the answer is there, because names come late. An
 * interface has its name from the exporter among the keys; without one, only if all exporters that
 * have such an interface call it the same. */
#pragma once
#include "query/cell.h"
#include "query/query.h"
#include "query/run.h"

enum {
	NAMES_ROWS_MAX = 1000,     /* rows of an answer that get names */
	NAMES_FETCHED_MAX = 20000, /* rows of the table that are looked at */
};

/* text "" = not told. Texts are in the arena of the query. */
struct key_name {
	const char *text, *text2; /* name, description */
	uint64_t number;          /* of an interface: bit/s, 0 = not told */
};

/* Whether keys of this query can have names. */
bool names_wanted(const struct query *q);
/* ret[i] becomes the names of row i's keys (q->n_by of them, text NULL where there is none), or
 * NULL if none has one. Whatever goes wrong costs the names, not the answer. */
void names_find(struct store *s, const struct query *q, const struct run_options *o,
		const struct cell *const *keys, size_t n, const struct key_name **ret);
/* How full an interface is, in per cent, if key i is its input or output, its speed is known and
 * the metric is a bit rate; else < 0. */
double names_percent(const struct query *q, const struct key_name *names, size_t i, double value);

/* ---- for tests: the statement, and the choice among fetched rows */
void names_sql(const struct query *q, const char *database, const struct cell *const *keys,
	       size_t n, struct buf *sql);
struct name_found {
	char
	    kind; /* first letters of the table: 'i' interface 'v' 'a' application 'e' 'h' 's' AS */
	struct ip addr;
	uint32_t domain;
	uint64_t id;
	struct key_name name;
};
/* found: the rows of an exporter's id beside each other, those of a domain before the one of all
 * domains (0). NULL if there is none, or several that differ. */
const struct key_name *names_choose(const struct query *q, const struct cell *key, size_t i,
				    const struct name_found *found, size_t n);
