/* SPDX-License-Identifier: Apache-2.0 */
/* The best of very many groups without making all of them. A table of ten million pairs of
 * addresses costs seconds and gigabytes, though a page shows ten. So a first statement (the survey)
 * adds up the counter that orders them in SURVEY_BUCKETS buckets, by a hash of the keys. No group
 * can have more than its bucket; so groups are then made in the largest buckets only, and once the
 * last of the wanted rows has more than any bucket that was left out, they are the best of all:
 * exactly, not by luck. Where they do not (all groups alike), a second round takes every bucket
 * that could still matter, or all of them.
 *
 * On the way the survey counts the groups among 1/SURVEY_SAMPLE of the hashes: the number of groups
 * is an estimate then (standard error about 8 / sqrt(groups): 0.3 % of 10 M). */
#pragma once
#include "base/rd.h"
#include "query/plan.h"

/* Limits; 0 = the default. Tests lower them to get every way with few records. */
struct survey_limits {
	uint64_t groups;  /* fewer are made all at once: 200000, of a series 20000 */
	uint32_t buckets; /* of the first round: 1024, or 4 for each row wanted */
	uint32_t most;    /* of the second round; if more matter, all groups are made: 16384 */
};

struct survey {
	uint64_t groups; /* about */
	uint64_t bytes, packets, flows;
	uint32_t rate;
	uint64_t sum[SURVEY_BUCKETS]; /* largest first */
	uint16_t bucket[SURVEY_BUCKETS];
	size_t n;      /* buckets that have something */
	size_t chosen; /* the first so many are asked for */
	struct survey_limits limits;
};

/* Whether a survey is worth its reading: the keys can have very many values, and not all groups are
 * wanted. flows: how many match, 0 = not known. */
bool survey_is_worth(const struct plan *p, const struct survey_limits *l, uint64_t flows);
/* Reads the one row of plan_survey_sql. False: it ends early. */
bool survey_read(struct survey *s, struct rd *r);
/* Chooses the buckets of the first round. False: few groups, take all at once. */
bool survey_first(struct survey *s, const struct query *q);
/* After a round that brought n rows, the last of which has `least` of the counter: false if these
 * are the best. Else chooses more buckets; *ret_all: all are needed. */
bool survey_again(struct survey *s, const struct query *q, size_t n, uint64_t least, bool *ret_all);
