/* SPDX-License-Identifier: Apache-2.0 */
/* Another Weir, asked through its REST API (docs/api.md): --api URL, --token-file F. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct remote;

/* Embed as `struct remote_args remote` and put OPTS_REMOTE(struct x) in the table. */
struct remote_args {
	const char *api, *token_file;
};
/* clang-format off */
#define OPTS_REMOTE(st) \
	OPT(0, "api", STR, "URL", st, remote.api, "ask the Weir at this address instead, as in http://192.0.2.1:8080"), \
	OPT(0, "token-file", STR, "FILE", st, remote.token_file, "file whose first line is the token sent with it")
/* clang-format on */

must_check enum err remote_open(const struct remote_args *a, struct remote **ret,
				struct diag *reterr);
void remote_close(struct remote **r);
/* false ends the request (ERR_CANCELLED). */
typedef bool remote_data_fn(void *arg, const uint8_t *p, size_t n);
/* Sends body (NULL: GET, else POST of JSON) to a path ("/api/v1/top"). Answers other than 2xx are
 * ERR_REMOTE, with the words of the other side. */
must_check enum err remote_call(struct remote *r, const char *path, const char *accept,
				const struct buf *body, remote_data_fn *on_data, void *arg,
				struct diag *reterr);
/* The whole answer into out. */
must_check enum err remote_fetch(struct remote *r, const char *path, const struct buf *body,
				 struct buf *out, struct diag *reterr);
