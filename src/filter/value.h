/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a test as they are read, one function per type of subject. After false p->err is set.
 */
#pragma once
#include "filter/literal.h"
#include "filter/parse.h"

/* The values of one test as they are read. */
struct values {
	const struct subject *s;
	enum domain domain;
	bool net;    /* an address may be partial, or have its mask as the next token */
	bool ranged; /* something was not a single value: a prefix, a range, a name of several
			values */
	struct range *ranges;
	struct text *texts;
	uint32_t n, cap;
};

/* Takes one value, or several if it is a name for them. */
bool value_read(struct parser *p, struct values *v);
/* Takes [a, b c] or (a, b): at least one value, commas optional. */
bool value_list(struct parser *p, struct values *v);
/* Sorts the values and leaves none twice; ranges that overlap become one. */
void value_sort(struct values *v);

/* value_read of an address, prefix or range of addresses (value_ip.c). */
bool value_read_ip(struct parser *p, struct values *v);
bool value_add(struct parser *p, struct values *v, struct range r);
/* Fails: token i is no value. Always false. */
bool value_wrong(struct parser *p, const struct values *v, uint32_t i);

/* The bytes of the word or string at i: quotes off; a backslash before a quote or another backslash
 * goes, unless it is a regular expression, where it goes only before the quote. */
bool value_text(struct parser *p, uint32_t i, bool regex, struct text *ret);
/* Whether the subject is TCP flags, whose values may be letters. */
bool value_takes_flags(const struct subject *s);
/* The bits that the flag letters stand for; false if one is none. */
bool value_flags(const char *s, size_t n, uint64_t *ret);
