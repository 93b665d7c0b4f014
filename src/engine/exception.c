/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exception.h"

#include "http/http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXC_TEXT_MAX = 64 << 10, HTTP_INTERNAL = 500 };

static const struct {
	const char *name;
	unsigned code, status;
} table[] = {
#define EXC(name, code, status) {#name, code, status},
#include "engine/exception.def"
#undef EXC
};

void exception_make(struct exception *x, enum exc which, const char *version, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*x = (struct exception){.code = table[which].code, .status = table[which].status};
	buf_fmt(&x->text, "Code: %u. DB::Exception: %s. (%s) (version %s)\n", x->code, text,
		table[which].name, version);
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The last (NAME) of the text that is in the table. Nested exceptions repeat themselves, the
 * outermost is last. */
static unsigned status_of(const char *text, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		if (text[i - 1] != ')')
			continue;
		size_t from = i - 1;
		while (from > 0 && is_name_char(text[from - 1]))
			from--;
		if (from == 0 || text[from - 1] != '(')
			continue;
		for (size_t k = 0; k < ARRAY_LEN(table); k++)
			if (strlen(table[k].name) == i - 1 - from &&
			    memcmp(text + from, table[k].name, i - 1 - from) == 0)
				return table[k].status;
	}
	return HTTP_INTERNAL;
}

void exception_take(struct exception *x, const char *text, const char *version)
{
	size_t n = strnlen(text, EXC_TEXT_MAX);
	while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	*x = (struct exception){.status = status_of(text, n)};
	if (strncmp(text, "Code: ", 6) == 0)
		x->code = (unsigned)strtoul(text + 6, NULL, 10);
	buf_put(&x->text, text, n);
	buf_fmt(&x->text, " (version %s)\n", version);
}

void exception_fini(struct exception *x)
{
	buf_fini(&x->text);
}

void exception_reply(struct exception *x, struct http_request *req)
{
	char code[16];
	snprintf(code, sizeof(code), "%u", x->code);
	http_set_header(req, "X-ClickHouse-Exception-Code", code);
	if (x->status == 401)
		http_set_header(req, "WWW-Authenticate",
				"Basic realm=\"ClickHouse server HTTP API\"");
	http_reply_buf(req, x->status, "text/plain; charset=UTF-8", &x->text);
}

void exception_in_stream(const struct exception *x, const char *tag, struct buf *out)
{
	buf_fmt(out, "\r\n__exception__\r\n%s\r\n", tag);
	buf_put(out, x->text.p, x->text.n);
	buf_fmt(out, "%zu %s\r\n__exception__\r\n", x->text.n, tag);
}
