/* SPDX-License-Identifier: Apache-2.0 */
/* What nfdump's grammar allows and no table of words can say. */
#pragma once
#include "filter/parse.h"

/* Steps over a direction before `flags` and `payload`: nfdump takes one there; flows have one of
 * each. */
void quirk_direction(struct parser *p);
/* Whether `exporter 5` stands here: nfdump's number of an exporter, not an address. */
bool quirk_exporter_number(const struct parser *p);
/* Steps over %NAME before or behind a group: a label of nfdump up to 1.7.1, which says nothing
 * here. */
bool quirk_label(struct parser *p);
