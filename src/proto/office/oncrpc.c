/* SPDX-License-Identifier: Apache-2.0 */
/* ONC RPC (RFC 5531) over UDP and TCP: which program, version and procedure (NFS, mount, portmap,
 * lock manager...), the client's machine, files that NFS looks up (RFC 1094, 1813, 7530), errors.
 */
#include "proto/asked.h"
#include "proto/guess.h"

#include <stdio.h>

enum { READ_MAX_RPC = 600, RECORD_MAX = 1 << 24, LAST = 0x80 };
enum { CALL = 0, REPLY = 1, RPC_VERSION = 2, AUTH_UNIX = 1, AUTH_MAX = 400, TEXT_MAX = 64 };
enum { NFS = 100003 };

struct oncrpc {
	struct asked open;
	bool known;
};

static const struct program {
	uint32_t number;
	const char *name;
} programs[] = {{100000, "portmap"}, {100003, "nfs"},      {100004, "ypserv"}, {100005, "mount"},
		{100007, "ypbind"},  {100011, "rquotad"},  {100021, "nlm"},    {100024, "status"},
		{100227, "nfs_acl"}, {100026, "bootparam"}};
static const char *const nfs3[] = {
    "NULL",    "GETATTR",     "SETATTR", "LOOKUP", "ACCESS",   "READLINK", "READ",   "WRITE",
    "CREATE",  "MKDIR",       "SYMLINK", "MKNOD",  "REMOVE",   "RMDIR",    "RENAME", "LINK",
    "READDIR", "READDIRPLUS", "FSSTAT",  "FSINFO", "PATHCONF", "COMMIT"};
static const char *const nfs2[] = {"NULL", "GETATTR",    "SETATTR", "ROOT",   "LOOKUP",  "READLINK",
				   "READ", "WRITECACHE", "WRITE",   "CREATE", "REMOVE",  "RENAME",
				   "LINK", "SYMLINK",    "MKDIR",   "RMDIR",  "READDIR", "STATFS"};
static const char *const nfs4[] = {"NULL", "COMPOUND"};
static const char *const mount[] = {"NULL", "MNT", "DUMP", "UMNT", "UMNTALL", "EXPORT"};
static const char *const portmap[] = {"NULL", "SET", "UNSET", "GETPORT", "DUMP", "CALLIT"};

struct call {
	uint32_t xid, program, version, procedure;
	struct rd args;
};

/* XDR: a length and as many bytes, filled up to four. */
static struct rd opaque(struct rd *r, uint32_t max)
{
	uint32_t n = rd_be32(r);
	if (n > max)
		r->bad = true;
	struct rd body = rd_sub(r, n);
	rd_skip(r, (4 - (n & 3)) & 3);
	return body;
}

static const char *program_name(uint32_t number)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (programs[i].number == number)
			return programs[i].name;
	return NULL;
}

#define NAME_IN(table, i) ((i) < sizeof(table) / sizeof((table)[0]) ? (table)[i] : NULL)
static const char *procedure_name(const struct call *k)
{
	if (k->program == NFS)
		return k->version == 2   ? NAME_IN(nfs2, k->procedure)
		       : k->version == 3 ? NAME_IN(nfs3, k->procedure)
		       : k->version == 4 ? NAME_IN(nfs4, k->procedure)
					 : NULL;
	if (k->program == 100005)
		return NAME_IN(mount, k->procedure);
	return k->program == 100000 ? NAME_IN(portmap, k->procedure) : NULL;
}

/* Head of a call, credentials and verifier; false: it is none. */
static bool call_of(struct rd r, struct call *k, struct rd *ret_machine)
{
	k->xid = rd_be32(&r);
	if (rd_be32(&r) != CALL || rd_be32(&r) != RPC_VERSION)
		return false;
	k->program = rd_be32(&r);
	k->version = rd_be32(&r);
	k->procedure = rd_be32(&r);
	if (r.bad || k->program < 100000 || k->program >= 0x60000000 || k->version > 8 ||
	    k->procedure > 64)
		return false;
	uint32_t flavor = rd_be32(&r);
	struct rd credentials = opaque(&r, AUTH_MAX);
	uint32_t verifier = rd_be32(&r);
	(void)opaque(&r, AUTH_MAX);
	*ret_machine = rd_none();
	if (flavor == AUTH_UNIX && !r.bad) {
		rd_skip(&credentials, 4);
		*ret_machine = opaque(&credentials, 255);
		if (credentials.bad)
			return false;
	}
	k->args = r;
	return !r.bad && flavor <= 6 && verifier <= 6;
}

/* The name that LOOKUP, CREATE, REMOVE and their like give after the handle of a folder. */
static void note_file(struct notes *n, const struct call *k)
{
	struct rd r = k->args, name;
	if (k->program == 100005 && k->procedure == 1) {
		name = opaque(&r, 1024);
	} else if (k->program == NFS && k->version == 3 &&
		   (k->procedure == 3 || (k->procedure >= 8 && k->procedure <= 14))) {
		(void)opaque(&r, 64);
		name = opaque(&r, 255);
	} else if (k->program == NFS && k->version == 2 &&
		   (k->procedure == 4 || (k->procedure >= 9 && k->procedure <= 11))) {
		rd_skip(&r, 32);
		name = opaque(&r, 255);
	} else {
		return;
	}
	if (!r.bad && rd_left(&name))
		notes_str_once(n, F_nfs_file, name.p, rd_left(&name));
}

static void see_call(struct dissect_ctx *c, struct oncrpc *s, const struct call *k,
		     struct rd machine)
{
	char text[TEXT_MAX];
	const char *program = program_name(k->program), *procedure = procedure_name(k);
	int n =
	    procedure ? snprintf(text, sizeof(text), "%s v%u %s", program, k->version, procedure)
	    : program
		? snprintf(text, sizeof(text), "%s v%u %u", program, k->version, k->procedure)
		: snprintf(text, sizeof(text), "%u v%u %u", k->program, k->version, k->procedure);
	if (program)
		notes_str_once(c->notes, F_app_name, program, strlen(program));
	if (n > 0 && k->procedure) /* procedure 0 only asks whether somebody is there */
		notes_str_once(c->notes, F_app_command, text, (size_t)n);
	if (rd_left(&machine))
		notes_str_once(c->notes, F_app_client, machine.p, rd_left(&machine));
	note_file(c->notes, k);
	asked_ask(&s->open, c, k->xid, k->program == NFS ? (uint8_t)k->version : 0);
}

/* False: no reply. */
static bool see_reply(struct dissect_ctx *c, struct oncrpc *s, struct rd r)
{
	uint32_t xid = rd_be32(&r);
	if (rd_be32(&r) != REPLY)
		return false;
	uint32_t denied = rd_be32(&r);
	bool failed = denied != 0;
	unsigned place = asked_find(&s->open, xid);
	if (r.bad || denied > 1 || (!s->known && place == ASKED_OPEN))
		return false;
	if (!denied) {
		rd_skip(&r, 4);
		(void)opaque(&r, AUTH_MAX);
		uint32_t accepted = rd_be32(&r), status = 0;
		if (place != ASKED_OPEN &&
		    s->open.open[place].kind) /* NFS: its status comes first */
			status = rd_be32(&r);
		failed = accepted != 0 || (status != 0 && !r.bad);
	}
	asked_answer(&s->open, c, xid, failed);
	return true;
}

static bool see_message(struct dissect_ctx *c, struct oncrpc *s, struct rd r)
{
	struct call k;
	struct rd machine;
	if (call_of(r, &k, &machine)) {
		if (!s->known && !program_name(k.program))
			return false;
		see_call(c, s, &k, machine);
		return true;
	}
	return see_reply(c, s, r);
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct oncrpc *s = c->state;
	if (c->ends->proto != PROTO_TCP) {
		s->known |= rd_left(r) >= 24 && r->p[4] == 0 && see_message(c, s, *r);
		rd_skip(r, rd_left(r));
		return s->known ? DISSECT_MINE : DISSECT_NOT_MINE;
	}
	if (c->gap)
		return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
	while (rd_left(r) && !c->skip) {
		struct rd at = *r;
		uint8_t last = rd_u8(&at);
		uint32_t len = rd_be24(&at);
		if (last != LAST || len > RECORD_MAX || (!at.bad && len < 24))
			return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		/* the rest of an xid, then 0 for a call, 1 for a reply */
		if (rd_left(&at) >= 8 && load_be32(at.p + 4) > REPLY)
			return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		if (at.bad || (rd_left(&at) < len && rd_left(&at) < READ_MAX_RPC))
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		struct rd msg = rd_sub(&at, len < rd_left(&at) ? len : rd_left(&at));
		if (!see_message(c, s, msg) && !s->known)
			return DISSECT_NOT_MINE;
		s->known = true;
		c->skip = len - (uint64_t)(msg.end - msg.p);
		*r = at;
		c->first_ns = c->t_ns; /* messages behind the first came now */
	}
	return DISSECT_MINE;
}

const struct dissector dissector_oncrpc = {
    .name = "oncrpc",
    .title = "ONC Remote Procedure Call, NFS",
    .over = OVER_TCP | OVER_UDP,
    .ports = {2049, 111},
    .state_size = sizeof(struct oncrpc),
    .see = see,
};
