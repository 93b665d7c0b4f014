#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What metering costs: `weir meter --summary` beside softflowd and nfpcapd, on the same made-up captures in the same
run, one after another on one core, best of several rounds.

  ninja -C build weir bench/packets
  bench/meter.py [--build build] [--dir DIR] [--rounds 3] [--cpu 1] [--small-flows 1000000]

CPU is user and system time of the process; the captures are read once before, so that they come from memory."""
import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--build", default="build")
parser.add_argument("--dir", help="where the captures are made (4.5 GB), and kept if it is given")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--cpu", type=int, default=os.cpu_count() - 1)
parser.add_argument("--small-flows", type=int, default=1000000)
args = parser.parse_args()

MAX_FLOWS = "2000000"


def run(command):
    """CPU seconds, peak MB, and what it printed."""
    with tempfile.TemporaryFile() as out:
        pid = os.fork()
        if pid == 0:
            os.sched_setaffinity(0, {args.cpu})
            os.dup2(out.fileno(), 1)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            try:
                os.execvp(command[0], command)
            finally:
                os._exit(127)
        _, status, usage = os.wait4(pid, 0)
        if status:
            sys.exit(f"{command[0]} failed: {status}")
        out.seek(0)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read().decode(errors="replace")


def make(folder, kind, *options):
    path = os.path.join(folder, kind + ".pcap")
    if not os.path.exists(path):
        subprocess.run([os.path.join(args.build, "bench/packets"), kind, path, *options], check=True,
                       stdout=subprocess.DEVNULL)
    with open(path, "rb") as f:
        while f.read(1 << 24):
            pass
    return path


def perf(path):
    """Instructions and cache misses per packet, where the machine has counters; else instructions by callgrind."""
    weir = [os.path.join(args.build, "weir"), "meter", "--summary", path]
    if shutil.which("perf"):
        p = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u,cache-misses:u", *weir],
                           capture_output=True, text=True)
        found = {w[2]: int(w[0]) for w in (line.split(",") for line in p.stderr.splitlines())
                 if len(w) > 2 and w[0].isdigit()}
        if found:
            return found
    return {}


def commands(path, sink, scratch):
    weir = [os.path.join(args.build, "weir"), "meter", "--summary", "--max-flows", MAX_FLOWS, path]
    return [
        ("weir, basic fields", [*weir, "--no-dissect", "--no-quality"]),
        ("weir, and quality", [*weir, "--no-dissect"]),
        ("weir, everything", weir),
        ("softflowd", ["softflowd", "-r", path, "-n", f"127.0.0.1:{sink}", "-v", "10", "-m", MAX_FLOWS, "-d",
                       "-c", scratch + "/ctl", "-p", scratch + "/pid"]),
        ("nfpcapd", ["nfpcapd", "-r", path, "-w", scratch]),
    ]


def main():
    folder = args.dir or tempfile.mkdtemp(prefix="weir-meter-")
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind(("127.0.0.1", 0))
    captures = [("mix", make(folder, "mix", "--flows", "200000")),
                ("small", make(folder, "small", "--flows", str(args.small_flows), "--packets", "8000000"))]
    try:
        for name, path in captures:
            with tempfile.TemporaryDirectory() as scratch:
                packets = 0
                for what, command in commands(path, sink.getsockname()[1], scratch):
                    if not shutil.which(command[0]):
                        print(f"{name:6} {what:20} not installed")
                        continue
                    runs = [run(command) for _ in range(args.rounds)]
                    cpu, rss, out = min(runs)
                    if not packets:
                        packets = int(out.split('"packets":')[1].split(",")[0])
                    print(f"{name:6} {what:20} {cpu:6.2f} s CPU {packets / cpu / 1e6:6.2f} M packets/s "
                          f"{cpu / packets * 1e9:5.0f} ns {rss:6.0f} MB", flush=True)
            for event, n in perf(path).items():
                print(f"{name:6} {event}: {n / packets:.2f} a packet, everything on")
    finally:
        if not args.dir:
            shutil.rmtree(folder)


main()
