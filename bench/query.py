#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Questions to our store against the same questions to nfdump, on the same flows, on the same file system, in one run.
flowsend sends N NetFlow v9 records, as of SPAN seconds, first to a `weir up`, then with the same seed to nfcapd, which
writes LZ4 files (-y). When the store has merged what it wants to merge, each question goes to both in turn, whole
processes timed, REPEAT times; the first of each is the cold figure of the row. Prints one line of JSON per figure: seconds
(median) of both, their ratio, CPU seconds of both (Weir: command and weir-store), whether the answers are the same, and
how many processes wanted a core meanwhile; at last the table of docs/performance.md. Takes about four minutes. As root it raises the kernel's limit of socket buffers for the time of loading, so that nfcapd loses nothing either.
  bench/query.py [--build DIR] [--dir DIR] [--flows N] [--span S] [--repeat N] [--library LIBCHDB] [--rate R]
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

import instance


TITLES = {"top10_sources": "top-10 sources by bytes", "top10_pairs": "top-10 pairs by bytes",
          "top10_ports_of_net": "top-10 ports of a network", "host_port_flows": "one host and port, the flows",
          "series_per_minute": "series per minute (nfdump: sums by protocol)",
          "series_raw_filtered": "series per minute of one port, raw"}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build", type=pathlib.Path)
    p.add_argument("--dir", help="file system to write to (a folder is made in it)")
    p.add_argument("--flows", type=int, default=10_000_000)
    p.add_argument("--span", type=int, default=21600)
    p.add_argument("--rate", type=float, default=400_000)
    p.add_argument("--repeat", type=int, default=5)
    p.add_argument("--library", help="libchdb.so, where it is not installed")
    return p.parse_args()


def send(a, port):
    out = subprocess.run([a.build / "bench" / "flowsend", "v9", "127.0.0.1", str(port), "-n", str(a.flows), "-r",
                          str(a.rate), "-w", str(a.span), "-d", str(a.flows // 25), "-s", "7"],
                         check=True, capture_output=True, text=True).stdout
    return json.loads(out)["records"]


def weir(a, tmp, *args):
    return subprocess.run([a.build / "weir", args[0], "--conf", tmp / "weir.yaml", *args[1:]], capture_output=True,
                          text=True).stdout


@contextlib.contextmanager
def big_socket_buffers(size=256 << 20):
    limit = pathlib.Path("/proc/sys/net/core/rmem_max")
    old = limit.read_text()
    raised = os.geteuid() == 0 and int(old) < size
    if raised:
        limit.write_text(str(size))
    try:
        yield
    finally:
        if raised:
            limit.write_text(old)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("weir")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask_text(tmp, sql):
    c = UnixConnection(tmp / "weir" / "run" / "store-query.sock")
    c.request("POST", "/?database=weir", body=sql)
    text = c.getresponse().read().decode().strip()
    c.close()
    return text


def ask_store(tmp, sql):
    return int(ask_text(tmp, sql))


def column_sizes(tmp, flows):
    """Bytes a flow takes in each column of the table of routers' flows, those of at least 0.05, the largest first."""
    text = ask_text(tmp, "SELECT name, data_compressed_bytes FROM system.columns WHERE database = 'weir' AND table = "
                         "'flows_core' ORDER BY data_compressed_bytes DESC")
    sizes = {name: round(int(n) / flows, 2) for name, n in (line.split("\t") for line in text.splitlines())}
    return {name: n for name, n in sizes.items() if n >= 0.05}


def settled(a, tmp):
    """The hours that are over are rolled up, and nothing is being merged, now and two seconds later."""
    if ask_store(tmp, "SELECT uniqExact(hour) FROM talkers_hours") < a.span // 3600 - 1:
        return False

    def parts():
        return ask_store(tmp, "SELECT sum(rows) + 1000 * count() FROM system.parts WHERE active AND database = 'weir' AND "
                              "table IN ('flows_core', 'series_30s', 'series_5m', 'talkers_1h', 'talkers_hours')")
    before = parts()
    time.sleep(2)
    return ask_store(tmp, "SELECT count() FROM system.merges") == 0 and parts() == before


def process_cpu(pid):
    """CPU seconds of a process since it started, of threads that have ended too."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(argv, other_cpu):
    """Seconds, CPU seconds (its own, and what other_cpu() grew by), output."""
    before, used = other_cpu(), resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    out = subprocess.run(argv, capture_output=True, text=True).stdout
    seconds = time.monotonic() - start
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return seconds, cpu + other_cpu() - before, out


def questions(a, tmp, nfdir):
    when = ["-t", f"-{a.span + 3600}s"]

    def ours(command, *args):
        return [a.build / "weir", command, "--conf", tmp / "weir.yaml", *when, *args]

    def theirs(*args):
        return ["nfdump", "-R", nfdir, "-q", "-N", *args]

    def top_bytes(out):
        return [r["bytes"] for r in json.loads(out)["rows"]]

    def nf_bytes(column):
        """Column of nfdump's CSV of statistics: the lines that begin with a time."""
        return lambda out: [int(line.split(",")[column]) for line in out.splitlines() if line[:2] == "20"]

    def series_sum(out):
        return int(sum(sum(s["values"]) for s in json.loads(out)["series"]))

    def nf_sum(out):
        return sum(nf_bytes(9)(out))

    host = "203.0.113.77"
    csv = ("-o", "csv")
    return [
        ("top10_sources", ours("top", "-s", "srcip/bytes", "--json"), top_bytes,
         theirs("-s", "srcip/bytes", "-n", "10", *csv), nf_bytes(9)),
        ("top10_pairs", ours("top", "-s", "srcip,dstip/bytes", "--json"), top_bytes,
         theirs("-A", "srcip,dstip", "-O", "bytes", "-n", "10", "-o", "fmt:%byt"),
         lambda out: [int(x) for x in out.split()]),
        ("top10_ports_of_net", ours("top", "-s", "dstport/bytes", "--json", "net 10.0.0.0/16 and proto tcp"), top_bytes,
         theirs("-s", "dstport/bytes", "-n", "10", *csv, "net 10.0.0.0/16 and proto tcp"), nf_bytes(9)),
        ("host_port_flows", ours("flows", "-n", "1000000", "-q", "-o", "fmt:%byt", f"ip {host} and port 443"),
         lambda out: sorted(int(x) for x in out.split()),
         theirs("-o", "fmt:%byt", f"ip {host} and port 443"), lambda out: sorted(int(x) for x in out.split())),
        ("series_per_minute", ours("series", "--step", "60s", "-m", "bytes", "--json"), series_sum,
         theirs("-s", "proto/bytes", "-n", "0", *csv), nf_sum),
        ("series_raw_filtered", ours("series", "--step", "60s", "-m", "bytes", "--json", "dst port 443"), series_sum,
         theirs("-s", "proto/bytes", "-n", "0", *csv, "dst port 443"), nf_sum),
    ]


def print_table(rows):
    """As docs/performance.md has it."""
    print("| question | Weir, s (CPU s) | nfdump, s (CPU s) | nfdump / Weir: wall | CPU | load |")
    print("|---|---|---|---|---|---|")
    for r in rows:
        print(f"| {TITLES[r['figure']]} | {r['weir_s']:.2f} ({r['weir_cpu_s']:.2f}) | {r['nfdump_s']:.2f} "
              f"({r['nfdump_cpu_s']:.2f}) | {r['ratio']:.1f} | {r['nfdump_cpu_s'] / r['weir_cpu_s']:.1f} | {r['load']:.1f} |")


def main():
    a = arguments()
    a.build = a.build.resolve()
    tmp = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-", dir=a.dir))
    nfdir = tmp / "nf"
    nfdir.mkdir()
    up = nfcapd = None
    try:
        port = instance.free_port()
        up = instance.start(a.build, tmp, port, a.library)
        store = instance.status(a.build, tmp)["store"]["pid"]
        start = time.monotonic()
        with big_socket_buffers():
            n = send(a, port)
        instance.wait(lambda: int(json.loads(weir(a, tmp, "top", "-s", "proto", "-t", f"-{a.span + 3600}s", "--json"))
                         ["total"]["flows"]) == n, "all flows stored", 600)
        print(json.dumps({"figure": "load", "flows": n, "seconds": round(time.monotonic() - start, 1)}))
        port = instance.free_port()
        with big_socket_buffers():
            nfcapd = subprocess.Popen(["nfcapd", "-w", nfdir, "-p", str(port), "-b", "127.0.0.1", "-B", "200000000",
                                       "-t", "3600", "-y"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(1)
            send(a, port)
            time.sleep(2)
            nfcapd.send_signal(signal.SIGTERM)
            nfcapd.wait()
            nfcapd = None
        instance.wait(lambda: settled(a, tmp), "merging", 600)
        size = {"weir": ask_store(tmp, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'weir'"),
                "weir_flows": ask_store(tmp, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = "
                                             "'flows_core'"),
                "nfdump": sum(f.stat().st_size for f in nfdir.rglob("*"))}
        kept = subprocess.run(["nfdump", "-R", nfdir, "-q", "-N", "-s", "proto/flows", "-n", "0", "-o", "csv"],
                              capture_output=True, text=True).stdout
        kept = sum(int(line.split(",")[5]) for line in kept.splitlines() if line[:2] == "20")
        print(json.dumps({"figure": "flows_kept", "weir": n, "nfcapd": kept, "comparable": kept == n}))
        print(json.dumps({"figure": "bytes_on_disk", **size}), flush=True)
        print(json.dumps({"figure": "bytes_per_flow", **column_sizes(tmp, n)}))
        rows = []
        for name, ours, read_ours, theirs, read_theirs in questions(a, tmp, nfdir):
            times, cpus, answers = ([], []), ([], []), [None, None]
            for _ in range(a.repeat):
                for i, argv in enumerate((ours, theirs)):
                    t, cpu, out = timed(argv, (lambda: process_cpu(store)) if i == 0 else lambda: 0)
                    times[i].append(t)
                    cpus[i].append(cpu)
                    answers[i] = (read_ours, read_theirs)[i](out)
            w, nf = (statistics.median(t) for t in times)
            row = {"figure": name, "weir_s": round(w, 3), "nfdump_s": round(nf, 3), "ratio": round(nf / w, 1),
                   "weir_cpu_s": round(statistics.median(cpus[0]), 2),
                   "nfdump_cpu_s": round(statistics.median(cpus[1]), 2),
                   "weir_first_s": round(times[0][0], 3), "nfdump_first_s": round(times[1][0], 3),
                   "same": answers[0] == answers[1], "load": os.getloadavg()[0]}
            if not row["same"]:
                row["weir_answer"], row["nfdump_answer"] = str(answers[0])[:200], str(answers[1])[:200]
            print(json.dumps(row), flush=True)
            rows.append(row)
        print_table(rows)
    finally:
        for p in (up, nfcapd):
            if p:
                p.send_signal(signal.SIGTERM)
                p.wait()
        shutil.rmtree(tmp)


if __name__ == "__main__":
    main()
