/* SPDX-License-Identifier: Apache-2.0 */
/* `weir replay FILE --to HOST:PORT`: sends the flow exports of a file as UDP datagrams, or over TCP
 * or TLS, with the pauses of the capture or at a given rate. The bytes are sent as they are. What
 * is an export the decoder says. */
#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/opts.h"
#include "cmd/replay_to.h"
#include "decode/decode.h"
#include "decode/export_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { UNTIMED_PPS = 1000 };
static const uint64_t ns_per_s = 1000000000;

struct replay_args {
	const char *to, *speed, *ca;
	uint64_t pps, loop;
};

static const struct opt rows[] = {
    OPT(0, "to", STR, "HOST:PORT", struct replay_args, to,
	"where to send; tcp://HOST:PORT and tls://HOST:PORT take IPFIX alone"),
    OPT(0, "ca", STR, "FILE", struct replay_args, ca,
	"tls://: whom the certificate must come from (PEM); without it, it is not checked"),
    OPT(0, "speed", STR, "X", struct replay_args, speed,
	"times the speed of the capture; 0 = without pauses (default 1)"),
    OPT_RANGE(0, "pps", U64, "N", struct replay_args, pps, 1, 100000000,
	      "datagrams per second instead"),
    OPT_RANGE(0, "loop", U64, "N", struct replay_args, loop, 1, 1000000000,
	      "send the file N times (default 1)"),
};

struct replay_run {
	struct replay_args args;
	double speed;
	struct replay_to *to;
	struct stats stats;
	struct decoder *decoder;
	uint64_t start_ns;   /* our clock at the first datagram of this round */
	int64_t captured_ns; /* time of the first datagram of this round, 0 = none yet */
	uint64_t in_round, datagrams, bytes, failed;
	uint64_t skipped; /* exports that cannot go over a stream */
	enum err broken;  /* the stream is over */
};

static void ignore_batch(void *ctx unused_arg, struct batch *b unused_arg) {}

/* How long after the start of the round the datagram is due. */
static uint64_t due_after(const struct replay_run *r, int64_t t_ns)
{
	if (r->args.pps)
		return (uint64_t)((double)r->in_round * (double)ns_per_s / (double)r->args.pps);
	if (r->speed <= 0)
		return 0;
	if (t_ns == 0)
		return (uint64_t)((double)r->in_round * (double)ns_per_s / UNTIMED_PPS / r->speed);
	return t_ns > r->captured_ns ? (uint64_t)((double)(t_ns - r->captured_ns) / r->speed) : 0;
}

static void wait_until(uint64_t due_ns)
{
	struct timespec t = {(time_t)(due_ns / ns_per_s), (long)(due_ns % ns_per_s)};
	if (due_ns > clock_mono_ns())
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
			;
}

static void send_one(struct replay_run *r, const struct datagram *dg, int64_t t_ns)
{
	if (r->in_round == 0) {
		r->start_ns = clock_mono_ns();
		r->captured_ns = t_ns;
	}
	wait_until(r->start_ns + due_after(r, t_ns));
	enum err e = replay_to_send(r->to, dg->p, dg->n);
	r->in_round++;
	if (e == ERR_UNSUPPORTED) {
		r->skipped++;
	} else if (e) {
		r->failed++;
		r->broken = replay_to_is_stream(r->to) ? e : ERR_OK;
	} else {
		r->datagrams++;
		r->bytes += dg->n;
	}
}

static int replay_once(struct replay_run *r, const char *path)
{
	struct diag diag = {0};
	struct export_file *f;
	struct datagram dg;
	int64_t t_ns;
	enum err e = export_file_open(path, &r->stats, &f, &diag);
	if (e) {
		fprintf(stderr, "weir replay: %s\n", diag.msg);
		return EXIT_FAILED;
	}
	r->in_round = 0;
	while (!r->broken && (e = export_file_next(f, &dg, &t_ns, &diag)) == ERR_OK) {
		uint64_t before = stat_get(&r->stats, ST_datagrams_decoded);
		decoder_feed(r->decoder, &dg);
		if (stat_get(&r->stats, ST_datagrams_decoded) > before)
			send_one(r, &dg, t_ns);
	}
	export_file_close(f);
	if (r->broken) {
		fprintf(stderr, "weir replay: %s: %s\n", r->args.to, err_text(r->broken));
		return EXIT_FAILED;
	}
	if (e == ERR_NOT_FOUND)
		return EXIT_DONE;
	fprintf(stderr, "weir replay: %s: %s\n", path, diag.msg);
	return EXIT_FAILED;
}

static int report(const struct replay_run *r, uint64_t took_ns)
{
	printf("sent %llu datagrams, %llu bytes in %.3f s\n", (unsigned long long)r->datagrams,
	       (unsigned long long)r->bytes, (double)took_ns / (double)ns_per_s);
	if (r->failed)
		fprintf(stderr, "weir replay: %llu datagrams could not be sent\n",
			(unsigned long long)r->failed);
	if (r->skipped)
		fprintf(stderr, "weir replay: %llu exports are not IPFIX and were not sent\n",
			(unsigned long long)r->skipped);
	else if (r->datagrams == 0 && r->failed == 0)
		fprintf(stderr, "weir replay: no flow export found\n");
	return r->datagrams && !r->failed ? EXIT_DONE : EXIT_FAILED;
}

int cmd_replay(int argc, char **argv)
{
	static struct replay_run r = {.args = {.speed = "1", .loop = 1}};
	struct operands files;
	int status = EXIT_DONE;
	char *end;
	struct diag d = {0};
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &r.args, 1, 1, &files, &status) ==
	    OPTS_EXIT)
		return status;
	if (!r.args.to)
		return opts_usage(argv[0], "--to HOST:PORT is missing");
	r.speed = strtod(r.args.speed, &end);
	if (*end || end == r.args.speed || !(r.speed >= 0 && r.speed < 1e9))
		return opts_usage(argv[0], "--speed: \"%s\" is not a number such as 0.5 or 10",
				  r.args.speed);
	enum err e = replay_to_open(r.args.to, r.args.ca, &r.to, &d);
	if (e == ERR_SYNTAX)
		return opts_usage(argv[0], "--to: %s", d.msg);
	if (e) {
		fprintf(stderr, "weir replay: %s\n", d.msg);
		return EXIT_FAILED;
	}
	const struct decoder_opts opts = {.stats = &r.stats, .emit = ignore_batch};
	if (decoder_new(&opts, &r.decoder)) {
		fprintf(stderr, "weir replay: %s\n", err_text(ERR_NOMEM));
		replay_to_close(r.to);
		return EXIT_FAILED;
	}
	uint64_t start = clock_mono_ns();
	for (uint64_t i = 0; i < r.args.loop && !status; i++)
		status = replay_once(&r, files.v[0]);
	int sent = report(&r, clock_mono_ns() - start);
	decoder_free(r.decoder);
	replay_to_close(r.to);
	return status ? status : sent;
}
