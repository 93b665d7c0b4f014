/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of instructions, each a copy of earlier output (length, distance) and 0 to 3 bytes that
 * follow in the stream; where the instruction before had none of these, a run of them comes first.
 *
 *   0000LLLL            a run of 3 + L bytes; after 1 to 3 bytes instead: 2 bytes from 1 + D | H <<
 * 2; after a run: 3 bytes from 2049 + D | H << 2  (0000DDSS H) 0001HLLL DDDDDDSS D 2 + L bytes from
 * 16384 + D + H << 14; that distance with D = H = 0: the end 001LLLLL DDDDDDSS D 2 + L bytes from 1
 * + D 01LDDDSS H          3 + L bytes from 1 + D + H << 3 1LLDDDSS H          5 + L bytes from 1 +
 * D + H << 3
 *
 * L = 0 in the first, second and third: the largest it can say, plus 255 for each byte 0 that
 * follows, plus the byte after those. S: how many bytes follow. The first byte, if above 17, is a
 * run of that less 17. */
#include "import/lzo.h"

#include "base/rd.h"

enum { AFTER_RUN = 4, FIRST_RUN = 17, FAR = 16384, NEAR_AFTER_RUN = 2049 };

struct unpacking {
	struct rd in;
	uint8_t *out;
	size_t n, cap;
	unsigned state; /* bytes that followed the last instruction; AFTER_RUN = a run */
	bool end, bad;
};

static void copy_in(struct unpacking *u, size_t len)
{
	const uint8_t *p = rd_take(&u->in, len);
	if (!p || len > u->cap - u->n) {
		u->bad = true;
		return;
	}
	memcpy(u->out + u->n, p, len);
	u->n += len;
}

/* Source and destination may overlap: that is how runs are said. */
static void copy_back(struct unpacking *u, size_t distance, size_t len)
{
	if (distance > u->n || len > u->cap - u->n) {
		u->bad = true;
		return;
	}
	for (size_t i = 0; i < len; i++, u->n++)
		u->out[u->n] = u->out[u->n - distance];
}

static size_t take_length(struct unpacking *u, size_t said, size_t most)
{
	if (said)
		return said;
	uint8_t b;
	while ((b = rd_u8(&u->in)) == 0 && !u->in.bad)
		most += UINT8_MAX;
	return most + b;
}

/* An instruction below 16: what it means hangs on what came before. */
static void take_short(struct unpacking *u, unsigned op)
{
	if (u->state == 0) {
		copy_in(u, take_length(u, op, 15) + 3);
		u->state = AFTER_RUN;
		return;
	}
	size_t distance = (op >> 2) + ((size_t)rd_u8(&u->in) << 2);
	if (u->state == AFTER_RUN)
		copy_back(u, distance + NEAR_AFTER_RUN, 3);
	else
		copy_back(u, distance + 1, 2);
	u->state = op & 3;
	copy_in(u, u->state);
}

static void take_long(struct unpacking *u, unsigned op)
{
	size_t len, distance;
	unsigned follow = op & 3;
	if (op >= 64) {
		len = op >= 128 ? 5 + (op >> 5 & 3) : 3 + (op >> 5 & 1);
		distance = 1 + (op >> 2 & 7) + ((size_t)rd_u8(&u->in) << 3);
	} else {
		bool far = op < 32;
		len = 2 + (far ? take_length(u, op & 7, 7) : take_length(u, op & 31, 31));
		unsigned d = rd_le16(&u->in);
		distance = (d >> 2) + (far ? FAR + ((size_t)(op & 8) << 11) : 1);
		follow = d & 3;
		u->end = far && distance == FAR;
	}
	if (u->end || u->in.bad)
		return;
	copy_back(u, distance, len);
	u->state = follow;
	copy_in(u, follow);
}

enum err lzo_unpack(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t *ret_n)
{
	struct unpacking u = {.in = rd_of(src, n), .out = dst, .cap = cap};
	if (n && src[0] > FIRST_RUN) {
		size_t run = (size_t)rd_u8(&u.in) - FIRST_RUN;
		copy_in(&u, run);
		u.state = run < AFTER_RUN ? (unsigned)run : AFTER_RUN;
	}
	while (!u.end && !u.bad && !u.in.bad) {
		unsigned op = rd_u8(&u.in);
		if (u.in.bad)
			break;
		if (op < 16)
			take_short(&u, op);
		else
			take_long(&u, op);
	}
	if (!u.end || u.bad || u.in.bad)
		return ERR_MALFORMED;
	*ret_n = u.n;
	return ERR_OK;
}
