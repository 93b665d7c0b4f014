/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the tables of raw flows anew and copies what is in them, day by day: for a migration that
 * changes what cannot be altered (order, kinds of columns). A day is taken out of the old table
 * once it is in the new one, so that there is room for it and a migration that was cut off goes on
 * where it was. Views over the tables are gone afterwards; the caller makes all that are missing.
 */
#pragma once
#include "base/err.h"

struct store;

/* ERR_VERSION on a cluster, whose tables no single statement can copy. */
must_check enum err rebuild_flows(struct store *s, struct diag *reterr);
