/* SPDX-License-Identifier: Apache-2.0 */
/* SIP (RFC 3261) over UDP and TCP: who calls whom, how it ended and how long it took. Session
 * descriptions (RFC 4566) in it announce the media streams. */
#include "proto/asked.h"
#include "proto/dissection.h"
#include "proto/guess.h"
#include "proto/office/rtp.h"
#include "proto/text.h"

enum { HEADERS_MAX = 128, BODY_MAX = 16384, LINE_MAX_SIP = 4096 };
enum { STATUS = 99 };
enum { TRYING = 100, RINGING = 180, OK = 200 };

static const struct method {
	const char *name;
	uint8_t type; /* CESNET's SIPMsgType */
} methods[] = {{"INVITE", 1},   {"ACK", 2},     {"CANCEL", 3},  {"BYE", 4},   {"REGISTER", 5},
	       {"OPTIONS", 6},  {"PUBLISH", 7}, {"NOTIFY", 8},  {"INFO", 9},  {"SUBSCRIBE", 10},
	       {"MESSAGE", 98}, {"PRACK", 98},  {"UPDATE", 98}, {"REFER", 98}};
enum { N_METHODS = sizeof(methods) / sizeof(methods[0]), INVITE = 1, ACK = 2, BYE = 4 };

struct sip {
	struct asked open;
	bool known, final; /* final: the first request has its last answer */
	uint32_t first_key;
	uint64_t invited_ns, talking_ns;
};

/* The headers of a message that matter. */
struct sip_message {
	struct rd call_id, from, to, via, agent, cseq, type, uri;
	uint64_t length;
	bool has_length;
	uint16_t status; /* 0: a request */
	uint8_t method;  /* of methods[] type */
};

static uint32_t hash_of(struct rd a, struct rd b)
{
	uint32_t h = UINT32_C(2166136261);
	for (; rd_left(&a); rd_skip(&a, 1))
		h = (h ^ *a.p) * UINT32_C(16777619);
	for (; rd_left(&b); rd_skip(&b, 1))
		h = (h ^ *b.p) * UINT32_C(16777619);
	return h;
}

/* Request or status line; false: neither. */
static bool first_line(struct rd line, struct sip_message *m)
{
	uint64_t code;
	if (text_begins(&line, "SIP/2.0 ")) {
		rd_skip(&line, 8);
		if (!text_number(&line, &code) || code < 100 || code > 699)
			return false;
		m->status = (uint16_t)code;
		m->method = STATUS;
		return true;
	}
	struct rd word = text_word(&line);
	for (int i = 0; i < N_METHODS; i++)
		if (text_is(&word, methods[i].name))
			m->method = methods[i].type;
	m->uri = text_word(&line);
	return m->method && rd_left(&m->uri) && text_is(&line, "SIP/2.0");
}

static void header(struct sip_message *m, struct rd line)
{
	struct rd name = text_trim(text_until(&line, ':')), value = text_trim(line);
	const struct {
		const char *full, *brief;
		struct rd *to;
	} kept[] = {{"Call-ID", "i", &m->call_id},
		    {"From", "f", &m->from},
		    {"To", "t", &m->to},
		    {"Via", "v", &m->via},
		    {"CSeq", "CSeq", &m->cseq},
		    {"User-Agent", "User-Agent", &m->agent},
		    {"Server", "Server", &m->agent},
		    {"Content-Type", "c", &m->type}};
	if (text_is_nocase(&name, "Content-Length") || text_is_nocase(&name, "l"))
		m->has_length = text_number(&value, &m->length);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if ((text_is_nocase(&name, kept[i].full) || text_is_nocase(&name, kept[i].brief)) &&
		    rd_left(kept[i].to) == 0)
			*kept[i].to = value;
}

/* First line and headers, consumed. 1: all there, 0: half, -1: not SIP. */
static int headers(struct rd *r, struct sip_message *m)
{
	struct rd line;
	bool first = true;
	for (int i = 0; i < HEADERS_MAX; i++) {
		if (!text_line(r, &line))
			return 0;
		if (first && rd_left(&line) == 0)
			continue; /* an empty line before a message keeps the connection alive */
		if (first && !first_line(line, m))
			return -1;
		if (!first && rd_left(&line) == 0)
			return 1;
		if (!first)
			header(m, line);
		first = false;
	}
	return -1;
}

/* "Name" <sip:a@b;x=y>;tag=z: what stands between the brackets, or before the parameters. */
static struct rd uri_of(struct rd value)
{
	const uint8_t *open = rd_left(&value) ? memchr(value.p, '<', rd_left(&value)) : NULL;
	if (open) {
		rd_skip(&value, (size_t)(open - value.p) + 1);
		value = text_until(&value, '>');
	}
	return text_trim(text_until(&value, ';'));
}

static void note(struct notes *n, enum field f, struct rd value)
{
	if (rd_left(&value))
		notes_str_once(n, f, value.p, rd_left(&value));
}

/* --- session descriptions */

static void announce(struct dissect_ctx *c, const struct ip *ip, uint16_t port, uint16_t rtcp)
{
	const struct ip *sender = c->dir == 0 ? &c->ends->src : &c->ends->dst;
	/* behind a translation media come from where the message came from */
	const struct ip *both[] = {ip, sender};
	for (int i = 0; i < (ip_equal(ip, sender) ? 1 : 2); i++) {
		dissect_expect(c, both[i], port, PROTO_UDP, &dissector_rtp_media);
		dissect_expect(c, both[i], rtcp, PROTO_UDP, &dissector_rtcp);
	}
}

static bool connection(struct rd line, struct ip *ret)
{
	(void)text_word(&line); /* c=IN */
	(void)text_word(&line); /* IP4 */
	struct rd addr = text_until(&line, '/');
	return ip_parse((const char *)addr.p, rd_left(&addr), ret) == ERR_OK;
}

static void see_media(struct dissect_ctx *c, struct rd line, const struct ip *ip)
{
	bool audio = text_begins(&line, "m=audio "), video = text_begins(&line, "m=video ");
	uint64_t port;
	(void)text_word(&line);
	if ((!audio && !video) || !text_number(&line, &port) || port == 0 || port > 65534)
		return;
	notes_num_once(c->notes, audio ? F_sip_audio_port : F_sip_video_port, port);
	notes_ip_once(c->notes, F_sip_media_ip, ip);
	announce(c, ip, (uint16_t)port, (uint16_t)(port + 1));
}

static void see_description(struct dissect_ctx *c, struct rd body)
{
	struct rd line, media = rd_none();
	struct ip session = c->dir == 0 ? c->ends->src : c->ends->dst, ip = session;
	while (text_line(&body, &line)) {
		if (text_begins(&line, "m=")) {
			if (rd_left(&media))
				see_media(c, media, &ip);
			media = line;
			ip = session;
		} else if (text_begins(&line, "c=") && connection(line, &ip) &&
			   rd_left(&media) == 0) {
			session = ip;
		}
	}
	if (rd_left(&media))
		see_media(c, media, &ip);
}

/* --- messages */

static void note_times(struct dissect_ctx *c, struct sip *s, const struct sip_message *m)
{
	struct rd cseq = m->cseq;
	(void)text_word(&cseq);
	bool of_invite = text_is(&cseq, "INVITE");
	if (m->method == INVITE && !s->invited_ns)
		s->invited_ns = c->t_ns;
	if (m->method == BYE && s->talking_ns)
		notes_num_once(c->notes, F_sip_bye_us, (c->t_ns - s->talking_ns) / 1000);
	if (!m->status || !of_invite || !s->invited_ns)
		return;
	uint64_t us = (c->t_ns - s->invited_ns) / 1000;
	if (m->status == RINGING)
		notes_num_once(c->notes, F_sip_ringing_us, us);
	if (m->status == OK) {
		notes_num_once(c->notes, F_sip_ok_us, us);
		if (!s->talking_ns)
			s->talking_ns = c->t_ns;
	}
}

static void note_status(struct notes *n, struct sip *s, const struct sip_message *m, uint32_t key)
{
	if (s->first_key && key != s->first_key)
		return;
	s->first_key = key;
	if (s->final)
		return;
	s->final = m->status >= 200;
	notes_num_put(n, F_sip_status, m->status);
}

static void see_message(struct dissect_ctx *c, struct sip *s, const struct sip_message *m)
{
	struct notes *n = c->notes;
	uint32_t key = hash_of(m->call_id, m->cseq) | 1;
	notes_num_once(n, F_sip_msg_type, m->method);
	note(n, F_sip_call_id, m->call_id);
	note(n, F_sip_from, uri_of(m->from));
	note(n, F_sip_to, uri_of(m->to));
	note(n, F_sip_via, m->via);
	note(n, F_sip_user_agent, m->agent);
	note(n, F_sip_cseq, m->cseq);
	note(n, F_sip_uri, m->uri);
	note_times(c, s, m);
	if (m->status) {
		note_status(n, s, m, key);
		if (m->status >= 400 || asked_find(&s->open, key) != ASKED_OPEN)
			asked_answer(&s->open, c, key, m->status >= 400);
	} else if (m->method != ACK) {
		if (!s->first_key)
			s->first_key = key;
		if (asked_find(&s->open, key) == ASKED_OPEN) /* else it is sent again */
			asked_ask(&s->open, c, key, m->method);
	}
}

static bool may_be(const struct rd *r)
{
	if (guess_may_begin(r, "SIP/2.0 "))
		return true;
	for (int i = 0; i < N_METHODS; i++) {
		size_t n = strlen(methods[i].name);
		if (guess_may_begin(r, methods[i].name) && (rd_left(r) <= n || r->p[n] == ' '))
			return true;
	}
	return false;
}

/* Bytes that keep a path open: nothing, line ends, zeros. */
static bool is_keepalive(const struct rd *r)
{
	for (const uint8_t *p = r->p; p < r->end; p++)
		if (*p != '\r' && *p != '\n' && *p != 0)
			return false;
	return rd_left(r) <= 4;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct sip *s = c->state;
	bool stream = c->ends->proto == PROTO_TCP;
	enum dissect no = s->known ? DISSECT_MINE : DISSECT_NOT_MINE;
	if (s->known && !stream && is_keepalive(r))
		rd_skip(r, rd_left(r));
	while (rd_left(r) && !c->skip) {
		struct sip_message m = {0};
		struct rd at = *r;
		if ((!s->known || c->gap) && !may_be(r)) {
			rd_skip(r, rd_left(r));
			return no;
		}
		int got = headers(&at, &m);
		if (got == 0 && !stream && m.method)
			got = 1; /* the datagram was cut */
		if (got == 0 && stream && rd_left(r) < LINE_MAX_SIP * 3)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		if (got != 1 || (!s->known && (rd_left(&m.via) == 0 || rd_left(&m.call_id) == 0))) {
			rd_skip(r, rd_left(r));
			return no;
		}
		uint64_t len = m.has_length || stream ? m.length : rd_left(&at);
		if (stream && len <= BODY_MAX / 2 && rd_left(&at) < len)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		struct rd body = rd_sub(&at, len < rd_left(&at) ? (size_t)len : rd_left(&at));
		s->known = true;
		c->skip = stream ? len - (uint64_t)(body.end - body.p) : 0;
		see_message(c, s, &m);
		if (guess_has_word(&m.type, "application/sdp"))
			see_description(c, body);
		if (!stream)
			rd_skip(&at, rd_left(&at));
		*r = at;
		c->first_ns = c->t_ns; /* messages behind the first came now */
	}
	return s->known ? DISSECT_MINE : DISSECT_NOT_MINE;
}

const struct dissector dissector_sip = {
    .name = "sip",
    .title = "Session Initiation Protocol",
    .over = OVER_TCP | OVER_UDP,
    .ports = {5060},
    FIRST_BYTES("AZaz"),
    .state_size = sizeof(struct sip),
    .see = see,
};
