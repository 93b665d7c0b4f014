/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as application/problem+json (RFC 9457): one table from enum err to a status. */
#include "api/api_priv.h"
#include "filter/filter.h"

#include <string.h>

enum { EXPECTED_MAX = 20 };

static const struct {
	unsigned status;
	const char *title;
} titles[] = {
    {400, "Bad request"},         {403, "Forbidden"},      {404, "Not found"},
    {405, "Method not allowed"},  {409, "Conflict"},       {413, "Too large"},
    {421, "Misdirected request"}, {500, "Internal error"}, {502, "The store refused the query"},
    {503, "Not available now"},   {504, "Took too long"}};

static const struct {
	enum err err;
	unsigned status;
} statuses[] = {{ERR_SYNTAX, 400},  {ERR_TYPE, 400},        {ERR_UNKNOWN, 400},   {ERR_LIMIT, 400},
		{ERR_EXISTS, 400},  {ERR_UNSUPPORTED, 400}, {ERR_MALFORMED, 502}, {ERR_REMOTE, 502},
		{ERR_REFUSED, 503}, {ERR_CLOSED, 503},      {ERR_NOT_FOUND, 503}, {ERR_IO, 503},
		{ERR_BUSY, 503},    {ERR_TIMEOUT, 504},     {ERR_CANCELLED, 409}};

static const char *title_of(unsigned status)
{
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Error";
}

static unsigned status_of(enum err e)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].err == e)
			return statuses[i].status;
	return 500;
}

struct expected {
	struct buf *out;
	size_t n;
};

static void add_expected(void *ctx, const struct filter_item *item)
{
	struct expected *x = ctx;
	if (x->n == EXPECTED_MAX)
		return;
	if (x->n++)
		buf_u8(x->out, ',');
	buf_json_str(x->out, item->text, strlen(item->text));
}

/* The byte offset of line and col in the text. */
static size_t place(const char *text, uint32_t line, uint32_t col)
{
	const char *p = text;
	for (uint32_t i = 1; i < line && strchr(p, '\n'); i++)
		p = strchr(p, '\n') + 1;
	size_t n = strlen(text), at = (size_t)(p - text) + (col ? col - 1 : 0);
	return MIN_OF(at, n);
}

void api_expected(struct buf *out, const char *filter, const struct diag *d)
{
	struct expected x = {.out = out};
	size_t from, to;
	buf_u8(out, '[');
	/* What is there is cut off: what could stand in its place is asked for. */
	size_t at = place(filter, d->line, d->col);
	filter_complete(filter, at, at, &from, &to, add_expected, &x);
	buf_u8(out, ']');
}

static void number(struct buf *b, const char *key, uint32_t v)
{
	buf_json_key(b, key);
	buf_dec(b, v);
}

static void reply(struct api_call *c, unsigned status, const char *detail, const struct diag *d,
		  const char *filter)
{
	struct buf b = {0};
	atomic_fetch_add(&c->api->problems, 1);
	buf_str(&b, "{\"type\":\"about:blank\"");
	buf_json_key(&b, "title");
	buf_json_str(&b, title_of(status), strlen(title_of(status)));
	number(&b, "status", status);
	buf_json_key(&b, "detail");
	buf_json_str(&b, detail, strlen(detail));
	if (d && d->line) {
		number(&b, "line", d->line);
		number(&b, "col", d->col);
		number(&b, "end_col", d->end_col ? d->end_col : d->col + 1);
	}
	if (d && d->line && filter) {
		buf_json_key(&b, "expected");
		api_expected(&b, filter, d);
	}
	buf_u8(&b, '}');
	http_reply_buf(c->req, status, "application/problem+json", &b);
	buf_fini(&b);
}

void api_problem(struct api_call *c, unsigned status, const char *detail)
{
	reply(c, status, detail, NULL, NULL);
}

void api_problem_of(struct api_call *c, enum err e, const struct diag *d, const char *filter)
{
	reply(c, status_of(e), d->msg[0] ? d->msg : err_text(e), d, filter);
}

void api_reply_json(struct api_call *c, struct buf *b)
{
	http_set_header(c->req, "Cache-Control", "no-store");
	http_reply_buf(c->req, 200, "application/json", b);
	buf_fini(b);
}
