/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/networks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CELLS_MAX = 16, CELL_LEN_MAX = 255, COLUMN_PREFIX = NET_TEXTS, COLUMNS };

struct cell {
	char text[CELL_LEN_MAX + 1];
	size_t n;
};

struct line {
	struct cell cell[CELLS_MAX];
	size_t n;
};

struct reader {
	const char *p, *end;
	uint32_t number;    /* of the line, from 1 */
	size_t at[COLUMNS]; /* cell of each column; CELLS_MAX = not there */
	struct line line;
};

static const struct {
	const char *name;
	size_t column;
} titles[] = {
    {"prefix", COLUMN_PREFIX}, {"network", COLUMN_PREFIX}, {"cidr", COLUMN_PREFIX},
    {"subnet", COLUMN_PREFIX}, {"name", NET_NAME},         {"site", NET_SITE},
    {"role", NET_ROLE},        {"tenant", NET_TENANT},
};

static void trim(struct cell *c)
{
	size_t from = 0;
	while (c->n && (c->text[c->n - 1] == ' ' || c->text[c->n - 1] == '\t'))
		c->n--;
	while (from < c->n && (c->text[from] == ' ' || c->text[from] == '\t'))
		from++;
	memmove(c->text, c->text + from, c->n - from);
	c->n -= from;
	c->text[c->n] = 0;
}

/* One cell; leaves r->p at the comma or the end of the line behind it. */
static void read_cell(struct reader *r, struct cell *c)
{
	bool quoted = r->p < r->end && *r->p == '"';
	r->p += quoted;
	c->n = 0;
	for (; r->p < r->end; r->p++) {
		if (quoted && *r->p == '"') {
			if (r->p + 1 < r->end && r->p[1] == '"')
				r->p++;
			else
				quoted = false;
			if (!quoted)
				continue;
		} else if (!quoted && (*r->p == ',' || *r->p == '\n' || *r->p == '\r')) {
			break;
		}
		r->number += *r->p == '\n';
		if (c->n < CELL_LEN_MAX)
			c->text[c->n++] = *r->p;
	}
	trim(c);
}

static void read_line(struct reader *r)
{
	r->number++;
	r->line.n = 0;
	for (;;) {
		struct cell spare;
		read_cell(r, r->line.n < CELLS_MAX ? &r->line.cell[r->line.n] : &spare);
		r->line.n += r->line.n < CELLS_MAX;
		if (r->p == r->end || *r->p != ',')
			break;
		r->p++;
	}
	while (r->p < r->end && *r->p == '\r')
		r->p++;
	r->p += r->p < r->end && *r->p == '\n';
}

/* Takes the line as the titles of the columns if it is that. */
static bool read_titles(struct reader *r)
{
	size_t at[COLUMNS];
	for (size_t c = 0; c < COLUMNS; c++)
		at[c] = CELLS_MAX;
	for (size_t i = 0; i < r->line.n; i++)
		for (size_t t = 0; t < ARRAY_LEN(titles); t++)
			if (strcasecmp(r->line.cell[i].text, titles[t].name) == 0)
				at[titles[t].column] = i;
	if (at[COLUMN_PREFIX] == CELLS_MAX)
		return false;
	memcpy(r->at, at, sizeof(at));
	return true;
}

static const struct cell *cell_of(const struct reader *r, size_t column)
{
	static const struct cell none;
	return r->at[column] < r->line.n ? &r->line.cell[r->at[column]] : &none;
}

static enum err put(struct reader *r, unsigned shift, struct texts *texts, struct ranges_builder *b,
		    struct networks *ret)
{
	const struct cell *prefix = cell_of(r, COLUMN_PREFIX);
	struct ip net;
	uint8_t bits;
	if (ip_parse_net(prefix->text, prefix->n, &net, &bits)) {
		if (ret->bad_lines++ == 0)
			diag_set(&ret->first_bad, ERR_SYNTAX, r->number, 1,
				 "\"%.60s\" is no prefix", prefix->text);
		return ERR_OK;
	}
	if (ret->n == NETWORKS_MAX)
		return ERR_LIMIT;
	if (ret->n == ret->cap) {
		struct network *v = reallocarray(ret->v, ret->cap * 2, sizeof(*v));
		if (!v)
			return ERR_NOMEM;
		ret->v = v;
		ret->cap *= 2;
	}
	struct network *k = &ret->v[ret->n];
	for (size_t t = 0; t < NET_TEXTS; t++) {
		const struct cell *c = cell_of(r, t);
		enum err e = texts_number(texts, c->text, c->n, &k->text[t]);
		if (e)
			return e;
	}
	return ranges_add(b, &net, bits, (uint64_t)ret->n++ << shift);
}

static enum err read_all(struct reader *r, unsigned shift, struct texts *texts,
			 struct ranges_builder *b, struct networks *ret)
{
	bool first = true;
	enum err e = ERR_OK;
	while (r->p < r->end && !e) {
		if (*r->p == '#') {
			r->p = memchr(r->p, '\n', (size_t)(r->end - r->p));
			r->p = r->p ? r->p + 1 : r->end;
			r->number++;
			continue;
		}
		read_line(r);
		bool empty = r->line.n == 1 && r->line.cell[0].n == 0;
		if (!empty && !(first && read_titles(r)))
			e = put(r, shift, texts, b, ret);
		first &= empty;
	}
	return e;
}

enum err networks_parse(const char *p, size_t n, unsigned shift, struct texts *texts,
			struct ranges_builder *b, struct networks *ret)
{
	static const char bom[] = "\xef\xbb\xbf";
	struct networks all = {.n = 1, .cap = 64};
	struct reader *r = calloc(1, sizeof(*r));
	all.v = calloc(all.cap, sizeof(*all.v));
	enum err e = r && all.v ? ERR_OK : ERR_NOMEM;
	if (!e) {
		size_t skip = n >= 3 && memcmp(p, bom, 3) == 0 ? 3 : 0;
		r->p = p + skip;
		r->end = p + n;
		r->at[COLUMN_PREFIX] = 0;
		for (size_t t = 0; t < NET_TEXTS; t++)
			r->at[t] = t + 1;
		e = read_all(r, shift, texts, b, &all);
	}
	free(r);
	if (e)
		networks_fini(&all);
	else
		*ret = all;
	return e;
}

void networks_fini(struct networks *n)
{
	free(n->v);
	*n = (struct networks){0};
}
