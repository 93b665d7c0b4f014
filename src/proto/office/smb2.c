/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of SMB 2 and 3 (MS-SMB2 2.2), also several in one. */
#include "proto/office/ntlm.h"
#include "proto/office/smb.h"

enum { HEAD_SMB2 = 64, COMPOUND_MAX = 16 };
enum { FLAG_RESPONSE = 1, FLAG_SIGNED = 8 };
enum { STATUS_PENDING = 0x103, WILDCARD = 0x02ff, FSCTL_PIPE_TRANSCEIVE = 0x11c017 };
enum { CLASS_RENAME = 10, CLASS_DISPOSITION = 13, CLASS_DISPOSITION_EX = 64, INFO_FILE = 1 };

/* One of the messages: header and body from its magic on. */
struct smb2 {
	struct rd all, body;
	uint32_t status, flags, id;
	uint16_t command;
};

/* The n bytes that lie `off` bytes behind the header's beginning, as far as they are there. */
static struct rd piece(const struct smb2 *m, uint32_t off, uint32_t n)
{
	struct rd r = m->all;
	rd_skip(&r, off);
	return rd_sub(&r, n < rd_left(&r) ? n : rd_left(&r));
}

static void see_create(struct smb *s, const struct smb2 *m, struct notes *n)
{
	struct rd r = m->body;
	rd_skip(&r, 40);
	uint32_t options = rd_le32(&r);
	uint16_t off = rd_le16(&r), len = rd_le16(&r);
	if (r.bad)
		return;
	if (options & SMB_OPTION_DELETE)
		notes_num_or(n, F_smb_op, SMB_DELETED);
	smb_opening(s, m->id, piece(m, off, len), true, options);
}

static void see_set_info(const struct smb2 *m, struct notes *n)
{
	struct rd r = m->body;
	rd_skip(&r, 2);
	uint8_t type = rd_u8(&r), what = rd_u8(&r);
	uint32_t len = rd_le32(&r);
	struct rd value = piece(m, rd_le16(&r), len);
	if (r.bad || type != INFO_FILE)
		return;
	if ((what == CLASS_DISPOSITION || what == CLASS_DISPOSITION_EX) && rd_u8(&value) & 1)
		notes_num_or(n, F_smb_op, SMB_DELETED);
	else if (what == CLASS_RENAME)
		notes_num_or(n, F_smb_op, SMB_RENAMED);
}

static void see_request(struct dissect_ctx *c, struct smb *s, const struct smb2 *m)
{
	struct rd r = m->body;
	uint16_t off;
	uint32_t len;
	switch (m->command) {
	case SMB_SESSION_SETUP:
		rd_skip(&r, 12);
		off = rd_le16(&r);
		len = rd_le16(&r);
		ntlm_note(c->notes, piece(m, off, len));
		break;
	case SMB_TREE_CONNECT:
		rd_skip(&r, 4);
		off = rd_le16(&r);
		len = rd_le16(&r);
		smb_note_tree(c, s, piece(m, off, len), true);
		break;
	case SMB_CREATE:
		see_create(s, m, c->notes);
		break;
	case SMB_SET_INFO:
		see_set_info(m, c->notes);
		break;
	case SMB_WRITE:
		rd_skip(&r, 2);
		off = rd_le16(&r);
		len = rd_le32(&r);
		notes_num_or(c->notes, F_smb_op, SMB_HAS_WRITTEN);
		smb_data(c, s, piece(m, off, len));
		break;
	case SMB_READ:
		notes_num_or(c->notes, F_smb_op, SMB_HAS_READ);
		break;
	case SMB_IOCTL:
		rd_skip(&r, 4);
		uint32_t code = rd_le32(&r);
		rd_skip(&r, 16);
		off = (uint16_t)rd_le32(&r);
		len = rd_le32(&r);
		if (code == FSCTL_PIPE_TRANSCEIVE)
			smb_data(c, s, piece(m, off, len));
		break;
	}
	if (m->command != SMB_CANCEL && m->command != SMB_CHANGE_NOTIFY)
		asked_ask(&s->open, c, m->id, (uint8_t)m->command);
}

static void see_response(struct dissect_ctx *c, struct smb *s, const struct smb2 *m)
{
	struct rd r = m->body;
	uint32_t off, len;
	if (m->status == STATUS_PENDING || m->command == SMB_OPLOCK_BREAK)
		return;
	bool failed = smb_note_status(c->notes, m->status);
	if (m->command != SMB_CHANGE_NOTIFY)
		asked_answer(&s->open, c, m->id, failed);
	switch (m->command) {
	case SMB_NEGOTIATE:
		rd_skip(&r, 4);
		uint16_t dialect = rd_le16(&r);
		if (!r.bad && dialect != WILDCARD && dialect >= 0x0202 && dialect <= 0x0311)
			notes_num_once(c->notes, F_smb_dialect, dialect);
		break;
	case SMB_CREATE:
		rd_skip(&r, 4);
		uint32_t action = rd_le32(&r);
		rd_skip(&r, 48);
		smb_opened(c, s, m->id, m->status, action, rd_le32(&r));
		break;
	case SMB_READ:
		rd_skip(&r, 2);
		off = rd_u8(&r);
		rd_skip(&r, 1);
		len = rd_le32(&r);
		smb_data(c, s, piece(m, off, len));
		break;
	case SMB_IOCTL:
		rd_skip(&r, 4);
		uint32_t code = rd_le32(&r);
		rd_skip(&r, 24);
		off = rd_le32(&r);
		len = rd_le32(&r);
		if (code == FSCTL_PIPE_TRANSCEIVE)
			smb_data(c, s, piece(m, off, len));
		break;
	}
}

/* One message and how far behind it the next begins, 0 if it is the last. */
static uint32_t see_one(struct dissect_ctx *c, struct smb *s, struct rd r)
{
	struct smb2 m = {.all = r};
	rd_skip(&r, 4);
	uint16_t head = rd_le16(&r);
	rd_skip(&r, 2);
	m.status = rd_le32(&r);
	m.command = rd_le16(&r);
	rd_skip(&r, 2);
	m.flags = rd_le32(&r);
	uint32_t next = rd_le32(&r);
	m.id = rd_le32(&r);
	rd_skip(&r, HEAD_SMB2 - 28);
	if (r.bad || head != HEAD_SMB2 || m.command >= SMB_COMMANDS)
		return 0;
	m.body = r;
	if (next >= HEAD_SMB2 && next < rd_left(&m.all))
		m.all.end = m.all.p + next;
	notes_num_or(c->notes, F_smb_command, UINT32_C(1) << m.command);
	if (m.flags & FLAG_SIGNED)
		notes_num_or(c->notes, F_smb_flags, SMB_SIGNED);
	if (m.flags & FLAG_RESPONSE)
		see_response(c, s, &m);
	else
		see_request(c, s, &m);
	return next;
}

void smb2_see(struct dissect_ctx *c, struct smb *s, struct rd r)
{
	for (int i = 0; i < COMPOUND_MAX && rd_left(&r) >= HEAD_SMB2; i++) {
		uint32_t next = see_one(c, s, r);
		if (next < HEAD_SMB2)
			return;
		rd_skip(&r, next);
	}
}
