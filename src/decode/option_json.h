/* SPDX-License-Identifier: Apache-2.0 */
/* An option record as text, for people: elements by their IANA name where it is known, else by
 * number. */
#pragma once
#include "base/buf.h"
#include "decode/decode.h"

/* Appends
 * {"record":"option","exporter_ip":..,"observation_domain":n,"export_version":n,"template_id":n,"scope":{..},
 * "values":{..}}, no newline. Numbers up to 8 bytes plain, texts as text, addresses canonical, the
 * rest as hex. */
void option_json(struct buf *out, const struct option_record *r);
