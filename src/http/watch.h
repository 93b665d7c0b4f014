/* SPDX-License-Identifier: Apache-2.0 */
/* Watches the connections of running handlers for a client that goes away: libmicrohttpd does not
 * look at a socket while a handler works. One thread and one epoll per server. Private to http/. */
#pragma once
#include "base/err.h"
#include "http/http.h"

struct watch;

must_check enum err watch_new(unsigned slots, struct watch **ret);
void watch_free(struct watch *w);
/* Calls fn(ctx) once when the peer of fd closes or half-closes. ERR_FULL when all slots are taken.
 */
must_check enum err watch_add(struct watch *w, int fd, http_hangup_fn *fn, void *ctx,
			      uint64_t *ret_key);
/* After this fn does not run, nor will it. fd is the one given to watch_add and still open. */
void watch_del(struct watch *w, uint64_t key, int fd);
