/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include "api/api_priv.h"

#include "base/ip.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* No script, style or connection but our own; nobody may frame the page. */
static const char content_policy[] =
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'";

static const struct route {
	enum http_method method;
	const char *path;
	void (*handle)(struct api_call *c);
} routes[] = {
#define ROUTE(method, path, handler, request, response, streams, summary)                          \
	{HTTP_##method, path, handler},
#include "api/routes.def"
#undef ROUTE
};

enum err api_new(const struct api_opts *o, struct api **ret)
{
	struct api *a = calloc(1, sizeof(*a));
	if (!a)
		return ERR_NOMEM;
	a->o = *o;
	pthread_mutex_init(&a->lock, NULL);
	*ret = a;
	return ERR_OK;
}

void api_free(struct api **ap)
{
	struct api *a = *ap;
	*ap = NULL;
	if (!a)
		return;
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* Whether path is the route's; copies the segment in place of {id}. */
static bool path_matches(const char *route, const char *path, char id[API_ID_MAX + 1])
{
	const char *brace = strchr(route, '{');
	if (!brace)
		return strcmp(route, path) == 0;
	size_t head = (size_t)(brace - route), n;
	if (strncmp(route, path, head) != 0)
		return false;
	n = strlen(path + head);
	if (n == 0 || n > API_ID_MAX || strchr(path + head, '/'))
		return false;
	memcpy(id, path + head, n + 1);
	return true;
}

/* A page elsewhere that had its name resolve to this machine could read everything: the Host must
 * be an address, this machine's name or localhost. */
static bool host_is_ours(struct http_request *req)
{
	char host[256], own[256] = "";
	const char *h = http_header(req, "Host");
	struct ip ip;
	if (!h)
		return true;
	size_t n = *h == '[' ? strcspn(h, "]") : strcspn(h, ":");
	if (*h == '[')
		h++, n = n ? n - 1 : 0;
	if (n >= sizeof(host))
		return false;
	memcpy(host, h, n);
	host[n] = 0;
	gethostname(own, sizeof(own) - 1);
	return ip_parse(host, n, &ip) == ERR_OK || strcasecmp(host, "localhost") == 0 ||
	       strcasecmp(host, own) == 0;
}

static bool is_foreign(struct http_request *req)
{
	const char *site = http_header(req, "Sec-Fetch-Site");
	return site && strcmp(site, "cross-site") == 0;
}

/* Files of the web page; anything that is no file and looks like none is a place within the page.
 */
static void web_page(struct api_call *c)
{
	const char *path = http_path(c->req) + 1;
	const char *cache =
	    strncmp(path, "assets/", 7) == 0 ? "public, max-age=31536000, immutable" : "no-cache";
	const char *file = strrchr(path, '/');
	bool like_file = strchr(file ? file : path, '.') != NULL;
	if (http_method(c->req) != HTTP_GET && http_method(c->req) != HTTP_HEAD) {
		api_problem(c, 405, "only GET");
		return;
	}
	if (c->api->o.web_fd < 0) {
		api_problem(c, 404, "the web page is not built; the API is at /api/v1");
		return;
	}
	if (*path && http_reply_static(c->req, c->api->o.web_fd, path, cache) == ERR_OK)
		return;
	if (like_file ||
	    http_reply_static(c->req, c->api->o.web_fd, "index.html", "no-cache") != ERR_OK)
		api_problem(c, 404, "there is no such page");
}

static void dispatch(struct api_call *c)
{
	const char *path = http_path(c->req);
	enum http_method m = http_method(c->req) == HTTP_HEAD ? HTTP_GET : http_method(c->req);
	bool known = false;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!path_matches(routes[i].path, path, c->id))
			continue;
		known = true;
		if (routes[i].method == m) {
			routes[i].handle(c);
			return;
		}
	}
	if (known)
		api_problem(c, 405, "this path does not take this method");
	else if (strncmp(path, "/api/", 5) == 0)
		api_problem(c, 404, "there is no such route; see /api/v1/openapi.json");
	else
		web_page(c);
}

void api_handle(struct http_request *req, void *ctx)
{
	struct api_call c = {.api = ctx, .req = req};
	atomic_fetch_add(&c.api->requests, 1);
	http_set_header(req, "Content-Security-Policy", content_policy);
	http_set_header(req, "X-Content-Type-Options", "nosniff");
	http_set_header(req, "Referrer-Policy", "same-origin");
	if (!host_is_ours(req))
		api_problem(&c, 421,
			    "this server is known by its address, its name or localhost only");
	else if (is_foreign(req) && strncmp(http_path(req), "/api/", 5) == 0)
		api_problem(&c, 403, "requests from other sites are not answered");
	else
		dispatch(&c);
}

void api_metrics(struct api *a, struct buf *out)
{
	size_t n = 0;
	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < API_RUNNING_MAX; i++)
		n += a->running[i].used;
	pthread_mutex_unlock(&a->lock);
	buf_fmt(
	    out,
	    "# TYPE weir_api_requests counter\nweir_api_requests_total{role=\"serve\"} %llu\n"
	    "# TYPE weir_api_problems counter\nweir_api_problems_total{role=\"serve\"} %llu\n"
	    "# TYPE weir_api_queries_running gauge\nweir_api_queries_running{role=\"serve\"} %zu\n",
	    (unsigned long long)atomic_load(&a->requests),
	    (unsigned long long)atomic_load(&a->problems), n);
}
