/* SPDX-License-Identifier: Apache-2.0 */
/* The API over real HTTP, with the store and the roles out of reach or played by the test. */
#include "api/api.h"

#include "http/http.h"
#include "net/http_client.h"
#include "store/client.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct api *api;
	struct http_server *server;
	struct http_client *client;
	char dir[64], url[128];
	int web_fd;
	struct buf body, type;
	bool collect_down;
};

static enum err open_nowhere(void *ctx, struct store **ret, struct diag *reterr)
{
	(void)ctx;
	return store_open(&(struct store_conf){.url = "unix:/nonexistent/store.sock"}, ret, reterr);
}

static enum err play_role(void *ctx, const char *role, const char *path, struct buf *out,
			  struct diag *reterr)
{
	const struct fixture *f = ctx;
	if (!f->collect_down && strcmp(role, "collect") == 0 && strcmp(path, "/state.json") == 0) {
		buf_str(
		    out,
		    "{\"role\":\"collect\",\"ready\":true,\"pid\":7,\"uptime_s\":9,\"lag_ms\":12,"
		    "\"listen\":[{\"proto\":\"udp\",\"address\":\"0.0.0.0\",\"port\":2055}],"
		    "\"accounting\":{\"balanced\":true},"
		    "\"exporters\":[{\"exporter_ip\":\"192.0.2.1\"}]}");
		return ERR_OK;
	}
	return diag_set(reterr, ERR_REFUSED, 0, 0, "not there");
}

static void put_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT, 0644);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct diag why = {0};
	snprintf(f->dir, sizeof(f->dir), "/tmp/test_api.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->web_fd = open(f->dir, O_RDONLY | O_DIRECTORY);
	put_file(f->web_fd, "index.html", "<html>page</html>");
	const struct api_opts o = {.ops = {open_nowhere, store_close, play_role, f},
				   .web_fd = f->web_fd,
				   .roles = "store collect"};
	assert_int_equal(api_new(&o, &f->api), ERR_OK);
	const struct http_opts h = {.host = "127.0.0.1", .handler = api_handle, .ctx = f->api};
	assert_int_equal(http_server_start(&h, &f->server, &why), ERR_OK);
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u", http_server_port(f->server));
	assert_int_equal(http_client_new(&f->client), ERR_OK);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	http_client_free(f->client);
	http_server_stop(&f->server);
	api_free(&f->api);
	unlinkat(f->web_fd, "index.html", 0);
	close(f->web_fd);
	rmdir(f->dir);
	buf_fini(&f->body);
	buf_fini(&f->type);
	free(f);
	return 0;
}

static bool keep_body(void *arg, int status, const uint8_t *p, size_t n)
{
	(void)status;
	buf_put(&((struct fixture *)arg)->body, p, n);
	return true;
}

static void keep_type(void *arg, const char *name, size_t name_n, const char *value, size_t value_n)
{
	struct fixture *f = arg;
	if (name_n == 12 && strncasecmp(name, "Content-Type", 12) == 0)
		buf_put(&f->type, value, value_n);
}

static int call(struct fixture *f, const char *method, const char *path, const char *body,
		const char *header)
{
	char url[512];
	int status = 0;
	struct diag why = {0};
	snprintf(url, sizeof(url), "%s%s", f->url, path);
	buf_reset(&f->body);
	buf_reset(&f->type);
	const struct http_call r = {.method = method,
				    .url = url,
				    .headers = &header,
				    .n_headers = header ? 1 : 0,
				    .body = body,
				    .body_len = body ? strlen(body) : 0,
				    .on_body = keep_body,
				    .on_header = keep_type,
				    .arg = f};
	assert_int_equal(http_client_do(f->client, &r, &status, &why), ERR_OK);
	return status;
}

static void assert_has(struct fixture *f, const char *text)
{
	if (!strstr(buf_cstr(&f->body), text))
		fail_msg("'%s' is not in: %s", text, buf_cstr(&f->body));
}

static void test_filter_check(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
	    call(f, "POST", "/api/v1/filter/check", "{\"filter\":\"dst_port=443\"}", NULL), 200);
	assert_string_equal(buf_cstr(&f->body), "{\"ok\":true,\"normalised\":\"dst_port = 443\"}");
	assert_int_equal(call(f, "POST", "/api/v1/filter/check",
			      "{\"filter\":\"proto = 6 and nonsense\"}", NULL),
			 200);
	assert_has(f, "{\"ok\":false,\"line\":1,\"col\":15,\"end_col\":23,");
	assert_has(f, "\"expected\":[");
	assert_int_equal(call(f, "POST", "/api/v1/filter/check", "{\"filter\":3}", NULL), 400);
	assert_string_equal(buf_cstr(&f->type), "application/problem+json");
	assert_int_equal(
	    call(f, "POST", "/api/v1/filter/complete", "{\"filter\":\"dst_po\",\"pos\":6}", NULL),
	    200);
	assert_has(f, "{\"from\":0,\"to\":6,\"items\":[{\"text\":\"dst_port\",\"kind\":\"field\"");
}

static void test_store_down(void **state)
{
	struct fixture *f = *state;
	static const char *const paths[] = {"/api/v1/top", "/api/v1/series", "/api/v1/flows",
					    "/api/v1/flows?format=ndjson", "/api/v1/interfaces"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_int_equal(call(f, "POST", paths[i], "{}", NULL), 503);
		assert_string_equal(buf_cstr(&f->type), "application/problem+json");
		assert_has(f, "\"status\":503");
	}
	assert_int_equal(call(f, "GET", "/readyz", NULL, NULL), 503);
	assert_int_equal(call(f, "GET", "/healthz", NULL, NULL), 200);
	assert_int_equal(call(f, "GET", "/api/v1/status", NULL, NULL), 200);
	assert_has(f, "\"roles\":[{\"role\":\"store\",\"state\":\"down\"},"
		      "{\"role\":\"collect\",\"state\":\"running\",\"pid\":7,\"uptime_s\":9}]");
	assert_has(f, "\"listen\":[{\"proto\":\"udp\",\"address\":\"0.0.0.0\",\"port\":2055}]");
	assert_has(f, "\"accounting\":{\"balanced\":true}");
	assert_has(f, "\"lag_ms\":12}");
	assert_int_equal(call(f, "GET", "/api/v1/exporters", NULL, NULL), 200);
	assert_string_equal(buf_cstr(&f->body), "[{\"exporter_ip\":\"192.0.2.1\"}]");
}

/* What only the collector knows is unknown then, not zero. */
static void test_collector_down(void **state)
{
	struct fixture *f = *state;
	f->collect_down = true;
	assert_int_equal(call(f, "GET", "/api/v1/status", NULL, NULL), 200);
	assert_has(f, "{\"role\":\"collect\",\"state\":\"down\"}");
	assert_has(f, "\"listen\":[]");
	assert_has(f, "\"accounting\":null,\"store\":{");
	assert_has(f, "\"error\":\"");
	assert_has(f, ",\"lag_ms\":null}");
	assert_int_equal(call(f, "GET", "/api/v1/exporters", NULL, NULL), 503);
	f->collect_down = false;
}

static void test_bad_queries(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(call(f, "POST", "/api/v1/top", "{\"filter\":\"src_ip = \"}", NULL), 400);
	assert_has(f, "\"line\":1,\"col\":10,\"end_col\":11,\"expected\":[");
	assert_int_equal(call(f, "POST", "/api/v1/top", "nonsense", NULL), 400);
	assert_int_equal(
	    call(f, "GET", "/api/v1/top?q=%7B%22by%22%3A%5B%22srcip%22%5D%7D", NULL, NULL), 400);
	assert_has(f, "did you mean 'src_ip'?");
	assert_int_equal(call(f, "POST", "/api/v1/top?format=xml", "{}", NULL), 400);
	assert_int_equal(call(f, "POST", "/api/v1/top", "{}", "X-Query-Id: short"), 400);
	assert_int_equal(call(f, "POST", "/api/v1/flows", "{\"limit\":10001}", NULL), 400);
	static const char *const wrong[] = {"{\"tim\":1}", "{\"step\":9}", "{\"if_index\":-1}",
					    "{\"exporter_ip\":\"x\"}", "[]"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(call(f, "POST", "/api/v1/interfaces", wrong[i], NULL), 400);
}

static void test_routes(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(call(f, "GET", "/api/v1/nothing", NULL, NULL), 404);
	assert_int_equal(call(f, "GET", "/api/v1/filter/check", NULL, NULL), 405);
	assert_int_equal(call(f, "DELETE", "/api/v1/queries/not-running", NULL, NULL), 404);
	assert_int_equal(call(f, "GET", "/api/v1/fields", NULL, NULL), 200);
	assert_has(f, "{\"name\":\"src_ip\",\"kind\":\"addr\",\"type\":\"ip\",\"unit\":\"none\","
		      "\"agg\":\"none\","
		      "\"doc\":\"source address\",\"groupable\":true,\"core\":true}");
	assert_int_equal(call(f, "GET", "/version", NULL, NULL), 200);
	assert_int_equal(call(f, "GET", "/metrics", NULL, NULL), 200);
	assert_has(f, "weir_api_requests_total{role=\"serve\"}");
}

static void test_web_page(void **state)
{
	struct fixture *f = *state;
	static const char *const pages[] = {"/", "/index.html", "/explore", "/deep/place"};
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		assert_int_equal(call(f, "GET", pages[i], NULL, NULL), 200);
		assert_string_equal(buf_cstr(&f->body), "<html>page</html>");
	}
	assert_int_equal(call(f, "GET", "/assets/missing.js", NULL, NULL), 404);
	assert_int_equal(call(f, "POST", "/", "x", NULL), 405);
}

static void test_strangers(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(call(f, "GET", "/api/v1/fields", NULL, "Host: rebound.example"), 421);
	assert_int_equal(call(f, "GET", "/api/v1/fields", NULL, "Host: localhost:8080"), 200);
	assert_int_equal(call(f, "GET", "/api/v1/fields", NULL, "Host: [::1]:8080"), 200);
	assert_int_equal(call(f, "GET", "/api/v1/fields", NULL, "Sec-Fetch-Site: cross-site"), 403);
	assert_int_equal(call(f, "GET", "/api/v1/fields", NULL, "Sec-Fetch-Site: same-origin"),
			 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_filter_check),   cmocka_unit_test(test_store_down),
	    cmocka_unit_test(test_bad_queries),    cmocka_unit_test(test_routes),
	    cmocka_unit_test(test_web_page),       cmocka_unit_test(test_strangers),
	    cmocka_unit_test(test_collector_down),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
