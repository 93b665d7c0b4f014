/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request.h"

#include "http/watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const struct {
	const char *name;
	enum http_method method;
} methods[] = {
    {"GET", HTTP_GET},     {"HEAD", HTTP_HEAD},     {"POST", HTTP_POST},       {"PUT", HTTP_PUT},
    {"PATCH", HTTP_PATCH}, {"DELETE", HTTP_DELETE}, {"OPTIONS", HTTP_OPTIONS},
};

static size_t or_default(size_t v, size_t def)
{
	return v ? v : def;
}

struct http_request *http_request_new(const char *method, const char *peer,
				      const struct http_opts *opts)
{
	struct http_request *req = calloc(1, sizeof(*req));
	if (!req)
		return NULL;
	req->method = HTTP_METHOD_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (strcmp(method, methods[i].name) == 0)
			req->method = methods[i].method;
	req->path = "/";
	req->peer = arena_strndup(&req->arena, peer, strlen(peer));
	req->params = arena_alloc(&req->arena, HTTP_PARAMS_MAX * sizeof(*req->params));
	req->headers = arena_alloc(&req->arena, HTTP_HEADERS_MAX * sizeof(*req->headers));
	req->body.fd = req->ans.fd = req->conn_fd = -1;
	req->body.max = or_default(opts->max_body, HTTP_MAX_BODY);
	req->body.in_memory = or_default(opts->body_in_memory, HTTP_BODY_IN_MEMORY);
	req->ans.gzip = opts->gzip;
	if (!req->peer || !req->params || !req->headers) {
		http_request_free(req);
		return NULL;
	}
	return req;
}

static void answer_fini(struct answer *a)
{
	buf_fini(&a->bytes);
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	if (a->kind == ANSWER_STREAM && a->stream.free)
		a->stream.free(a->stream.ctx);
	a->kind = ANSWER_NONE;
}

void http_request_free(struct http_request *req)
{
	if (!req)
		return;
	http_off_hangup(req);
	answer_fini(&req->ans);
	body_fini(&req->body);
	arena_fini(&req->arena);
	free(req);
}

/* --- the target: RFC 3986 percent-encoding, '+' is a space in the query (WHATWG URL, form
 * decoding) */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes n characters into the arena. A '%' without two hex digits is an error. */
static const char *unescape(struct http_request *req, const char *s, size_t n, bool plus,
			    size_t *ret_n)
{
	char *out = arena_alloc(&req->arena, n + 1), *o = out;
	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '+' && plus) {
			*o++ = ' ';
		} else if (s[i] != '%') {
			*o++ = s[i];
		} else {
			int hi = n - i > 2 ? hex_digit(s[i + 1]) : -1,
			    lo = n - i > 2 ? hex_digit(s[i + 2]) : -1;
			if (hi < 0 || lo < 0)
				return NULL;
			*o++ = (char)(hi << 4 | lo);
			i += 2;
		}
	}
	*o = 0;
	*ret_n = (size_t)(o - out);
	return out;
}

static bool add_param(struct http_request *req, const char *s, size_t n)
{
	if (n == 0)
		return true;
	if (req->n_params == HTTP_PARAMS_MAX)
		return false;
	struct http_pair *p = &req->params[req->n_params];
	const char *eq = memchr(s, '=', n);
	size_t name_n = eq ? (size_t)(eq - s) : n, len;
	p->name = unescape(req, s, name_n, true, &len);
	p->value = eq ? unescape(req, eq + 1, n - name_n - 1, true, &p->value_len) : "";
	if (!p->name || !p->value || strlen(p->name) != len)
		return false;
	req->n_params++;
	return true;
}

void http_request_target(struct http_request *req, const char *target)
{
	size_t n = strlen(target), path_n = strcspn(target, "?"), len = 0;
	if (n == 0 || target[0] != '/') {
		/* "OPTIONS *" and absolute forms are for proxies. */
		req->bad = 400;
		return;
	}
	const char *path = unescape(req, target, path_n, false, &len);
	if (!path || strlen(path) != len) {
		req->bad = 400;
		return;
	}
	req->path = path;
	for (const char *p = target + path_n; *p;) {
		p++;
		size_t piece = strcspn(p, "&");
		if (!add_param(req, p, piece)) {
			req->bad = 400;
			return;
		}
		p += piece;
	}
}

void http_request_add_header(struct http_request *req, const char *name, const char *value)
{
	if (req->n_headers == HTTP_HEADERS_MAX) {
		req->bad = 400;
		return;
	}
	size_t len = strlen(value);
	const char *nm = arena_strndup(&req->arena, name, strlen(name));
	const char *v = arena_strndup(&req->arena, value, len);
	if (!nm || !v) {
		req->bad = 500;
		return;
	}
	req->headers[req->n_headers++] =
	    (struct http_pair){.name = nm, .value = v, .value_len = len};
}

/* --- looking at it */
enum http_method http_method(const struct http_request *req)
{
	return req->method;
}

const char *http_path(const struct http_request *req)
{
	return req->path;
}

const char *http_param(const struct http_request *req, const char *name)
{
	for (size_t i = 0; i < req->n_params; i++)
		if (strcmp(req->params[i].name, name) == 0)
			return req->params[i].value;
	return NULL;
}

size_t http_param_count(const struct http_request *req)
{
	return req->n_params;
}

const struct http_pair *http_param_at(const struct http_request *req, size_t i)
{
	return &req->params[i];
}

const char *http_header(const struct http_request *req, const char *name)
{
	for (size_t i = 0; i < req->n_headers; i++)
		if (strcasecmp(req->headers[i].name, name) == 0)
			return req->headers[i].value;
	return NULL;
}

const char *http_peer(const struct http_request *req)
{
	return req->peer;
}

void *http_alloc(struct http_request *req, size_t n)
{
	return arena_alloc(&req->arena, n);
}

static int base64_digit(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;
	return p ? (int)(p - digits) : -1;
}

bool http_basic_auth(struct http_request *req, const char **ret_user, const char **ret_password)
{
	const char *h = http_header(req, "Authorization");
	if (!h || strncasecmp(h, "Basic ", 6) != 0)
		return false;
	h += 6 + strspn(h + 6, " ");
	size_t n = strcspn(h, "= ");
	char *out = arena_alloc(&req->arena, n + 1), *o = out;
	if (!out)
		return false;
	uint32_t acc = 0;
	for (size_t i = 0, bits = 0; i < n; i++) {
		int d = base64_digit(h[i]);
		if (d < 0)
			return false;
		acc = acc << 6 | (uint32_t)d;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*o++ = (char)(acc >> bits);
			acc &= (1u << bits) - 1;
		}
	}
	*o = 0;
	char *colon = strchr(out, ':');
	if (!colon || memchr(out, 0, (size_t)(o - out)))
		return false;
	*colon = 0;
	*ret_user = out;
	*ret_password = colon + 1;
	return true;
}

/* Whether a comma-separated list names the token with a weight above 0 (RFC 9110 12.4.2). */
static bool list_has(const char *list, const char *token)
{
	size_t len = strlen(token);
	for (const char *p = list; p && *p; p += strspn(p, ",")) {
		p += strspn(p, " \t");
		size_t item = strcspn(p, ","), name = strcspn(p, ",; \t");
		if (name == len && strncasecmp(p, token, len) == 0) {
			const char *q = memmem(p, item, "q=", 2);
			return !q || strtod(q + 2, NULL) > 0;
		}
		p += item;
	}
	return false;
}

bool http_accepts_encoding(const struct http_request *req, const char *coding)
{
	return list_has(http_header(req, "Accept-Encoding"), coding);
}

bool http_accepts_type(const struct http_request *req, const char *type)
{
	return list_has(http_header(req, "Accept"), type);
}

/* --- a client that goes away; without a socket (tests) it never does */
enum err http_on_hangup(struct http_request *req, http_hangup_fn *fn, void *ctx)
{
	http_off_hangup(req);
	if (!req->watch)
		return ERR_OK;
	enum err e = watch_add(req->watch, req->conn_fd, fn, ctx, &req->watch_key);
	req->watched = e == ERR_OK;
	return e;
}

void http_off_hangup(struct http_request *req)
{
	if (req->watched)
		watch_del(req->watch, req->watch_key, req->conn_fd);
	req->watched = false;
}

/* --- the answer */
void http_set_header(struct http_request *req, const char *name, const char *value)
{
	struct answer *a = &req->ans;
	char *v = arena_strndup(&req->arena, value, strlen(value));
	const char *nm = arena_strndup(&req->arena, name, strlen(name));
	if (a->n_headers == ARRAY_LEN(a->headers) || !v || !nm)
		return;
	for (char *p = v; *p; p++)
		if ((uint8_t)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	a->headers[a->n_headers++] =
	    (struct http_pair){.name = nm, .value = v, .value_len = strlen(v)};
}

void http_set_gzip(struct http_request *req, bool on)
{
	req->ans.gzip = on;
}

static void answer_start(struct http_request *req, enum answer_kind kind, unsigned status,
			 const char *type)
{
	answer_fini(&req->ans);
	req->ans.kind = kind;
	req->ans.status = status;
	req->ans.type = type ? arena_strndup(&req->arena, type, strlen(type)) : NULL;
	req->ans.encoding = NULL;
}

void http_reply(struct http_request *req, unsigned status, const char *type, const void *body,
		size_t n)
{
	struct buf b = {0};
	buf_put(&b, body, n);
	http_reply_buf(req, status, type, &b);
}

void http_reply_buf(struct http_request *req, unsigned status, const char *type, struct buf *b)
{
	if (b->bad) {
		buf_fini(b);
		status = 500;
		type = NULL;
	}
	answer_start(req, ANSWER_BYTES, status, type);
	req->ans.bytes = *b;
	*b = (struct buf){.max = b->max};
}

void http_reply_text(struct http_request *req, unsigned status, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct buf b = {0};
	buf_str(&b, text);
	buf_u8(&b, '\n');
	http_reply_buf(req, status, "text/plain; charset=utf-8", &b);
}

void http_reply_stream(struct http_request *req, unsigned status, const char *type,
		       struct http_stream stream)
{
	answer_start(req, ANSWER_STREAM, status, type);
	req->ans.stream = stream;
}
