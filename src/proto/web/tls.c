/* SPDX-License-Identifier: Apache-2.0 */
/* TLS 1.0 to 1.3 and SSL 3.0 (RFC 6101, 5246, 8446) over TCP on any port; SSL 2.0 hellos go to
 * ssl2.c. Reads the handshake, also where records cut messages anywhere, up to where it is
 * encrypted and the connection is set up; then it has seen enough. */
#include "base/attr.h"
#include "proto/dissection.h"
#include "proto/web/ssl2.h"
#include "proto/web/tls_message.h"
#include "proto/web/web.h"

enum {
	REC_CHANGE_CIPHER = 20,
	REC_ALERT = 21,
	REC_HANDSHAKE = 22,
	REC_DATA = 23,
	REC_TYPE_MAX = 25,
	RECORD_HEAD = 5,
	RECORD_MAX = 16384 + 2048,
	MESSAGE_HEAD = 4,
	MESSAGE_HELD = DISSECT_HELD_MAX - 1024, /* a longer one is read in part */
	MESSAGE_PART = 8192,                    /* as soon as so much of it is there */
	LOST_MAX = 16,                          /* payloads without a record after a gap */
	DATA_ALONE = 4, /* records of data of one side, after which the other is not waited for */
};

struct tls_side {
	uint32_t message_left; /* of a message of which nothing more is wanted */
	uint16_t record_left;  /* bytes of the current record that are unread */
	uint8_t n_data, n_lost;
	bool seen, changed, lost;
};

struct tls {
	struct tls_handshake handshake;
	struct tls_side side[2];
	struct ssl2 ssl2;
	bool known, set_up;
};

struct record {
	uint8_t type;
	uint16_t version, len;
};

static bool record_head(struct rd *r, struct record *ret)
{
	struct record h;
	h.type = rd_u8(r);
	h.version = rd_be16(r);
	h.len = rd_be16(r);
	*ret = h;
	return !r->bad && h.type >= REC_CHANGE_CIPHER && h.type < REC_TYPE_MAX &&
	       h.version >> 8 == 3 && (h.version & 0xff) <= 4 && h.len && h.len <= RECORD_MAX;
}

/* --- handshake messages */

/* A place in a run of handshake records. */
struct place {
	struct rd r;
	uint16_t left; /* of the record */
};

/* Moves on by up to n bytes of handshake, copying them to out (NULL: not). Returns how many there
 * were. */
static size_t walk(struct place *at, size_t n, uint8_t *out)
{
	size_t done = 0;
	while (done < n) {
		struct record h;
		struct rd next = at->r;
		if (!at->left) {
			if (!record_head(&next, &h) || h.type != REC_HANDSHAKE)
				break;
			at->r = next;
			at->left = h.len;
		}
		size_t here = MIN_OF(MIN_OF(n - done, at->left), rd_left(&at->r));
		if (!here)
			break;
		if (out)
			memcpy(out + done, at->r.p, here);
		rd_skip(&at->r, here);
		at->left = (uint16_t)(at->left - here);
		done += here;
	}
	return done;
}

/* The next n bytes of handshake: in place where one record has them, else put together. */
static struct rd bytes_of(struct dissect_ctx *c, struct place *at, size_t n)
{
	if (at->left >= n && rd_left(&at->r) >= n) {
		at->left = (uint16_t)(at->left - n);
		return rd_sub(&at->r, n);
	}
	uint8_t *scratch = dissect_scratch(c);
	return rd_of(scratch, walk(at, MIN_OF(n, (size_t)DISSECT_SCRATCH), scratch));
}

/* One message, or what can be had of one that is too long to wait for. */
static enum dissect read_message(struct dissect_ctx *c, struct tls *t, struct rd *payload)
{
	struct tls_side *side = &t->side[c->dir];
	struct place at = {*payload, side->record_left};
	uint8_t head[MESSAGE_HEAD];
	if (walk(&at, MESSAGE_HEAD, head) < MESSAGE_HEAD)
		return DISSECT_MORE;
	size_t len = (size_t)load_be(head + 1, 3);
	struct place ahead = at;
	size_t here = walk(&ahead, len, NULL);
	if (head[0] >= MSG_TYPE_MAX)
		return DISSECT_NOT_MINE;
	if (here < len && (len <= MESSAGE_HELD || here < MESSAGE_PART))
		return DISSECT_MORE;
	struct rd body = bytes_of(c, &at, here);
	bool whole = rd_left(&body) == len;
	if (!tls_message(c, &t->handshake, TLS_ON_TCP, head[0], body, whole))
		return DISSECT_NOT_MINE;
	t->known = true;
	side->message_left = (uint32_t)(len - rd_left(&body));
	side->record_left = at.left;
	*payload = at.r;
	return DISSECT_MINE;
}

/* The rest of a message that was read in part. */
static void skip_message(struct tls_side *side, struct rd *payload)
{
	struct place at = {*payload, side->record_left};
	side->message_left -= (uint32_t)walk(&at, side->message_left, NULL);
	side->record_left = at.left;
	*payload = at.r;
}

/* --- records */

static void pass_over(struct dissect_ctx *c, struct rd *payload, size_t n)
{
	size_t here = MIN_OF(rd_left(payload), n);
	rd_skip(payload, here);
	c->skip = n - here;
}

static enum dissect set_up(struct dissect_ctx *c, struct tls *t)
{
	if (!t->set_up)
		tls_note_setup(c, &t->handshake);
	t->set_up = true;
	return DISSECT_DONE;
}

static enum dissect read_change_cipher(struct dissect_ctx *c, struct tls *t, struct rd *payload)
{
	if (rd_left(payload) < RECORD_HEAD + 1)
		return DISSECT_MORE;
	rd_skip(payload, RECORD_HEAD + 1);
	if (tls_is_13(t->handshake.version))
		return DISSECT_MINE; /* for middleboxes, means nothing */
	t->side[c->dir].changed = true;
	return t->side[!c->dir].changed ? set_up(c, t) : DISSECT_MINE;
}

static enum dissect read_data(struct dissect_ctx *c, struct tls *t, struct rd *payload, size_t len)
{
	struct tls_side *side = &t->side[c->dir];
	const struct tls_side *other = &t->side[!c->dir];
	pass_over(c, payload, RECORD_HEAD + len);
	if (side->n_data < DATA_ALONE)
		side->n_data++;
	t->known = true;
	if (other->n_data && (c->dir == t->handshake.client_dir || !t->handshake.client))
		return set_up(c, t);
	bool alone = !other->seen || t->side[c->dir].changed;
	return alone && side->n_data >= DATA_ALONE ? DISSECT_DONE : DISSECT_MINE;
}

static enum dissect read_alert(struct dissect_ctx *c, struct tls *t, struct rd *payload, size_t len)
{
	if (len != 2 || t->side[c->dir].changed) {
		pass_over(c, payload, RECORD_HEAD + len);
		return DISSECT_MINE;
	}
	if (rd_left(payload) < RECORD_HEAD + 2)
		return DISSECT_MORE;
	uint8_t level = payload->p[RECORD_HEAD], description = payload->p[RECORD_HEAD + 1];
	if (level != 1 && level != 2)
		return DISSECT_NOT_MINE;
	rd_skip(payload, RECORD_HEAD + 2);
	tls_note_alert(c, level, description);
	t->known = true;
	return DISSECT_MINE;
}

/* What a flow that is not known yet may begin with. */
static bool may_begin(const struct rd *payload, const struct record *h)
{
	struct rd r = *payload;
	rd_skip(&r, RECORD_HEAD);
	switch (h->type) {
	case REC_HANDSHAKE:
		return !rd_left(&r) || *r.p == MSG_CLIENT_HELLO || *r.p == MSG_SERVER_HELLO;
	case REC_ALERT:
		return h->len == 2;
	case REC_DATA: /* joined midway */
		if (h->len < 16 || (h->version & 0xff) == 0 || (h->version & 0xff) > 3)
			return false;
		if (rd_left(&r) <= h->len)
			return true;
		rd_skip(&r, h->len);
		return rd_left(&r) < RECORD_HEAD || record_head(&r, &(struct record){0});
	}
	return false;
}

/* Whether the handshake goes on in the clear behind a change of cipher: the second hello of a TLS
 * 1.3 client, whose first was answered with a request for retry. */
static bool again(const struct tls *t, const struct rd *payload)
{
	struct rd r = *payload;
	rd_skip(&r, RECORD_HEAD);
	return !t->handshake.server && rd_u8(&r) == MSG_CLIENT_HELLO && rd_u8(&r) == 0;
}

static enum dissect read_record(struct dissect_ctx *c, struct tls *t, struct rd *payload)
{
	struct tls_side *side = &t->side[c->dir];
	struct rd r = *payload;
	struct record h;
	if (!record_head(&r, &h)) {
		/* A half head is shown again; its first bytes must fit already. */
		bool half = rd_left(payload) < RECORD_HEAD && *payload->p >= REC_CHANGE_CIPHER &&
			    *payload->p < REC_TYPE_MAX &&
			    (rd_left(payload) < 2 || payload->p[1] == 3);
		return half ? DISSECT_MORE : DISSECT_NOT_MINE;
	}
	if (!t->known && !may_begin(payload, &h))
		return DISSECT_NOT_MINE;
	enum dissect got = DISSECT_NOT_MINE;
	switch (h.type) {
	case REC_CHANGE_CIPHER:
		got = h.len == 1 ? read_change_cipher(c, t, payload) : DISSECT_NOT_MINE;
		break;
	case REC_ALERT:
		got = read_alert(c, t, payload, h.len);
		break;
	case REC_HANDSHAKE:
		if (side->changed && rd_left(payload) < RECORD_HEAD + 2)
			return DISSECT_MORE;
		if (!side->changed || again(t, payload)) {
			got = read_message(c, t, payload);
			break;
		}
		pass_over(c, payload, RECORD_HEAD + (size_t)h.len);
		got = DISSECT_MINE;
		break;
	case REC_DATA:
		got = read_data(c, t, payload, h.len);
		break;
	default:
		pass_over(c, payload, RECORD_HEAD + (size_t)h.len);
		got = DISSECT_MINE;
		break;
	}
	if (got == DISSECT_MINE || got == DISSECT_DONE) {
		side->seen = true;
		tls_note_content(c, &t->handshake, h.type);
	}
	return got;
}

/* --- gaps */

/* Bytes were lost: within a record whose end is known that is no harm if it is not read. */
static void after_gap(struct tls_side *side)
{
	side->record_left = 0;
	side->message_left = 0;
	side->lost = true;
}

/* The next record begins a packet, sooner or later. */
static enum dissect find_record(struct tls_side *side, struct rd *payload)
{
	struct rd r = *payload;
	struct record h;
	if (record_head(&r, &h)) {
		side->lost = false;
		return DISSECT_MINE;
	}
	rd_skip(payload, rd_left(payload));
	return ++side->n_lost > LOST_MAX ? DISSECT_DONE : DISSECT_MINE;
}

static enum dissect step(struct dissect_ctx *c, struct tls *t, struct rd *payload)
{
	struct tls_side *side = &t->side[c->dir];
	if (side->lost)
		return find_record(side, payload);
	if (side->message_left) {
		skip_message(side, payload);
		return side->message_left && rd_left(payload) ? DISSECT_MORE : DISSECT_MINE;
	}
	if (side->record_left)
		return read_message(c, t, payload);
	if (!side->seen || t->ssl2.version) {
		enum dissect got = ssl2_see(c, &t->ssl2, payload);
		t->known |= got == DISSECT_MINE || got == DISSECT_DONE;
		side->seen |= t->known;
		if (got != DISSECT_NOT_MINE)
			return got;
	}
	return read_record(c, t, payload);
}

static enum dissect tls_see(struct dissect_ctx *c, struct rd *payload)
{
	struct tls *t = c->state;
	if (c->gap && t->known)
		after_gap(&t->side[c->dir]);
	while (rd_left(payload) && !c->skip) {
		enum dissect got = step(c, t, payload);
		if (got == DISSECT_NOT_MINE && t->known)
			return DISSECT_DONE;
		if (got == DISSECT_MORE && t->known)
			return DISSECT_MINE;
		if (got != DISSECT_MINE)
			return got;
	}
	return t->known ? DISSECT_MINE : DISSECT_MORE;
}

const struct dissector dissector_tls = {
    .name = "tls",
    .title = "Transport Layer Security",
    .over = OVER_TCP,
    .ports = {443, 8443, 993, 995, 465, 636, 853, 5061, 990, 8883, 5223, 4433},
    FIRST_BYTES("\x14\x18\x80\xff"),
    .state_size = sizeof(struct tls),
    .see = tls_see,
};
