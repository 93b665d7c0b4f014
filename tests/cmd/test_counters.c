/* SPDX-License-Identifier: Apache-2.0 */
/* Interface counters on their way to a store that the test plays: what is posted, what is dropped
 * when it is not there or nobody takes. */
#include "cmd/collect_counters.h"

#include "base/buf.h"
#include "conf/conf.h"
#include "decode/sflow.h"
#include "http/http.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

enum { RING_ROWS = 4096 };

struct fixture {
	struct http_server *server;
	struct buf got;
	struct counter_queue *queue;
	atomic_bool ended;
	int stop_fd;
};

static void play(struct http_request *req, void *ctx)
{
	struct fixture *f = ctx;
	const char *q = http_param(req, "query");
	buf_str(&f->got, q ? q : "");
	buf_put(&f->got, http_body(req), http_body_len(req));
	http_reply(req, 200, "text/plain", "", 0);
}

static struct counter_queue *queue_to(const char *url)
{
	struct buf text = {0};
	const struct conf *conf;
	struct conf_report report = {0};
	struct counter_queue *q;
	struct diag why = {0};
	buf_fmt(&text, "store:\n  url: %s\n", url);
	assert_int_equal(conf_parse(buf_cstr(&text), text.n, "/nowhere", &report, &conf), ERR_OK);
	if (counter_queue_new(conf, &q, &why) != ERR_OK)
		fail_msg("%s", why.msg);
	conf_put(&conf);
	buf_fini(&text);
	return q;
}

static void put(struct counter_ring *r, uint32_t if_index, uint64_t octets, struct stats *stats)
{
	const struct if_counters c = {.if_index = if_index, .in_octets = octets, .speed = 1000};
	const struct counter_sample s = {.t_recv = 1767268800123,
					 .agent_ip = ip_from_v4((const uint8_t *)"\12\0\0\1"),
					 .uptime = 5,
					 .interface = &c};
	counter_ring_put(r, &s, stats);
}

static void *run(void *ctx)
{
	struct fixture *f = ctx;
	counter_queue_run(f->queue, f->stop_fd, &f->ended);
	return NULL;
}

/* Runs the queue to its end. */
static struct stats finish(struct fixture *f)
{
	pthread_t thread;
	struct stats sum = {0};
	f->stop_fd = eventfd(1, EFD_CLOEXEC);
	atomic_store(&f->ended, true);
	assert_int_equal(pthread_create(&thread, NULL, run, f), 0);
	pthread_join(thread, NULL);
	counter_queue_stats(f->queue, &sum);
	counter_queue_free(&f->queue);
	close(f->stop_fd);
	return sum;
}

static void what_was_put_is_posted(void **state)
{
	(void)state;
	struct fixture f = {0};
	struct stats stats = {0};
	struct diag why = {0};
	char url[64];
	const struct http_opts h = {.host = "127.0.0.1", .handler = play, .ctx = &f};
	assert_int_equal(http_server_start(&h, &f.server, &why), ERR_OK);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", http_server_port(f.server));
	f.queue = queue_to(url);
	struct counter_ring *a = counter_queue_ring(f.queue), *b = counter_queue_ring(f.queue);
	put(a, 1, 111, &stats);
	put(b, 2, 222, &stats);
	put(a, 3, 333, &stats);
	const struct counter_sample other = {.t_recv = 1}; /* of a processor, say */
	counter_ring_put(a, &other, &stats);
	struct stats sum = finish(&f);
	http_server_stop(&f.server);
	assert_int_equal(sum.v[ST_counters_stored], 3);
	assert_int_equal(sum.v[ST_counters_dropped], 0);
	const char *got = buf_cstr(&f.got);
	assert_non_null(strstr(got, "INSERT INTO weir.if_counters (t, exporter_ip, agent_ip, "));
	/* In the order of each ring; time, exporter, agent, domain, interface, uptime, type,
	 * direction, status, speed, octets in. */
	static const char *const rows[] = {
	    "(1767268800.123,'::','::ffff:10.0.0.1',0,1,5,0,0,0,1000,111,",
	    "(1767268800.123,'::','::ffff:10.0.0.1',0,3,5,0,0,0,1000,333,",
	    "(1767268800.123,'::','::ffff:10.0.0.1',0,2,5,0,0,0,1000,222,"};
	for (size_t i = 0; i < 3; i++) {
		got = strstr(got, rows[i]);
		if (!got)
			fail_msg("%s is not there", rows[i]);
	}
	buf_fini(&f.got);
}

/* A full ring drops and counts; so does the end while the store is away. */
static void nobody_takes(void **state)
{
	(void)state;
	struct fixture f = {0};
	struct stats stats = {0};
	f.queue = queue_to("http://127.0.0.1:1");
	struct counter_ring *r = counter_queue_ring(f.queue);
	for (uint32_t i = 0; i < RING_ROWS + 7; i++)
		put(r, i, i, &stats);
	assert_int_equal(stats.v[ST_counters_dropped], 7);
	struct stats sum = finish(&f);
	assert_int_equal(sum.v[ST_counters_stored], 0);
	assert_int_equal(sum.v[ST_counters_dropped], RING_ROWS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_put_is_posted),
	    cmocka_unit_test(nobody_takes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
