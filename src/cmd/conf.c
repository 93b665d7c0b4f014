/* SPDX-License-Identifier: Apache-2.0 */
/* `weir conf check|diff|explain|reload`: what is wrong with the configuration, what differs from
 * the defaults, what a key means. */
#include "conf/conf.h"

#include "cmd/command.h"
#include "cmd/conf_reload.h"
#include "cmd/opts.h"
#include "cmd/probe_conf.h"
#include "cmd/setup.h"
#include "conf/key.h"

#include <stdio.h>
#include <string.h>

struct conf_args {
	struct common_args common;
	bool json;
};

static const struct opt rows[] = {
    OPTS_COMMON(struct conf_args),
    OPT(0, "json", FLAG, NULL, struct conf_args, json, "reload: print what changed as JSON"),
};

/* As setup_conf, and what conf/ does not know. */
static enum err load(const struct conf_args *a, const struct conf **ret)
{
	struct diag d = {0};
	enum err e = setup_conf(&a->common, ret);
	if (e || !(e = probe_conf_check(*ret, &d)))
		return e;
	fprintf(stderr, "%s: %s\n", setup_conf_name(&a->common), d.msg);
	conf_put(ret);
	return e;
}

static int check(const struct conf_args *a)
{
	const struct conf *c;
	if (load(a, &c))
		return EXIT_USAGE;
	printf("%s: ok\n", setup_conf_name(&a->common));
	conf_put(&c);
	return EXIT_DONE;
}

/* The running Weir reads the file it was started with; this one tells where that Weir is. */
static int reload(const struct conf_args *a)
{
	const struct conf *c;
	if (load(a, &c))
		return EXIT_USAGE;
	int status = conf_reload(c->dir, a->json);
	conf_put(&c);
	return status;
}

static void print_key(const struct conf_key *k, struct buf *value, struct buf *dflt)
{
	printf("%s: %s", k->path, buf_cstr(value));
	printf("  # default %s\n", buf_cstr(dflt));
}

static int diff(const struct conf_args *a)
{
	const struct conf *c, *d;
	struct conf_report report;
	if (setup_conf(&a->common, &c))
		return EXIT_USAGE;
	if (conf_parse("", 0, NULL, &report, &d)) {
		conf_put(&c);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < CONF_KEY_MAX; i++) {
		struct buf value = {0}, dflt = {0};
		conf_key_print(c, &conf_keys[i], &value);
		conf_key_print(d, &conf_keys[i], &dflt);
		if (value.n != dflt.n || memcmp(value.p, dflt.p, value.n) != 0)
			print_key(&conf_keys[i], &value, &dflt);
		buf_fini(&value);
		buf_fini(&dflt);
	}
	conf_put(&c);
	conf_put(&d);
	return EXIT_DONE;
}

static void explain_key(const struct conf *d, const struct conf_key *k)
{
	struct buf dflt = {0};
	conf_key_print(d, k, &dflt);
	printf("%s\n  %s.\n  value: %s%s\n  default: %s\n", k->path, k->doc,
	       k->type == CONF_CHOICE ? "one of " : "", conf_key_expects(k), buf_cstr(&dflt));
	if (k->type == CONF_UINT || k->type == CONF_SIZE || k->type == CONF_DURATION) {
		struct buf range = {0};
		conf_key_print_range(k, &range);
		printf("  range: %s\n", buf_cstr(&range));
		buf_fini(&range);
	}
	buf_fini(&dflt);
}

/* name: a key, a section, or "all". */
static int explain(const char *name)
{
	const struct conf *d;
	struct conf_report report;
	size_t n = strlen(name);
	bool all = strcmp(name, "all") == 0, section = conf_key_is_section(name, n);
	if (!all && !section && !conf_key_find(name, n)) {
		char word[CONF_PATH_MAX];
		const char *near = conf_key_nearest(name, n, word);
		return near ? opts_usage("conf", "no key \"%s\"; did you mean \"%s\"?", name, near)
			    : opts_usage("conf", "no key \"%s\"; weir conf explain all lists them",
					 name);
	}
	if (conf_parse("", 0, NULL, &report, &d))
		return EXIT_FAILED;
	for (size_t i = 0; i < CONF_KEY_MAX; i++) {
		const char *path = conf_keys[i].path;
		if (all || (strncmp(path, name, n) == 0 && (path[n] == 0 || path[n] == '.')))
			explain_key(d, &conf_keys[i]);
	}
	conf_put(&d);
	return EXIT_DONE;
}

int cmd_conf(int argc, char **argv)
{
	struct conf_args a = {0};
	struct operands o;
	int status;
	if (opts_parse(rows, ARRAY_LEN(rows), argc, argv, &a, 1, 2, &o, &status) == OPTS_EXIT)
		return status;
	const char *what = o.v[0];
	if (o.n == 2 && strcmp(what, "explain") == 0)
		return explain(o.v[1]);
	if (o.n == 2 && !a.common.conf)
		a.common.conf = o.v[1];
	if (strcmp(what, "check") == 0)
		return check(&a);
	if (strcmp(what, "diff") == 0)
		return diff(&a);
	if (strcmp(what, "reload") == 0)
		return reload(&a);
	return opts_usage("conf", "\"%s\" is not check, diff, reload or explain KEY", what);
}
