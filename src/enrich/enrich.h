/* SPDX-License-Identifier: Apache-2.0 */
/* Enrichment: what the collector knows of addresses and ports, written into the columns of a batch
 * between the decoder and the spool. One thread watches the sources (files, a URL) and makes a
 * snapshot when one has changed; the receive threads read the newest and never wait for anything. A
 * source that is not there or is broken is said in the state and changes nothing else.
 *
 *   watcher:         enrich_refresh  --> snapshot --(atomic pointer)--> enrich_batch, in each seat
 *   an old snapshot goes when no seat uses it any more */
#pragma once
#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct batch;
struct buf;
struct enrich;
struct enrich_seat;
struct names;

enum enrich_as { ENRICH_AS_FLOW, ENRICH_AS_DATA, ENRICH_AS_OFF };

struct enrich_opts {
	/* Data sets; "" = off. installed: nobody named it in the configuration, so it may be
	 * missing. Borrowed. */
	const char *country_data, *as_data;
	bool country_installed, as_installed;
	enum enrich_as as;
	const char *networks;    /* file, http:// or https:// of a list of networks; "" = none */
	uint64_t networks_ms;    /* how often a URL is asked */
	bool applications;       /* names of ports */
	const char *services;    /* the system's list of services */
	const char *keep_in;     /* folder for what was made of the data sets; NULL or "" = none */
	const atomic_bool *stop; /* ends a download; may be NULL */
};

/* Nothing is read yet. opts is copied, its texts must stay. */
must_check enum err enrich_new(const struct enrich_opts *opts, struct enrich **ret);
/* Seats must be free. */
void enrich_free(struct enrich **e);

/* --- the watcher's thread */
/* Reads what has changed since the last time and publishes it; true if something did. now_ns:
 * clock_mono_ns(). Takes a second or two for the first one. */
bool enrich_refresh(struct enrich *e, uint64_t now_ns);
/* Other options, for the next enrich_refresh; as in enrich_new. The texts of the old ones may go
 * afterwards. */
void enrich_change(struct enrich *e, const struct enrich_opts *opts);
/* Takes over what exporters call their applications, if that has changed. */
void enrich_take_names(struct enrich *e, struct names *names);
/* What somebody should be told since the last call: one line each, "" if nothing. warn: it is a
 * fault. */
struct enrich_notice {
	char text[320];
	bool warn;
};
bool enrich_next_notice(struct enrich *e, struct enrich_notice *ret);
/* When the data set of AS numbers was made, and of how many it has the names. */
int64_t enrich_as_made(const struct enrich *e, uint64_t *ret_n);
/* Names of AS numbers in the data set, sorted; call it on the watcher's thread. fn returns false to
 * end. made_ms: when the set was made. */
void enrich_each_as(const struct enrich *e,
		    bool (*fn)(void *ctx, uint32_t number, const char *name, int64_t made_ms),
		    void *ctx);

/* --- receive threads: a seat each */
must_check enum err enrich_seat_new(struct enrich *e, struct enrich_seat **ret);
void enrich_seat_free(struct enrich_seat **s);
/* Fills columns of b in place; false: no memory, rows went on (partly) unenriched. */
bool enrich_batch(struct enrich_seat *s, struct batch *b);

/* --- any thread: {"sources":[{"kind","from","state","entries","made","loaded","error"}],...} */
void enrich_json(struct enrich *e, struct buf *out);
