/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that HTTP/1 (RFC 9112) and RTSP (RFC 2326, 7826) are made of: start lines and header
 * fields. Pure: bytes in, views of them out. */
#pragma once
#include "base/rd.h"

enum { HTTP_LINE_MAX = 8192 };

struct http_method {
	const char *name;
	uint16_t bit; /* in http_method_mask */
};

/* What a start line is told by. */
struct http_dialect {
	const char *protocol; /* what a version begins with: "HTTP/1." */
	const struct http_method *methods;
	uint8_t n_methods;
};

enum http_found { HTTP_NONE, HTTP_HALF, HTTP_WHOLE };

struct http_start {
	const struct http_method *method; /* NULL: a response */
	struct rd target;                 /* requests */
	uint16_t status;                  /* responses: 100..599 */
	struct rd reason;
	struct rd version; /* "1.1" */
};

/* A start line at the beginning of r, which is behind it when it is HTTP_WHOLE; at most two empty
 * lines before it are passed over (RFC 9112 2.2). HTTP_HALF: so far it looks like one. */
enum http_found http1_start(struct rd *r, const struct http_dialect *d, struct http_start *ret);

/* HTTP/1's, whose methods HTTP/2 has too. */
extern const struct http_dialect http_dialect;
/* NULL: none of its methods. */
const struct http_method *http_method_of(const struct http_dialect *d, struct rd name);

/* Splits "Name: value"; the value without white space around it. False: no header field. */
bool http1_header(struct rd line, struct rd *ret_name, struct rd *ret_value);
/* Whether text is one of the values of a list with commas, or begins one ("close, upgrade"). */
bool http1_lists(struct rd r, const char *text);
