/* SPDX-License-Identifier: Apache-2.0 */
/* Who may send, and how much: asked for each datagram before it is decoded. One struct admit per
 * thread. What an address may is worked out once and remembered in a table of fixed size, so that a
 * datagram costs one look-up and nothing is allocated; without any rule it costs nothing.
 *
 * The limit is a token bucket per address that holds one second: a burst of `rate` datagrams, then
 * `rate` a second. An address that is pushed out of the table by others (somebody sends with very
 * many source addresses) begins with a full bucket again. */
#pragma once
#include "base/ip.h"
#include "model/stats.h"

#include <stdbool.h>
#include <stdint.h>

enum { ADMIT_SETS = 1024, ADMIT_WAYS = 8 }; /* addresses remembered: the product */

struct conf_nets;
struct admit;

must_check enum err admit_new(struct admit **ret);
void admit_free(struct admit *a);
/* The rules from now on; what was remembered is forgotten. allow: borrowed until the next call,
 * empty = everybody. rate: datagrams per second and address, 0 = any. ERR_NOMEM: the old rules
 * stay. */
must_check enum err admit_set(struct admit *a, const struct conf_nets *allow, uint64_t rate);
/* ST_datagrams_received: take it. Else ST_reject_denied or ST_reject_rate, which the caller counts.
 * now_ns: of a clock that does not go back. */
enum stat_id admit_datagram(struct admit *a, const struct ip *src, uint64_t now_ns);
/* Whether the address may send at all; takes nothing from its bucket. */
bool admit_address(const struct admit *a, const struct ip *src);
