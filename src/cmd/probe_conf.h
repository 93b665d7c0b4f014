/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of probe.* whose values have a syntax of their own, which conf/ does not know: for the
 * probe, and for `weir conf check`, so that a mistake is found before the probe starts. Errors name
 * the key. */
#pragma once
#include "encode/target.h"
#include "proto/protocols.h"

struct conf;

must_check enum err probe_conf_targets(const struct conf *c,
				       struct export_target ret[EXPORT_TARGETS_MAX], size_t *ret_n,
				       struct diag *d);
must_check enum err probe_conf_protocols(const struct conf *c, struct protocols *ret,
					 struct diag *d);
/* These two, and probe.interfaces. Looks at text only: whether an interface is there is seen at the
 * start. */
must_check enum err probe_conf_check(const struct conf *c, struct diag *d);
