/* SPDX-License-Identifier: Apache-2.0 */
/* What `weir exporters` prints besides its table. */
#pragma once
#include <jansson.h>

/* The three equations of data-model.md with their terms and whether they hold. accounting: the
 * member of state.json. */
void balance_print(const json_t *accounting);
/* Every number of the exporters in the list, a line each with what it means. */
void exporter_details(const json_t *list);
