/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/sequence.h"

#include "base/attr.h"

#include <string.h>

static void gap_remove(struct sequence *s, unsigned i)
{
	s->n_gaps--;
	memmove(&s->gaps[i], &s->gaps[i + 1], (s->n_gaps - i) * sizeof(s->gaps[0]));
}

static void gap_settle(struct sequence *s, unsigned i)
{
	s->lost += s->gaps[i].n;
	gap_remove(s, i);
}

static void gap_open(struct sequence *s, uint32_t from, uint32_t n)
{
	if (s->n_gaps == SEQUENCE_GAPS)
		gap_settle(s, 0);
	s->gaps[s->n_gaps++] = (struct sequence_gap){from, n, s->tick};
}

/* A late datagram: takes what it brings out of the gap it belongs to. False if it belongs to none.
 */
static bool gap_fill(struct sequence *s, uint32_t seq, uint32_t units)
{
	for (unsigned i = 0; i < s->n_gaps; i++) {
		struct sequence_gap *g = &s->gaps[i];
		uint32_t before = seq - g->from;
		if (before >= g->n)
			continue;
		s->late++;
		uint32_t took = MIN_OF(units, g->n - before);
		uint32_t after = g->n - before - took;
		uint32_t tick = g->tick, after_from = seq + took;
		if (before) {
			g->n = before;
			if (after && s->n_gaps == SEQUENCE_GAPS)
				s->lost += after;
			else if (after)
				s->gaps[s->n_gaps++] =
				    (struct sequence_gap){after_from, after, tick};
		} else if (after) {
			g->from = after_from;
			g->n = after;
		} else {
			gap_remove(s, i);
		}
		return true;
	}
	return false;
}

static void begin_anew(struct sequence *s, const struct sequence_step *step)
{
	while (s->n_gaps)
		gap_settle(s, 0);
	s->restarts++;
	s->next = step->seq + step->units;
	s->behind_n = 0;
}

/* A number before the expected one that fills no gap: a duplicate, or the exporter counts anew. */
static void behind(struct sequence *s, const struct sequence_step *step)
{
	if (s->behind_n && step->seq == s->behind_next && step->units) {
		s->behind_n++;
	} else {
		s->repeated += s->behind_n;
		s->behind_n = 1;
	}
	s->behind_next = step->seq + step->units;
	if (s->behind_n >= SEQUENCE_BEHIND)
		begin_anew(s, step);
}

void sequence_see(struct sequence *s, const struct sequence_step *step)
{
	int32_t ahead = (int32_t)(step->seq - s->next);
	s->tick++;
	if (!s->started) {
		s->started = true;
		s->next = step->seq + step->units;
	} else if (step->restarted || ahead > SEQUENCE_FAR || ahead < -SEQUENCE_FAR) {
		begin_anew(s, step);
	} else if (ahead >= 0) {
		if (ahead > 0 && !s->loose)
			gap_open(s, s->next, (uint32_t)ahead);
		s->next = step->seq + step->units;
		s->repeated += s->behind_n;
		s->behind_n = 0;
	} else if (!gap_fill(s, step->seq, step->units)) {
		behind(s, step);
	}
	s->loose = step->units_unknown;
	while (s->n_gaps && s->tick - s->gaps[0].tick > SEQUENCE_WINDOW)
		gap_settle(s, 0);
}

uint64_t sequence_lost(const struct sequence *s)
{
	uint64_t n = s->lost;
	for (unsigned i = 0; i < s->n_gaps; i++)
		n += s->gaps[i].n;
	return n;
}
