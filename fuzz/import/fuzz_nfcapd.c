/* SPDX-License-Identifier: Apache-2.0 */
/* A whole file of nfdump: header, blocks, packing, records. */
#include "base/attr.h"
#include "import/import.h"
#include "model/batch.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *ctx unused_arg, struct batch *b unused_arg) {}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stats stats;
	char path[32];
	struct import *in;
	const struct import_opts o = {.kind = IMPORT_NFCAPD, .stats = &stats, .emit = take};
	int fd = memfd_create("file", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd >= 0 && write(fd, data, size) == (ssize_t)size &&
	    import_open(path, &o, &in, NULL) == ERR_OK) {
		while (import_step(in, NULL) == ERR_OK)
			;
		import_close(&in);
	}
	close(fd);
	return 0;
}
