/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/web/http_line.h"

#include "proto/text.h"

#include <strings.h>

enum { HTTP_METHOD_MAX = 20, HTTP_STATUS_LINE_MAX = 1024 };

static bool is_space(uint8_t b)
{
	return b == ' ' || b == '\t';
}

bool http1_header(struct rd line, struct rd *ret_name, struct rd *ret_value)
{
	size_t n = rd_left(&line);
	const uint8_t *colon = n ? memchr(line.p, ':', n) : NULL;
	if (!colon || colon == line.p || is_space(*line.p))
		return false;
	*ret_name = rd_of(line.p, (size_t)(colon - line.p));
	*ret_value = text_trim(rd_of(colon + 1, (size_t)(line.end - colon - 1)));
	return true;
}

bool http1_lists(struct rd r, const char *text)
{
	size_t n = strlen(text);
	while (rd_left(&r) >= n) {
		if (strncasecmp((const char *)r.p, text, n) == 0)
			return true;
		const uint8_t *comma = memchr(r.p, ',', rd_left(&r));
		if (!comma)
			return false;
		r.p = comma + 1;
		while (rd_left(&r) && is_space(*r.p))
			r.p++;
	}
	return false;
}

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

/* "HTTP/1.1 200 OK"; p is known to begin with the protocol. */
static enum http_found status_line(struct rd *r, size_t protocol_n, struct http_start *ret)
{
	struct rd next = *r, line;
	if (!text_line(&next, &line))
		return rd_left(r) > HTTP_STATUS_LINE_MAX ? HTTP_NONE : HTTP_HALF;
	const uint8_t *p = rd_take(&line, protocol_n + 5);
	if (!p)
		return HTTP_NONE;
	const uint8_t *code = p + protocol_n + 2;
	if (!is_digit(p[protocol_n]) || p[protocol_n + 1] != ' ' || *code < '1' || *code > '5' ||
	    !is_digit(code[1]) || !is_digit(code[2]))
		return HTTP_NONE;
	if (rd_left(&line) && rd_u8(&line) != ' ')
		return HTTP_NONE;
	*ret = (struct http_start){
	    .status = (uint16_t)((code[0] - '0') * 100 + (code[1] - '0') * 10 + code[2] - '0'),
	    .version = rd_of(p + protocol_n - 2, 3),
	    .reason = line};
	*r = next;
	return HTTP_WHOLE;
}

/* The method that the first n bytes are, or (half) may become. */
static const struct http_method *method_of(const struct http_dialect *d, const uint8_t *p, size_t n,
					   bool half)
{
	for (unsigned i = 0; i < d->n_methods; i++) {
		size_t len = strlen(d->methods[i].name);
		if ((half ? n <= len : n == len) && memcmp(d->methods[i].name, p, n) == 0)
			return &d->methods[i];
	}
	return NULL;
}

const struct http_method *http_method_of(const struct http_dialect *d, struct rd name)
{
	return method_of(d, name.p, rd_left(&name), false);
}

/* "GET /x HTTP/1.1" */
static enum http_found request_line(struct rd *r, const struct http_dialect *d,
				    struct http_start *ret)
{
	size_t n = rd_left(r), protocol_n = strlen(d->protocol);
	const uint8_t *space = memchr(r->p, ' ', n < HTTP_METHOD_MAX ? n : HTTP_METHOD_MAX);
	if (!space)
		return n < HTTP_METHOD_MAX && method_of(d, r->p, n, true) ? HTTP_HALF : HTTP_NONE;
	const struct http_method *method = method_of(d, r->p, (size_t)(space - r->p), false);
	if (!method)
		return HTTP_NONE;
	struct rd next = *r, line;
	if (!text_line(&next, &line))
		return n > HTTP_LINE_MAX ? HTTP_NONE : HTTP_HALF;
	rd_skip(&line, (size_t)(space - r->p) + 1);
	size_t left = rd_left(&line);
	if (left < protocol_n + 3) /* a target, a space, the digit of the version */
		return HTTP_NONE;
	const uint8_t *version = line.end - protocol_n - 1;
	if (version[-1] != ' ' || memcmp(version, d->protocol, protocol_n) != 0 ||
	    !is_digit(version[protocol_n]))
		return HTTP_NONE;
	*ret = (struct http_start){.method = method,
				   .target = rd_of(line.p, (size_t)(version - 1 - line.p)),
				   .version = rd_of(version + protocol_n - 2, 3)};
	*r = next;
	return HTTP_WHOLE;
}

enum http_found http1_start(struct rd *r, const struct http_dialect *d, struct http_start *ret)
{
	size_t protocol_n = strlen(d->protocol);
	struct rd line = *r;
	for (unsigned i = 0; i < 4 && rd_left(&line) && (*line.p == '\r' || *line.p == '\n'); i++)
		line.p++;
	size_t n = rd_left(&line);
	if (!n)
		return HTTP_HALF;
	if (*line.p < 'A' || *line.p > 'Z')
		return HTTP_NONE;
	bool response = memcmp(line.p, d->protocol, n < protocol_n ? n : protocol_n) == 0;
	if (response && n < protocol_n)
		return HTTP_HALF;
	enum http_found found =
	    response ? status_line(&line, protocol_n, ret) : request_line(&line, d, ret);
	if (found == HTTP_WHOLE)
		*r = line;
	return found;
}
