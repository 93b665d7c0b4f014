/* SPDX-License-Identifier: Apache-2.0 */
/* `weir decode FILE...`: flow exports in files through the collector's own decoders, printed as
 * NDJSON or summed up. No daemon, no store. Templates are kept across the files of one call. */
#include "decode/decode.h"
#include "cmd/command.h"
#include "cmd/opts.h"
#include "decode/export_file.h"
#include "decode/option_json.h"
#include "decode/sflow.h"
#include "model/batch.h"
#include "model/record.h"

#include <stdio.h>
#include <string.h>

enum { OUT_FLUSH = 64 * 1024 };

struct decode_args {
	bool summary, options, counters;
};

static const struct opt rows[] = {
    OPT(0, "summary", FLAG, NULL, struct decode_args, summary,
	"print one JSON object of counts and sums instead"),
    OPT(0, "options", FLAG, NULL, struct decode_args, options, "print option records too"),
    OPT(0, "counters", FLAG, NULL, struct decode_args, counters, "print sFlow counter samples too"),
};

struct decode_run {
	struct decode_args args;
	struct stats stats;
	struct decoder *decoder;
	struct buf out;
	uint64_t flows, bytes, packets, rev_bytes, rev_packets;
};

static void write_out(struct decode_run *r)
{
	if (r->out.n)
		fwrite(r->out.p, 1, r->out.n, stdout);
	buf_reset(&r->out);
}

static uint64_t sum(const struct batch *b, enum field f)
{
	uint64_t n = 0;
	if (!b->col[f] || !batch_has(b, f))
		return 0;
	for (uint32_t i = 0; i < b->n; i++)
		n += batch_u64(b, f)[i];
	return n;
}

static void take_batch(void *ctx, struct batch *b)
{
	struct decode_run *r = ctx;
	r->flows += b->n;
	r->bytes += sum(b, F_bytes);
	r->packets += sum(b, F_packets);
	r->rev_bytes += sum(b, F_rev_bytes);
	r->rev_packets += sum(b, F_rev_packets);
	for (uint32_t i = 0; !r->args.summary && i < b->n; i++) {
		record_json(&r->out, b, i);
		buf_u8(&r->out, '\n');
		if (r->out.n > OUT_FLUSH)
			write_out(r);
	}
}

static void take_option(void *ctx, const struct option_record *o)
{
	struct decode_run *r = ctx;
	if (!r->args.options || r->args.summary)
		return;
	option_json(&r->out, o);
	buf_u8(&r->out, '\n');
}

static void take_counters(void *ctx, const struct counter_sample *s)
{
	struct decode_run *r = ctx;
	if (!r->args.counters || r->args.summary)
		return;
	counter_sample_json(&r->out, s);
	buf_u8(&r->out, '\n');
}

/* EXIT_FAILED after a message; what could be read is decoded. */
static int decode_file(struct decode_run *r, const char *path)
{
	struct diag diag = {0};
	struct export_file *f;
	struct datagram dg;
	int64_t t_ns;
	enum err e = export_file_open(path, &r->stats, &f, &diag);
	if (e) {
		fprintf(stderr, "weir decode: %s\n", diag.msg);
		return EXIT_FAILED;
	}
	while ((e = export_file_next(f, &dg, &t_ns, &diag)) == ERR_OK)
		decoder_feed(r->decoder, &dg);
	export_file_close(f);
	decoder_flush(r->decoder);
	write_out(r);
	if (e == ERR_NOT_FOUND)
		return EXIT_DONE;
	fprintf(stderr, "weir decode: %s: %s\n", path, diag.msg);
	return EXIT_FAILED;
}

/* What came from a source of exports and could not be decoded, by reason. */
static void summary_malformed(const struct decode_run *r, struct buf *b)
{
	buf_json_key(b, "malformed");
	buf_u8(b, '{');
	for (int i = 0; i < STAT_MAX; i++) {
		const struct stat_info *s = &stat_table[i];
		bool counts = strcmp(s->group, "malformed") == 0 ||
			      (strcmp(s->group, "reject") == 0 && i != ST_reject_not_export);
		if (!counts || r->stats.v[i] == 0)
			continue;
		buf_json_key(b, s->name);
		buf_dec(b, r->stats.v[i]);
	}
	buf_u8(b, '}');
}

static void summary(struct decode_run *r)
{
	const uint64_t *v = r->stats.v;
	const struct {
		const char *key;
		uint64_t n;
	} counts[] = {
	    {"datagrams", v[ST_datagrams_decoded]},
	    {"flows", r->flows},
	    {"option_records", v[ST_records_options]},
	    {"templates", v[ST_templates_received]},
	    {"option_templates", v[ST_templates_options_received]},
	    {"withdrawals", v[ST_templates_withdrawn]},
	    {"bytes", r->bytes},
	    {"packets", r->packets},
	    {"rev_bytes", r->rev_bytes},
	    {"rev_packets", r->rev_packets},
	    {"flow_samples", v[ST_samples_flow]},
	    {"counter_samples", v[ST_samples_counter]},
	    {"discard_samples", v[ST_samples_discard]},
	    {"sets_without_template", v[ST_sets_without_template] + v[ST_sets_held]},
	};
	struct buf *b = &r->out;
	buf_u8(b, '{');
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		buf_json_key(b, counts[i].key);
		buf_dec(b, counts[i].n);
	}
	summary_malformed(r, b);
	buf_str(b, "}\n");
	write_out(r);
}

int cmd_decode(int argc, char **argv)
{
	static struct decode_run r;
	struct operands files;
	int status = EXIT_DONE;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &r.args, 1, -1, &files, &status) ==
	    OPTS_EXIT)
		return status;
	/* Files of one exporter may be of days far apart. */
	const struct decoder_opts opts = {.template_ms = INT64_MAX,
					  .held_ms = INT64_MAX,
					  .in_order = !r.args.summary,
					  .stats = &r.stats,
					  .emit = take_batch,
					  .option = take_option,
					  .counters = take_counters,
					  .ctx = &r};
	if (decoder_new(&opts, &r.decoder)) {
		fprintf(stderr, "weir decode: %s\n", err_text(ERR_NOMEM));
		return EXIT_FAILED;
	}
	for (int i = 0; i < files.n; i++)
		if (decode_file(&r, files.v[i]))
			status = EXIT_FAILED;
	if (r.args.summary)
		summary(&r);
	if (r.stats.v[ST_datagrams_decoded] == 0) {
		fprintf(stderr, "weir decode: no flow export found\n");
		status = EXIT_FAILED;
	}
	decoder_free(r.decoder);
	buf_fini(&r.out);
	return fflush(stdout) ? EXIT_FAILED : status;
}
