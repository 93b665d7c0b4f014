/* SPDX-License-Identifier: Apache-2.0 */
/* getopt_long does the syntax; this file makes its tables from ours, and types and checks the
 * values. */
#include "cmd/opts.h"

#include "base/near.h"
#include "base/unit.h"
#include "cmd/command.h"
#include "cmd/opts_help.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONG_BASE = 256, CODE_HELP = LONG_BASE + OPT_ROWS_MAX };

int opts_usage(const char *name, const char *fmt, ...)
{
	va_list ap;
	fprintf(stderr, "weir %s: ", name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\ntry: weir %s --help\n", name);
	return EXIT_USAGE;
}

/* What getopt_long wants: ":qn:..." and an array that ends with zeros. */
struct getopt_tables {
	char shorts[2 + 2 * OPT_ROWS_MAX];
	struct option longs[OPT_ROWS_MAX + 2];
};

static void make_tables(const struct opt *rows, size_t n_rows, struct getopt_tables *t)
{
	char *s = t->shorts;
	*s++ = ':';
	for (size_t i = 0; i < n_rows; i++) {
		bool has_value = rows[i].type != OPT_FLAG;
		if (rows[i].short_name) {
			*s++ = rows[i].short_name;
			if (has_value)
				*s++ = ':';
		}
		t->longs[i] =
		    (struct option){rows[i].long_name, has_value ? required_argument : no_argument,
				    NULL, LONG_BASE + (int)i};
	}
	*s = 0;
	t->longs[n_rows] = (struct option){"help", optional_argument, NULL, CODE_HELP};
	t->longs[n_rows + 1] = (struct option){0};
}

static const struct opt *row_of_code(const struct opt *rows, size_t n_rows, int code)
{
	for (size_t i = 0; i < n_rows; i++)
		if (code == LONG_BASE + (int)i ||
		    (rows[i].short_name && code == rows[i].short_name))
			return &rows[i];
	return NULL;
}

static const char *type_example(enum opt_type t)
{
	switch (t) {
	case OPT_U64:
		return "a number";
	case OPT_DURATION:
		return "a duration such as 500ms, 10s, 2h or 90d";
	case OPT_SIZE:
		return "a size such as 4096, 128MB or 8GB";
	case OPT_FLAG:
	case OPT_STR:
	case OPT_LIST:
		break;
	}
	return "text";
}

static enum err read_number(enum opt_type type, const char *text, uint64_t *ret)
{
	switch (type) {
	case OPT_U64:
		return unit_u64(text, strlen(text), ret);
	case OPT_DURATION:
		return unit_duration(text, strlen(text), ret);
	case OPT_SIZE:
		return unit_size(text, strlen(text), ret);
	case OPT_FLAG:
	case OPT_STR:
	case OPT_LIST:
		break;
	}
	return ERR_TYPE;
}

/* Returns 0, or EXIT_USAGE after a message. */
static int set_number(const char *name, const struct opt *o, const char *text, uint64_t *member)
{
	uint64_t v;
	if (read_number(o->type, text, &v))
		return opts_usage(name, "--%s: \"%s\" is not %s", o->long_name, text,
				  type_example(o->type));
	if (v < o->min || (o->max && v > o->max))
		return opts_usage(name, "--%s: %s is not between %" PRIu64 " and %" PRIu64,
				  o->long_name, text, o->min, o->max ? o->max : UINT64_MAX);
	*member = v;
	return 0;
}

static int set_value(const char *name, const struct opt *o, const char *text, void *target)
{
	void *member = (char *)target + o->offset;
	switch (o->type) {
	case OPT_FLAG:
		*(bool *)member = true;
		return 0;
	case OPT_STR:
		*(const char **)member = text;
		return 0;
	case OPT_LIST: {
		struct opt_list *l = member;
		if (l->n == OPT_LIST_MAX)
			return opts_usage(name, "--%s: more than %d times", o->long_name,
					  OPT_LIST_MAX);
		l->v[l->n++] = text;
		return 0;
	}
	case OPT_U64:
	case OPT_DURATION:
	case OPT_SIZE:
		return set_number(name, o, text, member);
	}
	return 0;
}

static int unknown_option(const char *name, const struct opt *rows, size_t n_rows,
			  const char *given)
{
	if (given[0] != '-' || given[1] != '-')
		return opts_usage(name, "no option -%c", optopt);
	const char *longs[OPT_ROWS_MAX + 1] = {"help"};
	for (size_t i = 0; i < n_rows; i++)
		longs[i + 1] = rows[i].long_name;
	size_t len = strcspn(given + 2, "=");
	const char *near = near_find(given + 2, len, longs, n_rows + 1);
	if (near)
		return opts_usage(name, "no option --%.*s; did you mean --%s?", (int)len, given + 2,
				  near);
	return opts_usage(name, "no option --%.*s", (int)len, given + 2);
}

/* One result of getopt_long. OPTS_RUN: go on with the next. */
static enum opts_next take(const char *name, const struct opt *rows, size_t n_rows, int code,
			   const char *given, void *target, int *ret_status)
{
	const struct opt *o = row_of_code(rows, n_rows, code);
	if (code == CODE_HELP)
		*ret_status = opts_help(name, rows, n_rows, optarg);
	else if (code == ':')
		*ret_status = opts_usage(name, "%s needs a value", given);
	else if (!o)
		*ret_status = unknown_option(name, rows, n_rows, given);
	else if ((*ret_status = set_value(name, o, optarg, target)) == 0)
		return OPTS_RUN;
	return OPTS_EXIT;
}

enum opts_next opts_parse(const struct opt *rows, size_t n_rows, int argc, char **argv,
			  void *target, int min_operands, int max_operands,
			  struct operands *ret_operands, int *ret_status)
{
	struct getopt_tables t;
	const struct command_text *c = command_find(argv[0]);
	const char *name = c ? c->name : argv[0];
	make_tables(rows, n_rows, &t);
	optind = 0; /* glibc: start anew, also after another command's table */
	opterr = 0;
	for (;;) {
		int at = optind ? optind : 1;
		int code = getopt_long(argc, argv, t.shorts, t.longs, NULL);
		if (code == -1)
			break;
		/* getopt has stepped over the option it could not use, if it was a word of its own.
		 */
		const char *given = argv[optind > at ? optind - 1 : at];
		if (take(name, rows, n_rows, code, given, target, ret_status) == OPTS_EXIT)
			return OPTS_EXIT;
	}
	int n = argc - optind;
	if (n < min_operands || (max_operands >= 0 && n > max_operands)) {
		*ret_status =
		    n < min_operands
			? opts_usage(name, "something is missing: weir %s %s", name,
				     c ? c->synopsis : "")
			: opts_usage(name, "\"%s\" is one too many", argv[optind + max_operands]);
		return OPTS_EXIT;
	}
	*ret_operands = (struct operands){argv + optind, n};
	return OPTS_RUN;
}
