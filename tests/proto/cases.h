/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of dissectors begin with: cmocka, and messages written as string literals. */
#pragma once
#include "base/attr.h"
#include "harness.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>

/* A message of the bytes of a literal, without its NUL. */
#define M(who, bytes)                                                                              \
	{                                                                                          \
		.from = (who), .p = (bytes), .n = sizeof(bytes) - 1                                \
	}
