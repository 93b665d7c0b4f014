/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/quirk.h"

#include "filter/literal.h"

void quirk_direction(struct parser *p)
{
	static const char *const directions[] = {
	    "src",    "dst",    "nat",    "xlate", "tun",  "in",  "out",    "ingress",
	    "egress", "client", "server", "prev",  "next", "bgp", "router", "exporter"};
	enum { WORDS_MAX = 2 };
	for (uint32_t words = 0; words <= WORDS_MAX; words++) {
		uint32_t i = p->i + words;
		size_t d = 0;
		if (tok_is(&p->t, i, "flags") || tok_is(&p->t, i, "payload"))
			p->i = i;
		while (d < ARRAY_LEN(directions) && !tok_is(&p->t, i, directions[d]))
			d++;
		if (d == ARRAY_LEN(directions))
			return;
	}
}

bool quirk_exporter_number(const struct parser *p)
{
	struct parser ahead = *p;
	uint64_t v;
	if (!tok_is(&p->t, p->i, "exporter"))
		return false;
	ahead.i++;
	ahead.i += parse_sees_operator(&ahead) && !tok_is(&p->t, ahead.i, "in");
	const struct tok *k = &p->t.v[ahead.i];
	return k->kind == TOK_WORD &&
	       literal_number(p->t.text + k->off, k->n, DURATION_NONE, &v) == LITERAL_OK;
}

bool quirk_label(struct parser *p)
{
	if (!tok_is(&p->t, p->i, "%") || p->t.v[p->i + 1].kind != TOK_WORD)
		return false;
	p->i += 2;
	return true;
}
