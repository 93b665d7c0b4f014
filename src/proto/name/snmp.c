/* SPDX-License-Identifier: Apache-2.0 */
/* SNMP v1, v2c (RFC 1157, 3416) and v3 (RFC 3412, 3414). Known by its BER: a sequence as long as
 * the datagram, a version, then what this version asks for. Of v3 the user is seen, and the rest
 * where it is not encrypted. */
#include "proto/ber.h"
#include "proto/dissector.h"

#include <string.h>

enum { V1 = 0, V2C = 1, V3 = 3, PDU_TRAP_V1 = 4, PDU_MAX = 8, PDU_RESPONSE = 2, REQUESTS = 4 };

struct snmp_message {
	uint8_t version;
	struct rd name; /* community or user */
	bool has_pdu, encrypted;
	uint8_t pdu;
	int64_t request_id, error;
	char oid[BER_OID_TEXT]; /* of the first variable */
};

struct snmp_state {
	struct {
		uint64_t t_ns;
		int64_t id;
		uint8_t dir;
		bool waiting;
	} request[REQUESTS];
	uint8_t next;
};

static bool integer(struct rd *r, int64_t *ret)
{
	struct rd body;
	return ber_expect(r, BER_UNIVERSAL, BER_INTEGER, &body) && ber_integer(body, ret);
}

/* The first variable of a list of (object identifier, value). */
static void read_first_oid(struct rd *r, struct snmp_message *m)
{
	struct rd list, one, oid;
	if (!ber_expect(r, BER_UNIVERSAL, BER_SEQUENCE, &list) ||
	    !ber_expect(&list, BER_UNIVERSAL, BER_SEQUENCE, &one) ||
	    !ber_expect(&one, BER_UNIVERSAL, BER_OID, &oid) || !ber_oid_text(oid, m->oid))
		m->oid[0] = 0;
}

static bool read_pdu(struct rd *r, struct snmp_message *m)
{
	struct ber pdu;
	struct rd oid;
	int64_t index;
	if (!ber_next(r, &pdu) || pdu.class_ != BER_CONTEXT || !pdu.constructed ||
	    pdu.tag > PDU_MAX)
		return false;
	m->has_pdu = true;
	m->pdu = (uint8_t)pdu.tag;
	if (m->pdu == PDU_TRAP_V1) {
		if (!ber_expect(&pdu.body, BER_UNIVERSAL, BER_OID, &oid))
			return false;
		if (!ber_oid_text(oid, m->oid))
			m->oid[0] = 0;
		return true;
	}
	if (!integer(&pdu.body, &m->request_id) || !integer(&pdu.body, &m->error) ||
	    !integer(&pdu.body, &index))
		return false;
	read_first_oid(&pdu.body, m);
	return true;
}

/* User-based security (RFC 3414 2.4): engine, boots, time, user. Others have no name. */
static void read_user(struct rd security, struct snmp_message *m)
{
	struct rd usm, engine;
	int64_t n;
	if (!ber_expect(&security, BER_UNIVERSAL, BER_SEQUENCE, &usm) ||
	    !ber_expect(&usm, BER_UNIVERSAL, BER_OCTETS, &engine) || !integer(&usm, &n) ||
	    !integer(&usm, &n) || !ber_expect(&usm, BER_UNIVERSAL, BER_OCTETS, &m->name))
		m->name = (struct rd){0};
}

static bool read_v3(struct rd *r, struct snmp_message *m)
{
	struct rd head, security, scoped, part;
	int64_t n;
	if (!ber_expect(r, BER_UNIVERSAL, BER_SEQUENCE, &head) || !integer(&head, &n) ||
	    !integer(&head, &n) || !ber_expect(&head, BER_UNIVERSAL, BER_OCTETS, &part) ||
	    rd_left(&part) != 1 || !ber_expect(r, BER_UNIVERSAL, BER_OCTETS, &security))
		return false;
	read_user(security, m);
	if (ber_expect(r, BER_UNIVERSAL, BER_OCTETS, &part)) {
		m->encrypted = true;
		return true;
	}
	return ber_expect(r, BER_UNIVERSAL, BER_SEQUENCE, &scoped) &&
	       ber_expect(&scoped, BER_UNIVERSAL, BER_OCTETS, &part) &&
	       ber_expect(&scoped, BER_UNIVERSAL, BER_OCTETS, &part) && read_pdu(&scoped, m);
}

static bool read_message(struct rd r, struct snmp_message *m)
{
	struct rd body;
	int64_t version;
	if (rd_left(&r) < 8 || *r.p != 0x30 ||
	    !ber_expect(&r, BER_UNIVERSAL, BER_SEQUENCE, &body) || !integer(&body, &version))
		return false;
	m->version = (uint8_t)version;
	if (version == V3)
		return read_v3(&body, m);
	return (version == V1 || version == V2C) &&
	       ber_expect(&body, BER_UNIVERSAL, BER_OCTETS, &m->name) && read_pdu(&body, m);
}

static void note_time(struct dissect_ctx *c, const struct snmp_message *m)
{
	struct snmp_state *s = c->state;
	if (m->pdu != PDU_RESPONSE) {
		unsigned i = s->next++ % REQUESTS;
		s->request[i].t_ns = c->t_ns;
		s->request[i].id = m->request_id;
		s->request[i].dir = c->dir;
		s->request[i].waiting = true;
		notes_num_add(c->notes, F_snmp_requests, 1);
		return;
	}
	if (m->error)
		notes_num_once(c->notes, F_snmp_error, (uint64_t)m->error);
	for (unsigned i = 0; i < REQUESTS; i++) {
		if (!s->request[i].waiting || s->request[i].id != m->request_id ||
		    s->request[i].dir == c->dir || c->t_ns < s->request[i].t_ns)
			continue;
		s->request[i].waiting = false;
		notes_num_once(c->notes, F_snmp_rt_us, (c->t_ns - s->request[i].t_ns) / 1000);
	}
}

static enum dissect snmp_see(struct dissect_ctx *c, struct rd *payload)
{
	struct snmp_message m = {0};
	if (!read_message(*payload, &m))
		return DISSECT_NOT_MINE;
	notes_num_once(c->notes, F_snmp_version, m.version == V1 ? 1 : m.version == V2C ? 2 : 3);
	if (rd_left(&m.name) > 0)
		notes_str_once(c->notes, F_snmp_name, m.name.p, rd_left(&m.name));
	if (m.has_pdu) {
		notes_num_once(c->notes, F_snmp_pdu, m.pdu);
		if (m.oid[0])
			notes_str_once(c->notes, F_snmp_oid, m.oid, strlen(m.oid));
		note_time(c, &m);
	}
	rd_skip(payload, rd_left(payload));
	return DISSECT_MINE;
}

const struct dissector dissector_snmp = {
    .name = "snmp",
    .title = "Simple Network Management Protocol",
    .over = OVER_UDP,
    .ports = {161, 162},
    FIRST_BYTES("00"),
    .state_size = sizeof(struct snmp_state),
    .see = snmp_see,
};
