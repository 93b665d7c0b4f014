/* SPDX-License-Identifier: Apache-2.0 */
/* Is this a flow export, and where does the message end? By content alone: the version, and lengths
 * and counts that agree with each other. Used to recognise the exports of an unknown source, and to
 * cut files of messages that stand one after another. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* sFlow version 5 among the versions, as export_version (fields.def) has it. */
enum { FRAME_SFLOW5 = 105 };

/* What the first bytes say: a NetFlow or IPFIX version, or FRAME_SFLOW5; decoded or not. */
uint16_t frame_version(const uint8_t *p, size_t n);
/* The header of a message; 0 for a version that is not decoded. sFlow: with an IPv4 agent. */
size_t frame_header_len(uint16_t version);
/* The length of the message at p, if a whole one with consistent framing stands there; else 0. What
 * follows it does not matter: NetFlow v9 has no length, its message ends where the next begins or
 * the bytes do. */
size_t frame_message_len(const uint8_t *p, size_t n);
/* Whether all n bytes are one message, or several. */
bool frame_is_export(const uint8_t *p, size_t n);
/* Whether this is an export of a kind that is known but not decoded (NetFlow v8, sFlow v2 and v4).
 */
bool frame_is_foreign(const uint8_t *p, size_t n);
