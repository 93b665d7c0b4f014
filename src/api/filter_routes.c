/* SPDX-License-Identifier: Apache-2.0 */
/* filter/check and filter/complete: what the filter bar of the page asks while somebody types. */
#include "api/api_priv.h"
#include "api/json.h"
#include "filter/filter.h"

#include <string.h>

static void number(struct buf *b, const char *key, uint64_t v)
{
	buf_json_key(b, key);
	buf_dec(b, v);
}

static void wrong(struct buf *b, const char *text, const struct diag *d)
{
	buf_str(b, "{\"ok\":false");
	number(b, "line", d->line);
	number(b, "col", d->col);
	number(b, "end_col", d->end_col ? d->end_col : d->col + 1);
	buf_json_key(b, "message");
	buf_json_str(b, d->msg, strlen(d->msg));
	buf_json_key(b, "expected");
	api_expected(b, text, d);
	buf_u8(b, '}');
}

void route_filter_check(struct api_call *c)
{
	struct arena arena = {0};
	struct diag d = {0};
	struct buf b = {0}, normal = {0};
	struct json_in in;
	struct filter *f;
	enum err e = json_in_read(http_body(c->req), http_body_len(c->req), &arena, &in, &d);
	if (e) {
		api_problem_of(c, e, &d, NULL);
		arena_fini(&arena);
		return;
	}
	if (filter_parse(in.filter, strlen(in.filter), &arena, &f, &d) == ERR_OK) {
		filter_print(f, &normal);
		buf_str(&b, "{\"ok\":true,\"normalised\":");
		buf_json_str(&b, normal.p, normal.n);
		buf_u8(&b, '}');
	} else {
		wrong(&b, in.filter, &d);
	}
	api_reply_json(c, &b);
	buf_fini(&normal);
	arena_fini(&arena);
}

static void add_item(void *ctx, const struct filter_item *item)
{
	struct buf *b = ctx;
	const char *kind = filter_item_kind_name(item->kind);
	buf_str(b, b->p[b->n - 1] == '[' ? "{" : ",{");
	buf_json_key(b, "text");
	buf_json_str(b, item->text, strlen(item->text));
	buf_json_key(b, "kind");
	buf_json_str(b, kind, strlen(kind));
	buf_json_key(b, "doc");
	buf_json_str(b, item->doc ? item->doc : "", item->doc ? strlen(item->doc) : 0);
	buf_u8(b, '}');
}

void route_filter_complete(struct api_call *c)
{
	struct arena arena = {0};
	struct diag d = {0};
	struct buf items = {0}, b = {0};
	struct json_in in;
	size_t from = 0, to = 0;
	enum err e = json_in_read(http_body(c->req), http_body_len(c->req), &arena, &in, &d);
	if (e) {
		api_problem_of(c, e, &d, NULL);
		arena_fini(&arena);
		return;
	}
	size_t n = strlen(in.filter);
	buf_u8(&items, '[');
	filter_complete(in.filter, n, MIN_OF(in.pos, n), &from, &to, add_item, &items);
	buf_u8(&items, ']');
	buf_u8(&b, '{');
	number(&b, "from", from);
	number(&b, "to", to);
	buf_json_key(&b, "items");
	buf_put(&b, items.p, items.n);
	buf_u8(&b, '}');
	api_reply_json(c, &b);
	buf_fini(&items);
	arena_fini(&arena);
}
