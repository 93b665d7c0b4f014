/* SPDX-License-Identifier: Apache-2.0 */
/* weir-serve: the REST API and the web page. Gives api/ what it needs of the outside: clients of
 * the store, the control sockets of the other roles, the folder of the page. */
#include "api/api.h"
#include "base/ip.h"
#include "base/log.h"
#include "cmd/beside.h"
#include "cmd/command.h"
#include "cmd/control.h"
#include "cmd/control_client.h"
#include "cmd/folders.h"
#include "cmd/opts.h"
#include "cmd/reload.h"
#include "cmd/setup.h"
#include "cmd/store_conf.h"
#include "conf/conf.h"
#include "http/http.h"
#include "store/client.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct program {
	const struct conf *conf; /* borrowed from reload */
	struct reload reload;
	struct store_place place;
	struct store_conf store;
	int web_fd;
	struct api *api;
	struct http_server *server;
	struct control *control;
};

/* Where the page lies: beside the build folder, or installed. */
static const char *const web_places[] = {"../web/dist", "../share/weir/web"};

static int open_web(const struct conf *c)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	if (*c->serve_web_dir)
		return open(c->serve_web_dir, flags);
	for (size_t i = 0; i < ARRAY_LEN(web_places); i++) {
		char path[BESIDE_MAX];
		int fd = beside_path(web_places[i], path) ? -1 : open(path, flags);
		if (fd >= 0)
			return fd;
	}
	return -1;
}

static enum err open_client(void *ctx, struct store **ret, struct diag *reterr)
{
	return store_open(&((struct program *)ctx)->store, ret, reterr);
}

static enum err ask_role(void *ctx, const char *role, const char *path, struct buf *out,
			 struct diag *reterr)
{
	const struct program *p = ctx;
	int status = 0;
	enum err e = control_call(p->conf->dir, role, "GET", path, out, &status, reterr);
	return !e && status != 200 ? ERR_REMOTE : e;
}

static enum err start_server(struct program *p, struct diag *d)
{
	char host[IP_TEXT_MAX];
	ip_format(&p->conf->serve_listen.ip, host);
	const struct http_opts opts = {.host = host,
				       .port = p->conf->serve_listen.port,
				       .handler = api_handle,
				       .ctx = p->api,
				       .gzip = true};
	return http_server_start(&opts, &p->server, d);
}

/* --- the control socket */
static void listen_json(void *ctx, struct buf *out)
{
	const struct program *p = ctx;
	char host[IP_TEXT_MAX];
	ip_format(&p->conf->serve_listen.ip, host);
	buf_fmt(out, "[{\"proto\":\"http\",\"address\":\"%s\",\"port\":%u}]", host,
		http_server_port(p->server));
}

static void metrics_text(void *ctx, struct buf *out)
{
	api_metrics(((struct program *)ctx)->api, out);
}

static enum err reload(void *ctx, struct buf *out, struct diag *reterr)
{
	return reload_plain(&((struct program *)ctx)->reload, out, reterr);
}

static enum err start(struct program *p, struct diag *d)
{
	const struct conf *c = p->conf;
	enum err e = folders_make(c->dir);
	if (e)
		return diag_set(d, e, 0, 0, "cannot make %s/run: %s", c->dir, err_text(e));
	e = store_place_fill(c, STORE_READER, &p->place, &p->store, d);
	if (e)
		return e;
	p->web_fd = open_web(c);
	if (p->web_fd < 0)
		log_warn("start", "the web page is not there; only the API answers");
	const struct api_opts o = {.ops = {open_client, store_close, ask_role, p},
				   .web_fd = p->web_fd,
				   .roles = "store collect serve"};
	e = api_new(&o, &p->api);
	if (e)
		return diag_set(d, e, 0, 0, "%s", err_text(e));
	e = start_server(p, d);
	const struct control_ops ops = {.role = "serve",
					.listen = listen_json,
					.metrics = metrics_text,
					.reload = reload,
					.ctx = p};
	return e ? e : control_start(c->dir, &ops, &p->control, d);
}

static void stop(struct program *p)
{
	control_stop(&p->control);
	if (p->server) {
		http_server_quiesce(p->server);
		api_cancel_all(p->api);
		http_server_stop(&p->server);
	}
	api_free(&p->api);
	if (p->web_fd >= 0)
		close(p->web_fd);
	store_place_fini(&p->place);
	reload_fini(&p->reload);
}

static void on_hangup(void *ctx)
{
	reload_on_hangup(reload, ctx);
}

int main(int argc, char **argv)
{
	struct program p = {.web_fd = -1};
	struct diag d = {0};
	struct common_args args;
	int status = setup_role("serve", argc, argv, &p.conf, &args);
	if (status >= 0)
		return status;
	reload_init(&p.reload, "serve", &args, p.conf);
	enum err e = start(&p, &d);
	if (e) {
		log_err("start", "%s", d.msg);
	} else {
		log_notice("start", "web page and API at http://%s/",
			   http_server_address(p.server));
		setup_wait(on_hangup, &p);
		log_notice("stop", "stopping");
	}
	stop(&p);
	return e ? EXIT_FAILED : EXIT_DONE;
}
