/* SPDX-License-Identifier: Apache-2.0 */
#include "query/cell.h"

#include "base/timefmt.h"

uint64_t cell_read_varint(struct rd *r)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t b = rd_u8(r);
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	r->bad = true;
	return 0;
}

static void read_bytes(struct rd *r, struct cell *v, uint64_t n, struct arena *arena)
{
	if (n > rd_left(r)) {
		r->bad = true;
		return;
	}
	v->bytes = rd_take(r, (size_t)n);
	v->len = (uint32_t)n;
	if (arena && n) {
		v->bytes = (const uint8_t *)arena_strndup(arena, (const char *)v->bytes, (size_t)n);
		r->bad = r->bad || !v->bytes;
	}
}

struct cell cell_read(struct rd *r, enum ctype type, struct arena *arena)
{
	struct cell v = {.type = type, .present = true};
	switch (type) {
	case CT_U8:
		v.num = rd_u8(r);
		break;
	case CT_U16:
		v.num = rd_le16(r);
		break;
	case CT_U32:
		v.num = rd_le32(r);
		break;
	case CT_U64:
	case CT_MS:
	case CT_MAC:
		v.num = rd_le64(r);
		break;
	case CT_IP:
		rd_copy(r, v.ip.b, sizeof(v.ip.b));
		break;
	case CT_STR:
		read_bytes(r, &v, cell_read_varint(r), arena);
		break;
	case CT_U32LIST: {
		uint64_t n = cell_read_varint(r);
		read_bytes(r, &v, n > rd_left(r) ? UINT64_MAX : n * sizeof(uint32_t), arena);
		break;
	}
	case CT_MAX:
		r->bad = true;
		break;
	}
	return v;
}

static void list_text(struct buf *out, const struct cell *v, char separator)
{
	struct rd r = rd_of(v->bytes, v->len);
	for (bool first = true; rd_left(&r) >= sizeof(uint32_t); first = false) {
		if (!first)
			buf_u8(out, (uint8_t)separator);
		buf_dec(out, rd_le32(&r));
	}
}

void cell_text(struct buf *out, const struct cell *v)
{
	char text[64];
	if (!v->present)
		return;
	switch (v->type) {
	case CT_U8:
	case CT_U16:
	case CT_U32:
	case CT_U64:
		buf_dec(out, v->num);
		break;
	case CT_MS:
		buf_put(out, text, rfc3339_format((int64_t)v->num, text));
		break;
	case CT_IP:
		buf_put(out, text, ip_format(&v->ip, text));
		break;
	case CT_MAC:
		buf_put(out, text, mac_format(v->num, text));
		break;
	case CT_STR:
		buf_put(out, v->bytes, v->len);
		break;
	case CT_U32LIST:
		list_text(out, v, ' ');
		break;
	case CT_MAX:
		break;
	}
}

void cell_json(struct buf *out, const struct cell *v)
{
	if (!v->present) {
		buf_str(out, "null");
		return;
	}
	switch (v->type) {
	case CT_U8:
	case CT_U16:
	case CT_U32:
	case CT_U64:
		cell_text(out, v);
		break;
	case CT_MS:
	case CT_IP:
	case CT_MAC:
		buf_u8(out, '"');
		cell_text(out, v);
		buf_u8(out, '"');
		break;
	case CT_STR:
		buf_json_str(out, v->bytes, v->len);
		break;
	case CT_U32LIST:
		buf_u8(out, '[');
		list_text(out, v, ',');
		buf_u8(out, ']');
		break;
	case CT_MAX:
		break;
	}
}
