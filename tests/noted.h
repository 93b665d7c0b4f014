/* SPDX-License-Identifier: Apache-2.0 */
/* For the test that every field of the probe is set from packets by some test
 * (tests/meter/fields_test.py): tests append the names of fields whose value they have checked, one
 * a line, to the file that WEIR_CHECKED names. Without it, which is the rule, nothing is written.
 */
#pragma once
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Only what is checked counts: what takes long and checks nothing can be left out. */
static inline bool noted_only(void)
{
	return getenv("WEIR_CHECKED") != NULL;
}

static inline void noted_checked(const char *field)
{
	const char *path = getenv("WEIR_CHECKED");
	FILE *f = path ? fopen(path, "a") : NULL;
	if (!f)
		return;
	fprintf(f, "%s\n", field);
	fclose(f);
}
