/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a request. Private to http/ and to tests, which make requests without a socket:
 * http_request_new, http_request_target, http_request_add_header, http_body_push, http_body_end,
 * then the handler, then look at ans. */
#pragma once
#include "base/arena.h"
#include "http/http.h"

struct watch;
struct gz;

enum answer_kind { ANSWER_NONE, ANSWER_BYTES, ANSWER_FILE, ANSWER_STREAM };

struct answer {
	enum answer_kind kind;
	unsigned status;
	const char *type;     /* in the arena, or NULL */
	const char *encoding; /* static, or NULL */
	struct http_pair headers[48];
	size_t n_headers;
	struct buf bytes; /* ANSWER_BYTES: owned */
	int fd;           /* ANSWER_FILE: owned until sent */
	uint64_t size;
	struct http_stream stream; /* ANSWER_STREAM: owned */
	bool gzip;
};

struct body {
	struct buf mem;
	int fd;       /* -1 while in memory */
	uint64_t n;   /* bytes after un-gzipping */
	uint64_t raw; /* bytes as sent */
	uint8_t *map;
	size_t max, in_memory;
	struct gz *inflate; /* NULL when the body is not compressed */
	unsigned status;    /* why the body was refused (413, 415, 400, 500); 0 = good */
};

struct http_request {
	struct arena arena;
	enum http_method method;
	const char *method_name, *path, *peer;
	struct http_pair *params, *headers;
	size_t n_params, n_headers;
	unsigned bad; /* status for a malformed head; 0 = good */
	struct body body;
	struct answer ans;
	/* server.c */
	struct watch *watch; /* NULL: no socket (tests) */
	int conn_fd;
	bool watched;
	uint64_t watch_key;
};

/* NULL when out of memory. */
struct http_request *http_request_new(const char *method, const char *peer,
				      const struct http_opts *opts);
void http_request_free(struct http_request *req);
/* Parses "/path?a=b&c"; a malformed one sets req->bad. */
void http_request_target(struct http_request *req, const char *target);
void http_request_add_header(struct http_request *req, const char *name, const char *value);

/* body.c: after the headers body_begin; then the pieces; then body_end. Failures are kept in
 * body.status. */
void body_begin(struct http_request *req);
void body_push(struct http_request *req, const void *p, size_t n);
void body_end(struct http_request *req);
void body_fini(struct body *b);
