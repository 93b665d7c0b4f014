/* SPDX-License-Identifier: Apache-2.0 */
/* The front's counters as text. */
#include "engine/front.h"

#include <string.h>

/* One row = a number in /metrics and in /state.json. */
/* clang-format off */
#define COUNTS(ROW)                                                                       \
	ROW(running, gauge, "queries and inserts in the engine now")                          \
	ROW(waiting, gauge, "queries waiting for a slot")                                     \
	ROW(done, counter, "queries and inserts that ended well")                             \
	ROW(failed, counter, "queries and inserts that failed")                               \
	ROW(cancelled, counter, "queries and inserts cancelled, also by a client hanging up") \
	ROW(refused, counter, "requests that did not reach the engine")                       \
	ROW(rows_read, counter, "rows read by queries")                                       \
	ROW(bytes_read, counter, "bytes read by queries")                                     \
	ROW(rows_written, counter, "rows written by inserts, rollups included")               \
	ROW(bytes_written, counter, "bytes written by inserts, rollups included")             \
	ROW(bytes_received, counter, "bytes of request bodies")                               \
	ROW(bytes_sent, counter, "bytes of results, before compression")
/* clang-format on */

static void metric(struct buf *out, const char *name, const char *kind, const char *doc, uint64_t v)
{
	const char *suffix = strcmp(kind, "counter") == 0 ? "_total" : "";
	buf_fmt(out, "# HELP weir_store_%s%s %s\n# TYPE weir_store_%s%s %s\nweir_store_%s%s %llu\n",
		name, suffix, doc, name, suffix, kind, name, suffix, (unsigned long long)v);
}

void front_metrics(struct front *f, struct buf *out)
{
	struct front_counts c = front_counts(f);
#define ROW(name, kind, doc) metric(out, #name, #kind, doc, c.name);
	COUNTS(ROW)
#undef ROW
}

void front_state(struct front *f, struct buf *out)
{
	struct front_counts c = front_counts(f);
	buf_json_key(out, "queries");
	buf_str(out, "{");
#define ROW(name, kind, doc)                                                                       \
	buf_json_key(out, #name);                                                                  \
	buf_dec(out, c.name);
	COUNTS(ROW)
#undef ROW
	buf_str(out, "}");
}
