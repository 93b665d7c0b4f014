/* SPDX-License-Identifier: Apache-2.0 */
/* Names of applications by port, for flows whose exporter does not say: apps.def first, then what
 * the system's list of services (IANA's names; Debian: netbase) has beside it. Of the two ports of
 * a flow the known one counts; of two known ones the lower. */
#pragma once
#include "base/err.h"
#include "enrich/texts.h"

#include <stdbool.h>

enum { APP_NDPI_MAX = 512 };
enum { APP_PORTS = 65536, APP_TCP = 0, APP_UDP = 1, APP_TRANSPORTS = 2 };

struct apps {
	uint16_t *of[APP_TRANSPORTS]; /* [port] = index of name, 0 = not known; NULL: off */
	uint32_t *name;               /* numbers in the texts; [0] = the empty text */
	uint32_t *ndpi; /* [nDPI's number] = number in the texts, 0 = none; APP_NDPI_MAX */
	uint16_t n;
	bool from_system; /* the list of services was there */
};

/* services: path of the system's list; it need not be there. */
must_check enum err apps_load(const char *services, struct texts *texts, struct apps *ret);
void apps_fini(struct apps *a);

/* The index of the name for a flow of TCP, UDP, SCTP or DCCP between two ports; else 0. */
static inline uint16_t apps_find(const struct apps *a, uint8_t proto, uint16_t src, uint16_t dst)
{
	enum { TCP = 6, UDP = 17, DCCP = 33, SCTP = 132 };
	unsigned t;
	if (proto == TCP || proto == SCTP)
		t = 0;
	else if (proto == UDP || proto == DCCP)
		t = 1;
	else
		return 0;
	uint16_t low = src < dst ? src : dst, high = src < dst ? dst : src;
	uint16_t first = a->of[t][low];
	return first ? first : a->of[t][high];
}
