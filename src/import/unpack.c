/* SPDX-License-Identifier: Apache-2.0 */
#include "import/unpack.h"

#include "import/lzo.h"

#include <bzlib.h>
#include <limits.h>
#include <lz4.h>
#include <zstd.h>

static enum err unpack_bz2(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t *ret_n)
{
	unsigned len = (unsigned)cap;
	if (BZ2_bzBuffToBuffDecompress((char *)dst, &len, (char *)(uintptr_t)src, (unsigned)n, 0,
				       0) != BZ_OK)
		return ERR_MALFORMED;
	*ret_n = len;
	return ERR_OK;
}

static enum err unpack_lz4(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t *ret_n)
{
	int len = LZ4_decompress_safe((const char *)src, (char *)dst, (int)n, (int)cap);
	if (len < 0)
		return ERR_MALFORMED;
	*ret_n = (size_t)len;
	return ERR_OK;
}

static enum err unpack_zstd(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t *ret_n)
{
	size_t len = ZSTD_decompress(dst, cap, src, n);
	if (ZSTD_isError(len))
		return ERR_MALFORMED;
	*ret_n = len;
	return ERR_OK;
}

enum err unpack(enum pack method, const uint8_t *src, size_t n, uint8_t *dst, size_t cap,
		size_t *ret_n)
{
	if (n > INT_MAX || cap > INT_MAX)
		return ERR_LIMIT;
	switch (method) {
	case PACK_LZO:
		return lzo_unpack(src, n, dst, cap, ret_n);
	case PACK_BZ2:
		return unpack_bz2(src, n, dst, cap, ret_n);
	case PACK_LZ4:
		return unpack_lz4(src, n, dst, cap, ret_n);
	case PACK_ZSTD:
		return unpack_zstd(src, n, dst, cap, ret_n);
	case PACK_NONE:
	case PACK_MAX:
		break;
	}
	return ERR_UNSUPPORTED;
}
