/* SPDX-License-Identifier: Apache-2.0 */
/* Flow records to collectors. Threads that make records hand over whole batches and never wait;
 * one thread of its own (exporter_run) makes messages of them and sends these. What cannot be sent
 * in time is dropped and counted: stats of the groups export and export_drop.
 *
 *   capture thread:  exporter_give(x, &batch);          several threads may
 *   export thread:   exporter_run(x);                    returns after exporter_stop
 *
 * Every collector has its own buffer of bounded size, connection, and memory of which templates it
 * has been told; one that stalls or is away holds up no other. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "encode/options.h"
#include "model/batch.h"
#include "model/stats.h"
#include "net/tls.h"

struct exporter;

/* 0 = the default in brackets. */
struct exporter_opts {
	const struct export_target *targets; /* copied */
	size_t n_targets;
	bool balance;               /* each flow to one collector by its hash; else all to each */
	uint32_t domain;            /* observation domain; source id of v9, engine of v5 */
	uint16_t mtu;               /* bytes of a datagram without IP and UDP headers (1400) */
	uint32_t template_s;        /* UDP: templates are told again after so long (60) */
	uint32_t template_messages; /* ... and after so many messages that use them (2000) */
	uint32_t options_s;         /* option records are told again after so long (60) */
	size_t buffer;              /* bytes that wait for one collector (16 MiB) */
	uint32_t batches;           /* batches that wait to be encoded (16) */
	struct tls_files tls; /* of tls:// targets; "" where there is none. Used in exporter_new */
	struct export_sampling sampling;
	const struct export_interface *interfaces; /* copied */
	size_t n_interfaces;
	int64_t start_ms;                          /* when the probe started, ms since the epoch */
	uint32_t active_timeout_s, idle_timeout_s; /* told in option records; 0 = not told */
	/* Adds the counters of the probe to sum, to be told in option records; called by the export
	 * thread. NULL: only those of the exporter are told. */
	void (*counters)(void *ctx, struct stats *sum);
	void *ctx;
};

/* Checks names and certificates; connects nothing yet. reterr says what is wrong. */
must_check enum err exporter_new(const struct exporter_opts *o, struct exporter **ret,
				 struct diag *reterr);
/* After exporter_run has returned. May be NULL. */
void exporter_free(struct exporter *x);

/* A wide batch to fill, for a thread that has none yet; NULL without memory. The caller's until it
 * gives it, or batch_free. */
struct batch *exporter_batch(struct exporter *x);
/* Takes the rows of *b, which is empty on return, perhaps another one. Never waits: with no free
 * batch the rows are dropped and counted (export_drop behind). Any thread. */
void exporter_give(struct exporter *x, struct batch **b);

/* The loop of the export thread. */
void exporter_run(struct exporter *x);
/* exporter_run sends what it has, for at most flush_ms, and returns. Any thread, also a signal
 * handler. */
void exporter_stop(struct exporter *x, uint32_t flush_ms);

/* Adds the counters of the exporter to sum. Any thread. */
void exporter_stats(struct exporter *x, struct stats *sum);
/* [{"to":"tls://c.example:4740","state":"up",...},...] for /state.json; any thread. */
void exporter_json(struct exporter *x, struct buf *out);
