#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every C file is as clang-format leaves it (make fmt). 77 = skipped: there is no clang-format.
command -v clang-format >/dev/null || exit 77
cd "$1" || exit 1
find src tests fuzz bench -name '*.[ch]' -print0 2>/dev/null | xargs -0 clang-format --dry-run -Werror
