/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a flow beyond addresses and counters: (field, value) pairs in the order they
 * were noted, in one piece of memory from a pool of the thread. A flow without them costs a
 * pointer. Dissectors and metrics write them; at export they become columns of a batch.
 *
 * Bounded: NOTES_FLOW_MAX bytes a flow and the limit of the pool; what does not fit is left out and
 * counted (pool.refused). Strings are cut at NOTES_STR_MAX. */
#pragma once
#include "base/ip.h"
#include "model/batch.h"
#include "proto/pool.h"

#include <stdint.h>

enum { NOTES_FLOW_MAX = 8192, NOTES_STR_MAX = 1024, NOTES_LIST_MAX = 64 };

struct notes {
	struct pool *pool;
	uint8_t *p; /* entries: field, length, value */
	uint16_t n, cap;
	uint64_t seen; /* bits of field % 64: a clear one says that no entry has such a field */
};

static inline struct notes notes_of(struct pool *p)
{
	return (struct notes){.pool = p};
}
/* Gives the blocks back; n is empty and usable again. */
void notes_clear(struct notes *n);

/* The record was written and the flow goes on: forgets counts (AGG_SUM), keeps what the flow is. */
void notes_go_on(struct notes *n);

/* Each takes the field by its ctype (fields.def): integers and MAC with num, IP with ip, STR with
 * str, U32LIST with push. _put replaces what was noted; _once keeps what was noted first. */
void notes_num_put(struct notes *n, enum field f, uint64_t v);
void notes_num_once(struct notes *n, enum field f, uint64_t v);
/* Sum, or of flags, least and greatest of what was noted and v. */
void notes_num_add(struct notes *n, enum field f, uint64_t v);
void notes_num_or(struct notes *n, enum field f, uint64_t v);
void notes_num_min(struct notes *n, enum field f, uint64_t v);
void notes_num_max(struct notes *n, enum field f, uint64_t v);
void notes_ip_once(struct notes *n, enum field f, const struct ip *v);
/* The first bytes noted win; len is cut at NOTES_STR_MAX, trailing NULs are dropped. */
void notes_str_once(struct notes *n, enum field f, const void *p, size_t len);
void notes_str_put(struct notes *n, enum field f, const void *p, size_t len);
/* The same without a look at the bytes: those at the end may be NUL. */
void notes_bytes_once(struct notes *n, enum field f, const void *p, size_t len);
/* Appends to a list, up to NOTES_LIST_MAX values. */
void notes_push(struct notes *n, enum field f, uint32_t v);
/* The whole list at once, cut at NOTES_LIST_MAX; keeps what was noted first. */
void notes_list_once(struct notes *n, enum field f, const uint32_t *v, size_t len);
bool notes_has(const struct notes *n, enum field f);
/* The number noted for f; false if there is none. */
bool notes_num(const struct notes *n, enum field f, uint64_t *ret);

/* Writes all into row `row` (opened by batch_open_rows) of a wide batch. */
void notes_to_batch(const struct notes *n, struct batch *b, uint32_t row);
