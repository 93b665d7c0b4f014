/* SPDX-License-Identifier: Apache-2.0 */
#include "model/account.h"

enum { COUNTER, GAUGE };

const struct account_info account_table[ACCOUNT_MAX] = {
#define ACCOUNT(name, kind, doc) {#name, doc, kind == GAUGE},
#include "model/account.def"
#undef ACCOUNT
};
