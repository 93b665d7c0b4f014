/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of segfile.h. The body goes out in pieces of SEGFILE_STAGE bytes, each hashed
 * while it is in the cache; what is smaller is gathered first. */
#include "spool/segfile.h"

#include "base/hash.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	DICT_ROWS_MIN = 256
}; /* below it the heads of the columns outweigh what a dictionary saves */

static bool has_column(const struct segbuf *s, unsigned c)
{
	return c == NATIVE_DAY || segbuf_uses(s, c);
}

static uint16_t count_columns(const struct segbuf *s)
{
	uint16_t n = 0;
	for (unsigned c = 0; c < NATIVE_MAX; c++)
		n = (uint16_t)(n + has_column(s, c));
	return n;
}

static void encode_header(struct buf *out, const struct segfile *f, const struct segbuf *rows)
{
	buf_put(out, SEGFILE_MAGIC, SEGFILE_MAGIC_LEN);
	buf_le32(out, SEGFILE_VERSION);
	buf_le32(out, 0);
	buf_le64(out, 0);
	buf_le64(out, 0);
	buf_le64(out, 0);
	buf_le64(out, f->number);
	buf_le64(out, f->head);
	buf_le64(out, (uint64_t)f->closed_ms);
	buf_le32(out, rows->rows);
	buf_le32(out, (uint32_t)rows->day);
	buf_u8(out, (uint8_t)rows->shape);
	uint16_t n = count_columns(rows);
	buf_u8(out, (uint8_t)n);
	buf_u8(out, (uint8_t)(n >> 8));
	for (unsigned c = 0; c < NATIVE_MAX; c++) {
		if (!has_column(rows, c))
			continue;
		buf_u8(out, (uint8_t)strlen(native_name(c)));
		buf_str(out, native_name(c));
	}
	if (segfile_is_head(f)) {
		buf_le32(out, f->n_members);
		for (uint32_t i = 0; i < f->n_members; i++)
			buf_le32(out, f->member_rows[i]);
		codec_put_stats(out, &f->delta);
		buf_le32(out, f->n_seqs);
		for (uint32_t i = 0; i < f->n_seqs; i++)
			codec_put_seq(out, &f->seqs[i]);
	}
}

static void finish_header(struct buf *h, struct segfile *f)
{
	uint32_t len = (uint32_t)h->n;
	memcpy(h->p + SEGFILE_LENGTH_AT, &len, sizeof(len));
	memcpy(h->p + SEGFILE_BODY_HASH_AT, &f->body_hash, sizeof(f->body_hash));
	memcpy(h->p + SEGFILE_BODY_LENGTH_AT, &f->body_len, sizeof(f->body_len));
	f->header_len = len;
	f->hash = hash64(h->p, h->n, 0);
	memcpy(h->p + SEGFILE_HASH_AT, &f->hash, sizeof(f->hash));
}

/* ---- body */
struct body {
	int fd;
	enum err err;
	uint64_t off, len;
	uint8_t *stage;
	size_t staged;
	struct hash_stream hash;
};

static enum err write_at(int fd, const void *p, size_t n, uint64_t off)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = pwrite(fd, (const uint8_t *)p + done, n - done, (off_t)(off + done));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return errno == ENOSPC || errno == EDQUOT ? ERR_FULL
								  : err_from_errno(errno);
		done += (size_t)k;
	}
	return ERR_OK;
}

static void body_write(struct body *b, const void *p, size_t n)
{
	if (b->err || n == 0)
		return;
	hash_stream_add(&b->hash, p, n);
	b->err = write_at(b->fd, p, n, b->off + b->len);
	b->len += n;
}

static void body_flush(struct body *b)
{
	size_t n = b->staged;
	b->staged = 0;
	body_write(b, b->stage, n);
}

static void body_put(struct body *b, const void *p, size_t n)
{
	const uint8_t *q = p;
	while (n > 0) {
		if (b->staged == 0 && n >= SEGFILE_STAGE) {
			body_write(b, q, SEGFILE_STAGE);
			q += SEGFILE_STAGE;
			n -= SEGFILE_STAGE;
			continue;
		}
		size_t k = SEGFILE_STAGE - b->staged < n ? SEGFILE_STAGE - b->staged : n;
		memcpy(b->stage + b->staged, q, k);
		b->staged += k;
		q += k;
		n -= k;
		if (b->staged == SEGFILE_STAGE)
			body_flush(b);
	}
}

static void body_zeros(struct body *b, uint64_t n)
{
	static const uint8_t zeros[4096];
	for (; n > 0; n -= MIN_OF(n, sizeof(zeros)))
		body_put(b, zeros, MIN_OF(n, sizeof(zeros)));
}

static void body_varint(struct body *b, uint64_t v)
{
	uint8_t p[10];
	size_t n = 0;
	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	body_put(b, p, n);
}

static void body_text(struct body *b, const char *s)
{
	body_varint(b, strlen(s));
	body_put(b, s, strlen(s));
}

enum low_cardinality {
	LC_VERSION = 1,
	LC_INDEX_UINT8 = 0,
	LC_INDEX_UINT16 = 1,
	LC_HAS_KEYS = 1 << 9,
	LC_UPDATES_DICTIONARY = 1 << 10
};

/* The same of texts: a byte per row while the numbers fit, else two. */
static void body_texts(struct body *b, const struct textcol *t, const struct colbuf *col,
		       uint64_t rows, struct dict *dict)
{
	dict->index.n = 0;
	bool narrow = t->n <= UINT8_MAX + 1u && colbuf_room(&dict->index, rows);
	const uint64_t head[] = {LC_VERSION,
				 (narrow ? LC_INDEX_UINT8 : LC_INDEX_UINT16) | LC_HAS_KEYS |
				     LC_UPDATES_DICTIONARY,
				 t->n};
	body_text(b, "LowCardinality(String)");
	body_put(b, head, sizeof(head));
	for (uint32_t k = 0; k < t->n; k++) {
		body_varint(b, t->len[k]);
		body_put(b, t->bytes.p + t->off[k], t->len[k]);
	}
	body_put(b, &rows, sizeof(rows));
	if (!narrow) {
		body_put(b, col->p, col->n);
		return;
	}
	for (uint64_t i = 0; i < rows; i++)
		dict->index.p[i] = col->p[i * sizeof(uint16_t)]; /* the low byte */
	body_put(b, dict->index.p, rows);
}

/* ClickHouse's LowCardinality in Native: version, kind of index, the dictionary, a byte per row. */
static void body_low_cardinality(struct body *b, unsigned c, const void *keys, uint64_t n_keys,
				 size_t width, const uint8_t *index, uint64_t rows)
{
	const uint64_t head[] = {LC_VERSION, LC_INDEX_UINT8 | LC_HAS_KEYS | LC_UPDATES_DICTIONARY,
				 n_keys};
	const char *type = native_type(c);
	body_varint(b, strlen("LowCardinality()") + strlen(type));
	body_put(b, "LowCardinality(", strlen("LowCardinality("));
	body_put(b, type, strlen(type));
	body_put(b, ")", 1);
	body_put(b, head, sizeof(head));
	body_put(b, keys, n_keys * width);
	body_put(b, &rows, sizeof(rows));
	if (index)
		body_put(b, index, rows);
	else
		body_zeros(b, rows);
}

static void body_day(struct body *b, int32_t day, uint64_t rows)
{
	uint16_t v = day < 0 ? 0 : day > UINT16_MAX ? UINT16_MAX : (uint16_t)day;
	body_low_cardinality(b, NATIVE_DAY, &v, 1, sizeof(v), NULL, rows);
}

/* The width of a column for which a dictionary may pay, else 0. ClickHouse has no
 * LowCardinality(DateTime64). */
static size_t dict_width(unsigned c)
{
	static const uint8_t widths[CT_MAX] = {
	    [CT_U32] = 4, [CT_U64] = 8, [CT_MAC] = 8, [CT_IP] = 16};
	return c < FIELD_MAX ? widths[field_table[c].ctype] : sizeof(uint64_t);
}

static void body_column(struct body *b, const struct segbuf *s, unsigned c, struct dict *dict)
{
	size_t width = dict_width(c);
	if (width && s->rows >= DICT_ROWS_MIN && dict_encode(dict, s->col[c].p, s->rows, width)) {
		body_low_cardinality(b, c, dict->keys, dict->n, width, dict->index.p, s->rows);
		return;
	}
	if (c < FIELD_MAX && field_table[c].ctype == CT_STR && !s->text[c]->plain) {
		body_texts(b, s->text[c], &s->col[c], s->rows, dict);
		return;
	}
	body_text(b, native_type(c));
	body_put(b, s->col[c].p, s->col[c].n);
	if (c < FIELD_MAX && field_table[c].ctype == CT_U32LIST)
		body_put(b, s->elements[c].p, s->elements[c].n);
}

static void body_block(struct body *b, const struct segbuf *s, struct dict *dict)
{
	body_varint(b, count_columns(s));
	body_varint(b, s->rows);
	for (unsigned c = 0; c < NATIVE_MAX; c++) {
		if (!has_column(s, c))
			continue;
		body_text(b, native_name(c));
		if (c == NATIVE_DAY)
			body_day(b, s->day, s->rows);
		else
			body_column(b, s, c, dict);
	}
	body_flush(b);
}

enum err segfile_write(int fd, struct segfile *f, const struct segbuf *rows,
		       struct segfile_scratch *scratch)
{
	struct buf h = {0};
	encode_header(&h, f, rows);
	if (h.bad || h.n > SEGFILE_HEADER_MAX) {
		buf_fini(&h);
		return ERR_NOMEM;
	}
	struct body b = {.fd = fd, .off = h.n, .stage = scratch->stage};
	hash_stream_begin(&b.hash);
	body_block(&b, rows, &scratch->dict);
	f->body_len = b.len;
	f->body_hash = hash_stream_end(&b.hash);
	f->rows = rows->rows;
	f->day = rows->day;
	f->shape = rows->shape;
	finish_header(&h, f);
	enum err e = b.err ? b.err : write_at(fd, h.p, h.n, 0);
	buf_fini(&h);
	return e;
}
