/* SPDX-License-Identifier: Apache-2.0 */
/* Community ID v1 (seed 0) of a row as an SQL expression over its columns: the id by which other
 * tools name a connection in either direction. Computed when it is asked for: stored it would be 30
 * bytes of noise a flow. */
#pragma once
#include "base/buf.h"

void community_id_sql(struct buf *sql);
