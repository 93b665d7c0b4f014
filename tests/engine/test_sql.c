/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sql.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sql_facts look(const char *sql)
{
	struct sql_facts f;
	sql_look(sql, strlen(sql), &f);
	return f;
}

static void assert_span(struct sql_span s, const char *want)
{
	if (!want) {
		assert_null(s.p);
		return;
	}
	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
}

static void test_kinds(void **state unused_arg)
{
	static const struct {
		const char *sql;
		enum sql_kind kind;
		bool many;
		const char *format;
	} rows[] = {
	    {"", SQL_EMPTY, false, NULL},
	    {" -- only a comment\n", SQL_EMPTY, false, NULL},
	    {"select 1", SQL_SELECT, false, NULL},
	    {"/* a ; b */ SELECT 1;", SQL_SELECT, false, NULL},
	    {"WITH 1 AS x SELECT x FORMAT JSON", SQL_SELECT, false, "JSON"},
	    {"(SELECT 1) UNION ALL (SELECT 2) format CSV SETTINGS a = 1", SQL_SELECT, false, "CSV"},
	    {"SELECT ';' ; ", SQL_SELECT, false, NULL},
	    {"SELECT 1; SELECT 2", SQL_SELECT, true, NULL},
	    {"SELECT 1; -- end", SQL_SELECT, false, NULL},
	    {"SELECT 'it''s; FORMAT x' FORMAT TSV", SQL_SELECT, false, "TSV"},
	    {"SELECT 'a\\'; DROP TABLE x'", SQL_SELECT, false, NULL},
	    {"SELECT format('{}', 1)", SQL_SELECT, false, NULL},
	    {"SHOW TABLES FORMAT JSONCompact", SQL_SHOW, false, "JSONCompact"},
	    {"explain select 1", SQL_SHOW, false, NULL},
	    {"DESC x", SQL_DESCRIBE, false, NULL},
	    {"CREATE TABLE x (a Int8)", SQL_OTHER, false, NULL},
	    {"INSERT INTO t SELECT 1; x", SQL_INSERT, true, NULL},
	    {"KILL QUERY WHERE 1", SQL_OTHER, false, NULL},
	    {"KILL QUERY WHERE query_id = 'a' OR 1", SQL_OTHER, false, NULL},
	    {"KILL QUERY ON CLUSTER c WHERE query_id = 'a'", SQL_OTHER, false, NULL},
	    {"SELECT $$;$$ ", SQL_SELECT, false, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sql_facts f = look(rows[i].sql);
		assert_int_equal(f.kind, rows[i].kind);
		assert_int_equal(f.many, rows[i].many);
		assert_span(f.format, rows[i].format);
	}
	struct sql_facts f = look("kill query where query_id = 'id-1' async");
	assert_int_equal(f.kind, SQL_KILL_QUERY);
	assert_span(f.kill_id, "id-1");
}

static void test_insert(void **state unused_arg)
{
	/* | marks the clause before which the source goes, ^ where the data begins. */
	static const struct {
		const char *marked, *format;
	} rows[] = {
	    {"INSERT INTO t |FORMAT CSV\n^1,2", "CSV"},
	    {"insert into t(a, `b`) |format JSONEachRow ^{\"a\":1}", "JSONEachRow"},
	    {"INSERT INTO TABLE d.t (a) |SETTINGS x = 'FORMAT', y = 2 FORMAT Native\n^;;FORMAT",
	     "Native"},
	    {"INSERT INTO format |FORMAT TSV\r\n^x", "TSV"},
	    {"INSERT INTO `select`.`values` |VALUES^ (1)", "Values"},
	    {"INSERT INTO d.values |VALUES^ (';')", "Values"},
	    {"INSERT t |VALUES^(1)", "Values"},
	    {"INSERT INTO FUNCTION file('x', 'CSV') |FORMAT CSV ^1", "CSV"},
	    {"INSERT INTO t /* FORMAT */ |FORMAT -- x\nRowBinary\n^\x01", "RowBinary"},
	    {"INSERT INTO t |FORMAT Native^", "Native"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char sql[200] = "";
		size_t clause = 0, data = 0, n = 0;
		for (const char *p = rows[i].marked; *p; p++) {
			if (*p == '|')
				clause = n;
			else if (*p == '^')
				data = n;
			else
				sql[n++] = *p;
		}
		struct sql_facts f = look(sql);
		assert_int_equal(f.kind, SQL_INSERT);
		assert_true(f.has_data);
		assert_int_equal(f.data_clause, clause);
		assert_int_equal(f.data, data);
		assert_span(f.format, rows[i].format);
		assert_false(f.many);
	}
	assert_false(look("INSERT INTO t SELECT * FROM x FORMAT CSV").has_data);
	assert_false(look("INSERT INTO t (a) WITH 1 AS x SELECT x").has_data);
	assert_false(look("INSERT INTO t").has_data);
	assert_true(look("INSERT INTO t FROM INFILE 'x' FORMAT CSV").from_infile);
	assert_true(look("SELECT 1 INTO OUTFILE 'x'").into_outfile);
	assert_false(look("SELECT 'INTO OUTFILE'").into_outfile);
	assert_true(look("SELECT a FROM t GROUP BY a with /* */ totals").totals);
	assert_false(look("SELECT 'WITH TOTALS' AS totals").totals);
}

static void test_reader(void **state unused_arg)
{
	static const char *const may[] = {
	    "SELECT 'file(x)', \"a\", `b` FROM t -- file\n WHERE a = 'x\\'y' /* file() */",
	    "SHOW TABLES",
	    "DESCRIBE TABLE a.b",
	    "EXPLAIN SELECT 1",
	    "EXISTS TABLE x",
	    "SELECT filename, profile, FORMAT FROM t",
	    "SELECT 'äöü' AS a",
	};
	static const char *const may_not[] = {
	    "",
	    "INSERT INTO t VALUES (1)",
	    "SET a = 1",
	    "SELECT file('x')",
	    "SELECT `file`('x')",
	    "SELECT \"file\"('x')",
	    "SELECT * APPLY file FROM t",
	    "SELECT 1.file('x')",
	    "SELECT x.1.file('x')",
	    "SELECT `fi\\x6ce`('x')",
	    "SELECT `fi``le`('x')",
	    ("SELECT \xe2\x80\x9c" /* or the f would belong to the escape */
	     "file\xe2\x80\x9d('x')"),
	    "SELECT 1 // file('x')",
	    "SELECT 1 # file('x')",
	    "SELECT /* /* */ 1 */ 1",
	    "SELECT $a$ file('x') $a$",
	    "DESCRIBE file('x')",
	    "DESC TABLE url('x')",
	    "SYSTEM STOP MERGES",
	    "KILL QUERY WHERE 1",
	};
	const char *why;
	for (size_t i = 0; i < ARRAY_LEN(may); i++) {
		struct sql_facts f = look(may[i]);
		assert_true(sql_reader_may(&f, &why));
	}
	for (size_t i = 1; i < ARRAY_LEN(may_not); i++) {
		struct sql_facts f = look(may_not[i]);
		assert_false(sql_reader_may(&f, &why));
		assert_non_null(why);
	}
	assert_true(look("SELECT {x : Identifier}").identifier_param);
	assert_false(look("SELECT {x:String}").identifier_param);
}

/* Every prefix of every kind of token is looked at without reading past its end. */
static void test_prefixes(void **state unused_arg)
{
	static const char sql[] = "INSERT INTO `a\\``.\"b\" (x) /* /* c */ */ SETTINGS s = 'it''s "
				  "\\' FORMAT', t = $tag$ x $tag$, "
				  "u = {p:Identifier} -- end\n FORMAT Native\n;data";
	for (size_t n = 0; n < sizeof(sql); n++) {
		char *copy = malloc(n ? n : 1);
		memcpy(copy, sql, n);
		struct sql_facts f;
		sql_look(copy, n, &f);
		assert_true(f.end <= n && f.data <= n && f.data_clause <= n);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_insert),
	    cmocka_unit_test(test_reader),
	    cmocka_unit_test(test_prefixes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
