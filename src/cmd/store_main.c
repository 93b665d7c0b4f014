/* SPDX-License-Identifier: Apache-2.0 */
/* weir-store: the embedded engine behind ClickHouse's HTTP interface. Answers queries on the Unix
 * socket D/run/store-query.sock (over TCP too if configured), keeps its data in D/store, knows
 * nothing of flows. It leaves by _exit, because the engine's library does not survive exit(). */
#include "base/ip.h"
#include "base/log.h"
#include "cmd/beside.h"
#include "cmd/command.h"
#include "cmd/control.h"
#include "cmd/folders.h"
#include "cmd/setup.h"
#include "conf/conf.h"
#include "engine/confine.h"
#include "engine/engine_chdb.h"
#include "engine/front.h"
#include "http/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STOP_MS = 4000, SOCKET_MODE = 0660, MS_PER_S = 1000 };

struct program {
	const struct conf *conf;
	struct buf data, socket, library, writer_password, reader_password;
	struct engine *engine;
	struct front *front;
	struct http_server *query, *tcp;
	struct control *control;
};

/* Where the engine lies: beside the build folder, or installed. */
static const char *const library_places[] = {
    "../engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so",
    "../lib/weir/libchdb.so",
};

static enum err find_library(struct program *p, struct diag *d)
{
	if (*p->conf->store_library) {
		buf_str(&p->library, p->conf->store_library);
		return ERR_OK;
	}
	for (size_t i = 0; i < ARRAY_LEN(library_places); i++) {
		char path[BESIDE_MAX];
		if (beside_path(library_places[i], path) || access(path, R_OK) != 0)
			continue;
		buf_str(&p->library, path);
		return ERR_OK;
	}
	return diag_set(d, ERR_NOT_FOUND, 0, 0,
			"the engine (libchdb.so) is not there: run npm ci in engine/, or set "
			"store.library");
}

static enum err read_password(const char *file, struct buf *ret, struct diag *d)
{
	enum err e = *file ? conf_read_secret(file, ret) : ERR_OK;
	return e ? diag_set(d, e, 0, 0, "cannot read %s: %s", file, err_text(e)) : ERR_OK;
}

static const char *password(struct buf *b)
{
	return b->n ? buf_cstr(b) : NULL;
}

/* Before the engine makes its threads: SQL that got past the front still cannot read the passwords
 * of the machine or of Weir. */
static enum err confine(struct program *p, struct diag *d)
{
	struct buf run = {0};
	buf_fmt(&run, "%s/run", p->conf->dir);
	if (mkdir(buf_cstr(&p->data), 0700) != 0 && errno != EEXIST)
		return diag_set(d, err_from_errno(errno), 0, 0, "cannot make %s: %s",
				buf_cstr(&p->data), strerror(errno));
	/* The engine reads this program for the names in its stack traces, and dies if it may not.
	 */
	const struct confine_path paths[] = {
	    {"/proc/self/exe", false},
	    {buf_cstr(&p->data), true},
	    {buf_cstr(&run), true},
	    {"/dev/null", true},
	    {buf_cstr(&p->library), false},
	    {"/usr", false},
	    {"/lib", false},
	    {"/lib64", false},
	    {"/etc/localtime", false},
	    {"/etc/timezone", false},
	    {"/etc/ld.so.cache", false},
	    {"/etc/hosts", false},
	    {"/etc/resolv.conf", false},
	    {"/etc/nsswitch.conf", false},
	    {"/etc/host.conf", false},
	    {"/dev/urandom", false},
	    {"/proc/self", false},
	    {"/proc/meminfo", false},
	    {"/proc/cpuinfo", false},
	    {"/proc/stat", false},
	    {"/proc/sys", false},
	    {"/sys/fs/cgroup", false},
	    {"/sys/devices/system", false},
	};
	enum err e = confine_files(paths, ARRAY_LEN(paths));
	buf_fini(&run);
	if (e == ERR_UNSUPPORTED)
		log_notice("start", "this kernel has no Landlock: the engine can open any file");
	else if (e)
		return diag_set(d, e, 0, 0, "cannot confine the engine: %s", err_text(e));
	return ERR_OK;
}

static enum err start_engine(struct program *p, struct diag *d)
{
	const struct conf *c = p->conf;
	buf_fmt(&p->data, "%s/store", c->dir);
	buf_fmt(&p->socket, "%s/run/store-query.sock", c->dir);
	enum err e = folders_make(c->dir);
	if (e)
		return diag_set(d, e, 0, 0, "cannot make %s/run: %s", c->dir, err_text(e));
	e = find_library(p, d);
	if (!e)
		e = read_password(c->store_writer_password_file, &p->writer_password, d);
	if (!e)
		e = read_password(c->store_reader_password_file, &p->reader_password, d);
	if (!e)
		e = confine(p, d);
	if (!e)
		e = engine_chdb_open(buf_cstr(&p->library), buf_cstr(&p->data), &p->engine, d);
	if (e)
		return e;
	struct front_opts opts = {
	    .engine = p->engine,
	    .database = "weir",
	    .writer_password = password(&p->writer_password),
	    .reader_password = password(&p->reader_password),
	    .max_memory = c->store_max_memory,
	    .max_time_s = (unsigned)(c->store_max_time / MS_PER_S),
	    .max_queries = (unsigned)c->store_max_queries,
	};
	return front_new(&opts, &p->front, d);
}

static enum err start_servers(struct program *p, struct diag *d)
{
	const struct conf *c = p->conf;
	struct http_opts opts = {
	    .unix_path = buf_cstr(&p->socket),
	    .mode = SOCKET_MODE,
	    .handler = front_handle,
	    .ctx = p->front,
	    .max_connections = FRONT_CONNECTIONS,
	    .max_body = FRONT_BODY_MAX,
	    .body_in_memory = FRONT_BODY_IN_MEMORY,
	};
	enum err e = http_server_start(&opts, &p->query, d);
	if (e || !c->store_tcp.on)
		return e;
	char host[IP_TEXT_MAX];
	ip_format(&c->store_tcp.ip, host);
	opts.unix_path = NULL;
	opts.host = host;
	opts.port = c->store_tcp.port;
	return http_server_start(&opts, &p->tcp, d);
}

/* --- the control socket */
static void listen_json(void *ctx, struct buf *out)
{
	const struct program *p = ctx;
	buf_str(out, "[{\"proto\":\"http\",\"socket\":");
	buf_json_str(out, p->socket.p, p->socket.n);
	buf_str(out, "}");
	if (p->tcp) {
		char host[IP_TEXT_MAX];
		ip_format(&p->conf->store_tcp.ip, host);
		buf_fmt(out, ",{\"proto\":\"http\",\"address\":\"%s\",\"port\":%u}", host,
			http_server_port(p->tcp));
	}
	buf_str(out, "]");
}

static void state_json(void *ctx, struct buf *out)
{
	const struct program *p = ctx;
	buf_json_key(out, "engine");
	buf_json_str(out, p->engine->version, strlen(p->engine->version));
	front_state(p->front, out);
}

static void metrics_text(void *ctx, struct buf *out)
{
	const struct program *p = ctx;
	front_metrics(p->front, out);
}

static enum err start(struct program *p, struct diag *d)
{
	enum err e = start_engine(p, d);
	if (!e)
		e = start_servers(p, d);
	if (e)
		return e;
	/* Last: who can reach it finds the role at work. */
	const struct control_ops ops = {.role = "store",
					.listen = listen_json,
					.state = state_json,
					.metrics = metrics_text,
					.ctx = p};
	return control_start(p->conf->dir, &ops, &p->control, d);
}

/* Lets running queries end, then cancels them, closes every connection to the engine. */
static void stop(struct program *p)
{
	if (p->query)
		http_server_quiesce(p->query);
	if (p->tcp)
		http_server_quiesce(p->tcp);
	if (p->front && !front_stop(p->front, STOP_MS))
		log_warn("stop", "some queries do not end, leaving without them");
	else {
		http_server_stop(&p->query);
		http_server_stop(&p->tcp);
		front_free(&p->front);
		engine_chdb_close(&p->engine);
	}
	control_stop(&p->control);
}

int main(int argc, char **argv)
{
	struct program p = {0};
	struct diag d = {0};
	int status = setup_role("store", argc, argv, &p.conf, NULL);
	if (status >= 0)
		return status;
	enum err e = start(&p, &d);
	if (e) {
		log_err("start", "%s", d.msg);
	} else {
		log_notice("start", "engine %s, answers on %s%s%s", p.engine->version,
			   http_server_address(p.query), p.tcp ? " and " : "",
			   p.tcp ? http_server_address(p.tcp) : "");
		setup_wait(NULL, NULL);
		log_notice("stop", "stopping");
	}
	stop(&p);
	_exit(e ? EXIT_FAILED : EXIT_DONE);
}
