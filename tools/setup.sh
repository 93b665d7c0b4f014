#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what building and running (run) or also testing (test) Weir needs: Debian packages, the embedded engine,
# the libraries of the web page. Looks first, so that a second run takes no time. As root, or through sudo.
#
#   tools/setup.sh run|test
set -eu
cd "$(dirname "$0")/.."

say() { echo "setup: $*"; }
fail() {
	echo "setup: $*" >&2
	exit 1
}

# Rows of the package list that are not there yet.
missing() {
	local name command
	while read -r name command; do
		case $name in '' | '#'*) continue ;; esac
		[ -n "$command" ] && command -v "$command" >/dev/null && continue
		dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || echo "$name"
	done
}

install_packages() {
	local as_root=() packages=("$@")
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || fail "not root and no sudo; as root run: apt-get install ${packages[*]}"
		as_root=(sudo)
	fi
	say "installing ${#packages[@]} packages: ${packages[*]}"
	"${as_root[@]}" apt-get update -q 2>&1 | grep -E '^(Err|E:|W:)' || true
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
		-o Dpkg::Use-Pty=0 "${packages[@]}" ||
		fail "apt-get could not install them; see above. By hand: apt-get install ${packages[*]}"
}

# npm ci where the lockfile has changed since the last time.
npm_ci() {
	local dir=$1 what=$2 stamp=$1/node_modules/.weir-lock
	[ -f "$dir/package-lock.json" ] || return 0
	cmp -s "$dir/package-lock.json" "$stamp" && return 0
	say "fetching $what with npm"
	(cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
		fail "npm could not fetch $what; see above. Weir needs the npm registry once, directly or as your ~/.npmrc says"
	cp "$dir/package-lock.json" "$stamp"
}

command -v apt-get >/dev/null || fail "this set-up is for Debian 12; elsewhere install what tools/packages.run lists"
lists=(tools/packages.run)
[ "$1" = run ] || lists+=(tools/packages.test)
mapfile -t wanted < <(cat "${lists[@]}" | missing)
[ "${#wanted[@]}" = 0 ] || install_packages "${wanted[@]}"

node_major=$(node -p 'process.versions.node.split(".")[0]')
[ "$node_major" -ge 18 ] || fail "node $(node --version) is too old; Weir's web page is built with node 18 or newer"
case $(uname -m) in
x86_64) npm_ci engine "the embedded engine (about 140 MB)" ;;
*) say "the embedded engine comes for x86_64 only; set store.library or store.url in the configuration" ;;
esac
npm_ci data "the data set of countries (about 15 MB)"
npm_ci web "the libraries of the web page"
[ "$1" = run ] || npm_ci tests/engine/client "the test client of the store"
