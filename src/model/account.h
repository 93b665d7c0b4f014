/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept about each exporter (account.def): the same names in the API, the metrics, the
 * store.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum account_id {
#define ACCOUNT(name, kind, doc) ACCOUNT_##name,
#include "model/account.def"
#undef ACCOUNT
	ACCOUNT_MAX
};

struct account_info {
	const char *name, *doc;
	bool gauge;
};
extern const struct account_info account_table[ACCOUNT_MAX];

struct account {
	int64_t v[ACCOUNT_MAX];
};
