/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_client.h"

#include "base/buf.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CONNECT_MS = 5000,
	STEP_MS = 100, /* longest wait before the cancel flag is looked at again */
};

/* One request under way. */
struct transfer {
	CURL *curl;
	const struct http_call *r;
	uint64_t sent;
	bool stopped; /* by the callback or the cancel flag */
};

struct http_client {
	CURL *curl;
	CURLM *multi;
	struct curl_slist *headers; /* not NULL while a request is under way */
	struct transfer transfer;
	char message[CURL_ERROR_SIZE];
};

enum err http_client_new(struct http_client **ret)
{
	struct http_client *c = calloc(1, sizeof(*c));
	if (!c)
		return ERR_NOMEM;
	/* Also does libcurl's global initialisation, which is thread-safe since 7.84. */
	c->curl = curl_easy_init();
	c->multi = curl_multi_init();
	if (!c->curl || !c->multi) {
		http_client_free(c);
		return ERR_NOMEM;
	}
	*ret = c;
	return ERR_OK;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	http_client_abort(c);
	curl_easy_cleanup(c->curl);
	if (c->multi)
		curl_multi_cleanup(c->multi);
	free(c);
}

static size_t send_body(char *to, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	const struct http_call *r = t->r;
	uint64_t want = MIN_OF((uint64_t)size * n, r->body_len - t->sent);
	if (!r->body_is_file) {
		memcpy(to, (const uint8_t *)r->body + t->sent, want);
	} else {
		ssize_t got = pread(r->body_fd, to, want, (off_t)(r->body_off + t->sent));
		if (got < 0 || (got == 0 && want > 0))
			return CURL_READFUNC_ABORT;
		want = (uint64_t)got;
	}
	t->sent += want;
	return want;
}

/* libcurl rewinds when it must send a body again, on a connection that had gone stale. */
static int seek_body(void *arg, curl_off_t offset, int origin)
{
	struct transfer *t = arg;
	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->r->body_len)
		return CURL_SEEKFUNC_CANTSEEK;
	t->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t take_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	if (!t->r->on_body)
		return size * n;
	long status = 0;
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (t->r->on_body(t->r->arg, (int)status, (const uint8_t *)p, size * n))
		return size * n;
	t->stopped = true;
	return 0;
}

static size_t take_header(char *p, size_t size, size_t n, void *arg)
{
	const struct transfer *t = arg;
	size_t len = size * n;
	const char *colon = memchr(p, ':', len);
	if (!colon || !t->r->on_header)
		return len;
	const char *v = colon + 1, *end = p + len;
	while (v < end && (*v == ' ' || *v == '\t'))
		v++;
	while (end > v && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
		end--;
	t->r->on_header(t->r->arg, p, (size_t)(colon - p), v, (size_t)(end - v));
	return len;
}

static enum err err_from_curl(CURLcode code)
{
	static const struct {
		CURLcode code;
		enum err err;
	} map[] = {
	    {CURLE_COULDNT_CONNECT, ERR_REFUSED},    {CURLE_COULDNT_RESOLVE_HOST, ERR_REFUSED},
	    {CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT}, {CURLE_GOT_NOTHING, ERR_CLOSED},
	    {CURLE_SEND_ERROR, ERR_CLOSED},          {CURLE_RECV_ERROR, ERR_CLOSED},
	    {CURLE_PARTIAL_FILE, ERR_CLOSED},        {CURLE_OUT_OF_MEMORY, ERR_NOMEM},
	    {CURLE_URL_MALFORMAT, ERR_CONFIG},       {CURLE_UNSUPPORTED_PROTOCOL, ERR_CONFIG},
	};
	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (map[i].code == code)
			return map[i].err;
	return ERR_IO;
}

static void set_target(CURL *c, const struct http_call *r)
{
	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	/* A proxy of the environment must not see what goes to the store. */
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(r->connect_ms ? r->connect_ms : CONNECT_MS));
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)r->total_ms);
	if (r->unix_path)
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, r->unix_path);
	if (r->user) {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(c, CURLOPT_USERNAME, r->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, r->password ? r->password : "");
	}
}

static void set_body(CURL *c, struct transfer *t)
{
	const struct http_call *r = t->r;
	if (strcmp(r->method, "POST") == 0) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, send_body);
		curl_easy_setopt(c, CURLOPT_READDATA, t);
		curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, seek_body);
		curl_easy_setopt(c, CURLOPT_SEEKDATA, t);
	} else if (strcmp(r->method, "GET") != 0) {
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
	}
}

static struct curl_slist *header_list(const struct http_call *r)
{
	/* No "Expect: 100-continue": it costs a round trip or a second of waiting. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; i < r->n_headers && list; i++) {
		struct curl_slist *longer = curl_slist_append(list, r->headers[i]);
		if (!longer)
			curl_slist_free_all(list);
		list = longer;
	}
	return list;
}

enum err http_client_begin(struct http_client *c, const struct http_call *r, struct diag *reterr)
{
	struct transfer *t = &c->transfer;
	http_client_abort(c);
	*t = (struct transfer){.curl = c->curl, .r = r};
	c->headers = header_list(r);
	if (!c->headers)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	c->message[0] = 0;
	curl_easy_reset(c->curl);
	set_target(c->curl, r);
	set_body(c->curl, t);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->message);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, t);
	if (curl_multi_add_handle(c->multi, c->curl) != CURLM_OK) {
		http_client_abort(c);
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	}
	return ERR_OK;
}

void http_client_abort(struct http_client *c)
{
	if (!c->headers)
		return;
	curl_multi_remove_handle(c->multi, c->curl);
	curl_slist_free_all(c->headers);
	c->headers = NULL;
}

static enum err outcome(const struct http_client *c, CURLcode code, int *ret_status,
			struct diag *reterr)
{
	const struct http_call *r = c->transfer.r;
	if (c->transfer.stopped)
		return diag_set(reterr, ERR_CANCELLED, 0, 0, "%s", err_text(ERR_CANCELLED));
	if (code == CURLE_COULDNT_CONNECT && r->unix_path)
		return diag_set(reterr, ERR_REFUSED, 0, 0, "nobody answers at the socket %.200s",
				r->unix_path);
	if (code != CURLE_OK)
		return diag_set(reterr, err_from_curl(code), 0, 0, "%s",
				c->message[0] ? c->message : curl_easy_strerror(code));
	long status = 0;
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	*ret_status = (int)status;
	return ERR_OK;
}

enum err http_client_step(struct http_client *c, bool *ret_done, int *ret_status,
			  struct diag *reterr)
{
	const atomic_bool *cancel = c->transfer.r->cancel;
	int running = 0, left = 0;
	*ret_done = false;
	if (cancel && atomic_load_explicit(cancel, memory_order_relaxed)) {
		c->transfer.stopped = true;
		http_client_abort(c);
		*ret_done = true;
		return outcome(c, CURLE_OK, ret_status, reterr);
	}
	if (curl_multi_perform(c->multi, &running) != CURLM_OK) {
		http_client_abort(c);
		*ret_done = true;
		return diag_set(reterr, ERR_IO, 0, 0, "%s", err_text(ERR_IO));
	}
	const CURLMsg *m = curl_multi_info_read(c->multi, &left);
	if (m && m->msg == CURLMSG_DONE) {
		enum err e = outcome(c, m->data.result, ret_status, reterr);
		http_client_abort(c);
		*ret_done = true;
		return e;
	}
	curl_multi_poll(c->multi, NULL, 0, STEP_MS, NULL);
	return ERR_OK;
}

enum err http_client_do(struct http_client *c, const struct http_call *r, int *ret_status,
			struct diag *reterr)
{
	bool done = false;
	enum err e = http_client_begin(c, r, reterr);
	while (!e && !done)
		e = http_client_step(c, &done, ret_status, reterr);
	return e;
}

void http_escape(struct buf *out, const char *s, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < n; i++) {
		uint8_t ch = (uint8_t)s[i];
		bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
			     (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' || ch == '.' ||
			     ch == '~';
		if (plain) {
			buf_u8(out, ch);
		} else {
			buf_u8(out, '%');
			buf_u8(out, (uint8_t)hex[ch >> 4]);
			buf_u8(out, (uint8_t)hex[ch & 15]);
		}
	}
}
