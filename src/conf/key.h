/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys as data: to parse a value into its member, to print it, to explain it. */
#pragma once
#include "base/arena.h"
#include "conf/conf.h"

enum conf_type {
	CONF_STR,
	CONF_PATH,
	CONF_CHOICE,
	CONF_BOOL,
	CONF_UINT,
	CONF_DURATION,
	CONF_SIZE,
	CONF_ADDR,
	CONF_ADDRS,
	CONF_NETS,
	CONF_FORWARDS,
	CONF_RATES,
	CONF_WORDS,
};

struct conf_key {
	const char *path, *dflt, *unit, *doc;
	enum conf_type type;
	uint64_t min, max;
	size_t offset; /* of the member in struct conf */
};

enum {
#define KEY(member, path, type, min, max, default, unit, doc) CONF_KEY_##member,
#include "conf/keys.def"
#undef KEY
	CONF_KEY_MAX
};
extern const struct conf_key conf_keys[CONF_KEY_MAX];

/* A scalar of the file, borrowed, and where it stands (from 1). */
struct conf_scalar {
	const char *s;
	size_t n;
	uint32_t line, col;
};

/* The key with this path, NULL if there is none. */
const struct conf_key *conf_key_find(const char *path, size_t n);
/* Whether some key's path begins with path and a dot. */
bool conf_key_is_section(const char *path, size_t n);
enum { CONF_PATH_MAX = 64 };
/* The path or section most like this one: a whole path, a section, then the last part of a path
 * anywhere. NULL if none is near, else ret. */
const char *conf_key_nearest(const char *path, size_t n, char ret[CONF_PATH_MAX]);
/* What a value of k looks like: "a size such as 128MB or 8GB". */
const char *conf_key_expects(const struct conf_key *k);

/* Whether its value may be a list; a scalar is a list of one. */
bool conf_key_is_list(const struct conf_key *k);
enum { CONF_LIST_MAX = 256 };

/* Parses n scalars (1 unless it is a list) into k's member of c; strings go into the arena. d says
 * what is wrong. */
must_check enum err conf_key_set(struct conf *c, struct arena *a, const struct conf_key *k,
				 const struct conf_scalar *v, size_t n, struct diag *d);
/* Sets k's member to its default. */
must_check enum err conf_key_set_default(struct conf *c, struct arena *a, const struct conf_key *k);
/* The value as text that means the same in the file. */
void conf_key_print(const struct conf *c, const struct conf_key *k, struct buf *out);
/* "1 to 64 threads". */
void conf_key_print_range(const struct conf_key *k, struct buf *out);
