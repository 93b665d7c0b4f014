/* SPDX-License-Identifier: Apache-2.0 */
/* `weir meter FILE...`: the packets of capture files as biflows, printed as NDJSON, written as an
 * IPFIX file or summed up. No daemon, no store. Flows go on from one file to the next. */
#include "meter/meter.h"
#include "base/buf.h"
#include "cmd/command.h"
#include "cmd/opts.h"
#include "encode/file.h"
#include "model/batch.h"
#include "model/record.h"
#include "model/stats.h"
#include "packet/bpf_filter.h"
#include "packet/capture.h"
#include "packet/peel.h"
#include "proto/appid.h"

#include <stdio.h>

enum { OUT_FLUSH = 64 * 1024 };

struct meter_args {
	bool summary, no_dissect, no_ndpi, no_quality, no_os, vlan_key, tunnel_key;
	bool community_id, histograms, empty_packets, bursts, nettisa;
	uint64_t packet_series, entropy, active, inactive, max_flows, sample_packets, sample_flows;
	const char *filter, *ipfix, *protocols;
};

static const struct opt rows[] = {
    OPT(0, "summary", FLAG, NULL, struct meter_args, summary,
	"print one JSON object of counts instead"),
    OPT(0, "ipfix", STR, "OUT", struct meter_args, ipfix,
	"write an IPFIX file instead of NDJSON; - is standard output"),
    OPT(0, "filter", STR, "EXPR", struct meter_args, filter,
	"only these packets, as tcpdump has it"),
    OPT(0, "active", DURATION, "TIME", struct meter_args, active,
	"a flow that goes on is exported after this long (300s)"),
    OPT(0, "inactive", DURATION, "TIME", struct meter_args, inactive,
	"a flow without packets for this long has ended (30s)"),
    OPT(0, "vlan-key", FLAG, NULL, struct meter_args, vlan_key,
	"flows in different VLANs are different flows"),
    OPT(0, "tunnel-key", FLAG, NULL, struct meter_args, tunnel_key,
	"flows in tunnels of different ids are different flows"),
    OPT(0, "no-dissect", FLAG, NULL, struct meter_args, no_dissect, "do not look at payloads"),
    OPT(0, "protocols", STR, "LIST", struct meter_args, protocols,
	"look only for these: dns,tls; not for these: '!rtp'"),
    OPT(0, "no-ndpi", FLAG, NULL, struct meter_args, no_ndpi,
	"do not ask libndpi for names of applications that no dissector knows"),
    OPT(0, "community-id", FLAG, NULL, struct meter_args, community_id,
	"the Community ID of each flow"),
    OPT(0, "no-quality", FLAG, NULL, struct meter_args, no_quality,
	"do not measure delays and losses"),
    OPT(0, "no-os", FLAG, NULL, struct meter_args, no_os,
	"do not guess operating systems from how TCP connections begin"),
    OPT_RANGE(0, "packet-series", U64, "N", struct meter_args, packet_series, 0, SERIES_PACKETS_MAX,
	      "lengths, times, flags, directions of the first N packets with payload"),
    OPT(0, "histograms", FLAG, NULL, struct meter_args, histograms,
	"how many packets were how long, and how far apart"),
    OPT(0, "empty-packets", FLAG, NULL, struct meter_args, empty_packets,
	"these two also of packets without payload"),
    OPT(0, "bursts", FLAG, NULL, struct meter_args, bursts,
	"runs of packets less than a second apart"),
    OPT(0, "nettisa", FLAG, NULL, struct meter_args, nettisa,
	"figures of the flow as a time series"),
    OPT_RANGE(0, "entropy", U64, "N", struct meter_args, entropy, 0, SERIES_ENTROPY_MAX,
	      "Shannon entropy of the first N payload bytes of each direction"),
    OPT_RANGE(0, "max-flows", U64, "N", struct meter_args, max_flows, METER_FLOWS_MIN,
	      METER_FLOWS_MAX, "flows at once (1048576)"),
    OPT_RANGE(0, "sampling", U64, "N", struct meter_args, sample_packets, 1, UINT32_MAX,
	      "look at one packet in so many"),
    OPT_RANGE(0, "flow-sampling", U64, "N", struct meter_args, sample_flows, 1, UINT32_MAX,
	      "keep one flow in so many"),
};

struct meter_run {
	struct meter_args args;
	struct stats stats;
	struct meter *meter;
	struct appid *appid;
	struct ipfix_file *ipfix;
	struct buf out;
	uint64_t frames, filtered, records;
	bool failed;
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
	if (r->ipfix && ipfix_file_put(r->ipfix, b))
		r->failed = true;
	for (uint32_t i = 0; !r->args.summary && !r->ipfix && i < b->n; i++) {
		record_json(&r->out, b, i);
		buf_u8(&r->out, '\n');
		if (r->out.n > OUT_FLUSH)
			write_out(r);
	}
}

/* The filter of a file, compiled for the link type of the last frame: of a file's interfaces most
 * have the same. */
struct file_filter {
	struct bpf_filter *filter;
	enum link_type link;
};

static enum err set_link(struct meter_run *r, struct file_filter *f, enum link_type link,
			 struct diag *diag)
{
	bpf_filter_free(&f->filter);
	f->link = link;
	return bpf_filter_new(r->args.filter, NULL, link, 0, &f->filter, diag);
}

/* Leaves the frames that the filter takes at the front, *n of them. */
static enum err filter_frames(struct meter_run *r, struct file_filter *f, struct frame *frames,
			      size_t *n, struct diag *diag)
{
	size_t kept = 0;
	for (size_t i = 0; i < *n; i++) {
		enum err e =
		    frames[i].link == f->link ? ERR_OK : set_link(r, f, frames[i].link, diag);
		if (e)
			return e;
		if (bpf_filter_takes(f->filter, &frames[i]))
			frames[kept++] = frames[i];
	}
	r->filtered += *n - kept;
	*n = kept;
	return ERR_OK;
}

static enum err meter_frames_of(struct meter_run *r, struct capture *c, struct diag *diag)
{
	struct frame frames[METER_BURST];
	struct file_filter filter = {0};
	enum link_type strange = LINK_UNKNOWN;
	size_t n;
	enum err e = r->args.filter ? set_link(r, &filter, capture_link(c), diag) : ERR_OK;
	while (!e && (e = capture_burst(c, frames, METER_BURST, &n, diag)) == ERR_OK) {
		r->frames += n;
		if (unlikely(!peel_knows(frames[0].link)))
			strange = frames[0].link;
		if (r->args.filter && (e = filter_frames(r, &filter, frames, &n, diag)))
			break;
		meter_frames(r->meter, frames, n);
	}
	bpf_filter_free(&filter.filter);
	if (e == ERR_NOT_FOUND && strange != LINK_UNKNOWN)
		return diag_set(diag, ERR_UNSUPPORTED, 0, 0,
				"frames of link type %d are not metered (tcpdump.org/linktypes "
				"has its name)",
				(int)strange);
	return e;
}

/* EXIT_FAILED after a message; what could be read is metered. */
static int meter_file(struct meter_run *r, const char *path)
{
	struct diag diag = {0};
	struct capture *c;
	enum err e = capture_open(path, &c, &diag);
	if (e) {
		fprintf(stderr, "weir meter: %s\n", diag.msg);
		return EXIT_FAILED;
	}
	e = meter_frames_of(r, c, &diag);
	capture_close(c);
	if (e == ERR_NOT_FOUND)
		return EXIT_DONE;
	fprintf(stderr, "weir meter: %s: %s\n", path, diag.msg);
	return EXIT_FAILED;
}

/* The counters of a group of stats.def that are not zero. */
static void group(const struct meter_run *r, struct buf *b, const char *name)
{
	buf_json_key(b, name);
	buf_u8(b, '{');
	for (int i = 0; i < STAT_MAX; i++) {
		const struct stat_info *s = &stat_table[i];
		if (strcmp(s->group, name) != 0 || s->gauge || !r->stats.v[i])
			continue;
		buf_json_key(b, s->name);
		buf_dec(b, r->stats.v[i]);
	}
	buf_u8(b, '}');
}

static void summary(struct meter_run *r)
{
	const struct {
		const char *key;
		uint64_t n;
	} counts[] = {
	    {"frames", r->frames},
	    {"filtered", r->filtered},
	    {"packets", r->stats.v[ST_meter_packets]},
	    {"bytes", r->stats.v[ST_meter_bytes]},
	    {"flows", r->stats.v[ST_meter_flows]},
	    {"records", r->records},
	};
	struct buf *b = &r->out;
	buf_u8(b, '{');
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		buf_json_key(b, counts[i].key);
		buf_dec(b, counts[i].n);
	}
	group(r, b, "meter");
	group(r, b, "appid");
	group(r, b, "unmetered");
	buf_str(b, "}\n");
}

/* Opens what the options name; a message if it cannot. */
static bool begin(struct meter_run *r)
{
	const struct meter_args *a = &r->args;
	const struct appid_opts names = {.stats = &r->stats};
	if (!a->no_dissect && !a->no_ndpi && appid_new(&names, &r->appid) == ERR_NOMEM) {
		fprintf(stderr, "weir meter: %s\n", err_text(ERR_NOMEM));
		return false;
	}
	struct meter_opts opts = {.active_ms = a->active,
				  .inactive_ms = a->inactive,
				  .max_flows = a->max_flows,
				  .vlan_key = a->vlan_key,
				  .community_id = a->community_id,
				  .tunnel_key = a->tunnel_key,
				  .dissect = !a->no_dissect,
				  .appid = r->appid,
				  .quality = !a->no_quality,
				  .os = !a->no_os,
				  .series = {.packets = (uint8_t)a->packet_series,
					     .empty = a->empty_packets,
					     .histograms = a->histograms,
					     .bursts = a->bursts,
					     .nettisa = a->nettisa,
					     .entropy = (uint16_t)a->entropy},
				  .sample_packets = (uint32_t)a->sample_packets,
				  .sample_flows = (uint32_t)a->sample_flows,
				  .stats = &r->stats,
				  .emit = take_batch,
				  .ctx = r};
	const struct ipfix_file_opts file = {.domain = 0};
	struct diag diag = {0};
	if (a->protocols && protocols_parse(a->protocols, &opts.protocols, &diag)) {
		fprintf(stderr, "weir meter: --protocols: %s\n", diag.msg);
		return false;
	}
	if (a->ipfix && ipfix_file_create(a->ipfix, &file, &r->ipfix, &diag)) {
		fprintf(stderr, "weir meter: %s\n", diag.msg);
		return false;
	}
	if (meter_new(&opts, &r->meter)) {
		fprintf(stderr, "weir meter: %s\n", err_text(ERR_NOMEM));
		return false;
	}
	return true;
}

int cmd_meter(int argc, char **argv)
{
	static struct meter_run r;
	struct operands files;
	int status = EXIT_DONE;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &r.args, 1, -1, &files, &status) ==
	    OPTS_EXIT)
		return status;
	if (!begin(&r))
		return EXIT_FAILED;
	for (int i = 0; i < files.n; i++)
		if (meter_file(&r, files.v[i]))
			status = EXIT_FAILED;
	meter_flush(r.meter);
	if (ipfix_file_close(r.ipfix) || r.failed) {
		fprintf(stderr, "weir meter: %s: cannot be written\n", r.args.ipfix);
		status = EXIT_FAILED;
	}
	if (r.args.summary)
		summary(&r);
	write_out(&r);
	meter_free(r.meter);
	appid_free(r.appid);
	buf_fini(&r.out);
	return fflush(stdout) ? EXIT_FAILED : status;
}
