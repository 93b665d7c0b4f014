/* SPDX-License-Identifier: Apache-2.0 */
/* The REST API and the web page behind one HTTP handler (docs/api.md). What it needs of the
 * outside, the store and the control sockets of the roles, comes in as functions, so that it starts
 * and answers also while they are down. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct api;
struct http_request;
struct store;

struct api_ops {
	/* A client of the store for one request; ERR_REFUSED etc. come later, from its use. */
	enum err (*open_store)(void *ctx, struct store **ret, struct diag *reterr);
	void (*close_store)(struct store *s);
	/* Asks a role's control socket: "/state.json" or "/metrics". */
	enum err (*ask_role)(void *ctx, const char *role, const char *path, struct buf *out,
			     struct diag *reterr);
	void *ctx;
};

struct api_opts {
	struct api_ops ops;
	int web_fd;        /* folder of the web page, borrowed; -1 = there is none */
	const char *roles; /* names separated by spaces, in the order of status; static */
};

must_check enum err api_new(const struct api_opts *o, struct api **ret);
/* After the HTTP server has stopped. */
void api_free(struct api **a);
/* http_handler_fn; ctx is the struct api. */
void api_handle(struct http_request *req, void *ctx);
/* Ends all running queries. */
void api_cancel_all(struct api *a);
/* The OpenAPI description, the text of docs/openapi.json. */
void api_openapi(struct buf *out);
/* Prometheus lines about requests. */
void api_metrics(struct api *a, struct buf *out);
