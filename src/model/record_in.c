/* SPDX-License-Identifier: Apache-2.0 */
#include "model/record_in.h"

#include "base/timefmt.h"

#include <jansson.h>
#include <string.h>

enum { BIG_DIGITS = 18 }; /* more digits than this may not fit jansson's signed 64 bits */

/* Copies the line with quotes around integers of many digits, which number_of then reads exactly.
 */
static void quote_big_numbers(const char *line, size_t n, struct buf *out)
{
	bool in_string = false;
	for (size_t i = 0; i < n;) {
		size_t digits = 0;
		while (!in_string && i + digits < n && line[i + digits] >= '0' &&
		       line[i + digits] <= '9')
			digits++;
		bool plain = i + digits >= n || !strchr(".eE", line[i + digits]);
		bool sign = i && strchr("-+.eE", line[i - 1]);
		if (digits > BIG_DIGITS && plain && !sign)
			buf_u8(out, '"');
		buf_put(out, line + i, digits ? digits : 1);
		if (digits > BIG_DIGITS && plain && !sign)
			buf_u8(out, '"');
		if (!digits && in_string && line[i] == '\\' && i + 1 < n)
			buf_u8(out, (uint8_t)line[++i]);
		else if (!digits && line[i] == '"')
			in_string = !in_string;
		i += digits ? digits : 1;
	}
}

static bool number_of(const json_t *v, uint64_t *ret)
{
	if (json_is_integer(v) && json_integer_value(v) >= 0) {
		*ret = (uint64_t)json_integer_value(v);
		return true;
	}
	if (json_is_boolean(v)) {
		*ret = json_is_true(v);
		return true;
	}
	const char *s = json_is_string(v) ? json_string_value(v) : "";
	uint64_t num = 0;
	for (const char *p = s; *p; p++)
		if (*p < '0' || *p > '9' || __builtin_mul_overflow(num, (uint64_t)10, &num) ||
		    __builtin_add_overflow(num, (uint64_t)(*p - '0'), &num))
			return false;
	*ret = num;
	return *s != 0;
}

static bool number_fits(enum ctype t, uint64_t v)
{
	return (t != CT_U8 || v <= UINT8_MAX) && (t != CT_U16 || v <= UINT16_MAX) &&
	       ((t != CT_U32 && t != CT_U32LIST) || v <= UINT32_MAX);
}

static bool set_list(struct batch *b, enum field f, const json_t *v)
{
	uint64_t num;
	if (!json_is_array(v))
		return false;
	batch_use(b, f);
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (!number_of(json_array_get(v, i), &num) || !number_fits(CT_U32LIST, num) ||
		    !batch_push_u32(b, f, b->n, (uint32_t)num))
			return false;
	}
	batch_set_present(b, f, b->n);
	return true;
}

/* Times, addresses and MAC addresses: text of a known form. */
static bool set_formatted(struct batch *b, enum field f, const char *s, size_t n)
{
	struct ip ip;
	int64_t ms;
	uint64_t mac;
	if (field_table[f].ctype == CT_IP) {
		if (ip_parse(s, n, &ip))
			return false;
		batch_set_ip(b, f, b->n, &ip);
	} else if (field_table[f].ctype == CT_MS) {
		if (rfc3339_parse(s, n, &ms))
			return false;
		batch_set_num(b, f, b->n, (uint64_t)ms);
	} else {
		if (mac_parse(s, n, &mac))
			return false;
		batch_set_num(b, f, b->n, mac);
	}
	return true;
}

static bool set_value(struct batch *b, enum field f, const json_t *v)
{
	uint64_t num;
	enum ctype t = field_table[f].ctype;
	switch (t) {
	case CT_U8:
	case CT_U16:
	case CT_U32:
	case CT_U64:
		if (!number_of(v, &num) || !number_fits(t, num))
			return false;
		batch_set_num(b, f, b->n, num);
		return true;
	case CT_MS:
	case CT_IP:
	case CT_MAC:
		return json_is_string(v) &&
		       set_formatted(b, f, json_string_value(v), json_string_length(v));
	case CT_STR:
		if (!json_is_string(v))
			return false;
		batch_use(b, f);
		if (!batch_put_str(b, f, b->n, json_string_value(v), json_string_length(v)))
			return false;
		batch_set_present(b, f, b->n);
		return true;
	case CT_U32LIST:
		return set_list(b, f, v);
	case CT_MAX:
		break;
	}
	return false;
}

static json_t *load(const char *line, size_t n, json_error_t *e)
{
	enum { FLAGS = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL };
	json_t *object = json_loadb(line, n, FLAGS, e);
	if (object || json_error_code(e) != json_error_numeric_overflow)
		return object;
	struct buf copy = {0};
	quote_big_numbers(line, n, &copy);
	if (!copy.bad)
		object = json_loadb((const char *)copy.p, copy.n, FLAGS, e);
	buf_fini(&copy);
	return object;
}

enum err record_from_json(struct batch *b, const char *line, size_t n, struct diag *reterr)
{
	if (batch_room(b) == 0)
		return diag_set(reterr, ERR_LIMIT, 0, 0, "the batch is full");
	json_error_t why;
	json_t *object = load(line, n, &why), *value;
	const char *key;
	enum err e = ERR_OK;
	if (!object)
		return diag_set(reterr, ERR_MALFORMED, 0,
				(uint32_t)(why.position > 0 ? why.position : 0), "%s", why.text);
	if (!json_is_object(object)) {
		json_decref(object);
		return diag_set(reterr, ERR_MALFORMED, 0, 0, "not a JSON object");
	}
	batch_open_rows(b, 1);
	json_object_foreach(object, key, value)
	{
		int f = field_find(key, strlen(key));
		if (f < 0 || json_is_null(value) || !b->col[f])
			continue;
		if (!set_value(b, (enum field)f, value)) {
			e = diag_set(reterr, ERR_MALFORMED, 0, 0, "%s: not a value of type %s", key,
				     ctype_name(field_table[f].ctype));
			break;
		}
	}
	json_decref(object);
	b->n += e == ERR_OK;
	return e;
}
