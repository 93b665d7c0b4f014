/* SPDX-License-Identifier: Apache-2.0 */
/* `weir exporters --interfaces`: what interfaces carried, by the counters of the devices. */
#pragma once
#include "cmd/opts.h"

#include <stdbool.h>
#include <stdint.h>

struct conf;

struct interfaces_args {
	struct format_args format;
	const char *time;     /* NULL = the last hour */
	const char *exporter; /* NULL = all */
	uint64_t limit;       /* 0 = the default */
};

/* Asks the store and prints; an exit code. */
int exporter_interfaces(const struct conf *conf, const struct interfaces_args *a);
