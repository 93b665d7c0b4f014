/* SPDX-License-Identifier: Apache-2.0 */
/* What every command and role does first: read the configuration, say what is wrong with it, start
 * the log. */
#pragma once
#include "base/err.h"

struct common_args;
struct conf;

/* Reads the configuration that --conf and --dir name (neither, nor CONF_DEFAULT_FILE, and not
 * installed: state is in run/ of the source tree); prints all its errors to stderr. The caller owns
 * *ret (one reference); a command that gets an error here exits with EXIT_USAGE. */
must_check enum err setup_conf(const struct common_args *a, const struct conf **ret);
/* The file that setup_conf reads, for messages. */
const char *setup_conf_name(const struct common_args *a);

/* The whole start of a role program, before it makes threads: options --conf and --dir,
 * configuration, log, SIGPIPE ignored, SIGINT, SIGTERM and SIGHUP blocked for setup_wait. role is
 * what the log shows. Returns -1 and a reference in *ret (and what to read again in *ret_args,
 * which may be NULL), or an exit code. */
must_check int setup_role(const char *role, int argc, char **argv, const struct conf **ret,
			  struct common_args *ret_args);
/* The same for a role with options of its own, which it has parsed. */
must_check int setup_started(const char *role, const struct common_args *args,
			     const struct conf **ret);
/* Sleeps until SIGINT or SIGTERM; on SIGHUP calls reload(ctx) (may be NULL) and sleeps on. */
void setup_wait(void (*reload)(void *ctx), void *ctx);
