/* SPDX-License-Identifier: Apache-2.0 */
/* Where the store is, from the configuration: a ClickHouse server, or the embedded one's socket
 * below dir. */
#pragma once
#include "store/client.h"

struct conf;

enum { STORE_URL_MAX = 256 };
/* What the strings of a struct store_conf point into; lives as long as that is used. */
struct store_place {
	char url[STORE_URL_MAX];
	struct buf password;
};

/* Who asks: the loader changes tables, everyone else reads. */
enum store_account { STORE_READER, STORE_WRITER };

/* Fills *ret; its strings lie in p and in c. */
must_check enum err store_place_fill(const struct conf *c, enum store_account account,
				     struct store_place *p, struct store_conf *ret,
				     struct diag *reterr);
void store_place_fini(struct store_place *p);
