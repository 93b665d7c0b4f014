#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whether a committed file is what its generator prints: same.sh FILE GENERATOR [ARGS].
file=$1
shift
if ! "$@" | diff -u "$file" -; then
	echo "$file is not up to date: run $* > $file"
	exit 1
fi
