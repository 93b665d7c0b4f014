/* SPDX-License-Identifier: Apache-2.0 */
/* A packet on its way into its flow. */
#pragma once
#include "meter/key.h"
#include "packet/peel.h"

struct met {
	struct peel p;
	struct key key;
	uint64_t t_ns;
	uint32_t in_if;
};
