/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dissection.h"

#include "base/attr.h"
#include "base/hash.h"
#include "net/crypto.h"
#include "proto/dissection_priv.h"
#include "proto/unclaimed.h"

#include <stdlib.h>

/* clang-format off */
#define DISSECTOR(x) extern const struct dissector dissector_##x;
#include "proto/dissectors.def"
#undef DISSECTOR
const struct dissector *const dissectors[] = {
#define DISSECTOR(x) &dissector_##x,
#include "proto/dissectors.def"
#undef DISSECTOR
	NULL
};
/* clang-format on */
const size_t dissectors_n = ARRAY_LEN(dissectors) - 1;
_Static_assert(ARRAY_LEN(dissectors) <= DISSECT_MAX, "a row is an index of eight bits");

/* Somebody who was shown bytes and could not tell yet. */
struct suitor {
	const struct dissector *d;
	void *state; /* of datagrams; streams are shown from their beginning again */
};

struct talk {
	struct talk_ends ends;
	uint8_t kind; /* index of dissection.asked */
	uint8_t n_suitors, n_shown;
	bool asked[2]; /* everybody was shown the first payload of this direction */
	bool lost;     /* no dissector will claim it */
	bool over;     /* nothing more to learn */
	bool strange;  /* the name of a stranger was noted */
	const struct dissector *d, *named; /* who reads now; whose name the flow has */
	void *state;
	struct proto_stream stream[2];
	struct suitor suitors[SUITORS];
	struct unclaimed *unclaimed; /* NULL: somebody has claimed it, or strangers are not asked */
};

/* --- one for the thread */

static unsigned kind_of(unsigned over)
{
	return (unsigned)__builtin_ctz(over);
}

static bool may_begin(const struct dissector *x, unsigned byte)
{
	for (unsigned i = 0; i + 1 < x->first_n; i += 2)
		if (byte >= (uint8_t)x->first[i] && byte <= (uint8_t)x->first[i + 1])
			return true;
	return x->first_n == 0;
}

static void index_row(struct dissection *d, size_t row)
{
	const struct dissector *x = dissectors[row];
	for (unsigned k = 0; k < OVERS; k++) {
		if (!(x->over & 1u << k))
			continue;
		for (unsigned byte = 0; byte <= ANY_BYTE; byte++)
			if (byte == ANY_BYTE || may_begin(x, byte))
				d->asked[k][byte][row / 64] |= (uint64_t)1 << row % 64;
		for (int i = 0; i < DISSECT_PORTS && x->ports[i]; i++)
			if (d->by_port[k][x->ports[i]] == 0)
				d->by_port[k][x->ports[i]] = (uint8_t)(row + 1);
	}
}

enum err dissection_new(size_t max_bytes, struct appid *strangers, struct dissection **ret)
{
	struct dissection *d = calloc(1, sizeof(*d));
	bool ok = d != NULL;
	for (unsigned k = 0; ok && k < OVERS; k++)
		ok = (d->by_port[k] = calloc(PORTS, 1)) != NULL;
	if (!ok) {
		dissection_free(d);
		return ERR_NOMEM;
	}
	pool_init(&d->pool, max_bytes);
	d->seed = hash_seed();
	d->strangers = strangers;
	for (size_t i = 0; i < dissectors_n; i++)
		index_row(d, i);
	*ret = d;
	return ERR_OK;
}

void dissection_only(struct dissection *d, const struct protocols *p)
{
	d->protocols = *p;
	memset(d->asked, 0, sizeof(d->asked));
	for (unsigned k = 0; k < OVERS; k++)
		memset(d->by_port[k], 0, PORTS);
	for (size_t i = 0; i < dissectors_n; i++)
		if (protocols_has(p, i))
			index_row(d, i);
}

/* x, if it is looked for; others expect flows for it, or hand over to it. */
static const struct dissector *if_wanted(const struct dissection *d, const struct dissector *x)
{
	for (size_t i = 0; x && i < dissectors_n; i++)
		if (dissectors[i] == x)
			return protocols_has(&d->protocols, i) ? x : NULL;
	return x;
}

void dissection_free(struct dissection *d)
{
	if (!d)
		return;
	for (unsigned k = 0; k < OVERS; k++)
		free(d->by_port[k]);
	pool_fini(&d->pool);
	crypto_free(d->crypto);
	free(d->expected);
	free(d);
}

void dissection_counters(const struct dissection *d, struct dissection_counters *ret)
{
	*ret = d->counters;
}

uint8_t *dissect_scratch(struct dissect_ctx *c)
{
	return c->dissection->scratch;
}

struct pool *dissect_pool(struct dissect_ctx *c)
{
	return &c->dissection->pool;
}

struct crypto *dissect_crypto(struct dissect_ctx *c)
{
	struct dissection *d = c->dissection;
	if (!d->crypto && crypto_new(&d->crypto))
		d->crypto = NULL;
	return d->crypto;
}

/* --- a flow */

static enum dissect_over over_of(const struct talk_ends *e)
{
	if (e->ethertype)
		return OVER_ETHER;
	return e->proto == PROTO_TCP ? OVER_TCP : e->proto == PROTO_UDP ? OVER_UDP : OVER_IP;
}

struct talk *talk_new(struct dissection *d, const struct talk_ends *ends)
{
	struct talk *t = pool_take(&d->pool, sizeof(*t));
	if (!t) {
		d->counters.refused++;
		return NULL;
	}
	*t = (struct talk){.ends = *ends, .kind = (uint8_t)kind_of(over_of(ends))};
	d->counters.talks++;
	return t;
}

static void drop_suitors(struct dissection *d, struct talk *t)
{
	for (unsigned i = 0; i < t->n_suitors; i++)
		pool_give(&d->pool, t->suitors[i].state, t->suitors[i].d->state_size);
	t->n_suitors = 0;
}

/* All that dissectors only need while reading on. */
static void finish(struct dissection *d, struct talk *t)
{
	drop_suitors(d, t);
	for (int i = 0; i < 2; i++)
		proto_stream_clear(&d->pool, &t->stream[i]);
	t->lost = true;
}

static void set_state(struct dissection *d, struct talk *t, const struct dissector *x, void *state)
{
	if (t->d && t->d->drop && t->state)
		t->d->drop(t->state);
	if (t->d)
		pool_give(&d->pool, t->state, t->d->state_size);
	t->d = x;
	t->state = state;
	if (x && !state && x->state_size && (t->state = pool_take(&d->pool, x->state_size)))
		memset(t->state, 0, x->state_size);
	if (x && x->state_size && !t->state) {
		t->d = NULL;
		d->counters.refused++;
	}
}

void talk_free(struct dissection *d, struct talk *t)
{
	if (!t)
		return;
	finish(d, t);
	set_state(d, t, NULL, NULL);
	unclaimed_drop(d->strangers, &d->pool, &t->unclaimed);
	pool_give(&d->pool, t, sizeof(*t));
}

/* --- who is it? */

/* What is shown, to the one who reads or to those who are asked. */
struct show {
	struct dissection *d;
	struct talk *t;
	const struct talk_segment *s;
	struct dissect_ctx c;
};

static struct show show_of(struct dissection *d, struct talk *t, struct notes *notes,
			   const struct talk_segment *s)
{
	return (struct show){.d = d,
			     .t = t,
			     .s = s,
			     .c = {.notes = notes,
				   .t_ns = s->t_ns,
				   .first_ns = s->t_ns,
				   .dir = s->dir,
				   .ip_packet = s->ip_packet,
				   .ends = &t->ends,
				   .dissection = d}};
}

static enum dissect ask(struct show *w, const struct dissector *x, void *state, struct rd *r)
{
	w->c.state = state;
	w->c.skip = 0;
	return x->see(&w->c, r);
}

/* What somebody noted before he turned out to be wrong, or will be shown again. */
static void take_back(struct show *w, uint16_t n, enum dissect got)
{
	bool again = got == DISSECT_MORE && w->t->kind == kind_of(OVER_TCP);
	if (got == DISSECT_NOT_MINE || again)
		w->c.notes->n = MIN_OF(n, w->c.notes->n);
}

static bool on_port(const struct dissector *x, const struct talk_ends *e, unsigned kind)
{
	uint16_t a = 1u << kind == OVER_ETHER ? e->ethertype
		     : 1u << kind == OVER_IP  ? e->proto
					      : e->dst_port;
	uint16_t b = 1u << kind == OVER_TCP || 1u << kind == OVER_UDP ? e->src_port : a;
	for (int i = 0; i < DISSECT_PORTS && x->ports[i]; i++)
		if (x->ports[i] == a || x->ports[i] == b)
			return true;
	return false;
}

static void remember(struct show *w, const struct dissector *x)
{
	struct talk *t = w->t;
	void *state = NULL;
	bool datagrams = t->kind != kind_of(OVER_TCP);
	if (t->n_suitors == SUITORS)
		return;
	for (unsigned i = 0; i < t->n_suitors; i++)
		if (t->suitors[i].d == x)
			return;
	if (datagrams && x->state_size) {
		if (!(state = pool_take(&w->d->pool, x->state_size)))
			return;
		memcpy(state, w->d->state, x->state_size);
	}
	t->suitors[t->n_suitors++] = (struct suitor){x, state};
}

/* True: x reads this flow from now on. */
static bool ask_new(struct show *w, const struct dissector *x, struct rd *r, enum dissect *ret)
{
	struct rd before = *r;
	uint16_t noted = w->c.notes->n;
	memset(w->d->state, 0, x->state_size);
	*ret = ask(w, x, w->d->state, r);
	take_back(w, noted, *ret);
	if (*ret == DISSECT_MINE || *ret == DISSECT_DONE || *ret == DISSECT_SWITCH) {
		set_state(w->d, w->t, x, NULL);
		if (w->t->state)
			memcpy(w->t->state, w->d->state, x->state_size);
		else if (x->drop)
			x->drop(w->d->state);
		return w->t->d != NULL;
	}
	if (*ret == DISSECT_MORE)
		remember(w, x);
	*r = before;
	return false;
}

/* Those who may begin with the first byte of r, but for two rows (0 = none, else + 1) and `but`. */
static bool ask_others(struct show *w, const uint8_t row[2], const struct dissector *but,
		       struct rd *r, enum dissect *ret)
{
	const struct talk *t = w->t;
	/* Behind lost bytes, or with none captured, the first one says nothing. */
	unsigned byte = w->c.gap || !rd_left(r) ? (unsigned)ANY_BYTE : *r->p;
	const uint64_t *asked = w->d->asked[t->kind][byte];
	for (unsigned k = 0; k < ASKED_WORDS; k++)
		for (uint64_t bits = asked[k]; bits; bits &= bits - 1) {
			unsigned at = k * 64 + (unsigned)__builtin_ctzll(bits);
			const struct dissector *x = dissectors[at];
			if (at + 1 == row[0] || at + 1 == row[1] || x == but ||
			    (x->ports_only && !on_port(x, &t->ends, t->kind)))
				continue;
			if (ask_new(w, x, r, ret))
				return true;
		}
	return false;
}

/* Shows r to everybody: those whose port it is first, then the rest in the order of the table. */
static bool ask_all(struct show *w, struct rd *r, enum dissect *ret)
{
	struct dissection *d = w->d;
	struct talk *t = w->t;
	const struct talk_ends *e = &t->ends;
	const struct dissector *first = if_wanted(d, expected(d, e, w->c.t_ns));
	if (first && ask_new(w, first, r, ret))
		return true;
	uint16_t ports[2] = {e->ethertype ? e->ethertype : e->dst_port, e->src_port};
	if (1u << t->kind == OVER_IP)
		ports[0] = ports[1] = e->proto;
	uint8_t row[2] = {d->by_port[t->kind][ports[0]], d->by_port[t->kind][ports[1]]};
	for (int i = 0; i < 2; i++)
		if (row[i] && !(i && row[1] == row[0]) &&
		    ask_new(w, dissectors[row[i] - 1], r, ret))
			return true;
	return ask_others(w, row, first, r, ret);
}

static bool ask_suitors(struct show *w, struct rd *r, enum dissect *ret)
{
	struct talk *t = w->t;
	for (unsigned i = 0; i < t->n_suitors;) {
		struct suitor *s = &t->suitors[i];
		struct rd before = *r;
		uint16_t noted = w->c.notes->n;
		if (s->state) {
			*ret = ask(w, s->d, s->state, r);
		} else {
			memset(w->d->state, 0, s->d->state_size);
			*ret = ask(w, s->d, w->d->state, r);
		}
		take_back(w, noted, *ret);
		if (*ret == DISSECT_MINE || *ret == DISSECT_DONE || *ret == DISSECT_SWITCH) {
			void *state = s->state;
			s->state = NULL;
			set_state(w->d, t, s->d, state);
			if (!state && t->state)
				memcpy(t->state, w->d->state, t->d->state_size);
			else if (!state && s->d->drop)
				s->d->drop(w->d->state);
			return t->d != NULL;
		}
		*r = before;
		if (*ret == DISSECT_MORE) {
			i++;
			continue;
		}
		pool_give(&w->d->pool, s->state, s->d->state_size);
		*s = t->suitors[--t->n_suitors];
	}
	return false;
}

/* Shows bytes of a flow that nobody reads yet. True: somebody does now, with *ret. */
static bool guess(struct show *w, struct rd *r, enum dissect *ret)
{
	struct talk *t = w->t;
	uint8_t dir = w->c.dir;
	bool found = false;
	if (t->n_shown < UINT8_MAX)
		t->n_shown++;
	/* A few bytes of a stream are too little for most to tell. */
	bool tiny = t->kind == kind_of(OVER_TCP) && rd_left(r) < GUESS_TINY;
	if (!t->asked[dir]) {
		struct rd first = *r;
		t->asked[dir] = true;
		found = t->n_suitors && ask_suitors(w, r, ret);
		if (!found) {
			*r = first;
			found = ask_all(w, r, ret);
		}
		/* Not all who want to see more could be remembered. */
		if (!found && tiny && t->n_suitors == SUITORS)
			t->asked[dir] = false;
	} else {
		found = ask_suitors(w, r, ret);
	}
	if (found) {
		w->d->counters.named++;
		t->named = t->d;
		drop_suitors(w->d, t);
	}
	return found;
}

/* Nobody knows it, and nobody is likely to. */
static bool hopeless(const struct talk *t)
{
	/* Of a stream a bounded number of bytes is shown, in however many segments they come. */
	bool datagrams = t->kind != kind_of(OVER_TCP);
	return !t->d && ((t->n_suitors == 0 && t->asked[0] && t->asked[1]) ||
			 (datagrams && t->n_shown >= DISSECT_GUESS_PACKETS));
}

/* --- showing */

/* Shows r to the reader, as long as readers hand over. Returns false when nothing more is to be
 * learned. */
static bool show(struct show *w, struct rd *r)
{
	struct talk *t = w->t;
	enum dissect got;
	if (t->d)
		got = ask(w, t->d, t->state, r);
	else if (!guess(w, r, &got))
		return !hopeless(t);
	for (int hops = 0; got == DISSECT_SWITCH && hops < 4; hops++) {
		if (t->d->end)
			t->d->end(&w->c);
		set_state(w->d, t, if_wanted(w->d, w->c.next), NULL);
		if (!t->d)
			return false;
		if (rd_left(r) == 0)
			return true;
		got = ask(w, t->d, t->state, r);
	}
	return got == DISSECT_MORE || got == DISSECT_MINE;
}

/* One view of a stream. */
static bool show_view(struct show *w, struct proto_stream *s, const struct stream_view *v)
{
	struct talk *t = w->t;
	struct rd r = v->bytes;
	w->c.t_ns = v->t_ns;
	w->c.first_ns = v->first_ns;
	w->c.gap = v->gap;
	w->c.cut = v->miss != 0;
	w->d->counters.gaps += v->gap != 0;
	bool more = show(w, &r);
	/* What was to be passed over ends in sight: the reader sees what is behind it now. */
	while (more && w->c.skip && w->c.skip < rd_left(&r)) {
		rd_skip(&r, w->c.skip);
		w->c.first_ns = v->t_ns;
		w->c.gap = 0;
		more = show(w, &r);
	}
	/* Those who cannot tell yet see a bounded beginning. */
	if (!t->d && rd_left(&r) > DISSECT_GUESS_BYTES)
		more = false;
	if (!proto_stream_keep(&w->d->pool, s, v, &r, w->c.skip))
		w->d->counters.held_dropped++;
	return more;
}

/* What the other direction said before anybody was found. */
static bool show_other(struct show *w)
{
	struct talk *t = w->t;
	uint8_t mine = w->c.dir;
	struct proto_stream *s = &t->stream[!mine];
	bool more = true;
	if (s->n_held) {
		struct stream_view v = {
		    .bytes = rd_of(s->held, s->n_held), .first_ns = s->held_ns, .t_ns = s->held_ns};
		w->c.dir = !mine;
		more = show_view(w, s, &v);
		w->c.dir = mine;
	}
	return more;
}

static bool show_stream_view(struct show *w, struct proto_stream *s, const struct stream_view *v)
{
	bool known = w->t->d != NULL;
	bool more = show_view(w, s, v);
	if (more && !known && w->t->d)
		more = show_other(w);
	return more;
}

static bool see_stream(struct show *w)
{
	const struct talk_segment *s = w->s;
	struct proto_stream *st = &w->t->stream[s->dir];
	struct stream_view v;
	bool more = true;
	if (s->syn) {
		st->started = true;
		st->next = s->seq + 1;
	}
	if (s->wire_len && proto_stream_feed(&w->d->pool, st, s->seq + s->syn, s->payload,
					     s->wire_len, s->t_ns, &v))
		more = show_stream_view(w, st, &v);
	while (more && st->n_pieces &&
	       proto_stream_next(&w->d->pool, st, proto_stream_full(st), &v))
		more = show_stream_view(w, st, &v);
	if (s->fin)
		st->ended = true;
	return more;
}

/* Shows it to dissectors. False: no more. */
static bool show_segment(struct dissection *d, struct talk *t, struct notes *notes,
			 const struct talk_segment *s)
{
	struct show w = show_of(d, t, notes, s);
	struct rd r = s->payload;
	bool more;
	if (t->kind == kind_of(OVER_TCP)) {
		more = see_stream(&w);
	} else {
		w.c.cut = rd_left(&r) < s->wire_len;
		more = show(&w, &r);
	}
	if (t->d && t->d->packet && s->wire_len) {
		w.c.dir = s->dir;
		w.c.state = t->state;
		t->d->packet(&w.c, &s->payload, s->wire_len);
	}
	return more;
}

bool talk_see(struct dissection *d, struct talk *t, struct notes *notes,
	      const struct talk_segment *s)
{
	if (t->over)
		return false;
	bool more = !t->lost && show_segment(d, t, notes, s);
	if (!more && !t->lost)
		finish(d, t);
	if (t->named && t->unclaimed)
		unclaimed_drop(d->strangers, &d->pool, &t->unclaimed);
	else if (!t->named && d->strangers && t->kind != kind_of(OVER_ETHER))
		more |= unclaimed_see(d->strangers, &d->pool, &t->unclaimed, s, t->lost);
	t->over = !more;
	return more;
}

static void note_stranger(struct dissection *d, struct talk *t, struct notes *notes)
{
	unclaimed_ask(d->strangers, &d->pool, t->unclaimed);
	t->strange |= unclaimed_note(t->unclaimed, notes);
}

void talk_end(struct dissection *d, struct talk *t, struct notes *notes, uint64_t t_ns)
{
	struct talk_segment nothing = {.t_ns = t_ns};
	struct show w = show_of(d, t, notes, &nothing);
	struct stream_view v;
	bool more = !t->lost;
	for (uint8_t dir = 0; dir < 2; dir++) {
		w.c.dir = dir;
		while (more && t->stream[dir].n_pieces &&
		       proto_stream_next(&d->pool, &t->stream[dir], true, &v))
			more = show_stream_view(&w, &t->stream[dir], &v);
	}
	w.c = show_of(d, t, notes, &nothing).c;
	w.c.state = t->state;
	if (t->d && t->d->end)
		t->d->end(&w.c);
	if (t->named && t->strange)
		notes_str_put(notes, F_app_name, t->named->name, strlen(t->named->name));
	else if (t->named)
		notes_str_once(notes, F_app_name, t->named->name, strlen(t->named->name));
	else if (t->unclaimed)
		note_stranger(d, t, notes);
}
