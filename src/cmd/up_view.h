/* SPDX-License-Identifier: Apache-2.0 */
/* What others see of `weir up`: its roles on the control socket (read by the threads of that), and
 * D/run/ports.json, for scripts and tests that asked for port 0. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct handoff;
struct up_role;
struct up_view;

/* A view of n roles, each to be set before others look; NULL when there is no memory. */
struct up_view *up_view_new(size_t n);
void up_view_free(struct up_view *v);
/* Takes a copy of what role i shows. */
void up_view_set(struct up_view *v, size_t i, const struct up_role *r);
/* Whether every role that is built is running; else reterr names one. */
bool up_view_ready(struct up_view *v, struct diag *reterr);
/* `"roles":[{"role","state","pid","uptime_s","restarts","error"?},...]` */
void up_view_json(struct up_view *v, struct buf *out);
/* weir_role_running and weir_role_restarts_total of every role. */
void up_view_metrics(struct up_view *v, struct buf *out);

/* Writes dir/run/ports.json anew, by rename:
 *   {"collect":[{"proto":"udp","address":"0.0.0.0","port":2055},...],   the sockets of `weir up`,
 * always there "serve":[{"proto":"http","address":"127.0.0.1","port":8080}],      what each running
 * role says it listens on "store":[{"proto":"http","socket":"..."}],
 *    "control":{"up":"DIR/run/up.sock","collect":...}}                 of the roles that are built
 */
must_check enum err up_view_write_ports(const char *dir, const struct up_role *roles, size_t n,
					const struct handoff *sockets);
/* Removes ports.json and the control sockets of roles that did not do it themselves. */
void up_view_remove_files(const char *dir, const char *const *names, size_t n);
