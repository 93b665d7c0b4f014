/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/sources.h"

#include "base/timefmt.h"
#include "enrich/geo_cache.h"
#include "net/http_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MS_PER_NS = 1000000, DOWNLOAD_MS = 60000, STATUS_OK = 200 };

static const struct {
	const char *kind, *off; /* off: what to do where the installed one is missing */
} kinds[SOURCE_MAX] = {
    [SOURCE_COUNTRY] = {"countries", "run npm ci in data/, or set enrich.country_data"},
    [SOURCE_AS] = {"as", "install libloc-database, or set enrich.as_data"},
    [SOURCE_NETWORKS] = {"networks", ""},
    [SOURCE_APPLICATIONS] = {"applications", ""},
};

static void set_opts(struct sources *s, const struct enrich_opts *o)
{
	s->o = *o;
	s->v[SOURCE_COUNTRY].from = o->country_data;
	s->v[SOURCE_COUNTRY].installed = o->country_installed;
	s->v[SOURCE_AS].from = o->as == ENRICH_AS_OFF ? "" : o->as_data;
	s->v[SOURCE_AS].installed = o->as_installed;
	s->v[SOURCE_NETWORKS].from = o->networks;
	s->v[SOURCE_APPLICATIONS].from = o->applications ? o->services : "";
	s->v[SOURCE_APPLICATIONS].installed = true;
}

void sources_init(struct sources *s, const struct enrich_opts *o)
{
	*s = (struct sources){0};
	set_opts(s, o);
	s->list.max = NETWORKS_BYTES_MAX;
}

/* Nothing of this source from now on. */
static void forget(struct sources *s, enum source_kind k)
{
	ranges_fini(&s->v[k].ranges);
	s->v[k].info = (struct geo_info){0};
	s->v[k].loaded = false;
	s->v[k].loaded_ms = 0;
	if (k == SOURCE_AS)
		as_names_fini(&s->as_names);
	if (k == SOURCE_NETWORKS)
		buf_reset(&s->list);
}

void sources_change(struct sources *s, const struct enrich_opts *o)
{
	const struct enrich_opts old = s->o;
	const char *from[SOURCE_MAX];
	for (int k = 0; k < SOURCE_MAX; k++)
		from[k] = s->v[k].from;
	set_opts(s, o);
	s->changed |= old.as != o->as || old.applications != o->applications;
	for (int k = 0; k < SOURCE_MAX; k++) {
		struct source *v = &s->v[k];
		if (strcmp(from[k], v->from) == 0)
			continue;
		v->mark = (struct file_mark){0};
		*v->error = 0;
		s->asked_ns = k == SOURCE_NETWORKS ? 0 : s->asked_ns;
		if (*v->from == 0)
			forget(s, (enum source_kind)k);
		s->changed = true;
	}
}

void sources_fini(struct sources *s)
{
	for (int i = 0; i < SOURCE_MAX; i++)
		ranges_fini(&s->v[i].ranges);
	as_names_fini(&s->as_names);
	buf_fini(&s->list);
	http_client_free(s->http);
	*s = (struct sources){0};
}

/* --- what is said about them */

static void notice(struct sources *s, enum source_kind k, bool warn, const char *text)
{
	if (s->n_notices == ARRAY_LEN(s->notice))
		return;
	struct enrich_notice *n = &s->notice[s->n_notices++];
	snprintf(n->text, sizeof(n->text), "%s: %s", kinds[k].kind, text);
	n->warn = warn;
}

bool sources_next_notice(struct sources *s, struct enrich_notice *ret)
{
	if (s->n_notices == 0)
		return false;
	*ret = s->notice[0];
	s->n_notices--;
	memmove(s->notice, s->notice + 1, s->n_notices * sizeof(s->notice[0]));
	return true;
}

static void say_loaded(struct sources *s, enum source_kind k)
{
	struct source *v = &s->v[k];
	char text[300], made[RFC3339_MAX] = "";
	if (v->info.made_ms)
		rfc3339_format(v->info.made_ms, made);
	v->loaded = true;
	v->loaded_ms = clock_wall_ms();
	snprintf(text, sizeof(text), "%llu entries from %.160s%s%.10s",
		 (unsigned long long)v->info.entries, v->from, *made ? ", made " : "", made);
	notice(s, k, false, text);
}

static void say_failed(struct sources *s, enum source_kind k, const char *why)
{
	struct source *v = &s->v[k];
	char text[300];
	bool same = strncmp(v->error, why, sizeof(v->error) - 1) == 0;
	snprintf(v->error, sizeof(v->error), "%s", why);
	if (same)
		return;
	snprintf(text, sizeof(text), "%.160s: %s%s", v->from, v->error,
		 v->loaded ? "; what was read before stays" : "");
	notice(s, k, true, text);
}

/* --- files */

static struct file_mark mark_of(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return (struct file_mark){0};
	return (struct file_mark){.size = st.st_size,
				  .mtime_ns = st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec,
				  .inode = (int64_t)st.st_ino,
				  .there = true};
}

static bool same_mark(const struct file_mark *a, const struct file_mark *b)
{
	return a->there == b->there && a->size == b->size && a->mtime_ns == b->mtime_ns &&
	       a->inode == b->inode;
}

/* Whether the file is there and is not the one that was read last. */
static bool is_new_file(struct sources *s, enum source_kind k)
{
	struct source *v = &s->v[k];
	struct file_mark now = mark_of(v->from);
	if (!now.there) {
		char why[256] = "not there";
		if (v->installed && !v->loaded)
			snprintf(why, sizeof(why), "the data set is not installed: %s",
				 kinds[k].off);
		say_failed(s, k, why);
		v->mark = now;
		return false;
	}
	if (same_mark(&now, &v->mark))
		return false;
	v->mark = now;
	return true;
}

/* The data set, from what was kept of it if that is still so, else from the file; kept then. */
static enum err read_set(struct sources *s, enum source_kind k, unsigned wanted, struct ranges *ret,
			 struct as_names *names, struct geo_info *info, struct diag *d)
{
	const struct source *v = &s->v[k];
	char kept[4096];
	const struct geo_cache_key key = {.path = v->from,
					  .size = v->mark.size,
					  .mtime_ns = v->mark.mtime_ns,
					  .inode = v->mark.inode,
					  .wanted = wanted};
	int n = s->o.keep_in && *s->o.keep_in
		    ? snprintf(kept, sizeof(kept), "%s/%s.ranges", s->o.keep_in, kinds[k].kind)
		    : 0;
	bool keep = n > 0 && n < (int)sizeof(kept);
	if (keep && geo_cache_load(kept, &key, ret, names, info) == ERR_OK)
		return ERR_OK;
	enum err e = geo_read(v->from, wanted, ret, names, info, d);
	if (e || !keep)
		return e;
	e = geo_cache_save(kept, &key, ret, names, info);
	if (e) {
		char text[300];
		snprintf(text, sizeof(text), "cannot write %.200s: %s; the next start reads anew",
			 kept, err_text(e));
		notice(s, k, true, text);
	}
	return ERR_OK;
}

static bool look_at_set(struct sources *s, enum source_kind k, unsigned wanted)
{
	struct source *v = &s->v[k];
	struct ranges r;
	struct as_names names = {0};
	struct geo_info info;
	struct diag d = {0};
	if (*v->from == 0 || !is_new_file(s, k))
		return false;
	if (read_set(s, k, wanted, &r, wanted & GEO_AS ? &names : NULL, &info, &d)) {
		say_failed(s, k, d.msg);
		as_names_fini(&names);
		return false;
	}
	ranges_fini(&v->ranges);
	v->ranges = r;
	v->info = info;
	*v->error = 0;
	if (wanted & GEO_AS) {
		as_names_fini(&s->as_names);
		s->as_names = names;
	}
	say_loaded(s, k);
	return true;
}

/* --- the list of networks */

static bool is_url(const char *from)
{
	return strncmp(from, "http://", 7) == 0 || strncmp(from, "https://", 8) == 0;
}

static bool take_body(void *arg, int status, const uint8_t *p, size_t n)
{
	if (status == STATUS_OK)
		buf_put(arg, p, n);
	return true;
}

static enum err download(struct sources *s, const char *url, struct buf *ret, struct diag *d)
{
	int status = 0;
	enum err e = s->http ? ERR_OK : http_client_new(&s->http);
	const struct http_call call = {.method = "GET",
				       .url = url,
				       .total_ms = DOWNLOAD_MS,
				       .cancel = s->o.stop,
				       .on_body = take_body,
				       .arg = ret};
	if (!e)
		e = http_client_do(s->http, &call, &status, d);
	if (!e && status != STATUS_OK)
		e = diag_set(d, ERR_REMOTE, 0, 0, "the server answered %d", status);
	return e;
}

static enum err read_file(const char *path, struct buf *ret, struct diag *d)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return diag_set(d, err_from_errno(errno), 0, 0, "cannot be read");
	for (size_t n = 1; n > 0 && buf_reserve(ret, 65536); ret->n += n)
		n = fread(ret->p + ret->n, 1, 65536, f);
	fclose(f);
	return ERR_OK;
}

/* Whether the text is a list at all; counts its entries and says which line is wrong. */
static enum err check_list(struct source *v, const struct buf *text, struct diag *d)
{
	struct texts texts;
	struct ranges_builder *b = NULL;
	struct networks n = {0};
	enum err e = texts_init(&texts);
	if (!e)
		e = ranges_builder_new(&b);
	if (!e)
		e = networks_parse((const char *)text->p, text->n, 0, &texts, b, &n);
	if (e)
		diag_set(d, e, 0, 0, "%s", err_text(e));
	else if (n.n == 1 && n.bad_lines)
		e = diag_set(d, ERR_SYNTAX, 0, 0, "no list of networks: line %u: %s",
			     n.first_bad.line, n.first_bad.msg);
	else if (n.bad_lines)
		diag_set(d, ERR_SYNTAX, 0, 0, "%llu lines left out; line %u: %s",
			 (unsigned long long)n.bad_lines, n.first_bad.line, n.first_bad.msg);
	v->info = e ? v->info : (struct geo_info){.entries = n.n ? n.n - 1 : 0};
	networks_fini(&n);
	ranges_builder_free(b);
	texts_fini(&texts);
	return e;
}

static bool take_list(struct sources *s, struct buf *text)
{
	struct source *v = &s->v[SOURCE_NETWORKS];
	struct diag d = {0};
	if (text->bad) {
		say_failed(s, SOURCE_NETWORKS, "longer than 64 MB");
		return false;
	}
	bool same = v->loaded && text->n == s->list.n &&
		    (text->n == 0 || memcmp(text->p, s->list.p, text->n) == 0);
	if (check_list(v, text, &d)) {
		say_failed(s, SOURCE_NETWORKS, d.msg);
		return false;
	}
	if (d.msg[0])
		say_failed(s, SOURCE_NETWORKS, d.msg);
	else
		*v->error = 0;
	if (same)
		return false;
	struct buf old = s->list;
	s->list = *text;
	*text = old;
	say_loaded(s, SOURCE_NETWORKS);
	return true;
}

static bool look_at_list(struct sources *s, uint64_t now_ns)
{
	struct source *v = &s->v[SOURCE_NETWORKS];
	struct buf text = {.max = NETWORKS_BYTES_MAX};
	struct diag d = {0};
	enum err e;
	if (*v->from == 0)
		return false;
	if (is_url(v->from)) {
		if (s->asked_ns && now_ns - s->asked_ns < s->o.networks_ms * MS_PER_NS)
			return false;
		s->asked_ns = now_ns;
		e = download(s, v->from, &text, &d);
	} else {
		if (!is_new_file(s, SOURCE_NETWORKS))
			return false;
		e = read_file(v->from, &text, &d);
	}
	bool changed = false;
	if (e)
		say_failed(s, SOURCE_NETWORKS, d.msg[0] ? d.msg : err_text(e));
	else
		changed = take_list(s, &text);
	buf_fini(&text);
	return changed;
}

/* --- all together */

static struct snapshot *make(struct sources *s)
{
	struct snapshot *ret = NULL;
	struct source *apps = &s->v[SOURCE_APPLICATIONS];
	const struct snapshot_parts p = {
	    .generation = ++s->generation,
	    .country = &s->v[SOURCE_COUNTRY].ranges,
	    .as = &s->v[SOURCE_AS].ranges,
	    .networks = (const char *)s->list.p,
	    .networks_n = s->list.n,
	    .services = s->o.applications ? s->o.services : NULL,
	    .as_from = s->o.as,
	};
	enum err e = snapshot_new(&p, &ret);
	if (e) {
		notice(s, SOURCE_COUNTRY, true, err_text(e));
		return NULL;
	}
	apps->loaded = ret->apps.n != 0;
	apps->info.entries = ret->apps.n ? ret->apps.n - 1u : 0;
	if (apps->loaded && !apps->loaded_ms)
		apps->loaded_ms = clock_wall_ms();
	return ret;
}

bool sources_look(struct sources *s, uint64_t now_ns, struct snapshot **ret)
{
	bool changed = s->generation == 0 || s->changed;
	s->changed = false;
	changed |= look_at_set(s, SOURCE_COUNTRY, GEO_COUNTRY);
	changed |= look_at_set(s, SOURCE_AS, GEO_AS);
	changed |= look_at_list(s, now_ns);
	if (changed)
		*ret = make(s);
	return changed;
}

void sources_state(const struct sources *s, const struct snapshot *now, struct sources_state *ret)
{
	*ret = (struct sources_state){0};
	for (int i = 0; i < SOURCE_MAX; i++) {
		const struct source *v = &s->v[i];
		snprintf(ret->v[i].from, sizeof(ret->v[i].from), "%s", v->from);
		snprintf(ret->v[i].error, sizeof(ret->v[i].error), "%s", v->error);
		ret->v[i].off = *v->from == 0;
		ret->v[i].loaded = v->loaded;
		ret->v[i].entries = v->info.entries;
		ret->v[i].made_ms = v->info.made_ms;
		ret->v[i].loaded_ms = v->loaded_ms;
	}
	if (!now)
		return;
	ret->ranges = (uint64_t)now->places.v4.n + now->places.v6.n;
	ret->bytes = ranges_bytes(&now->places);
}

static void time_member(struct buf *out, const char *key, int64_t ms)
{
	char text[RFC3339_MAX];
	if (ms == 0)
		return;
	buf_json_key(out, key);
	buf_json_str(out, text, rfc3339_format(ms, text));
}

void sources_state_json(const struct sources_state *s, struct buf *out)
{
	buf_str(out, "{\"sources\":[");
	for (int i = 0; i < SOURCE_MAX; i++) {
		buf_str(out, i ? ",{" : "{");
		buf_json_key(out, "kind");
		buf_json_str(out, kinds[i].kind, strlen(kinds[i].kind));
		buf_json_key(out, "from");
		buf_json_str(out, s->v[i].from, strlen(s->v[i].from));
		buf_json_key(out, "state");
		buf_str(out, s->v[i].off      ? "\"off\""
			     : s->v[i].loaded ? "\"loaded\""
					      : "\"missing\"");
		buf_json_key(out, "entries");
		buf_dec(out, s->v[i].entries);
		time_member(out, "made", s->v[i].made_ms);
		time_member(out, "loaded", s->v[i].loaded_ms);
		buf_json_key(out, "error");
		buf_json_str(out, s->v[i].error, strlen(s->v[i].error));
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
	buf_json_key(out, "ranges");
	buf_dec(out, s->ranges);
	buf_json_key(out, "bytes");
	buf_dec(out, s->bytes);
	buf_u8(out, '}');
}
