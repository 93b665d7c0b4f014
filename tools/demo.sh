#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Starts Weir and, when the collector is ready, feeds it the traffic of a made-up office: the last hour, then live.
#
#   tools/demo.sh build/weir up --dir D [--conf FILE]
set -u
weir=$1
shift 2

# The first IPv4 address of ports.json, as somebody on this machine reaches it.
target() {
	python3 - "$2" <<-'PYTHON'
		import json, sys
		with open(sys.argv[1] + "/run/ports.json") as f:
		    a = next(a for a in json.load(f)["collect"] if ":" not in a["address"])
		print("127.0.0.1" if a["address"] == "0.0.0.0" else a["address"], a["port"], sep=":")
	PYTHON
}

feed() {
	until "$weir" status "$@" 2>/dev/null | grep -q '^collect  *running'; do sleep 0.2; done
	echo "demo: sending the last hour of a made-up office, then live"
	exec "$weir" demo --to "$(target "$@")" --hours 1 --live --quiet
}

feed "$@" &
feeder=$!
"$weir" up "$@"
code=$?
kill "$feeder" 2>/dev/null
wait 2>/dev/null
exit "$code"
