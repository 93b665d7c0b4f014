# SPDX-License-Identifier: Apache-2.0
"""What exportgen.c exports, read by other people's programs: nfcapd and nfdump, nfacctd, tshark, and by our own collector
over TLS. The flows are reckoned here again (flows_of)."""
import collections
import ipaddress
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

GEN, WEIR = sys.argv[1:3]
FLOWS = 210
PATIENCE = 20

Flow = collections.namedtuple("Flow", "src dst proto sport dport packets bytes rev_packets rev_bytes flags text")


def flows_of():
    for i in range(FLOWS):
        six, ping, answered = i % 5 == 0, i % 7 == 0, i % 3 != 0
        src = f"2001:db8::{i % 250 + 1:x}" if six else f"10.0.0.{i % 250 + 1}"
        dst = f"2001:db8:1::{i % 200 + 1:x}" if six else f"192.0.2.{i % 200 + 1}"
        proto = 6 if not ping else 58 if six else 1
        yield Flow(src, dst, proto, 0 if ping else 20000 + i, 0 if ping else 80 if i % 2 else 443, 10 + i, 1000 + 100 * i,
                   20 + i if answered else 0, 70000 + 10 * i if answered else 0, 0 if ping else 0x1b,
                   None if ping else "www.example" if i % 2 else "tls.example")


ALL = list(flows_of())
ANSWERED = [f for f in ALL if f.rev_packets]
SERIES = [i for i, f in enumerate(ALL) if i % 4 == 1 and f.proto == 6]
V4 = [f for f in ALL if ":" not in f.src]


def run(*args, **more):
    r = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=60, **more)
    assert r.returncode == 0, (args, r.returncode, r.stderr)
    return r.stdout


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def both_ways(f):
    """A flow as two records of one direction: (src, dst, proto, sport, dport, packets, bytes)."""
    yield f.src, f.dst, f.proto, f.sport, f.dport, f.packets, f.bytes
    if f.rev_packets:
        yield f.dst, f.src, f.proto, f.dport, f.sport, f.rev_packets, f.rev_bytes


class Scenario(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="weir-export-"))
        self.programs = []

    def tearDown(self):
        for p in self.programs:
            p.kill()
            p.wait()
        shutil.rmtree(self.top)

    def start(self, *args, log="/dev/null"):
        with open(log, "w") as out:
            p = subprocess.Popen([str(a) for a in args], stdout=out, stderr=subprocess.STDOUT)
        self.programs.append(p)
        return p

    def end(self, p, sig=signal.SIGTERM):
        p.send_signal(sig)
        p.wait(PATIENCE)

    def wait_for_socket(self, port, p):
        """Until somebody is bound to the UDP port."""
        hex_port = f":{port:04X}"
        for _ in range(PATIENCE * 20):
            for table in ("/proc/net/udp", "/proc/net/udp6"):
                lines = pathlib.Path(table).read_text().splitlines()[1:]
                if any(line.split()[1].endswith(hex_port) for line in lines):
                    return
            self.assertIsNone(p.poll(), "it ended")
            time.sleep(0.05)
        self.fail("nobody listens")

    # --- nfdump

    def nfdump_rows(self, scheme, more=""):
        port = free_port()
        store = self.top / "nf"
        store.mkdir()
        p = self.start("nfcapd", "-l", store, "-p", port, "-b", "127.0.0.1", "-B", 4 << 20, "-I", "any")
        self.wait_for_socket(port, p)
        stats = json.loads(run(GEN, f"{scheme}://127.0.0.1:{port}{more}"))
        time.sleep(0.5)
        self.end(p)
        out = run("nfdump", "-R", store, "-q", "-6", "-o", "fmt:%sa,%da,%pr,%sp,%dp,%pkt,%byt,%flg", "-N")
        rows = [tuple(c.strip() for c in line.split(",")) for line in out.splitlines() if line.count(",") == 7]
        return stats, rows

    def check_nfdump(self, rows, flows):
        expect = collections.Counter((src, dst, packets, octets) for f in flows
                                     for src, dst, _, _, _, packets, octets in both_ways(f))
        got = collections.Counter((r[0], r[1], int(r[5]), int(r[6])) for r in rows)
        self.assertEqual(got, expect)
        ports = collections.Counter((sport, dport) for f in flows if f.proto == 6
                                    for _, _, _, sport, dport, _, _ in both_ways(f))
        got = collections.Counter((int(r[3]), int(r[4])) for r in rows if r[2] == "6")
        self.assertEqual(got, ports)

    def test_01_nfdump_ipfix_split(self):
        stats, rows = self.nfdump_rows("udp", "?split=yes")
        self.assertEqual(stats["export"]["records_sent"], len(ALL) + len(ANSWERED))
        self.check_nfdump(rows, ALL)
        self.assertEqual({r[4] for r in rows if r[2] == "1" and r[0].startswith("10.")}, {"8.0"}, "ICMP type and code")
        self.assertIn("...AP.SF", {r[7] for r in rows})

    def test_02_nfdump_nf9(self):
        _, rows = self.nfdump_rows("nf9")
        self.check_nfdump(rows, ALL)

    def test_03_nfdump_nf5(self):
        stats, rows = self.nfdump_rows("nf5")
        self.assertEqual(stats["export_drop"]["unsendable"], len(ALL) - len(V4))
        self.check_nfdump(rows, V4)

    def test_04_nfdump_biflow(self):
        """nfdump takes the initiator's side of a biflow."""
        _, rows = self.nfdump_rows("udp")
        expect = collections.Counter((f.src, f.dst, f.packets, f.bytes) for f in ALL)
        got = collections.Counter((r[0], r[1], int(r[5]), int(r[6])) for r in rows)
        self.assertEqual(expect - got, collections.Counter())

    # --- pmacct

    def nfacctd_rows(self, scheme, more=""):
        port, out = free_port(), self.top / "out.json"
        conf = self.top / "nfacctd.conf"
        conf.write_text(f"daemonize: false\nnfacctd_ip: 127.0.0.1\nnfacctd_port: {port}\nplugins: print\n"
                        "aggregate: src_host,dst_host,src_port,dst_port,proto\nprint_refresh_time: 1\n"
                        f"print_output: json\nprint_output_file: {out}\nprint_output_file_append: true\n")
        log = self.top / "nfacctd.log"
        p = self.start("nfacctd", "-f", conf, log=log)
        for _ in range(PATIENCE * 20):  # its plugin is ready once it has found nothing to write
            if "Purging cache - END" in log.read_text():
                break
            time.sleep(0.05)
        run(GEN, f"{scheme}://127.0.0.1:{port}{more}")
        want = len(ALL) + len(ANSWERED) if scheme != "nf5" else sum(len(list(both_ways(f))) for f in V4)
        rows = []
        for _ in range(PATIENCE * 10):
            rows = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
            if len(rows) >= want:
                break
            time.sleep(0.1)
        self.end(p, signal.SIGINT)
        return rows

    def check_nfacctd(self, rows, flows):
        text = {"icmp": 1, "tcp": 6, "ipv6-icmp": 58}
        got = collections.Counter((ipaddress.ip_address(r["ip_src"]), ipaddress.ip_address(r["ip_dst"]),
                                   text.get(r["ip_proto"], r["ip_proto"]), r["packets"], r["bytes"]) for r in rows)
        expect = collections.Counter((ipaddress.ip_address(src), ipaddress.ip_address(dst), proto, packets, octets)
                                     for f in flows for src, dst, proto, _, _, packets, octets in both_ways(f))
        self.assertEqual(got, expect)

    def test_05_nfacctd_ipfix(self):
        self.check_nfacctd(self.nfacctd_rows("udp", "?split=yes"), ALL)

    def test_06_nfacctd_nf9(self):
        self.check_nfacctd(self.nfacctd_rows("nf9"), ALL)

    def test_07_nfacctd_nf5(self):
        self.check_nfacctd(self.nfacctd_rows("nf5"), V4)

    # --- tshark

    def tshark(self, path, *more):
        """The values of elements in the records of data sets, over all messages."""
        packets = json.loads(run("tshark", "-r", path, "-T", "json", "--no-duplicate-keys", *more))
        found = collections.defaultdict(list)

        def walk(x, key=None):
            if isinstance(x, dict):
                for k, v in x.items():
                    walk(v, k)
            elif isinstance(x, list):
                for v in x:
                    walk(v, key)
            else:
                found[key].append(x)
        for p in packets:
            walk(p["_source"]["layers"])
        return found

    def check_tshark(self, found):
        octets = sorted(int(v) for v in found["cflow.octets"])
        self.assertEqual(octets, sorted([f.bytes for f in ALL] + [f.rev_bytes for f in ANSWERED]))
        packets = sorted(int(v) for v in found["cflow.packets"])
        self.assertEqual(packets, sorted([f.packets for f in ALL] + [f.rev_packets for f in ANSWERED]))
        self.assertEqual(sorted(found["cflow.srcaddr"]), sorted(f.src for f in V4))
        self.assertEqual({ipaddress.ip_address(a) for a in found["cflow.dstaddrv6"]},
                         {ipaddress.ip_address(f.dst) for f in ALL if ":" in f.dst})
        self.assertEqual(sorted(int(v) for v in found["cflow.srcport"]), sorted(f.sport for f in ALL if f.proto == 6))
        # Lists of CESNET's elements (8057 = 0x1f79): of 1013 in 2 bytes, of 1015 and 1016 in 1.
        lists = sorted(v for v in found["cflow.enterprise_private_entry"] if v.startswith("04:83:f5"))
        self.assertEqual(lists, [f"04:83:f5:00:02:00:00:1f:79:{i >> 8:02x}:{i & 255:02x}:05:78:00:28" for i in SERIES])
        for rest in ("04:83:f7:00:01:00:00:1f:79:18:10:18", "04:83:f8:00:01:00:00:1f:79:01:ff:01"):
            self.assertEqual(found["cflow.enterprise_private_entry"].count(rest), len(SERIES))
        self.assertFalse([k for k in found if k and ("malformed" in k or "expert" in k)], "what tshark complains of")

    def test_08_tshark_file(self):
        path = self.top / "flows.ipfix"
        run(GEN, "--file", path)
        found = self.tshark(path)
        self.check_tshark(found)
        # RFC 5610: our own elements have names.
        self.assertIn("weirCounterName", found["cflow.information_element_name"])

    def capture_udp(self, scheme):
        """What is sent, as a capture of raw IPv4 made here."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            s.settimeout(1)
            port = s.getsockname()[1]
            run(GEN, f"{scheme}://127.0.0.1:{port}")
            payloads = []
            try:
                while True:
                    payloads.append(s.recv(65536))
            except TimeoutError:
                pass
        out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
        for p in payloads:
            packet = struct.pack(">BBHHHBBH", 0x45, 0, 28 + len(p), 0, 0, 64, 17, 0) + socket.inet_aton("192.0.2.1") + \
                socket.inet_aton("192.0.2.2") + struct.pack(">HHHH", 4000, port, 8 + len(p), 0) + p
            out += struct.pack("<IIII", 1767268800, 0, len(packet), len(packet)) + packet
        path = self.top / "sent.pcap"
        path.write_bytes(out)
        return path, port, payloads

    def test_09_tshark_udp(self):
        path, port, payloads = self.capture_udp("udp")
        self.assertLessEqual(max(map(len, payloads)), 1400)
        found = self.tshark(path, "-d", f"udp.port=={port},cflow")
        self.check_tshark(found)
        self.assertIn("eth3", found["cflow.if_name"])

    def test_10_tshark_nf9(self):
        path, port, _ = self.capture_udp("nf9")
        found = self.tshark(path, "-d", f"udp.port=={port},cflow")
        octets = sorted(int(v) for v in found["cflow.octets"])
        self.assertEqual(octets, sorted(r[6] for f in ALL for r in both_ways(f)))

    def test_11_our_own_files(self):
        path = self.top / "flows.ipfix"
        run(GEN, "--file", path)
        rows = [json.loads(line) for line in run(WEIR, "decode", path).splitlines()]
        self.assertEqual(len(rows), len(ALL))
        got = collections.Counter((r["src_ip"], r["dst_ip"], r["bytes"], r.get("rev_bytes", 0),
                                   r.get("http_host") or r.get("tls_sni")) for r in rows)
        self.assertEqual(got, collections.Counter((f.src, f.dst, f.bytes, f.rev_bytes, f.text) for f in ALL))
        self.assertFalse([r for r in rows if "extra" in r])
        series = {r["packet_lengths"][0]: r for r in rows if "packet_lengths" in r}
        self.assertEqual(sorted(series), SERIES)
        for i, r in series.items():
            self.assertEqual(r["packet_lengths"], [i, 1400, 40])
            self.assertEqual(r["packet_times_ms"], [0, 15, 900])
            self.assertEqual(r["packet_flags"], [0x18, 0x10, 0x18])
            self.assertEqual(r["packet_directions"], [0, 1, 0])
            self.assertEqual(r["histogram_lengths"], [0, 0, 2, 0, 0, 0, 0, 70000])
            self.assertEqual(r["rev_histogram_gaps"], [0, 0, 2, 0, 0, 0, 0, 70000])
            self.assertEqual(r["nts_payload_mean_milli"], 1000 * i + 500)
        one, two = path.read_bytes(), (run(GEN, "--file", path), path.read_bytes())[1]
        self.assertEqual(one, two, "the same rows, the same bytes")

    # --- TLS: Python's ssl at the other end

    def certificates(self):
        ca = self.top / "ca.pem"
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run("openssl", "req", "-x509", *curve, "-days", "2", "-subj", "/CN=authority", "-keyout", self.top / "ca.key",
            "-out", ca)
        for name, alt in (("collector", "IP:127.0.0.1"), ("other", "DNS:elsewhere.example"), ("probe", "DNS:probe")):
            run("openssl", "req", *curve, "-subj", f"/CN={name}", "-addext", f"subjectAltName={alt}", "-keyout",
                self.top / f"{name}.key", "-out", self.top / f"{name}.csr")
            run("openssl", "x509", "-req", "-in", self.top / f"{name}.csr", "-CA", ca, "-CAkey", self.top / "ca.key",
                "-days", "2", "-copy_extensions", "copy", "-out", self.top / f"{name}.crt")
            both = (self.top / f"{name}.crt").read_text() + (self.top / f"{name}.key").read_text()
            (self.top / f"{name}.pem").write_text(both)
        return ca

    def tls_collector(self, name, ca):
        """Takes one session that asks for a certificate; what came is in the list it returns."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.top / f"{name}.pem")
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(PATIENCE)
        got = []

        def serve():
            try:
                with listener, context.wrap_socket(listener.accept()[0], server_side=True) as s:
                    got.append(s.getpeercert()["subject"])
                    while data := s.recv(65536):
                        got.append(data)
            except (OSError, ssl.SSLError) as e:
                got.append(e)
        t = threading.Thread(target=serve)
        t.start()
        return listener.getsockname()[1], t, got

    def test_12_tls(self):
        ca = self.certificates()
        port, t, got = self.tls_collector("collector", ca)
        stats = json.loads(run(GEN, "--ca", ca, "--certificate", self.top / "probe.pem", f"tls://127.0.0.1:{port}"))
        t.join(PATIENCE)
        self.assertEqual(stats["export"]["records_sent"], len(ALL))
        self.assertIn("probe", str(got[0]))
        path = self.top / "got.ipfix"
        path.write_bytes(b"".join(got[1:]))
        summary = json.loads(run(WEIR, "decode", "--summary", path))
        self.assertEqual(summary["flows"], len(ALL))
        self.assertEqual(summary["bytes"], sum(f.bytes for f in ALL))
        self.assertEqual(summary["malformed"], {})

    def test_13_tls_of_another(self):
        """A certificate of the right authority for another name: nothing is sent."""
        ca = self.certificates()
        port, t, got = self.tls_collector("other", ca)
        r = subprocess.run([GEN, "--ca", str(ca), "--certificate", str(self.top / "probe.pem"),
                            f"tls://127.0.0.1:{port}"], capture_output=True, text=True, timeout=60)
        t.join(PATIENCE)
        stats = json.loads(r.stdout)
        self.assertEqual(stats["export"]["records_sent"], 0)
        self.assertEqual(stats["export_drop"]["stopped"], len(ALL))
        self.assertFalse([x for x in got if isinstance(x, bytes)])


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    unittest.main(argv=sys.argv[:1], verbosity=1)
