#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What metering costs: `weir meter --summary` beside softflowd and nfpcapd, on the same made-up captures in the same
run, one after another on one core: best and worst of several rounds.

  ninja -C build weir bench/packets
  bench/meter.py [--build build] [--dir DIR] [--rounds 3] [--cpu 1] [--flows 200000] [--small-flows 1000000]

Captures: mix (600 bytes a packet on average), small (60 bytes), syn (a flood of half-open connections into a cache of
a quarter as many flows; every packet must be in a record or counted). CPU is user and system time of the process and
its threads; the captures are read once before, so that they come from memory. Counts a packet come from the counters
of the CPU where the kernel offers them, else instructions from callgrind. A command that takes too long is ended and
said to have been."""
import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--build", default="build")
parser.add_argument("--dir", help="where the captures are made (4.5 GB), and kept if it is given")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--cpu", type=int, default=os.cpu_count() - 1)
parser.add_argument("--flows", type=int, default=200000, help="of the mix")
parser.add_argument("--small-flows", type=int, default=1000000)
parser.add_argument("--timeout", type=int, default=120, help="seconds of wall time for one command")
args = parser.parse_args()

MAX_FLOWS = "2000000"
SYN_PACKETS, SYN_CACHE = 1000000, 262144
WEIR = os.path.join(args.build, "weir")


def run(command):
    """CPU seconds, peak MB, and what it printed; None if it took too long."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(["taskset", "-c", str(args.cpu), *command], stdout=out, stderr=subprocess.DEVNULL,
                                 stdin=subprocess.DEVNULL)
        until = time.monotonic() + args.timeout
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > until:
                os.kill(child.pid, signal.SIGKILL)
                os.wait4(child.pid, 0)
                return None
            time.sleep(0.02)
        if status:
            sys.exit(f"{command[0]} failed: {status}")
        out.seek(0)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read().decode(errors="replace")


def make(folder, name, kind, *options):
    path = os.path.join(folder, name + ".pcap")
    if not os.path.exists(path):
        subprocess.run([os.path.join(args.build, "bench/packets"), kind, path, *options], check=True,
                       stdout=subprocess.DEVNULL)
    with open(path, "rb") as f:
        while f.read(1 << 24):
            pass
    return path


def report(name, what, runs, packets):
    if None in runs:
        print(f"{name:6} {what:20} did not finish within {args.timeout} s", flush=True)
        return
    cpus = sorted(r[0] for r in runs)
    print(f"{name:6} {what:20} {cpus[0]:6.2f} ({cpus[0]:.2f}-{cpus[-1]:.2f}) s CPU {packets / cpus[0] / 1e6:6.2f} M packets/s "
          f"{cpus[0] / packets * 1e9:5.0f} ns {runs[0][1]:6.0f} MB", flush=True)


def commands(path, sink, scratch):
    weir = [WEIR, "meter", "--summary", "--max-flows", MAX_FLOWS, path]
    return [
        ("weir, basic fields", [*weir, "--no-dissect", "--no-quality"]),
        ("weir, and quality", [*weir, "--no-dissect"]),
        ("weir, everything", weir),
        # Its control socket is left out: reading a file, it would wait there for somebody to connect.
        ("softflowd", ["softflowd", "-r", path, "-n", f"127.0.0.1:{sink}", "-v", "10", "-m", MAX_FLOWS, "-d",
                       "-c", "none", "-p", scratch + "/pid"]),
        ("nfpcapd, LZ4", ["nfpcapd", "-r", path, "-w", scratch, "-y", "-B", "1048576"]),
    ]


def compare(name, path, sink):
    with tempfile.TemporaryDirectory() as scratch:
        packets = json.loads(run([WEIR, "meter", "--summary", "--no-dissect", path])[2])["packets"]
        for what, command in commands(path, sink, scratch):
            if not shutil.which(command[0]):
                print(f"{name:6} {what:20} not installed")
                continue
            runs = [run(command)]
            while None not in runs and len(runs) < args.rounds:
                runs.append(run(command))
            report(name, what, runs, packets)


def flood(path):
    """Half-open connections, 100 000 a second, each from another source, into a cache that is too small."""
    runs = [run([WEIR, "meter", "--summary", "--max-flows", str(SYN_CACHE), path]) for _ in range(args.rounds)]
    report("syn", "weir, everything", runs, SYN_PACKETS)
    if None in runs:
        return
    counts = json.loads(runs[0][2])
    print(f"syn    {counts['frames']} frames = {counts['packets']} packets in {counts['records']} records "
          f"+ {sum(counts['unmetered'].values())} unmetered; {counts['meter']}")
    if counts["frames"] != SYN_PACKETS or counts["packets"] + sum(counts["unmetered"].values()) != SYN_PACKETS:
        sys.exit("packets are missing")


def perf(path):
    """Events of the CPU in user mode; empty where the kernel or the machine has no counters."""
    if not shutil.which("perf"):
        return {}
    p = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u,cache-misses:u", WEIR, "meter", "--summary",
                        "--max-flows", MAX_FLOWS, path], capture_output=True, text=True)
    return {w[2]: int(w[0]) for w in (line.split(",") for line in p.stderr.splitlines())
            if len(w) > 2 and w[0].isdigit()}


def callgrind(path, options):
    p = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", WEIR, "meter", "--summary",
                        *options, path], capture_output=True, text=True)
    return int(re.search(r"refs:\s+([0-9,]+)", p.stderr)[1].replace(",", ""))


def count(folder):
    """Instructions a packet, on a short mix; what starting costs is taken off."""
    if not shutil.which("valgrind"):
        print("count  valgrind is not installed")
        return
    path, none = make(folder, "short", "mix", "--flows", "5000"), make(folder, "none", "small", "--packets", "0")
    packets = json.loads(run([WEIR, "meter", "--summary", path])[2])["packets"]
    for what, options in (("basic fields", ["--no-dissect", "--no-quality"]), ("and quality", ["--no-dissect"]),
                          ("everything", [])):
        n = callgrind(path, options) - callgrind(none, options)
        print(f"count  {what:20} {n / packets:6.0f} instructions a packet, by callgrind")


def main():
    folder = args.dir or tempfile.mkdtemp(prefix="weir-meter-")
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind(("127.0.0.1", 0))
    port = sink.getsockname()[1]
    try:
        mix = make(folder, "mix", "mix", "--flows", str(args.flows))
        compare("mix", mix, port)
        compare("small", make(folder, "small", "small", "--flows", str(args.small_flows), "--packets", "8000000"), port)
        flood(make(folder, "syn", "syn", "--packets", str(SYN_PACKETS), "--pps", "100000"))
        found = perf(mix)
        packets = json.loads(run([WEIR, "meter", "--summary", "--no-dissect", mix])[2])["packets"]
        for event, n in found.items():
            print(f"mix    {event}: {n / packets:.2f} a packet, everything on")
        if not found:
            print("mix    perf stat: instructions and cache misses are not supported here")
            count(folder)
    finally:
        if not args.dir:
            shutil.rmtree(folder)


main()
