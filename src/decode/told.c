/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/told.h"

#include "base/attr.h"
#include "base/rd.h"
#include "decode/convert.h"

#include <stdio.h>
#include <string.h>

/* Where several rows mean the same, the first that a record has counts. NetFlow v9 has no
 * enterprise numbers: Cisco's elements stand there with 32768 added. */
static const struct {
	uint32_t pen;
	uint16_t id;
	enum told told;
} rows[] = {
    {0, 10, TOLD_IN_IF},
    {OPTION_PEN_SCOPE, 2, TOLD_IN_IF}, /* RFC 3954 6.1: interface */
    {0, 252, TOLD_IN_IF},
    {0, 14, TOLD_OUT_IF},
    {0, 253, TOLD_OUT_IF},
    {0, 234, TOLD_IN_VRF},
    {0, 235, TOLD_OUT_VRF},
    {0, 95, TOLD_APP_ID},
    {0, 48, TOLD_SAMPLER},
    {0, 302, TOLD_SAMPLER},
    {0, 301, TOLD_SEQUENCE},
    {0, 82, TOLD_IF_NAME},
    {0, 83, TOLD_IF_DESCRIPTION},
    {0, 236, TOLD_VRF_NAME},
    {0, 90, TOLD_VPN_RD},
    {0, 96, TOLD_APP_NAME},
    {0, 94, TOLD_APP_DESCRIPTION},
    {0, 372, TOLD_APP_CATEGORY},
    {9, 12232, TOLD_APP_CATEGORY},
    {0, 45000, TOLD_APP_CATEGORY},
    {0, 373, TOLD_APP_SUBCATEGORY},
    {9, 12233, TOLD_APP_SUBCATEGORY},
    {0, 45001, TOLD_APP_SUBCATEGORY},
    {0, 374, TOLD_APP_GROUP},
    {9, 12234, TOLD_APP_GROUP},
    {0, 45002, TOLD_APP_GROUP},
    {0, 335, TOLD_SAMPLER_NAME},
    {0, 84, TOLD_SAMPLER_NAME},
    {0, 300, TOLD_DOMAIN_NAME},
    {0, 34, TOLD_INTERVAL},
    {0, 50, TOLD_RANDOM},
    {0, 305, TOLD_PACKETS},
    {0, 306, TOLD_SPACE},
    {0, 307, TOLD_TIME},
    {0, 308, TOLD_TIME_SPACE},
    {0, 309, TOLD_SIZE},
    {0, 310, TOLD_POPULATION},
    {0, 311, TOLD_PROBABILITY},
    {0, 160, TOLD_INIT_MS},
    {0, 36, TOLD_ACTIVE_TIMEOUT},
    {0, 37, TOLD_IDLE_TIMEOUT},
    {0, 41, TOLD_MESSAGES},
    {0, 42, TOLD_RECORDS},
    {0, 40, TOLD_BYTES},
    {0, 164, TOLD_IGNORED_PACKETS},
    {0, 165, TOLD_IGNORED_BYTES},
    {0, 166, TOLD_UNSENT_RECORDS},
    {0, 167, TOLD_UNSENT_PACKETS},
    {0, 168, TOLD_UNSENT_BYTES},
};

void told_find(const struct option_record *r, struct told_record *ret)
{
	size_t best[TOLD_MAX];
	*ret = (struct told_record){0};
	for (uint16_t i = 0; i < r->n; i++) {
		const struct option_element *e = &r->elements[i];
		size_t k = 0;
		while (k < ARRAY_LEN(rows) && (rows[k].id != e->id || rows[k].pen != e->pen))
			k++;
		if (k == ARRAY_LEN(rows))
			continue;
		enum told which = rows[k].told;
		if (!ret->e[which] || k < best[which]) {
			ret->e[which] = e;
			best[which] = k;
		}
	}
}

bool told_number(const struct told_record *t, enum told which, uint64_t *ret)
{
	const struct option_element *e = t->e[which];
	bool there = e && e->len >= 1 && e->len <= 8;
	*ret = there ? load_be(e->p, e->len) : 0;
	return there;
}

struct told_text told_text(const struct told_record *t, enum told which)
{
	struct told_text ret = {0};
	if (!t->e[which])
		return ret;
	ret.p = t->e[which]->p;
	ret.n = t->e[which]->len;
	while (ret.n && ret.p[ret.n - 1] == 0)
		ret.n--;
	return ret;
}

/* --- sampling */

uint32_t told_quotient(uint64_t of, uint64_t in)
{
	if (in == 0)
		return 0;
	return (uint32_t)MIN_OF(of / in + (of % in >= in - of % in && of % in),
				(uint64_t)UINT32_MAX);
}

/* Element 311: the chance of a packet to be looked at, a float of 4 or 8 bytes. */
static uint32_t rate_of_probability(const struct option_element *e)
{
	double p = 0;
	if (e->len == 8) {
		uint64_t bits = load_be64(e->p);
		memcpy(&p, &bits, sizeof(p));
	} else if (e->len == 4) {
		float f;
		uint32_t bits = load_be32(e->p);
		memcpy(&f, &bits, sizeof(f));
		p = (double)f;
	}
	return p > 1.0 / UINT32_MAX && p <= 1 ? (uint32_t)(1 / p + 0.5) : 0;
}

uint32_t told_rate(const struct told_record *t)
{
	uint64_t a, b;
	const uint64_t most = UINT32_MAX;
	if (told_number(t, TOLD_RANDOM, &a) && a)
		return (uint32_t)MIN_OF(a, most);
	if (told_number(t, TOLD_INTERVAL, &a) && a)
		return (uint32_t)MIN_OF(a, most);
	if (told_number(t, TOLD_PACKETS, &a) && a) {
		/* 305 alone stands in the place of the deprecated 34. */
		if (!told_number(t, TOLD_SPACE, &b))
			return (uint32_t)MIN_OF(a, most);
		a = MIN_OF(a, most);
		return told_quotient(a + MIN_OF(b, most), a);
	}
	if (told_number(t, TOLD_SIZE, &a) && told_number(t, TOLD_POPULATION, &b))
		return told_quotient(b, a);
	if (t->e[TOLD_PROBABILITY])
		return rate_of_probability(t->e[TOLD_PROBABILITY]);
	if (told_number(t, TOLD_TIME, &a) && told_number(t, TOLD_TIME_SPACE, &b)) {
		a = MIN_OF(a, most);
		return told_quotient(a + MIN_OF(b, most), a);
	}
	return 0;
}

/* --- names */

struct naming {
	const struct told_record *t;
	struct option_name name;
	void (*fn)(void *ctx, const struct option_name *n);
	void *ctx;
};

static void name_it(struct naming *x, enum name_kind kind, uint64_t id, struct told_text text,
		    struct told_text text2)
{
	if (text.n == 0 && text2.n == 0)
		return;
	x->name.kind = kind;
	x->name.id = id;
	x->name.text = text.p;
	x->name.text_n = text.n;
	x->name.text2 = text2.p;
	x->name.text2_n = text2.n;
	x->fn(x->ctx, &x->name);
}

static void name_interface(struct naming *x)
{
	struct told_text name = told_text(x->t, TOLD_IF_NAME);
	struct told_text description = told_text(x->t, TOLD_IF_DESCRIPTION);
	uint64_t in, out;
	bool has_in = told_number(x->t, TOLD_IN_IF, &in);
	if (has_in)
		name_it(x, NAME_INTERFACE, in, name, description);
	if (told_number(x->t, TOLD_OUT_IF, &out) && !(has_in && in == out))
		name_it(x, NAME_INTERFACE, out, name, description);
}

/* A route distinguisher of 8 bytes as people write it (RFC 4364 4.2). */
static size_t rd_text(const struct option_element *e, char *out, size_t max)
{
	if (!e || e->len != 8)
		return 0;
	const uint8_t *p = e->p;
	uint16_t type = load_be16(p);
	int n = 0;
	if (type == 0)
		n = snprintf(out, max, "%u:%u", load_be16(p + 2), load_be32(p + 4));
	else if (type == 1)
		n = snprintf(out, max, "%u.%u.%u.%u:%u", p[2], p[3], p[4], p[5], load_be16(p + 6));
	else if (type == 2)
		n = snprintf(out, max, "%u:%u", load_be32(p + 2), load_be16(p + 6));
	return n > 0 ? (size_t)n : 0;
}

static void name_vrf(struct naming *x)
{
	char rd[40];
	struct told_text name = told_text(x->t, TOLD_VRF_NAME), text2 = {.p = (const uint8_t *)rd};
	uint64_t in, out;
	text2.n = rd_text(x->t->e[TOLD_VPN_RD], rd, sizeof(rd));
	bool has_in = told_number(x->t, TOLD_IN_VRF, &in);
	if (has_in)
		name_it(x, NAME_VRF, in, name, text2);
	if (told_number(x->t, TOLD_OUT_VRF, &out) && !(has_in && in == out))
		name_it(x, NAME_VRF, out, name, text2);
}

static void name_application(struct naming *x)
{
	const struct option_element *id = x->t->e[TOLD_APP_ID];
	if (!id || id->len == 0)
		return;
	uint32_t app = application_id(id->p, id->len);
	struct told_text sub = told_text(x->t, TOLD_APP_SUBCATEGORY);
	if (sub.n == 0)
		sub = told_text(x->t, TOLD_APP_GROUP);
	name_it(x, NAME_APPLICATION, app, told_text(x->t, TOLD_APP_NAME),
		told_text(x->t, TOLD_APP_DESCRIPTION));
	name_it(x, NAME_APP_GROUP, app, told_text(x->t, TOLD_APP_CATEGORY), sub);
}

void told_names(const struct option_record *r, const struct told_record *t, int64_t at,
		void (*fn)(void *ctx, const struct option_name *n), void *ctx)
{
	struct naming x = {
	    .t = t,
	    .name = {.exporter_ip = r->exporter_ip, .domain = r->domain, .at = at},
	    .fn = fn,
	    .ctx = ctx,
	};
	const struct told_text none = {0};
	uint64_t id;
	name_interface(&x);
	name_vrf(&x);
	name_application(&x);
	name_it(&x, NAME_EXPORTER, 0, told_text(t, TOLD_DOMAIN_NAME), none);
	if (told_number(t, TOLD_SAMPLER, &id)) {
		x.name.number = told_rate(t);
		name_it(&x, NAME_SAMPLER, id, told_text(t, TOLD_SAMPLER_NAME), none);
	}
}
