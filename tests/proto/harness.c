/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include "base/attr.h"
#include "base/buf.h"
#include "model/record.h"
#include "noted.h"
#include "proto/dissection.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOL = 8 << 20, CLIENT_ISN = 0xfffffe00, SERVER_ISN = 77000 };

/* What happens to the messages on their way. */
struct fate {
	size_t size;     /* of segments; 0: whole messages */
	bool swap;       /* neighbouring segments of a message change places */
	size_t lose;     /* message + 1 whose middle is lost */
	size_t start;    /* first message seen; later ones lack the handshake */
	bool exchanged;  /* the server counts as initiator */
	size_t at, keep; /* message + 1 that has only `keep` bytes */
	size_t flip;     /* message + 1 of which bit `bit` is flipped */
	size_t bit;
};

struct flow {
	struct dissection *d;
	struct talk *t;
	struct notes notes;
	bool more;
	uint32_t seq[2];
	uint64_t t_ns;
	const struct fate *fate;
};

static void segment(struct flow *f, int from, const uint8_t *p, size_t n, uint32_t seq, bool syn)
{
	uint8_t *copy = malloc(n + 1); /* its end is the end of memory that may be read */
	struct talk_segment s = {.wire_len = (uint32_t)n,
				 .seq = seq,
				 .dir = (uint8_t)(from ^ f->fate->exchanged),
				 .syn = syn,
				 .t_ns = f->t_ns};
	assert_non_null(copy);
	if (n)
		memcpy(copy, p, n);
	uint8_t *exact = realloc(copy, n ? n : 1);
	s.payload = rd_of(exact, n);
	s.ip_packet = s.payload;
	if (f->more)
		f->more = talk_see(f->d, f->t, &f->notes, &s);
	free(exact);
}

static void stream_message(struct flow *f, int from, const uint8_t *p, size_t n, bool lose)
{
	size_t size = f->fate->size ? f->fate->size : n;
	uint32_t *seq = &f->seq[from];
	for (size_t at = 0; at < n; at += size) {
		size_t len = n - at < size ? n - at : size;
		size_t second = at + size < n ? (n - at - size < size ? n - at - size : size) : 0;
		if (lose && at <= n / 2 && at + len > n / 2)
			continue;
		if (f->fate->swap && second) {
			segment(f, from, p + at + size, second, *seq + (uint32_t)(at + size),
				false);
			segment(f, from, p + at, len, *seq + (uint32_t)at, false);
			at += size;
			continue;
		}
		segment(f, from, p + at, len, *seq + (uint32_t)at, false);
	}
	*seq += (uint32_t)n;
}

static void message(struct flow *f, const struct conversation *c, size_t i)
{
	const struct message *m = &c->m[i];
	size_t n = f->fate->at == i + 1 ? f->fate->keep : m->n;
	uint8_t *p = malloc(n + 1);
	assert_non_null(p);
	if (n)
		memcpy(p, m->p, n);
	if (f->fate->flip == i + 1)
		p[f->fate->bit / 8] ^= (uint8_t)(1u << f->fate->bit % 8);
	f->t_ns += (m->after_us ? m->after_us : 1000) * 1000;
	if (c->proto == PROTO_TCP)
		stream_message(f, m->from, p, n, f->fate->lose == i + 1);
	else if (f->fate->lose != i + 1)
		segment(f, m->from, p, n, 0, false);
	free(p);
}

/* What all runs share, so that a run costs little: made once, used by thousands. */
static struct dissection *the_dissection(void)
{
	static struct dissection *d;
	if (!d)
		assert_int_equal(dissection_new(POOL, NULL, &d), ERR_OK);
	return d;
}

static char *as_json(const struct notes *notes)
{
	static struct batch *b;
	struct buf out = {0};
	if (!b)
		b = batch_new(SHAPE_WIDE);
	assert_non_null(b);
	batch_reset(b);
	batch_open_rows(b, 1);
	b->n = 1;
	notes_to_batch(notes, b, 0);
	record_json(&out, b, 0);
	char *text = strdup(buf_cstr(&out));
	buf_fini(&out);
	return text;
}

static char *run(const struct conversation *c, const struct fate *fate)
{
	static const uint8_t client[] = {192, 0, 2, 1}, server[] = {198, 51, 100, 2};
	struct flow f = {.more = true,
			 .fate = fate,
			 .seq = {CLIENT_ISN, SERVER_ISN},
			 .t_ns = UINT64_C(1700000000) * 1000000000};
	struct talk_ends ends = {.src = ip_from_v4(client),
				 .dst = ip_from_v4(server),
				 .src_port = c->client_port,
				 .dst_port = c->server_port,
				 .ethertype = c->ethertype,
				 .proto = c->proto,
				 .ip_version = c->ethertype ? 0 : 4};
	if (fate->exchanged) {
		ends.src = ip_from_v4(server);
		ends.dst = ip_from_v4(client);
		ends.src_port = c->server_port;
		ends.dst_port = c->client_port;
	}
	static struct pool pool;
	if (!pool.max_bytes)
		pool_init(&pool, POOL);
	f.d = the_dissection();
	f.notes = notes_of(&pool);
	f.t = talk_new(f.d, &ends);
	assert_non_null(f.t);
	if (c->proto == PROTO_TCP) {
		for (int from = 0; from < 2 && fate->start == 0; from++)
			segment(&f, from, NULL, 0, f.seq[from], true);
		f.seq[0]++;
		f.seq[1]++;
	}
	for (size_t i = fate->start; i < c->n; i++)
		message(&f, c, i);
	talk_end(f.d, f.t, &f.notes, f.t_ns);
	char *json = as_json(&f.notes);
	talk_free(f.d, f.t);
	notes_clear(&f.notes);
	return json;
}

char *dissect(const struct conversation *c)
{
	return run(c, &(struct fate){0});
}

char *dissect_cut(const struct conversation *c, size_t size)
{
	return run(c, &(struct fate){.size = size});
}

static const char *value_of(const char *json, const char *name)
{
	char key[128];
	snprintf(key, sizeof(key), "\"%s\":", name);
	const char *at = strstr(json, key);
	return at ? at + strlen(key) : NULL;
}

void assert_noted(const char *json, const char *name, const char *value)
{
	const char *at = value_of(json, name);
	size_t n = strlen(value);
	if (!at || strncmp(at, value, n) != 0 || !strchr(",}", at[n]))
		fail_msg("%s should be %s in %s", name, value, json);
	noted_checked(name);
}

void assert_not_noted(const char *json, const char *name)
{
	if (value_of(json, name))
		fail_msg("%s should not be in %s", name, json);
}

static void assert_all(char *json, const struct noted *want)
{
	for (; want->name; want++) {
		if (want->value)
			assert_noted(json, want->name, want->value);
		else
			assert_not_noted(json, want->name);
	}
	free(json);
}

void assert_dissects(const struct conversation *c, const struct noted *want)
{
	assert_all(dissect(c), want);
	if (c->proto == PROTO_TCP)
		assert_all(dissect_cut(c, 7), want);
}

static void try(const struct conversation *c, struct fate fate)
{
	free(run(c, &fate));
}

/* Fields that tell times differ when a message comes in pieces: they do not here, where all pieces
 * come at once. */
static void same(const struct conversation *c, const char *whole, struct fate fate)
{
	char *json = run(c, &fate);
	if (strcmp(json, whole) != 0)
		fail_msg("in segments of %zu%s: %s instead of %s", fate.size,
			 fate.swap ? ", swapped" : "", json, whole);
	free(json);
}

void torture(const struct conversation *c)
{
	enum { FLIP_BYTES = 512, PREFIXES = 2048 };
	if (noted_only())
		return;
	char *whole = dissect(c);
	for (size_t size = 1; c->proto == PROTO_TCP && size <= 40; size++) {
		same(c, whole, (struct fate){.size = size});
		if (size >= 16)
			same(c, whole, (struct fate){.size = size, .swap = true});
	}
	for (size_t i = 0; i < c->n; i++) {
		for (size_t keep = 0; keep < c->m[i].n && keep < PREFIXES; keep++)
			try(c, (struct fate){.at = i + 1, .keep = keep});
		for (size_t bit = 0; bit < MIN_OF(c->m[i].n, (size_t)FLIP_BYTES) * 8; bit++)
			try(c, (struct fate){.flip = i + 1, .bit = bit});
		try(c, (struct fate){.lose = i + 1, .size = 16});
		try(c, (struct fate){.lose = i + 1});
		try(c, (struct fate){.start = i});
		try(c, (struct fate){.start = i, .exchanged = true});
	}
	try(c, (struct fate){.exchanged = true});
	free(whole);
}
