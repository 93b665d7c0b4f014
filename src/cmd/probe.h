/* SPDX-License-Identifier: Apache-2.0 */
/* weir-probe: packets of interfaces to flows of collectors. Its parts:
 *
 *   probe_main.c     opens, gives up its privileges, starts and stops
 *   probe_sources.c  probe.interfaces
 *   probe_thread.c   a capture thread: frames -> its own meter -> the exporter
 *   probe_state.c    what the control socket says
 *   probe_check.c    weir probe --check IFACE
 *
 * Threads share nothing but the exporter, which takes whole batches and never lets anybody wait. */
#pragma once
#include "cmd/opts.h"
#include "cmd/reload.h"
#include "encode/exporter.h"
#include "model/stats.h"
#include "packet/live.h"
#include "proto/protocols.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct appid;
struct meter;

enum { PROBE_SOURCES_MAX = 16, PROBE_THREADS_MAX = 256, PROBE_NAME_MAX = 64 };

struct probe_source {
	const char *text; /* borrowed from conf */
	struct live *live;
	bool file;           /* comes to an end */
	atomic_uint running; /* threads that have not come to it */
	char error[160];     /* why it ended before it should; written before `running` is 0 */
};

struct probe_thread {
	struct probe *probe;
	struct probe_source *source;
	struct live_reader *reader;
	struct meter *meter;
	struct appid *appid;       /* NULL: libndpi is not asked */
	struct batch *spare;       /* given to the exporter in exchange for a full one */
	struct stats stats;        /* the thread's own */
	struct stats shown;        /* as it was between two bursts, so that it balances */
	pthread_mutex_t lock;      /* of shown */
	char name[PROBE_NAME_MAX]; /* of its interface and number */
	pthread_t id;
	bool runs;
};

struct probe_args {
	struct common_args common;
	const char *check; /* NULL: run */
	bool json, once;
	const char *speed;
};

struct probe {
	const struct conf *conf; /* borrowed from reload */
	struct reload reload;
	struct probe_args args;
	double speed; /* of files; 0 = at once */
	struct protocols protocols;
	struct probe_source source[PROBE_SOURCES_MAX];
	size_t n_sources;
	struct probe_thread *thread; /* PROBE_THREADS_MAX */
	size_t n_threads;
	struct exporter *exporter;
	pthread_t export_id;
	bool exporting;
	struct control *control;
	atomic_bool stop;
	atomic_bool failed; /* a source is gone: end, so that the supervisor starts us anew */
};

/* probe_sources.c: opens probe.interfaces with all their readers. */
must_check enum err probe_open_sources(struct probe *p, struct diag *d);
void probe_close_sources(struct probe *p);
/* What flows name in in_if, for the exporter's option records; returns how many. Names are those of
 * if_name, room for as many. */
struct export_interface;
size_t probe_interfaces(const struct probe *p, struct export_interface *ret, size_t max,
			char names[][16]);

/* probe_thread.c */
must_check enum err probe_thread_init(struct probe *p, struct probe_source *s, size_t reader,
				      struct probe_thread *t);
void probe_thread_fini(struct probe_thread *t);
/* The thread: returns after probe.stop, or when its source has come to its end; everything was
 * given to the exporter. */
void *probe_capture(void *thread);

/* probe_state.c */
/* Adds the counters of all threads, and the exporter's. */
void probe_stats(void *probe, struct stats *sum);
/* Those of the threads alone, for the exporter's option records. */
void probe_thread_stats(void *probe, struct stats *sum);
/* Whether every frame is in a flow or has a reason why not. */
bool probe_balanced(const struct stats *s);
struct control_ops;
void probe_control_ops(struct probe *p, struct control_ops *ret);

/* probe_check.c */
/* Prints what stands in the way of capturing on an interface; returns an exit code. */
int probe_check(const struct conf *conf, const char *interface, bool json);
/* The same to the log, but for notes. */
void probe_check_log(const struct conf *conf, const char *interface);
