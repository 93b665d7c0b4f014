/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder: one datagram of a flow export in (NetFlow v1, v5, v7, v9, IPFIX, sFlow v5), rows of
 * column batches out. Pure: no I/O, no clock, no log; time comes in with the datagrams only. Bytes
 * that lie are counted by reason and never guessed at. One decoder per receive thread; nothing in
 * it is shared. What a remote peer can make grow has a limit in struct decoder_opts, and what was
 * refused at a limit is counted.
 *
 * Counted into opts.stats: datagrams_decoded, reject_*, malformed_*, records_*, sets_*,
 * templates_*, sequence_*, exporters_live. datagrams_received and datagrams_bytes are the caller's
 * (rejects may happen before us). */
#pragma once
#include "base/attr.h"
#include "base/err.h"
#include "base/ip.h"
#include "model/stats.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch;
struct counter_sample;
struct decoder;
struct vault;

enum {
	DECODER_MAX_EXPORTERS = 32768,
	DECODER_MAX_PER_ADDRESS = 4096,       /* exporters of one address */
	DECODER_MAX_TEMPLATES = 1024,         /* of one exporter */
	DECODER_MAX_FIELDS = 1024,            /* of one template */
	DECODER_MAX_TEMPLATE_MEM = 256 << 20, /* of all templates together */
	DECODER_MAX_HELD_SETS = 4096,         /* data sets waiting for their template */
	DECODER_MAX_HELD_EACH = 256,          /* ... of one exporter */
	DECODER_MAX_HELD_MEM = 16 << 20,
	DECODER_MAX_SIDE_MEM = 64 << 20, /* of all tables of rates and sFlow sources */
	DECODER_TEMPLATE_MS =
	    24 * 3600 * 1000,             /* a template not told again for so long is dropped */
	CLOCK_OFF_MS = 10 * 1000,         /* the way to us, and ticks of whole seconds, are less */
	CLOCK_STEP_MS = 2 * 1000,         /* a repair is measured anew when it is off by more */
	DECODER_MAX_RULES = 4096,         /* sampling rules */
	DECODER_HELD_MS = 30 * 60 * 1000, /* how long they wait */
	DECODER_IDLE_MS =
	    30 * 60 * 1000, /* an exporter silent for so long may make room for a new one */
};

/* An element of an option record, as it stood on the wire. */
struct option_element {
	uint32_t pen; /* 0 = IANA; OPTION_PEN_SCOPE = a scope type of NetFlow v9 (RFC 3954 6.1) */
	uint16_t id;
	uint16_t len;
	const uint8_t *p; /* len bytes, borrowed during the call */
};
enum { OPTION_PEN_SCOPE = 0x7fffffff };

struct option_record {
	struct ip exporter_ip;
	uint32_t domain;
	uint8_t version;
	uint16_t template_id;
	uint16_t n, n_scope; /* elements; the first n_scope of them are the scope */
	const struct option_element *elements;
};

/* What option records say about names. `id` is the number that flow records of this exporter and
 * domain carry in the fields named here. */
enum name_kind {
	NAME_INTERFACE,   /* in_if, out_if: name, description */
	NAME_VRF,         /* ingress_vrf, egress_vrf: name, route distinguisher */
	NAME_APPLICATION, /* app_id: name, description */
	NAME_APP_GROUP,   /* app_id: category, sub-category or else group */
	NAME_SAMPLER,     /* sampler or selector: name; number = rate */
	NAME_EXPORTER,    /* id 0: name of the device or observation domain */
	NAME_KIND_MAX
};

/* One name. A name told again for the same (kind, exporter_ip, domain, id) replaces the old one. */
struct option_name {
	enum name_kind kind;
	struct ip exporter_ip;
	uint32_t domain;
	uint64_t id;
	const uint8_t *text, *text2; /* not terminated, borrowed during the call */
	size_t text_n, text2_n;      /* 0 = not told; no trailing NULs */
	uint64_t number;             /* 0 = not told */
	int64_t at;                  /* ms since the epoch: t_recv, else the export time */
};

/* The sampling rate of exporters, from the configuration (sampling_source 3). */
struct sampling_rule {
	struct ip net; /* IPv4 mapped */
	uint8_t bits;  /* 0..128: of the 16 bytes */
	bool always;   /* also where the exporter tells another rate */
	uint32_t rate; /* 0 = not known: ends the search */
};

struct decoder_opts {
	/* Limits; 0 = the default above. */
	uint32_t max_exporters, max_per_address, max_templates, max_fields, max_held_sets;
	size_t max_template_mem, max_held_mem;
	int64_t held_ms, idle_ms, template_ms;
	/* What exporters told before (vault.h), borrowed, shared by all decoders; NULL = nothing.
	 */
	struct vault *vault;
	/* Elements that no field takes are left out of `extra`; a template is then no reason for
	 * the wide shape because of them. */
	bool drop_unknown;
	/* Times of exporters whose clock is off by CLOCK_OFF_MS or more are shifted by what it is
	 * off, as measured at arrival. */
	bool repair_clock;
	/* Rows keep their own time whatever t_recv is (batch_set_days). */
	bool import;
	/* Rows and option records leave in the order they came, also across shapes: smaller
	 * batches, for printing. */
	bool in_order;
	struct stats *stats; /* borrowed, never NULL */
	/* Called with a full batch, and by decoder_flush with what there is; days are set. The
	 * batch is the decoder's and is reset after the call. A batch mixes exporters; its shape
	 * does not change. */
	void (*emit)(void *ctx, struct batch *b);
	/* Called for each option record; may be NULL. */
	void (*option)(void *ctx, const struct option_record *r);
	/* Called for each name in an option record, after `option`; may be NULL. */
	void (*name)(void *ctx, const struct option_name *n);
	/* Called for each sFlow counter sample (decode/sflow.h); may be NULL. */
	void (*counters)(void *ctx, const struct counter_sample *s);
	void *ctx;
};

/* How a datagram or message came. */
enum transport { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };

struct datagram {
	const uint8_t *p; /* borrowed during the call */
	size_t n;
	struct ip src; /* all zero: nameless (raw files), exporter_ip stays absent */
	uint16_t src_port;
	uint8_t transport; /* enum transport */
	/* The TCP or TLS session it came in, 0 = none (UDP). Exporters, templates and sequences of
	 * a session are its own (RFC 7011 8.4) and end with it: decoder_session_end. */
	uint32_t session;
	int64_t t_recv; /* ms since the epoch; 0 = not known: the export time stands in for it,
			   t_recv stays absent */
};

/* opts is copied; its limits hold for the life of the decoder. */
must_check enum err decoder_new(const struct decoder_opts *opts, struct decoder **ret);
void decoder_free(struct decoder *d);
/* As new: forgets exporters, what waits, and rows not emitted. Memory, limits and rules stay. */
void decoder_reset(struct decoder *d);

/* Decodes one datagram. Always counts exactly one of datagrams_decoded and reject_*. */
void decoder_feed(struct decoder *d, const struct datagram *dg);
/* A session is over: forgets its exporters with their templates and what waits for them. Gaps in
 * their sequences are counted as lost (the exporter's own losses: TCP has none), since nothing can
 * fill them any more. */
void decoder_session_end(struct decoder *d, uint32_t session);
/* Emits the rows decoded so far. Call it at least once a second, and before decoder_sequences. */
void decoder_flush(struct decoder *d);
/* Puts into the vault what exporters told since the last call, of up to max exporters. Does not
 * wait for another thread: what cannot be put now is put the next time. */
void decoder_save(struct decoder *d, size_t max);
/* Rows decoded and not yet emitted. */
uint32_t decoder_open_rows(const struct decoder *d);
/* Sampling rates from the configuration, for exporters that tell none or, where a rule says
 * `always`, in place of what they tell. The rule with the longest prefix wins. Copied; replaces the
 * rules of before. ERR_LIMIT beyond DECODER_MAX_RULES. */
must_check enum err decoder_set_sampling(struct decoder *d, const struct sampling_rule *v,
					 size_t n);

/* --- who sends what: a row of the exporters page. One exporter = (address, port, domain, version,
 * session). */
enum {
	MALFORMED_FIRST = ST_malformed_set_length,
	MALFORMED_N = ST_malformed_count + 1 - MALFORMED_FIRST,
	MISSING_SHOWN = 8
};

struct exporter_info {
	struct ip ip;
	uint16_t port;
	uint8_t version;         /* as export_version in fields.def */
	uint8_t sampling_source; /* as sampling_source in fields.def; 0 = not known */
	uint8_t transport;       /* enum transport */
	uint32_t session;        /* 0 = UDP */
	uint32_t domain;
	uint32_t sampling_rate;                /* the last one told; 0 = not known */
	uint32_t templates, templates_missing; /* known; ids that data came for and are not known */
	uint64_t datagrams, records, option_records, bytes;
	/* Lost before us by sequence numbers: records for v5 and IPFIX, datagrams for v9 and sFlow.
	 * Late arrivals may still reduce the newest part. */
	uint64_t lost;
	uint64_t restarts;
	uint64_t reordered;      /* datagrams that came late and filled a gap */
	uint64_t repeated;       /* datagrams whose number had been seen: sent or delivered twice */
	uint64_t held;           /* data sets that wait for their template now */
	uint64_t given_up;       /* records dropped because their template did not come in time */
	int64_t clock_repair_ms; /* added to its times (repair_clock); 0 = nothing */
	int64_t clock_skew_ms;   /* t_recv - export time, of the last datagram */
	int64_t first_seen, last_seen;
	int64_t options_seen, templates_seen; /* the last of these; 0 = none yet */
	/* t_recv - t_last: the sum over lag_records records, so that a reader can take the mean of
	 * any time between two looks. */
	int64_t lag_sum_ms;
	uint64_t lag_records;
	uint32_t active_timeout_ms; /* after which it cuts long flows, by their durations; 0 = none
				       was long enough to tell */
	uint16_t missing[MISSING_SHOWN]; /* the first of templates_missing */
	/* What it says of itself in option records; 0 = not told. */
	int64_t init_ms;                                  /* when the device started (160) */
	uint32_t active_timeout_s, idle_timeout_s;        /* 36, 37 */
	uint32_t samplers;                                /* sampler ids told */
	uint64_t told_messages, told_records, told_bytes; /* exported (41, 42, 40) */
	uint64_t told_unsent_records, told_unsent_packets, told_unsent_bytes; /* 166, 167, 168 */
	uint64_t told_ignored_packets, told_ignored_bytes;                    /* 164, 165 */
	struct ip agent;       /* sFlow: the address it gives for itself; else all zero */
	uint64_t samples_lost; /* sFlow: by the sequence numbers of its data sources */
	uint64_t agent_drops;  /* sFlow: packets that were chosen and could not be sampled */
	uint64_t malformed[MALFORMED_N]; /* stat_table[MALFORMED_FIRST + i].name */
};
/* Calls fn for every exporter heard of; info is borrowed during the call. On the decoder's thread.
 */
void decoder_exporters(const struct decoder *d,
		       void (*fn)(void *ctx, const struct exporter_info *info), void *ctx);

/* --- sequence numbers that outlive the process, so that what a kill lost shows as a gap */
struct decoder_sequence {
	struct ip ip;
	uint16_t port;
	uint8_t version;
	uint32_t domain;
	uint32_t next; /* the sequence number that the next datagram should have */
	uint32_t
	    open; /* units in gaps that late datagrams may still fill; not counted as lost yet */
};
/* Writes the sequences of up to max exporters, most recently heard first; returns how many. Those
 * of sessions are left out: they begin anew with the next session; and those restored and not heard
 * since: another decoder may have newer ones. */
size_t decoder_sequences(const struct decoder *d, struct decoder_sequence *ret, size_t max);
/* Takes over saved ones; call before the first datagram. Exporters already known keep theirs. */
void decoder_restore(struct decoder *d, const struct decoder_sequence *s, size_t n);
