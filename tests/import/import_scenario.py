#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`weir import` and `weir flows|top -r, -R` with nfdump beside them: files that nfcapd and nfpcapd write, and files of
our own that nfdump must read the same way; storing once, also after kills.

usage: import_scenario.py NFMAKE (WEIR_BUILD is the build folder)
"""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from weir import BUILD, Weir, wait_for  # noqa: E402

NFMAKE = sys.argv.pop(1)
WEIR = str(BUILD / "weir")
SKIPPED = 77
PACKINGS = {"none": 0, "lzo": 1, "bz2": 2, "lz4": 3}
# What nfdump calls it, and we.
NAMES = {"src4_addr": "src_ip", "dst4_addr": "dst_ip", "src6_addr": "src_ip", "dst6_addr": "dst_ip", "src_port": "src_port",
         "dst_port": "dst_port", "proto": "proto", "in_packets": "packets", "in_bytes": "bytes", "out_packets": "rev_packets",
         "out_bytes": "rev_bytes", "input_snmp": "in_if", "output_snmp": "out_if", "src_as": "src_as", "dst_as": "dst_as",
         "src_mask": "src_mask", "dst_mask": "dst_mask", "src_tos": "tos", "dst_tos": "rev_tos", "direction": "direction",
         "fwd_status": "forwarding_status", "in_src_mac": "src_mac", "out_dst_mac": "out_dst_mac",
         "out_src_mac": "out_src_mac", "ip4_next_hop": "next_hop", "ip6_next_hop": "next_hop",
         "bgp4_next_hop": "bgp_next_hop", "bgp6_next_hop": "bgp_next_hop", "ip4_router": "exporter_ip",
         "ip6_router": "exporter_ip", "src_vlan": "vlan", "dst_vlan": "out_vlan", "icmp_type": "icmp_type",
         "icmp_code": "icmp_code", "first": "t_first", "last": "t_last", "received": "t_recv", "export_sysid": "exporter_id",
         "aggr_flows": "flows", "next_as": "next_as", "prev_as": "prev_as"}
NOTHING = (0, "0.0.0.0", "::", "00:00:00:00:00:00")


def run(*args, ok=(0,), **kw):
    p = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False, **kw)
    assert p.returncode in ok, (args, p.returncode, p.stdout[-2000:], p.stderr[-2000:])
    return p


def ours(path):
    return [json.loads(line) for line in run(WEIR, "import", "--print", str(path)).stdout.splitlines()]


def theirs(path):
    out = run("nfdump", "-r", str(path), "-o", "json").stdout
    return json.loads(out[out.index("["):out.rindex("]") + 1])


def datagrams(count, records):
    """NetFlow v9 (RFC 3954): a template and data of made-up flows, from a fixed seed."""
    rand = random.Random(4711)
    fields = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (5, 1), (1, 4), (2, 4), (10, 2), (14, 2), (22, 4), (21, 4),
              (16, 4), (17, 4), (9, 1), (13, 1), (15, 4), (56, 6), (58, 2)]
    template = struct.pack(">HHHH", 0, 8 + 4 * len(fields), 300, len(fields))
    template += b"".join(struct.pack(">HH", *f) for f in fields)
    now = int(time.time())
    for n in range(count):
        data = b""
        for _ in range(records):
            data += struct.pack(">IIHHBBBIIHHIIIIBBI", 0x0a000000 + rand.randrange(4096), 0xc6336400 + rand.randrange(256),
                                rand.randrange(65536), rand.choice((53, 80, 443)), rand.choice((1, 6, 17)),
                                rand.randrange(64), rand.randrange(256), rand.randrange(40, 1 << 31), rand.randrange(1, 9999),
                                rand.randrange(99), rand.randrange(99), 1000, rand.randrange(1000, 60000),
                                rand.randrange(1 << 32), rand.randrange(65536), 24, 16, 0x0a0000fe)
            data += bytes([2, 0, 0, 0, 0, rand.randrange(256)]) + struct.pack(">H", rand.randrange(1, 4095))
        data += b"\0" * (-len(data) % 4)
        flowset = struct.pack(">HH", 300, 4 + len(data)) + data
        yield struct.pack(">HHIIII", 9, records + 1, 100000, now, n, 9) + template + flowset


class Nfcapd:
    """A file that nfcapd writes of made-up flows."""

    def __init__(self, folder, packing, count=40, records=25):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        args = ["nfcapd", "-w", str(folder), "-b", "127.0.0.1", "-p", str(port), "-t", "3600", "-I", "edge-9"]
        args += {"none": [], "lzo": ["-z"], "bz2": ["-j"], "lz4": ["-y"]}[packing]
        p = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for("nfcapd listens", lambda: ":%04X" % port in pathlib.Path("/proc/net/udp").read_text(), 10)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                for d in datagrams(count, records):
                    s.sendto(d, ("127.0.0.1", port))
                    time.sleep(0.0005)
            time.sleep(0.3)
        finally:
            p.send_signal(signal.SIGINT)
            p.wait(20)
        self.path = next(f for f in sorted(folder.iterdir()) if f.name.startswith("nfcapd.2"))
        self.flows = count * records


class Files(unittest.TestCase):
    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="weir-test-"))

    def tearDown(self):
        shutil.rmtree(self.tmp)

    def same(self, path):
        """Every field of every record, as far as nfdump's JSON has it."""
        key = lambda *names: lambda r: tuple(str(r.get(n, "")).rstrip("Z") for n in names)  # noqa: E731
        mine, other = ours(path), theirs(path)
        mine.sort(key=key("t_first", "t_last", "bytes", "packets", "src_port", "dst_port"))
        other.sort(key=key("first", "last", "in_bytes", "in_packets", "src_port", "dst_port"))
        self.assertEqual(len(mine), len(other))
        for m, o in zip(mine, other):
            for name, value in o.items():
                if name not in NAMES:
                    continue
                got = m.get(NAMES[name])
                if name in ("first", "last", "received"):
                    got = (got or "").rstrip("Z")
                self.assertTrue(got == value or (got is None and value in NOTHING), (name, value, m, o))
        return mine

    def test_nfcapd_in_every_packing(self):
        for packing in PACKINGS:
            with self.subTest(packing):
                folder = self.tmp / packing
                folder.mkdir()
                made = Nfcapd(folder, packing)
                flows = self.same(made.path)
                self.assertEqual(len(flows), made.flows)
                self.assertEqual({f["ident"] for f in flows}, {"edge-9"})
                self.assertEqual({f["export_version"] for f in flows}, {9})

    def test_our_files_of_both_layouts_mean_the_same_to_nfdump(self):
        for layout in (1, 2):
            for packing in PACKINGS.values():
                with self.subTest(layout=layout, packing=packing):
                    path = self.tmp / f"{layout}-{packing}"
                    run(NFMAKE, str(layout), str(packing), str(path))
                    self.assertEqual(len(self.same(path)), 2)

    def test_kinds(self):
        (self.tmp / "text").write_text("hello\n")
        p = run(WEIR, "import", "--print", str(self.tmp / "text"), ok=(1,))
        self.assertIn("nfcapd files", p.stderr)
        self.assertEqual(run(WEIR, "import", "--format", "pcapng", "x", ok=(2,)).returncode, 2)
        (self.tmp / "v9").write_bytes(next(iter(datagrams(1, 3))))
        self.assertEqual(len(ours(self.tmp / "v9")), 3)

    def test_a_damaged_file_gives_what_can_be_read(self):
        path = self.tmp / "cut"
        made = self.tmp / "made"
        made.mkdir()
        path.write_bytes(Nfcapd(made, "none").path.read_bytes()[:60000])
        p = run(WEIR, "import", "--print", str(path), ok=(1,))
        self.assertIn("cut off or damaged at byte 40", p.stderr)


class Questions(unittest.TestCase):
    """-r and -R, without a Weir that runs."""

    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="weir-test-"))
        self.env = dict(os.environ, TMPDIR=str(self.tmp / "tmp"))
        (self.tmp / "tmp").mkdir()
        (self.tmp / "weir.yaml").write_text("store: {library: \"%s\"}\n" % os.environ.get("STORE_LIBRARY", ""))
        self.files = self.tmp / "files"
        self.files.mkdir()
        self.made = Nfcapd(self.files, "lz4")

    def tearDown(self):
        shutil.rmtree(self.tmp)

    def weir(self, *args, ok=(0,)):
        p = run(WEIR, *args, "--conf", str(self.tmp / "weir.yaml"), env=self.env, ok=ok)
        self.assertEqual(list((self.tmp / "tmp").iterdir()), [])
        return p

    def test_sums(self):
        want = theirs(self.made.path)
        rows = [json.loads(x) for x in
                self.weir("top", "-r", str(self.made.path), "-s", "proto", "--ndjson").stdout.splitlines()]
        for proto in (1, 6, 17):
            mine = next(r for r in rows if r["proto"] == proto)
            for name, theirs_name in (("bytes", "in_bytes"), ("packets", "in_packets")):
                self.assertEqual(mine[name], sum(r[theirs_name] for r in want if r["proto"] == proto), (proto, name))

    def test_flows_with_a_filter_and_folders(self):
        second = self.files / "nfcapd.209912312355"
        shutil.copy(self.made.path, second)
        port53 = sum(r.get("dst_port") == 53 for r in theirs(self.made.path))
        for args, times in ((("-r", self.made.path), 1), (("-R", self.files), 2), (("-R", second), 1),
                            (("-R", f"{self.made.path}:{second.name}"), 2), (("-R", f"{self.made.path}:{self.made.path.name}"), 1)):
            with self.subTest(args):
                out = self.weir("flows", args[0], str(args[1]), "-c", "100000", "-q", "-o", "line", "dst port 53").stdout
                self.assertEqual(len(out.splitlines()), port53 * times)

    def test_errors_leave_nothing(self):
        self.assertIn("none of the files", self.weir("flows", "-r", "/dev/null", ok=(1,)).stderr)
        self.assertIn("no such file", self.weir("flows", "-R", "/nonexistent", ok=(1,)).stderr)
        self.weir("flows", "-r", str(self.made.path), "proto", "foobar", ok=(2,))

    def test_stopped(self):
        for sig in (signal.SIGTERM, signal.SIGINT):
            p = subprocess.Popen([WEIR, "top", "-R", str(self.files), "-s", "src_ip", "--conf", str(self.tmp / "weir.yaml")],
                                 env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            wait_for("the folder is there", lambda: list((self.tmp / "tmp").iterdir()), 20)
            os.killpg(p.pid, sig) if sig == signal.SIGINT else p.send_signal(sig)
            p.wait(30)
            self.assertEqual(list((self.tmp / "tmp").iterdir()), [])


class Once(unittest.TestCase):
    def test_stored_once(self):
        tmp = pathlib.Path(tempfile.mkdtemp(prefix="weir-test-"))
        self.addCleanup(shutil.rmtree, tmp)
        made = Nfcapd(tmp, "lz4", 120, 25)
        size = sum(f["in_bytes"] for f in theirs(made.path))
        with Weir() as w:
            counts = lambda: (w.number("SELECT count() FROM weir.flows"), w.number("SELECT sum(bytes) FROM weir.flows"),  # noqa: E731
                              w.number("SELECT sum(bytes) FROM weir.series_30s"), w.number("SELECT sum(flows) FROM weir.series_5m"))
            for wait in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3):
                p = subprocess.Popen([WEIR, "import", str(made.path), "--conf", str(w.conf), "--dir", str(w.dir / "d")],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(wait)
                p.kill()
                p.wait()
            out = w.cli("import", str(made.path))
            self.assertTrue("3000 flows stored" in out or "already stored" in out, out)
            self.assertEqual(counts(), (made.flows, size, size, made.flows))
            self.assertIn("already stored", w.cli("import", str(made.path)))
            self.assertEqual(counts(), (made.flows, size, size, made.flows))
            w.cli("import", "--again", str(made.path))
            self.assertEqual(counts(), (2 * made.flows, 2 * size, 2 * size, 2 * made.flows))
            left = [p.name for p in (w.dir / "d" / "import").iterdir()]
            self.assertTrue(len(left) == 1 and left[0].endswith(".done"), left)

    def test_needs_a_running_weir(self):
        with tempfile.TemporaryDirectory(prefix="weir-test-") as d:
            run(NFMAKE, "2", "0", d + "/file")
            p = run(WEIR, "import", d + "/file", "--dir", d + "/d", ok=(1,))
            self.assertIn("weir up", p.stderr)


if not all(shutil.which(x) for x in ("nfcapd", "nfdump")) or not (BUILD / "weir-store").exists():
    sys.exit(SKIPPED)
unittest.main()
