/* SPDX-License-Identifier: Apache-2.0 */
#include "model/native.h"

#include <string.h>

static const char *const types[CT_MAX] = {
    [CT_U8] = "UInt8",   [CT_U16] = "UInt16",       [CT_U32] = "UInt32",
    [CT_U64] = "UInt64", [CT_MS] = "DateTime64(3)", [CT_IP] = "IPv6",
    [CT_MAC] = "UInt64", [CT_STR] = "String",       [CT_U32LIST] = "Array(UInt32)",
};
static const char *const fwd_words[] = {"present_0", "present_1", "present_2",  "present_3",
					"present_4", "present_5", "present_6",  "present_7",
					"present_8", "present_9", "present_10", "present_11"};
static const char *const rev_words[] = {"rev_present_0", "rev_present_1",  "rev_present_2",
					"rev_present_3", "rev_present_4",  "rev_present_5",
					"rev_present_6", "rev_present_7",  "rev_present_8",
					"rev_present_9", "rev_present_10", "rev_present_11"};
_Static_assert(PRESENT_FWD_WORDS <= 12, "a name for every presence word");

const char *native_name(unsigned column)
{
	if (column < FIELD_MAX)
		return field_table[column].name;
	if (column == NATIVE_DAY)
		return "day";
	unsigned word = column - NATIVE_PRESENT;
	return word < PRESENT_FWD_WORDS ? fwd_words[word] : rev_words[word - PRESENT_FWD_WORDS];
}

const char *native_type(unsigned column)
{
	if (column < FIELD_MAX)
		return types[field_table[column].ctype];
	return column == NATIVE_DAY ? "Date" : "UInt64";
}

bool native_in_shape(unsigned column, enum shape s)
{
	if (column < FIELD_MAX)
		return field_in_shape((enum field)column, s);
	return column == NATIVE_DAY || shape_has_present_word(s, column - NATIVE_PRESENT);
}

int native_find(const char *name, size_t n)
{
	for (unsigned c = 0; c < NATIVE_MAX; c++)
		if (strlen(native_name(c)) == n && memcmp(native_name(c), name, n) == 0)
			return (int)c;
	return -1;
}

const struct native_split *native_split(unsigned column)
{
	static const struct native_split split[] = {{F_src_ip, "src_ip4", "src_ip6"},
						    {F_dst_ip, "dst_ip4", "dst_ip6"}};
	for (size_t i = 0; i < ARRAY_LEN(split); i++)
		if (split[i].column == column)
			return &split[i];
	return NULL;
}
