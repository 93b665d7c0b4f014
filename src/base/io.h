/* SPDX-License-Identifier: Apache-2.0 */
/* Files and descriptors, as far as several parts need the same of them. */
#pragma once
#include "base/attr.h"
#include "base/err.h"

#include <stddef.h>

/* All n bytes, however many calls it takes; waits for a descriptor that blocks. */
must_check enum err io_write_all(int fd, const void *p, size_t n);
