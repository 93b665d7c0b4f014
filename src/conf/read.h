/* SPDX-License-Identifier: Apache-2.0 */
/* From YAML text to members of struct conf. The only user of libyaml. */
#pragma once
#include "conf/key.h"

/* Where each key stood in the file; line 0 = it did not. */
struct conf_places {
	uint32_t line[CONF_KEY_MAX], col[CONF_KEY_MAX];
};

/* Adds a copy of d to the report. */
void conf_report_add(struct conf_report *r, const struct diag *d);
/* Reads n bytes into c, which holds the defaults; what is wrong goes into the report. */
void conf_yaml_read(const char *text, size_t n, struct conf *c, struct arena *a,
		    struct conf_report *r, struct conf_places *places);
