/* SPDX-License-Identifier: Apache-2.0 */
/* Option records: what a collector is told about the probe rather than about flows (RFC 7011 4, RFC
 * 5477, RFC 5610). IPFIX gets all of them, NetFlow v9 only the sampling, v5 none (its headers have
 * the sampling). */
#pragma once
#include "encode/encoder.h"

/* An interface that flows name in in_if and out_if. */
struct export_interface {
	uint32_t index;
	const char *name, *description; /* "" = none; borrowed */
};

enum {
	OPTIONS_STATE = 1, /* the books of metering and export, all counters by name, sampling */
	OPTIONS_INTERFACES = 2, /* names of interfaces */
	OPTIONS_TYPES = 4,      /* our own elements: name, type, unit (RFC 5610) */
};

struct options_told {
	unsigned what;                             /* or-ed */
	const struct stats *stats;                 /* counters; those that are 0 are not told */
	uint32_t active_timeout_s, idle_timeout_s; /* 0 = not told */
	const struct export_interface *interfaces;
	size_t n_interfaces;
	/* To the collector that is told. */
	uint64_t sent_messages, sent_records, sent_bytes, not_sent;
};

/* Writes the records into messages of e and emits them. What there is no memory for is left out
 * until the next time. */
void options_put(struct encoder *e, const struct options_told *t, int64_t export_ms);
