/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/element.h"

#include "base/attr.h"

/* --- IPFIX */

static const struct {
	enum put_kind kind;
	uint16_t len;
} numbers[CT_MAX] = {
    [CT_U8] = {PUT_U8, 1},
    [CT_U16] = {PUT_U16, 2},
    [CT_U32] = {PUT_U32, 4},
    [CT_U64] = {PUT_U64, 8},
};

static void set(struct wire_form *ret, enum put_kind kind, uint16_t len)
{
	ret->kind = kind;
	ret->len = len;
}

static void set_list(struct wire_form *ret, enum put_kind kind, uint8_t width)
{
	set(ret, kind, ELEMENT_VARIABLE);
	ret->inner_pen = ret->pen;
	ret->inner_id = ret->id;
	ret->width = width;
	ret->pen = 0;
	ret->id = ELEMENT_BASIC_LIST;
}

/* The inverse of each conversion that fieldgen.c chooses from; false for the others. */
static bool form_of(enum conv c, enum ctype t, struct wire_form *ret)
{
	switch (c) {
	case CONV_UINT:
	case CONV_LOW32:
	case CONV_APP:
		set(ret, numbers[t].kind, numbers[t].len);
		return numbers[t].len != 0;
	case CONV_IP4:
		set(ret, PUT_IP4, 4);
		return true;
	case CONV_IP6:
		set(ret, PUT_IP6, 16);
		return true;
	case CONV_MAC:
		set(ret, PUT_MAC, 6);
		return true;
	case CONV_MS:
		set(ret, PUT_MS, 8);
		return true;
	case CONV_SEC:
		set(ret, PUT_SEC, 8);
		return true;
	case CONV_NID:
		set(ret, PUT_NID, 2);
		return true;
	case CONV_MPLS:
		set(ret, PUT_LABEL, 3);
		return true;
	case CONV_STR:
		set(ret, PUT_STR, ELEMENT_VARIABLE);
		return true;
	case CONV_HEX:
		set(ret, PUT_HEX, ELEMENT_VARIABLE);
		return true;
	case CONV_U32S:
		set(ret, PUT_U32S, ELEMENT_VARIABLE);
		return true;
	case CONV_LE16:
		set(ret, PUT_LE16, ELEMENT_VARIABLE);
		return true;
	case CONV_OCTETS:
		set(ret, PUT_OCTETS, ELEMENT_VARIABLE);
		return true;
	case CONV_LIST:
		set_list(ret, PUT_LIST, 0);
		return true;
	case CONV_LIST8:
		set_list(ret, PUT_LIST, 1);
		return true;
	case CONV_LIST16:
		set_list(ret, PUT_LIST, 2);
		return true;
	case CONV_LIST32:
		set_list(ret, PUT_LIST, 4);
		return true;
	case CONV_LIST_MS:
		set_list(ret, PUT_LIST_MS, 8);
		return true;
	case CONV_LIST_DIR:
		set_list(ret, PUT_LIST_DIR, 1);
		return true;
	case CONV_MILLI:
		set(ret, t == CT_U64 ? PUT_MILLI64 : PUT_MILLI32, 4);
		return true;
	case CONV_HIGH8: /* the only such element is that of ICMP's type and code */
		set(ret, PUT_ICMP, 2);
		return true;
	case CONV_LOW8: /* goes with it */
	case CONV_NTP_US:
	case CONV_NTP_NS:
	case CONV_DELTA_US:
	case CONV_UPTIME:
	case CONV_MS_US:
	case CONV_DSCP:
	case CONV_SUBAPP:
		return false;
	}
	return false;
}

static bool ipfix_element(enum field f, bool six, struct wire_form *ret)
{
	const struct field_info *i = &field_table[f];
	int16_t at = six ? i->exported6 : i->exported;
	if (at < 0)
		return false;
	*ret = (struct wire_form){.pen = i->sources[at].pen, .id = i->sources[at].id};
	return form_of(i->sources[at].conv, i->ctype, ret);
}

/* --- NetFlow v9 */

static const struct {
	enum field field;
	uint16_t id, id6, len;
	enum put_kind kind;
} nf9[] = {
#define NF9(field, id, id6, len, kind) {F_##field, id, id6, len, PUT_##kind},
#include "encode/nf9.def"
#undef NF9
};

static bool nf9_element(enum field f, bool six, struct wire_form *ret)
{
	for (size_t k = 0; k < ARRAY_LEN(nf9); k++) {
		if (nf9[k].field != f)
			continue;
		*ret = (struct wire_form){
		    .id = six ? nf9[k].id6 : nf9[k].id, .len = nf9[k].len, .kind = nf9[k].kind};
		if (ret->kind == PUT_IP4 && six)
			set(ret, PUT_IP6, 16);
		return true;
	}
	return false;
}

bool element_of(enum export_protocol protocol, enum field f, bool six, struct wire_form *ret)
{
	switch (protocol) {
	case EXPORT_IPFIX:
		return ipfix_element(f, six, ret);
	case EXPORT_NF9:
		return nf9_element(f, six, ret);
	case EXPORT_NF5:
		break;
	}
	return false;
}
