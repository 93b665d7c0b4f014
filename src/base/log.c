/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/buf.h"
#include "base/timefmt.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *role;
	_Atomic enum log_level level;
	atomic_bool json;
	bool prefix; /* journald takes levels */
} cfg = {.role = "weir", .level = LOG_LVL_INFO};

/* syslog(3) priorities, as sd-daemon(3) reads them from a <N> prefix. */
static const struct {
	const char *name;
	int priority;
} levels[] = {{"err", 3}, {"warn", 4}, {"notice", 5}, {"info", 6}, {"debug", 7}};

void log_init(const char *role, enum log_level level, bool json)
{
	cfg.role = role;
	log_set(level, json);
	cfg.prefix = getenv("JOURNAL_STREAM"); /* systemd sets it, see systemd.exec(5) */
}

void log_set(enum log_level level, bool json)
{
	atomic_store_explicit(&cfg.level, level, memory_order_relaxed);
	atomic_store_explicit(&cfg.json, json, memory_order_relaxed);
}

void log_line(enum log_level level, const char *mod, const char *fmt, ...)
{
	if (level > cfg.level)
		return;
	char msg[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	for (char *p = msg; *p; p++)
		if (*p == '\n')
			*p = ' ';
	char when[RFC3339_MAX];
	rfc3339_format(clock_wall_ms(), when);
	struct buf b = {0};
	if (cfg.json) {
		buf_fmt(&b,
			"{\"ts\":\"%s\",\"level\":\"%s\",\"role\":\"%s\",\"mod\":\"%s\",\"msg\":",
			when, levels[level].name, cfg.role, mod);
		buf_json_str(&b, msg, strlen(msg));
		buf_str(&b, "}\n");
	} else {
		if (cfg.prefix)
			buf_fmt(&b, "<%d>", levels[level].priority);
		buf_fmt(&b, "%s %s %s/%s: %s\n", when, levels[level].name, cfg.role, mod, msg);
	}
	/* One write, so that lines of several threads and processes do not mix. */
	ssize_t done = write(STDERR_FILENO, b.p, b.n);
	(void)done;
	buf_fini(&b);
}
