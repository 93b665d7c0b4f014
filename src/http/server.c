/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd behind http.h; the only file that knows it. One thread per connection: a handler
 * and a producer may block, and a slow client holds up nobody else. An exchange lives from the
 * request line to the sent answer:
 *
 *   on_target -> on_request (head) -> on_request (pieces of body)... -> handler -> answer ->
 * on_completed */
#include "http/gzip.h"
#include "http/listen.h"
#include "http/request.h"
#include "http/watch.h"

#include "base/ip.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK_SIZE = 128 << 10 };

struct http_server {
	struct http_opts opts;
	struct MHD_Daemon *daemon;
	struct watch *watch;
	uint16_t port;
	bool quiet;
	char address[LISTEN_TEXT_MAX], unix_path[LISTEN_TEXT_MAX];
};

struct exchange {
	struct http_server *server;
	struct MHD_Connection *conn;
	char *target;
	struct http_request *req;
	struct pump *pump; /* of a streamed answer; freed before the request that it may use */
};

/* A stream on its way out: what the producer gave and what of it was taken, compressed if asked. */
struct pump {
	struct exchange *x;
	struct http_stream stream;
	const uint8_t *p;
	size_t n;
	struct gz *gz;
	struct buf packed;
	enum http_more state;
};

/* --- the request comes in */
static void *on_target(void *cls, const char *target, struct MHD_Connection *conn)
{
	struct exchange *x = calloc(1, sizeof(*x));
	if (!x)
		return NULL;
	x->server = cls;
	x->conn = conn;
	x->target = strdup(target);
	return x;
}

static void peer_text(struct MHD_Connection *conn, char out[IP_TEXT_MAX])
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct ip ip;
	memcpy(out, "unix", sizeof("unix"));
	if (info && info->client_addr && info->client_addr->sa_family != AF_UNIX &&
	    ip_from_sockaddr(info->client_addr, &ip, NULL) == ERR_OK)
		ip_format(&ip, out);
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	(void)kind;
	http_request_add_header(cls, name, value ? value : "");
	return MHD_YES;
}

static struct http_request *request_of(struct exchange *x, const char *method)
{
	char peer[IP_TEXT_MAX];
	peer_text(x->conn, peer);
	struct http_request *req = http_request_new(method, peer, &x->server->opts);
	if (!req)
		return NULL;
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(x->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	req->watch = info ? x->server->watch : NULL;
	req->conn_fd = info ? info->connect_fd : -1;
	http_request_target(req, x->target);
	MHD_get_connection_values(x->conn, MHD_HEADER_KIND, on_header, req);
	body_begin(req);
	return req;
}

/* --- the answer goes out */
static void pump_free(struct pump *p)
{
	if (!p)
		return;
	if (p->stream.free)
		p->stream.free(p->stream.ctx);
	gz_free(p->gz);
	buf_fini(&p->packed);
	free(p);
}

/* The idle timeout is about the client, not about how long our own work takes. */
static void idle_timeout(const struct exchange *x, bool on)
{
	MHD_set_connection_option(x->conn, MHD_CONNECTION_OPTION_TIMEOUT,
				  on ? x->server->opts.idle_timeout_s : 0);
}

/* Gets the next bytes into p->p, p->n. */
static void pump_fill(struct pump *p)
{
	const uint8_t *in = NULL;
	size_t n = 0;
	p->state = p->stream.next(p->stream.ctx, &in, &n);
	if (p->state != HTTP_MORE)
		in = NULL, n = 0;
	p->p = in;
	p->n = n;
	if (!p->gz || p->state == HTTP_ABORT || (n == 0 && p->state == HTTP_MORE))
		return;
	buf_reset(&p->packed);
	if (gz_deflate(p->gz, in, n, p->state == HTTP_END, &p->packed) != ERR_OK)
		p->state = HTTP_ABORT;
	p->p = p->packed.p;
	p->n = p->packed.n;
}

static ssize_t on_pull(void *cls, uint64_t pos, char *out, size_t max)
{
	struct pump *p = cls;
	(void)pos;
	idle_timeout(p->x, false);
	while (p->n == 0 && p->state == HTTP_MORE)
		pump_fill(p);
	idle_timeout(p->x, true);
	if (p->state == HTTP_ABORT)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (p->n == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	size_t n = MIN_OF(max, p->n);
	memcpy(out, p->p, n);
	p->p += n;
	p->n -= n;
	return (ssize_t)n;
}

static struct MHD_Response *stream_response(struct exchange *x, bool gzip)
{
	struct answer *a = &x->req->ans;
	struct pump *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->x = x;
	p->gz = gzip ? gz_deflate_new() : NULL;
	if (p->gz)
		a->encoding = "gzip";
	/* From here on the pump owns the stream. */
	x->pump = p;
	p->stream = a->stream;
	a->kind = ANSWER_NONE;
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, on_pull, p, NULL);
}

static struct MHD_Response *bytes_response(struct answer *a, bool gzip)
{
	struct gz *z = gzip && a->bytes.n >= HTTP_GZIP_MIN ? gz_deflate_new() : NULL;
	struct buf packed = {0};
	if (z && gz_deflate(z, a->bytes.p, a->bytes.n, true, &packed) == ERR_OK) {
		buf_fini(&a->bytes);
		a->bytes = packed;
		a->encoding = "gzip";
	} else {
		buf_fini(&packed);
	}
	gz_free(z);
	struct MHD_Response *r =
	    MHD_create_response_from_buffer(a->bytes.n, a->bytes.p, MHD_RESPMEM_MUST_FREE);
	if (r)
		a->bytes = (struct buf){0};
	return r;
}

static struct MHD_Response *file_response(struct answer *a)
{
	struct MHD_Response *r = MHD_create_response_from_fd64(a->size, a->fd);
	if (r)
		a->fd = -1;
	return r;
}

static struct MHD_Response *response_of(struct exchange *x)
{
	struct answer *a = &x->req->ans;
	bool gzip = a->gzip && http_accepts_encoding(x->req, "gzip");
	struct MHD_Response *r = NULL;
	switch (a->kind) {
	case ANSWER_NONE:
	case ANSWER_BYTES:
		r = bytes_response(a, gzip);
		break;
	case ANSWER_FILE:
		r = file_response(a);
		break;
	case ANSWER_STREAM:
		r = stream_response(x, gzip);
		break;
	}
	if (!r)
		return NULL;
	if (a->type)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
	if (a->gzip && a->kind != ANSWER_FILE)
		MHD_add_response_header(r, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	if (a->encoding)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, a->encoding);
	for (size_t i = 0; i < a->n_headers; i++)
		MHD_add_response_header(r, a->headers[i].name, a->headers[i].value);
	return r;
}

static enum MHD_Result send_answer(struct exchange *x)
{
	unsigned status = x->req->ans.status;
	struct MHD_Response *r = response_of(x);
	if (!r)
		return MHD_NO;
	enum MHD_Result ok = MHD_queue_response(x->conn, status, r);
	MHD_destroy_response(r);
	return ok;
}

static enum MHD_Result refuse(struct exchange *x, unsigned status)
{
	static const struct {
		unsigned status;
		const char *why;
	} texts[] = {{400, "malformed request"},
		     {413, "request body too large"},
		     {415, "this Content-Encoding is not supported, only gzip and deflate are"},
		     {500, "out of memory"}};
	const char *why = "refused";
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].status == status)
			why = texts[i].why;
	http_reply_text(x->req, status, "%s", why);
	return send_answer(x);
}

/* libmicrohttpd calls this with the head alone, then with pieces of the body, then once more with
 * none. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *n, void **state)
{
	struct exchange *x = *state;
	(void)cls, (void)conn, (void)url, (void)version;
	if (!x || !x->target)
		return MHD_NO;
	if (!x->req) {
		x->req = request_of(x, method);
		if (!x->req)
			return MHD_NO;
		/* What is known to be refused is refused before its body is sent. */
		unsigned bad = x->req->bad ? x->req->bad : x->req->body.status;
		return bad ? refuse(x, bad) : MHD_YES;
	}
	struct http_request *req = x->req;
	if (*n) {
		body_push(req, data, *n);
		*n = 0;
		/* The answer can only be sent after the body: let it run out, but not without end.
		 */
		return req->body.status && req->body.raw / 2 > req->body.max ? MHD_NO : MHD_YES;
	}
	body_end(req);
	if (req->body.status)
		return refuse(x, req->body.status);
	idle_timeout(x, false);
	x->server->opts.handler(req, x->server->opts.ctx);
	idle_timeout(x, true);
	if (req->ans.kind == ANSWER_NONE)
		http_reply_text(req, 500, "no answer");
	return send_answer(x);
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **state,
			 enum MHD_RequestTerminationCode how)
{
	struct exchange *x = *state;
	(void)cls, (void)conn, (void)how;
	if (!x)
		return;
	pump_free(x->pump);
	http_request_free(x->req);
	free(x->target);
	free(x);
	*state = NULL;
}

/* --- start and stop */
static struct MHD_Daemon *start_daemon(struct http_server *s, int fd)
{
	return MHD_start_daemon(
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
		MHD_USE_ITC,
	    0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK,
	    on_target, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, s->opts.max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
	    s->opts.idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEAD_MAX,
	    MHD_OPTION_END);
}

static void server_free(struct http_server *s)
{
	watch_free(s->watch);
	free(s);
}

enum err http_server_start(const struct http_opts *opts, struct http_server **ret,
			   struct diag *reterr)
{
	struct http_server *s = calloc(1, sizeof(*s));
	if (!s)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "out of memory");
	s->opts = *opts;
	if (!s->opts.max_connections)
		s->opts.max_connections = HTTP_MAX_CONNECTIONS;
	if (!s->opts.idle_timeout_s)
		s->opts.idle_timeout_s = HTTP_IDLE_TIMEOUT_S;
	int fd = -1;
	enum err e = listen_open(opts, &fd, &s->port, s->address, reterr);
	if (!e && watch_new(s->opts.max_connections, &s->watch) != ERR_OK)
		e = diag_set(reterr, ERR_NOMEM, 0, 0, "cannot start the watching thread");
	if (!e && !(s->daemon = start_daemon(s, fd)))
		e = diag_set(reterr, ERR_INTERNAL, 0, 0, "cannot start the HTTP server on %s",
			     s->address);
	if (e) {
		if (fd >= 0 && !opts->given_fd)
			close(fd);
		server_free(s);
		return e;
	}
	if (opts->unix_path && !opts->given_fd)
		memcpy(s->unix_path, opts->unix_path, strlen(opts->unix_path) + 1);
	/* The strings of opts may go now. */
	s->opts.host = s->opts.unix_path = s->opts.group = NULL;
	*ret = s;
	return ERR_OK;
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}

const char *http_server_address(const struct http_server *s)
{
	return s->address;
}

unsigned http_server_connections(const struct http_server *s)
{
	const union MHD_DaemonInfo *i =
	    MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	return i ? i->num_connections : 0;
}

void http_server_quiesce(struct http_server *s)
{
	if (s->quiet)
		return;
	s->quiet = true;
	if (s->unix_path[0])
		unlink(s->unix_path);
	int fd = MHD_quiesce_daemon(s->daemon);
	if (fd >= 0)
		close(fd);
}

void http_server_stop(struct http_server **s)
{
	if (!*s)
		return;
	http_server_quiesce(*s);
	MHD_stop_daemon((*s)->daemon);
	server_free(*s);
	*s = NULL;
}
