/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of IANA's information elements, for printing. */
#pragma once
#include <stdint.h>

enum iana_type { IANA_NUMBER, IANA_TEXT, IANA_IP4, IANA_IP6, IANA_MAC, IANA_BYTES };
struct iana_element {
	const char *name; /* NULL: not registered */
	enum iana_type type;
};
/* Never NULL. */
const struct iana_element *iana_element(uint16_t id);
