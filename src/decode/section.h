/* SPDX-License-Identifier: Apache-2.0 */
/* Records that carry the first bytes of a packet (IPFIX elements 315 dataLinkFrameSection, 313
 * ipHeaderPacketSection, NetFlow v9 and IPFIX 104 layer2packetSectionData): what the record does
 * not say itself is read from them. Such a record is one packet, unless it counts more. */
#pragma once
#include "decode/convert.h"

/* Chooses the element of t, if it has one; sets t->section and what belongs to it. */
void section_plan(struct template *t, const struct template_def *def);
/* The records of r, once their operations have run. */
void section_rows(const struct rows *r);
