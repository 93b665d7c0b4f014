/* SPDX-License-Identifier: Apache-2.0 */
/* weir-collect: what its files share. Threads: one per receive socket set (collect_receive.c), one
 * for all TCP and TLS sessions (collect_sessions.c), the spool's flusher and syncer, the loader,
 * and those of the control socket, which only read snapshots. */
#pragma once
#include "cmd/handoff.h"
#include "cmd/reload.h"
#include "decode/decode.h"
#include "model/account.h"
#include "model/sequence.h"
#include "spool/spool.h"

#include <pthread.h>
#include <stdatomic.h>

struct admit;
struct conf;
struct dedup;
struct dedup_thread;
struct enrich;
struct enrich_seat;
struct names;
struct names_writer;
struct forward;
struct forward_scratch;
struct poller;
struct repeats;
struct loader;
struct sessions;
struct tls_context;
struct udp_rx;

/* Where an exporter stood, for rates and means of the time since. */
struct exporter_mark {
	int64_t ms;
	uint64_t records, lag_records;
	int64_t lag_sum_ms;
};
enum { EXPORTER_MARKS = 7, EXPORTER_MARK_MS = 10000 };

/* An exporter as the control socket shows it. */
struct exporter_row {
	struct exporter_info info;
	struct exporter_mark mark[EXPORTER_MARKS]; /* one in EXPORTER_MARK_MS, the newest first */
	uint32_t n_marks;
	uint64_t duplicates;  /* records of it that were marked */
	double rate, rate_1m; /* records/s over the last 10 s and the last minute */
	int64_t lag_ms;       /* mean of the last minute */
};

struct exporter_rows {
	struct exporter_row *v; /* owned, sorted by key */
	size_t n, cap;
};

/* What a reload changes; immutable, shared (collect_rules.c). */
struct collect_rules {
	const struct conf *conf; /* a reference */
	struct tls_context *tls; /* of tls:// addresses; NULL = no certificate, or a bad one */
	char tls_error[240];     /* what is wrong with it; "" = nothing */
	struct forward *forward;
	struct dedup *dedup;             /* a reference; NULL: off */
	struct collect_sockets *sockets; /* a reference */
	atomic_uint users;
};

/* Where exporters send to; shared by the rules that have the same (collect_sockets.c). */
struct collect_sockets {
	struct handoff set; /* owned */
	atomic_uint users;
};

enum { HOSTS_TOLD = 1024 };
struct collect_thread {
	struct collect *collect;
	pthread_t id;
	bool running; /* id is valid */
	struct stats stats;
	struct udp_rx *rx;           /* of a receive thread, else NULL */
	struct sessions *sessions;   /* of the thread of sessions, else NULL */
	uint64_t tls_said_ns;        /* when a failed handshake was last logged */
	struct collect_rules *rules; /* its own reference */
	uint32_t rules_serial;       /* written under rules_lock */
	struct admit *admit;
	struct forward_scratch *forward;
	struct repeats *repeats; /* of the thread of sessions */
	uint32_t repeated;       /* rules_serial of the destinations that were told templates */
	struct decoder *decoder;
	struct spool_writer *writer;
	struct counter_ring *counters;
	struct enrich_seat *enrich;
	struct dedup_thread *dedup;
	struct decoder_sequence *sequences; /* max_exporters each */
	struct exporter_seq *seqs;
	struct exporter_rows next; /* built outside the lock */
	pthread_mutex_t lock;      /* of shown */
	struct exporter_rows shown;
	uint64_t
	    hosts_told[HOSTS_TOLD]; /* hashes of names of hosts, so that one told again is cheap */
};

enum { COLLECT_THREADS_MAX = 64 };

struct collect {
	const struct conf *conf; /* as at the start, borrowed from reload; see rules->conf */
	struct reload reload;
	struct collect_sockets *sockets; /* until the first rules have them */
	bool handed;                     /* the sockets live on without us */
	int more_sockets;                /* where other sets come from; 0 = nowhere */
	uint64_t socket_buffer;          /* what the kernel granted each, bytes */
	struct spool *spool;
	struct loader *loader;
	struct counter_queue *counters;
	atomic_bool received; /* the receive threads have ended */
	struct vault *vault;  /* what exporters told, over restarts */
	uint64_t vault_saved; /* vault_changes of what is in the file */
	bool vault_failed;    /* the file could not be written last time */
	struct collect_thread thread[COLLECT_THREADS_MAX + 1]; /* receive threads, then sessions */
	uint32_t n_threads;                                    /* all of them */
	pthread_mutex_t rules_lock;                            /* of rules */
	pthread_cond_t rules_taken;
	struct collect_rules *rules; /* the newest */
	atomic_uint rules_serial;    /* its number, from 1 */
	struct enrich *enrich;
	struct names *names;
	pthread_mutex_t poller_lock;
	struct poller *poller; /* NULL: SNMP is off */
	int enrich_fd;         /* wakes its thread */
	char country_data[4096];
	const struct conf *enrich_conf; /* a reference; what enrichment has; its thread's */
	atomic_bool enriching;          /* the data sets were read */
	atomic_bool stop;
	int stop_fd; /* readable from then on */
};

/* collect_thread.c: what threads with a decoder have in common. */
/* All but rx and sessions; on failure what was made is freed by collect_thread_fini. */
must_check enum err collect_thread_init(struct collect *c, struct collect_thread *t);
void collect_thread_fini(struct collect_thread *t);
/* Whether rules let a datagram of n bytes in; if not, it is counted as received and rejected. */
bool collect_admits(struct collect_thread *t, const struct ip *src, size_t n, uint64_t now_ns);
/* Counts one datagram or message as received and decodes it. now_ns as in spool_wants_commit. */
void collect_feed(struct collect_thread *t, const struct datagram *dg, uint64_t now_ns);
/* Closes what is open in the spool, with the counters and the exporters as they stand. */
void collect_commit(struct collect_thread *t, uint64_t now_ns, int64_t now_ms);
/* Nothing came: what has been put off is done. */
void collect_idle(struct collect_thread *t);

/* collect_sockets.c */
/* Those that were handed to us, else those of the configuration. */
must_check enum err collect_sockets_open(struct collect *c, struct diag *d);
/* Those that `weir up` has sent since the last call: a reference in *ret; NULL = none. */
must_check enum err collect_sockets_newer(struct collect *c, struct collect_sockets **ret);
struct collect_sockets *collect_sockets_get(struct collect_sockets *s);
void collect_sockets_put(struct collect_sockets **s);
/* On the thread itself: it reads these from now on. */
must_check enum err collect_sockets_take(struct collect_thread *t, const struct handoff *h);

/* collect_receive.c: a receive thread. */
must_check enum err collect_receive_init(struct collect *c, struct collect_thread *t);
/* The thread: returns after collect.stop and udp_rx_wake, everything committed. */
void *collect_receive(void *thread);

/* collect_sessions.c */
must_check enum err collect_sessions_init(struct collect *c, struct collect_thread *t);
/* The thread: returns after collect.stop and sessions_wake, everything committed. */
void *collect_sessions(void *thread);

/* collect_enrich.c */
must_check enum err collect_enrich_open(struct collect *c);
void collect_enrich_close(struct collect *c);
/* The thread that looks at them; returns when stop_fd is readable. */
void collect_enrich(struct collect *c);
/* Makes the thread look now, at a new configuration too; any thread. */
void collect_enrich_wake(struct collect *c);

/* collect_names.c; all but collect_name, collect_host_names and collect_names_json on the thread of
 * enrichment. */
/* For decoder_opts.name: the context is the struct collect_thread. */
void collect_name(void *thread, const struct option_name *n);
/* What DNS answers in flows call addresses (dns_qname, dns_address). */
void collect_host_names(struct collect_thread *t, const struct batch *b);
must_check enum err collect_names_open(struct collect *c, struct names_writer **ret,
				       struct diag *d);
void collect_names_close(struct names_writer *w);
/* Writes what is new; returns after how many ms to call it again. */
uint32_t collect_names_turn(struct names_writer *w);
struct buf;
void collect_names_json(struct collect *c, struct buf *out);

/* collect_rules.c */
/* Reads certificates (an error there is in tls_error), opens the sockets of collect.forward (an
 * error there is in forward_error). before: NULL = the first. sockets: referred to. */
must_check enum err collect_rules_new(const struct conf *conf, const struct collect_rules *before,
				      struct collect_sockets *sockets, struct collect_rules **ret,
				      struct diag *reterr);
/* Gives a reference back and nulls it; the last one frees. *r may be NULL. */
void collect_rules_put(struct collect_rules **r);
/* A reference to the newest; any thread. */
struct collect_rules *collect_rules_get(struct collect *c);
/* On the thread itself: changes over to the newest rules. */
must_check enum err collect_rules_take(struct collect_thread *t);
/* The same between two rounds; without memory the old rules stay, all or the sampling rates, which
 * is logged. */
void collect_take_over(struct collect_thread *t);
/* Makes r, which it takes over, the newest and waits until all threads have it (2 s at most). */
void collect_rules_publish(struct collect *c, struct collect_rules *r);

/* collect_snmp.c: the thread that keeps c->poller as the configuration wants it; returns when
 * stop_fd is readable. */
void collect_snmp(struct collect *c);
/* collect_reload.c: for control_ops.reload and SIGHUP. */
enum err collect_reload(void *collect, struct buf *out, struct diag *reterr);

/* exporter_rows.c */
/* Replaces t->next by the exporters of t's decoder that were heard in this life, with rates that
 * follow from t->shown; returns how many. now_ms: wall clock. */
size_t exporter_rows_take(struct collect_thread *t, int64_t now_ms);
void exporter_rows_fini(struct exporter_rows *r);
/* An order, any order, by which rows are sorted: address, port, version, domain, session, sFlow
 * agent, which is what a decoder tells exporters apart by. */
int exporter_compare(const struct exporter_info *x, const struct exporter_info *y);
/* The numbers of account.def. */
void exporter_account(const struct exporter_row *r, struct account *ret);
/* Of all records that it sent, how many did not reach us. */
double exporter_lost_percent(const struct account *a);

/* collect_exporters.c: the exporters of all threads. */
/* The member "exporters" of state.json. */
void collect_exporters_json(struct collect *c, struct buf *out);
/* Prometheus lines. */
void collect_exporters_metrics(void *collect, struct buf *out);

/* collect_vault.c */
/* Makes c->vault, with what the file in dir holds; a damaged one is set aside with a warning. */
must_check enum err collect_vault_open(struct collect *c, struct diag *d);
/* The thread that writes the file when something was put; returns when stop_fd is readable. */
void collect_vault_watch(struct collect *c);
/* Writes what was put since. */
void collect_vault_save(struct collect *c);

/* collect_watch.c */
/* The thread that logs what goes wrong; returns when stop_fd is readable. */
void collect_watch(struct collect *c);

/* collect_books.c: the counters over time (store/books.h). */
struct collect_books;
struct store_conf;
must_check enum err collect_books_new(struct collect *c, const struct store_conf *store,
				      struct collect_books **ret, struct diag *reterr);
void collect_books_free(struct collect_books **b);
/* The thread: writes what the counters grew by every ten seconds, and once more when stop_fd is
 * readable; then returns. */
void collect_books_run(struct collect_books *b);

/* collect_state.c */
/* The counters of the spool's books, with the gauges of the threads. */
void collect_lifetime(const struct collect *c, struct spool_totals *ret);
/* Whether the three equations hold. */
bool collect_balanced(const struct stats *s);
struct control_ops;
/* What the control socket says about c. */
void collect_control_ops(struct collect *c, struct control_ops *ret);
