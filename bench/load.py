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
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build", type=pathlib.Path)
    p.add_argument("--dir", help="file system to write to (a folder is made in it)")
    p.add_argument("--rate", type=int, default=600_000)
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("--library", help="libchdb.so, where it is not installed")
    return p.parse_args()


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def status(a, tmp):
    r = subprocess.run([a.build / "weir", "status", "--conf", tmp / "weir.yaml", "--json"], capture_output=True, text=True)
    s = json.loads(r.stdout)
    return {role["role"]: role for role in s["roles"]} | {"tables": s["store"]}


def cpu(pid):
    """CPU seconds of a process by the names of its threads."""
    tick, used = os.sysconf("SC_CLK_TCK"), {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        text = (task / "stat").read_text()
        name = text[text.index("(") + 1:text.rindex(")")]
        fields = text.rsplit(") ", 1)[1].split()
        used[name] = used.get(name, 0) + (int(fields[11]) + int(fields[12])) / tick
    return used


def run(a, tmp):
    port = free_port()
    library = f"store:\n  library: {a.library}\n" if a.library else ""
    (tmp / "weir.yaml").write_text(f"dir: {tmp}/weir\ncollect:\n  listen: [udp://127.0.0.1:{port}]\n{library}"
                                   "serve:\n  listen: 127.0.0.1:0\n")
    up = subprocess.Popen([a.build / "weir", "up", "--conf", tmp / "weir.yaml"], stderr=open(tmp / "up.log", "w"),
                          stdout=subprocess.DEVNULL)
    try:
        wait(lambda: "ready" in (tmp / "up.log").read_text() and status(a, tmp)["collect"]["state"] == "running", 60)
        roles = status(a, tmp)
        before = {r: cpu(roles[r]["pid"]) for r in ("store", "collect")}
        start = time.monotonic()
        sent = json.loads(subprocess.run(
            [a.build / "bench" / "flowsend", "v9", "127.0.0.1", str(port), "-n", str(a.rate * a.seconds), "-r", str(a.rate),
             "-d", "400000", "-s", "7"], check=True, capture_output=True, text=True).stdout)
        sending = time.monotonic() - start
        at_end = status(a, tmp)["collect"]
        wait(lambda: status(a, tmp)["collect"]["waiting"] == 0 and
             status(a, tmp)["collect"]["stored"] >= status(a, tmp)["collect"]["decoded"] > 0, 600)
        seconds = time.monotonic() - start
        end = status(a, tmp)
        after = {r: cpu(roles[r]["pid"]) for r in ("store", "collect")}
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


def wait(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (ValueError, KeyError):
            pass
        time.sleep(0.2)
    sys.exit(f"not within {seconds} s")


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
