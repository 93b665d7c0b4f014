/* SPDX-License-Identifier: Apache-2.0 */
/* Rolling up an hour while an import begins, with a store that the test plays. Which hours and what
 * is in them: tests/store/test_numbers.c, on a real one. */
#include "store/talkers.h"

#include "base/buf.h"
#include "http/http.h"
#include "store/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { HOUR = 1767268800, LATER = 1767369600 };

struct played {
	unsigned looks; /* how often the lock was looked at */
	unsigned free;  /* so many of them find it free */
	unsigned sums, notes;
};

static void reply(struct http_request *req, const struct buf *b)
{
	http_reply(req, 200, "text/plain", b->p, b->n);
}

static void play(struct http_request *req, void *ctx)
{
	struct played *p = ctx;
	struct buf sql = {0}, out = {0};
	const char *q = http_param(req, "query");
	buf_str(&sql, q ? q : "");
	buf_put(&sql, http_body(req), http_body_len(req));
	const char *text = buf_cstr(&sql);
	if (strstr(text, "SELECT DISTINCT toUInt32(toStartOfHour(t))"))
		buf_le32(&out, HOUR);
	else if (strstr(text, "SELECT count() FROM weir.talkers_1h"))
		buf_le64(&out, 0);
	else if (strstr(text, "system.tables"))
		buf_str(&out, "1\n");
	else if (strstr(text, "weir.importing WHERE until"))
		buf_str(&out, p->looks++ < p->free ? "0\n" : "1\n");
	p->sums += strstr(text, "INSERT INTO weir.talkers_1h ") != NULL;
	p->notes += strstr(text, "INSERT INTO weir.talkers_hours ") != NULL;
	reply(req, &out);
	buf_fini(&sql);
	buf_fini(&out);
}

static unsigned roll(struct played *p)
{
	struct http_server *server;
	struct store *s;
	struct diag why = {0};
	char url[64];
	unsigned hours = 99;
	const struct http_opts h = {.host = "127.0.0.1", .handler = play, .ctx = p};
	assert_int_equal(http_server_start(&h, &server, &why), ERR_OK);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", http_server_port(server));
	assert_int_equal(store_open(&(struct store_conf){.url = url}, &s, &why), ERR_OK);
	if (talkers_roll(s, (int64_t)LATER * 1000, 4, &hours, &why) != ERR_OK)
		fail_msg("roll: %s", why.msg);
	store_close(s);
	http_server_stop(&server);
	return hours;
}

static void noted_when_no_import_began(void **state)
{
	(void)state;
	struct played p = {.free = 9};
	assert_int_equal(roll(&p), 1);
	assert_int_equal(p.sums, 4);
	assert_int_equal(p.notes, 1);
}

static void not_noted_when_an_import_began(void **state)
{
	(void)state;
	struct played p = {.free = 1};
	assert_int_equal(roll(&p), 0);
	assert_int_equal(p.sums, 4);
	assert_int_equal(p.notes, 0);
}

static void not_begun_during_an_import(void **state)
{
	(void)state;
	struct played p = {0};
	assert_int_equal(roll(&p), 0);
	assert_int_equal(p.sums, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(noted_when_no_import_began),
	    cmocka_unit_test(not_noted_when_an_import_began),
	    cmocka_unit_test(not_begun_during_an_import),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
