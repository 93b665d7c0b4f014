/* SPDX-License-Identifier: Apache-2.0 */
/* A column store loaded into this process, as the front sees it: connections, statements, results
 * in pieces. One implementation is chDB (engine_chdb.h); tests and fuzzers bring a small one of
 * their own, because chDB cannot be loaded into a process with sanitizers. A connection runs one
 * statement at a time and belongs to one thread at a time; several connections run side by side. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine_conn; /* its body is the implementation's */

struct engine_param {
	const char *name, *value; /* for {name:Type} in the SQL; value as text */
	size_t value_len;
};

struct engine_query {
	const char *sql;
	size_t sql_len;
	const char *format; /* of the result where the SQL does not say FORMAT */
	const struct engine_param *params;
	size_t n_params;
	bool stream; /* a SELECT: give its result in pieces as they come */
};

/* What a statement has done so far. */
struct engine_sums {
	uint64_t rows_read, bytes_read, rows_written, bytes_written;
};

struct engine;
struct engine_ops {
	must_check enum err (*connect)(struct engine *e, struct engine_conn **ret);
	/* Ends what runs on it; *c becomes NULL. */
	void (*disconnect)(struct engine_conn **c);
	/* Starts a statement, or runs all of it when it does not stream. ERR_REMOTE: refused or
	 * failed, error() says how. The strings of q must stay until finish(). */
	must_check enum err (*start)(struct engine_conn *c, const struct engine_query *q);
	/* The next piece of the result, borrowed until the next call; 0 bytes = complete.
	 * ERR_REMOTE as above. */
	must_check enum err (*next)(struct engine_conn *c, const uint8_t **ret_p, size_t *ret_n);
	/* ClickHouse's text of the last error: "Code: 60. DB::Exception: ... (UNKNOWN_TABLE)".
	 * Until finish(). */
	const char *(*error)(const struct engine_conn *c);
	struct engine_sums (*sums)(const struct engine_conn *c);
	/* Cancels what is not complete and frees the result. */
	void (*finish)(struct engine_conn *c);
};

struct engine {
	const struct engine_ops *ops;
	const char *version; /* "26.5.1.1" */
};
