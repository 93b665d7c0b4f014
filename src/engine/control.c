/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/control.h"

#include "engine/engine.h"
#include "engine/front.h"

#include "base/timefmt.h"
#include "http/http.h"

#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

/* One row = a number in /metrics and in /state.json. */
#define COUNTS(ROW)                                                                                \
	ROW(running, gauge, "queries and inserts in the engine now")                               \
	ROW(waiting, gauge, "queries waiting for a slot")                                          \
	ROW(done, counter, "queries and inserts that ended well")                                  \
	ROW(failed, counter, "queries and inserts that failed")                                    \
	ROW(cancelled, counter,                                                                    \
	    "queries and inserts that were cancelled, also by a client that hung up")              \
	ROW(refused, counter, "requests that did not reach the engine")                            \
	ROW(rows_read, counter, "rows read by queries")                                            \
	ROW(bytes_read, counter, "bytes read by queries")                                          \
	ROW(rows_written, counter, "rows written by inserts, rollups included")                    \
	ROW(bytes_written, counter, "bytes written by inserts, rollups included")                  \
	ROW(bytes_received, counter, "bytes of request bodies")                                    \
	ROW(bytes_sent, counter, "bytes of results, before compression")

static void metrics(struct buf *b, const struct front_counts *c)
{
#define ROW(name, kind, doc)                                                                       \
	buf_fmt(                                                                                   \
	    b, "# HELP weir_store_" #name "%s " doc "\n# TYPE weir_store_" #name "%s " #kind "\n", \
	    strcmp(#kind, "counter") == 0 ? "_total" : "",                                         \
	    strcmp(#kind, "counter") == 0 ? "_total" : "");                                        \
	buf_fmt(b, "weir_store_" #name "%s %llu\n", strcmp(#kind, "counter") == 0 ? "_total" : "", \
		(unsigned long long)c->name);
	COUNTS(ROW)
#undef ROW
}

static void key_text(struct buf *b, const char *key, const char *value)
{
	buf_json_key(b, key);
	if (value)
		buf_json_str(b, value, strlen(value));
	else
		buf_str(b, "null");
}

static void key_number(struct buf *b, const char *key, uint64_t value)
{
	buf_json_key(b, key);
	buf_dec(b, value);
}

static void state(struct buf *b, const struct control *k, const struct front_counts *c)
{
	struct statvfs fs = {0};
	int no_fs = statvfs(k->data, &fs);
	buf_str(b, "{");
	key_text(b, "role", "store");
	key_text(b, "version", WEIR_VERSION);
	key_text(b, "engine", k->engine->version);
	key_number(b, "pid", (uint64_t)getpid());
	key_number(b, "now", (uint64_t)clock_wall_ms());
	key_number(b, "uptime_s", (clock_mono_ns() - k->started_ns) / NS_PER_S);
	key_text(b, "query_socket", k->query_socket);
	key_text(b, "tcp", k->tcp);
	key_number(b, "free_bytes", no_fs ? 0 : (uint64_t)fs.f_bavail * fs.f_frsize);
	buf_json_key(b, "queries");
	buf_str(b, "{");
#define ROW(name, kind, doc) key_number(b, #name, c->name);
	COUNTS(ROW)
#undef ROW
	buf_str(b, "}}\n");
}

void control_handle(struct http_request *req, void *ctx)
{
	const struct control *k = ctx;
	const char *path = http_path(req);
	struct buf b = {0};
	struct front_counts c = front_counts(k->front);
	if (http_method(req) != HTTP_GET && http_method(req) != HTTP_HEAD) {
		http_reply_text(req, 405, "only GET");
	} else if (strcmp(path, "/healthz") == 0) {
		http_reply_text(req, 200, "ok");
	} else if (strcmp(path, "/metrics") == 0) {
		metrics(&b, &c);
		http_reply_buf(req, 200, "text/plain; version=0.0.4", &b);
	} else if (strcmp(path, "/state.json") == 0) {
		state(&b, k, &c);
		http_reply_buf(req, 200, "application/json", &b);
	} else {
		http_reply_text(req, 404, "nothing at %s", path);
	}
}
