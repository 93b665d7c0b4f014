/* SPDX-License-Identifier: Apache-2.0 */
/* Flows that no dissector of ours has claimed: their first packets wait, copied, until it is clear
 * that none will; then libndpi (proto/appid.h) is asked, about those and the few that follow. So a
 * flow of ours never costs a call of the library, and it sees the others from their beginning. */
#pragma once
#include "proto/dissection.h"

struct appid;
struct pool;
struct unclaimed;

/* A packet of a flow without a name. ask: no dissector will claim it any more. Makes *u with the
 * first packet. False: no later packet need be told. */
bool unclaimed_see(struct appid *a, struct pool *pool, struct unclaimed **u,
		   const struct talk_segment *s, bool ask);
/* Asks about the packets that wait, because the flow ends or is exported. */
void unclaimed_ask(struct appid *a, struct pool *pool, struct unclaimed *u);
/* Notes what was found, if anything. True: it did. */
bool unclaimed_note(const struct unclaimed *u, struct notes *notes);
void unclaimed_drop(struct appid *a, struct pool *pool, struct unclaimed **u);
