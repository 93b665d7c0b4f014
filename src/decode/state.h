/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share: the decoder, its exporters, the message being decoded. Not
 * for others. */
#pragma once
#include "decode/convert.h"
#include "decode/decode.h"
#include "decode/sequence.h"
#include "decode/timing.h"
#include "decode/told.h"
#include "model/batch.h"

enum {
	TEMPLATE_BUCKETS = 32,
	MOVED_LOOKS = 256,        /* exporters of a name looked at for one that changed its port */
	BORROW_LOOKS = 64,        /* exporters looked at for a template told at another port */
	BORROW_TRIES = 32,        /* of one message */
	MISSING_MAX = 32,         /* template ids remembered as missing, of one exporter */
	SAMPLERS_MAX = 64,        /* sampler ids of one exporter */
	IF_RATES_MAX = 512,       /* interfaces of one exporter that have their own rate */
	RECORDS_AT_ONCE = 64,     /* of variable length */
	HEAP_SOFT_MAX = 16 << 20, /* a batch with more text than this is emitted */
};

/* Values of sampling_source (fields.def). */
enum { RATE_OPTIONS = 1, RATE_RECORD = 2, RATE_CONFIG = 3 };

/* Sampling rates by sampler or interface. */
struct rates {
	struct rate {
		uint64_t id;
		uint32_t rate; /* 0 = not known */
	} * v;                 /* owned */
	uint16_t n, cap;
	uint32_t common; /* that all agree on; 0 = they do not */
};

struct sflow_sources;

/* Exporters that have this in common. */
enum {
	GROUP_ADDRESS, /* the address */
	GROUP_SOURCE,  /* address, port, session: the socket */
	GROUP_NAME,    /* address, port, session, domain, version: all but the sFlow agent */
	GROUP_KINDS,
	GROUP_KEY_MAX = 28
};
struct exporter_group {
	struct exporter_group *next; /* in its bucket */
	uint32_t n;                  /* exporters */
	uint8_t key_n, key[GROUP_KEY_MAX];
	struct exporter *newest, *oldest; /* GROUP_ADDRESS: by last datagram */
	struct exporter *device[2];       /* GROUP_SOURCE: domain 0 of v9 and of IPFIX */
};

struct exporter {
	struct exporter *next;         /* in its bucket */
	struct exporter **at_named;    /* what points to it in its bucket of (address, version, */
	struct exporter *next_named;   /* ... domain); sessions are not there */
	struct exporter *next_changed; /* if `changed` */
	struct exporter *next_session, **at_session; /* of the same bucket; sessions only */
	struct exporter *newer, *older;              /* by last datagram */
	struct exporter *newer_here, *older_here;    /* ... of its address */
	struct exporter_group *groups[GROUP_KINDS];
	struct exporter_info info;
	struct sequence sequence;
	struct timing timing;
	struct sflow_sources *sources; /* of an sFlow agent */
	struct template *templates[TEMPLATE_BUCKETS];
	struct template *template_newest, *template_oldest; /* by use */
	uint16_t missing[MISSING_MAX];
	uint64_t
	    missing_at[MISSING_MAX]; /* decoder.template_serial when no other exporter had it */
	uint16_t n_missing;
	struct rates samplers, sequences, in_rates, out_rates;
	struct held_set *held_oldest, *held_newest;
	uint32_t n_held;        /* sets of it that wait */
	uint64_t n_malformed;   /* of any reason */
	uint32_t sampling_rate; /* told of the whole exporter; 0 = not told */
	uint32_t rule_rate;     /* of the configuration; 0 = none */
	bool rule_always;
	uint32_t uptime;
	bool uptime_known;
	/* Of a session: whether it is known what its sequence numbers count; records behind the
	 * message; without option records. */
	bool counted, counts_behind, counts_flows;
	bool changed;     /* is in decoder.changed */
	int64_t saved_at; /* when it was put into the vault last; 0 = never */
};

/* The header of the message that a set stands in; kept with a held set. */
struct message {
	struct exporter *exporter;
	enum dialect dialect;
	struct message_clock clock;
	int64_t t_recv;       /* 0 = not known */
	uint32_t header_rate; /* sampling rate of a v5 header, 0 = none */
	bool has_domain, has_engine;
	uint8_t engine_type, engine_id;
	uint64_t serial; /* which datagram of the exporter it is */
	uint32_t seq;    /* of its header */
	/* Counted while its sets are decoded. */
	uint32_t records, option_records, template_records;
	size_t body_len;  /* of the set being decoded */
	uint32_t filling; /* records of zeros that are none */
	uint32_t borrow_tries;
	uint32_t sets_unknown; /* sets without template, whose records are not in the counts */
};

struct held_set {
	struct held_set *next, *prev;         /* by age */
	struct held_set *next_own, *prev_own; /* ... of its exporter */
	struct message message;
	int64_t since;    /* t_recv, or export time where that is not known */
	uint64_t records; /* as counted in records_held and records_decoded */
	uint16_t id;
	size_t n;
	uint8_t bytes[];
};

struct decoder {
	struct decoder_opts opts;
	struct stats *stats;
	struct source_index sources;
	struct batch *batches[SHAPE_MAX];
	bool no_recv[SHAPE_MAX]; /* the batch has rows without t_recv */
	bool sets[SHAPE_MAX];    /* the batch has rows of data sets */

	struct exporter **buckets, **named, **sessions;
	struct exporter_group **groups;
	struct exporter *changed; /* those with something to remember */
	struct buf blob, extra;
	size_t n_buckets, n_exporters;
	struct exporter *newest, *oldest;
	size_t n_templates, template_mem;
	size_t side_mem;          /* of tables of rates and sFlow sources */
	uint64_t template_serial; /* grows when a template of any exporter comes or goes */

	struct held_set *held_oldest, *held_newest;
	size_t n_held, held_mem;
	uint64_t records_held,
	    counted_before; /* of the set being released, records already in records_decoded */

	struct sampling_rule *rules; /* longest prefix first */
	size_t n_rules;

	struct template *fixed[4]; /* v1 of two lengths, v5, v7 */
	struct element *parsed;    /* opts.max_fields */
	uint16_t *offs,
	    *lens; /* RECORDS_AT_ONCE * opts.max_fields: of records of variable length */
	struct option_element *option_elements; /* opts.max_fields */
	uint64_t scratch[SCRATCH_MAX][BATCH_ROWS];
};

/* Whether n bytes are padding. */
static inline bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static inline void count(struct decoder *d, enum stat_id which, uint64_t n)
{
	stat_add(d->stats, which, n);
}
/* Counts a malformed_* reason, also at the exporter. */
static inline void malformed(struct decoder *d, struct exporter *e, enum stat_id reason, uint64_t n)
{
	count(d, reason, n);
	e->info.malformed[reason - MALFORMED_FIRST] += n;
	e->n_malformed += n;
}

/* --- exporter.c */
struct exporter_key {
	struct ip ip;
	uint16_t port;
	uint8_t version;
	uint32_t domain;
	uint32_t session;
	struct ip agent;   /* sFlow; else all zero */
	uint8_t transport; /* not looked at when comparing */
};
/* The exporter of a message: known, or new if the datagram is an export beyond doubt or its source
 * has sent one before. seq: of its header, NULL if the version has none. *ret is set if the result
 * is ST_datagrams_decoded; else it is the reason to reject (not yet counted). */
enum stat_id exporter_for(struct decoder *d, const struct datagram *dg,
			  const struct exporter_key *k, const uint32_t *seq, struct exporter **ret);
bool exporter_plausible(const struct decoder *d, const struct datagram *dg);
/* Whether its sysUpTime says that it started anew since the last datagram; remembers the new one.
 */
bool exporter_restarted(struct exporter *e, uint32_t uptime);
struct exporter *exporter_find(const struct decoder *d, const struct exporter_key *k);
/* Its domain 0, which speaks for the whole device (RFC 7011 3.1): used for what this domain has not
 * told. NULL if there is none, or this is it. */
static inline struct exporter *exporter_device(const struct exporter *e)
{
	return e->info.domain ? e->groups[GROUP_SOURCE]->device[e->info.version == 10] : NULL;
}
/* A new one, in place of a silent one at the limit; one that went on sending from another port is
 * taken over with its templates if `seq` is what it would send next. Result as exporter_for. */
enum stat_id exporter_add(struct decoder *d, const struct exporter_key *k, int64_t now,
			  const uint32_t *seq, struct exporter **ret);
/* sFlow, for a key that is not known: gives the agent's address to an exporter that was restored
 * without it. */
void exporter_adopt(struct decoder *d, const struct exporter_key *k);
/* A datagram of it arrived: the order by age, times, counters. */
void exporter_heard(struct decoder *d, struct exporter *e, const struct datagram *dg,
		    int64_t export_ms);
/* Its sequence number; units as in struct sequence_step. */
void exporter_sequence(struct decoder *d, struct exporter *e, const struct sequence_step *step);
void exporters_free(struct decoder *d);
/* The others with the address, version and domain of self that are no sessions; after: the last one
 * returned, NULL = the first. NULL: no more. */
struct exporter *exporter_named(const struct decoder *d, const struct exporter *self,
				const struct exporter *after);
/* What it told has changed: to be remembered (decoder_save). */
void exporter_changed(struct decoder *d, struct exporter *e);

/* --- sflow.c */
/* The sequences of its sFlow sources; what was missing counts as lost. */
void exporter_forget_sources(struct decoder *d, struct exporter *e);

/* --- group.c */
/* The groups of an exporter, which it is counted in until groups_leave. False: no memory, and it is
 * in none. */
bool groups_enter(struct decoder *d, const struct exporter_info *i,
		  struct exporter_group *ret[GROUP_KINDS]);
void groups_leave(struct decoder *d, struct exporter_group *g[GROUP_KINDS]);
/* NULL: no exporter is known there. */
const struct exporter_group *group_of_address(const struct decoder *d, const struct ip *ip);
/* Whether any exporter at this address and port, in this session, is known. */
bool exporter_source_known(const struct decoder *d, const struct datagram *dg);

/* --- templates.c */
struct template *exporter_template(const struct exporter *e, uint16_t id);
/* The template that the bytes of a data set are of; NULL = not known (yet). */
struct template *exporter_template_for(struct decoder *d, struct message *m, uint16_t id,
				       const struct rd *body);
/* Takes t over, in place of the one of this id; false: no room, t is freed and the refusal
 * counted. */
bool exporter_put_template(struct decoder *d, struct exporter *e, struct template *t);
/* t, one of e's, is the one used last. */
void exporter_used_template(struct exporter *e, struct template *t);
void exporter_drop_template(struct decoder *d, struct exporter *e, uint16_t id);
/* All of them, or all options templates. */
void exporter_drop_templates(struct decoder *d, struct exporter *e, bool options);
/* The device started anew: until it tells them again, they count only where they fit. */
void exporter_doubt_templates(struct exporter *e);
void exporter_missing(struct exporter *e, uint16_t id);

/* --- remember.c */
/* What the vault knows of e becomes its state; before its first datagram is decoded. */
void exporter_recall(struct decoder *d, struct exporter *e, int64_t now);
/* An exporter that tells nothing new stays in the vault too. */
void exporter_keep_saved(struct decoder *d, struct exporter *e, int64_t now);

/* --- data.c */
/* Decodes the records of a data set; r is its body. */
void data_set(struct decoder *d, struct message *m, const struct template *t, struct rd *r);
/* What follows the last record of a set: zeros, a few bytes of alignment, or else a record that
 * ends early. */
void data_padding(struct decoder *d, struct message *m, const struct rd *r);
void decoder_emit(struct decoder *d, enum shape shape);
/* The batch of the shape with room for a row at least; NULL without memory. May emit. */
struct batch *data_batch(struct decoder *d, enum shape shape);
/* The next open row of b is written. May emit. */
void data_row_done(struct decoder *d, struct message *m, struct batch *b);

/* --- options.c */
void options_set(struct decoder *d, struct message *m, const struct template *t, struct rd *r);

/* --- sampling.c */
/* 0 = not known. */
uint32_t rates_find(const struct rates *r, uint64_t id);
/* At max the one told first goes. False: it was that already, or there is no memory
 * or room (DECODER_MAX_SIDE_MEM). */
bool rates_put(struct decoder *d, struct rates *r, uint64_t id, uint32_t rate, uint16_t max);
void rates_fini(struct decoder *d, struct rates *r);
/* Whether the record told another rate than before. */
bool sampling_take(struct decoder *d, struct exporter *e, const struct told_record *t);
void sampling_new_exporter(const struct decoder *d, struct exporter *e);
struct rate_plan {
	uint32_t rate; /* for records that tell none; 0 = absent */
	uint8_t source;
	bool by_row, by_if;
	bool always; /* whatever the record says */
};
struct rate_plan sampling_plan(const struct message *m, const struct template *t);
/* The rates of rows whose plan says by_row; their operations have run. */
void sampling_fill(const struct rows *r, struct exporter *e, const struct rate_plan *p);

/* --- sets.c */
/* IPFIX: whether m's clock knows when the device started (element 160 in an option record). */
void message_uptime(struct message *m);
/* The sets of a v9 or IPFIX message, to the end of r. */
void message_sets(struct decoder *d, struct message *m, struct rd *r);

/* --- held.c */
void held_add(struct decoder *d, struct message *m, uint16_t id, const struct rd *body);
/* After the sets of a message: how many records its held sets stand for, by the count of a v9
 * header. */
void held_settle(struct decoder *d, struct message *m, uint32_t header_count);
/* Decodes what waited for this template; m brought it. */
void held_release(struct decoder *d, struct message *m, const struct template *t);
void held_expire(struct decoder *d, int64_t now);
void held_forget(struct decoder *d, const struct exporter *e);

/* --- nf5.c, nf9.c, ipfix.c, sflow.c: one datagram each, its header is whole. ST_datagrams_decoded,
 * or the reason to reject it: decoder_feed counts either. */
enum stat_id nf5_decode(struct decoder *d, const struct datagram *dg);
enum stat_id nf9_decode(struct decoder *d, const struct datagram *dg);
enum stat_id ipfix_decode(struct decoder *d, const struct datagram *dg);
enum stat_id sflow_decode(struct decoder *d, const struct datagram *dg);
must_check enum err nf5_init(struct decoder *d);
