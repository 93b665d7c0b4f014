/* SPDX-License-Identifier: Apache-2.0 */
/* What packet/live.h takes, one line per frame, for the tests that make traffic in network
 * namespaces: live_frames SOURCE WAY THREADS RING_BYTES SNAPLEN SPEED FILTER prints "ready" and how
 * when it is open, then "f READER T_NS LENGTH WIRE_LENGTH HEX" until SIGTERM, then the counters as
 * JSON. Slow on purpose with SLOW_MS in the environment: rings run full. */
#include "packet/live.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct thread {
	struct live_reader *reader;
	struct stats stats;
	pthread_t id;
	unsigned number;
	int slow_ms;
	atomic_bool *stop;
};

enum { HEX_BYTES = 96 };

static void print(const struct thread *t, const struct frame *f)
{
	char hex[2 * HEX_BYTES + 1] = "";
	for (size_t i = 0; i < f->n && i < HEX_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", f->p[i]);
	printf("f %u %" PRId64 " %zu %zu %s\n", t->number, f->t_ns, f->n, f->wire_n, hex);
}

static void *run(void *ctx)
{
	struct thread *t = ctx;
	struct frame v[LIVE_BURST];
	enum err e = ERR_OK;
	while (!e) {
		size_t n = 0;
		struct diag d = {0};
		e = live_next(t->reader, 20, v, LIVE_BURST, &n, &t->stats, &d);
		for (size_t i = 0; i < n; i++)
			print(t, &v[i]);
		if (n)
			fflush(stdout);
		if (n && t->slow_ms)
			(void)poll(NULL, 0, t->slow_ms);
		live_release(t->reader);
		if (e)
			printf("end %u %s\n", t->number, err_text(e));
		if (n == 0 && atomic_load(t->stop))
			break;
	}
	live_count(t->reader, &t->stats);
	return NULL;
}

int main(int argc, char **argv)
{
	static const char *const ways[] = {"auto", "af_packet", "xdp"};
	struct thread threads[LIVE_THREADS_MAX] = {0};
	struct diag d = {0};
	struct live *l;
	struct buf json = {0};
	struct stats sum = {0};
	atomic_bool stop = false;
	sigset_t set;
	int sig;
	if (argc != 8)
		return 2;
	struct live_opts o = {.threads = (uint32_t)strtoul(argv[3], NULL, 10),
			      .ring_bytes = strtoull(argv[4], NULL, 10),
			      .snaplen = (uint32_t)strtoul(argv[5], NULL, 10),
			      .speed = strtod(argv[6], NULL),
			      .filter = argv[7],
			      .block_ms = 20,
			      .promiscuous = true};
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (strcmp(argv[2], ways[i]) == 0)
			o.way = (enum live_way)i;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (live_open(argv[1], &o, &l, &d)) {
		fprintf(stderr, "%s\n", d.msg);
		return 1;
	}
	printf("ready %zu %s\n", live_readers(l), live_how(l));
	fflush(stdout);
	const char *slow = getenv("SLOW_MS");
	for (size_t i = 0; i < live_readers(l); i++) {
		threads[i] = (struct thread){.reader = live_reader(l, i),
					     .number = (unsigned)i,
					     .slow_ms = slow ? (int)strtol(slow, NULL, 10) : 0,
					     .stop = &stop};
		pthread_create(&threads[i].id, NULL, run, &threads[i]);
	}
	sigwait(&set, &sig);
	atomic_store(&stop, true);
	for (size_t i = 0; i < live_readers(l); i++) {
		pthread_join(threads[i].id, NULL);
		stats_add_to(&sum, &threads[i].stats);
	}
	stats_json(&json, &sum);
	printf("%s\n", buf_cstr(&json));
	buf_fini(&json);
	live_close(&l);
	return 0;
}
