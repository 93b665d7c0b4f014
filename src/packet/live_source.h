/* SPDX-License-Identifier: Apache-2.0 */
/* A source of frames as it is written (packet/live.h), in its parts. Looks at text only. */
#pragma once
#include "base/err.h"
#include "base/ip.h"

#include <stdint.h>

enum live_kind { LIVE_INTERFACE, LIVE_TAP, LIVE_VXLAN, LIVE_GRE, LIVE_FILE };

enum { LIVE_NAME_MAX = 16, LIVE_PATH_MAX = 4096, LIVE_VXLAN_PORT = 4789 };

struct live_source {
	enum live_kind kind;
	char name[2][LIVE_NAME_MAX]; /* interfaces; the second one of a TAP only */
	struct ip ip;                /* mirrors: where they are sent to; all zeros = any */
	uint16_t port;               /* of vxlan; 0 = any free one */
	char path[LIVE_PATH_MAX];
};

must_check enum err live_source_parse(const char *text, struct live_source *ret,
				      struct diag *reterr);
