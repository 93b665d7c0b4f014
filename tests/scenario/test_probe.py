# SPDX-License-Identifier: Apache-2.0
"""The probe from end to end: real traffic between two hosts, seen by weir probe, exported to the collector beside it,
found in the store; what it says of itself; what it does when things go wrong."""
import json
import os
import pathlib
import signal
import struct
import subprocess
import tempfile
import time
import unittest

import netns
import traffic
from netns import ADDR, run
from weir import BUILD, Weir, unix_get, wait_for
from wire_frames import ethernet, ipv4, send, udp

ETHERNET = 14
LISTEN = 4739  # the hosts are namespaces: nobody else has it


def conf(probe, listen=f"tcp://127.0.0.1:{LISTEN}"):
    return (f"collect:\n  threads: 1\n  listen: ['{listen}', 'udp://127.0.0.1:{LISTEN}']\n"
            f"serve:\n  listen: 127.0.0.1:0\nprobe:\n" + "".join(f"  {line}\n" for line in probe))


class Probing(Weir):
    """A Weir with a probe on host b."""

    def __init__(self, pair, *probe):
        super().__init__(conf(probe), wrap=lambda *a: pair.wrap("b", *a))
        self.roles = ("store", "collect", "serve", "probe")

    def packets(self):
        return self.state("probe")["accounting"]["packets"]

    def balanced(self):
        """Every packet is in a flow or has a reason why not."""
        s = self.state("probe")
        p = s["accounting"]["packets"]
        assert s["accounting"]["balanced"], p
        assert p["received"] == p["metered"] + sum(p["unmetered"].values()), p
        return p


def start_tls(pair, folder):
    """A web server with a certificate of its own on host b, port 8443."""
    key, cert = str(folder / "key.pem"), str(folder / "cert.pem")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj",
        "/CN=web.example.test")
    code = ("import http.server, ssl\n"
            f"c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain({cert!r}, {key!r})\n"
            "s = http.server.HTTPServer(('0.0.0.0', 8443), http.server.SimpleHTTPRequestHandler)\n"
            "s.socket = c.wrap_socket(s.socket, server_side=True)\n"
            "s.serve_forever()\n")
    pair.start("b", "python3", "-c", code, cwd=str(folder))
    traffic._wait_tcp(pair, 8443)


class EndToEnd(unittest.TestCase):
    def test_real_traffic(self):
        """What the interface counted is what the store has, packet for packet, with names from payloads."""
        with tempfile.TemporaryDirectory() as tmp, netns.Pair() as pair:
            folder = pathlib.Path(tmp)
            traffic.start_servers(pair, folder)
            start_tls(pair, folder)
            with Probing(pair, "interfaces: [vb]", "threads: 2", "inactive_timeout: 2s") as weir:
                before = pair.counters()
                traffic.generate(pair)
                pair.on("a", "curl", "-sk", "-o", "/dev/null", "--resolve", f"web.example.test:8443:{ADDR['b']}",
                        "https://web.example.test:8443/page.html")
                after = pair.counters()
                crossed = {k: after[k] - before[k] for k in after}
                wait_for("the probe has seen it", lambda: weir.packets()["received"] >= crossed["packets"])
                p = weir.balanced()
                self.assertEqual(p["received"], crossed["packets"])
                self.assertEqual(sum(p["kernel_drops"].values()), 0)
                packets = "SELECT sum(packets + rev_packets) FROM flows"
                wait_for("all packets are stored", lambda: weir.number(packets) >= crossed["packets"], 120)
                weir.check_equations()
                self.assertEqual(weir.number(packets), crossed["packets"])
                size = weir.number("SELECT sum(bytes + rev_bytes) FROM flows")
                self.assertEqual(size + ETHERNET * crossed["packets"], crossed["bytes"])
                def flows(filter_):
                    text = weir.cli("flows", "-t", "-1h", "-n", "100", "--ndjson", filter_)
                    return [json.loads(line) for line in text.splitlines()]
                tls = flows("dst port 8443")
                self.assertEqual(len(tls), 1)
                self.assertEqual(tls[0]["tls_sni"], "web.example.test")
                self.assertEqual((tls[0]["src_ip"], tls[0]["dst_ip"]), (ADDR["a"], ADDR["b"]))
                self.assertEqual(len(flows("dst port 8080 and http_method GET")), 5)
                names = {f.get("dns_qname") for f in flows("dst port 5353")}
                self.assertEqual(names, {f"h{i}.example.test" for i in range(5)})
                status = weir.cli("status")
                self.assertRegex(status, rf"packets received {p['received']}, metered {p['metered']}, not metered 0, lost")
                metrics = unix_get(weir.run_dir / "probe.sock", "/metrics")[1]
                self.assertIn(f'weir_capture_frames_total{{role="probe"}} {p["received"]}', metrics)

    def test_stop_exports_everything(self):
        """Flows that go on are exported when the probe stops, and before it the collector."""
        with netns.Pair() as pair:
            frame = ethernet(0x0800, ipv4(17, udp(7000, 9, bytes(100)), dst="192.0.2.9"))
            weir = Probing(pair, "interfaces: [vb]")
            with weir:
                send(pair, "a", [frame] * 50)
                wait_for("the probe has seen it", lambda: weir.packets()["metered"] == 50)
                self.assertEqual(weir.number("SELECT count() FROM flows"), 0)
                os.kill(weir.pid_of("probe"), signal.SIGTERM)
                wait_for("all are stored", lambda: weir.number("SELECT sum(packets) FROM flows") == 50, 120)

    def test_idle_link(self):
        """A flow leaves in time though nothing else comes."""
        with netns.Pair() as pair:
            frame = ethernet(0x0800, ipv4(17, udp(7000, 9, bytes(100)), dst="192.0.2.9"))
            with Probing(pair, "interfaces: [vb]", "inactive_timeout: 1s") as weir:
                send(pair, "a", [frame])
                wait_for("it is stored", lambda: weir.number("SELECT sum(packets) FROM flows") == 1, 120)

    def test_restarted_and_reloaded(self):
        with netns.Pair() as pair:
            with Probing(pair, "interfaces: [vb]") as weir:
                first = weir.pid_of("probe")
                os.kill(first, signal.SIGKILL)
                second = wait_for("it is back", lambda: weir.pid_of("probe") not in (None, first) and weir.pid_of("probe"))
                weir.conf.write_text(conf(["interfaces: [vb]", "filter: udp port 7000"]))
                self.assertIn("probe.filter", weir.cli("conf", "reload"))
                wait_for("a new one", lambda: weir.pid_of("probe") not in (None, first, second))
                frames = [ethernet(0x0800, ipv4(17, udp(p, 9, bytes(10)), dst="192.0.2.9")) for p in (7000, 7001)]
                send(pair, "a", frames * 5)
                wait_for("it filters", lambda: weir.packets()["received"] == 5)

    def test_privileges(self):
        """Once it captures it has no capability left."""
        with netns.Pair() as pair:
            with Probing(pair, "interfaces: [vb]") as weir:
                text = pathlib.Path(f"/proc/{weir.pid_of('probe')}/status").read_text()
                for name in ("CapPrm", "CapEff", "CapBnd"):
                    self.assertRegex(text, rf"{name}:\s+0000000000000000\n")
                for task in pathlib.Path(f"/proc/{weir.pid_of('probe')}/task").iterdir():
                    self.assertIn("CapEff:\t0000000000000000", (task / "status").read_text())


class Ways(unittest.TestCase):
    def frames(self, n, port=7000):
        return [ethernet(0x0800, ipv4(17, udp(port + i % 10, 9, struct.pack("!I", i) + bytes(60)), dst="192.0.2.9"))
                for i in range(n)]

    def test_xdp(self):
        with netns.Pair() as pair:
            with Probing(pair, "interfaces: [vb]", "capture: xdp", "inactive_timeout: 1s") as weir:
                self.assertIn("AF_XDP", weir.state("probe")["sources"][0]["how"])
                send(pair, "a", self.frames(500))
                wait_for("all are stored", lambda: weir.number("SELECT sum(packets) FROM flows") == 500, 120)
                self.assertEqual(weir.number("SELECT count() FROM flows"), 10)
                self.assertEqual(weir.number("SELECT sum(bytes) FROM flows"), 500 * 92)
                weir.balanced()

    def test_vxlan_mirror(self):
        """Traffic that a mirror sends in VXLAN: the inner flow, with its tunnel."""
        with netns.Pair() as pair:
            with Probing(pair, f"interfaces: ['vxlan:{ADDR['b']}:4789']", "inactive_timeout: 1s") as weir:
                inner = ethernet(0x0800, ipv4(17, udp(1000, 2000, bytes(50)), "192.0.2.1", "192.0.2.2"))
                vxlan = struct.pack("!II", 0x08000000, 77 << 8)
                send(pair, "a", [ethernet(0x0800, ipv4(17, udp(50000, 4789, vxlan + inner)))] * 20)
                wait_for("all are stored", lambda: weir.number("SELECT sum(packets) FROM flows") == 20, 120)
                text = weir.cli("flows", "-t", "-1h", "-n", "9", "--ndjson", "any")
                flow, = [json.loads(line) for line in text.splitlines()]
                self.assertEqual((flow["src_ip"], flow["dst_ip"], flow["dst_port"]), ("192.0.2.1", "192.0.2.2", 2000))
                self.assertEqual((flow["tunnel_src_ip"], flow["tunnel_dst_ip"]), (ADDR["a"], ADDR["b"]))

    def test_drops_are_counted(self):
        """A ring that is far too small: taken and dropped are all there were."""
        with netns.Pair() as pair:
            with Probing(pair, "interfaces: [vb]", "ring: 256KB", "block_time: 1s") as weir:
                pid = weir.pid_of("probe")
                os.kill(pid, signal.SIGSTOP)
                send(pair, "a", self.frames(8000))
                os.kill(pid, signal.SIGCONT)
                def all_told():
                    p = weir.packets()
                    return p["received"] + sum(p["kernel_drops"].values()) == 8000 and p
                self.assertGreater(wait_for("all are accounted for", all_told)["kernel_drops"]["ring_full"], 0)

    def test_sampling(self):
        with netns.Pair() as pair:
            with Probing(pair, "interfaces: [vb]", "sampling: 10", "inactive_timeout: 1s") as weir:
                send(pair, "a", self.frames(2000))
                wait_for("all are seen", lambda: weir.packets()["received"] == 2000)
                p = weir.balanced()
                self.assertEqual(p["metered"] + p["unmetered"]["sampled"], 2000)
                self.assertGreater(p["metered"], 100)
                wait_for("all are stored", lambda: weir.number("SELECT sum(packets) FROM flows") > 0, 120)

    def test_file_once(self):
        """A capture file as a source: ends by itself, everything is exported."""
        with netns.Pair() as pair:
            with Weir(conf(["interfaces: []"]), wrap=lambda *a: pair.wrap("b", *a)) as weir:
                head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
                now = int(time.time()) - 100
                records = b"".join(struct.pack("<IIII", now + i // 100, i % 100 * 10000, len(f), len(f)) + f
                                   for i, f in enumerate(self.frames(1000)))
                (weir.dir / "x.pcap").write_bytes(head + records)
                other = weir.dir / "probe.yaml"
                other.write_text(conf([f"interfaces: ['file:{weir.dir}/x.pcap']"]))
                p = subprocess.run(pair.wrap("b", str(BUILD / "weir"), "probe", "--conf", str(other), "--dir",
                                             str(weir.dir / "p"), "--once"), stderr=subprocess.PIPE, text=True, timeout=60)
                self.assertEqual(p.returncode, 0, p.stderr)
                wait_for("all are stored", lambda: weir.number("SELECT sum(packets) FROM flows") == 1000, 120)


class Check(unittest.TestCase):
    def check(self, pair, *args, code):
        p = subprocess.run(pair.wrap("b", str(BUILD / "weir"), "probe", "--check", *args), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual(p.returncode, code, p.stdout + p.stderr)
        return p.stdout

    def test_interface(self):
        with tempfile.TemporaryDirectory() as tmp, netns.Pair() as pair:
            quiet = ["--dir", tmp]
            found = json.loads(self.check(pair, "vb", "--json", *quiet, code=0))
            self.assertEqual((found["interface"], found["driver"], found["mtu"], found["ok"]), ("vb", "veth", 1500, True))
            self.assertFalse(found["gro"])
            pair.on("b", "ethtool", "-K", "vb", "gro", "on")
            text = self.check(pair, "vb", *quiet, code=1)
            self.assertIn("repair: ethtool -K vb gro off", text)
            pair.on("b", "ethtool", "-K", "vb", "gro", "off")
            pair.on("b", "ip", "link", "set", "vb", "down")
            found = json.loads(self.check(pair, "vb", "--json", *quiet, code=1))
            self.assertEqual([f["id"] for f in found["findings"] if f["weight"] == "problem"], ["down"])
            self.check(pair, "no-such-nic", *quiet, code=1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
