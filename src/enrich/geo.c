/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/geo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LETTERS = 26 };
static const off_t FILE_SIZE_MAX = 1 << 30;

/* Addresses without a country: RFC 6890 and its updates. Lengths count from the top of 128 bits. */
static const struct {
	struct ip net;
	uint8_t bits;
} nobodys[] = {
#define V4(a, b, c, d, len)                                                                        \
	{                                                                                          \
		{{[10] = 0xff, 0xff, a, b, c, d}}, 96 + (len)                                      \
	}
    V4(0, 0, 0, 0, 8),
    V4(10, 0, 0, 0, 8),
    V4(100, 64, 0, 0, 10),
    V4(127, 0, 0, 0, 8),
    V4(169, 254, 0, 0, 16),
    V4(172, 16, 0, 0, 12),
    V4(192, 0, 0, 0, 24),
    V4(192, 0, 2, 0, 24),
    V4(192, 168, 0, 0, 16),
    V4(198, 18, 0, 0, 15),
    V4(198, 51, 100, 0, 24),
    V4(203, 0, 113, 0, 24),
    V4(224, 0, 0, 0, 4),
    V4(240, 0, 0, 0, 4),
#undef V4
    {{{0}}, 127}, /* :: and ::1 */
    {{{1}}, 64},  /* 100::/64 */
    {{{0x20, 1, 0xd, 0xb8}}, 32},
    {{{0xfc}}, 7},
    {{{0xfe, 0x80}}, 10},
    {{{0xff}}, 8},
};

static uint8_t first_byte(const struct ip *a)
{
	return a->b[ip_is_v4(a) ? 12 : 0];
}

uint32_t country_number(const char *p, size_t n)
{
	if (n != 2 || p[0] < 'A' || p[0] > 'Z' || p[1] < 'A' || p[1] > 'Z')
		return 0;
	if (p[0] == p[1] && (p[0] == 'Z' || p[0] == 'X'))
		return 0;
	return (uint32_t)(p[0] - 'A') * LETTERS + (uint32_t)(p[1] - 'A') + 1;
}

void country_code(uint32_t number, char ret[2])
{
	ret[0] = (char)('A' + (number - 1) / LETTERS);
	ret[1] = (char)('A' + (number - 1) % LETTERS);
}

void as_names_fini(struct as_names *a)
{
	free(a->v);
	buf_fini(&a->text);
	*a = (struct as_names){0};
}

void as_names_add(struct as_names *a, uint32_t number, const char *name, size_t n)
{
	n = MIN_OF(n, (size_t)AS_NAME_MAX);
	if (number == 0 || n == 0 || a->n == AS_NAMES_MAX || a->text.n > AS_TEXT_MAX)
		return;
	if (a->n == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 4096;
		struct as_name *v = reallocarray(a->v, cap, sizeof(*v));
		if (!v)
			return;
		a->v = v;
		a->cap = cap;
	}
	if (!buf_reserve(&a->text, n + 1))
		return;
	a->v[a->n++] = (struct as_name){number, (uint32_t)a->text.n};
	buf_put(&a->text, name, n);
	buf_u8(&a->text, 0);
}

static int by_number(const void *pa, const void *pb)
{
	const struct as_name *a = pa, *b = pb;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->off < b->off ? -1 : 1;
}

static void sort_names(struct as_names *a)
{
	size_t n = 0;
	if (a->n)
		qsort(a->v, a->n, sizeof(a->v[0]), by_number);
	for (size_t i = 0; i < a->n; i++)
		if (n == 0 || a->v[n - 1].number != a->v[i].number)
			a->v[n++] = a->v[i];
	a->n = n;
}

/* Whether the prefix lies inside one that is nobody's. Most are told apart by their first byte. */
static bool is_nobodys(const struct geo_sink *s, const struct ip *net, uint8_t bits)
{
	if (!s->suspect[ip_is_v4(net)][first_byte(net)])
		return false;
	for (size_t i = 0; i < ARRAY_LEN(nobodys); i++)
		if (bits >= nobodys[i].bits && ip_in_net(net, &nobodys[i].net, nobodys[i].bits))
			return true;
	return false;
}

enum err geo_put(struct geo_sink *s, const struct ip *net, uint8_t bits, uint32_t as,
		 uint32_t country)
{
	uint64_t value = 0;
	if (s->wanted & GEO_AS)
		value |= as;
	if (s->wanted & GEO_COUNTRY)
		value |= (uint64_t)country << PLACE_COUNTRY_SHIFT;
	if (is_nobodys(s, net, bits))
		return ERR_OK;
	s->info->entries += value != 0;
	return ranges_add(s->builder, net, bits, value);
}

/* The first bytes that addresses of nobody's begin with. */
static void find_suspects(struct geo_sink *s)
{
	for (size_t i = 0; i < ARRAY_LEN(nobodys); i++) {
		bool v4 = ip_is_v4(&nobodys[i].net);
		unsigned bits = nobodys[i].bits - (v4 ? 96u : 0u),
			 from = first_byte(&nobodys[i].net);
		unsigned n = bits < 8 ? 1u << (8 - bits) : 1;
		memset(&s->suspect[v4][from], true, n);
	}
}

static enum err put_holes(struct geo_sink *s)
{
	enum err e = ERR_OK;
	for (size_t i = 0; i < ARRAY_LEN(nobodys) && !e; i++)
		e = ranges_add(s->builder, &nobodys[i].net, nobodys[i].bits, 0);
	return e;
}

/* A copy without a name, and the path under which this process can open it. */
static enum err copy_file(const char *path, int *ret_fd, char ret_path[32])
{
	struct stat st;
	enum err e = ERR_OK;
	int to = -1, from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return err_from_errno(errno);
	if (fstat(from, &st) != 0)
		e = err_from_errno(errno);
	else if (!S_ISREG(st.st_mode) || st.st_size > FILE_SIZE_MAX)
		e = ERR_UNSUPPORTED;
	else if ((to = memfd_create("dataset", MFD_CLOEXEC)) < 0)
		e = err_from_errno(errno);
	for (off_t left = st.st_size; !e && left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);
		if (n <= 0)
			e = n < 0 ? err_from_errno(errno) : ERR_SHORT;
		left -= n;
	}
	close(from);
	if (e) {
		if (to >= 0)
			close(to);
		return e;
	}
	snprintf(ret_path, 32, "/proc/self/fd/%d", to);
	*ret_fd = to;
	return ERR_OK;
}

static bool is_libloc(int fd)
{
	char magic[7];
	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       memcmp(magic, "LOCDBXX", sizeof(magic)) == 0;
}

enum err geo_read(const char *path, unsigned wanted, struct ranges *ret, struct as_names *names,
		  struct geo_info *info, struct diag *reterr)
{
	char copy[32];
	int fd;
	*info = (struct geo_info){0};
	enum err e = copy_file(path, &fd, copy);
	if (e)
		return diag_set(reterr, e, 0, 0, "%s", err_text(e));
	struct geo_sink s = {.names = names, .info = info, .wanted = wanted};
	find_suspects(&s);
	e = ranges_builder_new(&s.builder);
	if (!e)
		e = is_libloc(fd) ? libloc_read(copy, &s, reterr) : mmdb_read(copy, &s, reterr);
	close(fd);
	if (!e && info->entries == 0)
		e = diag_set(reterr, ERR_UNSUPPORTED, 0, 0, "it has no %s",
			     wanted & GEO_COUNTRY ? "countries" : "AS numbers");
	if (!e)
		e = put_holes(&s);
	if (!e)
		e = ranges_build(s.builder, ret);
	ranges_builder_free(s.builder);
	if (names)
		sort_names(names);
	if (e && reterr && !reterr->msg[0])
		diag_set(reterr, e, 0, 0, "%s", err_text(e));
	return e;
}
