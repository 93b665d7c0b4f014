#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Proves the README on a machine that has nothing: makes a minimal Debian 12 in a folder, clones this repository into
# it and runs a command there (default: make test). As root.
#
#   tools/fresh_debian.sh [--keep DIR] [COMMAND...]
#
# What a host needs to reach its mirrors (name resolution, apt sources, certificates, npm settings) is copied from here.
set -eu
repo=$(git rev-parse --show-toplevel)
dir= keep=
if [ "${1:-}" = --keep ]; then
	dir=$2 keep=1
	shift 2
fi
[ $# -gt 0 ] || set -- make test
[ "$(id -u)" = 0 ] || { echo "fresh_debian: run as root" >&2; exit 2; }
command -v debootstrap >/dev/null || apt-get install -y debootstrap
dir=${dir:-$(mktemp -d)}

clean() {
	if mountpoint -q "$dir"; then umount -lR "$dir"; fi
	[ -n "$keep" ] || rm -rf --one-file-system "$dir"
}
trap clean EXIT INT TERM

if [ ! -x "$dir/bin/sh" ]; then
	debootstrap --variant=minbase bookworm "$dir"
fi
# A mount point of its own: `ip netns exec` changes the propagation of "/", which must be one.
mount --bind "$dir" "$dir"
mount --make-private "$dir"
for m in proc dev sys; do
	mount --rbind "/$m" "$dir/$m"
	mount --make-rslave "$dir/$m"
done
cp -L /etc/resolv.conf /etc/hosts "$dir/etc/"
rm -f "$dir/etc/apt/sources.list"
cp -r /etc/apt/sources.list* /etc/apt/apt.conf.d "$dir/etc/apt/" 2>/dev/null || true
mkdir -p "$dir/usr/share/keyrings" "$dir/usr/local/share/ca-certificates" "$dir/etc/ssl/certs"
cp /usr/share/keyrings/debian-archive-keyring.gpg "$dir/usr/share/keyrings/" 2>/dev/null || true
cp -r /usr/local/share/ca-certificates/. "$dir/usr/local/share/ca-certificates/" 2>/dev/null || true
cp /etc/ssl/certs/ca-certificates.crt "$dir/etc/ssl/certs/" 2>/dev/null || true
[ ! -f "$HOME/.npmrc" ] || cp "$HOME/.npmrc" "$dir/root/.npmrc"

in_chroot() {
	# The caller's certificate and proxy variables only; no PATH of a developer's machine.
	env -i HOME=/root TERM="${TERM:-dumb}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		$(env | grep -E '^(SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY)=' |
			grep -v ' ' || true) \
		chroot "$dir" /bin/bash -c "$1"
}

in_chroot "export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -qy git make ca-certificates"
rm -rf "$dir/root/weir"
git clone -q --no-hardlinks "$repo" "$dir/root/weir"
in_chroot "cd /root/weir && $*"
