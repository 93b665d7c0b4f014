/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/up_view.h"

#include "base/timefmt.h"
#include "cmd/control.h"
#include "cmd/handoff.h"
#include "cmd/up_role.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shown {
	const char *name;
	enum role_phase phase;
	pid_t pid;
	uint64_t since_ns, restarts;
	char error[160];
};

struct up_view {
	pthread_mutex_t lock; /* everything below */
	size_t n;
	struct shown v[];
};

struct up_view *up_view_new(size_t n)
{
	struct up_view *v = calloc(1, sizeof(*v) + n * sizeof(v->v[0]));
	if (!v)
		return NULL;
	pthread_mutex_init(&v->lock, NULL);
	v->n = n;
	for (size_t i = 0; i < n; i++)
		v->v[i].name = "";
	return v;
}

void up_view_free(struct up_view *v)
{
	if (v)
		pthread_mutex_destroy(&v->lock);
	free(v);
}

void up_view_set(struct up_view *v, size_t i, const struct up_role *r)
{
	pthread_mutex_lock(&v->lock);
	struct shown *s = &v->v[i];
	s->name = r->name;
	s->phase = r->phase;
	s->pid = r->pid;
	s->since_ns = r->since_ns;
	s->restarts = r->restarts;
	memcpy(s->error, r->error, sizeof(s->error));
	pthread_mutex_unlock(&v->lock);
}

static bool out_of(enum role_phase p)
{
	return p == PHASE_ABSENT || p == PHASE_OFF;
}

bool up_view_ready(struct up_view *v, struct diag *reterr)
{
	bool ready = true;
	pthread_mutex_lock(&v->lock);
	for (size_t i = 0; i < v->n && ready; i++) {
		const struct shown *s = &v->v[i];
		ready = s->phase == PHASE_RUNNING || out_of(s->phase);
		if (!ready)
			diag_set(reterr, ERR_BUSY, 0, 0, "%s is %s%s%s", s->name,
				 role_phase_name(s->phase), *s->error ? ": it " : "", s->error);
	}
	pthread_mutex_unlock(&v->lock);
	return ready;
}

void up_view_json(struct up_view *v, struct buf *out)
{
	uint64_t now = clock_mono_ns();
	pthread_mutex_lock(&v->lock);
	buf_json_key(out, "roles");
	buf_u8(out, '[');
	for (size_t i = 0; i < v->n; i++) {
		const struct shown *s = &v->v[i];
		buf_fmt(out, "%s{\"role\":\"%s\",\"state\":\"%s\"", i ? "," : "", s->name,
			role_phase_name(s->phase));
		if (!out_of(s->phase))
			buf_fmt(out, ",\"pid\":%d,\"uptime_s\":%llu,\"restarts\":%llu", (int)s->pid,
				(unsigned long long)(s->pid ? (now - s->since_ns) / 1000000000 : 0),
				(unsigned long long)s->restarts);
		if (*s->error && s->phase != PHASE_RUNNING) {
			buf_json_key(out, "error");
			buf_json_str(out, s->error, strlen(s->error));
		}
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
	pthread_mutex_unlock(&v->lock);
}

void up_view_metrics(struct up_view *v, struct buf *out)
{
	pthread_mutex_lock(&v->lock);
	buf_str(out, "# TYPE weir_role_running gauge\n");
	for (size_t i = 0; i < v->n; i++)
		if (!out_of(v->v[i].phase))
			buf_fmt(out, "weir_role_running{role=\"%s\"} %d\n", v->v[i].name,
				v->v[i].phase == PHASE_RUNNING);
	buf_str(out, "# TYPE weir_role_restarts counter\n");
	for (size_t i = 0; i < v->n; i++)
		if (!out_of(v->v[i].phase))
			buf_fmt(out, "weir_role_restarts_total{role=\"%s\"} %llu\n", v->v[i].name,
				(unsigned long long)v->v[i].restarts);
	pthread_mutex_unlock(&v->lock);
}

static void append_control(struct buf *out, const char *dir, const char *role)
{
	char path[CONTROL_PATH_MAX];
	if (control_path(dir, role, path))
		return;
	buf_json_key(out, role);
	buf_json_str(out, path, strlen(path));
}

static void ports_text(const char *dir, const struct up_role *roles, size_t n,
		       const struct handoff *sockets, struct buf *out)
{
	buf_str(out, "{\"collect\":");
	handoff_json(sockets, out);
	for (size_t i = 0; i < n; i++) {
		if (roles[i].sockets || roles[i].listen.n == 0)
			continue;
		buf_json_key(out, roles[i].name);
		buf_put(out, roles[i].listen.p, roles[i].listen.n);
	}
	buf_json_key(out, "control");
	buf_u8(out, '{');
	append_control(out, dir, "up");
	for (size_t i = 0; i < n; i++)
		if (!up_role_out(&roles[i]))
			append_control(out, dir, roles[i].name);
	buf_str(out, "}}\n");
}

static enum err write_file(const char *path, const struct buf *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_from_errno(errno);
	ssize_t n = write(fd, text->p, text->n);
	enum err e = n < 0 ? err_from_errno(errno) : (size_t)n < text->n ? ERR_FULL : ERR_OK;
	close(fd);
	return e;
}

enum err up_view_write_ports(const char *dir, const struct up_role *roles, size_t n,
			     const struct handoff *sockets)
{
	struct buf text = {0}, path = {0}, tmp = {0};
	ports_text(dir, roles, n, sockets, &text);
	buf_fmt(&path, "%s/run/ports.json", dir);
	buf_fmt(&tmp, "%s/run/ports.json.new", dir);
	enum err e =
	    text.bad || path.bad || tmp.bad ? ERR_NOMEM : write_file(buf_cstr(&tmp), &text);
	if (!e && rename(buf_cstr(&tmp), buf_cstr(&path)))
		e = err_from_errno(errno);
	buf_fini(&text);
	buf_fini(&path);
	buf_fini(&tmp);
	return e;
}

void up_view_remove_files(const char *dir, const char *const *names, size_t n)
{
	char path[CONTROL_PATH_MAX];
	struct buf ports = {0};
	for (size_t i = 0; i < n; i++)
		if (!control_path(dir, names[i], path))
			unlink(path);
	buf_fmt(&ports, "%s/run/ports.json", dir);
	unlink(buf_cstr(&ports));
	buf_fini(&ports);
}
