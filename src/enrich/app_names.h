/* SPDX-License-Identifier: Apache-2.0 */
/* Application names as exporters tell them (NBAR2, AVC: option records), by exporter and app_id, as
 * a table that never changes: made from names.h when one of them has changed. */
#pragma once
#include "base/ip.h"
#include "enrich/texts.h"

struct names;

struct app_name {
	struct ip addr;
	uint32_t id, text; /* text: number in the texts; 0 = an empty slot */
};

struct app_names {
	uint64_t generation; /* never the same twice */
	struct texts texts;
	struct app_name *slot;
	uint32_t n_slots, n;
	uint64_t seed;
};

must_check enum err app_names_new(struct names *names, uint64_t generation, struct app_names **ret);
void app_names_free(struct app_names *a);
/* The number of the text, 0 if the exporter has told none. */
uint32_t app_names_find(const struct app_names *a, const struct ip *exporter, uint32_t id);
