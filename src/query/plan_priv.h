/* SPDX-License-Identifier: Apache-2.0 */
/* Between plan.c and plan_sql.c only. */
#pragma once
#include "query/plan.h"

const char *source_table(enum source s);
/* enum rollup, or -1 for raw flows. */
int source_rollup(enum source s);
