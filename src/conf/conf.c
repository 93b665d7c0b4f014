/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include "conf/key.h"
#include "conf/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* struct conf is the public face of this; a reference to one is a reference to the other. */
struct conf_held {
	struct conf c; /* first */
	struct arena arena;
	int refs; /* atomic */
};

static struct conf_held *held_of(const struct conf *c)
{
	return (struct conf_held *)(uintptr_t)c;
}

static void free_held(struct conf_held *h)
{
	arena_fini(&h->arena);
	free(h);
}

const struct conf *conf_get(const struct conf *c)
{
	__atomic_add_fetch(&held_of(c)->refs, 1, __ATOMIC_RELAXED);
	return c;
}

void conf_put(const struct conf **c)
{
	if (*c && __atomic_sub_fetch(&held_of(*c)->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free_held(held_of(*c));
	*c = NULL;
}

/* Whether there is a TLS address besides that of the default (any address, port 4740), which is
 * left out where there is no certificate. */
static bool listens_on_tls(const struct conf *c)
{
	enum { TLS_PORT = 4740 };
	const struct conf_addrs *l = &c->collect_listen;
	bool found = false;
	for (size_t i = 0; i < l->n; i++) {
		bool any = l->v[i].optional || (i + 1 < l->n && l->v[i + 1].optional);
		found |= l->v[i].scheme == CONF_TLS && !(any && l->v[i].port == TLS_PORT);
	}
	return found;
}

/* What no single key can see: keys that need or exclude each other. */
static void check_together(const struct conf *c, const struct conf_places *p, struct conf_report *r)
{
	const struct {
		bool bad;
		int key;
		const char *text;
	} rules[] = {
	    {c->spool_segment_bytes > c->spool_quota, CONF_KEY_spool_segment_bytes,
	     "spool.segment_bytes: larger than spool.quota"},
	    {*c->store_cluster && !*c->store_url, CONF_KEY_store_cluster,
	     "store.cluster: needs store.url"},
	    {*c->store_user && !*c->store_url, CONF_KEY_store_user, "store.user: needs store.url"},
	    {*c->store_password_file && !*c->store_user, CONF_KEY_store_password_file,
	     "store.password_file: needs store.user"},
	    {c->store_tcp.on && *c->store_url, CONF_KEY_store_tcp,
	     "store.tcp: is of the embedded store, which store.url switches off"},
	    {listens_on_tls(c) && !*c->collect_certificate, CONF_KEY_collect_listen,
	     "collect.listen: tls:// needs collect.certificate"},
	    {*c->collect_key && !*c->collect_certificate, CONF_KEY_collect_key,
	     "collect.key: needs collect.certificate"},
	    {*c->collect_client_ca && !*c->collect_certificate, CONF_KEY_collect_client_ca,
	     "collect.client_ca: needs collect.certificate"},
	    {c->collect_client_certificate == CONF_CLIENT_REQUIRED && !*c->collect_client_ca,
	     CONF_KEY_collect_client_certificate,
	     "collect.client_certificate: required needs collect.client_ca"},
	    {*c->store_url && strncmp(c->store_url, "http://", 7) != 0 &&
		 strncmp(c->store_url, "https://", 8) != 0,
	     CONF_KEY_store_url, "store.url: must begin with http:// or https://"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct diag d;
		diag_set(&d, ERR_CONFIG, p->line[rules[i].key], p->col[rules[i].key], "%s",
			 rules[i].text);
		if (rules[i].bad)
			conf_report_add(r, &d);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct diag *x = a, *y = b;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->col < y->col ? -1 : x->col > y->col;
}

/* Everything below must work from any folder, so dir becomes absolute. */
static enum err set_dir(struct conf_held *h, const char *dir)
{
	struct buf b = {0};
	if (dir)
		h->c.dir = arena_strndup(&h->arena, dir, strlen(dir));
	if (h->c.dir && h->c.dir[0] != '/') {
		char *cwd = getcwd(NULL, 0);
		if (cwd)
			buf_fmt(&b, "%s/%s", cwd, h->c.dir);
		free(cwd);
		h->c.dir = b.bad || !b.n ? NULL : arena_strndup(&h->arena, (const char *)b.p, b.n);
	}
	buf_fini(&b);
	return h->c.dir ? ERR_OK : ERR_NOMEM;
}

static enum err set_defaults(struct conf_held *h)
{
	for (size_t i = 0; i < CONF_KEY_MAX; i++) {
		enum err e = conf_key_set_default(&h->c, &h->arena, &conf_keys[i]);
		if (e)
			return e;
	}
	return ERR_OK;
}

enum err conf_parse(const char *text, size_t n, const char *dir, struct conf_report *report,
		    const struct conf **ret)
{
	struct conf_places places = {0};
	struct conf_held *h = calloc(1, sizeof(*h));
	if (!h)
		return ERR_NOMEM;
	h->refs = 1;
	*report = (struct conf_report){0};
	enum err e = set_defaults(h);
	if (!e) {
		conf_yaml_read(text, n, &h->c, &h->arena, report, &places);
		if (report->n == 0)
			check_together(&h->c, &places, report);
		qsort(report->v, report->n, sizeof(report->v[0]), by_place);
		e = report->n ? ERR_CONFIG : set_dir(h, dir);
	}
	if (e) {
		free_held(h);
		return e;
	}
	*ret = &h->c;
	return ERR_OK;
}

/* The whole file, at most max bytes. */
static enum err read_file(int fd, size_t max, struct buf *ret)
{
	for (;;) {
		if (!buf_reserve(ret, 4096))
			return ERR_NOMEM;
		ssize_t got = read(fd, ret->p + ret->n, 4096);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_from_errno(errno);
		if (got == 0)
			return ERR_OK;
		ret->n += (size_t)got;
		if (ret->n > max)
			return ERR_LIMIT;
	}
}

static enum err cannot_read(struct conf_report *report, const char *path, enum err e)
{
	struct diag d;
	*report = (struct conf_report){0};
	if (e == ERR_LIMIT)
		diag_set(&d, e, 0, 0, "larger than %d bytes", CONF_FILE_MAX);
	else
		diag_set(&d, e, 0, 0, "cannot read %s: %s", path, err_text(e));
	conf_report_add(report, &d);
	return ERR_CONFIG;
}

enum err conf_load(const char *path, const char *dir, struct conf_report *report,
		   const struct conf **ret)
{
	if (!path && access(CONF_DEFAULT_FILE, F_OK) != 0)
		return conf_parse("", 0, dir, report, ret);
	if (!path)
		path = CONF_DEFAULT_FILE;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cannot_read(report, path, err_from_errno(errno));
	struct buf text = {0};
	enum err e = read_file(fd, CONF_FILE_MAX, &text);
	close(fd);
	if (e)
		e = cannot_read(report, path, e);
	else
		e = conf_parse(text.n ? (const char *)text.p : "", text.n, dir, report, ret);
	buf_fini(&text);
	return e;
}

uint32_t conf_threads(const struct conf *c)
{
	if (c->collect_threads)
		return (uint32_t)c->collect_threads;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	return cpus < 4 ? 1 : (uint32_t)MIN_OF(cpus / 2, 8);
}

enum err conf_read_secret(const char *path, struct buf *ret)
{
	struct stat st;
	struct buf text = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_from_errno(errno);
	enum err e = fstat(fd, &st)         ? err_from_errno(errno)
		     : st.st_mode & S_IRWXO ? ERR_DENIED
					    : read_file(fd, 4096, &text);
	close(fd);
	if (!e) {
		const uint8_t *nl = memchr(text.n ? text.p : (const uint8_t *)"", '\n', text.n);
		size_t n = nl ? (size_t)(nl - text.p) : text.n;
		buf_put(ret, text.p, n);
		e = n == 0 ? ERR_SHORT : ret->bad ? ERR_NOMEM : ERR_OK;
	}
	if (text.p)
		explicit_bzero(text.p, text.cap);
	buf_fini(&text);
	return e;
}

void conf_report_print(const struct conf_report *report, const char *file, struct buf *out)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct diag *d = &report->v[i];
		if (d->line)
			buf_fmt(out, "%s:%u:%u: %s\n", file, d->line, d->col, d->msg);
		else
			buf_fmt(out, "%s: %s\n", file, d->msg);
	}
	if (report->more)
		buf_fmt(out, "%s: and %zu more\n", file, report->more);
}
