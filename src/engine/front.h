/* SPDX-License-Identifier: Apache-2.0 */
/* ClickHouse's HTTP interface in front of an engine: the part of it that clients of a single server
 * use. GET and POST of / with the query in ?query= or the body, {x:T} parameters, formats, inserts
 * with their data behind the query, ClickHouse's headers and errors, gzip both ways, two accounts.
 * No sessions, no quotas, no ClickHouse-own compression, no progress headers: what is not there is
 * refused with a reason, not ignored.
 *
 * The engine knows no users, so the front keeps them apart: each query has a fresh connection, its
 * settings go through an allow list (settings.def), and a reader's connection is readonly = 1 and
 * may not say what gets around that (sql.h). */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct engine;
struct front;
struct http_request;

/* Limits; those with an option are its defaults. */
enum {
	FRONT_SQL_MAX = 1 << 20,  /* bytes of a statement, without an insert's data */
	FRONT_BODY_MAX = 1 << 30, /* bytes of a request's body: give it to http_opts.max_body */
	FRONT_BODY_IN_MEMORY =
	    64 << 10, /* http_opts.body_in_memory: inserts are read from a memfd anyway */
	FRONT_WHOLE_MAX =
	    16 << 20, /* wait_end_of_query: result that is held back; a longer one streams then */
	FRONT_TIME_S = 60,
	FRONT_CONNECTIONS = 128,
};
#define FRONT_MEMORY ((uint64_t)8 << 30)

struct front_opts {
	struct engine *engine; /* borrowed, outlives the front */
	const char *database;  /* of queries that name none; made if it is not there. NULL: the
				  engine's default. Static */
	const char
	    *writer_password; /* NULL: `writer` is accepted on the Unix socket, and only there */
	const char
	    *reader_password; /* NULL: `default` and `reader` need none. Strings are copied */
	uint64_t max_memory;  /* bytes of all queries together, and of one */
	unsigned max_time_s;  /* of a reader's query */
	unsigned max_queries; /* at once; 0 = 4. One more slot is kept for inserts */
	unsigned wait_ms;     /* how long a query waits for a slot; 0 = 10 s */
};

must_check enum err front_new(const struct front_opts *opts, struct front **ret,
			      struct diag *reterr);
/* The servers that call front_handle have been stopped. */
void front_free(struct front **f);
/* An http_handler_fn; ctx is the struct front. */
void front_handle(struct http_request *req, void *ctx);
/* Refuses new queries and cancels those that have not ended after ms. True: all have ended. */
bool front_stop(struct front *f, unsigned ms);

struct front_counts {
	unsigned running, waiting;
	uint64_t done, failed, cancelled, refused; /* refused: never reached the engine */
	uint64_t rows_read, bytes_read, rows_written, bytes_written, bytes_received, bytes_sent;
};
struct front_counts front_counts(struct front *f);
/* Appends Prometheus text, and a member "queries":{...} of a JSON object. */
void front_metrics(struct front *f, struct buf *out);
void front_state(struct front *f, struct buf *out);
