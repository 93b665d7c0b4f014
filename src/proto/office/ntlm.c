/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/office/ntlm.h"

#include "proto/text.h"

enum {
	SIGNATURE = 8,
	AUTHENTICATE = 3,
	DOMAIN_AT = 28,
	USER_AT = 36,
	HOST_AT = 44,
	FLAGS_AT = 60,
	NAME_MAX_NTLM = 256
};
enum { NEGOTIATE_UNICODE = 1 };

/* The bytes that a (length, room, offset) triple at `at` points to. */
static struct rd piece(struct rd msg, size_t at)
{
	struct rd where = msg;
	rd_skip(&where, at);
	uint16_t len = rd_le16(&where);
	(void)rd_le16(&where);
	uint32_t off = rd_le32(&where);
	rd_skip(&msg, off);
	return where.bad ? where : rd_sub(&msg, len);
}

static size_t text_of(struct rd msg, size_t at, bool unicode, uint8_t *out)
{
	struct rd r = piece(msg, at);
	if (unicode)
		return text_from_utf16le(r, out, NAME_MAX_NTLM);
	size_t n = rd_left(&r);
	if (n > NAME_MAX_NTLM)
		n = NAME_MAX_NTLM;
	if (n)
		memcpy(out, r.p, n);
	return n;
}

void ntlm_note(struct notes *n, struct rd blob)
{
	const uint8_t *at = text_find(&blob, "NTLMSSP", SIGNATURE);
	uint8_t name[2 * NAME_MAX_NTLM + 1];
	if (!at)
		return;
	struct rd msg = rd_of(at, (size_t)(blob.end - at)), r = msg;
	rd_skip(&r, SIGNATURE);
	if (rd_le32(&r) != AUTHENTICATE)
		return;
	r = msg;
	rd_skip(&r, FLAGS_AT);
	bool unicode = rd_le32(&r) & NEGOTIATE_UNICODE;
	size_t len = text_of(msg, DOMAIN_AT, unicode, name);
	if (len)
		name[len++] = '\\';
	size_t user = text_of(msg, USER_AT, unicode, name + len);
	if (user)
		notes_str_once(n, F_user_name, name, len + user);
	len = text_of(msg, HOST_AT, unicode, name);
	if (len)
		notes_str_once(n, F_app_client, name, len);
}
