/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler extensions the code may use, under one name each. */
#pragma once

#define must_check       __attribute__((warn_unused_result))
#define fmt_like(f, a)   __attribute__((format(printf, f, a)))
#define likely(x)        __builtin_expect(!!(x), 1)
#define unlikely(x)      __builtin_expect(!!(x), 0)
#define cache_aligned    __attribute__((aligned(64)))
#define cleanup_with(fn) __attribute__((cleanup(fn)))
#define unused_arg       __attribute__((unused))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))
