/* SPDX-License-Identifier: Apache-2.0 */
/* The program that the kernel runs for every frame that an interface receives: it notes the time
 * before the frame and gives it to the AF_XDP socket of the frame's queue. */
#pragma once
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { XDP_NOTE_BYTES = 16 };

/* The time that the program has noted before the frame at p, in ns of CLOCK_MONOTONIC; false: it
 * could not (a driver without room before its frames). p must have XDP_NOTE_BYTES before it. */
bool xdp_note_read(const uint8_t *p, int64_t *ret_ns);

/* Loads the program for a map of n queues; both descriptors are the caller's. */
must_check enum err xdp_program_load(uint32_t queues, int *ret_map, int *ret_program,
				     struct diag *reterr);
