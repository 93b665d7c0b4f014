/* SPDX-License-Identifier: Apache-2.0 */
#include "import/nffile.h"

#include "base/buf.h"
#include "import/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAGIC = 0xa50c,
	MAGIC_SWAPPED = 0x0ca5,
	HEADER_1 = 140,
	SUMS_1 = 136,
	HEADER_2 = 40,
	BLOCK_HEADER = 12,
	BLOCK_NOT_PACKED = 1,
	IDENT_RECORD = 0x8001,
	APPENDIX_BLOCKS_MAX = 16,
	FLAG_1_LZO = 1,
	FLAG_1_BZ2 = 8,
	FLAG_1_LZ4 = 16,
};

struct nffile {
	int fd;
	unsigned layout;
	enum pack pack;
	uint64_t at, end; /* of the blocks of records */
	uint64_t appendix;
	unsigned appendix_blocks;
	int64_t created_ms;
	char ident[NFFILE_IDENT_MAX + 1];
	uint8_t *packed, *plain; /* of packed_cap bytes, of NFFILE_BLOCK_MAX; NULL until needed */
	size_t packed_cap;
};

bool nffile_detect(const uint8_t *head, size_t n)
{
	struct rd r = rd_of(head, n);
	uint16_t magic = rd_le16(&r);
	return !r.bad && (magic == MAGIC || magic == MAGIC_SWAPPED);
}

static enum err read_at(const struct nffile *f, uint64_t at, void *p, size_t n)
{
	size_t done = 0;
	while (done < n) {
		ssize_t k = pread(f->fd, (uint8_t *)p + done, n - done, (off_t)(at + done));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_from_errno(errno);
		if (k == 0)
			return ERR_SHORT;
		done += (size_t)k;
	}
	return ERR_OK;
}

static enum err read_header_1(struct nffile *f, struct rd r)
{
	uint32_t flags = rd_le32(&r);
	rd_skip(&r, 4);
	rd_copy(&r, f->ident, NFFILE_IDENT_MAX);
	f->pack = flags & FLAG_1_LZO   ? PACK_LZO
		  : flags & FLAG_1_BZ2 ? PACK_BZ2
		  : flags & FLAG_1_LZ4 ? PACK_LZ4
				       : PACK_NONE;
	f->at = HEADER_1 + SUMS_1;
	return r.bad || f->at > f->end ? ERR_SHORT : ERR_OK;
}

static enum err read_header_2(struct nffile *f, struct rd r, struct diag *reterr)
{
	rd_skip(&r, 4);
	uint64_t created = rd_le64(&r);
	uint8_t pack = rd_u8(&r), encryption = rd_u8(&r);
	f->appendix_blocks = rd_le16(&r);
	rd_skip(&r, 4);
	f->appendix = rd_le64(&r);
	if (r.bad)
		return ERR_SHORT;
	if (pack >= PACK_MAX || encryption)
		return diag_set(reterr, ERR_UNSUPPORTED, 0, 0,
				"an nfdump file with %s number %u, which is not read",
				encryption ? "encryption" : "compression",
				encryption ? encryption : pack);
	f->pack = (enum pack)pack;
	if (created && created < (uint64_t)1 << 40)
		f->created_ms = (int64_t)created * 1000;
	f->at = HEADER_2;
	/* A file that was never closed has no appendix yet. */
	if (f->appendix >= f->at && f->appendix <= f->end)
		f->end = f->appendix;
	else
		f->appendix_blocks = 0;
	return ERR_OK;
}

static bool make_room(struct nffile *f, size_t packed)
{
	if (packed > f->packed_cap) {
		uint8_t *p = realloc(f->packed, packed);
		if (!p)
			return false;
		f->packed = p;
		f->packed_cap = packed;
	}
	if (f->pack != PACK_NONE && !f->plain)
		f->plain = malloc(NFFILE_BLOCK_MAX);
	return f->packed && (f->pack == PACK_NONE || f->plain);
}

/* The block at *at, which must end before `end`; *at moves behind it unless that is ERR_MALFORMED.
 */
static enum err read_block(struct nffile *f, uint64_t *at, uint64_t end, struct nffile_block *ret)
{
	uint8_t head[BLOCK_HEADER];
	if (*at > end || end - *at < BLOCK_HEADER || read_at(f, *at, head, sizeof(head)))
		return ERR_MALFORMED;
	struct rd r = rd_of(head, sizeof(head));
	uint32_t n = rd_le32(&r), size = rd_le32(&r);
	uint16_t type = rd_le16(&r), flags = rd_le16(&r);
	if (size > NFFILE_BLOCK_MAX || size > end - *at - BLOCK_HEADER)
		return ERR_MALFORMED;
	if (!make_room(f, MAX_OF(size, 1u)))
		return ERR_NOMEM;
	if (read_at(f, *at + BLOCK_HEADER, f->packed, size))
		return ERR_MALFORMED;
	*at += BLOCK_HEADER + size;
	*ret = (struct nffile_block){.records = rd_of(f->packed, size), .n = n, .type = type};
	if (f->pack == PACK_NONE || (flags & BLOCK_NOT_PACKED))
		return ERR_OK;
	size_t plain;
	if (unpack(f->pack, f->packed, size, f->plain, NFFILE_BLOCK_MAX, &plain))
		return ERR_CHECKSUM;
	ret->records = rd_of(f->plain, plain);
	return ERR_OK;
}

/* The name of the source stands in the appendix of layout 2. */
static void read_ident(struct nffile *f, uint64_t file_end)
{
	uint64_t at = f->appendix;
	struct nffile_block b;
	for (unsigned i = 0; i < MIN_OF(f->appendix_blocks, (unsigned)APPENDIX_BLOCKS_MAX); i++) {
		enum err e = read_block(f, &at, file_end, &b);
		if (e && e != ERR_CHECKSUM)
			return;
		while (!e && rd_left(&b.records) >= NFFILE_RECORD_HEADER) {
			uint16_t type = rd_le16(&b.records), len = rd_le16(&b.records);
			struct rd text =
			    rd_sub(&b.records, len < NFFILE_RECORD_HEADER
						   ? SIZE_MAX
						   : (size_t)len - NFFILE_RECORD_HEADER);
			if (type == IDENT_RECORD && !text.bad)
				memcpy(f->ident, text.p,
				       MIN_OF(rd_left(&text), (size_t)NFFILE_IDENT_MAX));
		}
	}
}

static enum err read_header(struct nffile *f, struct diag *reterr)
{
	uint8_t head[HEADER_1] = {0};
	size_t n = (size_t)MIN_OF(f->end, (uint64_t)sizeof(head));
	uint64_t file_end = f->end;
	enum err e = read_at(f, 0, head, n);
	struct rd r = rd_of(head, n);
	uint16_t magic = rd_le16(&r);
	f->layout = rd_le16(&r);
	if (e)
		return e;
	if (magic == MAGIC_SWAPPED)
		return diag_set(
		    reterr, ERR_UNSUPPORTED, 0, 0,
		    "an nfdump file written on a big-endian machine, which is not read");
	if (magic != MAGIC)
		return diag_set(reterr, ERR_UNSUPPORTED, 0, 0, "not a file of nfdump");
	if (f->layout == 1)
		return read_header_1(f, r);
	if (f->layout != 2)
		return diag_set(
		    reterr, ERR_UNSUPPORTED, 0, 0,
		    "an nfdump file of layout %u; read are 1 (nfdump 1.6) and 2 (nfdump "
		    "1.7). nfdump itself can write an older layout",
		    f->layout);
	e = read_header_2(f, r, reterr);
	if (!e)
		read_ident(f, file_end);
	return e;
}

static enum err open_file(struct nffile *f, const char *path)
{
	struct stat st;
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st))
		return err_from_errno(errno);
	f->end = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	f->created_ms = (int64_t)st.st_mtim.tv_sec * 1000;
	return ERR_OK;
}

/* Everything but the memory is as in a new one. */
static void begin(struct nffile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	*f = (struct nffile){
	    .fd = -1, .packed = f->packed, .plain = f->plain, .packed_cap = f->packed_cap};
}

enum err nffile_reopen(struct nffile *f, const char *path, struct diag *reterr)
{
	struct diag why = {0};
	begin(f);
	enum err e = open_file(f, path);
	if (!e)
		e = read_header(f, &why);
	if (e)
		return diag_set(reterr, e, 0, 0, "%s: %s", path,
				why.msg[0] ? why.msg : err_text(e));
	return ERR_OK;
}

enum err nffile_open(const char *path, struct nffile **ret, struct diag *reterr)
{
	struct nffile *f = calloc(1, sizeof(*f));
	if (!f)
		return diag_set(reterr, ERR_NOMEM, 0, 0, "%s: %s", path, err_text(ERR_NOMEM));
	f->fd = -1;
	enum err e = nffile_reopen(f, path, reterr);
	if (e)
		nffile_close(&f);
	else
		*ret = f;
	return e;
}

unsigned nffile_layout(const struct nffile *f)
{
	return f->layout;
}

const char *nffile_ident(const struct nffile *f)
{
	return f->ident;
}

int64_t nffile_created_ms(const struct nffile *f)
{
	return f->created_ms;
}

enum err nffile_next(struct nffile *f, struct nffile_block *ret, struct diag *reterr)
{
	if (f->at == f->end)
		return ERR_NOT_FOUND;
	enum err e = read_block(f, &f->at, f->end, ret);
	if (e == ERR_MALFORMED)
		return diag_set(reterr, e, 0, 0, "cut off or damaged at byte %llu",
				(unsigned long long)f->at);
	return e ? diag_set(reterr, e, 0, 0, "%s",
			    e == ERR_CHECKSUM ? "a block that does not unpack" : err_text(e))
		 : ERR_OK;
}

void nffile_close(struct nffile **pf)
{
	struct nffile *f = *pf;
	*pf = NULL;
	if (!f)
		return;
	if (f->fd >= 0)
		close(f->fd);
	free(f->packed);
	free(f->plain);
	free(f);
}
