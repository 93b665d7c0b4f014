/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/iana.h"

#include "base/attr.h"

static const struct iana_element elements[] = {
#define IE(id, name, type) [id] = {#name, IANA_##type},
#include "decode/iana.def"
#undef IE
};

const struct iana_element *iana_element(uint16_t id)
{
	static const struct iana_element none = {.type = IANA_BYTES};
	return id < ARRAY_LEN(elements) ? &elements[id] : &none;
}
