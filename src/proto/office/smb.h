/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the SMB dissector: what SMB1 (smb1.c) and SMB2 and 3 (smb2.c) have in common. Both
 * note the same fields; commands of SMB1 count as those of SMB2 that do the same. */
#pragma once
#include "proto/asked.h"
#include "proto/dissector.h"
#include "proto/office/rpc.h"

enum smb_command {
	SMB_NEGOTIATE,
	SMB_SESSION_SETUP,
	SMB_LOGOFF,
	SMB_TREE_CONNECT,
	SMB_TREE_DISCONNECT,
	SMB_CREATE,
	SMB_CLOSE,
	SMB_FLUSH,
	SMB_READ,
	SMB_WRITE,
	SMB_LOCK,
	SMB_IOCTL,
	SMB_CANCEL,
	SMB_ECHO,
	SMB_QUERY_DIRECTORY,
	SMB_CHANGE_NOTIFY,
	SMB_QUERY_INFO,
	SMB_SET_INFO,
	SMB_OPLOCK_BREAK,
	SMB_COMMANDS
};
enum smb_file_type { SMB_FILE_UNKNOWN, SMB_FILE, SMB_FOLDER, SMB_PIPE };
/* smb_op */
enum {
	SMB_OPENED = 1,
	SMB_CREATED = 2,
	SMB_OVERWRITTEN = 4,
	SMB_DELETED = 8,
	SMB_RENAMED = 16,
	SMB_HAS_READ = 32,
	SMB_HAS_WRITTEN = 64
};
/* smb_flags */
enum { SMB_SIGNED = 1, SMB_ENCRYPTED = 2, SMB_COMPRESSED = 4 };
enum { SMB_NAMES = 6, SMB_NAME_MAX = 400, SMB1_DIALECT = 1 };
enum {
	SMB_ATTRIBUTE_DIRECTORY = 0x10,
	SMB_OPTION_DIRECTORY = 1,
	SMB_OPTION_FILE = 0x40,
	SMB_OPTION_DELETE = 0x1000
};

/* A file that is being opened: the answer says whether it was, and what it is. */
struct smb_name {
	uint32_t key;
	uint16_t len;
	uint8_t type; /* as far as the request says */
	uint8_t text[SMB_NAME_MAX];
};

struct smb {
	struct asked open;
	struct rpc rpc;
	bool known;
	bool in_pipes, noted_pipes; /* the share connected last, and the one noted, is IPC$ */
	uint8_t
	    file_type; /* of the file noted; SMB_FILE_UNKNOWN: of none, or one that did not open */
	uint8_t next_name;
	struct smb_name names[SMB_NAMES];
};

/* One message from its magic on, of which r may hold only the beginning. */
void smb1_see(struct dissect_ctx *c, struct smb *s, struct rd r);
void smb2_see(struct dissect_ctx *c, struct smb *s, struct rd r);

/* A share was asked for: UTF-16 or, of old servers, one byte a character. */
void smb_note_tree(struct dissect_ctx *c, struct smb *s, struct rd path, bool unicode);
void smb_opening(struct smb *s, uint32_t key, struct rd name, bool unicode, uint32_t options);
/* The answer to it: `action` as the server says it (0 superseded, 1 opened, 2 created, 3
 * overwritten), attributes of the file. */
void smb_opened(struct dissect_ctx *c, struct smb *s, uint32_t key, uint32_t status,
		uint32_t action, uint32_t attributes);
/* An NTSTATUS; true: it is an error. */
bool smb_note_status(struct notes *n, uint32_t status);
/* Bytes read from or written to something: of DCE/RPC if that is what they look like. */
void smb_data(struct dissect_ctx *c, struct smb *s, struct rd data);
