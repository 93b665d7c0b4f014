/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket of weir-store: GET /healthz, /metrics, /state.json. */
#pragma once
#include <stdint.h>

struct engine;
struct front;
struct http_request;

struct control {
	struct front *front;            /* borrowed */
	const struct engine *engine;    /* borrowed */
	const char *query_socket, *tcp; /* addresses for people; tcp NULL = off */
	const char *data;               /* folder of the store */
	uint64_t started_ns;            /* clock_mono_ns */
};

/* An http_handler_fn; ctx is a struct control that stays unchanged. */
void control_handle(struct http_request *req, void *ctx);
