/* SPDX-License-Identifier: Apache-2.0 */
/* `weir import FILE...`: stores flows from files at their own times; with --print shows them
 * instead. */
#include "cmd/command.h"
#include "cmd/import_run.h"
#include "cmd/opts.h"
#include "cmd/setup.h"

#include "base/log.h"
#include "base/timefmt.h"
#include "conf/conf.h"
#include "model/record.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct import_args {
	struct common_args common;
	const char *format;
	bool again, print, quiet, no_enrich;
};

static const struct opt rows[] = {
    OPTS_COMMON(struct import_args),
    OPT(0, "format", STR, "KIND", struct import_args, format,
	"nfcapd or exports; by content if it is not given"),
    OPT(0, "again", FLAG, NULL, struct import_args, again,
	"store a file once more that was imported before"),
    OPT(0, "print", FLAG, NULL, struct import_args, print,
	"print the flows as NDJSON, store nothing"),
    OPT(0, "no-enrich", FLAG, NULL, struct import_args, no_enrich,
	"store flows as they are: no countries, AS numbers, networks, applications"),
    OPT('q', "quiet", FLAG, NULL, struct import_args, quiet, "neither progress nor summary"),
};

static atomic_bool stop;

static void on_signal(int sig)
{
	(void)sig;
	atomic_store(&stop, true);
}

struct printer {
	struct buf out;
	struct stats stats;
	bool failed;
};

static void print_batch(void *ctx, struct batch *b)
{
	struct printer *p = ctx;
	for (uint32_t i = 0; i < b->n; i++) {
		record_json(&p->out, b, i);
		buf_u8(&p->out, '\n');
	}
	p->failed |= fwrite(p->out.p, 1, p->out.n, stdout) != p->out.n;
	buf_reset(&p->out);
}

static int print_file(const char *path, enum import_kind kind)
{
	struct printer p = {.failed = false};
	struct diag why = {0};
	const struct import_opts o = {
	    .kind = kind, .stats = &p.stats, .emit = print_batch, .ctx = &p};
	struct import *in;
	enum err e = import_open(path, &o, &in, &why);
	if (e) {
		fprintf(stderr, "weir import: %s\n", why.msg);
		return EXIT_FAILED;
	}
	while (!e && !p.failed && !atomic_load(&stop))
		e = import_step(in, &why);
	import_close(&in);
	buf_fini(&p.out);
	if (e && e != ERR_NOT_FOUND)
		fprintf(stderr, "weir import: %s: %s\n", path, why.msg);
	return e == ERR_NOT_FOUND && !p.failed && fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static void show_rows(void *ctx, uint64_t n)
{
	fprintf(stderr, "\rweir import: %s: %llu flows", (const char *)ctx, (unsigned long long)n);
}

static void warn_age(const struct conf *c, const char *path, const struct import_result *r)
{
	char text[RFC3339_MAX];
	int64_t oldest = clock_wall_ms() - (int64_t)c->store_retention_flows;
	if (!r->rows || r->first_ms >= oldest)
		return;
	rfc3339_format(oldest, text);
	fprintf(
	    stderr,
	    "weir import: %s: flows from before %.10s are older than store.retention_flows, the "
	    "store will remove them\n",
	    path, text);
}

static void print_result(const struct conf *c, const char *path, const struct import_result *r)
{
	char from[RFC3339_MAX], to[RFC3339_MAX];
	if (r->already) {
		printf("%s: already stored (%s); --again stores it once more\n", path, r->when);
		return;
	}
	printf("%s: %llu flows stored", path, (unsigned long long)r->rows);
	if (r->rows) {
		rfc3339_format(r->first_ms, from);
		rfc3339_format(r->last_ms, to);
		printf(", from %s to %s", from, to);
	}
	if (r->resumed)
		printf(" (%llu of them by an earlier run)", (unsigned long long)r->resumed);
	printf("%s\n", r->damaged ? "" : ".");
	if (r->damaged)
		fprintf(stderr, "weir import: %s: %llu damaged records or blocks were skipped\n",
			path, (unsigned long long)r->damaged);
	warn_age(c, path, r);
}

static int store_file(const char *path, const struct conf *c, enum import_kind kind,
		      const struct import_args *a)
{
	struct diag why = {0};
	struct import_result r;
	bool progress = !a->quiet && isatty(STDERR_FILENO);
	const struct import_run_opts o = {.conf = c,
					  .kind = kind,
					  .again = a->again,
					  .enrich = !a->no_enrich,
					  .stop = &stop,
					  .progress = progress ? show_rows : NULL,
					  .ctx = (void *)(uintptr_t)path};
	enum err e = import_run(path, &o, &r, &why);
	if (progress)
		fprintf(stderr, "\r\033[K");
	if (!e) {
		if (!a->quiet)
			print_result(c, path, &r);
		return EXIT_DONE;
	}
	if (e == ERR_CANCELLED)
		fprintf(stderr, "weir import: %s: stopped; the same command goes on from here\n",
			path);
	else
		fprintf(stderr, "weir import: %s\n", why.msg[0] ? why.msg : err_text(e));
	if (e == ERR_REFUSED || (e == ERR_NOT_FOUND && access(path, R_OK) == 0))
		fprintf(stderr, "an import needs a running Weir: start `weir up` first\n");
	return EXIT_FAILED;
}

int cmd_import(int argc, char **argv)
{
	struct import_args a = {.format = NULL};
	struct operands files;
	const struct conf *c = NULL;
	int status;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &a, 1, -1, &files, &status) == OPTS_EXIT)
		return status;
	enum import_kind kind = a.format ? import_kind_find(a.format) : IMPORT_DETECT;
	if (kind == IMPORT_KIND_MAX)
		return opts_usage("import", "--format %s: nfcapd or exports", a.format);
	if (!a.print && setup_conf(&a.common, &c))
		return EXIT_USAGE;
	const struct sigaction act = {.sa_handler = on_signal};
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	log_init("import", LOG_LVL_ERR, false);
	for (int i = 0; i < files.n && !atomic_load(&stop); i++) {
		int one =
		    a.print ? print_file(files.v[i], kind) : store_file(files.v[i], c, kind, &a);
		status = one ? one : status;
	}
	conf_put(&c);
	return atomic_load(&stop) ? EXIT_FAILED : status;
}
