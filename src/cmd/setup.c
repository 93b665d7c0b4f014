/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/setup.h"

#include "base/log.h"
#include "cmd/beside.h"
#include "cmd/command.h"
#include "cmd/opts.h"
#include "conf/conf.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *setup_conf_name(const struct common_args *a)
{
	if (a->conf)
		return a->conf;
	return access(CONF_DEFAULT_FILE, F_OK) == 0 ? CONF_DEFAULT_FILE : "defaults";
}

/* Programs that were not installed lie in a build folder of the source tree; without any
 * configuration their state is in run/ of that tree, so that they work without root. NULL: not so.
 * ret is its storage. */
static const char *tree_dir(const struct common_args *a, char ret[BESIDE_MAX])
{
	char ninja[BESIDE_MAX], up[BESIDE_MAX];
	if (a->dir || a->conf || access(CONF_DEFAULT_FILE, F_OK) == 0 ||
	    beside_path("build.ninja", ninja) || access(ninja, F_OK) != 0 ||
	    beside_path("..", up) || !realpath(up, ret))
		return a->dir;
	size_t n = strlen(ret);
	snprintf(ret + n, BESIDE_MAX - n, "/run");
	return ret;
}

enum err setup_conf(const struct common_args *a, const struct conf **ret)
{
	char dir[BESIDE_MAX];
	struct conf_report *report = malloc(sizeof(*report));
	if (!report)
		return ERR_NOMEM;
	*report = (struct conf_report){0};
	enum err e = conf_load(a->conf, tree_dir(a, dir), report, ret);
	if (e) {
		struct buf out = {0};
		conf_report_print(report, setup_conf_name(a), &out);
		fputs(out.n ? buf_cstr(&out) : err_text(e), stderr);
		buf_fini(&out);
	}
	free(report);
	return e;
}

struct role_args {
	struct common_args common;
};

static const struct opt role_rows[] = {OPTS_COMMON(struct role_args)};

static void signals_of_role(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

int setup_role(const char *role, int argc, char **argv, const struct conf **ret,
	       struct common_args *ret_args)
{
	struct role_args a = {0};
	struct operands o;
	int status;
	if (opts_parse(role_rows, ARRAY_LEN(role_rows), argc, argv, &a, 0, 0, &o, &status) ==
	    OPTS_EXIT)
		return status;
	if (ret_args)
		*ret_args = a.common;
	return setup_started(role, &a.common, ret);
}

int setup_started(const char *role, const struct common_args *args, const struct conf **ret)
{
	sigset_t set;
	if (setup_conf(args, ret))
		return EXIT_USAGE;
	log_init(role, (enum log_level)(*ret)->log_level, (*ret)->log_json);
	signal(SIGPIPE, SIG_IGN);
	signals_of_role(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return -1;
}

void setup_wait(void (*reload)(void *ctx), void *ctx)
{
	sigset_t set;
	signals_of_role(&set);
	for (;;) {
		int sig = 0;
		if (sigwait(&set, &sig) != 0)
			continue;
		if (sig != SIGHUP)
			return;
		if (reload)
			reload(ctx);
	}
}
