/* SPDX-License-Identifier: Apache-2.0 */
/* `weir demo`: exports the traffic of a made-up office as two routers would, over UDP to a
 * collector on this machine. The past hour first, as fast as a collector takes it without a queue,
 * then on request second by second. */
#include "cmd/command.h"
#include "cmd/demo_export.h"
#include "cmd/opts.h"

#include "base/attr.h"
#include "base/timefmt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	HISTORY_PAUSE_EVERY = 20,
	HISTORY_PAUSE_NS = 2000000,
	SECONDS_PER_HOUR = 3600,
	HOURS_MAX = 168
};

struct demo_args {
	const char *to;
	uint64_t hours;
	bool live, quiet;
};

static const struct opt rows[] = {
    OPT(0, "to", STR, "ADDR:PORT", struct demo_args, to,
	"loopback address of the collector (127.0.0.1:2055)"),
    OPT_RANGE(0, "hours", U64, "N", struct demo_args, hours, 0, HOURS_MAX,
	      "hours of history to send first (1)"),
    OPT(0, "live", FLAG, NULL, struct demo_args, live, "then go on in real time until Ctrl-C"),
    OPT('q', "quiet", FLAG, NULL, struct demo_args, quiet, "no progress"),
};

struct exporter {
	int fd;
	struct sockaddr_in to;
	uint64_t datagrams, failed;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static void send_datagram(void *ctx, const void *p, size_t n)
{
	struct exporter *e = ctx;
	ssize_t done = sendto(e->fd, p, n, 0, (const struct sockaddr *)&e->to, sizeof(e->to));
	if (done != (ssize_t)n)
		e->failed++;
	else if (++e->datagrams % HISTORY_PAUSE_EVERY == 0)
		nanosleep(&(struct timespec){.tv_nsec = HISTORY_PAUSE_NS}, NULL);
}

/* A socket that sends from `from`, so that each router is an exporter of its own. */
static enum err exporter_open(struct exporter *e, const char *from, const struct sockaddr_in *to)
{
	struct sockaddr_in local = {.sin_family = AF_INET};
	inet_pton(AF_INET, from, &local.sin_addr);
	*e = (struct exporter){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), .to = *to};
	if (e->fd < 0 || bind(e->fd, (const struct sockaddr *)&local, sizeof(local)) < 0)
		return err_from_errno(errno);
	return ERR_OK;
}

/* Only loopback: made-up traffic has no business on a network. */
static enum err parse_to(const char *text, struct sockaddr_in *ret)
{
	const char *colon = strrchr(text, ':');
	char *end;
	struct ip a;
	if (!colon || ip_parse(text, (size_t)(colon - text), &a) || !ip_is_v4(&a) || a.b[12] != 127)
		return ERR_MALFORMED;
	unsigned long port = strtoul(colon + 1, &end, 10);
	if (*end || end == colon + 1 || port < 1 || port > 65535)
		return ERR_MALFORMED;
	*ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	memcpy(&ret->sin_addr, a.b + 12, 4);
	return ERR_OK;
}

static uint64_t send_second(struct demo_router *edge, struct demo_router *branch, int64_t second,
			    struct demo_flow *flows)
{
	size_t n = demo_second(second, flows);
	for (size_t i = 0; i < n; i++) {
		if (flows[i].branch)
			demo_nf5_add(branch, second, &flows[i]);
		else
			demo_ipfix_add(edge, second, &flows[i]);
	}
	demo_ipfix_flush(edge);
	demo_nf5_flush(branch);
	return n;
}

static uint64_t send_history(struct demo_router *edge, struct demo_router *branch, int64_t from,
			     int64_t to, const struct demo_args *a, struct demo_flow *flows)
{
	uint64_t sent = 0;
	bool progress = !a->quiet && isatty(STDERR_FILENO);
	for (int64_t s = from; s < to && !stop; s++) {
		sent += send_second(edge, branch, s, flows);
		if (progress && (s - from) % 60 == 0)
			fprintf(stderr, "\rweir demo: %lld of %lld minutes",
				(long long)(s - from) / 60, (long long)(to - from) / 60);
	}
	if (progress)
		fprintf(stderr, "\r\033[K");
	return sent;
}

static void send_live(struct demo_router *edge, struct demo_router *branch, int64_t second,
		      struct demo_flow *flows)
{
	while (!stop) {
		int64_t now = clock_wall_ms();
		if (now < (second + 1) * 1000) {
			int64_t ms = (second + 1) * 1000 - now;
			nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
			continue;
		}
		send_second(edge, branch, second++, flows);
	}
}

static int demo_run(const struct demo_args *a, const struct sockaddr_in *to)
{
	struct exporter edge_out, branch_out;
	enum err e = exporter_open(&edge_out, "127.0.0.2", to);
	if (!e)
		e = exporter_open(&branch_out, "127.0.0.3", to);
	struct demo_flow *flows = calloc(DEMO_FLOWS_PER_SECOND_MAX, sizeof(*flows));
	if (e || !flows) {
		fprintf(stderr, "weir demo: cannot open a socket: %s\n",
			err_text(e ? e : ERR_NOMEM));
		return EXIT_FAILED;
	}
	struct demo_router edge = {.send = send_datagram, .ctx = &edge_out};
	struct demo_router branch = {.send = send_datagram, .ctx = &branch_out};
	int64_t now = clock_wall_ms() / 1000;
	uint64_t sent =
	    send_history(&edge, &branch, now - (int64_t)a->hours * SECONDS_PER_HOUR, now, a, flows);
	if (!a->quiet)
		printf("weir demo: sent %llu h, %llu flows of an office in %llu datagrams to %s\n",
		       (unsigned long long)a->hours, (unsigned long long)sent,
		       (unsigned long long)(edge_out.datagrams + branch_out.datagrams), a->to);
	fflush(stdout);
	if (a->live)
		send_live(&edge, &branch, now, flows);
	uint64_t failed = edge_out.failed + branch_out.failed;
	if (failed)
		fprintf(stderr, "weir demo: %llu datagrams could not be sent\n",
			(unsigned long long)failed);
	buf_fini(&edge.datagram);
	buf_fini(&branch.datagram);
	free(flows);
	close(edge_out.fd);
	close(branch_out.fd);
	return failed ? EXIT_FAILED : EXIT_DONE;
}

int cmd_demo(int argc, char **argv)
{
	struct demo_args a = {.to = "127.0.0.1:2055", .hours = 1};
	struct operands o;
	struct sockaddr_in to;
	int status;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &a, 0, 0, &o, &status) == OPTS_EXIT)
		return status;
	if (parse_to(a.to, &to))
		return opts_usage(
		    "demo",
		    "--to %s: an IPv4 loopback address and a port are wanted, as in 127.0.0.1:2055",
		    a.to);
	struct sigaction act = {.sa_handler = on_signal};
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	return demo_run(&a, &to);
}
