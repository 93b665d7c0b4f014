/* SPDX-License-Identifier: Apache-2.0 */
/* The data sources of an sFlow agent: each numbers its samples, and says how many packets it chose
 * and could not sample. What is lost between an agent's parts and its datagrams shows only here. */
#pragma once
#include "base/err.h"

#include <stdint.h>

enum { SFLOW_SOURCES_MAX = 1024 }; /* of one exporter; further ones are not followed */

struct sflow_sources;

enum sflow_kind { SFLOW_FLOW, SFLOW_COUNTER, SFLOW_DISCARD };

struct sflow_mark {
	enum sflow_kind kind;
	uint32_t source_class, source_index, sequence;
	uint32_t drops; /* as the sample says; of counter samples 0 */
};

/* Takes one sample into account. *s is made when the first comes, and may be NULL afterwards
 * (without memory). *ret_lost: samples missing before it, negative if it came late; *ret_drops:
 * by how much the agent's drops grew. */
void sflow_source_see(struct sflow_sources **s, const struct sflow_mark *m, int64_t *ret_lost,
		      uint64_t *ret_drops);
void sflow_sources_free(struct sflow_sources **s);
