/* SPDX-License-Identifier: Apache-2.0 */
/* A data set as it is looked up in, kept in a file: reading one costs a second of CPU, mapping what
 * was made of it a few milliseconds. The file belongs to one version of one data set (path, size,
 * time, inode) and one format; anything else about it that is not as it was written and it is not
 * used. It is a copy that may be deleted at any time. */
#pragma once
#include "enrich/geo.h"

/* Which data set, and the state in which it was read. */
struct geo_cache_key {
	const char *path;
	int64_t size, mtime_ns, inode;
	unsigned wanted; /* GEO_COUNTRY, GEO_AS */
};

/* Maps the file. The ranges live until ranges_fini; names may be NULL. ERR_NOT_FOUND: there is none
 * for this data set, or it is damaged; then nothing is written to ret, names, info. */
must_check enum err geo_cache_load(const char *file, const struct geo_cache_key *key,
				   struct ranges *ret, struct as_names *names,
				   struct geo_info *info);
/* Writes the file whole and renames it into place. names may be NULL. */
must_check enum err geo_cache_save(const char *file, const struct geo_cache_key *key,
				   const struct ranges *r, const struct as_names *names,
				   const struct geo_info *info);
