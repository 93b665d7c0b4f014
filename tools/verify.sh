#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What takes longer than make test: clang without a warning, ThreadSanitizer, a minute of fuzzing per target, a fresh
# Debian (as root), the benchmarks. Stops at the first that fails.
set -eu
cd "$(dirname "$0")/.."
step() { echo "verify: $*"; }

step "clang, warnings are errors"
[ -f build-clang/build.ninja ] || CC=clang meson setup build-clang -Dwerror=true >/dev/null
ninja -C build-clang
meson test -C build-clang --suite unit --no-rebuild

step "ThreadSanitizer"
[ -f build-tsan/build.ninja ] || meson setup build-tsan -Db_sanitize=thread -Doptimization=1 >/dev/null
ninja -C build-tsan
meson test -C build-tsan --suite unit --no-rebuild

step "fuzzing, ${FUZZ_SECONDS:=60} s per target"
[ -f build-fuzz/build.ninja ] ||
	CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
ninja -C build-fuzz
for target in build-fuzz/fuzz/fuzz_*; do
	[ -x "$target" ] && [ -f "$target" ] || continue
	name=${target##*/fuzz_}
	found=$(mktemp -d)
	step "$name"
	"$target" -max_total_time="$FUZZ_SECONDS" -max_len=8192 -artifact_prefix="build-fuzz/$name-" -print_final_stats=1 \
		"$found" "fuzz/corpus/$name" 2>&1 | tail -12
	rm -rf "$found"
done

if [ "$(id -u)" = 0 ]; then
	step "a fresh Debian"
	tools/fresh_debian.sh make test
fi
step "benchmarks"
exec make bench
