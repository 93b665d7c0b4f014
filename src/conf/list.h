/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are lists, and what they share with the others: value.c is the table of single
 * values, list.c that of lists. Not for other folders. */
#pragma once
#include "conf/key.h"

enum { CONF_EXCERPT_MAX = 60 };

/* "KEY: "..." is not what it should be", at the place of v. Returns ERR_CONFIG. */
enum err conf_wrong(const struct conf_key *k, const struct conf_scalar *v, struct diag *d);
/* ADDR:PORT, [ADDR]:PORT, *:PORT. *ret_any: the address is "*". */
must_check enum err conf_addr_parse(const char *s, size_t n, struct conf_addr *ret, bool *ret_any);
/* any: prints * for the address. */
void conf_addr_print(const struct conf_addr *addr, bool any, struct buf *out);

/* As conf_key_set and conf_key_print, for the member of a key that is a list. */
must_check enum err conf_list_set(void *member, struct arena *a, const struct conf_key *k,
				  const struct conf_scalar *v, size_t n, struct diag *d);
void conf_list_print(const void *member, const struct conf_key *k, struct buf *out);
