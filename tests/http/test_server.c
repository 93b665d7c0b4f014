/* SPDX-License-Identifier: Apache-2.0 */
/* The server over real sockets, spoken to byte by byte. */
#include "http/gzip.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { PIECES = 200, PIECE = 10000 };

struct fixture {
	struct http_server *server;
	char dir[64];
	int root_fd;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool entered, hung_up, freed;
};

struct pieces {
	struct fixture *f;
	int left;
	enum http_more end;
	uint8_t piece[PIECE];
};

static void note(struct fixture *f, bool *flag)
{
	pthread_mutex_lock(&f->lock);
	*flag = true;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static void await(struct fixture *f, bool *flag)
{
	pthread_mutex_lock(&f->lock);
	while (!*flag)
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

static bool seen(struct fixture *f, const bool *flag)
{
	pthread_mutex_lock(&f->lock);
	bool v = *flag;
	pthread_mutex_unlock(&f->lock);
	return v;
}

static void on_hangup(void *ctx)
{
	struct fixture *f = ctx;
	note(f, &f->hung_up);
}

static enum http_more next_piece(void *ctx, const uint8_t **ret_p, size_t *ret_n)
{
	struct pieces *s = ctx;
	if (s->left == 0)
		return s->end;
	memset(s->piece, 'a' + s->left % 26, PIECE);
	s->left--;
	*ret_p = s->piece;
	*ret_n = PIECE;
	return HTTP_MORE;
}

static void free_pieces(void *ctx)
{
	struct pieces *s = ctx;
	note(s->f, &s->f->freed);
	free(s);
}

static void handle(struct http_request *req, void *ctx)
{
	struct fixture *f = ctx;
	const char *path = http_path(req);
	if (strcmp(path, "/echo") == 0) {
		http_set_header(req, "X-Peer", http_peer(req));
		http_reply(req, 200, "text/plain", http_body(req), http_body_len(req));
	} else if (strcmp(path, "/stream") == 0 || strcmp(path, "/cut") == 0) {
		struct pieces *s = calloc(1, sizeof(*s));
		*s = (struct pieces){
		    .f = f, .left = PIECES, .end = path[1] == 'c' ? HTTP_ABORT : HTTP_END};
		http_reply_stream(req, 200, "text/plain",
				  (struct http_stream){next_piece, free_pieces, s});
	} else if (strcmp(path, "/wait") == 0) {
		assert_int_equal(http_on_hangup(req, on_hangup, f), ERR_OK);
		note(f, &f->entered);
		await(f, &f->hung_up);
		http_reply_text(req, 499, "gone");
	} else if (strcmp(path, "/silent") != 0 &&
		   http_reply_static(req, f->root_fd, path + 1, "no-cache") != ERR_OK) {
		http_reply_text(req, 404, "nothing at %s", path);
	}
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "/tmp/weir-http-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->root_fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	struct diag d = {0};
	struct http_opts o = {.host = "127.0.0.1",
			      .handler = handle,
			      .ctx = f,
			      .gzip = true,
			      .max_body = 1 << 20,
			      .body_in_memory = 1000};
	assert_int_equal(http_server_start(&o, &f->server, &d), ERR_OK);
	*state = f;
	return 0;
}

static void remove_file(struct fixture *f, const char *name)
{
	unlinkat(f->root_fd, name, 0);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	http_server_stop(&f->server);
	assert_null(f->server);
	static const char *const names[] = {"a.css", "a.css.gz", "a.css.br", "link.css"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		remove_file(f, names[i]);
	close(f->root_fd);
	rmdir(f->dir);
	free(f);
	return 0;
}

static int dial(const struct fixture *f)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons(http_server_port(f->server)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

static void send_all(int fd, const void *p, size_t n)
{
	assert_int_equal(send(fd, p, n, MSG_NOSIGNAL), n);
}

/* Sends, reads until the server closes; the whole answer, NUL-terminated. */
static struct buf talk(const struct fixture *f, const char *head, const void *body, size_t n)
{
	int fd = dial(f);
	send_all(fd, head, strlen(head));
	if (n)
		send_all(fd, body, n);
	struct buf b = {0};
	for (ssize_t got = 1; got > 0;) {
		assert_true(buf_reserve(&b, 65536));
		got = recv(fd, b.p + b.n, 65536, 0);
		b.n += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	buf_cstr(&b);
	return b;
}

static const char *text(const struct buf *b)
{
	return (const char *)b->p;
}

static void assert_answer(struct buf b, const char *status_line, const char *holds)
{
	assert_int_equal(strncmp(text(&b), status_line, strlen(status_line)), 0);
	if (holds)
		assert_non_null(strcasestr(text(&b), holds));
	buf_fini(&b);
}

#define GET(path, more) "GET " path " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n" more "\r\n"

static void test_plain(void **state)
{
	struct fixture *f = *state;
	assert_true(http_server_port(f->server) > 0);
	char want[64];
	snprintf(want, sizeof(want), "127.0.0.1:%u", http_server_port(f->server));
	assert_string_equal(http_server_address(f->server), want);
	assert_answer(
	    talk(f,
		 "POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 5\r\n\r\n",
		 "hello", 5),
	    "HTTP/1.1 200", "\r\n\r\nhello");
	assert_answer(talk(f, GET("/echo", ""), NULL, 0), "HTTP/1.1 200", "X-Peer: 127.0.0.1\r\n");
	assert_answer(talk(f, GET("/none", ""), NULL, 0), "HTTP/1.1 404",
		      "\r\n\r\nnothing at /none\n");
	assert_answer(talk(f, GET("/silent", ""), NULL, 0), "HTTP/1.1 500", NULL);
	assert_answer(talk(f, GET("/a%00b", ""), NULL, 0), "HTTP/1.1 400", "malformed request");
}

static void test_bodies(void **state)
{
	struct fixture *f = *state;
	/* Chunked, one chunk beyond what stays in memory. */
	char head[] = "POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\nTransfer-Encoding: "
		      "chunked\r\n\r\n";
	struct buf body = {0};
	buf_str(&body, "3\r\nabc\r\n7d0\r\n");
	for (int i = 0; i < 2000; i++)
		buf_u8(&body, 'z');
	buf_str(&body, "\r\n0\r\n\r\n");
	struct buf got = talk(f, head, body.p, body.n);
	const char *at = strstr(text(&got), "\r\n\r\nabc");
	assert_non_null(at);
	assert_int_equal(strspn(at + 7, "z"), 2000);
	buf_fini(&got);
	buf_fini(&body);
	assert_answer(
	    talk(f, "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1048577\r\n\r\n", NULL, 0),
	    "HTTP/1.1 413", "too large");
	assert_answer(
	    talk(f,
		 "POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Encoding: zstd\r\n"
		 "Content-Length: 1\r\n\r\n",
		 "x", 1),
	    "HTTP/1.1 415", NULL);
}

static void test_body_limit_chunked(void **state)
{
	struct fixture *f = *state;
	struct buf body = {0};
	buf_str(&body, "100001\r\n");
	assert_true(buf_reserve(&body, 0x100001));
	memset(body.p + body.n, 'x', 0x100001);
	body.n += 0x100001;
	buf_str(&body, "\r\n0\r\n\r\n");
	assert_answer(talk(f,
			   "POST /echo HTTP/1.1\r\nHost: t\r\nConnection: "
			   "close\r\nTransfer-Encoding: chunked\r\n\r\n",
			   body.p, body.n),
		      "HTTP/1.1 413", NULL);
	buf_fini(&body);
}

static bool keep(void *ctx, const uint8_t *p, size_t n)
{
	buf_put(ctx, p, n);
	return true;
}

/* Takes the chunks of a chunked answer apart. Returns whether the last chunk was there. */
static bool dechunk(const struct buf *answer, struct buf *out)
{
	const char *p = strstr(text(answer), "\r\n\r\n"), *end = text(answer) + answer->n;
	assert_non_null(p);
	p += 4;
	while (p < end) {
		char *after;
		size_t n = strtoul(p, &after, 16);
		assert_memory_equal(after, "\r\n", 2);
		if (n == 0)
			return true;
		assert_true((size_t)(end - after) >= n + 4);
		buf_put(out, after + 2, n);
		p = after + 2 + n + 2;
	}
	return false;
}

static void assert_pieces(const struct buf *b)
{
	assert_int_equal(b->n, PIECES * PIECE);
	for (int i = 0; i < PIECES; i++)
		assert_int_equal(b->p[i * PIECE + 17], 'a' + (PIECES - i) % 26);
}

static void test_stream(void **state)
{
	struct fixture *f = *state;
	struct buf got = talk(f, GET("/stream", ""), NULL, 0), plain = {0};
	assert_true(dechunk(&got, &plain));
	assert_pieces(&plain);
	await(f, &f->freed);
	buf_fini(&got);
	buf_fini(&plain);

	struct buf packed = {0};
	got = talk(f, GET("/stream", "Accept-Encoding: gzip\r\n"), NULL, 0);
	assert_non_null(strcasestr(text(&got), "Content-Encoding: gzip\r\n"));
	assert_true(dechunk(&got, &packed));
	assert_true(packed.n < PIECES * PIECE / 10);
	struct gz *z = gz_inflate_new();
	assert_int_equal(gz_inflate(z, packed.p, packed.n, keep, &plain), ERR_OK);
	assert_true(gz_done(z));
	assert_pieces(&plain);
	gz_free(z);
	buf_fini(&got);
	buf_fini(&plain);
	buf_fini(&packed);
}

/* A body that cannot be completed has no last chunk. */
static void test_cut(void **state)
{
	struct fixture *f = *state;
	struct buf got = talk(f, GET("/cut", ""), NULL, 0), plain = {0};
	assert_false(dechunk(&got, &plain));
	buf_fini(&got);
	buf_fini(&plain);
}

static void test_hangup(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);
	send_all(fd, GET("/wait", ""), strlen(GET("/wait", "")));
	await(f, &f->entered);
	assert_false(seen(f, &f->hung_up));
	close(fd);
	await(f, &f->hung_up);
}

/* Stopping breaks the connections, and so ends handlers that wait for their client. */
static void test_stop_ends_handlers(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);
	send_all(fd, GET("/wait", ""), strlen(GET("/wait", "")));
	await(f, &f->entered);
	http_server_stop(&f->server);
	assert_true(seen(f, &f->hung_up));
	close(fd);
}

static void test_client_leaves_stream(void **state)
{
	struct fixture *f = *state;
	int fd = dial(f);
	send_all(fd, GET("/stream", ""), strlen(GET("/stream", "")));
	char some[100];
	assert_true(recv(fd, some, sizeof(some), 0) > 0);
	close(fd);
	await(f, &f->freed);
}

static void put_file(const struct fixture *f, const char *name, const char *content)
{
	int fd = openat(f->root_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

static void test_static(void **state)
{
	struct fixture *f = *state;
	put_file(f, "a.css", "body{}");
	put_file(f, "a.css.gz", "GZ");
	assert_int_equal(symlinkat("/etc/passwd", f->root_fd, "link.css"), 0);
	assert_answer(talk(f, GET("/a.css", ""), NULL, 0), "HTTP/1.1 200", "\r\n\r\nbody{}");
	assert_answer(talk(f, GET("/a.css", ""), NULL, 0), "HTTP/1.1 200",
		      "Content-Type: text/css; charset=utf-8\r\n");
	assert_answer(talk(f, GET("/a.css", "Accept-Encoding: gzip, br\r\n"), NULL, 0),
		      "HTTP/1.1 200", "\r\n\r\nGZ");
	put_file(f, "a.css.br", "BR");
	struct buf got = talk(f, GET("/a.css", "Accept-Encoding: gzip, br\r\n"), NULL, 0);
	assert_non_null(strcasestr(text(&got), "Content-Encoding: br\r\n"));
	const char *etag = strcasestr(text(&got), "ETag: ");
	assert_non_null(etag);
	char again[300];
	snprintf(again, sizeof(again),
		 "GET /a.css HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAccept-Encoding: "
		 "br\r\nIf-None-Match: %.*s\r\n\r\n",
		 (int)strcspn(etag + 6, "\r"), etag + 6);
	buf_fini(&got);
	assert_answer(talk(f, again, NULL, 0), "HTTP/1.1 304", "ETag");
	assert_answer(talk(f, GET("/link.css", ""), NULL, 0), "HTTP/1.1 404", NULL);
	assert_answer(talk(f, GET("/../../etc/passwd", ""), NULL, 0), "HTTP/1.1 404", NULL);
	assert_answer(talk(f, GET("/%2e%2e/%2e%2e/etc/passwd", ""), NULL, 0), "HTTP/1.1 404", NULL);
	assert_answer(talk(f, GET("//etc/passwd", ""), NULL, 0), "HTTP/1.1 404", NULL);
	assert_answer(talk(f, GET("/", ""), NULL, 0), "HTTP/1.1 404", NULL);
}

static void test_unix(void **state)
{
	struct fixture *f = *state;
	char path[100];
	snprintf(path, sizeof(path), "%s/s.sock", f->dir);
	struct http_opts o = {.unix_path = path, .mode = 0640, .handler = handle, .ctx = f};
	struct http_server *s = NULL, *second = NULL;
	struct diag d = {0};
	assert_int_equal(http_server_start(&o, &s, &d), ERR_OK);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(http_server_start(&o, &second, &d), ERR_EXISTS);
	assert_non_null(strstr(d.msg, path));
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	memcpy(un.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	send_all(fd, GET("/echo", ""), strlen(GET("/echo", "")));
	char got[1000] = "";
	assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
	assert_non_null(strstr(got, "X-Peer: unix\r\n"));
	close(fd);
	http_server_stop(&s);
	assert_int_equal(stat(path, &st), -1);

	/* A socket whose owner died is replaced; something else at that path is not. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	assert_int_equal(http_server_start(&o, &s, &d), ERR_OK);
	http_server_stop(&s);
	put_file(f, "s.sock", "precious");
	assert_int_equal(http_server_start(&o, &s, &d), ERR_EXISTS);
	remove_file(f, "s.sock");
}

static void test_cannot_listen(void **state)
{
	struct fixture *f = *state;
	struct http_server *s = NULL;
	struct diag d = {0};
	struct http_opts o = {
	    .host = "127.0.0.1", .port = http_server_port(f->server), .handler = handle};
	assert_int_not_equal(http_server_start(&o, &s, &d), ERR_OK);
	assert_non_null(strstr(d.msg, "in use"));
	o.host = "localhost.nowhere";
	assert_int_equal(http_server_start(&o, &s, &d), ERR_CONFIG);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_plain),
	    T(test_bodies),
	    T(test_body_limit_chunked),
	    T(test_stream),
	    T(test_cut),
	    T(test_hangup),
	    T(test_stop_ends_handlers),
	    T(test_client_leaves_stream),
	    T(test_static),
	    T(test_unix),
	    T(test_cannot_listen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
