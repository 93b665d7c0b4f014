/* SPDX-License-Identifier: Apache-2.0 */
/* The NetBIOS name service (RFC 1002 4.2), known by its encoded names in a message like that of
 * DNS. */
#include "proto/name/netbios.h"

enum { NAME_LEN = 16, LETTERS = 32, TYPE_NB = 0x20, TYPE_NBSTAT = 0x21, CLASS_IN = 1 };

static bool read_name(struct rd *r, uint8_t name[NAME_LEN])
{
	if (rd_u8(r) != LETTERS)
		return false;
	for (int i = 0; i < NAME_LEN; i++) {
		unsigned high = (unsigned)rd_u8(r) - 'A', low = (unsigned)rd_u8(r) - 'A';
		if (high > 15 || low > 15)
			return false;
		name[i] = (uint8_t)(high << 4 | low);
	}
	uint8_t n;
	while ((n = rd_u8(r)) != 0 && n < 64) /* the scope */
		rd_skip(r, n);
	return !r->bad && n == 0;
}

static bool note(struct notes *n, const uint8_t name[NAME_LEN])
{
	size_t len = NAME_LEN - 1;
	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == 0))
		len--;
	if (len > 0 && !notes_has(n, F_nb_suffix))
		notes_str_once(n, F_nb_name, name, len);
	notes_num_once(n, F_nb_suffix, name[NAME_LEN - 1]);
	return true;
}

bool netbios_note_name(struct notes *n, struct rd *r)
{
	uint8_t name[NAME_LEN];
	return read_name(r, name) && note(n, name);
}

static enum dissect netbios_see(struct dissect_ctx *c, struct rd *payload)
{
	struct rd r = *payload;
	uint8_t name[NAME_LEN];
	rd_skip(&r, 2);
	uint16_t flags = rd_be16(&r), questions = rd_be16(&r), answers = rd_be16(&r);
	rd_skip(&r, 4);
	unsigned op = flags >> 11 & 15;
	bool op_known = op == 0 || (op >= 5 && op <= 9) || op == 15;
	if (r.bad || !op_known || questions > 1 || answers > 1 || questions + answers == 0 ||
	    !read_name(&r, name))
		return DISSECT_NOT_MINE;
	uint16_t type = rd_be16(&r), class = rd_be16(&r);
	if (r.bad || (type != TYPE_NB && type != TYPE_NBSTAT && type != 1 && type != 10) ||
	    class != CLASS_IN)
		return DISSECT_NOT_MINE;
	note(c->notes, name);
	return DISSECT_MINE;
}

const struct dissector dissector_netbios = {
    .name = "netbios-ns",
    .title = "NetBIOS name service",
    .over = OVER_UDP,
    .ports = {137},
    .see = netbios_see,
};
