/* SPDX-License-Identifier: Apache-2.0 */
/* The data sources of an sFlow agent: each numbers its samples, and says how many packets it chose
 * and could not sample. What is lost between an agent's parts and its datagrams shows only here. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SFLOW_SOURCES_MAX = 1024 }; /* of one exporter; further ones are not followed */

struct sflow_sources;

enum sflow_kind { SFLOW_FLOW, SFLOW_COUNTER, SFLOW_DISCARD };

struct sflow_mark {
	enum sflow_kind kind;
	uint32_t source_class, source_index, sequence;
	uint32_t drops; /* as the sample says; of counter samples 0 */
};

struct sflow_step {
	uint32_t missing; /* samples before this one, which may still come */
	uint32_t lost;    /* of those missing before: will not come any more */
	uint32_t drops;   /* by how much the agent's drops grew */
	bool late;        /* it was missing */
	bool refused;     /* its source is not followed: no room for it */
};
/* Takes one sample into account. *s is made when the first comes, and may be NULL afterwards
 * (without memory). *mem, the bytes of such tables, does not grow beyond max_mem: further sources
 * are not followed. */
struct sflow_step sflow_source_see(struct sflow_sources **s, const struct sflow_mark *m,
				   size_t *mem, size_t max_mem);
/* Returns how many samples are still missing. */
uint64_t sflow_sources_free(struct sflow_sources **s, size_t *mem);
