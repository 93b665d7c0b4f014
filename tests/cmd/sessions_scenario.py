#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""IPFIX over TCP and TLS with other people's programs at the other end: softflowd, socat, openssl, Python's ssl; and
with peers that stall, lie or send something else.

usage: sessions_scenario.py WEIR WEIR_COLLECT
"""
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import unittest
import warnings

sys.dont_write_bytecode = True
from collecting import RECORDS, Collecting, Exporter, free_port, in_path, run  # noqa: E402

WEIR, Collecting.collect = sys.argv[1:3]


def frame(i):
    """An Ethernet frame of a UDP packet; each i is another flow. 100 bytes of IPv4."""
    payload = bytes(72)
    udp = struct.pack("!HHHH", 10000 + i, 53, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), i, 0, 64, 17, 0, b"\n\0\0\1", b"\n\0\0\2")
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~total & 0xffff) + head[12:]
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + head + udp


def capture(path, flows, packets):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        now = int(time.time())
        for p in range(packets):
            for i in range(flows):
                data = frame(i)
                f.write(struct.pack("<IIII", now, p * 1000 + i, len(data), len(data)) + data)


class Sessions(Collecting):
    listen = ["udp", "tcp", "tls"]

    def make_certificates(self):
        """An authority, the collector's certificate for 127.0.0.1, an exporter's."""
        ca = f"{self.top}/ca.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=test authority", "-keyout", f"{self.top}/ca.key", "-out", ca)
        for name, san in (("collector", "IP:127.0.0.1"), ("exporter", "DNS:exporter.example")):
            run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                f"/CN={name}", "-addext", f"subjectAltName={san}", "-keyout", f"{self.top}/{name}.key", "-out",
                f"{self.top}/{name}.csr")
            run("openssl", "x509", "-req", "-in", f"{self.top}/{name}.csr", "-CA", ca, "-CAkey",
                f"{self.top}/ca.key", "-days", "2", "-copy_extensions", "copy", "-out", f"{self.top}/{name}.pem")

    def secure(self, more=""):
        self.make_certificates()
        self.write_conf(f"  certificate: {self.top}/collector.pem\n  key: {self.top}/collector.key\n{more}")

    def plain(self, more=""):
        self.write_conf(more, listen=["udp", "tcp"])

    def ended(self, **reasons):
        """The sessions that ended by reason, and no others."""
        want = {k: v for k, v in reasons.items() if v}
        self.until(lambda: {k: v for k, v in self.stats()["session_end"].items() if v} == want)

    def context(self, certificate=None):
        c = ssl.create_default_context(cafile=f"{self.top}/ca.pem")
        if certificate:
            c.load_cert_chain(f"{self.top}/{certificate}.pem", f"{self.top}/{certificate}.key")
        return c

    def tls(self, certificate=None):
        s = self.context(certificate).wrap_socket(self.tcp("tls"), server_hostname="127.0.0.1")
        self.sockets.append(s)
        return s

    def test_01_two_sessions_are_two_exporters(self):
        self.plain()
        self.start()
        a, b = self.tcp(), self.tcp()
        one, two = Exporter(a.sendall), Exporter(b.sendall)
        one.send()
        one.send(template=False)
        two.send(template=False)  # the template of the other session is not its own
        self.until(lambda: self.stats()["datagrams"]["decoded"] == 3)
        self.until(lambda: len(self.state()["exporters"]) == 2)
        rows = {e["port"]: e for e in self.state()["exporters"]}
        self.assertEqual({e["transport"] for e in rows.values()}, {"tcp"})
        self.assertEqual(rows[a.getsockname()[1]]["records"], 2 * RECORDS)
        self.assertEqual(rows[b.getsockname()[1]]["templates_missing"], 1)
        self.assertEqual(self.stats()["sessions"]["live"], 2)
        a.close()
        self.until(lambda: [e["port"] for e in self.state()["exporters"]] == [b.getsockname()[1]])
        two.send(records=0)  # the template comes; what was held is decoded
        self.until(lambda: self.stats()["records"]["spooled"] == 3 * RECORDS)
        b.close()
        self.until(lambda: self.state()["exporters"] == [])
        s = self.check_equations()
        self.assertEqual((s["sessions"]["live"], s["records"]["lost_before"], s["records"]["held"]), (0, 0, 0))

    def test_01_the_limit_of_datagrams_is_not_for_sessions(self):
        self.plain("  rate_limit: 1\n")
        self.start()
        e = Exporter(self.tcp().sendall)
        for i in range(20):
            e.send(template=i == 10)
        self.until(lambda: self.stats()["datagrams"]["decoded"] == 20)
        s = self.check_equations()
        self.assertEqual((s["reject"]["rate"], s["records"]["spooled"]), (0, 20 * RECORDS))

    @unittest.skipUnless(in_path("softflowd"), "no softflowd")
    def test_02_softflowd_over_tcp(self):
        self.plain()
        self.start()
        flows, packets = 50, 4
        capture(f"{self.top}/in.pcap", flows, packets)
        run("softflowd", "-r", f"{self.top}/in.pcap", "-n", f"127.0.0.1:{self.ports['tcp']}", "-P", "tcp", "-v", "10",
            "-p", f"{self.top}/pid", "-c", "none")
        self.until(lambda: self.stats()["records"]["spooled"] == flows)
        self.ended(closed=1)
        s = self.check_equations()
        # softflowd 1.1.0 writes the count after the message into its sequence number, which is recognised.
        self.assertEqual(s["records"]["lost_before"], 0)
        self.assertEqual(sum(s["reject"].values()), 0)
        self.assertEqual(sum(s["malformed"].values()), 0)

    @unittest.skipUnless(in_path("softflowd") and in_path("socat"), "no softflowd, no socat")
    def test_03_softflowd_over_tls_by_socat(self):
        self.secure()
        self.start()
        flows, port = 30, free_port(socket.SOCK_STREAM)
        capture(f"{self.top}/in.pcap", flows, 2)
        relay = subprocess.Popen(
            ["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr",
             f"OPENSSL:127.0.0.1:{self.ports['tls']},cafile={self.top}/ca.pem"])
        try:
            def listening():
                return run("ss", "-Hltn", f"sport = :{port}")
            self.until(listening)
            run("softflowd", "-r", f"{self.top}/in.pcap", "-n", f"127.0.0.1:{port}", "-P", "tcp", "-v", "10", "-p",
                f"{self.top}/pid", "-c", "none")
            self.assertEqual(relay.wait(20), 0)
        finally:
            if relay.poll() is None:
                relay.kill()
                relay.wait()
        self.until(lambda: self.stats()["records"]["spooled"] == flows)
        self.assertEqual(self.stats()["sessions"]["handshakes"], 1)
        self.ended(closed=1)

    def test_04_tls_versions_and_large_messages(self):
        self.secure()
        self.start()
        n = 0
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            c = self.context()
            c.minimum_version = c.maximum_version = version
            with c.wrap_socket(self.tcp("tls"), server_hostname="127.0.0.1") as s:
                x = Exporter(s.sendall)
                x.send(records=4000)  # 64 KB: several records of TLS
                data = x.message() + x.message(template=False)
                for i in range(0, len(data), 7):
                    s.sendall(data[i:i + 7])
                n += 4000 + 2 * RECORDS
                self.until(lambda: self.stats()["records"]["spooled"] == n)
                self.assertEqual([e["transport"] for e in self.state()["exporters"]], ["tls"])
                s.unwrap()
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        c.load_verify_locations(f"{self.top}/ca.pem")
        c.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            c.minimum_version = c.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, OSError)):
            c.wrap_socket(self.tcp("tls"), server_hostname="127.0.0.1")
        self.ended(closed=2, handshake=1)
        self.check_equations()

    def test_05_certificates_of_exporters(self):
        self.secure(f"  client_ca: {self.top}/ca.pem\n  client_certificate: required")
        self.start()
        x = Exporter(self.tls("exporter").sendall)
        x.send()
        self.until(lambda: self.stats()["records"]["spooled"] == RECORDS)

        def refused(certificate):
            """TLS 1.3 tells the client at its first read."""
            try:
                s = self.tls(certificate)
                s.sendall(x.message())
                return s.recv(1) == b""
            except OSError:
                return True

        self.assertTrue(refused(None))
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=stranger", "-keyout", f"{self.top}/stranger.key", "-out", f"{self.top}/stranger.pem")
        self.assertTrue(refused("stranger"))
        self.ended(handshake=2)
        self.assertIn("TLS handshake with 127.0.0.1 failed: ", self.log_text())
        self.assertEqual(self.stats()["records"]["decoded"], RECORDS)

    def test_06_garbage_and_stalled_peers(self):
        self.secure()
        self.start()
        stalled = self.tcp("tls")  # says nothing: its handshake must come to an end
        half_hello = self.tcp("tls")
        half_hello.sendall(b"\x16\x03\x01\x02\x00\x01")
        self.tcp("tls").sendall(b"GET / HTTP/1.1\r\nHost: weir\r\n\r\n")
        p = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.ports['tls']}", "-quiet"],
                           input=b"this is no flow\n" * 4, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           timeout=30)
        self.assertIsNotNone(p.returncode)
        plain = self.tcp()
        plain.sendall(bytes(1000))
        self.assertEqual(plain.recv(1), b"")
        cut = self.tcp()
        cut.sendall(Exporter(None).message()[:30])
        cut.close()
        # Meanwhile others are served.
        good = Exporter(self.tls().sendall)
        good.send()
        udp = self.udp()
        udp.send()
        self.until(lambda: self.stats()["records"]["spooled"] == 2 * RECORDS)
        self.ended(handshake=3, stream=2, closed=1)  # after the 10 s of a handshake
        stalled.settimeout(5)
        self.assertEqual(stalled.recv(1), b"")
        s = self.check_equations()
        self.assertEqual((s["reject"]["stream"], s["reject"]["stream_cut"]), (2, 1))
        self.assertEqual(s["sessions"]["live"], 1)

    def test_07_limits(self):
        self.plain("  max_sessions: 4\n  max_sessions_per_address: 3")
        self.start()
        first = [self.tcp() for _ in range(3)]
        self.until(lambda: self.stats()["sessions"]["live"] == 3)
        self.assertEqual(self.tcp().recv(1), b"")
        self.ended(address_limit=1)
        first[0].close()
        self.until(lambda: self.stats()["sessions"]["live"] == 2)
        x = Exporter(self.tcp().sendall)
        x.send()
        self.until(lambda: self.stats()["records"]["spooled"] == RECORDS)

    def test_08_a_successor_takes_the_connections_that_wait(self):
        self.plain()
        self.start()
        a = Exporter(self.tcp().sendall)
        for _ in range(100):
            a.send()
        self.proc.send_signal(signal.SIGTERM)
        self.assertEqual(self.proc.wait(20), 0)
        self.start()
        s = self.check_equations()
        self.assertEqual(s["records"]["decoded"], 100 * RECORDS)
        self.assertEqual(s["session_end"]["stopped"], 1)

    def test_09_a_bad_certificate_stops_tls_alone(self):
        self.make_certificates()
        shutil.copy(f"{self.top}/exporter.key", f"{self.top}/wrong.key")
        self.write_conf(f"  certificate: {self.top}/collector.pem\n  key: {self.top}/wrong.key")
        self.start()
        self.assertIn("no TLS: private key ", self.log_text())
        self.assertIn("values mismatch", self.state()["tls_error"])
        self.udp().send()
        self.until(lambda: self.stats()["records"]["spooled"] == RECORDS)
        with self.assertRaises(OSError):
            self.tls()
        self.ended(handshake=1)
        for key, says in (("wrong.key", "values mismatch"), ("ca.pem", "private key"), ("nothing", "No such file")):
            self.write_conf(f"  certificate: {self.top}/collector.pem\n  key: {self.top}/{key}")
            status, text = self.reload()
            self.assertEqual(status, 422)
            self.assertIn(f"{self.top}/{key}", text)
            self.assertIn(says, text)
        self.write_conf(f"  certificate: {self.top}/collector.pem\n  key: {self.top}/collector.key")
        self.assertEqual(self.reload()[0], 200)
        Exporter(self.tls().sendall).send()
        self.until(lambda: self.stats()["records"]["spooled"] == 2 * RECORDS)
        self.assertNotIn("tls_error", self.state())

    def test_10_replay(self):
        self.secure()
        self.start()
        x = Exporter(None)
        with open(f"{self.top}/messages", "wb") as f:
            f.write(b"".join(x.message() for _ in range(50)))

        def replay(*more):
            return subprocess.run([WEIR, "replay", f"{self.top}/messages", "--speed", "0", *more], text=True,
                                  capture_output=True, timeout=30)

        for n, (scheme, more) in enumerate((("tcp", []), ("tls", ["--ca", f"{self.top}/ca.pem"]), ("tls", []))):
            p = replay("--to", f"{scheme}://127.0.0.1:{self.ports[scheme]}", *more)
            self.assertEqual((p.returncode, p.stderr), (0, ""))
            self.assertIn("sent 50 datagrams", p.stdout)
            self.until(lambda: self.stats()["records"]["spooled"] == (n + 1) * 50 * RECORDS)
        self.ended(closed=3)
        p = replay("--to", f"tls://127.0.0.1:{self.ports['tls']}", "--ca", f"{self.top}/exporter.pem")
        self.assertEqual(p.returncode, 1)
        self.assertIn("TLS: unable to get local issuer certificate", p.stderr)
        p = replay("--to", "sctp://127.0.0.1:1")
        self.assertEqual(p.returncode, 2)
        self.assertIn("is not HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT", p.stderr)
        self.assertEqual(self.check_equations()["records"]["lost_before"], 0)


unittest.main(argv=sys.argv[:1], verbosity=2)
