/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a role's process: arguments, environment, sockets, and that it does not outlive the
 * supervisor. */
#pragma once
#include "base/err.h"

#include <sys/types.h>

struct handoff;

/* Executes path with --conf and --dir (conf_file NULL: without --conf) in a process group of its
 * own, with no signal blocked, SIGTERM when this thread dies, and the sockets (may be NULL) as
 * cmd/handoff.h says. *ret_pidfd and *ret_channel (handoff_channel; -1 without sockets) are
 * close-on-exec and the caller's. A program that cannot be
 * executed ends with exit code 127. */
must_check enum err up_spawn(const char *path, const char *conf_file, const char *dir,
			     const struct handoff *sockets, pid_t *ret_pid, int *ret_pidfd,
			     int *ret_channel);
