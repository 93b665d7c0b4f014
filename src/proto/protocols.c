/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/protocols.h"

#include "base/attr.h"
#include "base/near.h"
#include "proto/dissection.h"

#include <string.h>

_Static_assert(DISSECT_MAX % 64 == 0, "struct protocols has a bit for every row");

static enum err unknown(const char *name, size_t n, struct diag *reterr)
{
	const char *names[DISSECT_MAX];
	for (size_t i = 0; i < dissectors_n; i++)
		names[i] = dissectors[i]->name;
	const char *near = near_find(name, n, names, dissectors_n);
	int len = (int)MIN_OF(n, (size_t)NEAR_MAX);
	if (near)
		return diag_set(reterr, ERR_NOT_FOUND, 0, 0,
				"no protocol \"%.*s\"; did you mean \"%s\"?", len, name, near);
	return diag_set(reterr, ERR_NOT_FOUND, 0, 0,
			"no protocol \"%.*s\"; names are those of app_name, such as dns or tls",
			len, name);
}

/* Several rows may have one name: media streams are rtp however they are found. */
static bool set(struct protocols *p, const char *name, size_t n, bool on)
{
	bool found = false;
	for (size_t i = 0; i < dissectors_n; i++) {
		const char *is = dissectors[i]->name;
		if (strlen(is) != n || memcmp(is, name, n) != 0)
			continue;
		uint64_t bit = (uint64_t)1 << i % 64;
		if (on)
			p->off[i / 64] &= ~bit;
		else
			p->off[i / 64] |= bit;
		found = true;
	}
	return found;
}

/* One pass: those that are wanted (on), or those that are not. Returns how many words it had. */
static size_t pass(const char *text, bool on, struct protocols *p, enum err *ret,
		   struct diag *reterr)
{
	static const char between[] = " ,";
	size_t words = 0;
	for (text += strspn(text, between); *text && !*ret; text += strspn(text, between)) {
		size_t n = strcspn(text, between);
		bool out = *text == '!';
		if (out != on) {
			words++;
			if (!set(p, text + out, n - out, on))
				*ret = unknown(text + out, n - out, reterr);
		}
		text += n;
	}
	return words;
}

enum err protocols_parse(const char *text, struct protocols *ret, struct diag *reterr)
{
	enum err e = ERR_OK;
	struct protocols p;
	memset(&p, 0xff, sizeof(p));
	if (!pass(text, true, &p, &e, reterr))
		memset(&p, 0, sizeof(p));
	(void)pass(text, false, &p, &e, reterr);
	if (!e)
		*ret = p;
	return e;
}
