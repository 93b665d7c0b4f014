/* SPDX-License-Identifier: Apache-2.0 */
/* The front with an engine of straw: what reaches the engine, what is refused before, what the
 * answers look like. Requests are made without sockets. */
#include "engine/front.h"

#include "http/request.h"
#include "stub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct stub stub;
	struct front *front;
};

static int setup(void **state)
{
	static struct fixture f;
	stub_init(&f.stub);
	struct front_opts o = {
	    .engine = &f.stub.engine, .writer_password = "pw", .max_memory = 1000, .max_time_s = 5};
	struct diag d;
	assert_int_equal(front_new(&o, &f.front, &d), ERR_OK);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	assert_true(front_stop(f->front, 1000));
	front_free(&f->front);
	assert_int_equal(f->stub.open, 0);
	stub_fini(&f->stub);
	return 0;
}

struct got {
	unsigned status;
	bool aborted;
	char body[4096], headers[2048];
};

static struct http_request *make(const char *method, const char *target, const char *user,
				 const char *body)
{
	static const struct http_opts opts = {.max_body = FRONT_BODY_MAX, .body_in_memory = 64};
	struct http_request *req = http_request_new(method, "127.0.0.1", &opts);
	http_request_target(req, target);
	if (user)
		http_request_add_header(req, "X-ClickHouse-User", user);
	if (user && strcmp(user, "writer") == 0)
		http_request_add_header(req, "X-ClickHouse-Key", "pw");
	body_begin(req);
	body_push(req, body, strlen(body));
	body_end(req);
	return req;
}

static struct got run(struct fixture *f, struct http_request *req)
{
	struct got g = {0};
	size_t n = 0, h = 0;
	front_handle(req, f->front);
	const struct answer *a = &req->ans;
	g.status = a->status;
	for (size_t i = 0; i < a->n_headers; i++)
		h += (size_t)snprintf(g.headers + h, sizeof(g.headers) - h, "%s: %s\n",
				      a->headers[i].name, a->headers[i].value);
	if (a->kind == ANSWER_BYTES)
		memcpy(g.body, a->bytes.p ? (const void *)a->bytes.p : "", n = a->bytes.n);
	enum http_more more = a->kind == ANSWER_STREAM ? HTTP_MORE : HTTP_END;
	while (more == HTTP_MORE) {
		const uint8_t *p = NULL;
		size_t len = 0;
		more = a->stream.next(a->stream.ctx, &p, &len);
		if (more == HTTP_MORE) {
			memcpy(g.body + n, p, len);
			n += len;
		}
	}
	g.aborted = more == HTTP_ABORT;
	http_request_free(req);
	return g;
}

static struct got ask(struct fixture *f, const char *target, const char *user, const char *body)
{
	return run(f, make("POST", target, user, body));
}

static const char *engine_log(struct fixture *f)
{
	return buf_cstr(&f->stub.log);
}

static void test_select(void **state)
{
	struct fixture *f = *state;
	struct got g = ask(f,
			   "/?param_a=1%00x&database=d%60b&max_threads=3&default_format=CSV&query_"
			   "id=q1&wait_end_of_query=0",
			   NULL, "SELECT pieces {a:String};");
	assert_int_equal(g.status, 200);
	assert_string_equal(g.body, "piece\npiece\npiece\n");
	assert_non_null(strstr(g.headers, "X-ClickHouse-Query-Id: q1\n"));
	assert_non_null(strstr(g.headers, "X-ClickHouse-Format: CSV\n"));
	assert_non_null(strstr(g.headers, "\"read_rows\":\"11\",\"read_bytes\":\"22\""));
	assert_string_equal(engine_log(f),
			    "USE `d\\`b`\nSET log_comment='weir-1', max_memory_usage='1000', "
			    "max_memory_usage_for_user='1000', max_execution_time='5', "
			    "max_threads='3', readonly=1\n"
			    "SELECT pieces {a:String} [a=1");
	assert_memory_equal(f->stub.log.p + f->stub.log.n - 5, "1\0x]\n", 5);
}

static void test_halves_and_whole(void **state)
{
	struct fixture *f = *state;
	struct got g = ask(f, "/?query=SELECT&wait_end_of_query=1", NULL, "pieces FORMAT JSON");
	assert_int_equal(g.status, 200);
	assert_string_equal(g.body, "piece\npiece\npiece\n");
	assert_non_null(strstr(g.headers, "X-ClickHouse-Format: JSON\n"));
	assert_non_null(strstr(engine_log(f), "SELECT\npieces FORMAT JSON\n"));
	/* What cannot stream is run whole. */
	g = ask(f, "/", NULL, "SELECT noshow");
	assert_string_equal(g.body, "shown\n");
	assert_string_equal(run(f, make("GET", "/?query=SHOW+TABLES", NULL, "")).body, "shown\n");
}

static void test_insert(void **state)
{
	struct fixture *f = *state;
	struct got g =
	    ask(f, "/?query=INSERT+INTO+t+(a)+SETTINGS+x=1+FORMAT+CSV", "writer", "1\n;2\n");
	assert_int_equal(g.status, 200);
	assert_memory_equal(f->stub.data.p, "1\n;2\n", 5);
	assert_non_null(strstr(engine_log(f), "INSERT INTO t (a)  FROM INFILE '/proc/self/fd/"));
	assert_non_null(strstr(engine_log(f), "' COMPRESSION 'none' SETTINGS x=1  FORMAT CSV\n"));
	assert_non_null(strstr(engine_log(f), "max_execution_time='0'"));
	ask(f, "/", "writer", "INSERT INTO t FORMAT CSV\nabc;FORMAT");
	assert_int_equal(f->stub.data.n, 10);
	assert_memory_equal(f->stub.data.p, "abc;FORMAT", 10);
	/* Data in the URL and in the body; a body that is long enough to lie in a file. */
	char body[200];
	memset(body, 'y', sizeof(body));
	body[199] = 0;
	ask(f, "/?query=INSERT+INTO+t+FORMAT+CSV+x", "writer", body);
	assert_int_equal(f->stub.data.n, 201);
	assert_memory_equal(f->stub.data.p, "x\nyyy", 5);
	ask(f, "/?query=INSERT+INTO+t+VALUES", "writer", "(1)");
	assert_memory_equal(f->stub.data.p, "(1)", 3);
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *target, *user, *body;
		unsigned status;
		const char *text;
	} rows[] = {
	    {"/", "nobody", "SELECT 1", 403, "AUTHENTICATION_FAILED"},
	    {"/?user=writer", NULL, "SELECT 1", 403, "AUTHENTICATION_FAILED"},
	    {"/?user=writer&password=pwx", NULL, "SELECT 1", 403, "AUTHENTICATION_FAILED"},
	    {"/", NULL, "", 400, "Empty query"},
	    {"/", NULL, "SELECT 1; SELECT 2", 400, "Multi-statements"},
	    {"/", NULL, "DROP TABLE x", 500, "READONLY"},
	    {"/?max_insert_threads=1", NULL, "SELECT 1", 500, "READONLY"},
	    {"/?a%27b=1", "writer", "SELECT 1", 404, "UNKNOWN_SETTING"},
	    {"/?session_id=1", NULL, "SELECT 1", 501, "Sessions are not supported"},
	    {"/?compress=1", NULL, "SELECT 1", 501, "use gzip"},
	    {"/?query_id=a%27b", NULL, "SELECT 1", 400, "BAD_ARGUMENTS"},
	    {"/?param_f=file", NULL, "SELECT {f:Identifier}('x')", 500, "READONLY"},
	    {"/", "writer", "SELECT 1 INTO OUTFILE 'x'", 500, "INTO_OUTFILE_NOT_ALLOWED"},
	    {"/", "writer", "INSERT INTO t FROM INFILE 'x' FORMAT CSV", 404,
	     "UNKNOWN_TYPE_OF_QUERY"},
	    {"/nowhere", NULL, "SELECT 1", 404, "There is no handle"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct got g = ask(f, rows[i].target, rows[i].user, rows[i].body);
		assert_int_equal(g.status, rows[i].status);
		assert_non_null(strstr(g.body, rows[i].text));
	}
	assert_string_equal(engine_log(f), "");
	assert_int_equal(run(f, make("DELETE", "/", NULL, "")).status, 405);
	struct got g = run(f, make("GET", "/?query=DROP+TABLE+x", "writer", ""));
	assert_non_null(strstr(g.body, "method GET implies readonly"));
	assert_string_equal(run(f, make("GET", "/ping", NULL, "")).body, "Ok.\n");
	assert_string_equal(run(f, make("GET", "/", NULL, "")).body, "Ok.\n");
	assert_int_equal(front_counts(f->front).running, 0);
}

static void test_too_long(void **state)
{
	struct fixture *f = *state;
	struct buf b = {0};
	buf_str(&b, "SELECT '");
	while (b.n <= FRONT_SQL_MAX)
		buf_str(&b, "0123456789abcdef");
	buf_str(&b, "'");
	struct got g = ask(f, "/", NULL, buf_cstr(&b));
	assert_int_equal(g.status, 413);
	/* The data of an insert may be longer. */
	struct buf insert = {0};
	buf_str(&insert, "INSERT INTO t FORMAT CSV\n");
	buf_put(&insert, b.p, b.n);
	assert_int_equal(ask(f, "/", "writer", buf_cstr(&insert)).status, 200);
	assert_int_equal(f->stub.data.n, b.n);
	buf_fini(&insert);
	buf_fini(&b);
}

static void test_errors(void **state)
{
	struct fixture *f = *state;
	struct got g = ask(f, "/", NULL, "SELECT nope");
	assert_int_equal(g.status, 404);
	assert_non_null(strstr(g.headers, "X-ClickHouse-Exception-Code: 60\n"));
	assert_string_equal(g.body, "Code: 60. DB::Exception: Table nope does not exist. "
				    "(UNKNOWN_TABLE) (version 1.2.3.4)\n");
	g = ask(f, "/", NULL, "SELECT late");
	assert_int_equal(g.status, 200);
	assert_true(g.aborted);
	const char *tag = strstr(g.headers, "X-ClickHouse-Exception-Tag: ");
	assert_non_null(tag);
	char want[100];
	snprintf(want, sizeof(want), "piece\n\r\n__exception__\r\n%.16s\r\nCode: 395. ", tag + 28);
	assert_int_equal(strncmp(g.body, want, strlen(want)), 0);
	/* Held back until the end it has its status. */
	g = ask(f, "/?wait_end_of_query=1", NULL, "SELECT late");
	assert_int_equal(g.status, 500);
	assert_int_equal(front_counts(f->front).failed, 3);
}

struct waiter {
	struct fixture *f;
	struct got got;
};

static void *wait_query(void *arg)
{
	struct waiter *w = arg;
	w->got = ask(w->f, "/?query_id=w1", NULL, "SELECT wait");
	return NULL;
}

static void test_kill(void **state)
{
	struct fixture *f = *state;
	struct waiter w = {.f = f};
	pthread_t t;
	assert_int_equal(pthread_create(&t, NULL, wait_query, &w), 0);
	stub_await_waiting(&f->stub, 1);
	assert_non_null(strstr(ask(f, "/?query_id=w1", NULL, "SELECT 1").body, "already running"));
	assert_string_equal(ask(f, "/", NULL, "KILL QUERY WHERE query_id = 'other'").body, "");
	assert_int_equal(strncmp(ask(f, "/", NULL, "KILL QUERY WHERE query_id = 'w1' ASYNC").body,
				 "waiting\tw1\t", 11),
			 0);
	pthread_join(t, NULL);
	assert_int_equal(w.got.status, 500);
	assert_non_null(strstr(w.got.body, "QUERY_WAS_CANCELLED"));
	assert_int_equal(front_counts(f->front).cancelled, 1);
}

static void test_metrics(void **state)
{
	struct fixture *f = *state;
	ask(f, "/", NULL, "SELECT pieces");
	struct buf b = {0};
	front_metrics(f->front, &b);
	assert_non_null(strstr(buf_cstr(&b),
			       "# TYPE weir_store_done_total counter\nweir_store_done_total 1\n"));
	assert_non_null(strstr(buf_cstr(&b), "\nweir_store_bytes_sent_total 18\n"));
	buf_reset(&b);
	buf_str(&b, "{");
	front_state(f->front, &b);
	assert_non_null(
	    strstr(buf_cstr(&b), "{\"queries\":{\"running\":0,\"waiting\":0,\"done\":1,"));
	buf_fini(&b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_select),   T(test_halves_and_whole), T(test_insert), T(test_refused),
	    T(test_too_long), T(test_errors),           T(test_kill),   T(test_metrics),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
