/* SPDX-License-Identifier: Apache-2.0 */
/* VNC's remote framebuffer protocol (RFC 6143 7.1): versions, the security type, its result. */
#include "proto/guess.h"
#include "proto/text.h"

enum { VERSION_LEN = 12, RESULT_LEN = 4 };
enum { SECURITY_VNC = 2, CHALLENGE = 16 };

enum step { STEP_VERSION, STEP_SECURITY, STEP_CHALLENGE, STEP_RESULT };

struct vnc {
	bool known, old;  /* old: the server alone chooses (3.3) */
	uint8_t client;   /* its direction */
	uint8_t step[2];  /* of each direction */
	uint8_t security; /* as chosen */
};

static const struct security {
	uint8_t type;
	const char *name;
} securities[] = {{1, "none"},      {2, "VNC authentication"},
		  {5, "RA2"},       {6, "RA2ne"},
		  {16, "Tight"},    {17, "Ultra"},
		  {18, "TLS"},      {19, "VeNCrypt"},
		  {20, "SASL"},     {30, "Apple"},
		  {113, "MS-Logon"}};

static void note_security(struct notes *n, struct vnc *s, uint8_t type)
{
	s->security = type;
	for (size_t i = 0; i < sizeof(securities) / sizeof(securities[0]); i++)
		if (securities[i].type == type)
			notes_str_once(n, F_app_command, securities[i].name,
				       strlen(securities[i].name));
}

/* "RFB 003.008\n" */
static bool is_version(const struct rd *r)
{
	static const char shape[] = "RFB 000.000\n";
	for (size_t i = 0; i < VERSION_LEN && i < rd_left(r); i++)
		if (shape[i] == '0' ? r->p[i] < '0' || r->p[i] > '9' : r->p[i] != (uint8_t)shape[i])
			return false;
	return true;
}

static enum dissect see_server(struct dissect_ctx *c, struct vnc *s, struct rd *r)
{
	struct rd at = *r;
	if (s->step[c->dir] == STEP_SECURITY && s->old) {
		uint32_t type = rd_be32(&at);
		if (at.bad)
			return DISSECT_MINE;
		note_security(c->notes, s, (uint8_t)type);
		s->step[c->dir] = type == SECURITY_VNC ? STEP_CHALLENGE : STEP_RESULT;
	} else if (s->step[c->dir] == STEP_SECURITY) {
		uint8_t n = rd_u8(&at);
		rd_skip(&at, n);
		if (at.bad)
			return DISSECT_MINE;
		s->step[c->dir] = STEP_CHALLENGE;
	} else if (s->step[c->dir] == STEP_CHALLENGE && s->security == SECURITY_VNC) {
		rd_skip(&at, CHALLENGE);
		if (at.bad)
			return DISSECT_MINE;
		s->step[c->dir] = STEP_RESULT;
	} else {
		uint32_t result = rd_be32(&at);
		if (at.bad)
			return DISSECT_MINE;
		if (s->security == SECURITY_VNC && result != 0)
			notes_num_add(c->notes, F_app_errors, 1);
		return DISSECT_DONE;
	}
	*r = at;
	return DISSECT_MINE;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct vnc *s = c->state;
	if (c->gap)
		return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	for (;;) {
		size_t before = rd_left(r);
		if (before == 0)
			return s->known ? DISSECT_MINE : DISSECT_NOT_MINE;
		if (s->step[c->dir] == STEP_VERSION) {
			if (!is_version(r))
				return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
			if (before < VERSION_LEN)
				return s->known ? DISSECT_MINE : DISSECT_MORE;
			if (!s->known) /* the server speaks first */
				s->client = !c->dir;
			s->known = true;
			const uint8_t *p = rd_take(r, VERSION_LEN);
			notes_str_once(c->notes, c->dir == s->client ? F_app_client : F_app_server,
				       p, VERSION_LEN - 1);
			s->old |= p[10] < '7' && p[6] == '3';
			s->step[c->dir] = STEP_SECURITY;
		} else if (c->dir == s->client) {
			if (s->step[c->dir] == STEP_SECURITY && !s->old)
				note_security(c->notes, s, *r->p);
			s->step[c->dir] = STEP_CHALLENGE;
			rd_skip(r, before);
			return DISSECT_MINE;
		} else {
			enum dissect got = see_server(c, s, r);
			if (got == DISSECT_DONE || rd_left(r) == before)
				return got;
		}
	}
}

const struct dissector dissector_vnc = {
    .name = "vnc",
    .title = "Remote Framebuffer (VNC)",
    .over = OVER_TCP,
    .ports = {5900, 5901, 5902},
    FIRST_BYTES("RR"),
    .state_size = sizeof(struct vnc),
    .see = see,
};
