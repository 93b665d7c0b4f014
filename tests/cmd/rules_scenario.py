#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a collector may be told while it works: who may send, how much, where to pass datagrams on, addresses,
certificates. nfcapd is the other collector; sequence numbers show that a reload loses nothing.

usage: rules_scenario.py WEIR WEIR_COLLECT
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))
from collecting import RECORDS, Collecting, Exporter, free_port, in_path, run  # noqa: E402
from supervised import Supervised, ask  # noqa: E402
import netns  # noqa: E402

WEIR, COLLECT = sys.argv[1:3]
Collecting.collect = COLLECT


class Stream(threading.Thread):
    """Exporters that send at a constant rate until they are told to stop. One datagram is 20 records."""

    def __init__(self, exporters, per_second=500):
        super().__init__()
        self.exporters, self.pause = exporters, 1 / per_second
        self.halt = threading.Event()
        self.start()

    def run(self):
        due = time.monotonic()
        while not self.halt.is_set():
            for e in self.exporters:
                e.send()
            due += self.pause
            time.sleep(max(0, due - time.monotonic()))

    def finish(self):
        self.halt.set()
        self.join()
        return sum(e.sent for e in self.exporters)


class Nfcapd:
    """nfcapd on a port of 127.0.0.1; flows and exporters as nfdump reads them."""

    def __init__(self, top, wrap=lambda *a: list(a), name="nfcapd"):
        self.dir, self.port = f"{top}/{name}", free_port()
        os.mkdir(self.dir)
        self.p = subprocess.Popen(wrap("nfcapd", "-w", self.dir, "-p", str(self.port), "-b", "127.0.0.1", "-t", "3600"),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # nfcapd chdirs; its socket is there when it is in the table of sockets of its namespace.
        while f":{self.port:04X} " not in run(*wrap("cat", "/proc/net/udp")):
            time.sleep(0.05)

    def close(self):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
            self.p.wait(20)

    def flows(self):
        self.close()
        out = run("nfdump", "-R", self.dir, "-q", "-o", "fmt:%byt")
        return len([line for line in out.splitlines() if line.strip().isdigit()])

    def exporters(self):
        self.close()
        out = "".join(run("nfdump", "-E", f"{self.dir}/{f}") for f in os.listdir(self.dir) if f.startswith("nfcapd."))
        return set(re.findall(r"[Ii][Pp][: ]+([0-9.]+)", out))


class Rules(Collecting):
    def test_01_who_may_send(self):
        self.write_conf("  allow: [127.0.0.2, 127.1.0.0/16]")
        self.start()
        for source, n in (("127.0.0.1", 3), ("127.0.0.2", 5), ("127.1.2.3", 7), ("127.2.0.1", 11)):
            e = self.udp(source=source)
            for _ in range(n):
                e.send()
        self.until(lambda: self.stats()["datagrams"]["received"] == 26)
        s = self.check_equations()
        self.assertEqual((s["datagrams"]["decoded"], s["reject"]["denied"]), (12, 14))
        self.assertEqual({e["exporter_ip"] for e in self.state()["exporters"]}, {"127.0.0.2", "127.1.2.3"})

    def test_02_how_much(self):
        self.write_conf("  rate_limit: 50")
        self.start()
        loud, quiet = self.udp(source="127.0.0.2"), self.udp(source="127.0.0.3")
        begun = time.monotonic()
        for i in range(1000):
            loud.send()
            if i % 100 == 0:
                quiet.send()
        self.until(lambda: self.stats()["datagrams"]["received"] == 1010)
        took = time.monotonic() - begun
        s = self.check_equations()
        decoded = {e["exporter_ip"]: e["datagrams"] for e in self.state()["exporters"]}
        self.assertEqual(decoded["127.0.0.3"], 10)
        self.assertGreaterEqual(decoded["127.0.0.2"], 50)
        self.assertLessEqual(decoded["127.0.0.2"], 50 + 50 * took + 1)
        self.assertEqual(s["reject"]["rate"], 1000 - decoded["127.0.0.2"])

    def test_02_refused_without_a_pause(self):
        """What was let in and the counters come out though nothing but refused datagrams follows, never ending."""
        self.write_conf("  allow: [127.0.0.2]")
        self.start()
        self.udp(source="127.0.0.2").send()
        stream = Stream([self.udp(source="127.0.0.3")])
        try:
            self.until(lambda: self.stats()["reject"]["denied"] > 100)
            self.assertEqual(self.stats()["datagrams"]["decoded"], 1)
        finally:
            stream.finish()

    @unittest.skipUnless(in_path("nfcapd"), "no nfcapd")
    def test_03_passed_on_to_nfcapd(self):
        first = Nfcapd(self.top)
        self.addCleanup(first.close)
        closed = free_port()
        self.write_conf(f"  forward: [\"udp://127.0.0.1:{first.port}?from=127.0.0.2\", \"udp://127.0.0.1:{closed}\"]\n"
                        "  allow: [127.0.0.0/8]")
        self.start()
        wanted, other = self.udp(source="127.0.0.2"), self.udp(source="127.0.0.3")
        for _ in range(50):
            wanted.send()
            other.send()
            time.sleep(0.001)
        self.until(lambda: self.stats()["datagrams"]["decoded"] == 100)
        to = self.state()["forward"]
        self.assertEqual((to[0]["sent"], to[0]["dropped"]), (50, 0))
        self.assertEqual(to[1]["sent"] + to[1]["dropped"], 100)  # its port is closed; that does no harm
        time.sleep(0.5)
        self.assertEqual(first.flows(), 50 * RECORDS)
        self.assertEqual(first.exporters(), {"127.0.0.1"})

    @unittest.skipUnless(in_path("nfcapd") and os.geteuid() == 0, "no nfcapd, or not root")
    def test_04_the_source_is_kept(self):
        with netns.Pair() as pair:
            other = Nfcapd(self.top, lambda *a: pair.wrap("b", *a))
            self.addCleanup(other.close)
            port = self.ports["udp"]
            self.write_conf(f"  forward: [\"udp://127.0.0.1:{other.port}?source=keep\"]")
            conf = pathlib.Path(f"{self.top}/weir.yaml")
            conf.write_text(conf.read_text().replace(f"udp://127.0.0.1:{port}", f"udp://0.0.0.0:{port}"))
            self.start(wrap=pair.wrap("b"))
            (pathlib.Path(self.top) / "m").write_bytes(Exporter(None).message())
            pair.on("a", sys.executable, "-c", f"""
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
data = open("{self.top}/m", "rb").read()
for _ in range(20):
    s.sendto(data, ("10.99.0.2", {port}))
    time.sleep(0.001)
""")
            self.until(lambda: self.stats()["datagrams"]["decoded"] == 20)
            self.assertEqual(self.state()["forward"][0]["sent"], 20)
            time.sleep(0.5)
            self.assertEqual(other.flows(), 20 * RECORDS)
            self.assertEqual(other.exporters(), {"10.99.0.1"})
            self.proc.terminate()
            self.proc.wait(20)

    def test_05_what_does_not_work_is_said(self):
        self.write_conf("  forward: [\"udp://bad..name:2055\"]")
        self.start()  # collecting goes on
        self.assertIn("collect.forward: udp://bad..name:2055: ", self.log_text())
        self.assertIn("bad..name", self.state()["forward"][0]["error"])
        self.udp().send()
        self.until(lambda: self.stats()["datagrams"]["decoded"] == 1)
        self.assertEqual(self.stats()["forward"]["dropped"], 1)
        self.write_conf("  forward: [\"udp://bad..name:2056\"]")
        status, text = self.reload()
        self.assertEqual(status, 422)
        self.assertIn("udp://bad..name:2056", text)
        self.write_conf("  rate_limit: many")
        status, text = self.reload()
        self.assertEqual(status, 422)
        self.assertRegex(text, r"weir.yaml:5:\d+: collect.rate_limit: \"many\" is not a whole number")

    def test_06_a_reload_changes_what_is_live(self):
        self.write_conf()
        self.start()
        e = self.udp()
        e.send()
        self.until(lambda: self.stats()["datagrams"]["decoded"] == 1)
        self.assertEqual(self.reload(), (200, '{"changed":[]}\n'))
        self.write_conf("  allow: [192.0.2.0/24]\n  max_exporters: 77\n  sampling: [127.0.0.1=1000]",
                        "log: {level: debug}")
        changed = {c["key"]: c for c in json.loads(self.reload()[1])["changed"]}
        self.assertEqual({k: c["effect"] for k, c in changed.items()},
                         {"collect.allow": "now", "collect.max_exporters": "restart", "collect.sampling": "now",
                          "log.level": "now"})
        self.assertEqual((changed["log.level"]["from"], changed["log.level"]["to"]), ("info", "debug"))
        e.send()
        self.until(lambda: self.stats()["reject"]["denied"] == 1)
        self.write_conf("  max_exporters: 77\n  sampling: [127.0.0.1=1000]", "log: {level: debug}")
        changed = {c["key"]: c["effect"] for c in json.loads(self.reload()[1])["changed"]}
        self.assertEqual(changed, {"collect.allow": "now", "collect.max_exporters": "restart"})
        e.send()
        self.until(lambda: self.stats()["datagrams"]["decoded"] == 2)
        self.until(lambda: [x["sampling_rate"] for x in self.state()["exporters"]] == [1000])
        self.proc.send_signal(signal.SIGHUP)
        self.until(lambda: "took the configuration" in self.log_text())

    def test_07_no_datagram_is_lost_in_a_reload(self):
        sink = free_port()
        self.write_conf()
        self.start()
        stream = Stream([self.udp(domain=d) for d in range(4)])
        for i in range(12):
            rules = ["  allow: [127.0.0.0/8, \"::1\"]", f"  forward: [\"udp://127.0.0.1:{sink}\"]",
                     "  rate_limit: 1000000", ""][i % 4]
            self.write_conf(rules, f"log: {{level: {'info' if i % 2 else 'debug'}}}")
            status, text = self.reload()
            self.assertEqual(status, 200, text)
            self.assertIn("collect.", text)
            time.sleep(0.1)
        sent = stream.finish()
        self.until(lambda: self.stats()["records"]["spooled"] == sent * RECORDS)
        s = self.check_equations()
        self.assertEqual((s["datagrams"]["received"], s["records"]["lost_before"]), (sent, 0))
        self.assertEqual((sum(s["reject"].values()), s["datagrams"]["kernel_drops"]), (0, 0))

    def test_08_enrichment_and_duplicates_change_while_it_works(self):
        networks = pathlib.Path(self.top) / "networks.csv"
        networks.write_text("prefix,name\n10.0.0.0/8,ten\n192.0.2.0/24,docs\n")
        access = pathlib.Path(self.top) / "access"
        access.write_text("127.0.0.0/8 off\n")
        access.chmod(0o600)
        self.write_conf("  dedup: false")
        self.start()
        pair = [self.udp(source="127.0.0.2"), self.udp(source="127.0.0.3")]
        for e in pair:  # the same flows
            e.send()
        self.until(lambda: self.stats()["records"]["spooled"] == 2 * RECORDS)
        self.assertEqual(self.stats()["records"]["duplicate"], 0)
        stream = Stream([self.udp(domain=d, source="127.0.0.4") for d in range(2)])
        for _ in range(2):
            self.write_conf("  dedup: true\n  dedup_window: 1h",
                            f"snmp: {{access_file: {access}}}", enrich=f", networks: {networks}")
            changed = {c["key"]: c["effect"] for c in json.loads(self.reload()[1])["changed"]}
            self.assertEqual(set(changed.values()), {"now"})
            self.assertLessEqual({"collect.dedup", "enrich.networks", "snmp.access_file"}, set(changed))
            self.until(lambda: [s["entries"] for s in self.state()["enrich"]["sources"] if s["kind"] == "networks"] == [2])
            before = self.stats()["records"]["duplicate"]
            for e in pair:
                e.send()
            self.until(lambda: self.stats()["records"]["duplicate"] >= before + RECORDS)
            self.until(lambda: "snmp" in self.state())
            self.write_conf("  dedup: false")
            self.assertEqual(self.reload()[0], 200)
            self.until(lambda: self.state()["enrich"]["sources"][2]["state"] == "off")
            self.until(lambda: "snmp" not in self.state())
        sent = stream.finish() + sum(e.sent for e in pair)
        self.until(lambda: self.stats()["datagrams"]["received"] == sent)
        self.until(lambda: self.stats()["records"]["spooled"] == sent * RECORDS)
        s = self.check_equations()
        self.assertEqual((s["records"]["lost_before"], s["datagrams"]["kernel_drops"]), (0, 0))


class Sessions(Collecting):
    listen = ["udp", "tcp"]

    @unittest.skipUnless(in_path("nfcapd"), "no nfcapd")
    def test_sessions_are_passed_on(self):
        """Templates come once in a session; who begins to listen later gets them too."""
        first, later = Nfcapd(self.top), Nfcapd(self.top, name="later")
        self.addCleanup(first.close)
        self.addCleanup(later.close)
        to = f"udp://127.0.0.1:{first.port}"
        self.write_conf(f"  forward: [\"{to}\"]")
        self.start()
        exporters = [Exporter(self.tcp().sendall, domain) for domain in (1, 2, 3)]
        for e in exporters:
            e.send()
            for _ in range(9):
                e.send(template=False)
        self.until(lambda: self.stats()["datagrams"]["decoded"] == 30)
        self.assertEqual(self.stats()["forward"]["sent"], 30)
        self.write_conf(f"  forward: [\"{to}\", \"udp://127.0.0.1:{later.port}?from=127.0.0.0/8\", \"{to}?from=192.0.2.0/24\"]")
        self.assertEqual(self.reload()[0], 200)
        for e in exporters:
            for _ in range(10):
                e.send(template=False)
        self.until(lambda: self.stats()["datagrams"]["decoded"] == 60)
        s = self.check_equations()
        # To each of both 30 messages, and the templates of 3 sessions.
        self.assertEqual((s["forward"]["sent"], s["forward"]["dropped"]), (30 + 2 * 33, 0))
        time.sleep(0.5)
        self.assertEqual((first.flows(), later.flows()), (60 * RECORDS, 30 * RECORDS))


class Certificates(Collecting):
    listen = ["tls"]

    def certificate(self, name):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{self.top}/k.new", "-out",
            f"{self.top}/c.new")
        os.rename(f"{self.top}/k.new", f"{self.top}/k.pem")
        os.rename(f"{self.top}/c.new", f"{self.top}/c.pem")
        shutil.copy(f"{self.top}/c.pem", f"{self.top}/{name}.pem")

    def connect(self, name):
        import ssl
        c = ssl.create_default_context(cafile=f"{self.top}/{name}.pem")
        s = c.wrap_socket(self.tcp("tls"), server_hostname="127.0.0.1")
        self.sockets.append(s)
        return s

    def test_a_new_certificate(self):
        import ssl
        self.certificate("old")
        self.write_conf(f"  certificate: {self.top}/c.pem\n  key: {self.top}/k.pem")
        self.start()
        before = Exporter(self.connect("old").sendall)
        before.send()
        self.certificate("new")
        self.assertEqual(self.reload()[0], 200)  # the same paths, other files
        with self.assertRaises(ssl.SSLError):
            self.connect("old")
        Exporter(self.connect("new").sendall).send()
        before.send()  # its session lives on
        self.until(lambda: self.stats()["records"]["spooled"] == 3 * RECORDS)
        with open(f"{self.top}/c.pem", "w") as f:
            f.write("nonsense")
        status, text = self.reload()
        self.assertEqual(status, 422)
        self.assertIn("c.pem", text)
        Exporter(self.connect("new").sendall).send()
        self.until(lambda: self.stats()["records"]["spooled"] == 4 * RECORDS)


class Addresses(Supervised):
    """`weir up` with the collector alone."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.top + "/bin")
        self.weir = self.top + "/bin/weir"
        shutil.copy(WEIR, self.weir)
        shutil.copy(COLLECT, self.weir + "-collect")
        self.ports = [free_port() for _ in range(3)]
        self.sockets = []

    def tearDown(self):
        for s in self.sockets:
            s.close()
        super().tearDown()

    def write(self, *ports):
        listen = ", ".join(f'"udp://127.0.0.1:{p}"' for p in ports)
        with open(self.top + "/weir.yaml", "w") as f:
            f.write(f"collect: {{listen: [{listen}], threads: 2, socket_buffer: 8MB}}\nspool: {{segment_age: 100ms}}\n")

    def conf_reload(self, *more):
        return subprocess.run([self.weir, "conf", "reload", "--conf", self.top + "/weir.yaml", "--dir", self.dir, *more],
                              capture_output=True, text=True, timeout=60)

    def exporter(self, port, domain):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sockets.append(s)
        return Exporter(lambda b: s.sendto(b, ("127.0.0.1", port)), domain)

    def stats(self):
        return json.loads(ask(self.dir, "collect")[1])["stats"]

    def test_new_addresses_lose_nothing_at_the_old(self):
        kept, dropped, added = self.ports
        self.write(kept, dropped)
        p = self.up()
        self.until(self.all_ready, p)
        stream = Stream([self.exporter(kept, d) for d in range(4)], 200)
        for ports, n in (((kept, added), 2), ((kept,), 1), ((kept, dropped, added), 3)):
            self.write(*ports)
            old = self.running("collect")["pid"]
            r = self.conf_reload()
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertIn("collect.listen: ", r.stdout)
            self.assertNotIn("starts anew", r.stdout)
            self.assertEqual(self.running("collect")["pid"], old)
            self.assertEqual(len(json.loads(ask(self.dir, "collect")[1])["listen"]), n)
            self.assertEqual(len(self.ports_json()), n)
        sent = stream.finish()
        more = self.exporter(added, 9)
        more.send()
        self.until(lambda: self.stats()["records"]["spooled"] == (sent + 1) * RECORDS, p)
        s = self.stats()
        self.assertEqual((s["records"]["lost_before"], s["datagrams"]["received"]), (0, sent + 1))
        self.assertEqual(self.roles()["collect"]["restarts"], 0)
        # What cannot be done changes nothing.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            self.write(kept, s.getsockname()[1])
            r = self.conf_reload()
        self.assertEqual(r.returncode, 1)
        self.assertIn("another program has it", r.stderr)
        self.assertEqual(len(self.ports_json()), 3)
        self.write(kept, dropped, added)
        self.assertEqual(self.conf_reload().stdout, "nothing has changed\n")
        self.assertEqual(self.conf_reload("--json").stdout, "[]\n")
        pid = self.running("collect")["pid"]
        p.send_signal(signal.SIGHUP)
        self.until(lambda: "took the configuration" in self.text(p), p)
        self.assertEqual(self.running("collect")["pid"], pid)
        p.send_signal(signal.SIGINT)
        self.assertEqual(p.wait(30), 0)
        self.assertEqual(self.conf_reload().returncode, 1)

    def ports_json(self):
        with open(self.dir + "/run/ports.json") as f:
            return json.load(f)["collect"]


unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
