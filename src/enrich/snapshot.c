/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/snapshot.h"

#include <stdlib.h>
#include <string.h>

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	ranges_fini(&s->places);
	texts_fini(&s->texts);
	networks_fini(&s->networks);
	apps_fini(&s->apps);
	free(s);
}

/* In order, so that the number of a country is that of its text. */
static enum err put_codes(struct texts *texts)
{
	enum err e = ERR_OK;
	for (uint32_t c = 1; c < COUNTRIES_MAX && !e; c++) {
		char code[2];
		uint32_t number;
		country_code(c, code);
		e = texts_number(texts, code, sizeof(code), &number);
	}
	return e;
}

static enum err put_networks(struct snapshot *s, const struct snapshot_parts *p, struct ranges *ret)
{
	struct ranges_builder *b;
	enum err e = ranges_builder_new(&b);
	if (e)
		return e;
	e = networks_parse(p->networks, p->networks_n, PLACE_NET_SHIFT, &s->texts, b, &s->networks);
	for (uint32_t i = 1; i < s->networks.n && !e; i++)
		for (unsigned t = 0; t < NET_TEXTS; t++)
			s->has_text[t] |= s->networks.v[i].text[t] != 0;
	if (!e)
		e = ranges_build(b, ret);
	ranges_builder_free(b);
	return e;
}

static enum err put_places(struct snapshot *s, const struct snapshot_parts *p)
{
	static const struct ranges none;
	struct ranges geo = {0}, nets = {0};
	enum err e = p->networks_n ? put_networks(s, p, &nets) : ERR_OK;
	if (!e)
		e = ranges_join(p->country ? p->country : &none, p->as ? p->as : &none, &geo);
	if (!e && p->networks_n) {
		e = ranges_join(&geo, &nets, &s->places);
	} else {
		s->places = geo;
		geo = (struct ranges){0};
	}
	ranges_fini(&geo);
	ranges_fini(&nets);
	return e;
}

enum err snapshot_new(const struct snapshot_parts *p, struct snapshot **ret)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	if (!s)
		return ERR_NOMEM;
	s->generation = p->generation;
	s->as_from = p->as_from;
	enum err e = texts_init(&s->texts);
	if (!e)
		e = put_codes(&s->texts);
	if (!e)
		e = put_places(s, p);
	if (!e && p->services)
		e = apps_load(p->services, &s->texts, &s->apps);
	if (e)
		snapshot_free(s);
	else
		*ret = s;
	return e;
}
