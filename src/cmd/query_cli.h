/* SPDX-License-Identifier: Apache-2.0 */
/* What `weir flows`, `top` and `series` share: options (those of cli.md and nfdump's), the query
 * made of them, the store it goes to, how numbers look in a table. */
#pragma once
#include "cmd/opts.h"
#include "cmd/remote.h"
#include "cmd/store_conf.h"
#include "query/query.h"

#include <stdio.h>

struct conf;
struct store;

enum { CLI_TIMEOUT_MS = 300000 };

struct query_args {
	struct common_args common;
	struct format_args format;
	struct remote_args remote;
	const char *file, *files; /* -r, -R */
	const char *time, *by, *aggregate, *order, *metric, *limit_by, *output, *fields;
	uint64_t limit, step_ms;
	bool raw, quiet, duplicates;
};

/* clang-format off */
#define OPTS_QUERY(st) \
	OPTS_COMMON(st), OPTS_REMOTE(st), OPTS_FORMAT(st), \
	OPT('r', "read", STR, "FILE", st, file, "ask this file (nfdump's, a capture of exports, IPFIX) instead of the store"), \
	OPT('R', "read-all", STR, "DIR", st, files, "the same with all files below a folder, or FIRST:LAST of a folder"), \
	OPT('t', "time", STR, "RANGE", st, time, "-1h (default), now-6h/now, 2026-01-01T12:00/PT1H, 2026/01/01.12:00-13:00"), \
	OPT('n', "limit", U64, "N", st, limit, "how many"), \
	OPT('c', "count", U64, "N", st, limit, "the same as -n"), \
	OPT('o', "output", STR, "FORMAT", st, output, "line, long, extended, csv, json, ndjson or fmt:..."), \
	OPT(0, "raw", FLAG, NULL, st, raw, "counters as exported, not multiplied by the sampling rate"), \
	OPT(0, "duplicates", FLAG, NULL, st, duplicates, "count flows that several exporters report as often as they do"), \
	OPT('q', "quiet", FLAG, NULL, st, quiet, "neither header nor summary")
/* clang-format on */

/* Lines of text first. */
enum cli_format {
	CLI_TABLE,
	CLI_LINE,
	CLI_LONG,
	CLI_EXTENDED,
	CLI_FMT,
	CLI_JSON,
	CLI_NDJSON,
	CLI_CSV
};

/* A command under way. */
struct query_cli {
	const char *command;
	const struct conf *conf;
	struct store_place place;
	struct store *store;
	struct remote *remote; /* instead of store */
	struct arena arena;
	struct query q;
	enum cli_format format;
	bool terminal; /* stdout is one */
	bool quiet;
};

/* Makes c of the arguments and the words of the filter; -1, or an exit code after an error was
 * printed. Then query_cli_fini is due. by: "src_ip,dst_port/bytes" or NULL. */
int query_cli_init(struct query_cli *c, const char *command, enum query_kind kind,
		   const struct query_args *a, const struct operands *filter, const char *by);
void query_cli_fini(struct query_cli *c);
/* Prints what a run returned and where the filter is wrong; the exit code. */
int query_cli_error(const struct query_cli *c, enum err e, const struct diag *d);

/* "12.3 M", "843", with ~ before it when estimated; plain digits unless it is for a terminal. */
void cli_number(struct buf *out, const struct query_cli *c, double v, bool estimated);
/* Appends what key k is called, and how full it is if it is an interface of known speed. */
struct key_name;
void cli_name(struct buf *out, const struct query *q, const struct key_name *called, size_t k,
	      double value);
/* The name of a field for nfdump's name of a statistic ("srcip"), or the name itself. */
const char *cli_field_name(const char *word, size_t n, size_t *ret_n);

/* An aligned table: cells are added row by row, printed at the end. */
enum { TABLE_COLS_MAX = 24 };
struct table {
	size_t n_cols;
	bool right[TABLE_COLS_MAX]; /* numbers */
	struct buf text;            /* cells, each ended by a NUL */
	size_t n_cells;
};
void table_cell(struct table *t, const struct buf *text);
void table_cell_text(struct table *t, const char *text);
void table_print(const struct table *t, FILE *to);
void table_fini(struct table *t);
