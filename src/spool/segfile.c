/* SPDX-License-Identifier: Apache-2.0 */
#include "spool/segfile.h"

#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIXED = 75 }; /* bytes up to the column names */

void segfile_fini(struct segfile *f)
{
	buf_fini(&f->columns);
	free(f->seqs);
	f->seqs = NULL;
}

/* A column name goes into SQL: letters, digits and _ only. */
static bool get_columns(struct rd *r, struct buf *out)
{
	uint16_t n = rd_le16(r);
	if (n == 0 || n > 2 * NATIVE_MAX)
		return false;
	for (uint16_t i = 0; i < n && !r->bad; i++) {
		uint8_t len = rd_u8(r);
		const uint8_t *name = rd_take(r, len);
		if (!name || len == 0)
			return false;
		for (uint8_t k = 0; k < len; k++)
			if (!(name[k] >= 'a' && name[k] <= 'z') &&
			    !(name[k] >= '0' && name[k] <= '9') && name[k] != '_')
				return false;
		if (i)
			buf_u8(out, ',');
		buf_put(out, name, len);
	}
	buf_cstr(out);
	return !r->bad && !out->bad;
}

static enum err get_head(struct rd *r, struct segfile *f)
{
	f->n_members = rd_le32(r);
	if (f->n_members == 0 || f->n_members > SEGFILE_MEMBERS_MAX)
		return ERR_MALFORMED;
	for (uint32_t i = 0; i < f->n_members; i++)
		f->member_rows[i] = rd_le32(r);
	codec_get_stats(r, &f->delta);
	uint32_t n = rd_le32(r);
	if (r->bad || n > SPOOL_SEQ_MAX)
		return ERR_MALFORMED;
	f->seqs = calloc(n ? n : 1, sizeof(f->seqs[0]));
	if (!f->seqs)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		codec_get_seq(r, &f->seqs[i]);
	f->n_seqs = n;
	return ERR_OK;
}

static enum err parse_rest(struct rd *r, struct segfile *f)
{
	f->number = rd_le64(r);
	f->head = rd_le64(r);
	f->closed_ms = (int64_t)rd_le64(r);
	f->rows = rd_le32(r);
	f->day = (int32_t)rd_le32(r);
	uint8_t shape = rd_u8(r);
	if (shape >= SHAPE_MAX || f->head > f->number ||
	    f->number - f->head >= SEGFILE_MEMBERS_MAX || !get_columns(r, &f->columns))
		return ERR_MALFORMED;
	f->shape = (enum shape)shape;
	enum err e = segfile_is_head(f) ? get_head(r, f) : ERR_OK;
	if (e)
		return e;
	return r->bad || rd_left(r) != 0 ? ERR_MALFORMED : ERR_OK;
}

enum err segfile_parse(const void *p, size_t n, struct segfile *ret)
{
	struct rd r = rd_of(p, n);
	const uint8_t *m = rd_take(&r, SEGFILE_MAGIC_LEN);
	if (!m || memcmp(m, SEGFILE_MAGIC, SEGFILE_MAGIC_LEN) != 0)
		return ERR_MALFORMED;
	if (rd_le32(&r) != SEGFILE_VERSION)
		return ERR_VERSION;
	struct segfile f = {.header_len = rd_le32(&r)};
	f.hash = rd_le64(&r);
	f.body_hash = rd_le64(&r);
	f.body_len = rd_le64(&r);
	if (r.bad || f.header_len < FIXED || f.header_len > SEGFILE_HEADER_MAX)
		return ERR_MALFORMED;
	if (f.header_len > n)
		return ERR_SHORT;
	uint8_t *copy = malloc(f.header_len);
	if (!copy)
		return ERR_NOMEM;
	memcpy(copy, p, f.header_len);
	memset(copy + SEGFILE_HASH_AT, 0, sizeof(f.hash));
	bool same = hash64(copy, f.header_len, 0) == f.hash;
	free(copy);
	if (!same)
		return ERR_CHECKSUM;
	r.end = (const uint8_t *)p + f.header_len;
	enum err e = parse_rest(&r, &f);
	if (e)
		segfile_fini(&f);
	else
		*ret = f;
	return e;
}

static enum err read_at(int fd, void *p, size_t n, uint64_t off)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = pread(fd, (uint8_t *)p + done, n - done, (off_t)(off + done));
		if (k < 0 && errno != EINTR)
			return err_from_errno(errno);
		if (k == 0)
			return ERR_SHORT;
		if (k > 0)
			done += (size_t)k;
	}
	return ERR_OK;
}

enum err segfile_read(int fd, struct segfile *ret)
{
	uint8_t first[FIXED];
	enum err e = read_at(fd, first, sizeof(first), 0);
	if (e)
		return e;
	uint32_t len;
	memcpy(&len, first + SEGFILE_LENGTH_AT, sizeof(len));
	if (memcmp(first, SEGFILE_MAGIC, SEGFILE_MAGIC_LEN) != 0 || len < FIXED ||
	    len > SEGFILE_HEADER_MAX)
		return ERR_MALFORMED;
	uint8_t *p = malloc(len);
	if (!p)
		return ERR_NOMEM;
	struct segfile f;
	e = read_at(fd, p, len, 0);
	if (!e)
		e = segfile_parse(p, len, &f);
	free(p);
	if (e)
		return e;
	struct stat st;
	if (fstat(fd, &st) != 0)
		e = err_from_errno(errno);
	else if ((uint64_t)st.st_size - f.header_len != f.body_len)
		e = ERR_SHORT;
	if (e)
		segfile_fini(&f);
	else
		*ret = f;
	return e;
}

enum err segfile_verify(int fd, const struct segfile *f, uint8_t *stage)
{
	struct hash_stream h;
	hash_stream_begin(&h);
	for (uint64_t done = 0; done < f->body_len;) {
		uint64_t left = f->body_len - done;
		size_t n = left < SEGFILE_STAGE ? (size_t)left : SEGFILE_STAGE;
		enum err e = read_at(fd, stage, n, f->header_len + done);
		if (e)
			return e;
		hash_stream_add(&h, stage, n);
		done += n;
	}
	return hash_stream_end(&h) == f->body_hash ? ERR_OK : ERR_CHECKSUM;
}
