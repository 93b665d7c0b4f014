/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/os.h"

#include "base/attr.h"
#include "packet/numbers.h"

#include <string.h>

enum {
	ANY = -1,
	NONE = -1,
	FULL = -2,
	WHOLE_SEGMENTS = 1 << 16, /* window: MSS(k) */
	OPTIONS_MAX = 12,         /* written, and an end */
	TIMES_BYTES = 12,
	DONT_FRAGMENT = 0x40,
};
enum segment { SYN, ANSWER };

#define MSS(k) (WHOLE_SEGMENTS + (k))
static const struct signature {
	int32_t window;
	uint8_t segment, ttl;
	int8_t df, low, high;
	const char *options, *name, *version;
} signatures[] = {
#define OS(segment, ttl, df, window, low, high, options, name, version)                            \
	{window, segment, ttl, df, low, high, options, name, version},
#include "meter/os.def"
#undef OS
};
_Static_assert(ARRAY_LEN(signatures) < UINT8_MAX, "a number is an octet");

/* What the options of a segment say. */
struct said {
	char order[OPTIONS_MAX + 1];
	uint16_t mss; /* 0: none */
	int scale;    /* NONE */
	bool times;
};

static char letter(uint8_t kind)
{
	static const char letters[] = {'E', 'N', 'M', 'W', 'S', '?', '?', '?', 'T'};
	return kind < sizeof(letters) ? letters[kind] : '?';
}

static void read_options(const struct peel *p, struct said *ret)
{
	enum { END, NOP, SEGMENT_SIZE, SCALE, TIMES = 8 };
	struct rd r = rd_of(p->options, p->options_n);
	size_t n = 0;
	*ret = (struct said){.scale = NONE};
	while (rd_left(&r) && n < OPTIONS_MAX) {
		uint8_t kind = rd_u8(&r);
		ret->order[n++] = letter(kind);
		if (kind == END)
			return;
		if (kind == NOP)
			continue;
		uint8_t len = rd_u8(&r);
		struct rd value = rd_sub(&r, len < 2 ? 0 : len - 2u);
		if (kind == SEGMENT_SIZE)
			ret->mss = rd_be16(&value);
		else if (kind == SCALE)
			ret->scale = rd_u8(&value);
		else if (kind == TIMES)
			ret->times = true;
	}
}

/* Packets set out with one of these, and a way has fewer than 32 routers nearly always. */
static uint8_t initial_ttl(uint8_t ttl)
{
	return ttl <= 32 ? 32 : ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
}

static bool window_fits(int32_t want, uint16_t window, unsigned segment)
{
	if (want == ANY)
		return true;
	if (want == FULL)
		return segment && window == UINT16_MAX / segment * segment;
	if (want >= WHOLE_SEGMENTS)
		return segment && window == (uint32_t)(want - WHOLE_SEGMENTS) * segment;
	return window == want;
}

static bool fits(const struct signature *s, const struct peel *p, const struct said *o)
{
	bool answer = (p->tcp_flags & TCP_ACK) != 0, df = (p->ip_flags & DONT_FRAGMENT) != 0;
	unsigned segment = o->mss;
	if (answer && o->times && segment > TIMES_BYTES)
		segment -= TIMES_BYTES;
	return s->segment == (answer ? ANSWER : SYN) && s->ttl == initial_ttl(p->ttl) &&
	       (s->df == ANY || p->version == 6 || s->df == df) && o->scale >= s->low &&
	       o->scale <= s->high && strcmp(s->options, o->order) == 0 &&
	       window_fits(s->window, p->window, segment);
}

uint8_t os_of_segment(const struct peel *p)
{
	struct said o;
	read_options(p, &o);
	for (size_t i = 0; i < ARRAY_LEN(signatures); i++)
		if (fits(&signatures[i], p, &o))
			return (uint8_t)(i + 1);
	return 0;
}

const char *os_name(uint8_t number)
{
	return signatures[number - 1].name;
}

const char *os_version(uint8_t number)
{
	return signatures[number - 1].version;
}
