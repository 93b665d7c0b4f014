/* SPDX-License-Identifier: Apache-2.0 */
/* All that rows are enriched with, as one thing that never changes: made by the thread that watches
 * the sources, read by the receive threads. One look-up of an address gives country, AS number and
 * network. */
#pragma once
#include "enrich/app_names.h"
#include "enrich/apps.h"
#include "enrich/enrich.h"
#include "enrich/geo.h"
#include "enrich/networks.h"
#include "enrich/texts.h"

struct batch;

struct snapshot {
	uint64_t generation; /* never the same twice */
	struct ranges places;
	struct texts texts;       /* 0 = empty, then the countries by number, then others */
	struct networks networks; /* n = 0: no list */
	bool has_text[NET_TEXTS]; /* whether some network has such a text */
	struct apps apps;         /* names of ports and of nDPI's numbers */
	enum enrich_as as_from;
};

/* What it is made of; NULL or 0 = not there. All borrowed. */
struct snapshot_parts {
	uint64_t generation; /* from 1 */
	const struct ranges *country, *as;
	const char *networks; /* the text of the list */
	size_t networks_n;
	const char *services; /* the system's list of services; NULL = no names of ports */
	enum enrich_as as_from;
};
must_check enum err snapshot_new(const struct snapshot_parts *p, struct snapshot **ret);
void snapshot_free(struct snapshot *s);

/* What one receive thread needs to enrich. */
struct enrich_scratch;
must_check enum err enrich_scratch_new(struct enrich_scratch **ret);
void enrich_scratch_free(struct enrich_scratch *x);

/* Fills the columns of all rows in place: src_country, dst_country, post_nat_*_country, src_as,
 * dst_as, the names of networks, app_name, and marks community_id as known. What a row has already
 * stays (but see as_from). told: what exporters call their applications, or NULL. Needs no memory
 * beyond the batch's heap and, once per snapshot, the scratch's; false: there was none, the rows
 * are as they were or partly enriched. */
bool snapshot_enrich(const struct snapshot *s, const struct app_names *told,
		     struct enrich_scratch *x, struct batch *b);
