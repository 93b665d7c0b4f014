/* SPDX-License-Identifier: Apache-2.0 */
/* `weir filter check EXPR` prints the normalised expression; `weir filter match EXPR` prints the
 * lines of NDJSON flows on stdin that match, unchanged. A line that is no flow is reported and
 * skipped. */
#include "cmd/command.h"
#include "cmd/opts.h"

#include "base/attr.h"
#include "filter/filter.h"
#include "model/record_in.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024, LINE_BYTES_MAX = 16 * 1024 * 1024 };

struct filter_args {
	bool resolve;
};

static const struct opt rows[] = {
    OPT(0, "resolve", FLAG, NULL, struct filter_args, resolve,
	"look up host names in the expression"),
};

struct match {
	const struct filter *filter;
	struct filter_scratch scratch;
	struct batch *batch;
	struct span lines[BATCH_ROWS]; /* of the rows, in `in` */
	struct buf in;
	uint64_t line, matched;
	bool failed;
};

static size_t resolve(void *ctx, const char *name, struct ip *out, size_t max)
{
	(void)ctx;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	size_t n = 0;
	if (getaddrinfo(name, NULL, &hints, &list))
		return 0;
	for (const struct addrinfo *a = list; a && n < max; a = a->ai_next)
		n += ip_from_sockaddr(a->ai_addr, &out[n], NULL) == ERR_OK;
	freeaddrinfo(list);
	return n;
}

static const char *include(void *ctx, const char *file, struct arena *arena, size_t *ret_n)
{
	(void)ctx;
	FILE *f = fopen(file, "re");
	char *text = f ? arena_alloc(arena, FILTER_TEXT_MAX + 1) : NULL;
	if (text)
		*ret_n = fread(text, 1, FILTER_TEXT_MAX + 1, f);
	if (text && ferror(f))
		text = NULL;
	if (f)
		fclose(f);
	return text;
}

/* The message, then the line it is about with the place marked. */
static void print_error(const char *text, const struct diag *d)
{
	fprintf(stderr, "weir filter: %u:%u: %s\n", d->line, d->col, d->msg);
	const char *line = text;
	for (uint32_t l = 1; l < d->line && line; l++) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line || d->line == 0)
		return;
	fprintf(stderr, "  %.*s\n  %*s", (int)strcspn(line, "\n"), line, (int)d->col - 1, "");
	for (uint32_t c = d->col; c < d->end_col; c++)
		fputc('^', stderr);
	fputc('\n', stderr);
}

/* Evaluates the rows collected, prints the lines of those that match, empties the batch. */
static enum err flush_rows(struct match *m)
{
	uint8_t mask[BATCH_ROWS];
	enum err e = filter_eval(m->filter, m->batch, &m->scratch, mask);
	if (e)
		return e;
	for (uint32_t i = 0; i < m->batch->n; i++) {
		if (!mask[i])
			continue;
		m->matched++;
		if (fwrite(m->in.p + m->lines[i].off, 1, m->lines[i].len, stdout) !=
			m->lines[i].len ||
		    putchar('\n') == EOF)
			return ERR_IO;
	}
	m->scratch.rows_before += m->batch->n;
	batch_reset(m->batch);
	return ERR_OK;
}

static enum err take_line(struct match *m, size_t off, size_t n)
{
	struct diag why;
	const char *line = (const char *)m->in.p + off;
	m->line++;
	if (strspn(line, " \t\r") >= n)
		return ERR_OK;
	uint32_t row = m->batch->n;
	if (record_from_json(m->batch, line, n, &why)) {
		fprintf(stderr, "weir filter: line %llu: %s\n", (unsigned long long)m->line,
			why.msg);
		m->failed = true;
		return ERR_OK;
	}
	m->lines[row] = (struct span){(uint32_t)off, (uint32_t)n};
	return batch_room(m->batch) == 0 ? flush_rows(m) : ERR_OK;
}

/* Takes the complete lines in the buffer, and the rest too at the end of the input. */
static enum err take_lines(struct match *m, bool at_end)
{
	size_t done = 0;
	enum err e = ERR_OK;
	while (!e && done < m->in.n) {
		const uint8_t *nl = memchr(m->in.p + done, '\n', m->in.n - done);
		if (!nl && !at_end)
			break;
		size_t n = nl ? (size_t)(nl - m->in.p) - done : m->in.n - done;
		e = take_line(m, done, n);
		done += n + (nl != NULL);
	}
	if (!e)
		e = flush_rows(m);
	memmove(m->in.p, m->in.p + done, m->in.n - done);
	m->in.n -= done;
	return !e && fflush(stdout) ? ERR_IO : e;
}

static enum err match_input(struct match *m)
{
	for (;;) {
		if (m->in.n > LINE_BYTES_MAX || !buf_reserve(&m->in, READ_BYTES + 1))
			return ERR_LIMIT;
		ssize_t n = read(STDIN_FILENO, m->in.p + m->in.n, READ_BYTES);
		if (n < 0 && errno != EINTR)
			return err_from_errno(errno);
		m->in.n += n > 0 ? (size_t)n : 0;
		/* take_line looks for blanks up to here. */
		m->in.p[m->in.n] = 0;
		enum err e = n >= 0 ? take_lines(m, n == 0) : ERR_OK;
		if (e || n == 0)
			return e;
	}
}

static int match(const struct filter *f)
{
	struct match *m = calloc(1, sizeof(*m));
	enum err e = ERR_NOMEM;
	if (m && (m->batch = batch_new(SHAPE_WIDE))) {
		m->filter = f;
		e = match_input(m);
	}
	if (e)
		fprintf(stderr, "weir filter: %s\n", err_text(e));
	int status = !e && !m->failed && m->matched ? EXIT_DONE : EXIT_FAILED;
	if (m) {
		batch_free(m->batch);
		buf_fini(&m->in);
		filter_scratch_fini(&m->scratch);
		free(m);
	}
	return status;
}

static int check(const struct filter *f)
{
	struct buf out = {0};
	filter_print(f, &out);
	puts(buf_cstr(&out));
	buf_fini(&out);
	return EXIT_DONE;
}

int cmd_filter(int argc, char **argv)
{
	struct filter_args args = {0};
	struct operands o;
	int status;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &args, 2, -1, &o, &status) == OPTS_EXIT)
		return status;
	bool matching = strcmp(o.v[0], "match") == 0;
	if (!matching && strcmp(o.v[0], "check") != 0)
		return opts_usage("filter", "'%s' is neither check nor match", o.v[0]);
	struct buf text = {0};
	for (int i = 1; i < o.n; i++) {
		buf_str(&text, i > 1 ? " " : "");
		buf_str(&text, o.v[i]);
	}
	struct arena arena = {0};
	struct filter *f;
	struct diag why = {0};
	const struct filter_parse_opts opts = {
	    .resolve = args.resolve ? resolve : NULL, .include = include, .row_numbers = true};
	const char *expr = buf_cstr(&text);
	if (filter_parse_with(expr, text.n, &opts, &arena, &f, &why)) {
		print_error(expr, &why);
		status = EXIT_USAGE;
	} else {
		status = matching ? match(f) : check(f);
	}
	arena_fini(&arena);
	buf_fini(&text);
	return status;
}
