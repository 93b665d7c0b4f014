/* SPDX-License-Identifier: Apache-2.0 */
/* What the front must know of a statement before the engine sees it: which kind it is, whether it
 * is one statement, where the data of an INSERT begins, and what a reader may not say. It reads
 * tokens as ClickHouse's lexer does; where the two could disagree (heredocs, escapes in quoted
 * names, other than ASCII outside of literals...) the statement is `odd`, and a reader's odd
 * statement is refused. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sql_kind {
	SQL_EMPTY,
	SQL_SELECT,   /* SELECT, WITH, FROM, (: gives its result in a stream */
	SQL_SHOW,     /* SHOW, EXISTS, EXPLAIN: reads, does not stream */
	SQL_DESCRIBE, /* reads; of a table function it would open files and connections */
	SQL_INSERT,
	SQL_KILL_QUERY,
	SQL_OTHER,
};

struct sql_span {
	const char *p; /* NULL = not there; points into the text */
	size_t n;
};

struct sql_facts {
	enum sql_kind kind;
	bool many; /* something follows the first ';' */
	bool odd;
	bool unclosed; /* a quote or comment without its end */
	bool into_outfile, from_infile;
	bool totals;               /* WITH TOTALS: the engine's stream would end before them */
	bool call;                 /* some name followed by '(' */
	struct sql_span forbidden; /* a name that readers may not use */
	bool identifier_param;     /* {x:Identifier} */
	size_t end;                /* length of the statement without ';' and what is behind it */
	struct sql_span format;    /* the name after FORMAT; "Values" for INSERT ... VALUES */
	/* INSERT with data behind it (FORMAT or VALUES): */
	bool has_data;
	size_t data_clause; /* offset of SETTINGS, FORMAT or VALUES: what comes before goes before
			       the source */
	size_t format_at;   /* offset of FORMAT or VALUES */
	size_t data;        /* offset of the first byte of data */
	struct sql_span kill_id; /* KILL QUERY WHERE query_id = 'this': without its quotes */
};

/* Pure; f borrows text. Behind `data` nothing is looked at. */
void sql_look(const char *text, size_t n, struct sql_facts *f);
/* Whether a reader's account may run it; else why says what is not allowed (static text). */
bool sql_reader_may(const struct sql_facts *f, const char **ret_why);
/* Whether a name (of a parameter's value) is one that readers may not use as an identifier. */
bool sql_name_forbidden(const char *s, size_t n);
