/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets that came before their template wait here, oldest first, up to limits of number, bytes
 * and age. How many records a set stands for is not known yet: the count in a v9 header tells it,
 * else one per set is assumed. That many are in records_decoded and records_held, so that the sums
 * of data-model.md hold at every moment; the release corrects them by what was really there. */
#include "decode/state.h"

#include <stdlib.h>
#include <string.h>

static void set_records(struct decoder *d, struct held_set *h, uint64_t n)
{
	if (n > h->records)
		count(d, ST_records_decoded, n - h->records);
	d->records_held = d->records_held - h->records + n;
	stat_set(d->stats, ST_records_held, d->records_held);
	h->records = n;
}

static void link_held(struct decoder *d, struct held_set *h)
{
	struct exporter *e = h->message.exporter;
	h->prev = d->held_newest;
	h->prev_own = e->held_newest;
	*(h->prev ? &h->prev->next : &d->held_oldest) = h;
	*(h->prev_own ? &h->prev_own->next_own : &e->held_oldest) = h;
	d->held_newest = e->held_newest = h;
	d->n_held++;
	d->held_mem += sizeof(*h) + h->n;
	e->n_held++;
	stat_set(d->stats, ST_sets_held, d->n_held);
}

static void unlink_held(struct decoder *d, struct held_set *h)
{
	struct exporter *e = h->message.exporter;
	*(h->prev_own ? &h->prev_own->next_own : &e->held_oldest) = h->next_own;
	*(h->next_own ? &h->next_own->prev_own : &e->held_newest) = h->prev_own;
	*(h->prev ? &h->prev->next : &d->held_oldest) = h->next;
	*(h->next ? &h->next->prev : &d->held_newest) = h->prev;
	d->n_held--;
	d->held_mem -= sizeof(*h) + h->n;
	d->records_held -= h->records;
	e->n_held--;
	stat_set(d->stats, ST_records_held, d->records_held);
	stat_set(d->stats, ST_sets_held, d->n_held);
}

static void give_up(struct decoder *d, struct held_set *h)
{
	unlink_held(d, h);
	count(d, ST_sets_without_template, 1);
	count(d, ST_drop_no_template, h->records);
	h->message.exporter->info.given_up += h->records;
	free(h);
}

/* The number of records is corrected by held_settle. */
void held_add(struct decoder *d, struct message *m, uint16_t id, const struct rd *body)
{
	size_t n = rd_left(body), mem = sizeof(struct held_set) + n;
	if (n == 0)
		return;
	bool room = mem <= d->opts.max_held_mem && m->exporter->n_held < DECODER_MAX_HELD_EACH;
	struct held_set *h = room ? malloc(mem) : NULL;
	if (!h) {
		count(d, ST_sets_without_template, 1);
		count(d, ST_records_decoded, 1);
		count(d, ST_drop_no_template, 1);
		m->exporter->info.given_up++;
		return;
	}
	while (d->n_held >= d->opts.max_held_sets || d->held_mem + mem > d->opts.max_held_mem)
		give_up(d, d->held_oldest);
	*h = (struct held_set){.message = *m, .id = id, .n = n};
	h->since = m->t_recv ? m->t_recv : m->clock.export_ms;
	memcpy(h->bytes, body->p, n);
	link_held(d, h);
	set_records(d, h, 1);
}

static bool of_message(const struct held_set *h, const struct message *m)
{
	return h->message.exporter == m->exporter && h->message.serial == m->serial;
}

void held_settle(struct decoder *d, struct message *m, uint32_t header_count)
{
	uint32_t seen = m->records + m->option_records + m->template_records;
	uint32_t others = 0;
	struct held_set *last = d->held_newest;
	if (!last || !of_message(last, m))
		return;
	for (struct held_set *h = last->prev; h && of_message(h, m); h = h->prev)
		others++;
	if (header_count > seen + others)
		set_records(d, last, header_count - seen - others);
}

/* Decodes one set whose template is here now; what was counted when it was held is not counted
 * again. */
static void release(struct decoder *d, struct message *m, const struct template *t,
		    struct held_set *h)
{
	struct message own = h->message;
	struct rd r = rd_of(h->bytes, h->n);
	d->counted_before = h->records;
	unlink_held(d, h);
	own.records = own.option_records = 0;
	if (t->options)
		options_set(d, &own, t, &r);
	else
		data_set(d, &own, t, &r);
	count(d, ST_drop_held_count, d->counted_before);
	d->counted_before = 0;
	if (of_message(h, m)) {
		m->records += own.records;
		m->option_records += own.option_records;
		m->sets_unknown--;
	}
	free(h);
}

void held_release(struct decoder *d, struct message *m, const struct template *t)
{
	struct held_set *next;
	for (struct held_set *h = m->exporter->held_oldest; h; h = next) {
		next = h->next_own;
		if (h->id == t->id)
			release(d, m, t, h);
	}
}

void held_expire(struct decoder *d, int64_t now)
{
	while (d->held_oldest && now - d->held_oldest->since > d->opts.held_ms)
		give_up(d, d->held_oldest);
}

void held_forget(struct decoder *d, const struct exporter *e)
{
	while (e->held_oldest)
		give_up(d, e->held_oldest);
}
