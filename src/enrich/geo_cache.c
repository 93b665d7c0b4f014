/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/geo_cache.h"

#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* FORMAT changes with this file, with struct ranges, and with what the readers take from a data
 * set (geo.c, mmdb.c, libloc.c). The magic number is written as the machine does: a file of another
 * byte order is none. */
enum { FORMAT = 2, PATH_BYTES = 4096, SECTION_ALIGN = 8 };
static const uint64_t MAGIC = 0x7765697267656f31; /* "weirgeo1" */

struct header {
	uint64_t magic, format, key;
	int64_t made_ms;
	uint64_t entries;
	uint64_t n4, n6, n_names, n_text;
	uint64_t body; /* hash of all that follows the header */
	uint64_t head; /* hash of what stands above */
};

enum section { V6_HI, V6_LO, V6_VALUE, NAMES, V4, V4_INDEX, V6_INDEX, TEXT, SECTIONS };

struct layout {
	size_t at[SECTIONS], bytes[SECTIONS], size;
};

static struct layout layout_of(const struct header *h)
{
	struct layout l = {.bytes = {[V6_HI] = h->n6 * sizeof(uint64_t),
				     [V6_LO] = h->n6 * sizeof(uint64_t),
				     [V6_VALUE] = h->n6 * sizeof(uint64_t),
				     [NAMES] = h->n_names * sizeof(struct as_name),
				     [V4] = h->n4 * sizeof(struct range4),
				     [V4_INDEX] = ((size_t)RANGES4_INDEX + 1) * sizeof(uint32_t),
				     [V6_INDEX] = (RANGES_INDEX + 1) * sizeof(uint32_t),
				     [TEXT] = h->n_text},
			   .size = sizeof(*h)};
	for (int i = 0; i < SECTIONS; i++) {
		l.at[i] = l.size;
		l.size += (l.bytes[i] + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
	}
	return l;
}

static uint64_t key_hash(const struct geo_cache_key *k)
{
	const int64_t v[] = {k->size, k->mtime_ns, k->inode, k->wanted};
	return hash64(k->path, strlen(k->path), hash64(v, sizeof(v), FORMAT));
}

static uint64_t head_hash(const struct header *h)
{
	return hash64(h, offsetof(struct header, head), FORMAT);
}

static bool may_be(const struct header *h, const struct geo_cache_key *key, size_t size)
{
	return h->magic == MAGIC && h->format == FORMAT && h->key == key_hash(key) &&
	       h->head == head_hash(h) && h->n4 > 0 && h->n6 > 0 && h->n4 <= RANGES_MAX &&
	       h->n6 <= RANGES_MAX && h->n_names <= AS_NAMES_MAX &&
	       h->n_text <= AS_TEXT_MAX + AS_NAME_MAX + 1 && layout_of(h).size == size;
}

static bool is_place(uint64_t v)
{
	return v >> PLACE_NET_SHIFT == 0 && place_country(v) < COUNTRIES_MAX;
}

/* Whether look-ups stay inside the arrays. */
static bool stays_inside(const uint32_t *index, uint32_t entries, uint64_t n)
{
	bool ok = true;
	for (uint32_t i = 0; i <= entries; i++)
		ok &= index[i] < n && (i == 0 || index[i - 1] <= index[i]);
	return ok;
}

/* And whether values are inside what they may say. */
static bool is_sound(const struct ranges *r)
{
	bool ok = stays_inside(r->v4.index, RANGES4_INDEX, r->v4.n) &&
		  stays_inside(r->v6.index, RANGES_INDEX, r->v6.n);
	for (uint32_t i = 0; i < r->v4.n; i++)
		ok &= is_place(ranges_value4(&r->v4.v[i]));
	for (uint32_t i = 0; i < r->v6.n; i++)
		ok &= is_place(r->v6.value[i]);
	return ok;
}

static enum err copy_names(const struct header *h, const uint8_t *v, const uint8_t *text,
			   struct as_names *ret)
{
	struct as_names a = {.n = h->n_names, .cap = h->n_names};
	if (h->n_names == 0)
		return ERR_OK;
	a.v = reallocarray(NULL, h->n_names, sizeof(*a.v));
	buf_put(&a.text, text, h->n_text);
	bool ok = a.v && !a.text.bad && h->n_text && text[h->n_text - 1] == 0;
	if (ok)
		memcpy(a.v, v, h->n_names * sizeof(*a.v));
	for (size_t i = 0; i < h->n_names && ok; i++)
		ok = a.v[i].off < h->n_text && (i == 0 || a.v[i - 1].number < a.v[i].number);
	if (ok)
		*ret = a;
	else
		as_names_fini(&a);
	return ok ? ERR_OK : ERR_NOT_FOUND;
}

/* The mapped file as ranges. The arrays are only read. */
static struct ranges ranges_of(uint8_t *m, const struct header *h, const struct layout *l)
{
	return (struct ranges){
	    .v4 = {.v = (void *)(m + l->at[V4]),
		   .index = (void *)(m + l->at[V4_INDEX]),
		   .n = (uint32_t)h->n4},
	    .v6 = {.hi = (void *)(m + l->at[V6_HI]),
		   .lo = (void *)(m + l->at[V6_LO]),
		   .value = (void *)(m + l->at[V6_VALUE]),
		   .index = (void *)(m + l->at[V6_INDEX]),
		   .n = (uint32_t)h->n6},
	    .map = m,
	    .map_bytes = l->size,
	};
}

static enum err map_file(const char *file, uint8_t **ret, size_t *ret_n)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return ERR_NOT_FOUND;
	void *m = MAP_FAILED;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > (off_t)sizeof(struct header))
		m = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (m == MAP_FAILED)
		return ERR_NOT_FOUND;
	*ret = m;
	*ret_n = (size_t)st.st_size;
	return ERR_OK;
}

enum err geo_cache_load(const char *file, const struct geo_cache_key *key, struct ranges *ret,
			struct as_names *names, struct geo_info *info)
{
	struct header h;
	uint8_t *m;
	size_t n;
	enum err e = map_file(file, &m, &n);
	if (e)
		return e;
	memcpy(&h, m, sizeof(h));
	bool ok = may_be(&h, key, n) && hash64(m + sizeof(h), n - sizeof(h), 0) == h.body;
	struct layout l = ok ? layout_of(&h) : (struct layout){0};
	struct ranges r = ok ? ranges_of(m, &h, &l) : (struct ranges){0};
	ok = ok && is_sound(&r);
	if (ok && names)
		ok = copy_names(&h, m + l.at[NAMES], m + l.at[TEXT], names) == ERR_OK;
	if (!ok) {
		munmap(m, n);
		return ERR_NOT_FOUND;
	}
	*ret = r;
	*info = (struct geo_info){.made_ms = h.made_ms, .entries = h.entries};
	return ERR_OK;
}

/* The sections behind the header, and their hash. */
static bool write_body(FILE *f, const struct layout *l, const void *const part[SECTIONS],
		       uint64_t *ret_hash)
{
	static const uint8_t zeros[SECTION_ALIGN];
	struct hash_stream sum;
	bool ok = true;
	hash_stream_begin(&sum);
	for (int i = 0; i < SECTIONS && ok; i++) {
		size_t pad = (0 - l->bytes[i]) & (SECTION_ALIGN - 1);
		ok = l->bytes[i] == 0 || fwrite(part[i], l->bytes[i], 1, f) == 1;
		ok = ok && (pad == 0 || fwrite(zeros, pad, 1, f) == 1);
		hash_stream_add(&sum, part[i], l->bytes[i]);
		hash_stream_add(&sum, zeros, pad);
	}
	*ret_hash = hash_stream_end(&sum);
	return ok;
}

static enum err write_file(const char *file, struct header *h, const void *const part[SECTIONS])
{
	struct layout l = layout_of(h);
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f) {
		enum err e = err_from_errno(errno);
		if (fd >= 0)
			close(fd);
		return e;
	}
	bool ok = fwrite(h, sizeof(*h), 1, f) == 1 && write_body(f, &l, part, &h->body);
	h->head = head_hash(h);
	ok = ok && fseek(f, 0, SEEK_SET) == 0 && fwrite(h, sizeof(*h), 1, f) == 1;
	enum err e = ok ? ERR_OK : err_from_errno(errno);
	if (fclose(f) != 0 && !e)
		e = err_from_errno(errno);
	return e;
}

enum err geo_cache_save(const char *file, const struct geo_cache_key *key, const struct ranges *r,
			const struct as_names *names, const struct geo_info *info)
{
	static const struct as_names none;
	const struct as_names *a = names ? names : &none;
	char fresh[PATH_BYTES];
	int n = snprintf(fresh, sizeof(fresh), "%s.new", file);
	if (n <= 0 || n >= (int)sizeof(fresh))
		return ERR_LIMIT;
	struct header h = {.magic = MAGIC,
			   .format = FORMAT,
			   .key = key_hash(key),
			   .made_ms = info->made_ms,
			   .entries = info->entries,
			   .n4 = r->v4.n,
			   .n6 = r->v6.n,
			   .n_names = a->n,
			   .n_text = a->text.n};
	const void *const part[SECTIONS] = {
	    [V6_HI] = r->v6.hi,       [V6_LO] = r->v6.lo, [V6_VALUE] = r->v6.value,
	    [NAMES] = a->v,           [V4] = r->v4.v,     [V4_INDEX] = r->v4.index,
	    [V6_INDEX] = r->v6.index, [TEXT] = a->text.p,
	};
	unlink(fresh);
	enum err e = write_file(fresh, &h, part);
	if (!e && rename(fresh, file) != 0)
		e = err_from_errno(errno);
	if (e)
		unlink(fresh);
	return e;
}
