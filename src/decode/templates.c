/* SPDX-License-Identifier: Apache-2.0 */
/* The templates of an exporter: found by id, refreshed, replaced, expired, pushed out at a limit,
 * and borrowed from the same exporter at another port (RFC 3954 5.1, RFC 7011 8). */
#include "decode/state.h"

#include <stdlib.h>

static struct template **template_at(struct exporter *e, uint16_t id)
{
	struct template **at = &e->templates[id % TEMPLATE_BUCKETS];
	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

struct template *exporter_template(const struct exporter *e, uint16_t id)
{
	struct template *t = e->templates[id % TEMPLATE_BUCKETS];
	while (t && t->id != id)
		t = t->next;
	return t;
}

static void free_before(struct decoder *d, struct template *t)
{
	if (!t->before)
		return;
	d->template_mem -= t->before->mem;
	free(t->before);
	t->before = NULL;
}

static void unlink_use(struct exporter *e, struct template *t)
{
	*(t->newer ? &t->newer->older : &e->template_newest) = t->older;
	*(t->older ? &t->older->newer : &e->template_oldest) = t->newer;
}

static void link_use(struct exporter *e, struct template *t)
{
	t->newer = NULL;
	t->older = e->template_newest;
	*(t->older ? &t->older->newer : &e->template_oldest) = t;
	e->template_newest = t;
}

void exporter_used_template(struct exporter *e, struct template *t)
{
	if (e->template_newest == t)
		return;
	unlink_use(e, t);
	link_use(e, t);
}

static struct template *detach(struct decoder *d, struct exporter *e, struct template **at)
{
	struct template *t = *at;
	*at = t->next;
	unlink_use(e, t);
	free_before(d, t);
	d->n_templates--;
	d->template_serial++;
	e->info.templates--;
	stat_set(d->stats, ST_templates_live, d->n_templates);
	exporter_changed(d, e);
	return t;
}

static void template_remove(struct decoder *d, struct exporter *e, struct template **at)
{
	struct template *t = detach(d, e, at);
	d->template_mem -= t->mem;
	free(t);
}

static void evict_oldest_template(struct decoder *d, struct exporter *e)
{
	if (!e->template_oldest)
		return;
	exporter_drop_template(d, e, e->template_oldest->id);
	count(d, ST_templates_refused, 1);
}

/* Until t fits: first its own exporter's oldest go, then those of the one silent for longest. */
static void make_room(struct decoder *d, struct exporter *e, const struct template *t)
{
	struct exporter *x = d->oldest;
	while (e->info.templates && d->template_mem + t->mem > d->opts.max_template_mem)
		evict_oldest_template(d, e);
	while (x && d->template_mem + t->mem > d->opts.max_template_mem) {
		if (x == e || x->info.templates == 0)
			x = x->newer;
		else
			evict_oldest_template(d, x);
	}
}

bool exporter_put_template(struct decoder *d, struct exporter *e, struct template *t)
{
	struct template **at = template_at(e, t->id);
	t->before = *at ? detach(d, e, at) : NULL;
	if (e->info.templates >= d->opts.max_templates)
		evict_oldest_template(d, e);
	if (d->template_mem + t->mem > d->opts.max_template_mem)
		free_before(d, t);
	make_room(d, e, t);
	if (d->template_mem + t->mem > d->opts.max_template_mem) {
		count(d, ST_templates_refused, 1);
		free(t);
		return false;
	}
	at = &e->templates[t->id % TEMPLATE_BUCKETS];
	t->next = *at;
	t->learned_at = e->info.datagrams;
	*at = t;
	link_use(e, t);
	d->template_mem += t->mem;
	d->n_templates++;
	d->template_serial++;
	e->info.templates++;
	stat_set(d->stats, ST_templates_live, d->n_templates);
	exporter_changed(d, e);
	for (uint16_t i = 0; i < e->n_missing; i++)
		if (e->missing[i] == t->id) {
			e->missing[i] = e->missing[--e->n_missing];
			e->missing_at[i--] = e->missing_at[e->n_missing];
		}
	e->info.templates_missing = e->n_missing;
	return true;
}

void exporter_drop_template(struct decoder *d, struct exporter *e, uint16_t id)
{
	struct template **at = template_at(e, id);
	if (*at)
		template_remove(d, e, at);
}

void exporter_drop_templates(struct decoder *d, struct exporter *e, bool options)
{
	for (unsigned i = 0; i < TEMPLATE_BUCKETS; i++)
		for (struct template **at = &e->templates[i]; *at;)
			if ((*at)->options == options)
				template_remove(d, e, at);
			else
				at = &(*at)->next;
}

void exporter_doubt_templates(struct exporter *e)
{
	for (unsigned i = 0; i < TEMPLATE_BUCKETS; i++)
		for (struct template *t = e->templates[i]; t; t = t->next)
			t->unsure = true;
}

/* Where e remembers that id is missing; e->n_missing: nowhere. */
static uint16_t missing_index(const struct exporter *e, uint16_t id)
{
	uint16_t i = 0;
	while (i < e->n_missing && e->missing[i] != id)
		i++;
	return i;
}

void exporter_missing(struct exporter *e, uint16_t id)
{
	if (missing_index(e, id) == e->n_missing && e->n_missing < MISSING_MAX) {
		e->missing_at[e->n_missing] = 0;
		e->missing[e->n_missing++] = id;
	}
	e->info.templates_missing = e->n_missing;
}

/* --- which template a data set is of */

/* Whether the bytes of a set are whole records and padding. */
static bool set_fits(struct decoder *d, const struct template *t, const struct rd *body)
{
	enum { ALIGNMENT = 4 };
	struct rd r = *body;
	if (t->min_len == 0 || rd_left(&r) < t->min_len)
		return false;
	if (t->variable)
		while (!r.bad && rd_left(&r) >= t->min_len)
			(void)template_delimit(t, &r, d->offs, d->lens);
	else
		rd_skip(&r, rd_left(&r) / t->min_len * t->min_len);
	return !r.bad && (rd_left(&r) < ALIGNMENT || all_zero(r.p, rd_left(&r)));
}

/* What the same exporter told from another port, if all its ports told the same: of those that
 * appeared last. */
static const struct template *told_elsewhere(const struct decoder *d, const struct exporter *e,
					     uint16_t id)
{
	const struct template *found = NULL;
	unsigned looks = BORROW_LOOKS;
	for (const struct exporter *x = exporter_named(d, e, NULL); x && looks;
	     x = exporter_named(d, e, x), looks--) {
		const struct template *t = exporter_template(x, id);
		if (found && t && !template_equal(found, t))
			return NULL;
		found = t ? t : found;
	}
	return found;
}

/* told_elsewhere, unless nothing can have changed since it found none, or this message has asked
 * too often. */
static const struct template *told_elsewhere_since(const struct decoder *d, struct message *m,
						   uint16_t id)
{
	struct exporter *e = m->exporter;
	uint16_t i = missing_index(e, id);
	bool known = i < e->n_missing;
	if (m->borrow_tries == BORROW_TRIES || (known && e->missing_at[i] == d->template_serial))
		return NULL;
	m->borrow_tries++;
	const struct template *t = told_elsewhere(d, e, id);
	if (!t && known)
		e->missing_at[i] = d->template_serial;
	return t;
}

static struct template *borrow(struct decoder *d, struct message *m, uint16_t id,
			       const struct rd *body)
{
	if (rd_left(body) == 0 || m->exporter->info.session)
		return NULL;
	const struct template *other = told_elsewhere_since(d, m, id);
	if (!other || !set_fits(d, other, body))
		return NULL;
	const struct template_def def = {.dialect = m->dialect,
					 .id = id,
					 .n = other->n,
					 .n_scope = other->n_scope,
					 .options = other->options,
					 .drop_unknown = d->opts.drop_unknown,
					 .elements = other->elements};
	uint32_t bad;
	struct template *t = template_compile(&d->sources, &def, &bad);
	if (!t)
		return NULL;
	t->unsure = true;
	t->refreshed = m->t_recv;
	return exporter_put_template(d, m->exporter, t) ? t : NULL;
}

/* One that is sent again and again, and then no more (RFC 7011 8.4). */
static bool expired(const struct decoder *d, const struct message *m, const struct template *t)
{
	return t->refreshes && m->exporter->info.session == 0 && m->t_recv && t->refreshed &&
	       m->t_recv - t->refreshed > d->opts.template_ms;
}

/* A late datagram is of the shape that the id had when it was sent. */
static struct template *as_of(struct decoder *d, const struct message *m, struct template *t)
{
	enum { LATE_MAX = 1 << 20 };
	bool in_order = m->t_recv != 0; /* datagrams of nameless files may be of any time */
	if (!in_order || m->exporter->info.datagrams - t->learned_at > 2 * SEQUENCE_WINDOW) {
		free_before(d, t);
		return t;
	}
	uint32_t earlier = t->learned_seq - m->seq;
	return earlier != 0 && earlier < LATE_MAX ? t->before : t;
}

struct template *exporter_template_for(struct decoder *d, struct message *m, uint16_t id,
				       const struct rd *body)
{
	struct template *t = exporter_template(m->exporter, id);
	if (t && expired(d, m, t)) {
		exporter_drop_template(d, m->exporter, id);
		count(d, ST_templates_expired, 1);
		t = NULL;
	}
	if (t && t->unsure && !set_fits(d, t, body)) {
		exporter_drop_template(d, m->exporter, id);
		t = NULL;
	}
	if (!t)
		t = borrow(d, m, id, body);
	if (t)
		exporter_used_template(m->exporter, t);
	if (t && t->before)
		t = as_of(d, m, t);
	return t;
}
