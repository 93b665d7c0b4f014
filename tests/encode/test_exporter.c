/* SPDX-License-Identifier: Apache-2.0 */
/* The exporter against sockets: what collectors get is what was handed over, one that stalls or
 * goes away harms no other, and every record is sent or counted. */
#include "encode/exporter.h"

#include "decode/decode.h"
#include "encode/kit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 500, BATCHES = 4, RECEIVE = 8 << 20, PATIENCE_MS = 10000, COLLECTORS_MAX = 3 };

/* --- a collector: a socket, a thread that reads it, a decoder */

struct sink {
	int fd, session;    /* session: the accepted connection */
	bool tcp, reads;    /* reads: else it accepts and looks no further */
	uint32_t cut_after; /* bytes after which the first session is closed, 0 = never */
	uint16_t port;
	pthread_t thread;
	int stop[2];
	struct decoder *decoder;
	struct stats stats;
	struct buf bytes; /* of a message not complete */
	uint64_t rows, in_bytes, out_bytes, sessions, options, got;
	uint32_t sampling;
};

static void take_rows(void *ctx, struct batch *b)
{
	struct sink *s = ctx;
	s->rows += b->n;
	for (uint32_t i = 0; i < b->n; i++) {
		s->in_bytes += batch_has(b, F_bytes) ? batch_u64(b, F_bytes)[i] : 0;
		s->out_bytes += batch_has(b, F_rev_bytes) ? batch_u64(b, F_rev_bytes)[i] : 0;
		s->sampling = batch_has(b, F_sampling_rate) ? batch_u32(b, F_sampling_rate)[i] : 0;
	}
}

static void take_option(void *ctx, const struct option_record *r)
{
	struct sink *s = ctx;
	s->options += r->n > 0;
}

static void feed(struct sink *s, const uint8_t *p, size_t n)
{
	const struct datagram dg = {.p = p,
				    .n = n,
				    .src_port = 1,
				    .session = s->tcp ? (uint32_t)s->sessions : 0,
				    .transport = s->tcp ? TRANSPORT_TCP : TRANSPORT_UDP,
				    .t_recv = kit_time_ms,
				    .src = {{0x20}}};
	decoder_feed(s->decoder, &dg);
}

static void feed_stream(struct sink *s, const uint8_t *p, size_t n)
{
	buf_put(&s->bytes, p, n);
	for (;;) {
		size_t len = s->bytes.n < 4 ? 4 : (size_t)s->bytes.p[2] << 8 | s->bytes.p[3];
		if (s->bytes.n < len)
			return;
		feed(s, s->bytes.p, len);
		memmove(s->bytes.p, s->bytes.p + len, s->bytes.n - len);
		s->bytes.n -= len;
		if (s->bytes.n < 4)
			return;
	}
}

static void end_session(struct sink *s)
{
	close(s->session);
	s->session = -1;
	buf_reset(&s->bytes);
	decoder_session_end(s->decoder, (uint32_t)s->sessions);
}

static void read_some(struct sink *s)
{
	static _Thread_local uint8_t bytes[65536];
	ssize_t n = recv(s->tcp ? s->session : s->fd, bytes, sizeof(bytes), 0);
	if (s->tcp && n <= 0) {
		end_session(s);
		return;
	}
	if (n <= 0)
		return;
	s->got += (uint64_t)n;
	if (!s->tcp)
		feed(s, bytes, (size_t)n);
	else
		feed_stream(s, bytes, (size_t)n);
	if (s->cut_after && s->got >= s->cut_after && s->sessions == 1)
		end_session(s);
}

static void *serve(void *arg)
{
	struct sink *s = arg;
	for (;;) {
		bool idle = s->tcp && s->session < 0;
		struct pollfd fds[] = {{s->stop[0], POLLIN, 0},
				       {idle || !s->tcp ? s->fd
					: s->reads      ? s->session
							: -1,
					POLLIN, 0}};
		if (poll(fds, 2, -1) < 0)
			return NULL;
		if (fds[1].revents && idle) {
			s->session = accept(s->fd, NULL, NULL);
			s->sessions++;
		} else if (fds[1].revents) {
			read_some(s);
		} else if (fds[0].revents) {
			return NULL; /* and nothing more to read */
		}
	}
}

static void sink_open(struct sink *s, bool tcp, bool reads)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	const int size = reads ? RECEIVE : 4096;
	*s = (struct sink){.tcp = tcp, .reads = reads, .session = -1};
	s->fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	assert_true(s->fd >= 0);
	setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &n), 0);
	assert_true(!tcp || listen(s->fd, 4) == 0);
	s->port = ntohs(a.sin_port);
	const struct decoder_opts o = {.max_templates = 4096,
				       .stats = &s->stats,
				       .emit = take_rows,
				       .option = take_option,
				       .ctx = s};
	assert_int_equal(decoder_new(&o, &s->decoder), ERR_OK);
	assert_int_equal(pipe(s->stop), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void sink_close(struct sink *s)
{
	assert_int_equal(write(s->stop[1], "", 1), 1);
	pthread_join(s->thread, NULL);
	decoder_flush(s->decoder);
	for (int i = MALFORMED_FIRST; i < MALFORMED_FIRST + MALFORMED_N; i++)
		assert_int_equal(s->stats.v[i], 0);
	assert_int_equal(s->stats.v[ST_drop_no_template], 0);
	assert_int_equal(s->stats.v[ST_records_held], 0);
	decoder_free(s->decoder);
	if (s->session >= 0)
		close(s->session);
	close(s->fd);
	close(s->stop[0]);
	close(s->stop[1]);
	buf_fini(&s->bytes);
}

/* --- the exporter */

struct bench {
	struct exporter *x;
	pthread_t thread;
	struct sink sinks[COLLECTORS_MAX];
	uint64_t rows, in_bytes, out_bytes;
};

static void *run(void *arg)
{
	exporter_run(arg);
	return NULL;
}

static void start(struct bench *k, const char *const schemes[COLLECTORS_MAX],
		  struct exporter_opts o)
{
	struct export_target targets[EXPORT_TARGETS_MAX];
	struct buf text = {0};
	struct diag d = {0};
	for (int i = 0; i < COLLECTORS_MAX && schemes[i]; i++)
		buf_fmt(&text, "%s://127.0.0.1:%u ", schemes[i], k->sinks[i].port);
	o.targets = targets;
	o.start_ms = o.start_ms ? o.start_ms : kit_time_ms - 3600000;
	assert_int_equal(export_targets_parse(buf_cstr(&text), targets, &o.n_targets, &d), ERR_OK);
	assert_int_equal(exporter_new(&o, &k->x, &d), ERR_OK);
	assert_int_equal(pthread_create(&k->thread, NULL, run, k->x), 0);
	buf_fini(&text);
}

/* share: as in kit_row; plain: IPv4, counters that v5 can carry. */
static void give(struct bench *k, int batches, unsigned share, bool plain)
{
	struct kit_random r = {.seed = 99};
	for (int i = 0; i < batches; i++) {
		struct batch *b = kit_batch(&r, ROWS, share);
		for (uint32_t row = 0; row < b->n; row++) {
			const struct ip ends[] = {
			    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1}},
			    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, (uint8_t)row}}};
			if (!plain)
				continue;
			batch_set_ip(b, F_src_ip, row, &ends[0]);
			batch_set_ip(b, F_dst_ip, row, &ends[1]);
			batch_set_num(b, F_bytes, row, row * 1000ull);
			batch_set_num(b, F_packets, row, row + 1);
			batch_set_num(b, F_rev_bytes, row, row * 10ull);
			batch_set_num(b, F_rev_packets, row, row % 2);
			k->in_bytes += row * 1000ull;
			k->out_bytes += row % 2 ? row * 10ull : 0;
		}
		k->rows += b->n;
		exporter_give(k->x, &b);
		assert_int_equal(b->n, 0);
		batch_free(b);
	}
}

static struct stats stop(struct bench *k)
{
	struct stats s = {0};
	exporter_stop(k->x, PATIENCE_MS);
	pthread_join(k->thread, NULL);
	exporter_stats(k->x, &s);
	exporter_free(k->x);
	/* Every flow handed over and every record made is accounted for. */
	assert_int_equal(s.v[ST_export_flows], k->rows);
	assert_int_equal(s.v[ST_export_records],
			 s.v[ST_export_records_sent] + s.v[ST_export_drop_buffer_full] +
			     s.v[ST_export_drop_refused] + s.v[ST_export_drop_stopped]);
	return s;
}

static void to_udp_and_tcp(void **state)
{
	(void)state;
	static const char *const schemes[COLLECTORS_MAX] = {"udp", "tcp"};
	struct bench k = {0};
	sink_open(&k.sinks[0], false, true);
	sink_open(&k.sinks[1], true, true);
	start(&k, schemes, (struct exporter_opts){.domain = 7});
	give(&k, BATCHES, 20, false);
	struct stats s = stop(&k);
	for (int i = 0; i < 2; i++) {
		sink_close(&k.sinks[i]);
		assert_int_equal(k.sinks[i].rows, k.rows);
		assert_true(k.sinks[i].options > 20);
		assert_int_equal(k.sinks[i].stats.v[ST_records_lost_before], 0);
	}
	assert_int_equal(s.v[ST_export_records_sent], 2 * k.rows);
	assert_int_equal(s.v[ST_export_sessions], 1);
}

static void netflow(void **state)
{
	(void)state;
	static const char *const schemes[COLLECTORS_MAX] = {"nf9", "nf5", "udp"};
	struct bench k = {0};
	for (int i = 0; i < COLLECTORS_MAX; i++)
		sink_open(&k.sinks[i], false, true);
	start(&k, schemes, (struct exporter_opts){.sampling = {1, 100, false}});
	give(&k, BATCHES, 0, true);
	(void)stop(&k);
	for (int i = 0; i < COLLECTORS_MAX; i++) {
		sink_close(&k.sinks[i]);
		assert_int_equal(k.sinks[i].stats.v[ST_sequence_lost_datagrams], 0);
		assert_int_equal(k.sinks[i].stats.v[ST_records_lost_before], 0);
		assert_int_equal(k.sinks[i].sampling, 100);
	}
	/* Both directions are records of their own: 250 of 500 flows are answered. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(k.sinks[i].rows, k.rows + k.rows / 2);
		assert_int_equal(k.sinks[i].in_bytes, k.in_bytes + k.out_bytes);
		assert_int_equal(k.sinks[i].out_bytes, 0);
	}
	assert_int_equal(k.sinks[2].rows, k.rows);
	assert_int_equal(k.sinks[2].in_bytes, k.in_bytes);
}

/* Each flow goes to one of them, and none to none. */
static void balanced(void **state)
{
	(void)state;
	static const char *const schemes[COLLECTORS_MAX] = {"udp", "udp", "tcp"};
	struct bench k = {0};
	uint64_t rows = 0;
	for (int i = 0; i < COLLECTORS_MAX; i++)
		sink_open(&k.sinks[i], i == 2, true);
	start(&k, schemes, (struct exporter_opts){.balance = true});
	give(&k, BATCHES, 120, false);
	(void)stop(&k);
	for (int i = 0; i < COLLECTORS_MAX; i++) {
		sink_close(&k.sinks[i]);
		rows += k.sinks[i].rows;
		/* A third each, give or take. */
		assert_in_range(k.sinks[i].rows, k.rows / 6, k.rows / 2);
	}
	assert_int_equal(rows, k.rows);
}

/* One collector reads nothing: its buffer fills, what is beyond is counted, the other gets all. */
static void one_stalls(void **state)
{
	(void)state;
	static const char *const schemes[COLLECTORS_MAX] = {"tcp", "tcp"};
	struct bench k = {0};
	enum { MANY = 40 };
	sink_open(&k.sinks[0], true, false);
	sink_open(&k.sinks[1], true, true);
	start(&k, schemes, (struct exporter_opts){.buffer = 256 << 10, .batches = MANY});
	give(&k, MANY, 128, false);
	struct stats s = {0};
	for (int waited = 0; waited < PATIENCE_MS; waited += 10) {
		memset(&s, 0, sizeof(s));
		exporter_stats(k.x, &s);
		if (s.v[ST_export_drop_buffer_full] &&
		    s.v[ST_export_records] + s.v[ST_export_drop_behind] * 2 >= 2 * k.rows)
			break;
		poll(NULL, 0, 10);
	}
	exporter_stop(k.x, 500);
	pthread_join(k.thread, NULL);
	memset(&s, 0, sizeof(s));
	exporter_stats(k.x, &s);
	exporter_free(k.x);
	sink_close(&k.sinks[1]);
	sink_close(&k.sinks[0]);
	assert_true(s.v[ST_export_drop_buffer_full] > 0);
	assert_true(s.v[ST_export_drop_stopped] > 0);
	/* The reading one may itself have been pushed more at once than its buffer holds. */
	assert_true(k.sinks[1].rows > 0);
	assert_int_equal(s.v[ST_export_records], s.v[ST_export_records_sent] +
						     s.v[ST_export_drop_buffer_full] +
						     s.v[ST_export_drop_stopped]);
	/* What it missed is seen as gaps, but for the end: after the last record that came nothing
	 * shows a gap, so what is missing there must be among what was counted as dropped. */
	uint64_t seen = k.sinks[1].rows + k.sinks[1].stats.v[ST_records_lost_before] +
			s.v[ST_export_drop_behind];
	uint64_t dropped = s.v[ST_export_drop_buffer_full] + s.v[ST_export_drop_stopped];
	assert_in_range(k.rows, 1, seen + dropped);
}

/* A session that is cut in the middle: the next one begins with templates, and loses at most what
 * was on its way. */
static void session_cut(void **state)
{
	(void)state;
	static const char *const schemes[COLLECTORS_MAX] = {"tcp"};
	struct bench k = {0};
	sink_open(&k.sinks[0], true, true);
	k.sinks[0].cut_after = 100000;
	start(&k, schemes, (struct exporter_opts){0});
	give(&k, 8, 128, false);
	struct stats s = stop(&k);
	sink_close(&k.sinks[0]);
	assert_int_equal(k.sinks[0].sessions, 2);
	assert_int_equal(s.v[ST_export_sessions], 2);
	assert_in_range(k.sinks[0].rows, 100, k.rows);
	assert_int_equal(s.v[ST_export_drop_stopped], 0);
}

static void nobody_there(void **state)
{
	(void)state;
	static const char *const schemes[COLLECTORS_MAX] = {"tcp"};
	struct bench k = {0};
	struct buf json = {0};
	sink_open(&k.sinks[0], false, true); /* UDP only: the TCP port is closed */
	start(&k, schemes, (struct exporter_opts){0});
	give(&k, 1, 20, false);
	exporter_stop(k.x, 100);
	pthread_join(k.thread, NULL);
	exporter_json(k.x, &json);
	assert_non_null(strstr(buf_cstr(&json), "\"state\":\"down\""));
	assert_non_null(strstr(buf_cstr(&json), "refused"));
	struct stats s = {0};
	exporter_stats(k.x, &s);
	assert_int_equal(s.v[ST_export_drop_stopped], ROWS);
	exporter_free(k.x);
	sink_close(&k.sinks[0]);
	buf_fini(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(to_udp_and_tcp), cmocka_unit_test(netflow),
	    cmocka_unit_test(balanced),       cmocka_unit_test(one_stalls),
	    cmocka_unit_test(session_cut),    cmocka_unit_test(nobody_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
