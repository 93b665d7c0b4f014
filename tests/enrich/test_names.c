/* SPDX-License-Identifier: Apache-2.0 */
/* The map of names: what changes, what waits for the store, what is refused; the SQL that goes out
 * and the rows that come back. */
#include "base/buf.h"
#include "enrich/names.h"
#include "enrich/names_sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct ip router = {{[10] = 0xff, 0xff, 192, 0, 2, 1}};

static struct name_row row(uint64_t id, const char *text)
{
	return (struct name_row){.kind = NAMES_INTERFACE,
				 .addr = router,
				 .domain = 7,
				 .id = id,
				 .text = text,
				 .text_n = strlen(text),
				 .text2 = "",
				 .since = 1700000000123};
}

static uint64_t waiting(struct names *n)
{
	struct names_counts c;
	names_counts(n, &c);
	return c.waiting;
}

static void test_tell(void **state)
{
	struct names *n;
	struct buf sql = {0};
	(void)state;
	assert_int_equal(names_new(1000, &n), ERR_OK);
	struct name_row a = row(3, "ge-0/0/3"), b = row(4, "it's \\ \x01 \xc5\x99");
	assert_true(names_tell(n, &a));
	assert_false(names_tell(n, &a)); /* the same again */
	assert_true(names_tell(n, &b));
	assert_int_equal(waiting(n), 2);
	assert_int_equal(names_insert_sql(n, "weir", 10, &sql), 2);
	assert_string_equal(
	    buf_cstr(&sql),
	    "INSERT INTO weir.names (kind, exporter_ip, domain, id, text, text2, number, source, "
	    "since) VALUES ('interface', '::ffff:192.0.2.1', 7, 3, 'ge-0/0/3', '', 0, 'options', "
	    "fromUnixTimestamp64Milli(1700000000123)), ('interface', '::ffff:192.0.2.1', 7, 4, "
	    "'it\\x27s \\x5C \\x01 \\xC5\\x99', '', 0, 'options', "
	    "fromUnixTimestamp64Milli(1700000000123))");
	/* Told anew while the statement was under way: that goes out next. */
	a = row(3, "ge-0/0/3.0");
	assert_true(names_tell(n, &a));
	names_written(n, true);
	assert_int_equal(waiting(n), 1);
	buf_reset(&sql);
	assert_int_equal(names_insert_sql(n, "weir", 10, &sql), 1);
	assert_non_null(strstr(buf_cstr(&sql), "ge-0/0/3.0"));
	assert_non_null(strstr(buf_cstr(&sql), "1700000000124")); /* newer than what it replaces */
	/* The store was down. */
	names_written(n, false);
	assert_int_equal(waiting(n), 1);
	buf_reset(&sql);
	assert_int_equal(names_insert_sql(n, "weir", 10, &sql), 1);
	names_written(n, true);
	assert_int_equal(waiting(n), 0);
	buf_reset(&sql);
	assert_int_equal(names_insert_sql(n, "weir", 10, &sql), 0);
	buf_fini(&sql);
	names_free(&n);
}

static void test_bounded(void **state)
{
	enum { MAX = 5000, TOLD = 6000, PIECE = 700 };
	struct names *n;
	struct names_counts c;
	(void)state;
	assert_int_equal(names_new(MAX, &n), ERR_OK);
	for (uint64_t i = 0; i < TOLD; i++) {
		struct name_row r = row(i, "name");
		assert_int_equal(names_tell(n, &r), i < MAX);
	}
	names_counts(n, &c);
	assert_int_equal(c.kept, MAX);
	assert_int_equal(c.refused, TOLD - MAX);
	size_t written = 0, k;
	do {
		struct buf sql = {0};
		k = names_insert_sql(n, "weir", PIECE, &sql);
		names_written(n, true);
		written += k;
		buf_fini(&sql);
	} while (k);
	assert_int_equal(written, MAX);
	/* What is known may still change. */
	struct name_row r = row(1, "other");
	assert_true(names_tell(n, &r));
	names_free(&n);
}

/* A row of RowBinary, as ClickHouse writes it. */
static void put_row(struct buf *b, const char *kind, uint64_t id, const char *text,
		    const char *text2, uint64_t number, int64_t since)
{
	buf_varint(b, strlen(kind));
	buf_str(b, kind);
	buf_put(b, router.b, sizeof(router.b));
	buf_le32(b, 7);
	buf_le64(b, id);
	buf_varint(b, strlen(text));
	buf_str(b, text);
	buf_varint(b, strlen(text2));
	buf_str(b, text2);
	buf_le64(b, number);
	buf_varint(b, 7);
	buf_str(b, "options");
	buf_le64(b, (uint64_t)since);
}

static void put(struct buf *b, const char *kind, uint64_t id, const char *text, int64_t since)
{
	put_row(b, kind, id, text, "", 0, since);
}

static void test_load(void **state)
{
	struct names *n;
	struct buf b = {0};
	struct names_counts c;
	(void)state;
	assert_int_equal(names_new(1000, &n), ERR_OK);
	struct name_row same = row(1, "one"), newer = row(2, "two, renamed");
	assert_true(names_tell(n, &same));
	assert_true(names_tell(n, &newer));
	put(&b, "interface", 1, "one", 1600000000000);
	put(&b, "interface", 2, "two", 1600000000000);
	put(&b, "interface", 3, "three", 1600000000000);
	put(&b, "kind of the future", 4, "four", 1600000000000);
	assert_int_equal(names_load(n, b.p, b.n), ERR_OK);
	names_counts(n, &c);
	assert_int_equal(c.kept, 3);
	assert_int_equal(c.waiting, 1); /* only the renamed one is news to the store */
	struct name_row three = row(3, "three");
	assert_false(names_tell(n, &three));
	for (size_t cut = 1; cut < 20; cut++)
		assert_int_equal(names_load(n, b.p, b.n - cut), ERR_MALFORMED);
	buf_fini(&b);
	names_free(&n);
}

struct both {
	const char *text, *text2;
	uint64_t number;
	size_t n;
};

static void look(void *ctx, const struct name_row *r)
{
	struct both *b = ctx;
	assert_int_equal(r->source, NAMES_OPTIONS);
	assert_string_equal(r->text, b->text);
	assert_string_equal(r->text2, b->text2);
	assert_int_equal(r->number, b->number);
	b->n++;
}

static void assert_is(struct names *n, const char *text, const char *text2, uint64_t number)
{
	struct both b = {text, text2, number, 0};
	names_each(n, NAMES_INTERFACE, look, &b);
	assert_int_equal(b.n, 1);
}

static bool tell(struct names *n, enum names_source source, const char *text, const char *text2,
		 uint64_t number)
{
	struct name_row r = row(3, text);
	r.source = source;
	r.text2 = text2;
	r.text2_n = strlen(text2);
	r.number = number;
	return names_tell(n, &r);
}

/* Whoever comes first, both told again and again come to rest. */
static void test_options_and_snmp(void **state)
{
	(void)state;
	for (int snmp_first = 0; snmp_first < 2; snmp_first++) {
		struct names *n;
		assert_int_equal(names_new(10, &n), ERR_OK);
		if (snmp_first)
			assert_true(tell(n, NAMES_SNMP, "ge-0/0/3", "to Brno", 1000));
		assert_true(tell(n, NAMES_OPTIONS, "Gi3", "", 0));
		if (!snmp_first)
			assert_true(tell(n, NAMES_SNMP, "ge-0/0/3", "to Brno", 1000));
		assert_is(n, "Gi3", "to Brno", 1000);
		for (int i = 0; i < 3; i++) {
			assert_false(tell(n, NAMES_OPTIONS, "Gi3", "", 0));
			assert_false(tell(n, NAMES_SNMP, "ge-0/0/3", "to Brno", 1000));
		}
		/* What SNMP lent it may change and take away. */
		assert_true(tell(n, NAMES_SNMP, "ge-0/0/3", "to Praha", 0));
		assert_is(n, "Gi3", "to Praha", 0);
		/* What options say now holds against it, until they say no more. */
		assert_true(tell(n, NAMES_OPTIONS, "Gi3", "uplink", 0));
		assert_false(tell(n, NAMES_SNMP, "ge-0/0/3", "to Praha", 0));
		assert_is(n, "Gi3", "uplink", 0);
		assert_true(tell(n, NAMES_OPTIONS, "Gi3", "", 0));
		assert_is(n, "Gi3", "", 0);
		names_free(&n);
	}
}

/* After a restart the table does not say which part is whose: what was lent stays. */
static void test_lent_and_loaded(void **state)
{
	struct names *n;
	struct buf b = {0};
	(void)state;
	assert_int_equal(names_new(10, &n), ERR_OK);
	put_row(&b, "interface", 3, "Gi3", "to Brno", 1000, 1600000000000);
	assert_int_equal(names_load(n, b.p, b.n), ERR_OK);
	assert_false(tell(n, NAMES_OPTIONS, "Gi3", "", 0));
	assert_false(tell(n, NAMES_SNMP, "ge-0/0/3", "to Brno", 1000));
	assert_is(n, "Gi3", "to Brno", 1000);
	assert_int_equal(waiting(n), 0);
	buf_fini(&b);
	names_free(&n);
}

static struct name_row host(uint8_t last, const char *text, int64_t since)
{
	struct name_row r = row(0, text);
	r.kind = NAMES_HOST;
	r.source = NAMES_DNS;
	r.domain = 0;
	r.addr.b[15] = last;
	r.since = since;
	return r;
}

/* Hosts leave room for the others; one of many names does not change with each answer. */
static void test_hosts(void **state)
{
	struct names *n;
	struct names_counts c;
	const int64_t hour = 3600000, t = 1700000000000;
	(void)state;
	assert_int_equal(names_new(8, &n), ERR_OK);
	struct name_row a = host(1, "www.example.org", t),
			b = host(1, "cdn.example.net", t + hour - 1);
	assert_true(names_tell(n, &a));
	assert_false(names_tell(n, &b));
	b.since = t + hour;
	assert_true(names_tell(n, &b));
	for (uint8_t i = 2; i < 10; i++) {
		a = host(i, "a.example.org", t);
		assert_int_equal(names_tell(n, &a), i <= 4);
	}
	names_counts(n, &c);
	assert_int_equal(c.kept, 4);
	assert_int_equal(c.refused, 5);
	for (uint64_t i = 0; i < 5; i++) {
		a = row(i, "ge-0/0/1");
		assert_int_equal(names_tell(n, &a), i < 4);
	}
	names_free(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tell),
	    cmocka_unit_test(test_bounded),
	    cmocka_unit_test(test_load),
	    cmocka_unit_test(test_options_and_snmp),
	    cmocka_unit_test(test_lent_and_loaded),
	    cmocka_unit_test(test_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
