/* SPDX-License-Identifier: Apache-2.0 */
/* Command-line options as a table: one row per option gives parsing, type and range checks, --help,
 * the manual page and completion. A command has a struct for its options, a const table of rows
 * that name its members, and calls opts_parse first of all. Options and operands may be mixed; `--`
 * ends the options. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_type {
	OPT_FLAG,     /* bool: set to true */
	OPT_STR,      /* const char *, borrowed from argv */
	OPT_U64,      /* uint64_t in [min, max] */
	OPT_DURATION, /* uint64_t ms: 500ms 10s 5m 2h 1d 1w; a bare number is seconds */
	OPT_SIZE,     /* uint64_t bytes: 4096 64KB 128MB 8GB (powers of 1024) */
	OPT_LIST,     /* struct opt_list: may be given several times */
};

enum { OPT_LIST_MAX = 64, OPT_ROWS_MAX = 48 };
struct opt_list {
	const char *v[OPT_LIST_MAX]; /* borrowed from argv */
	size_t n;
};

struct opt {
	char short_name;       /* 0 = none */
	const char *long_name; /* never NULL */
	enum opt_type type;
	const char *arg;   /* what help calls the value: "FILE"; NULL for a flag */
	size_t offset;     /* of the member in the command's struct */
	uint64_t min, max; /* numbers only; max 0 = no limit */
	const char *help;
};

/* Rows of a table: OPT('n', "limit", U64, "N", struct top_args, limit, "rows to print"). 0 for no
 * short name. */
#define OPT(s, l, type, arg, st, member, help)                                                     \
	{                                                                                          \
		s, l, OPT_##type, arg, offsetof(st, member), 0, 0, help                            \
	}
#define OPT_RANGE(s, l, type, arg, st, member, min, max, help)                                     \
	{                                                                                          \
		s, l, OPT_##type, arg, offsetof(st, member), min, max, help                        \
	}

/* The options every command has; embed as `struct common_args common` and put OPTS_COMMON(struct x)
 * in the table. */
struct common_args {
	const char *conf, *dir;
};
#define OPTS_COMMON(st)                                                                            \
	OPT(0, "conf", STR, "FILE", st, common.conf, "configuration file"),                        \
	    OPT(0, "dir", STR, "D", st, common.dir, "directory that holds all state")

/* How results are printed; embed as `struct format_args format`. None set: a table on a terminal,
 * else text. */
struct format_args {
	bool json, ndjson, csv;
};
#define OPTS_FORMAT(st)                                                                            \
	OPT(0, "json", FLAG, NULL, st, format.json, "print one JSON value"),                       \
	    OPT(0, "ndjson", FLAG, NULL, st, format.ndjson, "print one JSON object per line"),     \
	    OPT(0, "csv", FLAG, NULL, st, format.csv, "print CSV with a header")

/* What is left of argv: the operands, in order. Borrowed from argv. */
struct operands {
	char **v;
	int n;
};

enum opts_next { OPTS_RUN, OPTS_EXIT };

/* Parses argv (argv[0] is the command's name) into target, which the caller has filled with the
 * defaults, and checks that min to max operands are there (max < 0: any number). OPTS_EXIT: help
 * was printed (*ret_status 0) or an error (2); the caller returns *ret_status. */
enum opts_next opts_parse(const struct opt *rows, size_t n_rows, int argc, char **argv,
			  void *target, int min_operands, int max_operands,
			  struct operands *ret_operands, int *ret_status);

/* Prints "weir NAME: message" and where help is, returns EXIT_USAGE. */
int opts_usage(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
