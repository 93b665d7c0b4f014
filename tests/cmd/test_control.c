/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/control.h"

#include "cmd/control_client.h"
#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fake {
	bool is_ready, fail_reload;
	unsigned reloads;
};

static bool ready(void *ctx, struct diag *d)
{
	struct fake *f = ctx;
	if (!f->is_ready)
		diag_set(d, ERR_BUSY, 0, 0, "opening \"tables\"");
	return f->is_ready;
}

static void stats(void *ctx, struct stats *sum)
{
	(void)ctx;
	stat_add(sum, ST_datagrams_received, 42);
}

static void listens(void *ctx, struct buf *out)
{
	(void)ctx;
	buf_str(out, "[{\"proto\":\"http\",\"address\":\"127.0.0.1\",\"port\":1}]");
}

static void more(void *ctx, struct buf *out)
{
	(void)ctx;
	buf_json_key(out, "extra");
	buf_str(out, "7");
}

static enum err reload(void *ctx, struct buf *out, struct diag *d)
{
	buf_str(out, "{\"changed\":[]}");
	struct fake *f = ctx;
	f->reloads++;
	return f->fail_reload ? diag_set(d, ERR_CONFIG, 3, 1, "no key \"x\"") : ERR_OK;
}

static char dir[] = "/tmp/weir-control-XXXXXX";

static void call(const char *method, const char *path, int expect_status, const char *expect_part)
{
	struct buf out = {0};
	struct diag d = {0};
	int status = 0;
	if (control_call(dir, "store", method, path, &out, &status, &d))
		fail_msg("%s", d.msg);
	assert_int_equal(status, expect_status);
	if (!strstr(buf_cstr(&out), expect_part))
		fail_msg("%s: no %s in %s", path, expect_part, buf_cstr(&out));
	buf_fini(&out);
}

static void routes(void **state)
{
	(void)state;
	struct fake f = {0};
	struct control *c = NULL, *second = NULL;
	struct diag d = {0};
	struct control_ops ops = {.role = "store",
				  .ready = ready,
				  .stats = stats,
				  .listen = listens,
				  .state = more,
				  .reload = reload,
				  .ctx = &f};
	if (control_start(dir, &ops, &c, &d))
		fail_msg("%s", d.msg);
	assert_int_equal(control_start(dir, &ops, &second, &d), ERR_EXISTS);
	call("GET", "/healthz", 503, "opening \"tables\"");
	call("GET", "/state.json", 200,
	     "\"ready\":false,\"error\":\"opening \\\"tables\\\"\",\"listen\":[{");
	f.is_ready = true;
	call("GET", "/healthz", 200, "ok");
	call("GET", "/state.json", 200, "\"role\":\"store\",\"version\":\"" WEIR_VERSION "\"");
	call("GET", "/state.json", 200, "\"datagrams\":{\"received\":42");
	call("GET", "/state.json", 200, ",\"extra\":7}");
	call("GET", "/metrics", 200, "weir_datagrams_received_total{role=\"store\"} 42\n");
	call("GET", "/metrics", 200, "weir_up{role=\"store\",version=\"" WEIR_VERSION "\"} 1\n");
	call("POST", "/reload", 200, "{\"changed\":[]}");
	f.fail_reload = true;
	call("POST", "/reload", 422, "no key \"x\"");
	assert_int_equal(f.reloads, 2);
	call("GET", "/reload", 405, "");
	call("GET", "/other", 404, "");
	control_stop(&c);
	assert_null(c);
	int status;
	assert_int_equal(control_call(dir, "store", "GET", "/healthz", NULL, &status, &d),
			 ERR_NOT_FOUND);
}

static void a_long_path_is_refused(void **state)
{
	(void)state;
	char path[CONTROL_PATH_MAX], deep[200];
	memset(deep, 'd', sizeof(deep));
	deep[100] = 0;
	assert_int_equal(control_path(deep, "store", path), ERR_LIMIT);
	assert_int_equal(control_path("/var/lib/weir", "store", path), ERR_OK);
	assert_string_equal(path, "/var/lib/weir/run/store.sock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(routes),
	    cmocka_unit_test(a_long_path_is_refused),
	};
	if (!mkdtemp(dir))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	char run[64];
	snprintf(run, sizeof(run), "%s/run", dir);
	rmdir(run);
	rmdir(dir);
	return failed;
}
