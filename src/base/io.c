/* SPDX-License-Identifier: Apache-2.0 */
#include "base/io.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

enum err io_write_all(int fd, const void *p, size_t n)
{
	const uint8_t *at = p;
	while (n) {
		ssize_t put = write(fd, at, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put ? err_from_errno(errno) : ERR_IO;
		at += put;
		n -= (size_t)put;
	}
	return ERR_OK;
}
