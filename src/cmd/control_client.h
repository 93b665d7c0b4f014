/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of control sockets, for `weir up`, `weir status` and the API: one request, at most
 * TIMEOUT_MS. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum { CONTROL_TIMEOUT_MS = 2000, CONTROL_ANSWER_MAX = 4 << 20 };

/* How long a reload may take: several roles, one after the other. */
enum { CONTROL_RELOAD_MS = 20000 };

/* method "GET" or "POST" on path of a role's socket below dir; the body goes to out (may be NULL).
 * ERR_REFUSED or ERR_NOT_FOUND: nobody is there. */
must_check enum err control_call(const char *dir, const char *role, const char *method,
				 const char *path, struct buf *out, int *ret_status,
				 struct diag *reterr);
/* The same with another limit than CONTROL_TIMEOUT_MS. */
must_check enum err control_call_within(uint32_t timeout_ms, const char *dir, const char *role,
					const char *method, const char *path, struct buf *out,
					int *ret_status, struct diag *reterr);
