/* SPDX-License-Identifier: Apache-2.0 */
/* The enterprise number of Weir's own information elements: what fields are exported as that no
 * registry has an element for. None is registered for Weir, so this is the one that RFC 5612 sets
 * aside for examples; who has a number of his own puts it here and builds, exporters and collectors
 * alike. An element is numbered as its field (fields.def); that of the reverse direction has the
 * bit OWN_REVERSE as well, since PEN 29305 mirrors IANA's elements only (RFC 5103 6.1). */
#pragma once

enum {
	PEN_OWN = 32473,
	OWN_REVERSE = 0x4000,
	/* Elements of option records only. */
	OWN_COUNTER_NAME = 0x2001,
	OWN_COUNTER_VALUE = 0x2002,
};
