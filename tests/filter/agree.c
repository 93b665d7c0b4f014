/* SPDX-License-Identifier: Apache-2.0 */
/* The two back ends of the filter against each other: random rows go into a store with the real
 * schema, random expressions are asked of it as SQL and evaluated on the batches, and every row
 * must be chosen by both or by none.
 *
 * usage: agree URL EXPRESSIONS SEED */
#include "base/timefmt.h"
#include "filter/filter.h"
#include "model/batch.h"
#include "model/native.h"
#include "model/record.h"
#include "store/client.h"
#include "store/columns.h"
#include "store/schema.h"
#include "tests/filter/random_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROWS = 1500 };

static void die(const char *what, const struct diag *d)
{
	fprintf(stderr, "agree: %s: %s\n", what, d->msg);
	exit(1);
}

/* The batch as one block of ClickHouse's Native format. */
static void put_column(struct buf *out, const struct batch *b, unsigned column)
{
	static const uint64_t none[BATCH_ROWS];
	buf_varint(out, strlen(native_name(column)));
	buf_str(out, native_name(column));
	buf_varint(out, strlen(native_type(column)));
	buf_str(out, native_type(column));
	if (column >= NATIVE_DAY) {
		for (uint32_t i = 0; i < b->n; i++) {
			uint16_t day = (uint16_t)b->day[i];
			buf_put(out, &day, sizeof(day));
		}
		return;
	}
	if (column >= NATIVE_PRESENT) {
		const uint64_t *w = b->present[column - NATIVE_PRESENT];
		buf_put(out, w ? w : none, b->n * sizeof(uint64_t));
		return;
	}
	enum field f = (enum field)column;
	enum ctype t = field_table[f].ctype;
	batch_use((struct batch *)(uintptr_t)b, f);
	const struct span *s = batch_span(b, f);
	uint64_t end = 0;
	if (t != CT_STR && t != CT_U32LIST) {
		buf_put(out, b->col[f], b->n * ctype_size(t));
		return;
	}
	for (uint32_t i = 0; i < b->n && t == CT_U32LIST; i++) {
		end += s[i].len;
		buf_le64(out, end);
	}
	for (uint32_t i = 0; i < b->n; i++) {
		if (t == CT_STR)
			buf_varint(out, s[i].len);
		if (s[i].len)
			buf_put(out, batch_bytes(b, s[i]),
				t == CT_STR ? s[i].len : s[i].len * sizeof(uint32_t));
	}
}

/* Every column that a segment may have. */
static bool is_stored(unsigned column, enum shape shape)
{
	return native_in_shape(column, shape) &&
	       (column >= FIELD_MAX || !field_is_computed((enum field)column));
}

static void insert(struct store *store, struct batch *b, enum shape shape)
{
	struct buf block = {0}, names = {0};
	unsigned columns = 0;
	struct diag d = {0};
	for (unsigned c = 0; c < NATIVE_MAX; c++)
		columns += is_stored(c, shape);
	buf_varint(&block, columns);
	buf_varint(&block, b->n);
	for (unsigned c = 0; c < NATIVE_MAX; c++) {
		if (!is_stored(c, shape))
			continue;
		put_column(&block, b, c);
		buf_str(&names, names.n ? ", " : "");
		buf_str(&names, native_name(c));
	}
	int fd = memfd_create("block", MFD_CLOEXEC);
	if (fd < 0 || write(fd, block.p, block.n) != (ssize_t)block.n)
		exit(1);
	struct store_insert in = {.table = schema_flow_table(shape),
				  .columns = buf_cstr(&names),
				  .token = schema_flow_table(shape),
				  .rows = b->n,
				  .fd = fd,
				  .len = block.n};
	if (store_insert(store, &in, NULL, &d))
		die("insert", &d);
	close(fd);
	buf_fini(&block);
	buf_fini(&names);
}

static void report(const struct batch *b, uint32_t row, const char *expr, const char *sql,
		   bool evaluated)
{
	struct buf json = {0};
	record_json(&json, b, row);
	fprintf(stderr, "agree: %s\n  evaluation says %d, the store %d\n  %s\n  %s\n", expr,
		evaluated, !evaluated, sql, buf_cstr(&json));
	buf_fini(&json);
}

/* Asks the store for the numbers of the rows that match. */
static void ask(struct store *store, const char *where, uint8_t *chosen)
{
	struct buf sql = {0}, out = {0};
	struct diag d = {0};
	buf_fmt(&sql, "SELECT toUInt64(toUnixTimestamp64Milli(t_recv) - %lld) FROM flows WHERE %s",
		(long long)RANDOM_TIME, where);
	struct store_query q = {.sql = buf_cstr(&sql), .format = "RowBinary"};
	if (store_fetch(store, &q, &out, NULL, &d)) {
		fprintf(stderr, "agree: %s\n", buf_cstr(&sql));
		die("query", &d);
	}
	memset(chosen, 0, 2 * ROWS);
	for (size_t i = 0; i + 8 <= out.n; i += 8) {
		uint64_t row;
		memcpy(&row, out.p + i, 8);
		if (row < 2 * ROWS)
			chosen[row]++;
	}
	buf_fini(&sql);
	buf_fini(&out);
}

static bool compare(struct store *store, struct batch *const b[2], const char *expr,
		    uint64_t *matched)
{
	struct arena arena = {0};
	struct filter *f;
	struct diag d = {0};
	struct buf sql = {0};
	struct filter_scratch scratch = {0};
	uint8_t mask[2][BATCH_ROWS], chosen[2 * ROWS];
	bool same = true;
	if (filter_parse(expr, strlen(expr), &arena, &f, &d)) {
		fprintf(stderr, "%s\n", expr);
		die("parse", &d);
	}
	filter_sql(f, &sql, NULL);
	ask(store, buf_cstr(&sql), chosen);
	for (int s = 0; s < 2; s++) {
		if (filter_eval(f, b[s], &scratch, mask[s]))
			exit(1);
		for (uint32_t i = 0; same && i < b[s]->n; i++) {
			*matched += mask[s][i];
			if (mask[s][i] == chosen[(uint32_t)s * ROWS + i])
				continue;
			report(b[s], i, expr, buf_cstr(&sql), mask[s][i]);
			same = false;
		}
	}
	filter_scratch_fini(&scratch);
	buf_fini(&sql);
	arena_fini(&arena);
	return same;
}

static void make_tables(struct store *store)
{
	const struct schema_target target = {.database = "default", .cluster = ""};
	struct buf sql = {0};
	struct diag d = {0};
	struct columns columns;
	for (unsigned i = 0; schema_statement(&sql, &target, i); i++) {
		if (store_exec(store, buf_cstr(&sql), &d))
			die(buf_cstr(&sql), &d);
		buf_reset(&sql);
	}
	buf_fini(&sql);
	if (columns_read(store, &columns, &d))
		die("columns", &d);
	for (unsigned s = 0; s < SHAPE_MAX; s++)
		for (unsigned c = 0; c < NATIVE_MAX; c++)
			if (is_stored(c, (enum shape)s) &&
			    !columns_has(&columns, (enum shape)s, c) &&
			    columns_add(store, &columns, (enum shape)s, c, &d))
				die(native_name(c), &d);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	struct store *store;
	struct diag d = {0};
	struct store_conf conf = {.url = argv[1], .user = "writer", .database = "default"};
	unsigned long expressions = strtoul(argv[2], NULL, 10), wrong = 0;
	struct random r = {strtoull(argv[3], NULL, 10) | 1};
	if (store_open(&conf, &store, &d))
		die(argv[1], &d);
	make_tables(store);
	struct batch *b[2] = {batch_new(SHAPE_CORE), batch_new(SHAPE_WIDE)};
	uint64_t matched = 0;
	for (uint32_t s = 0; s < 2; s++) {
		random_batch(&r, b[s], ROWS, s * ROWS);
		insert(store, b[s], (enum shape)s);
	}
	struct buf expr = {0};
	for (unsigned long i = 0; i < expressions && wrong < 10; i++) {
		buf_reset(&expr);
		random_filter(&r, &expr);
		wrong += !compare(store, b, buf_cstr(&expr), &matched);
	}
	printf(
	    "agree: %lu expressions on %d rows, %llu of %llu pairs match, %lu expressions wrong\n",
	    expressions, 2 * ROWS, (unsigned long long)matched,
	    (unsigned long long)expressions * 2 * ROWS, wrong);
	buf_fini(&expr);
	store_close(store);
	return wrong != 0;
}
