/* SPDX-License-Identifier: Apache-2.0 */
/* The log: stderr, one line per event, journald's <N> prefix under systemd, or JSON
 * lines. Libraries below cmd/, engine/ and the role loops do not log: they return errors and count.
 */
#pragma once
#include "base/attr.h"

#include <stdbool.h>

enum log_level { LOG_LVL_ERR, LOG_LVL_WARN, LOG_LVL_NOTICE, LOG_LVL_INFO, LOG_LVL_DEBUG };

/* role: shown with every line (borrowed, static). Call once at start. */
void log_init(const char *role, enum log_level level, bool json);
/* The same for what a reload may change; any thread. */
void log_set(enum log_level level, bool json);
void log_line(enum log_level level, const char *mod, const char *fmt, ...) fmt_like(3, 4);

#define log_err(mod, ...)    log_line(LOG_LVL_ERR, mod, __VA_ARGS__)
#define log_warn(mod, ...)   log_line(LOG_LVL_WARN, mod, __VA_ARGS__)
#define log_notice(mod, ...) log_line(LOG_LVL_NOTICE, mod, __VA_ARGS__)
#define log_info(mod, ...)   log_line(LOG_LVL_INFO, mod, __VA_ARGS__)
#define log_debug(mod, ...)  log_line(LOG_LVL_DEBUG, mod, __VA_ARGS__)
