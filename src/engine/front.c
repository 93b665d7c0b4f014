/* SPDX-License-Identifier: Apache-2.0 */
/* One request from the door to the answer:
 *
 *   ask_read -> slot (jobs) -> connection, USE, SET -> start -> first piece -> headers -> stream of
 * pieces
 *
 * The first piece is fetched before anything is answered, so that most errors come with their HTTP
 * status; one that comes later goes into the stream the way ClickHouse does it. */
#include "engine/front.h"

#include "engine/ask.h"
#include "engine/jobs.h"

#include "base/timefmt.h"
#include "http/http.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

enum { TAG_LEN = 16, UUID_LEN = 36, HOST_MAX = 128 };

struct front {
	struct front_opts opts;
	struct jobs *jobs;
	char host[HOST_MAX];
	_Atomic uint64_t refused, rows_read, bytes_read, rows_written, bytes_written, received,
	    sent;
};

/* A query on its way. Lives until the answer is sent. */
struct run {
	struct front *front;
	struct http_request *req;
	struct ask ask;
	struct job job;
	struct engine_conn *conn;
	bool entered, failed, complete;
	char tag[TAG_LEN + 1]; /* of an exception in the stream */
	const uint8_t *piece;  /* fetched and not yet given out */
	size_t piece_n;
	struct buf
	    held; /* wait_end_of_query: what is held back; then the exception of the stream */
	uint64_t started_ns;
};

static void put_name(struct buf *sql, const char *name)
{
	buf_u8(sql, '`');
	for (; *name; name++) {
		if (*name == '`' || *name == '\\')
			buf_u8(sql, '\\');
		buf_u8(sql, (uint8_t)*name);
	}
	buf_u8(sql, '`');
}

static enum err make_database(const struct front_opts *o, struct diag *reterr)
{
	const struct engine_ops *ops = o->engine->ops;
	struct engine_conn *conn;
	enum err e = ops->connect(o->engine, &conn);
	if (e)
		return diag_set(reterr, e, 0, 0, "cannot connect to the engine");
	struct buf sql = {0};
	buf_str(&sql, "CREATE DATABASE IF NOT EXISTS ");
	put_name(&sql, o->database);
	const struct engine_query q = {
	    .sql = (const char *)sql.p, .sql_len = sql.n, .format = "Null"};
	e = ops->start(conn, &q);
	if (e)
		diag_set(reterr, e, 0, 0, "cannot make the database: %s", ops->error(conn));
	ops->finish(conn);
	ops->disconnect(&conn);
	buf_fini(&sql);
	return e;
}

enum err front_new(const struct front_opts *opts, struct front **ret, struct diag *reterr)
{
	struct front *f = calloc(1, sizeof(*f));
	if (!f)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	f->opts = *opts;
	if (!f->opts.max_memory)
		f->opts.max_memory = FRONT_MEMORY;
	if (!f->opts.max_time_s)
		f->opts.max_time_s = FRONT_TIME_S;
	f->opts.writer_password = opts->writer_password ? strdup(opts->writer_password) : NULL;
	f->opts.reader_password = opts->reader_password ? strdup(opts->reader_password) : NULL;
	if (gethostname(f->host, sizeof(f->host) - 1) != 0)
		snprintf(f->host, sizeof(f->host), "localhost");
	struct jobs_opts j = {
	    .engine = opts->engine, .max_queries = opts->max_queries, .wait_ms = opts->wait_ms};
	enum err e = jobs_new(&j, &f->jobs);
	if (e) {
		front_free(&f);
		return diag_set(reterr, e, 0, 0, "cannot connect to the engine");
	}
	if (opts->database && (e = make_database(opts, reterr)) != ERR_OK) {
		front_free(&f);
		return e;
	}
	*ret = f;
	return ERR_OK;
}

void front_free(struct front **fp)
{
	struct front *f = *fp;
	if (!f)
		return;
	jobs_free(&f->jobs);
	free((void *)(uintptr_t)f->opts.writer_password);
	free((void *)(uintptr_t)f->opts.reader_password);
	free(f);
	*fp = NULL;
}

bool front_stop(struct front *f, unsigned ms)
{
	jobs_refuse(f->jobs);
	if (jobs_drain(f->jobs, ms))
		return true;
	jobs_shut(f->jobs);
	return jobs_drain(f->jobs, ms);
}

struct front_counts front_counts(struct front *f)
{
	struct jobs_counts j = jobs_counts(f->jobs);
	return (struct front_counts){
	    .running = j.running,
	    .waiting = j.waiting,
	    .done = j.done,
	    .failed = j.failed,
	    .cancelled = j.cancelled,
	    .refused = j.refused + atomic_load(&f->refused),
	    .rows_read = atomic_load(&f->rows_read),
	    .bytes_read = atomic_load(&f->bytes_read),
	    .rows_written = atomic_load(&f->rows_written),
	    .bytes_written = atomic_load(&f->bytes_written),
	    .bytes_received = atomic_load(&f->received),
	    .bytes_sent = atomic_load(&f->sent),
	};
}

/* --- the run */
static void run_free(void *arg)
{
	struct run *r = arg;
	const struct engine_ops *ops = r->front->opts.engine->ops;
	http_off_hangup(r->req);
	if (r->conn) {
		struct engine_sums s = ops->sums(r->conn);
		atomic_fetch_add(&r->front->rows_read, s.rows_read);
		atomic_fetch_add(&r->front->bytes_read, s.bytes_read);
		atomic_fetch_add(&r->front->rows_written, s.rows_written);
		atomic_fetch_add(&r->front->bytes_written, s.bytes_written);
		/* Ends the query if the client went away in the middle of it. */
		ops->finish(r->conn);
		ops->disconnect(&r->conn);
	}
	if (r->entered)
		jobs_leave(&r->job, r->failed || !r->complete ? ERR_REMOTE : ERR_OK);
	ask_fini(&r->ask);
	buf_fini(&r->held);
	free(r);
}

static void random_text(char *out, size_t n, const char *alphabet)
{
	uint8_t bytes[64] = {0};
	size_t len = strlen(alphabet);
	ssize_t got = getrandom(bytes, n, 0);
	(void)got;
	for (size_t i = 0; i < n; i++)
		out[i] = alphabet[bytes[i] % len];
	out[n] = 0;
}

/* Version 4 (RFC 9562). */
static void uuid_text(char out[UUID_LEN + 1])
{
	char hex[33];
	random_text(hex, 32, "0123456789abcdef");
	hex[12] = '4';
	hex[16] = "89ab"[hex[16] & 3];
	snprintf(out, UUID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
		 hex + 20);
}

static bool engine_says(struct run *r, struct exception *x)
{
	const struct engine *e = r->front->opts.engine;
	exception_take(x, e->ops->error(r->conn), e->version);
	r->failed = true;
	return false;
}

/* Runs a statement without a result. */
static bool prepare(struct run *r, const char *sql, size_t n, struct exception *x)
{
	const struct engine_ops *ops = r->front->opts.engine->ops;
	const struct engine_query q = {.sql = sql, .sql_len = n, .format = "Null"};
	if (ops->start(r->conn, &q) != ERR_OK)
		return engine_says(r, x);
	ops->finish(r->conn);
	return true;
}

static bool use_database(struct run *r, const char *name, struct exception *x)
{
	struct buf b = {0};
	buf_str(&b, "USE ");
	put_name(&b, name);
	bool ok = prepare(r, (const char *)b.p, b.n, x);
	buf_fini(&b);
	return ok;
}

/* Starts the statement: streaming if it can, whole if the engine says that it cannot. */
static bool start(struct run *r, struct exception *x)
{
	const struct engine_ops *ops = r->front->opts.engine->ops;
	struct engine_query q = {.sql = (const char *)r->ask.sql.p,
				 .sql_len = r->ask.sql.n,
				 .format = r->ask.format,
				 .params = r->ask.params,
				 .n_params = r->ask.n_params,
				 .stream = r->ask.facts.kind == SQL_SELECT && !r->ask.facts.totals};
	enum err e = ops->start(r->conn, &q);
	if (e && q.stream && strstr(ops->error(r->conn), "Streaming query is not supported")) {
		ops->finish(r->conn);
		q.stream = false;
		e = ops->start(r->conn, &q);
	}
	return e ? engine_says(r, x) : true;
}

/* The next piece into r->piece. */
static bool fetch(struct run *r, struct exception *x)
{
	const struct engine_ops *ops = r->front->opts.engine->ops;
	if (ops->next(r->conn, &r->piece, &r->piece_n) != ERR_OK) {
		r->piece_n = 0;
		http_off_hangup(r->req);
		return engine_says(r, x);
	}
	r->complete = r->piece_n == 0;
	/* Nothing is left to cancel. */
	if (r->complete)
		http_off_hangup(r->req);
	return true;
}

static bool fetch_first(struct run *r, struct exception *x)
{
	if (!r->ask.whole)
		return fetch(r, x);
	do {
		if (!fetch(r, x))
			return false;
		buf_put(&r->held, r->piece, r->piece_n);
	} while (!r->complete && r->held.n < FRONT_WHOLE_MAX);
	if (r->held.bad) {
		exception_make(x, EXC_CANNOT_ALLOCATE_MEMORY, r->front->opts.engine->version,
			       "Out of memory");
		r->failed = true;
		return false;
	}
	r->piece = r->held.p;
	r->piece_n = r->held.n;
	return true;
}

static bool enter(struct run *r, struct exception *x)
{
	const char *version = r->front->opts.engine->version;
	struct job *j = &r->job;
	if (r->ask.query_id)
		snprintf(j->id, sizeof(j->id), "%s", r->ask.query_id);
	else
		uuid_text(j->id);
	http_set_header(r->req, "X-ClickHouse-Query-Id", j->id);
	j->reader = r->ask.reader;
	j->insert = r->ask.facts.kind == SQL_INSERT;
	j->jobs = r->front->jobs;
	/* Without a watch only the sending notices that the client is gone. */
	enum err e = http_on_hangup(r->req, jobs_cancel, j);
	(void)e;
	e = jobs_enter(j);
	if (!e) {
		r->entered = true;
		return true;
	}
	if (e == ERR_EXISTS)
		exception_make(x, EXC_QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING, version,
			       "Query with id = %s is already running", j->id);
	else if (e == ERR_CANCELLED)
		exception_make(x, EXC_QUERY_WAS_CANCELLED, version, "Query was cancelled");
	else
		exception_make(x, EXC_TOO_MANY_SIMULTANEOUS_QUERIES, version,
			       "Too many simultaneous queries");
	return false;
}

static bool execute(struct run *r, struct exception *x)
{
	struct engine *e = r->front->opts.engine;
	if (e->ops->connect(e, &r->conn) != ERR_OK) {
		exception_make(x, EXC_ABORTED, e->version, "Cannot connect to the engine");
		r->failed = true;
		return false;
	}
	ask_settings(&r->ask, r->req, &r->front->opts, r->job.tag);
	const char *database = r->ask.database ? r->ask.database : r->front->opts.database;
	if (database && !use_database(r, database, x))
		return false;
	if (!prepare(r, (const char *)r->ask.set.p, r->ask.set.n, x))
		return false;
	jobs_in_engine(&r->job, true);
	return start(r, x) && fetch_first(r, x);
}

/* --- the answer */
static const struct {
	const char *format, *type; /* a format that begins so */
} types[] = {
    {"JSONEachRow", "application/x-ndjson; charset=UTF-8"},
    {"JSONCompactEachRow", "application/x-ndjson; charset=UTF-8"},
    {"JSONStringsEachRow", "application/x-ndjson; charset=UTF-8"},
    {"JSON", "application/json; charset=UTF-8"},
    {"CSVWithNames", "text/csv; charset=UTF-8; header=present"},
    {"CSV", "text/csv; charset=UTF-8; header=absent"},
    {"TabSeparated", "text/tab-separated-values; charset=UTF-8"},
    {"TSV", "text/tab-separated-values; charset=UTF-8"},
    {"XML", "application/xml; charset=UTF-8"},
    {"Pretty", "text/plain; charset=UTF-8"},
    {"Vertical", "text/plain; charset=UTF-8"},
    {"Values", "text/plain; charset=UTF-8"},
};

static const char *type_of(const char *format)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strncasecmp(format, types[i].format, strlen(types[i].format)) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static void set_summary(struct run *r)
{
	struct engine_sums s = r->front->opts.engine->ops->sums(r->conn);
	char json[400];
	snprintf(json, sizeof(json),
		 "{\"read_rows\":\"%llu\",\"read_bytes\":\"%llu\",\"written_rows\":\"%llu\","
		 "\"written_bytes\":\"%llu\","
		 "\"total_rows_to_read\":\"0\",\"result_rows\":\"0\",\"result_bytes\":\"%zu\","
		 "\"elapsed_ns\":\"%llu\"}",
		 (unsigned long long)s.rows_read, (unsigned long long)s.bytes_read,
		 (unsigned long long)s.rows_written, (unsigned long long)s.bytes_written,
		 r->complete ? r->held.n : 0,
		 (unsigned long long)(clock_mono_ns() - r->started_ns));
	http_set_header(r->req, "X-ClickHouse-Summary", json);
}

static enum http_more next_piece(void *arg, const uint8_t **ret_p, size_t *ret_n)
{
	struct run *r = arg;
	struct exception x = {0};
	if (r->failed)
		return HTTP_ABORT;
	if (r->piece_n == 0 && !r->complete && !fetch(r, &x)) {
		buf_reset(&r->held);
		exception_in_stream(&x, r->tag, &r->held);
		exception_fini(&x);
		r->piece = r->held.p;
		r->piece_n = r->held.n;
	}
	if (r->piece_n == 0)
		return HTTP_END;
	*ret_p = r->piece;
	*ret_n = r->piece_n;
	atomic_fetch_add(&r->front->sent, r->piece_n);
	r->piece_n = 0;
	return HTTP_MORE;
}

static void common_headers(struct front *f, struct http_request *req)
{
	http_set_header(req, "X-ClickHouse-Server-Display-Name", f->host);
}

static void answer(struct run *r)
{
	char format[64];
	const struct sql_span *named = &r->ask.facts.format;
	if (named->p && r->ask.facts.kind != SQL_INSERT)
		snprintf(format, sizeof(format), "%.*s", (int)named->n, named->p);
	else
		snprintf(format, sizeof(format), "%s", r->ask.format);
	set_summary(r);
	http_set_header(r->req, "X-ClickHouse-Format", format);
	http_set_header(r->req, "X-ClickHouse-Timezone", "UTC");
	random_text(r->tag, TAG_LEN, "abcdefghijklmnopqrstuvwxyz");
	http_set_header(r->req, "X-ClickHouse-Exception-Tag", r->tag);
	http_set_gzip(r->req, r->ask.gzip);
	http_reply_stream(r->req, 200, type_of(format),
			  (struct http_stream){next_piece, run_free, r});
}

static bool answer_kill(struct run *r)
{
	const struct sql_span *id = &r->ask.facts.kill_id;
	struct buf b = {0};
	if (jobs_cancel_id(r->front->jobs, id->p, id->n, r->ask.reader))
		buf_fmt(&b, "waiting\t%.*s\tdefault\t\n", (int)id->n, id->p);
	http_reply_buf(r->req, 200, type_of("TSV"), &b);
	return true;
}

static void query(struct front *f, struct http_request *req)
{
	struct exception x = {0};
	struct run *r = calloc(1, sizeof(*r));
	if (!r) {
		http_reply_text(req, 500, "out of memory");
		return;
	}
	r->front = f;
	r->req = req;
	r->started_ns = clock_mono_ns();
	atomic_fetch_add(&f->received, http_body_len(req));
	common_headers(f, req);
	bool ok = ask_read(&r->ask, req, &f->opts, &x);
	if (!ok)
		atomic_fetch_add(&f->refused, 1);
	if (ok && r->ask.facts.kind == SQL_KILL_QUERY) {
		answer_kill(r);
		run_free(r);
		return;
	}
	if (ok && enter(r, &x) && execute(r, &x)) {
		answer(r);
		return;
	}
	exception_reply(&x, req);
	run_free(r);
}

void front_handle(struct http_request *req, void *ctx)
{
	struct front *f = ctx;
	const char *path = http_path(req);
	enum http_method m = http_method(req);
	if (m != HTTP_GET && m != HTTP_POST && m != HTTP_HEAD) {
		http_set_header(req, "Allow", "GET, HEAD, POST");
		http_reply_text(req, 405, "only GET, HEAD and POST");
	} else if (strcmp(path, "/ping") == 0) {
		common_headers(f, req);
		http_reply(req, 200, "text/html; charset=UTF-8", "Ok.\n", 4);
	} else if (strcmp(path, "/") != 0) {
		http_reply_text(req, 404, "There is no handle %s. Use / or /ping", path);
	} else if (m != HTTP_POST && !http_param(req, "query")) {
		common_headers(f, req);
		http_reply(req, 200, "text/html; charset=UTF-8", "Ok.\n", 4);
	} else {
		query(f, req);
	}
}
