/* SPDX-License-Identifier: Apache-2.0 */
/* Where enrichment comes from, and how it stands with each: files looked at for a new size, time or
 * inode, a URL asked now and then. When one has changed a whole snapshot is made anew from all; a
 * source that cannot be read keeps what it gave before. Used by one thread. */
#pragma once
#include "enrich/enrich.h"
#include "enrich/geo.h"
#include "enrich/snapshot.h"

enum source_kind { SOURCE_COUNTRY, SOURCE_AS, SOURCE_NETWORKS, SOURCE_APPLICATIONS, SOURCE_MAX };

/* What a file looked like when it was read. */
struct file_mark {
	int64_t size, mtime_ns, inode;
	bool there;
};

struct source {
	const char *from; /* path or URL; "" = off */
	bool installed;   /* may be missing */
	struct file_mark mark;
	struct ranges ranges;
	struct geo_info info;
	bool loaded;
	int64_t loaded_ms;
	char error[192];
};

struct sources {
	struct enrich_opts o;
	struct source v[SOURCE_MAX];
	struct as_names as_names;
	struct buf list; /* the text of the list of networks */
	uint64_t asked_ns;
	struct http_client *http;
	uint64_t generation;
	bool changed; /* the options, since the last look */
	bool told[SOURCE_MAX];
	struct enrich_notice notice[2 * SOURCE_MAX];
	uint32_t n_notices;
};

void sources_init(struct sources *s, const struct enrich_opts *o);
void sources_fini(struct sources *s);
/* Other options, looked at next time; what a source gave stays until its new place has given
 * something, but for one that is off now. The texts of the old options must still be there. */
void sources_change(struct sources *s, const struct enrich_opts *o);
/* Looks at all; true if one changed or its state did. *ret is a new snapshot, the caller's, or
 * NULL. */
bool sources_look(struct sources *s, uint64_t now_ns, struct snapshot **ret);
bool sources_next_notice(struct sources *s, struct enrich_notice *ret);

/* What people are told; a copy that any thread may hold. */
struct sources_state {
	struct {
		char from[256], error[192];
		bool off, loaded;
		uint64_t entries;
		int64_t made_ms, loaded_ms;
	} v[SOURCE_MAX];
	uint64_t ranges, bytes; /* of the snapshot */
};
void sources_state(const struct sources *s, const struct snapshot *now, struct sources_state *ret);
void sources_state_json(const struct sources_state *s, struct buf *out);
