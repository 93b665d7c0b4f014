/* SPDX-License-Identifier: Apache-2.0 */
/* A real weir-store on a folder of its own, for tests. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct segment;
struct store;

struct with_store {
	char dir[64], url[128];
	pid_t pid;
};

/* Exit code of a test that was skipped. */
enum { SKIPPED = 77 };

/* The program is $WEIR_STORE, the engine $WEIR_LIBRARY or where the program finds it. False: they
 * are not there. */
bool with_store_can(void);
/* Makes the folder, starts the program, waits until it answers. Fails the test if it does not. */
void with_store_start(struct with_store *w);
/* Kills it (SIGKILL) and starts it again on the same folder, in two steps. */
void with_store_kill(struct with_store *w);
void with_store_again(struct with_store *w);
/* Stops it and removes the folder. */
void with_store_stop(struct with_store *w);
/* Stores a segment as the loader does, into tables that are there. Fails the test if it cannot. */
void with_store_insert(struct store *writer, const struct segment *seg);
