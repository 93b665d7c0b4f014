/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/pcapng_file.h"

#include "base/rd.h"

#include <stdlib.h>

enum { NS_PER_S = 1000000000, NS_DIGITS = 9 };
enum { BLOCK_SECTION = 0x0a0d0d0a };
enum { BLOCK_INTERFACE = 1, BLOCK_PACKET_OLD = 2, BLOCK_SIMPLE = 3, BLOCK_PACKET = 6 };
/* Of a block: type and length in front, the length once more behind; what follows the first two in
 * blocks with a packet. */
enum { HEAD = 8, BLOCK_MIN = 12, PACKET_HEAD = 20, SIMPLE_HEAD = 4, INTERFACE_HEAD = 8 };

static uint32_t word(const struct pcapng_file *f, const uint8_t *p)
{
	uint32_t v = load_be32(p);
	return f->little ? __builtin_bswap32(v) : v;
}

static uint16_t half(const struct pcapng_file *f, const uint8_t *p)
{
	uint16_t v = load_be16(p);
	return f->little ? __builtin_bswap16(v) : v;
}

static enum err broken(struct diag *d, const char *what)
{
	return diag_set(d, ERR_MALFORMED, 0, 0, "%s", what);
}

bool pcapng_file_is(const uint8_t *p)
{
	return load_be32(p) == BLOCK_SECTION;
}

void pcapng_file_fini(struct pcapng_file *f)
{
	free(f->interface);
	f->interface = NULL;
}

/* --- time */

/* Unit and offset of an interface, from its options. */
static void read_options(const struct pcapng_file *f, struct pcapng_interface *i, struct rd r)
{
	enum { END = 0, RESOLUTION = 9, OFFSET = 14, BINARY = 0x80 };
	while (rd_left(&r) >= 4) {
		const uint8_t *head = rd_take(&r, 4);
		uint16_t code = half(f, head), n = half(f, head + 2);
		const uint8_t *v = rd_take(&r, n);
		if (!v || code == END)
			return;
		if (code == RESOLUTION && n == 1) {
			i->binary = *v & BINARY;
			i->tick = *v & (BINARY - 1);
		} else if (code == OFFSET && n == 8) {
			uint64_t high = word(f, v + (f->little ? 4 : 0));
			i->offset_s = (int64_t)(high << 32 | word(f, v + (f->little ? 0 : 4)));
		}
		rd_skip(&r, (4 - (n & 3u)) & 3u);
	}
}

static int64_t clamp(__int128 v)
{
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

static int64_t time_ns(const struct pcapng_interface *i, uint64_t ticks)
{
	__int128 ns = ticks;
	if (i->binary)
		ns = i->tick < 64 ? ns * NS_PER_S >> i->tick : 0;
	else
		for (int k = i->tick; k != NS_DIGITS; k += k < NS_DIGITS ? 1 : -1)
			ns = k < NS_DIGITS ? ns * 10 : ns / 10;
	return clamp(ns + (__int128)i->offset_s * NS_PER_S);
}

/* --- blocks */

static enum err read_interface(struct pcapng_file *f, const uint8_t *p, size_t n, struct diag *d)
{
	enum { MICRO = 6 };
	if (n < INTERFACE_HEAD)
		return broken(d, "an interface without its link type");
	if (f->n == PCAPNG_INTERFACES)
		return diag_set(d, ERR_LIMIT, 0, 0, "more than %d interfaces", PCAPNG_INTERFACES);
	if (f->n == f->room) {
		uint32_t room = f->room ? f->room * 2 : 4;
		void *more = realloc(f->interface, room * sizeof(*f->interface));
		if (!more)
			return diag_set(d, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
		f->interface = more;
		f->room = room;
	}
	struct pcapng_interface *i = &f->interface[f->n++];
	*i = (struct pcapng_interface){
	    .link = (enum link_type)half(f, p), .snaplen = word(f, p + 4), .tick = MICRO};
	read_options(f, i, rd_of(p + INTERFACE_HEAD, n - INTERFACE_HEAD));
	return ERR_OK;
}

/* A packet of a block: the interface, its data at `at` of the block. */
struct found {
	uint32_t interface, at, n, wire;
	bool timed;
	uint64_t ticks;
};

/* What stands in front of the data of the three kinds of blocks with packets. */
static struct found read_packet(const struct pcapng_file *f, uint32_t type, const uint8_t *p,
				uint32_t body)
{
	if (type == BLOCK_SIMPLE) {
		uint32_t wire = word(f, p), snap = f->n ? f->interface[0].snaplen : 0;
		uint32_t n = MIN_OF(wire, body - SIMPLE_HEAD);
		return (struct found){
		    .at = SIMPLE_HEAD, .n = snap ? MIN_OF(n, snap) : n, .wire = wire};
	}
	return (struct found){.interface = type == BLOCK_PACKET ? word(f, p) : half(f, p),
			      .at = PACKET_HEAD,
			      .n = word(f, p + 12),
			      .wire = word(f, p + 16),
			      .timed = true,
			      .ticks = (uint64_t)word(f, p + 4) << 32 | word(f, p + 8)};
}

static enum err take_packet(struct pcapng_file *f, struct window *w, struct frame *ret,
			    struct diag *d)
{
	const uint32_t type = word(f, window_at(w)), len = word(f, window_at(w) + 4);
	uint32_t head = type == BLOCK_SIMPLE ? SIMPLE_HEAD : PACKET_HEAD, body = len - BLOCK_MIN;
	if (body < head)
		return broken(d, "a block too short for a packet");
	if (window_left(w) < HEAD + head)
		return ERR_SHORT;
	const uint8_t *p = window_at(w) + HEAD;
	const struct found k = read_packet(f, type, p, body);
	if (k.interface >= f->n)
		return broken(d, "a packet of an interface that was not described");
	if (k.n > body - k.at)
		return broken(d, "a packet longer than its block");
	if (k.n > WINDOW_FRAME)
		return diag_set(d, ERR_MALFORMED, 0, 0, "a packet longer than %d bytes",
				WINDOW_FRAME);
	/* Only of a block with very long options less is enough. */
	if (window_left(w) < MIN_OF(len, MAX_OF(HEAD + k.at + k.n, (uint32_t)WINDOW_FRAME)))
		return ERR_SHORT;
	const struct pcapng_interface *i = &f->interface[k.interface];
	if (k.timed)
		f->last_ns = time_ns(i, k.ticks);
	*ret = (struct frame){.p = p + k.at,
			      .n = k.n,
			      .wire_n = MAX_OF(k.wire, k.n),
			      .t_ns = f->last_ns,
			      .link = i->link};
	window_pass(w, len);
	return ERR_OK;
}

/* A section begins: it says its byte order, and has interfaces of its own. */
static enum err begin_section(struct pcapng_file *f, const uint8_t *p, struct diag *d)
{
	enum { ORDER = 0x1a2b3c4d, VERSION_MAJOR = 1 };
	f->little = load_be32(p + HEAD) != ORDER;
	if (word(f, p + HEAD) != ORDER)
		return broken(d, "a section without its byte order");
	if (half(f, p + HEAD + 4) != VERSION_MAJOR)
		return diag_set(d, ERR_VERSION, 0, 0, "pcapng of version %u is not read",
				half(f, p + HEAD + 4));
	f->n = 0;
	return ERR_OK;
}

/* Up to the next block with a packet, which is not passed. */
static enum err find_packet(struct pcapng_file *f, struct window *w, struct diag *d)
{
	enum { SECTION_HEAD = 16 };
	enum err e = ERR_OK;
	while (window_left(w) >= BLOCK_MIN) {
		const uint8_t *p = window_at(w);
		bool section = load_be32(p) == BLOCK_SECTION;
		if (section && window_left(w) < SECTION_HEAD)
			return ERR_SHORT;
		if (section && (e = begin_section(f, p, d)))
			return e;
		uint32_t type = word(f, p), len = word(f, p + 4);
		if (len < BLOCK_MIN || (section && len < SECTION_HEAD))
			return broken(d, "a block that is shorter than its head");
		if (type == BLOCK_PACKET || type == BLOCK_SIMPLE || type == BLOCK_PACKET_OLD)
			return ERR_OK;
		if (type == BLOCK_INTERFACE) {
			if (len > WINDOW_FRAME)
				return broken(d, "the description of an interface is too long");
			if (window_left(w) < len)
				return ERR_SHORT;
			if ((e = read_interface(f, p + HEAD, len - BLOCK_MIN, d)))
				return e;
		}
		window_pass(w, len);
	}
	return ERR_SHORT;
}

enum err pcapng_file_begin(struct pcapng_file *f, struct window *w, struct diag *reterr)
{
	enum err e = find_packet(f, w, reterr);
	return e == ERR_SHORT ? ERR_OK : e;
}

enum err pcapng_file_next(struct pcapng_file *f, struct window *w, struct frame *ret,
			  struct diag *reterr)
{
	enum err e = find_packet(f, w, reterr);
	return e ? e : take_packet(f, w, ret, reterr);
}

enum link_type pcapng_file_link(const struct pcapng_file *f)
{
	return f->n ? f->interface[0].link : LINK_ETHERNET;
}
