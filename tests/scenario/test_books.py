# SPDX-License-Identifier: Apache-2.0
"""The books: what an exporter lost, repeated and reordered, the same in the API, on the command line, in /metrics and over
time; and two exporters that report the same flows, which count once. Datagrams are made here (NetFlow v5 and v9)."""
import csv
import json
import socket
import struct
import time
import unittest
import urllib.request

from weir import Weir, wait_for

CONF = Weir.default_conf() + "store:\n  min_free: 0\n"
PER_DATAGRAM = 10


def v5(sequence, now, flows):
    """flows: (host, bytes) of 10.0.0.HOST -> 10.9.9.9:443, one second long, that ended just now."""
    head = struct.pack("!HHIIIIBBH", 5, len(flows), 600_000, now, 0, sequence, 0, 0, 0)
    body = b"".join(
        struct.pack("!4s4s4sHHIIIIHHBBBBHHBBH", socket.inet_aton(f"10.0.0.{host}"), socket.inet_aton("10.9.9.9"),
                    bytes(4), 1, 2, 7, size, 598_000, 599_000, 40000 + host, 443, 0, 24, 6, 0, 0, 0, 0, 0, 0)
        for host, size in flows)
    return head + body


def v9(sequence, now, template, flows):
    """The same flows with a template of its own kind: addresses, ports, protocol, bytes, packets, times."""
    fields = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 4), (2, 4), (22, 4), (21, 4)]
    sets = b""
    if template:
        sets += struct.pack("!HHHH", 0, 8 + 4 * len(fields), 256, len(fields))
        sets += b"".join(struct.pack("!HH", *f) for f in fields)
    data = b"".join(
        struct.pack("!4s4sHHBIIII", socket.inet_aton(f"10.0.0.{host}"), socket.inet_aton("10.9.9.9"), 40000 + host, 443,
                    6, size, 7, 598_000, 599_000) for host, size in flows)
    sets += struct.pack("!HH", 256, 4 + len(data)) + data
    return struct.pack("!HHIIII", 9, len(flows) + bool(template), 600_000, now, sequence, 7) + sets


class Exporter:
    def __init__(self, address, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.to = ("127.0.0.1", port)

    def send(self, datagram):
        self.socket.sendto(datagram, self.to)

    def close(self):
        self.socket.close()


def get(weir, path):
    with urllib.request.urlopen(weir.url + path, timeout=60) as answer:
        return answer.read().decode()


class Books(unittest.TestCase):
    def exporters(self, weir):
        return {x["exporter_ip"]: x for x in json.loads(get(weir, "/api/v1/exporters"))}

    def test_losses_are_the_same_everywhere(self):
        now = int(time.time())
        flows = [(h, 100) for h in range(1, PER_DATAGRAM + 1)]
        with Weir(CONF) as weir:
            a, b = Exporter("127.0.0.2", weir.flow_port), Exporter("127.0.0.3", weir.flow_port)
            for n in [0, 1, 2, 4, 3, 3, 7, 8]:  # 3 late and again, 5 and 6 lost: 20 records
                a.send(v5(n * PER_DATAGRAM, now, flows))
                time.sleep(0.02)
            for n in [0, 1, 2, 5, 6]:  # 3 and 4 lost: datagrams
                b.send(v9(n, now, n == 0, flows))
                time.sleep(0.02)
            wait_for("all is decoded", lambda: weir.stats()["records"]["decoded"] == 13 * PER_DATAGRAM)
            x = wait_for("both are shown", lambda: (lambda e: e if len(e) == 2 and sum(
                v["records"] for v in e.values()) == 130 else None)(self.exporters(weir)))
            v5x, v9x = x["127.0.0.2"], x["127.0.0.3"]
            self.assertEqual((v5x["lost_records"], v5x["lost_datagrams"], v5x["lost_estimated"]), (20, 0, False))
            self.assertEqual((v5x["reordered"], v5x["repeated"], v5x["restarts"]), (1, 1, 0))
            self.assertAlmostEqual(v5x["lost_percent"], 20.0)  # 20 of 100
            self.assertEqual((v9x["lost_records"], v9x["lost_datagrams"], v9x["lost_estimated"]), (20, 2, True))
            self.assertEqual(v9x["templates"], 1)
            rows = {r["exporter_ip"]: r for r in csv.DictReader(weir.cli("exporters", "--csv").splitlines())}
            for ip, want in x.items():
                for name in ("lost_records", "lost_datagrams", "reordered", "repeated", "datagrams", "records"):
                    self.assertEqual(int(rows[ip][name]), want[name], (ip, name))
            table = weir.cli("exporters")
            self.assertIn("20 (20.00 %)", table)
            self.assertIn("~20 (28.57 %, 2 datagrams)", table)
            self.assertEqual(table.count(": balanced"), 3)
            self.assertIn('weir_exporter_lost_records_total{exporter="127.0.0.2"', get(weir, "/metrics"))
            self.over_time(weir)
            a.close()
            b.close()
            weir.check_equations()

    def over_time(self, weir):
        def sums(query):
            lines = json.loads(get(weir, "/api/v1/accounting?from=now-10m" + query))["counters"]
            return {name: sum(v) for name, v in lines.items()}
        whole = wait_for("the counters are in the store", lambda: (lambda s: s if s.get("records.stored") else None)(sums("")))
        self.assertEqual(whole["records.decoded"], 130)
        self.assertEqual(whole["datagrams.received"], 13)
        one = sums("&exporter_ip=127.0.0.3&domain=7&version=9")
        self.assertEqual((one["records"], one["lost_records"], one["lost_datagrams"]), (50, 20, 2))

    def test_names_stand_beside_the_numbers(self):
        with Weir(CONF) as weir:
            a = Exporter("127.0.0.2", weir.flow_port)
            a.send(v5(0, int(time.time()), [(1, 1000), (2, 2000)]))
            wait_for("it is stored", lambda: weir.stats()["records"]["stored"] == 2)
            weir.sql("INSERT INTO weir.names (kind, exporter_ip, domain, id, text, text2, number, source, since) VALUES "
                     "('interface', '::ffff:127.0.0.2', 0, 1, 'ge-0/0/1', 'to the north', 1000000000, 'snmp', now64(3)), "
                     "('host', '::ffff:10.9.9.9', 0, 0, 'www.example.net', '', 0, 'dns', now64(3))", user="writer")
            query = {"time": {"from": "now-1h", "to": "now+1h"}, "by": ["exporter_ip", "in_if", "dst_ip"], "metric": "bps"}
            request = urllib.request.Request(weir.url + "/api/v1/top", json.dumps(query).encode())
            with urllib.request.urlopen(request, timeout=60) as answer:
                row = json.load(answer)["rows"][0]
            self.assertEqual(row["names"]["in_if"]["name"], "ge-0/0/1")
            self.assertEqual(row["names"]["in_if"]["speed"], 1000000000)
            self.assertAlmostEqual(row["names"]["in_if"]["percent"], row["value"] / 1e7, delta=0.001)
            self.assertEqual(row["names"]["dst_ip"], {"name": "www.example.net"})
            self.assertNotIn("exporter_ip", row["names"])
            args = ("top", "-s", "exporter_ip,in_if,dst_ip", "-t", "now-1h/now+1h")
            self.assertIn("1 (ge-0/0/1)", weir.cli(*args))
            rows = list(csv.DictReader(weir.cli(*args, "--csv").splitlines()))
            self.assertEqual((rows[0]["in_if_name"], rows[0]["dst_ip_name"]), ("ge-0/0/1", "www.example.net"))
            a.close()

    def test_a_flow_of_two_exporters_counts_once(self):
        now = int(time.time())
        flows = [(h, 1000 * h) for h in range(1, 21)]
        with Weir(CONF.replace("collect:\n", "collect:\n  dedup: on\n")) as weir:
            a, b = Exporter("127.0.0.2", weir.flow_port), Exporter("127.0.0.3", weir.flow_port)
            a.send(v5(0, now, flows))
            wait_for("the first is decoded", lambda: weir.stats()["records"]["decoded"] == 20)
            b.send(v5(0, now, flows + [(99, 5)]))
            wait_for("the other too", lambda: weir.stats()["records"]["decoded"] == 41)
            weir.check_equations()
            self.assertEqual(weir.stats()["records"]["duplicate"], 20)

            def total(*args):
                return json.loads(weir.cli("top", *args, "-t", "now-1h/now+1h", "--json"))["total"]
            once = sum(size for _, size in flows) + 5
            self.assertEqual((total("-s", "src_ip")["bytes"], total("-s", "src_ip")["flows"]), (once, 21))
            self.assertEqual(total("-s", "proto")["flows"], 21)
            self.assertEqual(total("-s", "src_ip", "--duplicates")["flows"], 41)
            self.assertEqual(total("-s", "exporter_ip")["flows"], 41)
            self.assertEqual(total("-s", "src_ip", "duplicate = 1")["flows"], 20)
            self.assertEqual(len(weir.cli("flows", "-t", "now-1h/now+1h", "--ndjson").splitlines()), 41)
            wait_for("whose they are", lambda: self.exporters(weir)["127.0.0.3"]["duplicates"] == 20)
            self.assertEqual(self.exporters(weir)["127.0.0.2"]["duplicates"], 0)
            a.close()
            b.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
