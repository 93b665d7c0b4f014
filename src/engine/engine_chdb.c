/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of libchdb.so that we use; the npm package ships no header, so the prototypes stand
 * here. Results are opaque and freed with chdb_destroy_query_result. Counters of a result that
 * carries an error are not valid. */
#include "engine/engine_chdb.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMS_MAX = 256 };

typedef void *chdb_connection; /* chdb_connect returns a pointer to it */
struct chdb_result;

struct lib {
	void *handle;
	chdb_connection *(*connect)(int argc, char **argv);
	void (*close_conn)(chdb_connection *conn);
	struct chdb_result *(*query)(chdb_connection conn, const char *sql, size_t sql_len,
				     const char *format, size_t format_len,
				     const char *const *names, const size_t *name_lens,
				     const char *const *values, const size_t *value_lens, size_t n);
	struct chdb_result *(*stream)(chdb_connection conn, const char *sql, size_t sql_len,
				      const char *format, size_t format_len,
				      const char *const *names, const size_t *name_lens,
				      const char *const *values, const size_t *value_lens,
				      size_t n);
	struct chdb_result *(*fetch)(chdb_connection conn, struct chdb_result *stream);
	void (*cancel)(chdb_connection conn, struct chdb_result *stream);
	void (*destroy)(struct chdb_result *r);
	char *(*buffer)(struct chdb_result *r);
	size_t (*length)(struct chdb_result *r);
	const char *(*error)(struct chdb_result *r);
	uint64_t (*rows_read)(struct chdb_result *r);
	uint64_t (*bytes_read)(struct chdb_result *r);
	uint64_t (*rows_written)(struct chdb_result *r);
	uint64_t (*bytes_written)(struct chdb_result *r);
};

static const struct {
	const char *name;
	size_t offset;
} symbols[] = {
    {"chdb_connect", offsetof(struct lib, connect)},
    {"chdb_close_conn", offsetof(struct lib, close_conn)},
    {"chdb_query_with_params_n", offsetof(struct lib, query)},
    {"chdb_stream_query_with_params_n", offsetof(struct lib, stream)},
    {"chdb_stream_fetch_result", offsetof(struct lib, fetch)},
    {"chdb_stream_cancel_query", offsetof(struct lib, cancel)},
    {"chdb_destroy_query_result", offsetof(struct lib, destroy)},
    {"chdb_result_buffer", offsetof(struct lib, buffer)},
    {"chdb_result_length", offsetof(struct lib, length)},
    {"chdb_result_error", offsetof(struct lib, error)},
    {"chdb_result_storage_rows_read", offsetof(struct lib, rows_read)},
    {"chdb_result_storage_bytes_read", offsetof(struct lib, bytes_read)},
    {"chdb_result_rows_written", offsetof(struct lib, rows_written)},
    {"chdb_result_bytes_written", offsetof(struct lib, bytes_written)},
};

struct chdb {
	struct engine engine; /* first: a struct engine * is a struct chdb * */
	struct lib lib;
	char *path_arg;
	struct engine_conn *own; /* keeps the store open while no query runs */
	char version[32];
};

struct engine_conn {
	struct chdb *db;
	chdb_connection *conn;
	struct chdb_result *stream; /* of a running stream */
	struct chdb_result *result; /* the last piece, or the whole result, or an error */
	bool given;                 /* result has been handed out */
	bool complete;
	const char *error;
	struct engine_sums sums;
};

static enum err load(struct lib *l, const char *path, struct diag *reterr)
{
	l->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return diag_set(reterr, ERR_NOT_FOUND, 0, 0, "cannot load the engine: %s",
				dlerror());
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
		void *f = dlsym(l->handle, symbols[i].name);
		if (!f)
			return diag_set(reterr, ERR_VERSION, 0, 0, "%s has no function %s", path,
					symbols[i].name);
		memcpy((char *)l + symbols[i].offset, &f, sizeof(f));
	}
	return ERR_OK;
}

static void drop_result(struct engine_conn *c)
{
	if (c->result)
		c->db->lib.destroy(c->result);
	c->result = NULL;
}

static void chdb_finish(struct engine_conn *c)
{
	const struct lib *l = &c->db->lib;
	if (c->stream) {
		if (!c->complete)
			l->cancel(*c->conn, c->stream);
		l->destroy(c->stream);
	}
	c->stream = NULL;
	drop_result(c);
	c->error = NULL;
	c->complete = c->given = false;
}

/* Takes r as the current result; its error if it has one. */
static enum err take(struct engine_conn *c, struct chdb_result *r)
{
	const struct lib *l = &c->db->lib;
	drop_result(c);
	c->result = r;
	c->error =
	    r ? l->error(r) : "Code: 49. DB::Exception: The engine gave no result. (LOGICAL_ERROR)";
	if (c->error) {
		c->complete = true;
		return ERR_REMOTE;
	}
	c->sums.rows_read += l->rows_read(r);
	c->sums.bytes_read += l->bytes_read(r);
	c->sums.rows_written += l->rows_written(r);
	c->sums.bytes_written += l->bytes_written(r);
	return ERR_OK;
}

static enum err chdb_start(struct engine_conn *c, const struct engine_query *q)
{
	const struct lib *l = &c->db->lib;
	const char *names[PARAMS_MAX], *values[PARAMS_MAX];
	size_t name_lens[PARAMS_MAX], value_lens[PARAMS_MAX], n = q->n_params;
	chdb_finish(c);
	c->sums = (struct engine_sums){0};
	if (n > PARAMS_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < n; i++) {
		names[i] = q->params[i].name;
		name_lens[i] = strlen(names[i]);
		values[i] = q->params[i].value;
		value_lens[i] = q->params[i].value_len;
	}
	if (!q->stream)
		return take(c, l->query(*c->conn, q->sql, q->sql_len, q->format, strlen(q->format),
					n ? names : NULL, name_lens, n ? values : NULL, value_lens,
					n));
	c->stream = l->stream(*c->conn, q->sql, q->sql_len, q->format, strlen(q->format),
			      n ? names : NULL, name_lens, n ? values : NULL, value_lens, n);
	c->error =
	    c->stream ? l->error(c->stream) : "Code: 49. DB::Exception: No stream. (LOGICAL_ERROR)";
	c->complete = c->error != NULL;
	return c->error ? ERR_REMOTE : ERR_OK;
}

static enum err chdb_next(struct engine_conn *c, const uint8_t **ret_p, size_t *ret_n)
{
	const struct lib *l = &c->db->lib;
	if (c->error)
		return ERR_REMOTE;
	if (c->stream && !c->complete) {
		enum err e = take(c, l->fetch(*c->conn, c->stream));
		if (e)
			return e;
		c->complete = l->length(c->result) == 0;
		c->given = false;
	}
	bool more = c->result && !c->given;
	*ret_n = more ? l->length(c->result) : 0;
	*ret_p = *ret_n ? (const uint8_t *)l->buffer(c->result) : NULL;
	c->given = true;
	return ERR_OK;
}

static const char *chdb_error(const struct engine_conn *c)
{
	return c->error ? c->error : "";
}

static struct engine_sums chdb_sums(const struct engine_conn *c)
{
	return c->sums;
}

static enum err chdb_connect(struct engine *e, struct engine_conn **ret)
{
	struct chdb *db = (struct chdb *)e;
	struct engine_conn *c = calloc(1, sizeof(*c));
	if (!c)
		return ERR_NOMEM;
	char name[] = "clickhouse";
	/* After "--": settings of the server. Merges can wait for inserts and queries. */
	char dashes[] = "--", nice[] = "--os_threads_nice_value_merge_mutate=10";
	char *argv[] = {name, db->path_arg, dashes, nice, NULL};
	c->db = db;
	c->conn = db->lib.connect(ARRAY_LEN(argv) - 1, argv);
	if (!c->conn) {
		free(c);
		return ERR_REFUSED;
	}
	*ret = c;
	return ERR_OK;
}

static void chdb_disconnect(struct engine_conn **c)
{
	if (!*c)
		return;
	chdb_finish(*c);
	(*c)->db->lib.close_conn((*c)->conn);
	free(*c);
	*c = NULL;
}

static const struct engine_ops chdb_ops = {
    .connect = chdb_connect,
    .disconnect = chdb_disconnect,
    .start = chdb_start,
    .next = chdb_next,
    .error = chdb_error,
    .sums = chdb_sums,
    .finish = chdb_finish,
};

/* Asks version() and compares: an older library may lack or mean other things. */
static enum err check_version(struct chdb *db, const char *path, struct diag *reterr)
{
	static const char sql[] = "SELECT version()";
	const struct engine_query q = {
	    .sql = sql, .sql_len = sizeof(sql) - 1, .format = "TabSeparatedRaw"};
	const uint8_t *p = NULL;
	size_t n = 0;
	enum err e = chdb_start(db->own, &q);
	if (!e)
		e = chdb_next(db->own, &p, &n);
	if (e)
		return diag_set(reterr, e, 0, 0, "%s: %.200s", path, chdb_error(db->own));
	snprintf(db->version, sizeof(db->version), "%.*s", (int)n, (const char *)p);
	db->version[strcspn(db->version, "\n")] = 0;
	chdb_finish(db->own);
	char *end;
	unsigned long major = strtoul(db->version, &end, 10);
	unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	if (major < CHDB_MAJOR || (major == CHDB_MAJOR && minor < CHDB_MINOR))
		return diag_set(reterr, ERR_VERSION, 0, 0,
				"%s is version %s, %d.%d or newer is needed", path, db->version,
				CHDB_MAJOR, CHDB_MINOR);
	return ERR_OK;
}

static void chdb_free(struct chdb *db)
{
	chdb_disconnect(&db->own);
	/* The library stays loaded: its threads do not end. */
	free(db->path_arg);
	free(db);
}

enum err engine_chdb_open(const char *library, const char *data, struct engine **ret,
			  struct diag *reterr)
{
	struct chdb *db = calloc(1, sizeof(*db));
	if (!db || asprintf(&db->path_arg, "--path=%s", data) < 0) {
		free(db);
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	}
	enum err e = load(&db->lib, library, reterr);
	if (!e && chdb_connect(&db->engine, &db->own) != ERR_OK)
		e = diag_set(reterr, ERR_IO, 0, 0, "the engine cannot open the store in %s", data);
	if (!e)
		e = check_version(db, library, reterr);
	if (e) {
		chdb_free(db);
		return e;
	}
	db->engine.ops = &chdb_ops;
	db->engine.version = db->version;
	*ret = &db->engine;
	return ERR_OK;
}

void engine_chdb_close(struct engine **e)
{
	if (*e)
		chdb_free((struct chdb *)*e);
	*e = NULL;
}
