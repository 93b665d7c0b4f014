/* SPDX-License-Identifier: Apache-2.0 */
/* The client of the store against a server that the test plays: what is sent, how errors come back.
 */
#include "store/client.h"

#include "http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct http_server *server;
	struct store *store;
	char dir[64], socket[96], url[128];
	/* what the server got */
	struct buf query, body, params;
	/* what it answers */
	unsigned status;
	const char *answer, *code, *summary;
	bool hang;
	atomic_bool gone;
	atomic_int under_way; /* requests that are being answered */
};

static void note_gone(void *ctx)
{
	atomic_store(&((struct fixture *)ctx)->gone, true);
}

static void play(struct http_request *req, void *ctx)
{
	struct fixture *f = ctx;
	const char *q = http_param(req, "query");
	atomic_fetch_add(&f->under_way, 1);
	buf_reset(&f->query);
	buf_reset(&f->body);
	buf_reset(&f->params);
	buf_str(&f->query, q ? q : "");
	buf_put(&f->body, http_body(req), http_body_len(req));
	for (size_t i = 0; i < http_param_count(req); i++)
		if (strcmp(http_param_at(req, i)->name, "query") != 0)
			buf_fmt(&f->params, "%s=%s;", http_param_at(req, i)->name,
				http_param_at(req, i)->value);
	if (f->hang) {
		assert_int_equal(http_on_hangup(req, note_gone, f), ERR_OK);
		for (int i = 0; i < 500 && !atomic_load(&f->gone); i++)
			usleep(10000);
	}
	if (f->code)
		http_set_header(req, "X-ClickHouse-Exception-Code", f->code);
	if (f->summary)
		http_set_header(req, "X-ClickHouse-Summary", f->summary);
	http_reply(req, f->status, "text/plain", f->answer, strlen(f->answer));
	atomic_fetch_sub(&f->under_way, 1);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct diag why = {0};
	f->status = 200;
	f->answer = "";
	snprintf(f->dir, sizeof(f->dir), "/tmp/test_client.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->socket, sizeof(f->socket), "%s/s", f->dir);
	snprintf(f->url, sizeof(f->url), "unix:%s", f->socket);
	const struct http_opts o = {.unix_path = f->socket, .handler = play, .ctx = f};
	assert_int_equal(http_server_start(&o, &f->server, &why), ERR_OK);
	assert_int_equal(
	    store_open(&(struct store_conf){.url = f->url, .user = "writer"}, &f->store, &why),
	    ERR_OK);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	store_close(f->store);
	http_server_stop(&f->server);
	rmdir(f->dir);
	buf_fini(&f->query);
	buf_fini(&f->body);
	buf_fini(&f->params);
	free(f);
	return 0;
}

static void test_query(void **state)
{
	struct fixture *f = *state;
	const struct store_pair params[] = {{"name", "a b&c"}, {"n", "7"}};
	const struct store_pair settings[] = {{"max_threads", "2"}};
	struct buf out = {0};
	struct store_summary sum = {0};
	struct diag why = {0};
	f->answer = "42\n";
	f->summary = "{\"read_rows\":\"1000\",\"read_bytes\":\"8000\",\"elapsed_ns\":\"5\"}";
	const struct store_query q = {.sql = "SELECT {n:UInt8}",
				      .format = "TabSeparated",
				      .params = params,
				      .n_params = 2,
				      .settings = settings,
				      .n_settings = 1,
				      .query_id = "query-1"};
	assert_int_equal(store_fetch(f->store, &q, &out, &sum, &why), ERR_OK);
	assert_string_equal(buf_cstr(&out), "42\n");
	assert_string_equal(buf_cstr(&f->body), "SELECT {n:UInt8}\nFORMAT TabSeparated");
	assert_string_equal(
	    buf_cstr(&f->params),
	    "database=weir;max_threads=2;param_name=a b&c;param_n=7;query_id=query-1;"
	    "wait_end_of_query=1;cancel_http_readonly_queries_on_client_close=1;");
	assert_int_equal(sum.rows_read, 1000);
	assert_int_equal(sum.bytes_read, 8000);
	buf_fini(&out);
	f->summary = NULL;
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct store_summary sum = {0};
	struct diag why = {0};
	f->status = 400;
	f->code = "62";
	f->answer = "Code: 62. DB::Exception: Syntax error: failed at position 1. (SYNTAX_ERROR) "
		    "(version 26.5.1.1)\n";
	const struct store_query q = {.sql = "nonsense"};
	assert_int_equal(store_query(f->store, &q, &sum, &why), ERR_REMOTE);
	assert_int_equal(sum.code, 62);
	assert_string_equal(why.msg, "Syntax error: failed at position 1. (SYNTAX_ERROR)");
	assert_false(store_code_passes(62));
	assert_true(store_code_passes(241));
	/* The code stands in the text only. */
	f->code = NULL;
	assert_int_equal(store_query(f->store, &q, &sum, &why), ERR_REMOTE);
	assert_int_equal(sum.code, 62);
	/* Not ClickHouse at all. */
	f->status = 502;
	f->answer = "<html>bad gateway</html>";
	assert_int_equal(store_query(f->store, &q, &sum, &why), ERR_REMOTE);
	assert_int_equal(sum.code, 0);
	assert_true(store_code_passes(sum.code));
	f->status = 200;
}

/* An exception behind rows that were already sent. */
static void test_exception_in_stream(void **state)
{
	struct fixture *f = *state;
	struct buf out = {0};
	struct store_summary sum = {0};
	struct diag why = {0};
	f->answer = "1\n2\n\r\n__exception__\r\nabcdefghijklmnop\r\n"
		    "Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)\n"
		    "74 abcdefghijklmnop\r\n__exception__\r\n";
	const struct store_query q = {.sql = "SELECT 1", .format = "TabSeparated"};
	assert_int_equal(store_fetch(f->store, &q, &out, &sum, &why), ERR_REMOTE);
	assert_int_equal(sum.code, 241);
	/* Text of a user that looks like one is no error. */
	buf_reset(&out);
	f->answer = "Code: 241. DB::Exception: not really\n";
	assert_int_equal(store_fetch(f->store, &q, &out, &sum, &why), ERR_OK);
	buf_fini(&out);
}

static void test_insert(void **state)
{
	struct fixture *f = *state;
	struct diag why = {0};
	FILE *file = tmpfile();
	fputs("header|the block;\n with 'anything'|trailer", file);
	fflush(file);
	f->answer = "";
	const struct store_insert in = {.table = "flows_core",
					.columns = "a,b",
					.token = "uuid-7'x",
					.rows = 1000,
					.fd = fileno(file),
					.off = 7,
					.len = 26};
	assert_int_equal(store_insert(f->store, &in, NULL, &why), ERR_OK);
	assert_int_equal(f->body.n, 26);
	assert_memory_equal(f->body.p, "the block;\n with 'anything'", 26);
	assert_string_equal(
	    buf_cstr(&f->query),
	    "INSERT INTO weir.flows_core (a,b) SETTINGS insert_deduplication_token = 'uuid-7\\'x', "
	    "insert_deduplicate = 1, deduplicate_blocks_in_dependent_materialized_views = 1, "
	    "async_insert = 0, "
	    "max_insert_threads = 1, max_threads = 1, max_block_size = 2000, max_insert_block_size "
	    "= 2000, "
	    "min_insert_block_size_rows = 2000, min_insert_block_size_rows_for_materialized_views "
	    "= 2000, "
	    "min_insert_block_size_bytes = 0, min_insert_block_size_bytes_for_materialized_views = "
	    "0 FORMAT Native");
	fclose(file);
}

static bool say_stop(void *arg, const uint8_t *p, size_t n)
{
	(void)arg, (void)p, (void)n;
	return false;
}

static void test_cancel(void **state)
{
	struct fixture *f = *state;
	struct diag why = {0};
	atomic_bool cancel = true;
	f->answer = "1\n";
	struct store_query q = {.sql = "SELECT 1", .format = "TabSeparated", .on_data = say_stop};
	assert_int_equal(store_query(f->store, &q, NULL, &why), ERR_CANCELLED);
	q.cancel = &cancel;
	assert_int_equal(store_query(f->store, &q, NULL, &why), ERR_CANCELLED);
	/* A limit of time, and the server sees the client go. */
	f->hang = true;
	q.cancel = NULL;
	q.timeout_ms = 200;
	assert_int_equal(store_query(f->store, &q, NULL, &why), ERR_TIMEOUT);
	for (int i = 0; i < 500 && !atomic_load(&f->gone); i++)
		usleep(10000);
	assert_true(atomic_load(&f->gone));
	/* Nobody waits for its answer, but it reads what the next test writes. */
	while (atomic_load(&f->under_way) > 0)
		usleep(1000);
	f->hang = false;
}

static void test_result_limit(void **state)
{
	struct fixture *f = *state;
	struct buf out = {.max = 4};
	struct diag why = {0};
	f->answer = "12345678";
	const struct store_query q = {.sql = "SELECT 1", .format = "TabSeparated"};
	assert_int_equal(store_fetch(f->store, &q, &out, NULL, &why), ERR_LIMIT);
	buf_fini(&out);
}

static void test_nobody(void **state)
{
	(void)state;
	struct store *s;
	struct diag why = {0};
	assert_int_equal(store_open(&(struct store_conf){.url = "unix:/nonexistent/x"}, &s, &why),
			 ERR_OK);
	assert_int_equal(store_ping(s, &why), ERR_REFUSED);
	assert_non_null(strstr(why.msg, "/nonexistent/x"));
	store_close(s);
	assert_int_equal(store_open(&(struct store_conf){.url = "ftp://x"}, &s, &why), ERR_CONFIG);
	assert_int_equal(
	    store_open(&(struct store_conf){.url = "http://me:secret@host:8123/"}, &s, &why),
	    ERR_OK);
	assert_string_equal(store_where(s), "http://host:8123/");
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_query),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_exception_in_stream),
	    cmocka_unit_test(test_insert),
	    cmocka_unit_test(test_cancel),
	    cmocka_unit_test(test_result_limit),
	    cmocka_unit_test(test_nobody),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
