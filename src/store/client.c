/* SPDX-License-Identifier: Apache-2.0 */
#include "store/client.h"

#include "net/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	TAIL_MAX =
	    4096, /* end of an answer that is kept to find an exception in a started stream */
	ERROR_TEXT_MAX = 16 * 1024, /* of the body of an error that is read */
	EXEC_TIMEOUT_MS = 60000,
	PING_TIMEOUT_MS = 3000,
};

struct store {
	struct http_client *http;
	char *base;      /* "http://host:port" without a slash at the end */
	char *unix_path; /* or NULL */
	char *user, *password, *database, *cluster;
	char *where;
};

/* One answer being read. */
struct answer {
	store_data_fn *on_data;
	void *arg;
	struct buf error; /* body of an answer with status >= 400 */
	struct store_summary summary;
	uint8_t tail[TAIL_MAX];
	size_t tail_n;
	bool refused; /* on_data said stop */
};

/* The URL without user:password@. */
static char *hide_password(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at = host ? strrchr(host, '@') : NULL;
	if (!at)
		return strdup(url);
	struct buf b = {0};
	buf_put(&b, url, (size_t)(host + 3 - url));
	buf_str(&b, at + 1);
	char *s = strdup(buf_cstr(&b));
	buf_fini(&b);
	return s;
}

static enum err set_url(struct store *s, const char *url, struct diag *reterr)
{
	if (strncmp(url, "unix:", 5) == 0) {
		s->unix_path = strdup(url + 5);
		s->base = strdup("http://store");
	} else if (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0) {
		s->base = strdup(url);
		for (size_t n = s->base ? strlen(s->base) : 0; n && s->base[n - 1] == '/'; n--)
			s->base[n - 1] = 0;
	} else {
		return diag_set(reterr, ERR_CONFIG, 0, 0,
				"store URL '%.100s' does not start with unix:, http:// or https://",
				url);
	}
	s->where = hide_password(url);
	return ERR_OK;
}

enum err store_open(const struct store_conf *conf, struct store **ret, struct diag *reterr)
{
	struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	enum err e = http_client_new(&s->http);
	if (!e)
		e = set_url(s, conf->url, reterr);
	s->user = conf->user ? strdup(conf->user) : NULL;
	s->password = conf->password ? strdup(conf->password) : NULL;
	s->database = strdup(conf->database ? conf->database : "weir");
	s->cluster = strdup(conf->cluster ? conf->cluster : "");
	if (!e && (!s->base || !s->where || !s->database || !s->cluster))
		e = diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	if (e) {
		store_close(s);
		return e;
	}
	*ret = s;
	return ERR_OK;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	http_client_free(s->http);
	free(s->base);
	free(s->unix_path);
	free(s->user);
	free(s->password);
	free(s->database);
	free(s->cluster);
	free(s->where);
	free(s);
}

const char *store_database(const struct store *s)
{
	return s->database;
}

const char *store_cluster(const struct store *s)
{
	return s->cluster;
}

const char *store_where(const struct store *s)
{
	return s->where;
}

static uint64_t digits(const char *s, const char *end)
{
	uint64_t v = 0;
	for (; s < end && *s >= '0' && *s <= '9' && v < UINT64_MAX / 16; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	return v;
}

/* The number after "key":" in X-ClickHouse-Summary, which is JSON with all values as strings. */
static uint64_t summary_number(const char *v, size_t n, const char *key)
{
	const char *p = memmem(v, n, key, strlen(key));
	if (!p)
		return 0;
	p += strlen(key);
	const char *end = v + n;
	while (p < end && (*p == '"' || *p == ':' || *p == ' '))
		p++;
	return digits(p, end);
}

static bool name_is(const char *name, size_t n, const char *want)
{
	return strlen(want) == n && strncasecmp(name, want, n) == 0;
}

static void take_header(void *arg, const char *name, size_t name_n, const char *value,
			size_t value_n)
{
	struct answer *a = arg;
	if (name_is(name, name_n, "X-ClickHouse-Exception-Code")) {
		a->summary.code = (int)digits(value, value + value_n);
	} else if (name_is(name, name_n, "X-ClickHouse-Summary")) {
		a->summary.rows_read = summary_number(value, value_n, "\"read_rows\"");
		a->summary.bytes_read = summary_number(value, value_n, "\"read_bytes\"");
		a->summary.elapsed_ns = summary_number(value, value_n, "\"elapsed_ns\"");
	}
}

static void keep_tail(struct answer *a, const uint8_t *p, size_t n)
{
	if (n >= TAIL_MAX) {
		memcpy(a->tail, p + n - TAIL_MAX, TAIL_MAX);
		a->tail_n = TAIL_MAX;
		return;
	}
	size_t old = MIN_OF(a->tail_n, TAIL_MAX - n);
	memmove(a->tail, a->tail + a->tail_n - old, old);
	memcpy(a->tail + old, p, n);
	a->tail_n = old + n;
}

static bool take_body(void *arg, int status, const uint8_t *p, size_t n)
{
	struct answer *a = arg;
	if (status >= 400) {
		buf_put(&a->error, p,
			MIN_OF(n, ERROR_TEXT_MAX - MIN_OF(a->error.n, ERROR_TEXT_MAX)));
		return true;
	}
	keep_tail(a, p, n);
	if (a->on_data && !a->on_data(a->arg, p, n)) {
		a->refused = true;
		return false;
	}
	return true;
}

/* An exception inside a started stream: ClickHouse then ends the body with "Code: N. DB::Exception:
 * text". */
static const char *find_exception(const uint8_t *p, size_t n, size_t *ret_n)
{
	static const char mark[] = "DB::Exception: ";
	const uint8_t *hit = memmem(p, n, mark, sizeof(mark) - 1);
	for (const uint8_t *c = hit; c && c > p && hit - c < 24; c--)
		if (memcmp(c, "Code: ", 6) == 0) {
			*ret_n = n - (size_t)(c - p);
			return (const char *)c;
		}
	return NULL;
}

/* "Code: 62. DB::Exception: Syntax error: ... (SYNTAX_ERROR) (version ...)" without the frame
 * around the text. */
static enum err report(struct answer *a, const char *text, size_t n, int status,
		       struct diag *reterr)
{
	static const char mark[] = "DB::Exception: ";
	if (!a->summary.code && n > 6 && strncmp(text, "Code: ", 6) == 0)
		a->summary.code = (int)digits(text + 6, text + n);
	const char *from = memmem(text, n, mark, sizeof(mark) - 1);
	from = from ? from + sizeof(mark) - 1 : text;
	size_t left = n - (size_t)(from - text);
	const char *version = memmem(from, left, " (version ", 10);
	if (version)
		left = (size_t)(version - from);
	while (left && (from[left - 1] == '\n' || from[left - 1] == '\r'))
		left--;
	if (!left)
		return diag_set(reterr, ERR_REMOTE, 0, 0, "the store answered with status %d",
				status);
	if (!a->summary.code)
		return diag_set(reterr, ERR_REMOTE, 0, 0, "status %d: %.*s", status,
				(int)MIN_OF(left, 180), from);
	return diag_set(reterr, ERR_REMOTE, 0, 0, "%.*s", (int)MIN_OF(left, 230), from);
}

static enum err finish(struct answer *a, int status, struct diag *reterr)
{
	if (status >= 400)
		return report(a, a->error.p ? (const char *)a->error.p : "", a->error.n, status,
			      reterr);
	size_t n = a->tail_n;
	const char *text = find_exception(a->tail, a->tail_n, &n);
	if (a->summary.code)
		return report(a, text ? text : (const char *)a->tail, n, status, reterr);
	if (text && memmem(a->tail, a->tail_n, "__exception__", 13))
		return report(a, text, n, status, reterr);
	return ERR_OK;
}

static void prepare(struct store *s, struct http_call *r, struct answer *a)
{
	a->error.max = ERROR_TEXT_MAX + 1;
	r->unix_path = s->unix_path;
	r->user = s->user;
	r->password = s->password;
	r->on_body = take_body;
	r->on_header = take_header;
	r->arg = a;
}

static enum err transact(struct store *s, struct http_call *r, struct answer *a,
			 struct diag *reterr)
{
	int status = 0;
	prepare(s, r, a);
	enum err e = http_client_do(s->http, r, &status, reterr);
	if (!e)
		e = finish(a, status, reterr);
	buf_fini(&a->error);
	return e;
}

/* Starts with "/?database=x"; further arguments follow with '&'. */
static void start_url(const struct store *s, const char *database, struct buf *url)
{
	buf_str(url, s->base);
	buf_str(url, "/?database=");
	http_escape(url, database, strlen(database));
}

static void add_arg(struct buf *url, const char *prefix, const char *name, const char *value)
{
	buf_u8(url, '&');
	buf_str(url, prefix);
	http_escape(url, name, strlen(name));
	buf_u8(url, '=');
	http_escape(url, value, strlen(value));
}

static void query_url(const struct store *s, const struct store_query *q, struct buf *url)
{
	/* A statement without a result names its tables in full, and may be the one that makes
	 * the database; a server refuses one that is not there yet. */
	start_url(s, q->format && !q->anywhere ? s->database : "default", url);
	for (size_t i = 0; i < q->n_settings; i++)
		add_arg(url, "", q->settings[i].name, q->settings[i].value);
	for (size_t i = 0; i < q->n_params; i++)
		add_arg(url, "param_", q->params[i].name, q->params[i].value);
	if (q->query_id)
		add_arg(url, "", "query_id", q->query_id);
	if (q->whole)
		add_arg(url, "", "wait_end_of_query", "1");
	/* A reader that goes away ends its query. */
	if (q->format)
		add_arg(url, "", "cancel_http_readonly_queries_on_client_close", "1");
}

struct store_call {
	struct store *store;
	struct buf url, sql;
	struct http_call http;
	struct answer answer;
};

enum err store_query_begin(struct store *s, const struct store_query *q, struct store_call **ret,
			   struct diag *reterr)
{
	struct store_call *c = calloc(1, sizeof(*c));
	if (!c)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	c->store = s;
	c->answer.on_data = q->on_data;
	c->answer.arg = q->arg;
	query_url(s, q, &c->url);
	buf_str(&c->sql, q->sql);
	if (q->format)
		buf_fmt(&c->sql, "\nFORMAT %s", q->format);
	c->http = (struct http_call){.method = "POST",
				     .url = buf_cstr(&c->url),
				     .body = c->sql.p,
				     .body_len = c->sql.n,
				     .total_ms = q->timeout_ms,
				     .cancel = q->cancel};
	prepare(s, &c->http, &c->answer);
	enum err e = c->sql.bad || c->url.bad
			 ? diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM))
			 : http_client_begin(s->http, &c->http, reterr);
	if (e) {
		store_query_end(&c, NULL);
		return e;
	}
	*ret = c;
	return ERR_OK;
}

enum err store_query_step(struct store_call *c, bool *ret_done, struct diag *reterr)
{
	int status = 0;
	enum err e = http_client_step(c->store->http, ret_done, &status, reterr);
	return !e && *ret_done ? finish(&c->answer, status, reterr) : e;
}

void store_query_end(struct store_call **cp, struct store_summary *ret)
{
	struct store_call *c = *cp;
	*cp = NULL;
	if (!c)
		return;
	http_client_abort(c->store->http);
	if (ret)
		*ret = c->answer.summary;
	buf_fini(&c->answer.error);
	buf_fini(&c->url);
	buf_fini(&c->sql);
	free(c);
}

enum err store_query(struct store *s, const struct store_query *q, struct store_summary *ret,
		     struct diag *reterr)
{
	struct store_call *c;
	bool done = false;
	if (ret)
		*ret = (struct store_summary){0};
	enum err e = store_query_begin(s, q, &c, reterr);
	if (e)
		return e;
	while (!e && !done)
		e = store_query_step(c, &done, reterr);
	store_query_end(&c, ret);
	return e;
}

static bool append(void *arg, const uint8_t *p, size_t n)
{
	struct buf *out = arg;
	buf_put(out, p, n);
	return !out->bad;
}

enum err store_fetch(struct store *s, const struct store_query *q, struct buf *out,
		     struct store_summary *ret, struct diag *reterr)
{
	struct store_query copy = *q;
	copy.on_data = append;
	copy.arg = out;
	copy.whole = true;
	enum err e = store_query(s, &copy, ret, reterr);
	if (e == ERR_CANCELLED && out->bad)
		return diag_set(reterr, ERR_LIMIT, 0, 0, "the result is larger than %zu bytes",
				out->max);
	return e;
}

enum err store_exec(struct store *s, const char *sql, struct diag *reterr)
{
	struct store_query q = {.sql = sql, .timeout_ms = EXEC_TIMEOUT_MS, .whole = true};
	return store_query(s, &q, NULL, reterr);
}

enum err store_ping(struct store *s, struct diag *reterr)
{
	struct buf url = {0};
	buf_fmt(&url, "%s/ping", s->base);
	struct answer a = {0};
	struct http_call r = {.method = "GET", .url = buf_cstr(&url), .total_ms = PING_TIMEOUT_MS};
	enum err e = transact(s, &r, &a, reterr);
	buf_fini(&url);
	return e;
}

/* The settings stand in the statement: a retry under other settings would not be recognised as a
 * repeat. One thread and blocks at least as large as the segment make exactly one block of it
 * (data-model.md, "Segments"). */
static void insert_sql(const struct store *s, const struct store_insert *in, struct buf *sql)
{
	static const char *const sizes[] = {"max_block_size", "max_insert_block_size",
					    "min_insert_block_size_rows",
					    "min_insert_block_size_rows_for_materialized_views"};
	unsigned long long block = MAX_OF(in->rows, 1u) * 2ull;
	buf_fmt(sql, "INSERT INTO %s.%s (%s) SETTINGS insert_deduplication_token = ", s->database,
		in->table, in->columns);
	store_quote(sql, in->token, strlen(in->token));
	buf_str(sql,
		", insert_deduplicate = 1, deduplicate_blocks_in_dependent_materialized_views = 1, "
		"async_insert = 0, max_insert_threads = 1, max_threads = 1");
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		buf_fmt(sql, ", %s = %llu", sizes[i], block);
	buf_str(sql, ", min_insert_block_size_bytes = 0, "
		     "min_insert_block_size_bytes_for_materialized_views = 0");
	if (*s->cluster)
		buf_str(sql, ", distributed_foreground_insert = 1");
	buf_str(sql, " FORMAT Native");
}

enum err store_insert(struct store *s, const struct store_insert *in, struct store_summary *ret,
		      struct diag *reterr)
{
	struct buf url = {0}, sql = {0};
	struct answer a = {0};
	insert_sql(s, in, &sql);
	start_url(s, s->database, &url);
	add_arg(&url, "", "query", buf_cstr(&sql));
	add_arg(&url, "", "wait_end_of_query", "1");
	struct http_call r = {.method = "POST",
			      .url = buf_cstr(&url),
			      .body_is_file = true,
			      .body_fd = in->fd,
			      .body_off = in->off,
			      .body_len = in->len,
			      .total_ms = in->timeout_ms,
			      .cancel = in->cancel};
	enum err e = sql.bad || url.bad
			 ? diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM))
			 : transact(s, &r, &a, reterr);
	buf_fini(&url);
	buf_fini(&sql);
	if (ret)
		*ret = a.summary;
	return e;
}

enum err store_cancel(struct store *s, const char *query_id, struct diag *reterr)
{
	struct buf sql = {0};
	buf_str(&sql, "KILL QUERY ");
	if (*s->cluster)
		buf_fmt(&sql, "ON CLUSTER %s ", s->cluster);
	buf_str(&sql, "WHERE query_id = ");
	store_quote(&sql, query_id, strlen(query_id));
	buf_str(&sql, " ASYNC");
	enum err e = store_exec(s, buf_cstr(&sql), reterr);
	buf_fini(&sql);
	return e;
}

bool store_code_passes(int code)
{
	static const int passing[] = {
	    0,   /* no code: a proxy, or the front was busy */
	    60,  /* UNKNOWN_TABLE: migrate again */
	    74,  /* CANNOT_READ_FROM_FILE_DESCRIPTOR */
	    75,  /* CANNOT_WRITE_TO_FILE_DESCRIPTOR */
	    76,  /* CANNOT_OPEN_FILE */
	    81,  /* UNKNOWN_DATABASE: migrate again */
	    159, /* TIMEOUT_EXCEEDED */
	    164, /* READONLY */
	    173, /* CANNOT_ALLOCATE_MEMORY */
	    192, /* UNKNOWN_USER */
	    193, /* WRONG_PASSWORD */
	    194, /* REQUIRED_PASSWORD */
	    198, /* DNS_ERROR */
	    202, /* TOO_MANY_SIMULTANEOUS_QUERIES */
	    209, /* SOCKET_TIMEOUT */
	    210, /* NETWORK_ERROR */
	    236, /* ABORTED */
	    241, /* MEMORY_LIMIT_EXCEEDED */
	    242, /* TABLE_IS_READ_ONLY */
	    243, /* NOT_ENOUGH_SPACE */
	    252, /* TOO_MANY_PARTS */
	    279, /* ALL_CONNECTION_TRIES_FAILED */
	    319, /* UNKNOWN_STATUS_OF_INSERT */
	    394, /* QUERY_WAS_CANCELLED */
	    425, /* SYSTEM_ERROR */
	    439, /* CANNOT_SCHEDULE_TASK */
	    497, /* ACCESS_DENIED */
	    516, /* AUTHENTICATION_FAILED */
	    999, /* KEEPER_EXCEPTION */
	};
	for (size_t i = 0; i < ARRAY_LEN(passing); i++)
		if (passing[i] == code)
			return true;
	return false;
}

void store_quote(struct buf *sql, const char *s, size_t n)
{
	buf_u8(sql, '\'');
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)s[i];
		if (c == '\'' || c == '\\')
			buf_u8(sql, '\\');
		if (c < 0x20)
			buf_fmt(sql, "\\x%02x", c);
		else
			buf_u8(sql, c);
	}
	buf_u8(sql, '\'');
}
