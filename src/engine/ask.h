/* SPDX-License-Identifier: Apache-2.0 */
/* A request, read: who asks, which statement with which parameters and settings, where an insert's
 * data is. Private to engine/. Everything is borrowed from the http_request unless said. */
#pragma once
#include "engine/engine.h"
#include "engine/exception.h"
#include "engine/front.h"
#include "engine/sql.h"

struct ask {
	bool reader;
	bool whole;           /* wait_end_of_query */
	bool gzip;            /* enable_http_compression */
	const char *database; /* NULL = the engine's default */
	const char *query_id; /* NULL = none given */
	const char *format;   /* of the result where the statement names none */
	struct buf text;      /* owned: query and body put together, when both are used */
	struct buf sql;       /* owned: what the engine gets */
	struct buf set;       /* owned: the SET statement for the connection */
	struct sql_facts facts;
	struct engine_param *params;
	size_t n_params;
	int data_fd; /* owned if own_fd; -1 = no data */
	bool own_fd;
};

/* False: x says why, as ClickHouse would. ask_fini is due in both cases. tag: the log_comment for
 * the statement. */
bool ask_read(struct ask *a, struct http_request *req, const struct front_opts *opts,
	      struct exception *x);
/* Fills a->set. */
void ask_settings(struct ask *a, struct http_request *req, const struct front_opts *opts,
		  const char *tag);
void ask_fini(struct ask *a);

/* settings.c: whether the account may set it; how it goes into the SET. */
enum setting_use { SETTING_UNKNOWN, SETTING_FREE, SETTING_MEMORY, SETTING_TIME, SETTING_IGNORE };
enum setting_use setting_use(const char *name);
