/* SPDX-License-Identifier: Apache-2.0 */
/* The client of the store: ClickHouse's HTTP interface, the same for the embedded engine (a Unix
 * socket) and for a remote server or cluster (a URL). Knows nothing of flows. One struct store per
 * thread. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* Strings are borrowed until store_open returns. */
struct store_conf {
	const char *
	    url; /* "unix:/path/of/socket", "http://host:8123", "https://user:password@host:8443" */
	const char *user; /* NULL: the one of the URL, or the server's default */
	const char *password;
	const char *database; /* NULL = "weir" */
	const char *cluster;  /* NULL or "" = a single server */
};

struct store_pair {
	const char *name, *value;
};

/* What a statement cost, as far as the server says (X-ClickHouse-Summary). */
struct store_summary {
	uint64_t rows_read, bytes_read, elapsed_ns;
	int code; /* ClickHouse's error code when the call returned ERR_REMOTE, else 0 */
};

/* false stops the query (ERR_CANCELLED). */
typedef bool store_data_fn(void *arg, const uint8_t *p, size_t n);

struct store_query {
	const char *sql; /* without FORMAT */
	const char
	    *format; /* "RowBinary", "JSONCompact", ...; NULL for a statement without a result */
	const struct store_pair *params; /* {name:Type} in the SQL; values as text */
	size_t n_params;
	const struct store_pair *settings;
	size_t n_settings;
	const char *query_id; /* NULL = the server chooses */
	uint32_t timeout_ms;  /* 0 = no limit here */
	const atomic_bool
	    *cancel;   /* NULL = cannot be cancelled; setting it also ends the query in the store */
	bool anywhere; /* names its tables in full: the database need not be there yet */
	bool whole; /* the server sends nothing before it has all: errors and summary are exact */
	store_data_fn *on_data; /* NULL with format NULL */
	void *arg;
};

/* One insert = one block. The same segment with the same token is a no-op, in the table and in its
 * rollups. */
struct store_insert {
	const char *table;   /* without database */
	const char *columns; /* "a, b, c", in the order of the block */
	const char *token;
	uint64_t rows; /* of the block: pins the block sizes */
	int fd;        /* the Native block: len bytes from off on */
	uint64_t off, len;
	uint32_t timeout_ms;
	const atomic_bool *cancel;
};

must_check enum err store_open(const struct store_conf *conf, struct store **ret,
			       struct diag *reterr);
void store_close(struct store *s);
/* Borrowed: "weir"; "" when there is no cluster; the URL without its password, for messages. */
const char *store_database(const struct store *s);
const char *store_cluster(const struct store *s);
const char *store_where(const struct store *s);

/* GET /ping. */
must_check enum err store_ping(struct store *s, struct diag *reterr);
/* A statement without a result. */
must_check enum err store_exec(struct store *s, const char *sql, struct diag *reterr);
/* Streams the result to q->on_data. ret may be NULL; written also on ERR_REMOTE (its code).
 * ERR_REMOTE: the server refused the statement or failed in it, reterr has its text; other errors:
 * no answer (store down). */
must_check enum err store_query(struct store *s, const struct store_query *q,
				struct store_summary *ret, struct diag *reterr);
/* The same in pieces: begin, step until *ret_done or an error, end. A step calls on_data with what
 * has come and waits at most 0.1 s. One at a time; what q points to is copied but for cancel and
 * arg. */
struct store_call;
must_check enum err store_query_begin(struct store *s, const struct store_query *q,
				      struct store_call **ret, struct diag *reterr);
must_check enum err store_query_step(struct store_call *c, bool *ret_done, struct diag *reterr);
/* Ends it, also early; *c becomes NULL. ret may be NULL. */
void store_query_end(struct store_call **c, struct store_summary *ret);
/* The whole result into out (appended; obey out->max). */
must_check enum err store_fetch(struct store *s, const struct store_query *q, struct buf *out,
				struct store_summary *ret, struct diag *reterr);
must_check enum err store_insert(struct store *s, const struct store_insert *in,
				 struct store_summary *ret, struct diag *reterr);
/* KILL QUERY; not finding it is no error. */
must_check enum err store_cancel(struct store *s, const char *query_id, struct diag *reterr);
/* Whether an error code of ClickHouse can go away by itself (too many parts, memory, timeouts,
 * shutting down). */
bool store_code_passes(int code);

/* Appends 'text' as an SQL string literal. */
void store_quote(struct buf *sql, const char *s, size_t n);
