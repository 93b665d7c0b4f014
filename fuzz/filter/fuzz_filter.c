/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a filter: what parses is printed, parsed again, evaluated and turned into SQL; both
 * parses must agree on text and rows, and the SQL must hold nothing but quoted literals and what we
 * write ourselves. */
#include "filter/filter.h"
#include "model/batch.h"
#include "model/record_in.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { ARENA_MAX = 64 * 1024 * 1024 };

/* Some rows, made once. */
static struct batch *rows(void)
{
	static struct batch *b;
	static const char *const records[] = {
	    "{\"src_ip\":\"10.0.0.5\",\"dst_port\":443,\"proto\":6,\"tcp_flags\":19,\"bytes\":"
	    "20000,\"packets\":9}",
	    "{\"src_ip\":\"2001:db8::5\",\"src_port\":0,\"app_name\":\"a'b\",\"src_country\":"
	    "\"CH\"}",
	    "{\"t_first\":\"2026-01-31T12:00:00Z\",\"t_last\":\"2026-01-31T12:00:10Z\",\"bytes\":1,"
	    "\"packets\":0}",
	    "{\"mpls_labels\":[480,497,512],\"ingress_acl\":[],\"payload\":\"GET "
	    "/\\r\\n\",\"vlan\":5}",
	    "{}",
	};
	for (size_t i = 0; !b && i < ARRAY_LEN(records); i++) {
		struct batch *new = i ? NULL : batch_new(SHAPE_WIDE);
		for (size_t k = 0; new &&k < ARRAY_LEN(records); k++)
			if (record_from_json(new, records[k], strlen(records[k]), NULL))
				abort();
		b = new;
	}
	return b;
}

/* Outside of '...' only our own words, numbers and signs; every quote closed. */
static void check_sql(const struct buf *sql)
{
	bool quoted = false;
	for (size_t i = 0; i < sql->n; i++) {
		char c = (char)sql->p[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '\'')
			quoted = !quoted;
		else if (!quoted &&
			 !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			   (c >= '0' && c <= '9') || (c && strchr("_ ()[],.=<>!*/+->", c))))
			abort();
		else if (!quoted && c == '-' && i + 1 < sql->n && sql->p[i + 1] == '-')
			abort();
	}
	if (quoted)
		abort();
}

static void check_filter(const struct filter *f, struct arena *arena)
{
	struct buf once = {0}, twice = {0}, sql = {0};
	struct filter *g;
	struct filter_scratch scratch = {0};
	uint8_t a[BATCH_ROWS], b[BATCH_ROWS];
	struct field_set set;
	filter_print(f, &once);
	if (filter_parse((const char *)once.p, once.n, arena, &g, NULL) == ERR_OK) {
		filter_print(g, &twice);
		if (once.n != twice.n || memcmp(once.p, twice.p, once.n) != 0)
			abort();
		if (filter_eval(f, rows(), &scratch, a) || filter_eval(g, rows(), &scratch, b) ||
		    memcmp(a, b, rows()->n) != 0)
			abort();
	} else if (once.n <= FILTER_TEXT_MAX) {
		abort();
	}
	filter_sql(f, &sql, NULL);
	check_sql(&sql);
	filter_fields(f, &set);
	filter_needs_presence(f);
	buf_fini(&once);
	buf_fini(&twice);
	buf_fini(&sql);
	filter_scratch_fini(&scratch);
}

static void ignore(void *ctx, const struct filter_item *item)
{
	(void)ctx;
	if (!item->text || !item->doc)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena arena = {.max = ARENA_MAX};
	struct filter *f;
	struct diag d = {0};
	size_t from, to;
	if (filter_parse((const char *)data, n, &arena, &f, &d) == ERR_OK)
		check_filter(f, &arena);
	else if (!d.msg[0] || (n <= FILTER_TEXT_MAX && (d.line == 0 || d.end_col <= d.col)))
		abort();
	filter_complete((const char *)data, n, n / 2, &from, &to, ignore, NULL);
	arena_fini(&arena);
	return 0;
}
