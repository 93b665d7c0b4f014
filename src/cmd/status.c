/* SPDX-License-Identifier: Apache-2.0 */
/* `weir status`: asks every role's control socket, so it answers also while the store is down or no
 * `weir up` runs (roles as units of their own). */
#include "base/buf.h"
#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/opts.h"
#include "cmd/role_state.h"
#include "cmd/setup.h"
#include "cmd/store_conf.h"
#include "conf/conf.h"
#include "query/store_info.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct status_args {
	struct common_args common;
	bool json;
};

static const struct opt rows[] = {
    OPTS_COMMON(struct status_args),
    OPT(0, "json", FLAG, NULL, struct status_args, json, "print one JSON object"),
};

/* A role as shown: what `weir up` says of it and what it says itself. */
struct line {
	const char *role;
	const char *state;
	uint64_t restarts;
	const char *error;
	bool answers;
	struct role_state s;
};

static const char *const roles[] = {"store", "collect", "serve", "detect", "probe"};

static const struct up_entry *entry_of(const struct up_entry *v, size_t n, const char *role)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].role, role) == 0)
			return &v[i];
	return NULL;
}

static void fill(struct line *l, const char *dir, const char *role, const struct up_entry *u)
{
	*l = (struct line){.role = role, .state = "down", .error = ""};
	l->answers = role_state_get(dir, role, &l->s) == ERR_OK;
	if (l->answers)
		l->state = l->s.ready ? "running" : "starting";
	else if (u)
		l->state = u->state;
	if (u)
		l->restarts = u->restarts;
	if (l->answers && !l->s.ready)
		l->error = l->s.error;
	else if (!l->answers && u)
		l->error = u->error;
}

/* What the store holds; false when it does not answer. */
static bool ask_store(const struct conf *c, struct store_info *ret)
{
	struct store_place place = {0};
	struct store_conf where;
	struct store *s = NULL;
	enum err e = store_place_fill(c, STORE_READER, &place, &where, NULL);
	if (!e)
		e = store_open(&where, &s, NULL);
	if (!e)
		e = store_info_get(s, ret, NULL);
	store_close(s);
	store_place_fini(&place);
	return e == ERR_OK;
}

/* Days until only store.min_free is left, if it goes on as since the oldest flow; -1 = cannot be
 * told yet. */
static double days_left(const struct store_info *i, uint64_t min_free)
{
	const double age_days = (double)(i->newest_ms - i->oldest_ms) / MS_PER_DAY;
	if (age_days < 1.0 / 24 || i->bytes_on_disk == 0)
		return -1;
	double room = i->free_bytes > min_free ? (double)(i->free_bytes - min_free) : 0;
	return room * age_days / (double)i->bytes_on_disk;
}

static void print_store(const struct store_info *i, const struct conf *c)
{
	char oldest[RFC3339_MAX];
	double days = days_left(i, c->store_min_free);
	rfc3339_format(i->oldest_ms, oldest);
	printf("store: %" PRIu64 " flows, %.1f MB on disk, %.1f GB free", i->rows,
	       (double)i->bytes_on_disk / (1 << 20), (double)i->free_bytes / (1 << 30));
	if (i->rows)
		printf(", oldest %s", oldest);
	if (days >= 0)
		printf("; at this rate the disk lasts %.0f days", days);
	printf("\n");
}

static void uptime_text(uint64_t s, char out[32])
{
	if (s >= 86400)
		snprintf(out, 32, "%" PRIu64 "d %" PRIu64 "h", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(out, 32, "%" PRIu64 "h %" PRIu64 "m", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(out, 32, "%" PRIu64 "m %" PRIu64 "s", s / 60, s % 60);
	else
		snprintf(out, 32, "%" PRIu64 "s", s);
}

static void print_table(const struct line *v, size_t n)
{
	printf("%-8s %-10s %8s %-9s %10s %8s  %s\n", "role", "state", "pid", "version", "uptime",
	       "restarts", "");
	for (size_t i = 0; i < n; i++) {
		const struct line *l = &v[i];
		char uptime[32] = "-", pid[16] = "-";
		if (l->answers) {
			uptime_text(l->s.uptime_s, uptime);
			snprintf(pid, sizeof(pid), "%d", l->s.pid);
		}
		printf("%-8s %-10s %8s %-9s %10s %8" PRIu64 "  %s\n", l->role, l->state, pid,
		       l->answers ? l->s.version : "-", uptime, l->restarts, l->error);
	}
	for (size_t i = 0; i < n; i++) {
		const struct role_state *s = &v[i].s;
		if (s->probe_text.n) {
			printf("\n");
			fwrite(s->probe_text.p, 1, s->probe_text.n, stdout);
		}
		if (!v[i].answers || strcmp(v[i].role, "collect") != 0)
			continue;
		printf("\ndatagrams received %" PRIu64 ", lost in the kernel %" PRIu64 "\n",
		       s->received, s->kernel_drops);
		printf("records decoded %" PRIu64 ", stored %" PRIu64 ", waiting %" PRIu64
		       ", lag %" PRIu64 " ms\n",
		       s->decoded, s->stored, s->waiting, s->lag_ms);
		printf("dropped or rejected %" PRIu64 "\n", s->drops);
		fwrite(s->enrich_text.p, 1, s->enrich_text.n, stdout);
	}
}

static void json_line(struct buf *out, const struct line *l)
{
	buf_u8(out, '{');
	buf_json_key(out, "role");
	buf_json_str(out, l->role, strlen(l->role));
	buf_json_key(out, "state");
	buf_json_str(out, l->state, strlen(l->state));
	buf_fmt(out, ",\"restarts\":%" PRIu64, l->restarts);
	if (*l->error) {
		buf_json_key(out, "error");
		buf_json_str(out, l->error, strlen(l->error));
	}
	if (l->answers) {
		buf_fmt(out, ",\"pid\":%d,\"uptime_s\":%" PRIu64, l->s.pid, l->s.uptime_s);
		buf_json_key(out, "version");
		buf_json_str(out, l->s.version, strlen(l->s.version));
		buf_json_key(out, "listen");
		buf_put(out, l->s.listen.p, l->s.listen.n);
	}
	if (l->answers && strcmp(l->role, "collect") == 0)
		buf_fmt(out,
			",\"received\":%" PRIu64 ",\"kernel_drops\":%" PRIu64
			",\"decoded\":%" PRIu64 ",\"stored\":%" PRIu64 ",\"waiting\":%" PRIu64
			",\"lag_ms\":%" PRIu64 ",\"drops\":%" PRIu64,
			l->s.received, l->s.kernel_drops, l->s.decoded, l->s.stored, l->s.waiting,
			l->s.lag_ms, l->s.drops);
	if (l->answers && l->s.probe.n) {
		buf_json_key(out, "accounting");
		buf_put(out, l->s.probe.p, l->s.probe.n);
	}
	if (l->answers && l->s.enrich.n) {
		buf_json_key(out, "enrich");
		buf_put(out, l->s.enrich.p, l->s.enrich.n);
	}
	buf_u8(out, '}');
}

static void print_json(const struct line *v, size_t n, const struct conf *c,
		       const struct store_info *store)
{
	const char *dir = c->dir;
	struct buf out = {0};
	buf_u8(&out, '{');
	buf_json_key(&out, "version");
	buf_json_str(&out, WEIR_VERSION, strlen(WEIR_VERSION));
	buf_json_key(&out, "dir");
	buf_json_str(&out, dir, strlen(dir));
	buf_json_key(&out, "roles");
	buf_u8(&out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_u8(&out, ',');
		json_line(&out, &v[i]);
	}
	buf_u8(&out, ']');
	if (store)
		buf_fmt(&out,
			",\"store\":{\"bytes_on_disk\":%" PRIu64 ",\"rows\":%" PRIu64
			",\"oldest\":%" PRId64 ",\"newest\":%" PRId64 ",\"free_bytes\":%" PRIu64
			",\"days_left\":%.1f}",
			store->bytes_on_disk, store->rows, store->oldest_ms, store->newest_ms,
			store->free_bytes, days_left(store, c->store_min_free));
	buf_u8(&out, '}');
	puts(buf_cstr(&out));
	buf_fini(&out);
}

int cmd_status(int argc, char **argv)
{
	struct status_args a = {0};
	struct operands o;
	struct up_entry entries[UP_ENTRIES_MAX];
	struct line lines[ARRAY_LEN(roles)];
	const struct conf *c;
	struct store_info store = {0};
	size_t n_entries = 0, answers = 0;
	int status;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &a, 0, 0, &o, &status) == OPTS_EXIT)
		return status;
	if (setup_conf(&a.common, &c))
		return EXIT_USAGE;
	if (role_state_of_up(c->dir, entries, &n_entries))
		n_entries = 0; /* the roles may run without it */
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		fill(&lines[i], c->dir, roles[i], entry_of(entries, n_entries, roles[i]));
		answers += lines[i].answers;
	}
	bool has_store = answers && ask_store(c, &store);
	if (a.json)
		print_json(lines, ARRAY_LEN(lines), c, has_store ? &store : NULL);
	else if (answers || n_entries)
		print_table(lines, ARRAY_LEN(lines));
	else
		fprintf(stderr,
			"weir status: nothing runs on %s; start it with: weir up --dir %s\n",
			c->dir, c->dir);
	if (has_store && !a.json)
		print_store(&store, c);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		role_state_fini(&lines[i].s);
	conf_put(&c);
	return answers ? EXIT_DONE : EXIT_FAILED;
}
