/* SPDX-License-Identifier: Apache-2.0 */
/* ClickHouse's exceptions over HTTP: "Code: 62. DB::Exception: text (SYNTAX_ERROR)
 * (version 26.5.1.1)". Clients read code and name out of that text, and
 * X-ClickHouse-Exception-Code. */
#pragma once
#include "base/buf.h"

struct http_request;

enum exc {
#define EXC(name, code, status) EXC_##name,
#include "engine/exception.def"
#undef EXC
	EXC_MAX
};

struct exception {
	unsigned code;   /* ClickHouse's; 0 when the text has none */
	unsigned status; /* HTTP */
	struct buf text; /* whole, with a newline at the end; owned */
};

/* One of our own. */
void exception_make(struct exception *x, enum exc which, const char *version, const char *fmt, ...)
    fmt_like(4, 5);
/* From the engine's text. */
void exception_take(struct exception *x, const char *text, const char *version);
void exception_fini(struct exception *x);
/* Answers with it and empties it. */
void exception_reply(struct exception *x, struct http_request *req);
/* The block that ClickHouse puts at the end of a started stream (since 25.11); tag as in
 * X-ClickHouse-Exception-Tag. */
void exception_in_stream(const struct exception *x, const char *tag, struct buf *out);
