# SPDX-License-Identifier: Apache-2.0
"""The store away, and the store refusing: flows wait on disk and appear once each; what it refuses for good goes aside
and holds up nothing that comes after it."""
import json
import os
import signal
import socket
import struct
import subprocess
import time
import unittest

from weir import BUILD, Weir, wait_for

FIELDS_CORE = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 8), (2, 8), (152, 8), (153, 8)]
FIELDS_WIDE = FIELDS_CORE + [(52, 1), (256, 2)]  # minimumTTL, ethernetType: fields of the wide table only


def ipfix(sequence, template, fields, records, now_ms):
    """A message with its template and records that differ in their ports (RFC 7011)."""
    head = struct.pack(">HH", template, len(fields)) + b"".join(struct.pack(">HH", *f) for f in fields)
    body = b""
    for i in range(records):
        body += bytes([10, 0, 0, 1]) + bytes([10, 0, 0, 2]) + struct.pack(">HHBQQQQ", 1024 + i, 443, 6, 100, 2, now_ms, now_ms)
        if len(fields) > len(FIELDS_CORE):
            body += struct.pack(">BH", 64, 0x0800)
    sets = struct.pack(">HH", 2, 4 + len(head)) + head + struct.pack(">HH", template, 4 + len(body)) + body
    return struct.pack(">HHIII", 10, 16 + len(sets), now_ms // 1000, sequence, 7) + sets


class StoreDown(unittest.TestCase):
    def role(self, weir, name):
        return subprocess.Popen([str(BUILD / f"weir-{name}"), "--conf", str(weir.conf), "--dir", str(weir.dir / "d")],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self, *programs):
        for p in programs:
            p.send_signal(signal.SIGTERM)
        for p in programs:
            p.wait(30)

    def test_flows_wait_for_the_store(self):
        weir = Weir()
        collect = self.role(weir, "collect")
        store = None
        try:
            wait_for("collector answers", lambda: weir.pid_of("collect"))
            out = subprocess.run([str(BUILD / "bench/flowsend"), "ipfix", "127.0.0.1", str(weir.flow_port),
                                  "-n", "300000", "-r", "60000"], stdout=subprocess.PIPE, check=True, text=True).stdout
            sent = json.loads(out)["records"]
            wait_for("all are in the spool", lambda: weir.stats()["records"]["waiting"] == sent, 10)
            # The collector restarts while the store is away; what waits is still there.
            self.end(collect)
            collect = self.role(weir, "collect")
            wait_for("collector answers", lambda: weir.pid_of("collect") == collect.pid)
            self.assertEqual(weir.stats()["records"]["waiting"], sent)
            store = self.role(weir, "store")
            wait_for("store answers", lambda: weir.pid_of("store"))
            weir.check_equations()
            self.assertEqual(weir.number("SELECT count() FROM flows"), sent)
            self.assertEqual(weir.number("SELECT sum(flows) FROM series_30s"), sent)
        finally:
            self.end(*(p for p in (collect, store) if p))
            weir.tmp.cleanup()

    def test_a_refused_segment_goes_aside(self):
        with Weir() as weir, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.connect(("127.0.0.1", weir.flow_port))
            now = int(time.time() * 1000)
            out.send(ipfix(0, 300, FIELDS_WIDE, 5, now))
            wait_for("wide flows are stored", lambda: weir.stats()["records"]["stored"] == 5)
            self.assertEqual(weir.number("SELECT count() FROM flows_wide"), 5)
            # The wide table loses a column: no repeat will help.
            weir.sql("ALTER TABLE flows_wide DROP COLUMN ethertype", user="writer")
            out.send(ipfix(5, 300, FIELDS_WIDE, 7, now))
            time.sleep(1.5)
            out.send(ipfix(12, 301, FIELDS_CORE, 11, now))
            wait_for("the next segment is stored", lambda: weir.number("SELECT count() FROM flows_core") == 11)
            wait_for("the refused one is counted", lambda: weir.stats()["discard"]["bad_segment"] == 7, 60)
            weir.check_equations()
            bad = sorted(os.listdir(weir.dir / "d/spool/bad"))
            self.assertEqual(len([f for f in bad if f.endswith(".seg")]), 1, bad)
            why = [f for f in bad if f.endswith(".txt")]
            self.assertIn("ethertype", (weir.dir / "d/spool/bad" / why[0]).read_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
