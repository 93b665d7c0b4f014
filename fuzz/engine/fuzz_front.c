/* SPDX-License-Identifier: Apache-2.0 */
/* A request of any bytes through the front to an engine of straw: it is answered, a reader's
 * statement that gets through begins with a word that reads, and nothing stays behind. Input: a
 * line "METHOD target", header lines, an empty line, the body. */
#include "engine/front.h"

#include "base/rd.h"
#include "http/request.h"
#include "stub.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_MAX_ = 4096 };

/* The next line without its newline, cut at a NUL as a header of HTTP would be. */
static bool line(struct rd *in, char out[LINE_MAX_])
{
	size_t n = 0;
	if (rd_left(in) == 0)
		return false;
	for (uint8_t c = rd_u8(in); !in->bad && c != '\n'; c = rd_u8(in))
		if (n < LINE_MAX_ - 1)
			out[n++] = (char)c;
	out[n] = 0;
	in->bad = false;
	return n > 0;
}

static struct http_request *request(struct rd *in)
{
	static const struct http_opts opts = {.max_body = 1 << 20, .body_in_memory = 256};
	char text[LINE_MAX_] = "";
	line(in, text);
	char *target = strchr(text, ' ');
	if (target)
		*target++ = 0;
	struct http_request *req = http_request_new(text, "127.0.0.1", &opts);
	http_request_target(req, target ? target : "/");
	while (line(in, text)) {
		char *value = strchr(text, ':');
		if (value)
			*value++ = 0;
		http_request_add_header(req, text, value ? value + strspn(value, " ") : "");
	}
	body_begin(req);
	body_push(req, in->p, rd_left(in));
	body_end(req);
	return req;
}

static void drain(struct answer *a)
{
	enum http_more more = HTTP_MORE;
	while (a->kind == ANSWER_STREAM && more == HTTP_MORE) {
		const uint8_t *p;
		size_t n;
		more = a->stream.next(a->stream.ctx, &p, &n);
	}
}

/* All requests come from a TCP peer and no password is right: only readers get in. */
static void check_log(struct stub *s)
{
	static const char *const words[] = {"SET log_comment", "USE `",  "DROP",
					    "INSERT",          "CREATE", "SYSTEM"};
	const char *text = buf_cstr(&s->log);
	for (size_t i = 2; i < ARRAY_LEN(words); i++)
		if (strncasecmp(text, words[i], strlen(words[i])) == 0)
			abort();
	if (s->log.n && strncmp(text, words[0], strlen(words[0])) &&
	    strncmp(text, words[1], strlen(words[1])))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stub stub;
	static struct front *front;
	if (!front) {
		stub_init(&stub);
		stub.never_waits = true;
		struct front_opts o = {.engine = &stub.engine,
				       .writer_password = "\x01 never sent"};
		if (front_new(&o, &front, NULL))
			abort();
	}
	buf_reset(&stub.log);
	struct rd in = rd_of(data, size);
	struct http_request *req = request(&in);
	if (!req->bad && !req->body.status) {
		front_handle(req, front);
		if (req->ans.kind == ANSWER_NONE || req->ans.status < 200)
			abort();
		drain(&req->ans);
		check_log(&stub);
	}
	http_request_free(req);
	/* The killing thread has the one connection that is left. */
	if (front_counts(front).running || __atomic_load_n(&stub.open, __ATOMIC_RELAXED) != 1)
		abort();
	return 0;
}
