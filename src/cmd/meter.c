/* SPDX-License-Identifier: Apache-2.0 */
/* `weir meter FILE...`: the packets of capture files as biflows, printed as NDJSON or summed up. No
 * daemon, no store. Flows go on from one file to the next. */
#include "meter/meter.h"
#include "base/buf.h"
#include "cmd/command.h"
#include "cmd/opts.h"
#include "model/batch.h"
#include "model/record.h"
#include "model/stats.h"
#include "packet/capture.h"

#include <stdio.h>

enum { OUT_FLUSH = 64 * 1024 };

struct meter_args {
	bool summary, no_dissect, no_quality, vlan_key, tunnel_key;
	uint64_t active, inactive, max_flows;
};

static const struct opt rows[] = {
    OPT(0, "summary", FLAG, NULL, struct meter_args, summary,
	"print one JSON object of counts instead"),
    OPT(0, "active", DURATION, "TIME", struct meter_args, active,
	"a flow that goes on is exported after this long (300s)"),
    OPT(0, "inactive", DURATION, "TIME", struct meter_args, inactive,
	"a flow without packets for this long has ended (30s)"),
    OPT(0, "vlan-key", FLAG, NULL, struct meter_args, vlan_key,
	"flows in different VLANs are different flows"),
    OPT(0, "tunnel-key", FLAG, NULL, struct meter_args, tunnel_key,
	"flows in tunnels of different ids are different flows"),
    OPT(0, "no-dissect", FLAG, NULL, struct meter_args, no_dissect, "do not look at payloads"),
    OPT(0, "no-quality", FLAG, NULL, struct meter_args, no_quality,
	"do not measure delays and losses"),
    OPT_RANGE(0, "max-flows", U64, "N", struct meter_args, max_flows, METER_FLOWS_MIN,
	      METER_FLOWS_MAX, "flows at once (1048576)"),
};

struct meter_run {
	struct meter_args args;
	struct stats stats;
	struct meter *meter;
	struct buf out;
	uint64_t frames, records;
};

static void write_out(struct meter_run *r)
{
	if (r->out.n)
		fwrite(r->out.p, 1, r->out.n, stdout);
	buf_reset(&r->out);
}

static void take_batch(void *ctx, struct batch *b)
{
	struct meter_run *r = ctx;
	r->records += b->n;
	for (uint32_t i = 0; !r->args.summary && i < b->n; i++) {
		record_json(&r->out, b, i);
		buf_u8(&r->out, '\n');
		if (r->out.n > OUT_FLUSH)
			write_out(r);
	}
}

/* EXIT_FAILED after a message; what could be read is metered. */
static int meter_file(struct meter_run *r, const char *path)
{
	struct diag diag = {0};
	struct capture *c;
	struct frame frames[METER_BURST];
	size_t n;
	enum err e = capture_open(path, &c, &diag);
	if (e) {
		fprintf(stderr, "weir meter: %s\n", diag.msg);
		return EXIT_FAILED;
	}
	while ((e = capture_burst(c, frames, METER_BURST, &n, &diag)) == ERR_OK) {
		meter_frames(r->meter, frames, n);
		r->frames += n;
	}
	capture_close(c);
	if (e == ERR_NOT_FOUND)
		return EXIT_DONE;
	fprintf(stderr, "weir meter: %s: %s\n", path, diag.msg);
	return EXIT_FAILED;
}

static void summary(struct meter_run *r)
{
	struct buf *b = &r->out;
	buf_u8(b, '{');
	buf_json_key(b, "frames");
	buf_dec(b, r->frames);
	buf_json_key(b, "packets");
	buf_dec(b, r->stats.v[ST_meter_packets]);
	buf_json_key(b, "bytes");
	buf_dec(b, r->stats.v[ST_meter_bytes]);
	buf_json_key(b, "flows");
	buf_dec(b, r->stats.v[ST_meter_flows]);
	buf_json_key(b, "records");
	buf_dec(b, r->records);
	buf_json_key(b, "unmetered");
	buf_u8(b, '{');
	for (int i = 0; i < STAT_MAX; i++) {
		const struct stat_info *s = &stat_table[i];
		if (strcmp(s->group, "unmetered") != 0 || !r->stats.v[i])
			continue;
		buf_json_key(b, s->name);
		buf_dec(b, r->stats.v[i]);
	}
	buf_str(b, "}}\n");
}

int cmd_meter(int argc, char **argv)
{
	static struct meter_run r;
	struct operands files;
	int status = EXIT_DONE;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &r.args, 1, -1, &files, &status) ==
	    OPTS_EXIT)
		return status;
	const struct meter_opts opts = {.active_ms = r.args.active,
					.inactive_ms = r.args.inactive,
					.max_flows = r.args.max_flows,
					.vlan_key = r.args.vlan_key,
					.tunnel_key = r.args.tunnel_key,
					.dissect = !r.args.no_dissect,
					.quality = !r.args.no_quality,
					.stats = &r.stats,
					.emit = take_batch,
					.ctx = &r};
	if (meter_new(&opts, &r.meter)) {
		fprintf(stderr, "weir meter: %s\n", err_text(ERR_NOMEM));
		return EXIT_FAILED;
	}
	for (int i = 0; i < files.n; i++)
		if (meter_file(&r, files.v[i]))
			status = EXIT_FAILED;
	meter_flush(r.meter);
	if (r.args.summary)
		summary(&r);
	write_out(&r);
	meter_free(r.meter);
	buf_fini(&r.out);
	return fflush(stdout) ? EXIT_FAILED : status;
}
