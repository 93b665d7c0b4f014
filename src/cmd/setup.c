/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/setup.h"

#include "base/log.h"
#include "cmd/command.h"
#include "cmd/opts.h"
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *setup_conf_name(const struct common_args *a)
{
	if (a->conf)
		return a->conf;
	return access(CONF_DEFAULT_FILE, F_OK) == 0 ? CONF_DEFAULT_FILE : "defaults";
}

enum err setup_conf(const struct common_args *a, const struct conf **ret)
{
	struct conf_report *report = malloc(sizeof(*report));
	if (!report)
		return ERR_NOMEM;
	*report = (struct conf_report){0};
	enum err e = conf_load(a->conf, a->dir, report, ret);
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

int setup_role(const char *role, int argc, char **argv, const struct conf **ret)
{
	struct role_args a = {0};
	struct operands o;
	int status;
	if (opts_parse(role_rows, ARRAY_LEN(role_rows), argc, argv, &a, 0, 0, &o, &status) ==
	    OPTS_EXIT)
		return status;
	if (setup_conf(&a.common, ret))
		return EXIT_USAGE;
	log_init(role, (enum log_level)(*ret)->log_level, (*ret)->log_json);
	return -1;
}
