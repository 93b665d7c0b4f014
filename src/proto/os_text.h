/* SPDX-License-Identifier: Apache-2.0 */
/* Operating systems that clients name in a text of theirs: User-Agent of HTTP, vendor class of
 * DHCP. What they say is taken as it is; it goes before what their packets look like. */
#pragma once
#include "proto/dissector.h"

/* Notes os_name and os_version of who sends the packet, if the text names a system. */
void os_note_agent(const struct dissect_ctx *c, struct rd text);
void os_note_vendor_class(const struct dissect_ctx *c, struct rd text);
