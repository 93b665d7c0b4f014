/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/ask.h"

#include "base/io.h"
#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- parameters of the URL that are not settings */
enum own { OWN_USED, OWN_IGNORED, OWN_SESSION, OWN_COMPRESS };
static const struct {
	const char *name;
	enum own what;
} own_params[] = {
    {"query", OWN_USED},
    {"database", OWN_USED},
    {"default_format", OWN_USED},
    {"query_id", OWN_USED},
    {"user", OWN_USED},
    {"password", OWN_USED},
    {"wait_end_of_query", OWN_USED},
    {"enable_http_compression", OWN_USED},
    {"buffer_size", OWN_IGNORED},
    {"quota_key", OWN_IGNORED},
    {"stacktrace", OWN_IGNORED},
    {"client_protocol_version", OWN_IGNORED},
    {"role", OWN_IGNORED},
    {"session_check", OWN_SESSION},
    {"session_id", OWN_SESSION},
    {"session_timeout", OWN_SESSION},
    {"compress", OWN_COMPRESS},
    {"decompress", OWN_COMPRESS},
};
static const char param_prefix[] = "param_";

static bool flag(const char *value)
{
	return value && (strcmp(value, "1") == 0 || strcasecmp(value, "true") == 0);
}

static bool refuse(struct exception *x, const struct front_opts *o, enum exc which,
		   const char *text)
{
	exception_make(x, which, o->engine->version, "%s", text);
	return false;
}

/* --- who asks */
struct credentials {
	const char *user, *password;
};

static struct credentials credentials_of(struct http_request *req)
{
	struct credentials c = {http_header(req, "X-ClickHouse-User"),
				http_header(req, "X-ClickHouse-Key")};
	if (c.user || c.password)
		return c;
	if (http_basic_auth(req, &c.user, &c.password))
		return c;
	return (struct credentials){http_param(req, "user"), http_param(req, "password")};
}

/* The time does not tell how much of it is right. */
static bool same_secret(const char *given, const char *want)
{
	size_t n = strlen(want), m = given ? strlen(given) : 0;
	unsigned diff = n != m;
	for (size_t i = 0; i < m; i++)
		diff |= (unsigned char)(given[i] ^ want[n ? i % n : 0]);
	return diff == 0;
}

static bool read_account(struct ask *a, struct http_request *req, const struct front_opts *o,
			 struct exception *x)
{
	struct credentials c = credentials_of(req);
	const char *user = c.user && *c.user ? c.user : "default";
	bool writer = strcmp(user, "writer") == 0;
	const char *want = writer ? o->writer_password : o->reader_password;
	bool known = writer || strcmp(user, "default") == 0 || strcmp(user, "reader") == 0;
	bool ok = known && (want ? same_secret(c.password, want)
				 : !writer || strcmp(http_peer(req), "unix") == 0);
	a->reader = !writer;
	if (ok)
		return true;
	exception_make(x, EXC_AUTHENTICATION_FAILED, o->engine->version,
		       "%.64s: Authentication failed: password is incorrect, or there is no user "
		       "with such name",
		       user);
	return false;
}

/* --- parameters and settings */
static bool id_ok(const char *id)
{
	size_t n = strlen(id);
	for (size_t i = 0; i < n; i++)
		if (id[i] <= ' ' || id[i] > '~' || id[i] == '\'' || id[i] == '\\')
			return false;
	return n > 0 && n <= 128;
}

static bool setting_name_ok(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return n > 0 && n <= 128 && s[n] == 0;
}

static bool check_setting(const struct ask *a, const char *name, const struct front_opts *o,
			  struct exception *x)
{
	if (!setting_name_ok(name)) {
		exception_make(x, EXC_UNKNOWN_SETTING, o->engine->version,
			       "Unknown setting '%.100s'", name);
		return false;
	}
	if (!a->reader || setting_use(name) != SETTING_UNKNOWN)
		return true;
	exception_make(x, EXC_READONLY, o->engine->version,
		       "Cannot modify '%.100s' setting in readonly mode", name);
	return false;
}

static bool check_own(enum own what, const char *name, const char *value,
		      const struct front_opts *o, struct exception *x)
{
	if (what == OWN_SESSION) {
		exception_make(
		    x, EXC_NOT_IMPLEMENTED, o->engine->version,
		    "Sessions are not supported: every request stands for itself, drop %s", name);
		return false;
	}
	if (what == OWN_COMPRESS && strcmp(value, "0") != 0 && *value) {
		exception_make(
		    x, EXC_NOT_IMPLEMENTED, o->engine->version,
		    "ClickHouse's own compression (%s=1) is not supported, use gzip over HTTP",
		    name);
		return false;
	}
	return true;
}

static bool read_param(struct ask *a, const struct http_pair *p, const struct front_opts *o,
		       struct exception *x)
{
	for (size_t i = 0; i < ARRAY_LEN(own_params); i++)
		if (strcmp(p->name, own_params[i].name) == 0)
			return check_own(own_params[i].what, p->name, p->value, o, x);
	if (strncmp(p->name, param_prefix, sizeof(param_prefix) - 1) != 0)
		return check_setting(a, p->name, o, x);
	a->params[a->n_params++] = (struct engine_param){.name = p->name + sizeof(param_prefix) - 1,
							 .value = p->value,
							 .value_len = p->value_len};
	return true;
}

static bool read_params(struct ask *a, struct http_request *req, const struct front_opts *o,
			struct exception *x)
{
	const char *format = http_param(req, "default_format");
	size_t n = http_param_count(req);
	a->params = http_alloc(req, (n + 1) * sizeof(*a->params));
	if (!a->params)
		return refuse(x, o, EXC_CANNOT_ALLOCATE_MEMORY, "Out of memory");
	if (!format)
		format = http_header(req, "X-ClickHouse-Format");
	a->format = format && setting_name_ok(format) ? format : "TabSeparated";
	a->database = http_param(req, "database");
	if (!a->database)
		a->database = http_header(req, "X-ClickHouse-Database");
	if (a->database && !*a->database)
		a->database = NULL;
	a->query_id = http_param(req, "query_id");
	if (a->query_id && !*a->query_id)
		a->query_id = NULL;
	if (a->query_id && !id_ok(a->query_id))
		return refuse(x, o, EXC_BAD_ARGUMENTS,
			      "query_id must be 1 to 128 printable characters without quotes");
	a->whole = flag(http_param(req, "wait_end_of_query"));
	a->gzip = flag(http_param(req, "enable_http_compression"));
	for (size_t i = 0; i < n; i++)
		if (!read_param(a, http_param_at(req, i), o, x))
			return false;
	return true;
}

static void sql_quote(struct buf *b, const char *s)
{
	buf_u8(b, '\'');
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			buf_u8(b, '\\');
		buf_u8(b, (uint8_t)*s);
	}
	buf_u8(b, '\'');
}

/* A reader's number, bounded by ours; 0 (no limit) is ours too. */
static uint64_t bounded(const char *value, uint64_t most)
{
	char *end;
	unsigned long long v = value ? strtoull(value, &end, 10) : 0;
	return v == 0 || v > most ? most : v;
}

static uint64_t limit_of(const struct ask *a, struct http_request *req, const char *name,
			 uint64_t most)
{
	const char *v = http_param(req, name);
	return a->reader ? bounded(v, most) : v ? strtoull(v, NULL, 10) : most;
}

void ask_settings(struct ask *a, struct http_request *req, const struct front_opts *o,
		  const char *tag)
{
	/* The writer's own limits are the caller's business; what it sets comes later and wins. */
	uint64_t time_s = limit_of(a, req, "max_execution_time", a->reader ? o->max_time_s : 0);
	buf_fmt(&a->set,
		"SET log_comment='%s', max_memory_usage='%llu', max_memory_usage_for_user='%llu'",
		tag, (unsigned long long)limit_of(a, req, "max_memory_usage", o->max_memory),
		(unsigned long long)o->max_memory);
	buf_fmt(&a->set, ", max_execution_time='%llu'", (unsigned long long)time_s);
	for (size_t i = 0; i < http_param_count(req); i++) {
		const struct http_pair *p = http_param_at(req, i);
		bool own = strncmp(p->name, param_prefix, sizeof(param_prefix) - 1) == 0;
		for (size_t k = 0; k < ARRAY_LEN(own_params) && !own; k++)
			own = strcmp(p->name, own_params[k].name) == 0;
		enum setting_use use = setting_use(p->name);
		if (own || (use != SETTING_FREE && use != SETTING_UNKNOWN))
			continue;
		buf_fmt(&a->set, ", %s=", p->name);
		sql_quote(&a->set, p->value);
	}
	if (a->reader)
		buf_str(&a->set, ", readonly=1");
}

/* --- the statement */
/* The data of an insert: what stands behind the statement, then the body if the statement came in
 * the URL. */
static bool read_data(struct ask *a, struct http_request *req, const char *tail, size_t tail_n,
		      bool body_is_data)
{
	size_t body_n = body_is_data ? http_body_len(req) : 0;
	if (tail_n == 0 && body_n > 0) {
		a->data_fd = http_body_fd(req);
		return a->data_fd >= 0;
	}
	a->data_fd = memfd_create("insert", MFD_CLOEXEC);
	a->own_fd = a->data_fd >= 0;
	if (!a->own_fd || io_write_all(a->data_fd, tail, tail_n))
		return false;
	if (body_n == 0)
		return true;
	const uint8_t *body = http_body(req);
	return body && !io_write_all(a->data_fd, "\n", tail[tail_n - 1] == '\n' ? 0 : 1) &&
	       !io_write_all(a->data_fd, body, body_n);
}

/* The engine reads an insert's data from the descriptor as a client would read a file: columns by
 * their names, defaults of the table for those that are not there, in one pass. */
static void rewrite_insert(struct ask *a, const char *text)
{
	const struct sql_facts *f = &a->facts;
	buf_put(&a->sql, text, f->data_clause);
	buf_fmt(&a->sql, " FROM INFILE '/proc/self/fd/%d' COMPRESSION 'none' ", a->data_fd);
	buf_put(&a->sql, text + f->data_clause, f->format_at - f->data_clause);
	buf_str(&a->sql, " FORMAT ");
	buf_put(&a->sql, f->format.p, f->format.n);
}

static bool check_facts(const struct ask *a, struct http_request *req, const struct front_opts *o,
			struct exception *x)
{
	const struct sql_facts *f = &a->facts;
	const char *why;
	if (f->kind == SQL_EMPTY)
		return refuse(x, o, EXC_SYNTAX_ERROR, "Empty query");
	if (f->many)
		return refuse(x, o, EXC_SYNTAX_ERROR,
			      "Syntax error (Multi-statements are not allowed)");
	if (f->into_outfile)
		return refuse(x, o, EXC_INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE is not allowed");
	if (f->from_infile)
		return refuse(x, o, EXC_UNKNOWN_TYPE_OF_QUERY,
			      "Query has infile and was send directly to server");
	if (a->reader && f->kind != SQL_KILL_QUERY && !sql_reader_may(f, &why))
		return refuse(x, o, EXC_READONLY, why);
	for (size_t i = 0; a->reader && f->identifier_param && i < a->n_params; i++)
		if (sql_name_forbidden(a->params[i].value, a->params[i].value_len))
			return refuse(x, o, EXC_READONLY, "This account may not use that name");
	if (http_method(req) == HTTP_GET && (f->kind == SQL_INSERT || f->kind == SQL_OTHER))
		return refuse(x, o, EXC_READONLY,
			      "Cannot execute query in readonly mode. For queries over HTTP, "
			      "method GET implies "
			      "readonly. You should use method POST for modifying queries");
	return true;
}

static bool read_statement(struct ask *a, struct http_request *req, const struct front_opts *o,
			   struct exception *x)
{
	const char *query = http_param(req, "query");
	const char *body = http_body_len(req) ? (const char *)http_body(req) : "";
	size_t query_n = query ? strlen(query) : 0, body_n = http_body_len(req);
	const char *text = query_n ? query : body;
	size_t n = query_n ? query_n : body_n;
	if (!body)
		return refuse(x, o, EXC_CANNOT_ALLOCATE_MEMORY, "Out of memory");
	bool body_is_data = query_n > 0;
	sql_look(text, MIN_OF(n, (size_t)FRONT_SQL_MAX), &a->facts);
	if (query_n && body_n && !a->facts.has_data) {
		/* A statement in two halves. */
		a->text.max = (size_t)2 * FRONT_SQL_MAX;
		buf_put(&a->text, query, query_n);
		buf_u8(&a->text, '\n');
		buf_put(&a->text, body, MIN_OF(body_n, (size_t)FRONT_SQL_MAX + 1));
		text = buf_cstr(&a->text);
		n = a->text.n;
		body_is_data = false;
		sql_look(text, MIN_OF(n, (size_t)FRONT_SQL_MAX), &a->facts);
	}
	if (n > FRONT_SQL_MAX && (!a->facts.has_data || a->text.n)) {
		exception_make(x, EXC_QUERY_IS_TOO_LARGE, o->engine->version,
			       "Query is longer than %d bytes", FRONT_SQL_MAX);
		return false;
	}
	if (!check_facts(a, req, o, x))
		return false;
	if (!a->facts.has_data) {
		buf_put(&a->sql, text, a->facts.end);
	} else if (read_data(a, req, text + a->facts.data, n - a->facts.data, body_is_data)) {
		rewrite_insert(a, text);
	} else {
		return refuse(x, o, EXC_CANNOT_ALLOCATE_MEMORY, "No room for the data");
	}
	return a->sql.bad ? refuse(x, o, EXC_CANNOT_ALLOCATE_MEMORY, "Out of memory") : true;
}

bool ask_read(struct ask *a, struct http_request *req, const struct front_opts *opts,
	      struct exception *x)
{
	*a = (struct ask){.data_fd = -1};
	return read_account(a, req, opts, x) && read_params(a, req, opts, x) &&
	       read_statement(a, req, opts, x);
}

void ask_fini(struct ask *a)
{
	buf_fini(&a->text);
	buf_fini(&a->sql);
	buf_fini(&a->set);
	if (a->own_fd)
		close(a->data_fd);
	a->own_fd = false;
}
