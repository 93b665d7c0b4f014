/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP/1.1 server of every role: REST API and web page, the store's query interface, control
 * sockets. A wrapper of libmicrohttpd (server.c is its only user). One thread per connection, so a
 * handler may block; the request is complete (body read and un-gzipped) when the handler is called.
 *
 * A handler describes its answer with exactly one http_reply*() and any number of
 * http_set_header(); the server sends it after the handler has returned. A stream's producer then
 * runs on the same thread. Everything got from a request is borrowed from it and lives until the
 * answer is sent (a producer may still use it). */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct http_request;
struct http_server;

typedef void http_handler_fn(struct http_request *req, void *ctx);

/* Limits. Those with an option of the same name in struct http_opts are its defaults. */
enum {
	HTTP_MAX_CONNECTIONS = 64, /* further clients wait in the listen queue */
	HTTP_IDLE_TIMEOUT_S =
	    60, /* a client that neither sends nor takes anything; not while a handler runs */
	HTTP_MAX_BODY = 1 << 20,       /* bytes after un-gzipping; more = 413 */
	HTTP_BODY_IN_MEMORY = 1 << 20, /* a longer body goes to a memfd */
	HTTP_HEAD_MAX = 256 << 10,     /* request line and headers; more = 431 or 414 */
	HTTP_PARAMS_MAX = 256,         /* query parameters; more = 400 */
	HTTP_HEADERS_MAX = 128,        /* request headers; more = 400 */
	HTTP_GZIP_MIN = 860,           /* a shorter body is not worth compressing */
};

struct http_opts {
	/* Where, one of three. A literal address and a port (0 = any) ... */
	const char *host;
	uint16_t port;
	/* ... or a Unix socket: a stale one is replaced, a live one is ERR_EXISTS. Mode 0 = 0600;
	 * group NULL = ours. */
	const char *unix_path;
	mode_t mode;
	const char *group;
	/* ... or a listening socket that somebody else made, if given_fd; the server then owns it.
	 */
	bool given_fd;
	int fd;

	http_handler_fn *handler;
	void *ctx;
	bool gzip; /* compress answers for clients that accept it (see http_set_gzip) */
	unsigned max_connections;
	unsigned idle_timeout_s;
	size_t max_body;
	size_t body_in_memory;
};

/* Starts listening and serving. On failure reterr (may be NULL) says what could not be had. opts is
 * copied, its strings too. */
must_check enum err http_server_start(const struct http_opts *opts, struct http_server **ret,
				      struct diag *reterr);
/* The bound TCP port (0 for a Unix socket) and "127.0.0.1:8080", "[::1]:8080" or "unix:PATH" (owned
 * by the server). */
uint16_t http_server_port(const struct http_server *s);
const char *http_server_address(const struct http_server *s);
/* Connections open now. */
unsigned http_server_connections(const struct http_server *s);
/* Stops accepting; connections go on. Call before http_server_stop to let running requests finish.
 */
void http_server_quiesce(struct http_server *s);
/* Closes the connections (hang-up callbacks run), waits until every handler has returned, frees. *s
 * becomes NULL. */
void http_server_stop(struct http_server **s);

/* --- the request */
enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_METHOD_OTHER
};
struct http_pair {
	const char *name,
	    *value; /* NUL-terminated, never NULL; a value may hold any bytes: value_len counts */
	size_t value_len;
};

enum http_method http_method(const struct http_request *req);
/* Percent-decoded, begins with '/', holds no NUL. */
const char *http_path(const struct http_request *req);
/* The first query parameter of that name, decoded ("" when it has no value), or NULL. */
const char *http_param(const struct http_request *req, const char *name);
size_t http_param_count(const struct http_request *req);
const struct http_pair *http_param_at(const struct http_request *req, size_t i);
/* The first header of that name (any case), or NULL. */
const char *http_header(const struct http_request *req, const char *name);
/* The client's address as text ("192.0.2.1", "2001:db8::1") or "unix". */
const char *http_peer(const struct http_request *req);
/* Basic credentials (RFC 7617); false when there are none or they are malformed. */
bool http_basic_auth(struct http_request *req, const char **ret_user, const char **ret_password);
/* Whether Accept-Encoding allows coding ("gzip", "br") with a weight above 0. */
bool http_accepts_encoding(const struct http_request *req, const char *coding);
/* Whether Accept names the media type itself (not by wildcard) with a weight above 0. */
bool http_accepts_type(const struct http_request *req, const char *type);

/* Length of the body; its bytes (a spooled one is mapped; NULL when empty or out of memory). */
size_t http_body_len(const struct http_request *req);
const uint8_t *http_body(struct http_request *req);
/* A descriptor with the whole body (a memfd; made if it was in memory), or -1. Owned by the
 * request. */
int http_body_fd(struct http_request *req);

/* Memory that lives as long as the request; NULL when there is none. */
void *http_alloc(struct http_request *req, size_t n);

/* --- a client that goes away */
/* Calls fn(ctx), once at most, on the server's watching thread when the client closes (or
 * half-closes) its connection before the answer is sent; a second call replaces fn. fn must not
 * block. After http_off_hangup returned fn neither runs nor will run (so do not call it holding a
 * lock that fn takes). The end of the request implies it. */
typedef void http_hangup_fn(void *ctx);
must_check enum err http_on_hangup(struct http_request *req, http_hangup_fn *fn, void *ctx);
void http_off_hangup(struct http_request *req);

/* --- the answer */
/* Adds a header. Control characters in value become spaces. Content-Type and Content-Encoding are
 * the server's. */
void http_set_header(struct http_request *req, const char *name, const char *value);
/* Overrides opts.gzip for this answer. */
void http_set_gzip(struct http_request *req, bool on);
/* A body of n bytes, copied. type may be NULL (no Content-Type). */
void http_reply(struct http_request *req, unsigned status, const char *type, const void *body,
		size_t n);
/* Takes ownership of b's bytes; b is empty afterwards. A bad b is answered with 500. */
void http_reply_buf(struct http_request *req, unsigned status, const char *type, struct buf *b);
/* text/plain from a format; a newline is added. */
void http_reply_text(struct http_request *req, unsigned status, const char *fmt, ...)
    fmt_like(3, 4);

/* The file `path` (no leading '/') below the directory root_fd: media type by its ending, ETag and
 * 304, and its siblings path.br and path.gz for clients that accept those. cache_control may be
 * NULL. ERR_NOT_FOUND when it is no regular file below root_fd (symbolic links are not followed):
 * then nothing was answered. */
must_check enum err http_reply_static(struct http_request *req, int root_fd, const char *path,
				      const char *cache_control);

enum http_more {
	HTTP_MORE,  /* *ret_p, *ret_n hold the next bytes (0 bytes: called again at once) */
	HTTP_END,   /* the body is complete; *ret_p, *ret_n are ignored */
	HTTP_ABORT, /* it cannot be completed: the connection breaks, so that the client sees it is
		       cut */
};
/* Gives the next piece of a body; may block. The bytes are borrowed until the next call or free. */
typedef enum http_more http_producer_fn(void *ctx, const uint8_t **ret_p, size_t *ret_n);
struct http_stream {
	http_producer_fn *next;
	void (*free)(
	    void *ctx); /* called exactly once, also when the client went away; may be NULL */
	void *ctx;
};
/* A body of unknown length (chunked), each piece sent as it comes. */
void http_reply_stream(struct http_request *req, unsigned status, const char *type,
		       struct http_stream stream);
