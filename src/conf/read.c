/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the document with the table of keys in hand. libyaml loads the whole document first (an
 * alias is the number of a node, not a copy), and the walk is only as deep as the sections of the
 * table, so that a hostile file cannot make it work for long. Unknown keys, wrong types and wrong
 * values are noted and the walk goes on; only a syntax error ends it. */
#include "conf/read.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { PATH_MAX_ = 128, DEPTH_MAX = 4 };

struct walk {
	yaml_document_t *doc;
	struct conf *c;
	struct arena *a;
	struct conf_report *report;
	struct conf_places *places;
};

void conf_report_add(struct conf_report *r, const struct diag *d)
{
	if (r->n == CONF_ERRORS_MAX)
		r->more++;
	else
		r->v[r->n++] = *d;
}

static uint32_t line_of(const yaml_mark_t *m)
{
	return (uint32_t)m->line + 1;
}

static uint32_t col_of(const yaml_mark_t *m)
{
	return (uint32_t)m->column + 1;
}

fmt_like(3, 4) static void complain(struct walk *w, const yaml_node_t *at, const char *fmt, ...)
{
	struct diag d;
	char msg[sizeof(d.msg)];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	diag_set(&d, ERR_CONFIG, line_of(&at->start_mark), col_of(&at->start_mark), "%s", msg);
	if (at->type == YAML_SCALAR_NODE)
		d.end_col = d.col + (uint32_t)at->data.scalar.length;
	conf_report_add(w->report, &d);
}

static const char *kind_of(const yaml_node_t *n)
{
	switch (n->type) {
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a section";
	case YAML_SCALAR_NODE:
	case YAML_NO_NODE:
		break;
	}
	return "a value";
}

/* Nothing after the colon, or ~. An empty string in quotes is a value. */
static bool is_null(const yaml_node_t *n)
{
	if (n->type != YAML_SCALAR_NODE || n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	const char *s = (const char *)n->data.scalar.value;
	return *s == 0 || strcmp(s, "~") == 0 || strcmp(s, "null") == 0;
}

static struct conf_scalar scalar_of(const yaml_node_t *n)
{
	return (struct conf_scalar){(const char *)n->data.scalar.value, n->data.scalar.length,
				    line_of(&n->start_mark), col_of(&n->start_mark)};
}

/* The scalars of a value: itself, or the items of a list. False after a complaint. */
static bool scalars_of(struct walk *w, const struct conf_key *k, const yaml_node_t *value,
		       struct conf_scalar out[CONF_LIST_MAX], size_t *ret_n)
{
	size_t n = 0;
	if (value->type == YAML_SCALAR_NODE) {
		out[n++] = scalar_of(value);
	} else if (value->type != YAML_SEQUENCE_NODE || !conf_key_is_list(k)) {
		complain(w, value, "%s: expected %s, found %s", k->path, conf_key_expects(k),
			 kind_of(value));
		return false;
	} else {
		for (yaml_node_item_t *i = value->data.sequence.items.start;
		     i < value->data.sequence.items.top; i++) {
			yaml_node_t *item = yaml_document_get_node(w->doc, *i);
			if (item->type != YAML_SCALAR_NODE || n == CONF_LIST_MAX) {
				complain(w, item, "%s: expected %s, found %s", k->path,
					 conf_key_expects(k),
					 n == CONF_LIST_MAX ? "too many" : kind_of(item));
				return false;
			}
			out[n++] = scalar_of(item);
		}
	}
	*ret_n = n;
	return true;
}

static void read_key(struct walk *w, const struct conf_key *k, const yaml_node_t *key,
		     const yaml_node_t *value)
{
	size_t at = (size_t)(k - conf_keys), n = 0;
	struct conf_scalar v[CONF_LIST_MAX];
	struct diag d = {0};
	if (w->places->line[at]) {
		complain(w, key, "%s: given twice, first in line %u", k->path, w->places->line[at]);
		return;
	}
	w->places->line[at] = line_of(&value->start_mark);
	w->places->col[at] = col_of(&value->start_mark);
	if (is_null(value)) {
		complain(w, key, "%s: has no value; leave the key out for the default, %s", k->path,
			 *k->dflt ? k->dflt : "which is empty");
		return;
	}
	if (!scalars_of(w, k, value, v, &n))
		return;
	if (conf_key_set(w->c, w->a, k, v, n, &d)) {
		if (d.line == 0) {
			d.line = line_of(&value->start_mark);
			d.col = col_of(&value->start_mark);
		}
		conf_report_add(w->report, &d);
	}
}

static void unknown_key(struct walk *w, const yaml_node_t *key, const char *path, size_t n)
{
	char word[CONF_PATH_MAX];
	const char *near = conf_key_nearest(path, n, word);
	if (near)
		complain(w, key, "no key \"%s\"; did you mean \"%s\"?", path, near);
	else
		complain(w, key, "no key \"%s\"; `weir conf explain all` lists the keys", path);
}

static void read_section(struct walk *w, const yaml_node_t *map, const char *prefix,
			 unsigned depth);

static void read_pair(struct walk *w, const yaml_node_t *key, const yaml_node_t *value,
		      const char *prefix, unsigned depth)
{
	char path[PATH_MAX_];
	if (key->type != YAML_SCALAR_NODE) {
		complain(w, key, "a key must be a word, found %s", kind_of(key));
		return;
	}
	int n = snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "",
			 (const char *)key->data.scalar.value);
	if (n < 0 || n >= (int)sizeof(path)) {
		complain(w, key, "no key is this long");
		return;
	}
	const struct conf_key *k = conf_key_find(path, (size_t)n);
	if (k)
		read_key(w, k, key, value);
	else if (!conf_key_is_section(path, (size_t)n) || depth == DEPTH_MAX)
		unknown_key(w, key, path, (size_t)n);
	else if (value->type == YAML_MAPPING_NODE)
		read_section(w, value, path, depth + 1);
	else if (!is_null(value))
		complain(w, value, "%s: expected a section of keys, found %s", path,
			 kind_of(value));
}

static void read_section(struct walk *w, const yaml_node_t *map, const char *prefix, unsigned depth)
{
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++)
		read_pair(w, yaml_document_get_node(w->doc, p->key),
			  yaml_document_get_node(w->doc, p->value), prefix, depth);
}

static void syntax_error(const yaml_parser_t *p, struct conf_report *r)
{
	struct diag d;
	const char *problem = p->problem ? p->problem : "not YAML";
	if (p->error == YAML_MEMORY_ERROR)
		diag_set(&d, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	else if (p->error == YAML_READER_ERROR)
		diag_set(&d, ERR_CONFIG, line_of(&p->mark), col_of(&p->mark), "%s (byte %zu)",
			 problem, p->problem_offset);
	else
		diag_set(&d, ERR_CONFIG, line_of(&p->problem_mark), col_of(&p->problem_mark),
			 "%s%s%s", problem, p->context ? ", " : "", p->context ? p->context : "");
	conf_report_add(r, &d);
}

void conf_yaml_read(const char *text, size_t n, struct conf *c, struct arena *a,
		    struct conf_report *r, struct conf_places *places)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	struct walk w = {&doc, c, a, r, places};
	if (!yaml_parser_initialize(&parser)) {
		struct diag d;
		diag_set(&d, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
		conf_report_add(r, &d);
		return;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	if (!yaml_parser_load(&parser, &doc)) {
		syntax_error(&parser, r);
		yaml_parser_delete(&parser);
		return;
	}
	const yaml_node_t *root = yaml_document_get_root_node(&doc);
	if (root && root->type == YAML_MAPPING_NODE)
		read_section(&w, root, "", 0);
	else if (root && !is_null(root))
		complain(&w, root, "expected sections of keys, found %s", kind_of(root));
	yaml_document_delete(&doc);
	if (root && parser.error == YAML_NO_ERROR) {
		if (!yaml_parser_load(&parser, &doc))
			syntax_error(&parser, r);
		else {
			const yaml_node_t *second = yaml_document_get_root_node(&doc);
			if (second)
				complain(&w, second, "a second document in the file");
			yaml_document_delete(&doc);
		}
	}
	yaml_parser_delete(&parser);
}
