/* SPDX-License-Identifier: Apache-2.0 */
/* What every command and role does first: read the configuration, say what is wrong with it, start
 * the log. */
#pragma once
#include "base/err.h"

struct common_args;
struct conf;

/* Reads the configuration that --conf and --dir name; prints all its errors to stderr. The caller
 * owns *ret (one reference); a command that gets an error here exits with EXIT_USAGE. */
must_check enum err setup_conf(const struct common_args *a, const struct conf **ret);
/* The file that setup_conf reads, for messages. */
const char *setup_conf_name(const struct common_args *a);

/* The whole start of a role program: options --conf and --dir, configuration, log. argv[0] may be a
 * path; role is what the log shows. Returns -1 and a reference in *ret, or an exit code. */
must_check int setup_role(const char *role, int argc, char **argv, const struct conf **ret);
