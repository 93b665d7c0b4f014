/* SPDX-License-Identifier: Apache-2.0 */
/* The aligned table of query_cli.h. Widths are counted in characters, not bytes. */
#include "cmd/query_cli.h"

#include <string.h>

enum { GAP = 2 };

void table_cell(struct table *t, const struct buf *text)
{
	for (size_t i = 0; i < text->n; i++)
		buf_u8(&t->text, text->p[i] < 0x20 || text->p[i] == 0x7f ? '.' : text->p[i]);
	buf_u8(&t->text, 0);
	t->n_cells++;
}

void table_cell_text(struct table *t, const char *text)
{
	buf_put(&t->text, text, strlen(text) + 1);
	t->n_cells++;
}

static size_t width_of(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((uint8_t)*s & 0xc0) != 0x80;
	return n;
}

void table_print(const struct table *t, FILE *to)
{
	size_t width[TABLE_COLS_MAX] = {0};
	const char *cell = (const char *)t->text.p;
	for (size_t i = 0; i < t->n_cells && !t->text.bad; i++, cell += strlen(cell) + 1)
		width[i % t->n_cols] = MAX_OF(width[i % t->n_cols], width_of(cell));
	cell = (const char *)t->text.p;
	for (size_t i = 0; i < t->n_cells && !t->text.bad; i++, cell += strlen(cell) + 1) {
		size_t col = i % t->n_cols;
		bool last = col + 1 == t->n_cols;
		int pad = (int)(width[col] - width_of(cell));
		if (t->right[col])
			fprintf(to, "%*s%s%*s", pad, "", cell, last ? 0 : GAP, "");
		else
			fprintf(to, "%s%*s", cell, last ? 0 : pad + GAP, "");
		if (last)
			fputc('\n', to);
	}
}

void table_fini(struct table *t)
{
	buf_fini(&t->text);
}
