#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From the socket into the store, rollups included, at a steady rate: does it keep up, and what does it cost?
flowsend sends records of 8 exporters at RATE for SECONDS to a `weir up` of its own. Prints one line of JSON: how much came
into the store within that time and until all of it was there, what waited at the end, CPU seconds per million flows of
sender, collector and store (merging apart), bytes on disk. There is no peer that does the same on one machine.
  bench/load.py [--build DIR] [--dir DIR] [--rate R] [--seconds S] [--library LIBCHDB]
"""
import argparse
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import instance


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build", type=pathlib.Path)
    p.add_argument("--dir", help="file system to write to (a folder is made in it)")
    p.add_argument("--rate", type=int, default=600_000)
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("--library", help="libchdb.so, where it is not installed")
    return p.parse_args()


def run(a, tmp):
    port = instance.free_port()
    up = instance.start(a.build, tmp, port, a.library)
    try:
        instance.wait(lambda: "ready" in (tmp / "up.log").read_text(), "weir up", 60)
        roles = instance.status(a.build, tmp)
        before = {r: instance.cpu(roles[r]["pid"]) for r in ("store", "collect")}
        start = time.monotonic()
        sent = json.loads(subprocess.run(
            [a.build / "bench" / "flowsend", "v9", "127.0.0.1", str(port), "-n", str(a.rate * a.seconds), "-r", str(a.rate),
             "-d", "400000", "-s", "7"], check=True, capture_output=True, text=True).stdout)
        sending = time.monotonic() - start
        at_end = instance.status(a.build, tmp)["collect"]
        per_datagram = sent["records"] // sent["datagrams"] + 1

        def all_there():
            c = instance.status(a.build, tmp)["collect"]
            return c["stored"] + c["kernel_drops"] * per_datagram >= sent["records"]
        instance.wait(all_there, "all flows stored", 600)
        seconds = time.monotonic() - start
        end = instance.status(a.build, tmp)
        after = {r: instance.cpu(roles[r]["pid"]) for r in ("store", "collect")}
        million = end["collect"]["stored"] / 1e6
        spent = {r: sum(after[r].values()) - sum(before[r].values()) for r in after}
        merging = after["store"].get("MergeMutate", 0) - before["store"].get("MergeMutate", 0)
        return {"figure": "load", "rate": round(sent["records_per_s"]), "seconds": round(sending, 1),
                "sent": sent["records"], "stored": end["collect"]["stored"],
                "kernel_drops": end["collect"]["kernel_drops"], "stored_while_sending": at_end["stored"],
                "stored_per_s_while_sending": round(at_end["stored"] / sending), "lag_ms_at_end": at_end["lag_ms"],
                "all_stored_after_s": round(seconds, 1), "stored_per_s": round(end["collect"]["stored"] / seconds),
                "sender_cpu_s_per_m": round(sent["cpu_s"] / million, 3),
                "collect_cpu_s_per_m": round(spent["collect"] / million, 3),
                "store_cpu_s_per_m": round((spent["store"] - merging) / million, 3),
                "merge_cpu_s_per_m": round(merging / million, 3),
                "bytes_per_flow": round(end["tables"]["bytes_on_disk"] / end["collect"]["stored"], 1)}
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait()


def main():
    a = arguments()
    a.build = a.build.resolve()
    tmp = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-", dir=a.dir))
    try:
        print(json.dumps(run(a, tmp)))
    finally:
        shutil.rmtree(tmp)


if __name__ == "__main__":
    main()
