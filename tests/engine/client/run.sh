#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a test with the official ClickHouse client: run.sh WEIR-STORE TEST. 77 (skipped) when the
# client or the engine is not installed; `make test` installs both.
here=$(dirname "$0")
store=$1
test=$2
if [ ! -x "$store" ]; then
	echo "no $store: build the release build first"
	exit 77
fi
if [ ! -d "$here/node_modules/@clickhouse/client" ]; then
	echo "run npm ci in tests/engine/client"
	exit 77
fi
if [ -z "$WEIR_LIBRARY" ] && [ ! -e "$here/../../../engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so" ]; then
	echo "run npm ci in engine"
	exit 77
fi
WEIR_STORE=$(realpath "$store") exec node --test "$test"
