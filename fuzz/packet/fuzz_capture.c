/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files: any bytes as a file, read to its end. Frames lie in memory that can be read, their
 * lengths agree, and a file ends. */
#include "packet/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BURST = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t read_all(struct capture *c, size_t left)
{
	struct frame f[BURST];
	struct diag d = {0};
	size_t n;
	unsigned sum = 0;
	while (capture_burst(c, f, BURST, &n, &d) == ERR_OK)
		for (size_t i = 0; i < n; i++) {
			/* A frame has more bytes in the file than in memory: its header. */
			if (f[i].wire_n < f[i].n || f[i].n >= left)
				abort();
			left -= f[i].n;
			for (size_t k = 0; k < f[i].n; k++)
				sum += f[i].p[k];
		}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[32];
	struct capture *c;
	struct diag d = {0};
	int fd = memfd_create("capture", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (capture_open(path, &c, &d) == ERR_OK) {
		volatile size_t sum = read_all(c, size);
		(void)sum;
		capture_close(c);
	}
	close(fd);
	return 0;
}
