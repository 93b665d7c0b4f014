/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/reload.h"

#include "base/log.h"
#include "cmd/setup.h"
#include "conf/conf.h"
#include "conf/key.h"

#include <stdlib.h>
#include <string.h>

enum effect { RESTART, NOW, HANDOVER, SOCKETS };

static const char *const effect_names[] = {
    [RESTART] = "restart", [NOW] = "now", [HANDOVER] = "handover"};

static const uint8_t effects[CONF_KEY_MAX] = {
#define LIVE(member, effect) [CONF_KEY_##member] = effect,
#include "conf/live.def"
#undef LIVE
};

/* The sections that a role reads; sections that are in no row are the collector's. */
static const struct {
	const char *role, *sections;
} readers[] = {
    {"serve", "dir log serve store"}, {"store", "dir log store"}, {"probe", "dir log probe"}};

static bool among(const char *list, const char *word, size_t n)
{
	for (const char *w = list; *w;) {
		size_t len = strcspn(w, " ");
		if (len == n && memcmp(w, word, n) == 0)
			return true;
		w += len + (w[len] == ' ');
	}
	return false;
}

static bool reads(const char *role, const char *path)
{
	size_t n = strcspn(path, ".");
	for (size_t i = 0; i < ARRAY_LEN(readers); i++)
		if (strcmp(readers[i].role, role) == 0)
			return among(readers[i].sections, path, n);
	return strcmp(role, "up") == 0 ||
	       (strncmp(path, "serve.", 6) != 0 && strncmp(path, "probe.", 6) != 0);
}

void reload_init(struct reload *r, const char *role, const struct common_args *args,
		 const struct conf *conf)
{
	*r = (struct reload){
	    .role = role, .args = *args, .started = conf, .running = conf_get(conf)};
	pthread_mutex_init(&r->lock, NULL);
}

void reload_fini(struct reload *r)
{
	if (!r->started)
		return;
	conf_put(&r->running);
	conf_put(&r->started);
	pthread_mutex_destroy(&r->lock);
}

enum err reload_read(const struct reload *r, const struct conf **ret, struct diag *reterr)
{
	struct conf_report *report = calloc(1, sizeof(*report));
	if (!report)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s", err_text(ERR_NOMEM));
	/* dir is absolute since the start, wherever the process stands now. */
	enum err e = conf_load(r->args.conf, r->started->dir, report, ret);
	if (e && report->n && report->v[0].line)
		diag_set(reterr, e, report->v[0].line, report->v[0].col, "%s:%u:%u: %s",
			 setup_conf_name(&r->args), report->v[0].line, report->v[0].col,
			 report->v[0].msg);
	else if (e)
		diag_set(reterr, e, 0, 0, "%s", report->n ? report->v[0].msg : err_text(e));
	free(report);
	return e;
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

static void report_key(const struct reload *r, const struct conf *next, size_t key, struct buf *out)
{
	const struct conf_key *k = &conf_keys[key];
	struct buf from = {0}, to = {0};
	enum effect effect = (enum effect)effects[key];
	if (effect == SOCKETS)
		effect = r->sockets_taken ? NOW : HANDOVER;
	if (effect == HANDOVER && strcmp(r->role, "up") != 0)
		effect = RESTART;
	conf_key_print(effect == RESTART ? r->started : r->running, k, &from);
	conf_key_print(next, k, &to);
	if (!same(&from, &to)) {
		buf_str(out, out->p[out->n - 1] == '[' ? "{" : ",{");
		buf_json_key(out, "key");
		buf_json_str(out, k->path, strlen(k->path));
		buf_json_key(out, "from");
		buf_json_str(out, from.p, from.n);
		buf_json_key(out, "to");
		buf_json_str(out, to.p, to.n);
		buf_json_key(out, "effect");
		buf_json_str(out, effect_names[effect], strlen(effect_names[effect]));
		buf_u8(out, '}');
	}
	buf_fini(&from);
	buf_fini(&to);
}

void reload_report(const struct reload *r, const struct conf *next, struct buf *out)
{
	buf_str(out, "{\"changed\":[");
	for (size_t i = 0; i < CONF_KEY_MAX && !out->bad; i++)
		if (reads(r->role, conf_keys[i].path))
			report_key(r, next, i, out);
	buf_str(out, "]}\n");
}

bool reload_differs(const struct reload *r, const struct conf *next, const char *section)
{
	bool differs = false;
	for (size_t i = 0; i < CONF_KEY_MAX && !differs; i++) {
		struct buf from = {0}, to = {0};
		if (strncmp(conf_keys[i].path, section, strlen(section)) != 0)
			continue;
		conf_key_print(r->running, &conf_keys[i], &from);
		conf_key_print(next, &conf_keys[i], &to);
		differs = !same(&from, &to);
		buf_fini(&from);
		buf_fini(&to);
	}
	return differs;
}

void reload_done(struct reload *r, const struct conf *next, struct buf *report)
{
	conf_put(&r->running);
	r->running = next;
	log_set((enum log_level)next->log_level, next->log_json);
	log_notice("reload", "took the configuration: %.*s", (int)strcspn(buf_cstr(report), "\n"),
		   buf_cstr(report));
}

void reload_on_hangup(enum err (*reload)(void *ctx, struct buf *out, struct diag *reterr),
		      void *ctx)
{
	struct diag d = {0};
	struct buf out = {0};
	if (reload(ctx, &out, &d))
		log_err("reload", "the new configuration is not taken, nothing changed: %s", d.msg);
	buf_fini(&out);
}

enum err reload_plain(void *reload, struct buf *out, struct diag *reterr)
{
	struct reload *r = reload;
	const struct conf *next;
	pthread_mutex_lock(&r->lock);
	enum err e = reload_read(r, &next, reterr);
	if (!e) {
		reload_report(r, next, out);
		reload_done(r, next, out);
	}
	pthread_mutex_unlock(&r->lock);
	return e;
}
