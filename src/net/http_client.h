/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests over TCP, TLS or a Unix socket (libcurl; http_client.c is the only file that
 * includes it). One struct http_client per thread: it keeps its connections open between requests.
 * The answer is streamed to a callback; the body of a request comes from memory or from a range of
 * a file, so that nothing large is copied. */
#pragma once
#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct http_client;

/* Called for each piece of the body of the answer; false ends the request with ERR_CANCELLED. */
typedef bool http_call_body_fn(void *arg, int status, const uint8_t *p, size_t n);
/* Called for each header of the answer (not NUL-terminated, trimmed). */
typedef void http_call_header_fn(void *arg, const char *name, size_t name_n, const char *value,
				 size_t value_n);

struct http_call {
	const char *method; /* "GET", "POST", "DELETE"; a body is sent with POST only */
	const char *url;    /* http:// or https://, may carry user:password@ */
	const char
	    *unix_path;   /* connect to this socket instead of the host of the URL; NULL = TCP */
	const char *user; /* Basic authentication; NULL = none */
	const char *password;       /* NULL = empty */
	const char *const *headers; /* "Name: value" */
	size_t n_headers;
	const void *body;  /* in memory ... */
	bool body_is_file; /* ... or, if set, body_len bytes of body_fd from body_off on (pread: fd
			      unmoved) */
	int body_fd;
	uint64_t body_off, body_len;
	uint32_t connect_ms; /* 0 = 5000 */
	uint32_t total_ms;   /* 0 = no limit */
	const atomic_bool
	    *cancel; /* looked at at least 10 times a second; NULL = never cancelled */
	http_call_body_fn *on_body; /* NULL: the body is read and thrown away */
	http_call_header_fn *on_header;
	void *arg;
};

must_check enum err http_client_new(struct http_client **ret);
void http_client_free(struct http_client *c);

/* Sends the request and reads the answer to its end. *ret_status is the HTTP status. ERR_REFUSED:
 * nobody there; ERR_TIMEOUT, ERR_CANCELLED, ERR_CLOSED, ERR_IO: see reterr. A status of 400 and
 * more is not an error here. */
must_check enum err http_client_do(struct http_client *c, const struct http_call *r,
				   int *ret_status, struct diag *reterr);

/* The same in pieces, for who must hand on what comes: begin, then step until *ret_done. A step
 * calls the callbacks with what has come and waits at most 0.1 s. r and what it points to must stay
 * until then. One request at a time; begin and abort end the one before. */
must_check enum err http_client_begin(struct http_client *c, const struct http_call *r,
				      struct diag *reterr);
must_check enum err http_client_step(struct http_client *c, bool *ret_done, int *ret_status,
				     struct diag *reterr);
void http_client_abort(struct http_client *c);

/* Appends n bytes percent-encoded (RFC 3986: all but unreserved characters). */
void http_escape(struct buf *out, const char *s, size_t n);
