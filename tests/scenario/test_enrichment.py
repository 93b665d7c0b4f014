#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Enrichment as a user sees it: flows of an exporter come back with networks, applications and Community IDs; a list of
networks that changes is taken over; the state names the sources and what is wrong with one. The Community IDs are those
that the specification and its reference implementation publish."""
import ipaddress
import json
import socket
import struct
import time
import unittest

from weir import Weir, unix_get, wait_for

NOW = int(time.time())
V4 = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (32, 2), (1, 4), (2, 4), (150, 4), (151, 4)]
V6 = [(27, 16), (28, 16), (7, 2), (11, 2), (4, 1), (139, 2), (1, 4), (2, 4), (150, 4), (151, 4)]
# source, destination, protocol, ports or ICMP type and code, Community ID
VECTORS = [
    ("128.232.110.120", "66.35.250.204", 6, 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ("66.35.250.204", "128.232.110.120", 6, 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ("192.168.1.52", "8.8.8.8", 17, 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
    ("192.168.0.89", "192.168.0.1", 1, 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
    ("192.168.0.1", "192.168.0.89", 1, 0, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
    ("fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 58, 135, 0, "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="),
    ("3ffe:507:0:1:260:97ff:fe07:69ea", "3ffe:507:0:1:200:86ff:fe05:80da", 58, 3, 0, "1:NdobDX8PQNJbAyfkWxhtL2Pqp5w="),
    ("10.1.24.4", "10.1.12.1", 46, 0, 0, "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4="),
    ("192.168.170.8", "192.168.170.56", 132, 7, 80, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="),
]


def ipfix(flows, sequence):
    """One message: both templates, then a set per flow."""
    sets = b""
    body = b"".join(struct.pack(">HH", tid, len(t)) + b"".join(struct.pack(">HH", *f) for f in t)
                    for tid, t in ((256, V4), (257, V6)))
    sets += struct.pack(">HH", 2, 4 + len(body)) + body
    for src, dst, proto, a, b in flows:
        s, d = ipaddress.ip_address(src), ipaddress.ip_address(dst)
        icmp = proto in (1, 58)
        rec = s.packed + d.packed + struct.pack(">HHBHIIII", 0 if icmp else a, 0 if icmp else b, proto,
                                                a << 8 | b if icmp else 0, 100, 1, NOW - 2, NOW - 1)
        sets += struct.pack(">HH", 256 if s.version == 4 else 257, 4 + len(rec)) + rec
    return struct.pack(">HHIII", 10, 16 + len(sets), NOW, sequence, 1) + sets


class Enrichment(unittest.TestCase):
    def setUp(self):
        self.w = Weir("collect:\n  threads: 1\n  listen: [udp://127.0.0.1:0]\nserve:\n  listen: 127.0.0.1:0\n")
        self.list = self.w.dir / "networks.csv"
        self.list.write_text("prefix,name,site\n192.168.0.0/16,ours,Prague\n")
        with open(self.w.conf, "a") as f:
            f.write(f"enrich:\n  networks: {self.list}\n  country_data: {self.w.dir}/none.mmdb\n")
        self.w.start()
        self.sequence = 0

    def tearDown(self):
        self.w.stop()
        self.w.tmp.cleanup()

    def send(self, flows):
        port = self.w.flow_port
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(ipfix(flows, self.sequence), ("127.0.0.1", port))
        self.sequence += len(flows)

    def flows(self, *args):
        out = self.w.cli("flows", "-n", "100", "-t", "-1h", "--ndjson", *args, ok=(0, 1))
        return [json.loads(line) for line in out.splitlines()]

    def test_flows(self):
        self.send([v[:5] for v in VECTORS])
        wait_for("the flows are stored", lambda: len(self.flows()) == len(VECTORS))
        by_id = {}
        for f in self.flows("--fields", "src_ip,dst_ip,proto,community_id"):
            by_id[f["src_ip"], f["dst_ip"], f["proto"]] = f["community_id"]
        self.assertEqual(by_id, {(v[0], v[1], v[2]): v[5] for v in VECTORS})
        # Both directions of a connection, and nothing else.
        self.assertEqual({f["src_ip"] for f in self.flows(f'community_id "{VECTORS[0][5]}"')},
                         {VECTORS[0][0], VECTORS[0][1]})
        self.assertNotIn("community_id", self.flows()[0])  # computed for who names it
        by = {(f["src_ip"], f["proto"]): f for f in self.flows()}
        dns = by["192.168.1.52", 17]
        self.assertEqual((dns["app_name"], dns["src_net"], dns["src_site"]), ("dns", "ours", "Prague"))
        self.assertNotIn("dst_net", dns)
        self.assertNotIn("app_name", by["192.168.0.89", 1])
        self.assertEqual(by["66.35.250.204", 6]["app_name"], "http")
        # What is not there is said, and the flows came all the same.
        status = json.loads(self.w.cli("status", "--json"))
        sources = next(r for r in status["roles"] if r["role"] == "collect")["enrich"]["sources"]
        state = {s["kind"]: (s["state"], s["error"]) for s in sources}
        self.assertEqual(state["countries"], ("missing", "not there"))
        self.assertEqual(state["networks"], ("loaded", ""))
        # Another list, taken over at a reload.
        self.list.write_text("10.1.0.0/16,lab,Brno\n")
        unix_get(self.w.run_dir / "collect.sock", "/reload", "POST")
        wait_for("the list is read again", lambda: "lab" in str(self.again()))

    def again(self):
        self.send([("10.1.24.4", "10.1.12.1", 6, 1, 2)])
        time.sleep(1)
        return [f.get("src_net") for f in self.flows("proto tcp and src host 10.1.24.4")]


if __name__ == "__main__":
    unittest.main(verbosity=2)
