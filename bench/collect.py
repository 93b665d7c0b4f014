#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collecting into the spool against nfcapd (sFlow: sfcapd) writing its files, in one run on the same input, each pinned to one core,
the sender on another. Prints one line of JSON per figure:
  cpu_s_per_mflow  user + system of the collector at a fixed rate without loss
  max_rate         the highest step of the ladder at which the kernel dropped nothing, records/s
  rss_mb           largest resident size
As root the socket buffers of both are 8 MB (net.core.rmem_max is set and restored), else what the kernel grants.
  bench/collect.py [--build DIR] [--dir DIR] [--protos v5,v9,ipfix,sflow] [--rate R] [--seconds S] [--repeat N] [--no-ladder]
"""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import instance

BUFFER = 8 << 20
SYSCTLS = ("/proc/sys/net/core/rmem_max", "/proc/sys/net/core/rmem_default")
RECORDS = {"v5": 30, "v9": 25, "ipfix": 22, "sflow": 6}  # in a datagram of flowsend
TICK = os.sysconf("SC_CLK_TCK")


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build")
    p.add_argument("--dir", help="file system to write to (a folder is made in it); default /dev/shm")
    p.add_argument("--protos", default="v5,v9,ipfix,sflow")
    p.add_argument("--rate", type=float, default=1e6)
    p.add_argument("--seconds", type=float, default=10)
    p.add_argument("--repeat", type=int, default=3)
    p.add_argument("--no-ladder", action="store_true")
    p.add_argument("--no-enrich", action="store_true", help="without countries, AS numbers, applications")
    p.add_argument("--cpus", default="0:1", help="cores of the sender, of the collector: 0:0-1 gives the collector both")
    p.add_argument("--threads", type=int, default=1, help="threads of Weir that receive (nfcapd has one)")
    return p.parse_args()


def drops(port):
    """What the kernel dropped at this port (last column of /proc/net/udp), None if nobody listens."""
    total = None
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        with open(table) as f:
            for line in f.readlines()[1:]:
                w = line.split()
                if int(w[1].split(":")[1], 16) == port:
                    total = (total or 0) + int(w[-1])
    return total


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        w = f.read().rsplit(")", 1)[1].split()
    return (int(w[11]) + int(w[12])) / TICK


def rss_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024


class Collector:
    """A collector on a port of its own, in a folder of its own, pinned to a core."""

    def __init__(self, name, a):
        self.name, self.port = name, instance.free_port()
        self.dir = tempfile.mkdtemp(prefix="weir-bench-", dir=a.dir or "/dev/shm")
        cpu = a.cpus.split(":")[1]
        self.proc = subprocess.Popen(["taskset", "-c", cpu] + self.command(a), stdout=subprocess.DEVNULL,
                                     stderr=open(f"{self.dir}/log", "w"))
        while drops(self.port) is None:
            if self.proc.poll() is not None:
                sys.exit(f"{name} does not start: " + open(f"{self.dir}/log").read())
            time.sleep(0.05)

    def command(self, a):
        if self.name in ("nfcapd", "sfcapd"):
            os.mkdir(f"{self.dir}/nf")
            return [self.name, "-p", str(self.port), "-b", "127.0.0.1", "-w", f"{self.dir}/nf", "-y", "-t", "3600",
                    "-B", str(BUFFER)]
        with open(f"{self.dir}/weir.yaml", "w") as f:
            f.write(f"collect:\n  listen: [udp://127.0.0.1:{self.port}]\n  threads: {a.threads}\n"
                    f"  socket_buffer: {BUFFER}\n"
                    "log:\n  level: err\n")
            if a.no_enrich:
                f.write("enrich:\n  country: false\n  as: off\n  applications: false\n")
        return [f"{a.build}/weir-collect", "--conf", f"{self.dir}/weir.yaml", "--dir", f"{self.dir}/d"]

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(30)
        written = f"{self.dir}/d/spool" if self.name == "weir" else self.dir
        size = sum(os.path.getsize(os.path.join(at, f)) for at, _, files in os.walk(written) for f in files)
        shutil.rmtree(self.dir)
        return size


def settle(pid):
    """Until the collector has nothing to do (its CPU time stands still)."""
    last = -1.0
    while cpu_s(pid) != last:
        last = cpu_s(pid)
        time.sleep(1.3)


def trial(name, a, proto, rate, seconds):
    c = Collector(name, a)
    settle(c.proc.pid)  # data sets are read at the start
    before = cpu_s(c.proc.pid)
    sender = subprocess.run(["taskset", "-c", a.cpus.split(":")[0], f"{a.build}/bench/flowsend", proto, "127.0.0.1",
                             str(c.port), "-r", str(rate), "-t", str(seconds)], stdout=subprocess.PIPE, check=True)
    sent = json.loads(sender.stdout)
    settle(c.proc.pid)
    lost = drops(c.port)
    r = {"collector": name, "proto": proto, "records": sent["records"], "rate": sent["records_per_s"],
         "dropped_datagrams": lost, "cpu_s": round(cpu_s(c.proc.pid) - before, 3), "rss_mb": round(rss_mb(c.proc.pid), 1),
         "sender_cpu_s": sent["cpu_s"]}
    taken = sent["records"] - lost * RECORDS[proto]
    r["bytes_per_flow"] = round(c.stop() / taken, 1)
    r["cpu_s_per_mflow"] = round(r["cpu_s"] / (taken / 1e6), 4)
    return r


def say(**figure):
    print(json.dumps(figure), flush=True)


def collectors(proto):
    return "weir", "sfcapd" if proto == "sflow" else "nfcapd"


def fixed_rate(a, proto):
    runs = {name: [] for name in collectors(proto)}
    for _ in range(a.repeat):
        for name, list_ in runs.items():
            list_.append(trial(name, a, proto, a.rate, a.seconds))
    for name, list_ in runs.items():
        v = sorted(r["cpu_s_per_mflow"] for r in list_)
        say(figure="cpu_s_per_mflow", collector=name, proto=proto, value=statistics.median(v), min=v[0], max=v[-1],
            n=len(v), rate=round(statistics.median(r["rate"] for r in list_)),
            dropped_datagrams=sum(r["dropped_datagrams"] for r in list_),
            rss_mb=max(r["rss_mb"] for r in list_), bytes_per_flow=list_[-1]["bytes_per_flow"],
            sender_cpu_s_per_mflow=round(list_[-1]["sender_cpu_s"] / (list_[-1]["records"] / 1e6), 3))


def ladder(a, proto):
    """Up by a quarter from half of the rate until something is lost twice."""
    for name in collectors(proto):
        rate, best = a.rate / 2, 0
        while True:
            r = trial(name, a, proto, rate, a.seconds)
            if r["dropped_datagrams"]:
                r = trial(name, a, proto, rate, a.seconds)
            limited = r["rate"] < rate * 0.97
            if r["dropped_datagrams"] == 0:
                best = max(best, r["rate"])
            if r["dropped_datagrams"] or limited:
                break
            rate *= 1.25
        say(figure="max_rate", collector=name, proto=proto, value=round(best), limited_by="sender" if limited and
            not r["dropped_datagrams"] else "loss", seconds=a.seconds)


def main():
    a = arguments()
    saved = {}
    for path in SYSCTLS:
        if os.access(path, os.W_OK) and os.geteuid() == 0:
            saved[path] = open(path).read()
            open(path, "w").write(str(max(BUFFER, int(saved[path]))))
    try:
        for proto in a.protos.split(","):
            fixed_rate(a, proto)
            if not a.no_ladder:
                ladder(a, proto)
    finally:
        for path, value in saved.items():
            open(path, "w").write(value)


if __name__ == "__main__":
    main()
