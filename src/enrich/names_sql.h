/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the table `names` as text for an INSERT, and as RowBinary from a SELECT. */
#pragma once
#include "base/buf.h"
#include "base/rd.h"
#include "enrich/names.h"

/* "INSERT INTO db.names (...) VALUES " */
void names_insert_head(struct buf *sql, const char *database);
/* "(...)" */
void names_row_sql(struct buf *sql, const struct name_row *r);
/* The statement whose answer in RowBinary names_load takes: what the table has. */
void names_select_sql(struct buf *sql, const char *database);
/* One row of that answer; the texts are borrowed from it. False at the first byte that is not one.
 */
bool names_read_row(struct rd *r, struct name_row *ret);
