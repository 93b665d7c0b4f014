/* SPDX-License-Identifier: Apache-2.0 */
#include "model/record.h"

#include "base/timefmt.h"

static void put_quoted(struct buf *out, const char *s, size_t n)
{
	buf_u8(out, '"');
	buf_put(out, s, n);
	buf_u8(out, '"');
}

void record_json_value(struct buf *out, const struct batch *b, enum field f, uint32_t row)
{
	char text[64];
	switch (field_table[f].ctype) {
	case CT_U8:
	case CT_U16:
	case CT_U32:
	case CT_U64:
		buf_dec(out, batch_get_num(b, f, row));
		break;
	case CT_MS:
		put_quoted(out, text, rfc3339_format(batch_ms(b, f)[row], text));
		break;
	case CT_IP:
		put_quoted(out, text, ip_format(&batch_ip(b, f)[row], text));
		break;
	case CT_MAC:
		put_quoted(out, text, mac_format(batch_u64(b, f)[row], text));
		break;
	case CT_STR: {
		struct span s = batch_span(b, f)[row];
		buf_json_str(out, s.len ? batch_bytes(b, s) : (const uint8_t *)"", s.len);
		break;
	}
	case CT_U32LIST: {
		struct span s = batch_span(b, f)[row];
		buf_u8(out, '[');
		for (uint32_t i = 0; i < s.len; i++) {
			if (i)
				buf_u8(out, ',');
			buf_dec(out, batch_list_at(b, s, i));
		}
		buf_u8(out, ']');
		break;
	}
	case CT_MAX:
		break;
	}
}

void record_json(struct buf *out, const struct batch *b, uint32_t row)
{
	buf_u8(out, '{');
	for (int i = 0; i < FIELD_MAX; i++) {
		enum field f = (enum field)i;
		if (!b->col[f] || !batch_has(b, f) || !batch_present(b, f, row))
			continue;
		buf_json_key(out, field_table[f].name);
		record_json_value(out, b, f, row);
	}
	buf_u8(out, '}');
}
