/* SPDX-License-Identifier: Apache-2.0 */
/* Request bodies: un-gzipped as they come, in memory while small, then in a memfd, refused at the
 * limit. */
#include "base/io.h"
#include "http/gzip.h"
#include "http/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

/* Moves what is in memory into a memfd. */
static bool spill(struct body *b)
{
	b->fd = memfd_create("http-body", MFD_CLOEXEC);
	if (b->fd < 0 || io_write_all(b->fd, b->mem.p, b->mem.n)) {
		b->status = 500;
		return false;
	}
	buf_fini(&b->mem);
	return true;
}

static bool store(void *ctx, const uint8_t *p, size_t n)
{
	struct body *b = ctx;
	if (n > b->max - b->n) {
		b->status = 413;
		return false;
	}
	if (b->fd < 0 && b->n + n > b->in_memory && !spill(b))
		return false;
	if (b->fd < 0) {
		buf_put(&b->mem, p, n);
		if (b->mem.bad)
			b->status = 500;
	} else if (io_write_all(b->fd, p, n)) {
		b->status = 500;
	}
	b->n += n;
	return b->status == 0;
}

void body_begin(struct http_request *req)
{
	struct body *b = &req->body;
	const char *coding = http_header(req, "Content-Encoding");
	const char *length = http_header(req, "Content-Length");
	if (length && strtoull(length, NULL, 10) > b->max)
		b->status = 413;
	if (!coding || !*coding || strcasecmp(coding, "identity") == 0)
		return;
	if (strcasecmp(coding, "gzip") != 0 && strcasecmp(coding, "x-gzip") != 0 &&
	    strcasecmp(coding, "deflate") != 0) {
		b->status = 415;
		return;
	}
	b->inflate = gz_inflate_new();
	if (!b->inflate)
		b->status = 500;
}

void body_push(struct http_request *req, const void *p, size_t n)
{
	struct body *b = &req->body;
	b->raw += n;
	if (b->status)
		return;
	if (!b->inflate) {
		store(b, p, n);
		return;
	}
	enum err e = gz_inflate(b->inflate, p, n, store, b);
	if (e && !b->status)
		b->status = e == ERR_MALFORMED ? 400 : 500;
}

void body_end(struct http_request *req)
{
	struct body *b = &req->body;
	if (!b->status && b->inflate && b->raw && !gz_done(b->inflate))
		b->status = 400;
	gz_free(b->inflate);
	b->inflate = NULL;
}

void body_fini(struct body *b)
{
	gz_free(b->inflate);
	b->inflate = NULL;
	if (b->map)
		munmap(b->map, b->n);
	b->map = NULL;
	if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
	buf_fini(&b->mem);
}

size_t http_body_len(const struct http_request *req)
{
	return req->body.n;
}

const uint8_t *http_body(struct http_request *req)
{
	struct body *b = &req->body;
	if (b->n == 0 || b->fd < 0)
		return b->mem.p;
	if (!b->map) {
		void *m = mmap(NULL, b->n, PROT_READ, MAP_PRIVATE, b->fd, 0);
		b->map = m == MAP_FAILED ? NULL : m;
	}
	return b->map;
}

int http_body_fd(struct http_request *req)
{
	struct body *b = &req->body;
	if (b->fd < 0)
		spill(b);
	return b->fd;
}
