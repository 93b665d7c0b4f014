/* SPDX-License-Identifier: Apache-2.0 */
/* SMB 1 to 3 over TCP 445 and NetBIOS sessions (139): shares, files, what was done, errors; DCE/RPC
 * in its pipes (MS-CIFS, MS-SMB2, RFC 1002). Of long messages the beginning is read. */
#include "proto/office/smb.h"

#include "proto/text.h"

enum { READ_MAX_SMB = 2048, NBSS_HEAD = 4, MESSAGE_MAX = 0xffffff };
enum { NBSS_MESSAGE = 0, NBSS_REQUEST = 0x81, NBSS_POSITIVE = 0x82, NBSS_KEEPALIVE = 0x85 };
enum { SMB1_HEAD = 32, SMB2_HEAD = 64, TRANSFORM_HEAD = 52, COMPRESSION_HEAD = 16 };

static size_t to_text(struct rd r, bool unicode, uint8_t *out, size_t cap)
{
	if (unicode)
		return text_from_utf16le(r, out, cap);
	size_t n = rd_left(&r) < cap ? rd_left(&r) : cap;
	if (n)
		memcpy(out, r.p, n);
	return n;
}

static size_t without_nul(const uint8_t *p, size_t n)
{
	const uint8_t *end = n ? memchr(p, 0, n) : NULL;
	return end ? (size_t)(end - p) : n;
}

void smb_note_tree(struct dissect_ctx *c, struct smb *s, struct rd path, bool unicode)
{
	uint8_t text[SMB_NAME_MAX];
	size_t n = without_nul(text, to_text(path, unicode, text, sizeof(text)));
	bool pipes = n >= 4 && memcmp(text + n - 4, "IPC$", 4) == 0;
	if (n == 0)
		return;
	s->in_pipes = pipes;
	if (s->noted_pipes && !pipes)
		notes_str_put(c->notes, F_smb_tree, text, n);
	else if (notes_has(c->notes, F_smb_tree))
		return;
	else
		notes_str_once(c->notes, F_smb_tree, text, n);
	s->noted_pipes = pipes;
}

void smb_opening(struct smb *s, uint32_t key, struct rd name, bool unicode, uint32_t options)
{
	struct smb_name *at = &s->names[s->next_name];
	s->next_name = (uint8_t)((s->next_name + 1) % SMB_NAMES);
	at->key = key;
	at->len = (uint16_t)without_nul(at->text, to_text(name, unicode, at->text, SMB_NAME_MAX));
	at->type = s->in_pipes                      ? SMB_PIPE
		   : options & SMB_OPTION_DIRECTORY ? SMB_FOLDER
		   : options & SMB_OPTION_FILE      ? SMB_FILE
						    : SMB_FILE_UNKNOWN;
}

static void note_file(struct notes *n, struct smb *s, const struct smb_name *name, uint8_t type)
{
	/* the rank of what is worth telling: a file, a pipe, a folder, what did not open */
	static const uint8_t rank[] = {
	    [SMB_FILE_UNKNOWN] = 0, [SMB_FOLDER] = 1, [SMB_PIPE] = 2, [SMB_FILE] = 3};
	if (name->len == 0 || (notes_has(n, F_smb_file) && rank[type] <= rank[s->file_type]))
		return;
	s->file_type = type;
	notes_str_put(n, F_smb_file, name->text, name->len);
	if (type)
		notes_num_put(n, F_smb_file_type, type);
}

void smb_opened(struct dissect_ctx *c, struct smb *s, uint32_t key, uint32_t status,
		uint32_t action, uint32_t attributes)
{
	static const uint8_t ops[] = {SMB_OVERWRITTEN, SMB_OPENED, SMB_CREATED, SMB_OVERWRITTEN};
	if (status == 0 && action < sizeof(ops))
		notes_num_or(c->notes, F_smb_op, ops[action]);
	for (int i = 0; i < SMB_NAMES; i++) {
		struct smb_name *at = &s->names[i];
		if (at->len == 0 || at->key != key)
			continue;
		uint8_t type = status                                 ? SMB_FILE_UNKNOWN
			       : at->type == SMB_PIPE                 ? SMB_PIPE
			       : attributes & SMB_ATTRIBUTE_DIRECTORY ? SMB_FOLDER
								      : SMB_FILE;
		note_file(c->notes, s, at, type);
		at->len = 0;
		return;
	}
}

/* What is no error of anybody: more is to come, the end of a list or file. */
static bool is_harmless(uint32_t status)
{
	enum {
		MORE_PROCESSING = 0xc0000016,
		END_OF_FILE = 0xc0000011,
		FS_DRIVER_REQUIRED = 0xc000019c
	};
	return status >> 30 != 3 || status == MORE_PROCESSING || status == END_OF_FILE ||
	       status == FS_DRIVER_REQUIRED;
}

bool smb_note_status(struct notes *n, uint32_t status)
{
	uint64_t noted = 0;
	bool error = !is_harmless(status);
	if (!notes_num(n, F_smb_status, &noted) || (noted == 0 && error))
		notes_num_put(n, F_smb_status, error ? status : 0);
	return error;
}

void smb_data(struct dissect_ctx *c, struct smb *s, struct rd data)
{
	size_t len = rpc_length(&data);
	if (len)
		rpc_see(c, &s->rpc, data);
}

/* --- messages */

/* What a message begins with: its magic, and whether the length suits it. */
static uint8_t magic_of(const struct rd *r, size_t len)
{
	static const uint8_t letters[] = {'S', 'M', 'B'};
	if (rd_left(r) < 4 || memcmp(r->p + 1, letters, 3) != 0)
		return 0;
	size_t least = r->p[0] == 0xff   ? SMB1_HEAD
		       : r->p[0] == 0xfe ? SMB2_HEAD
		       : r->p[0] == 0xfd ? TRANSFORM_HEAD
		       : r->p[0] == 0xfc ? COMPRESSION_HEAD
					 : SIZE_MAX;
	return len >= least ? r->p[0] : 0;
}

static void see_message(struct dissect_ctx *c, struct smb *s, struct rd msg, uint8_t magic)
{
	switch (magic) {
	case 0xff:
		smb1_see(c, s, msg);
		break;
	case 0xfe:
		smb2_see(c, s, msg);
		break;
	case 0xfd:
		notes_num_or(c->notes, F_smb_flags, SMB_ENCRYPTED);
		break;
	case 0xfc:
		notes_num_or(c->notes, F_smb_flags, SMB_COMPRESSED);
		break;
	}
}

static bool is_session_packet(uint8_t type, uint32_t len)
{
	return (type == NBSS_REQUEST && len == 68) || (type == NBSS_POSITIVE && len == 0) ||
	       (type == NBSS_KEEPALIVE && len == 0);
}

/* After lost bytes: the next place that looks like the beginning of a message. */
static bool resync(struct rd *r)
{
	for (; rd_left(r) >= NBSS_HEAD + 4; r->p++) {
		struct rd msg = rd_of(r->p + NBSS_HEAD, 4);
		if (r->p[0] == NBSS_MESSAGE && magic_of(&msg, load_be32(r->p) & MESSAGE_MAX))
			return true;
	}
	return false;
}

static enum dissect see(struct dissect_ctx *c, struct rd *r)
{
	struct smb *s = c->state;
	if (c->gap) {
		asked_lost(&s->open);
		asked_lost(&s->rpc.open);
		if (!resync(r))
			return s->known ? DISSECT_MINE : DISSECT_NOT_MINE;
	}
	while (rd_left(r) && !c->skip) {
		struct rd at = *r;
		uint8_t type = rd_u8(&at);
		uint32_t len = rd_be24(&at);
		if (!s->known && (type & 0x7f) > 5)
			return DISSECT_NOT_MINE;
		if (at.bad || (type == NBSS_MESSAGE && rd_left(&at) < 4))
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		bool session = is_session_packet(type, len);
		uint8_t magic = magic_of(&at, len);
		if (!session && (type != NBSS_MESSAGE || !magic))
			return s->known ? DISSECT_DONE : DISSECT_NOT_MINE;
		if (session && !s->known && c->ends->dst_port != 139 && c->ends->src_port != 139)
			return DISSECT_NOT_MINE;
		if (rd_left(&at) < len && rd_left(&at) < READ_MAX_SMB)
			return s->known ? DISSECT_MINE : DISSECT_MORE;
		struct rd msg = rd_sub(&at, len < rd_left(&at) ? len : rd_left(&at));
		s->known = true;
		if (magic)
			see_message(c, s, msg, magic);
		*r = at;
		c->skip = len - (uint64_t)(msg.end - msg.p);
		c->first_ns = c->t_ns; /* messages behind the first came now */
	}
	return DISSECT_MINE;
}

static void end(struct dissect_ctx *c)
{
	struct smb *s = c->state;
	for (int i = 0; i < SMB_NAMES; i++) /* without answers */
		note_file(c->notes, s, &s->names[i], s->names[i].type);
}

const struct dissector dissector_smb = {
    .name = "smb",
    .title = "Server Message Block",
    .over = OVER_TCP,
    .ports = {445, 139},
    FIRST_BYTES("\0\5\x80\x85"),
    .state_size = sizeof(struct smb),
    .see = see,
    .end = end,
};
