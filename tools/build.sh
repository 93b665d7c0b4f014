#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds into a folder; only what has changed.
#
#   tools/build.sh release          build: what ships (the programs, the web page)
#   tools/build.sh release tests    the same and the tests that need it
#   tools/build.sh asan             build-asan: everything under AddressSanitizer and UBSan, with weir-store of build
set -eu
cd "$(dirname "$0")/.."

configured() {
	local dir=$1
	shift
	[ -f "$dir/build.ninja" ] || meson setup "$dir" "$@" >"$dir.log" 2>&1 || {
		cat "$dir.log" >&2
		exit 1
	}
	rm -f "$dir.log"
}

# ninja says nothing when there is nothing to do.
compile() { ninja -C "$@" | grep -v -e 'Entering directory' -e 'no work to do' || [ "${PIPESTATUS[0]}" = 0 ]; }

web_page() {
	[ -f web/package.json ] || return 0
	if [ -f web/dist/index.html ] &&
		[ -z "$(find web -path web/node_modules -prune -o -path web/dist -prune -o -path web/tests -prune \
			-o -type f -newer web/dist/index.html -print -quit)" ]; then
		return 0
	fi
	echo "build: the web page"
	(cd web && npm run --silent build)
}

case $1 in
release)
	configured build
	if [ "${2:-}" = tests ]; then compile build; else compile build programs; fi
	web_page
	;;
asan)
	configured build-asan -Db_sanitize=address,undefined -Doptimization=1
	# The engine crashes inside a process with AddressSanitizer; the store is a program of its own.
	[ ! -x build/weir-store ] || ln -sf ../build/weir-store build-asan/weir-store
	compile build-asan
	;;
esac
