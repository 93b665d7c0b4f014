/* SPDX-License-Identifier: Apache-2.0 */
/* Small MMDB files for tests, made by the published format (MaxMind DB file format, version 2.0).
 */
#pragma once
#include "base/buf.h"
#include "base/ip.h"

#include <stdint.h>

struct mmdb_file; /* a tree of prefixes, each with a record */

/* version: 4 or 6. IPv4 prefixes of a 6 tree hang at ::/96. */
struct mmdb_file *mmdb_file_new(int version);
/* text: a flat record: "key=text" or "key=#number", "key.inner=..." for a map in the map; several
 * separated by blanks. bits as in ip_parse_net. */
void mmdb_file_put(struct mmdb_file *f, const char *net, const char *record);
/* Shows the IPv4 tree at 2002::/16 as well, as real files do. */
void mmdb_file_alias(struct mmdb_file *f);
void mmdb_file_write(struct mmdb_file *f, const char *path, uint64_t made_s);
void mmdb_file_free(struct mmdb_file *f);
