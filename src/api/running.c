/* SPDX-License-Identifier: Apache-2.0 */
/* The queries that run, so that they can be ended: by DELETE, or because the client has gone. */
#include "api/api_priv.h"

#include <ctype.h>
#include <string.h>

static bool id_is_valid(const char *id)
{
	size_t n = strlen(id);
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)id[i]) && id[i] != '-')
			return false;
	return n >= API_ID_MIN && n <= API_ID_MAX;
}

static void client_gone(void *ctx)
{
	struct running *r = ctx;
	atomic_store(&r->cancel, true);
}

/* The slot of the id, or a free one if id is "". */
static struct running *find(struct api *a, const char *id)
{
	for (size_t i = 0; i < API_RUNNING_MAX; i++) {
		struct running *r = &a->running[i];
		if (*id ? r->used && strcmp(r->id, id) == 0 : !r->used)
			return r;
	}
	return NULL;
}

struct running *running_begin(struct api_call *c)
{
	const char *id = http_header(c->req, "X-Query-Id");
	if (id && !id_is_valid(id)) {
		api_problem(c, 400, "X-Query-Id must be 8 to 64 letters, digits and '-'");
		return NULL;
	}
	pthread_mutex_lock(&c->api->lock);
	bool taken = id && find(c->api, id);
	struct running *r = taken ? NULL : find(c->api, "");
	if (r) {
		r->used = true;
		memcpy(r->id, id ? id : "", id ? strlen(id) + 1 : 1);
		atomic_store(&r->cancel, false);
	}
	pthread_mutex_unlock(&c->api->lock);
	if (!r) {
		api_problem(c, taken ? 409 : 503,
			    taken ? "a query with this X-Query-Id is running"
				  : "too many queries are running");
		return NULL;
	}
	if (http_on_hangup(c->req, client_gone, r) != ERR_OK) {
		running_end(c->api, r);
		api_problem(c, 503, "out of memory");
		return NULL;
	}
	return r;
}

void running_end(struct api *a, struct running *r)
{
	pthread_mutex_lock(&a->lock);
	r->used = false;
	pthread_mutex_unlock(&a->lock);
}

bool running_cancel(struct api *a, const char *id)
{
	pthread_mutex_lock(&a->lock);
	struct running *r = find(a, id);
	if (r)
		atomic_store(&r->cancel, true);
	pthread_mutex_unlock(&a->lock);
	return r != NULL;
}

void api_cancel_all(struct api *a)
{
	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < API_RUNNING_MAX; i++)
		if (a->running[i].used)
			atomic_store(&a->running[i].cancel, true);
	pthread_mutex_unlock(&a->lock);
}

void route_query_delete(struct api_call *c)
{
	if (running_cancel(c->api, c->id))
		http_reply(c->req, 204, NULL, NULL, 0);
	else
		api_problem(c, 404, "no query with this id is running");
}
