/* SPDX-License-Identifier: Apache-2.0 */
/* `weir top`, also for `weir flows -A`. */
#pragma once
struct query_args;
struct operands;

/* Runs and prints; the exit code. by: FIELD[,FIELD...][/METRIC]. */
int top_run(const char *command, const struct query_args *a, const struct operands *filter,
	    const char *by);
