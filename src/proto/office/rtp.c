/* SPDX-License-Identifier: Apache-2.0 */
/* RTP (RFC 3550 5): payload type, source, losses and jitter of each direction. Nothing in a single
 * packet says for sure that it is RTP: several in a row must have the same source and count on. */
#include "proto/office/rtp.h"

enum { HEAD_RTP = 12, PROOF = 3, VERSION_2 = 2, JUMP_MAX = 3000 };
enum { RATE_UNKNOWN = 0, LEARN_NS = 300000000, RESTART_NS = 1000000000 };

/* Clock rates of static payload types (RFC 3551 6), in units of 25 Hz. */
static const uint16_t rates[96] = {
    [0] = 320,   [3] = 320,   [4] = 320,   [5] = 320,   [6] = 640,   [7] = 320,
    [8] = 320,   [9] = 320,   [10] = 1764, [11] = 1764, [12] = 320,  [13] = 320,
    [14] = 3600, [15] = 320,  [16] = 441,  [17] = 882,  [18] = 320,  [25] = 3600,
    [26] = 3600, [28] = 3600, [31] = 3600, [32] = 3600, [33] = 3600, [34] = 3600};

struct stream {
	uint32_t ssrc, first_ts, last_ts, rate;
	uint64_t first_ns, last_ns, jitter16; /* jitter in ns, times 16 */
	uint32_t base, highest, received;     /* sequence numbers with the wraps above 16 bits */
	uint32_t lost_before, gaps;           /* lost of sources before this one */
	uint32_t lost_told, gaps_told;
	uint8_t type, n_proof;
	bool started, away; /* away: another payload type speaks now */
};

struct rtp {
	struct rtcp rtcp;
	struct stream stream[2];
	bool known;
};

struct packet {
	uint32_t ts, ssrc;
	uint16_t seq;
	uint8_t type;
};

static bool packet_of(const struct rd *payload, struct packet *ret)
{
	struct rd r = *payload;
	uint8_t head = rd_u8(&r), type = rd_u8(&r);
	ret->type = type & 127;
	ret->seq = rd_be16(&r);
	ret->ts = rd_be32(&r);
	ret->ssrc = rd_be32(&r);
	rd_skip(&r, 4 * (size_t)(head & 15));
	if (head & 0x10) { /* an extension */
		rd_skip(&r, 2);
		rd_skip(&r, 4 * (size_t)rd_be16(&r));
	}
	/* 72 to 76 with the marker are RTCP */
	return !r.bad && head >> 6 == VERSION_2 && !(ret->type >= 72 && ret->type <= 76) &&
	       !(ret->type > 34 && ret->type < 71);
}

/* The usual clock rate next to what the time stamps did in real time. */
static uint32_t learn_rate(const struct stream *s, const struct packet *p, uint64_t t_ns)
{
	static const uint32_t usual[] = {8000, 16000, 32000, 44100, 48000, 90000};
	uint64_t ns = t_ns - s->first_ns;
	if (ns < LEARN_NS)
		return RATE_UNKNOWN;
	uint64_t hz = (uint64_t)(p->ts - s->first_ts) * 1000000000 / ns;
	uint32_t best = usual[0];
	for (size_t i = 1; i < sizeof(usual) / sizeof(usual[0]); i++) {
		uint64_t a = hz > usual[i] ? hz - usual[i] : usual[i] - hz;
		uint64_t b = hz > best ? hz - best : best - hz;
		if (a < b)
			best = usual[i];
	}
	return best;
}

static void begin(struct stream *s, const struct packet *p, uint64_t t_ns)
{
	s->started = true;
	s->ssrc = p->ssrc;
	s->type = p->type;
	s->first_ts = s->last_ts = p->ts;
	s->first_ns = s->last_ns = t_ns;
	s->base = s->highest = p->seq;
	s->received = 1;
	s->rate = p->type < 96 ? rates[p->type] * 25u : (uint32_t)RATE_UNKNOWN;
}

static uint32_t lost_of(const struct stream *s)
{
	uint32_t wanted = s->highest - s->base + 1;
	return s->started && wanted > s->received ? wanted - s->received : 0;
}

/* RFC 3550 A.8. */
static void see_jitter(struct stream *s, const struct packet *p, uint64_t t_ns)
{
	if (s->rate == RATE_UNKNOWN && (s->rate = learn_rate(s, p, t_ns)) == RATE_UNKNOWN) {
		s->last_ns = t_ns;
		s->last_ts = p->ts;
		return;
	}
	int64_t ticks = (int32_t)(p->ts - s->last_ts);
	int64_t d = (int64_t)(t_ns - s->last_ns) - ticks * 1000000000 / (int64_t)s->rate;
	uint64_t size = (uint64_t)(d < 0 ? -d : d);
	if (size < RESTART_NS) /* else the time stamps begin anew */
		s->jitter16 += size - ((s->jitter16 + 8) >> 4);
	s->last_ns = t_ns;
	s->last_ts = p->ts;
}

/* A packet of the stream; false: it does not continue it. */
static bool go_on(struct stream *s, const struct packet *p, uint64_t t_ns)
{
	int16_t step = (int16_t)(uint16_t)(p->seq - (uint16_t)s->highest);
	if (p->ssrc != s->ssrc || step > JUMP_MAX || step < -JUMP_MAX)
		return false;
	s->received++;
	if (step > 0) {
		s->gaps += step > 1;
		s->highest += (uint32_t)step;
	}
	if (p->type != s->type) {
		s->away = true;
	} else if (s->away) { /* another payload may have moved the time stamps */
		s->away = false;
		s->last_ns = t_ns;
		s->last_ts = p->ts;
	} else {
		see_jitter(s, p, t_ns);
	}
	return true;
}

static void see_packet(struct dissect_ctx *c, struct stream *s, const struct packet *p)
{
	if (s->started && !go_on(s, p, c->t_ns)) {
		s->lost_before += lost_of(s);
		begin(s, p, c->t_ns);
	} else if (!s->started) {
		begin(s, p, c->t_ns);
	}
}

static void note_first(struct dissect_ctx *c, const struct stream *s)
{
	notes_num_once(c->notes, dissect_field(c, F_rtp_codec), s->type);
	notes_num_once(c->notes, dissect_field(c, F_rtp_ssrc), s->ssrc);
}

static enum dissect see_known(struct dissect_ctx *c, struct rtp *s, struct rd *r)
{
	struct packet p;
	if (rtcp_is(r)) {
		rtcp_see(c, &s->rtcp, *r);
	} else if (packet_of(r, &p)) {
		see_packet(c, &s->stream[c->dir], &p);
		note_first(c, &s->stream[c->dir]);
	}
	rd_skip(r, rd_left(r));
	return DISSECT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct rtp *s = c->state;
	struct stream *st = &s->stream[c->dir];
	struct packet p;
	if (s->known)
		return see_known(c, s, r);
	if (rd_left(r) < HEAD_RTP || *r->p >> 6 != VERSION_2 || rtcp_is(r) || !packet_of(r, &p))
		return DISSECT_NOT_MINE;
	/* One source, numbers that count on, time that does not run backwards. */
	if (st->started &&
	    (p.ssrc != st->ssrc || p.type != st->type || p.seq != (uint16_t)(st->highest + 1) ||
	     (int32_t)(p.ts - st->last_ts) < 0))
		return DISSECT_NOT_MINE;
	if (p.ssrc == 0 || (p.ssrc == p.ts && p.ts == 0))
		return DISSECT_NOT_MINE;
	see_packet(c, st, &p);
	if (++st->n_proof < PROOF)
		return DISSECT_MORE;
	s->known = true;
	for (uint8_t dir = 0; dir < 2; dir++) {
		struct dissect_ctx one = *c;
		one.dir = dir;
		if (s->stream[dir].started)
			note_first(&one, &s->stream[dir]);
	}
	rd_skip(r, rd_left(r));
	return DISSECT_MINE;
}

static enum dissect see_media(struct dissect_ctx *c, struct rd *r)
{
	struct rtp *s = c->state;
	struct packet p;
	if (!s->known && !packet_of(r, &p) && !rtcp_is(r))
		return DISSECT_NOT_MINE;
	s->known = true;
	return see_known(c, s, r);
}

static void end(struct dissect_ctx *c)
{
	struct rtp *s = c->state;
	for (uint8_t dir = 0; dir < 2; dir++) {
		struct stream *st = &s->stream[dir];
		struct dissect_ctx one = *c;
		one.dir = dir;
		if (!st->started || !s->known)
			continue;
		uint32_t lost = st->lost_before + lost_of(st);
		/* a late packet may have filled what an earlier record counted */
		notes_num_add(c->notes, dissect_field(&one, F_rtp_lost),
			      lost > st->lost_told ? lost - st->lost_told : 0);
		notes_num_add(c->notes, dissect_field(&one, F_rtp_gaps), st->gaps - st->gaps_told);
		if (st->rate)
			notes_num_put(c->notes, dissect_field(&one, F_rtp_jitter_us),
				      (st->jitter16 >> 4) / 1000);
		st->lost_told = lost > st->lost_told ? lost : st->lost_told;
		st->gaps_told = st->gaps;
	}
}

const struct dissector dissector_rtp = {
    .name = "rtp",
    .title = "Real-time Transport Protocol",
    .over = OVER_UDP,
    .ports = {5004},
    FIRST_BYTES("\x80\xbf"),
    .state_size = sizeof(struct rtp),
    .see = see,
    .end = end,
};

const struct dissector dissector_rtp_media = {
    .name = "rtp",
    .title = "Real-time Transport Protocol, announced",
    .over = OVER_UDP,
    .ports_only = true,
    .ports = {5004},
    .state_size = sizeof(struct rtp),
    .see = see_media,
    .end = end,
};
