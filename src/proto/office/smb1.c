/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of SMB 1 (MS-CIFS 2.2, MS-SMB 2.2): a header, then words and bytes of one command, or of
 * several chained ones ("AndX"). */
#include "proto/office/ntlm.h"
#include "proto/office/smb.h"
#include "proto/text.h"

enum { HEAD_SMB1 = 32, CHAIN_MAX = 4, NO_ANDX = 0xff };
enum { IS_REPLY = 0x80, UNICODE = 0x8000, NT_STATUS = 0x4000, IS_SIGNED = 4 };
enum {
	COM_DELETE = 0x06,
	COM_RENAME = 0x07,
	COM_TRANSACTION = 0x25,
	COM_TRANSACTION2 = 0x32,
	COM_OPEN_ANDX = 0x2d,
	COM_READ_ANDX = 0x2e,
	COM_WRITE_ANDX = 0x2f,
	COM_NEGOTIATE = 0x72,
	COM_SESSION_SETUP = 0x73,
	COM_LOGOFF = 0x74,
	COM_TREE_CONNECT = 0x75,
	COM_NT_CREATE = 0xa2,
	COM_NT_CANCEL = 0xa4
};

/* Which SMB2 command does what these do. */
static const uint8_t equals[256] = {
    /* clang-format off */
	[0x00] = SMB_CREATE, [0x01] = SMB_SET_INFO, [0x02] = SMB_CREATE, [0x03] = SMB_CREATE, [0x04] = SMB_CLOSE,
	[0x05] = SMB_FLUSH, [0x06] = SMB_SET_INFO, [0x07] = SMB_SET_INFO, [0x08] = SMB_QUERY_INFO, [0x09] = SMB_SET_INFO,
	[0x0a] = SMB_READ, [0x0b] = SMB_WRITE, [0x0c] = SMB_LOCK, [0x0d] = SMB_LOCK, [0x0e] = SMB_CREATE,
	[0x0f] = SMB_CREATE, [0x10] = SMB_QUERY_INFO, [0x24] = SMB_LOCK, [0x25] = SMB_IOCTL, [0x26] = SMB_IOCTL,
	[0x2b] = SMB_ECHO, [0x2d] = SMB_CREATE, [0x2e] = SMB_READ, [0x2f] = SMB_WRITE, [0x32] = SMB_QUERY_INFO,
	[0x33] = SMB_QUERY_INFO, [0x34] = SMB_CLOSE, [0x70] = SMB_TREE_CONNECT, [0x71] = SMB_TREE_DISCONNECT,
	[0x72] = SMB_NEGOTIATE, [0x73] = SMB_SESSION_SETUP, [0x74] = SMB_LOGOFF, [0x75] = SMB_TREE_CONNECT,
	[0x80] = SMB_QUERY_INFO, [0x81] = SMB_QUERY_DIRECTORY, [0xa0] = SMB_IOCTL, [0xa1] = SMB_IOCTL,
	[0xa2] = SMB_CREATE, [0xa4] = SMB_CANCEL,
    /* clang-format on */
};

/* One command: its words and bytes; all begins with the header. */
struct smb1 {
	struct rd all, words, bytes;
	uint32_t status, key;
	uint8_t command;
	bool reply, unicode;
};

/* A string among the bytes, which begins on an even offset where it is UTF-16; r goes behind it. */
static struct rd string_of(const struct smb1 *m, struct rd *r)
{
	if (!m->unicode)
		return text_until(r, 0);
	if ((r->p - m->all.p) & 1)
		rd_skip(r, 1);
	const uint8_t *from = r->p;
	while (rd_left(r) >= 2 && (r->p[0] || r->p[1]))
		r->p += 2;
	struct rd text = rd_of(from, r->bad ? 0 : (size_t)(r->p - from));
	rd_skip(r, rd_left(r) < 2 ? rd_left(r) : 2);
	return text;
}

static void note_text(struct notes *n, enum field f, const struct smb1 *m, struct rd r)
{
	uint8_t text[SMB_NAME_MAX];
	size_t len = rd_left(&r) < sizeof(text) ? rd_left(&r) : sizeof(text);
	if (m->unicode)
		len = text_from_utf16le(r, text, sizeof(text));
	else if (len)
		memcpy(text, r.p, len);
	if (len)
		notes_str_once(n, f, text, len);
}

static void see_session_setup(struct dissect_ctx *c, const struct smb1 *m)
{
	enum { WITH_BLOB = 24, WITH_PASSWORDS = 26 };
	struct rd w = m->words, b = m->bytes;
	size_t n_words = rd_left(&w);
	rd_skip(&w, 14);
	uint16_t first = rd_le16(&w), second = rd_le16(&w);
	if (n_words == WITH_BLOB) {
		ntlm_note(c->notes, rd_sub(&b, first));
		return;
	}
	if (n_words != WITH_PASSWORDS)
		return;
	rd_skip(&b, (size_t)first + second);
	struct rd user = string_of(m, &b);
	note_text(c->notes, F_user_name, m, user);
	(void)string_of(m, &b); /* domain */
	note_text(c->notes, F_app_client, m, string_of(m, &b));
}

static void see_tree_connect(struct dissect_ctx *c, struct smb *s, const struct smb1 *m)
{
	struct rd w = m->words, b = m->bytes;
	rd_skip(&w, 6);
	rd_skip(&b, rd_le16(&w));
	smb_note_tree(c, s, string_of(m, &b), m->unicode);
}

/* Transactions of named pipes carry DCE/RPC; reads and writes of pipes do, too. */
static void see_piece(struct dissect_ctx *c, struct smb *s, const struct smb1 *m, uint32_t len,
		      uint32_t off)
{
	struct rd r = m->all;
	rd_skip(&r, off);
	smb_data(c, s, rd_sub(&r, len < rd_left(&r) ? len : rd_left(&r)));
}

static void see_request(struct dissect_ctx *c, struct smb *s, const struct smb1 *m)
{
	struct rd w = m->words, b = m->bytes;
	uint16_t len, off;
	switch (m->command) {
	case COM_SESSION_SETUP:
		see_session_setup(c, m);
		break;
	case COM_TREE_CONNECT:
		see_tree_connect(c, s, m);
		break;
	case COM_NT_CREATE:
		rd_skip(&w, 39);
		smb_opening(s, m->key, string_of(m, &b), m->unicode, rd_le32(&w));
		break;
	case COM_OPEN_ANDX:
		smb_opening(s, m->key, string_of(m, &b), m->unicode, 0);
		break;
	case COM_DELETE:
	case COM_RENAME:
		notes_num_or(c->notes, F_smb_op,
			     m->command == COM_DELETE ? SMB_DELETED : SMB_RENAMED);
		rd_skip(&b, 1); /* buffer format */
		smb_opening(s, m->key, string_of(m, &b), m->unicode, SMB_OPTION_FILE);
		break;
	case COM_TRANSACTION:
		rd_skip(&w, 22);
		len = rd_le16(&w);
		off = rd_le16(&w);
		see_piece(c, s, m, len, off);
		break;
	case COM_WRITE_ANDX:
		notes_num_or(c->notes, F_smb_op, SMB_HAS_WRITTEN);
		rd_skip(&w, 20);
		len = rd_le16(&w);
		off = rd_le16(&w);
		see_piece(c, s, m, len, off);
		break;
	case COM_READ_ANDX:
		notes_num_or(c->notes, F_smb_op, SMB_HAS_READ);
		break;
	}
}

static void see_reply(struct dissect_ctx *c, struct smb *s, const struct smb1 *m)
{
	struct rd w = m->words;
	uint16_t len, off;
	switch (m->command) {
	case COM_NEGOTIATE:
		notes_num_once(c->notes, F_smb_dialect, SMB1_DIALECT);
		break;
	case COM_NT_CREATE:
		rd_skip(&w, 7);
		uint32_t action = rd_le32(&w);
		rd_skip(&w, 32);
		smb_opened(c, s, m->key, m->status, action, rd_le32(&w));
		break;
	case COM_OPEN_ANDX:
	case COM_DELETE:
	case COM_RENAME:
		smb_opened(c, s, m->key, m->status, UINT32_MAX, 0);
		break;
	case COM_TRANSACTION:
		rd_skip(&w, 12);
		len = rd_le16(&w);
		off = rd_le16(&w);
		see_piece(c, s, m, len, off);
		break;
	case COM_READ_ANDX:
		rd_skip(&w, 10);
		len = rd_le16(&w);
		off = rd_le16(&w);
		see_piece(c, s, m, len, off);
		break;
	}
}

static bool is_chained(uint8_t command)
{
	return command == 0x24 || (command >= COM_OPEN_ANDX && command <= COM_WRITE_ANDX) ||
	       (command >= COM_SESSION_SETUP && command <= COM_TREE_CONNECT) ||
	       command == COM_NT_CREATE;
}

/* The command at r; what follows it in the chain, NO_ANDX at its end, with where it is. */
static uint8_t see_command(struct dissect_ctx *c, struct smb *s, struct smb1 *m, struct rd r,
			   uint16_t *ret_off)
{
	uint8_t n_words = rd_u8(&r), next = NO_ANDX;
	m->words = rd_sub(&r, 2 * (size_t)n_words);
	size_t n_bytes = rd_le16(&r);
	if (r.bad)
		return NO_ANDX;
	m->bytes = rd_sub(&r, n_bytes < rd_left(&r) ? n_bytes : rd_left(&r));
	if (is_chained(m->command) && n_words >= 2) {
		struct rd w = m->words;
		next = rd_u8(&w);
		rd_skip(&w, 1);
		*ret_off = rd_le16(&w);
	}
	notes_num_or(c->notes, F_smb_command, UINT32_C(1) << equals[m->command]);
	if (m->reply)
		see_reply(c, s, m);
	else
		see_request(c, s, m);
	return next;
}

void smb1_see(struct dissect_ctx *c, struct smb *s, struct rd r)
{
	struct smb1 m = {.all = r};
	rd_skip(&r, 4);
	m.command = rd_u8(&r);
	m.status = rd_le32(&r);
	uint8_t flags = rd_u8(&r);
	uint16_t flags2 = rd_le16(&r);
	rd_skip(&r, 14);
	uint32_t pid = rd_le16(&r);
	rd_skip(&r, 2);
	m.key = pid << 16 | rd_le16(&r);
	if (r.bad)
		return;
	m.reply = flags & IS_REPLY;
	m.unicode = flags2 & UNICODE;
	if (flags2 & IS_SIGNED)
		notes_num_or(c->notes, F_smb_flags, SMB_SIGNED);
	if (m.reply) {
		bool failed = flags2 & NT_STATUS ? smb_note_status(c->notes, m.status)
						 : (m.status & 0xff) != 0;
		asked_answer(&s->open, c, m.key, failed);
	} else if (m.command != COM_NT_CANCEL) {
		asked_ask(&s->open, c, m.key, m.command);
	}
	uint16_t off = HEAD_SMB1, last = 0;
	for (int i = 0; i < CHAIN_MAX && off > last; i++) {
		struct rd at = m.all;
		last = off;
		rd_skip(&at, off);
		uint8_t next = see_command(c, s, &m, at, &off);
		if (next == NO_ANDX)
			return;
		m.command = next;
	}
}
