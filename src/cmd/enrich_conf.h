/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says of enrichment, for the collector and for imports. */
#pragma once
#include "cmd/beside.h"
#include "enrich/enrich.h"

struct conf;

/* country: room for the path of the installed set of countries. conf and country must stay while
 * the options are used. */
struct enrich_opts enrich_conf(const struct conf *conf, char country[BESIDE_MAX]);
