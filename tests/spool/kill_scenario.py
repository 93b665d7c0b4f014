#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""weir-collect killed with SIGKILL again and again while exporters of three protocols send: after each restart the
equations hold, and in the end every record that was sent is either in the spool or counted as lost before us.

usage: kill_scenario.py WEIR-COLLECT
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cmd"))
from supervised import UnixConnection  # noqa: E402

COLLECT = sys.argv[1]
RECORDS = 20  # in a datagram


class Exporter:
    """One source address and port; counts as its protocol wants (RFC 3954, RFC 7011, Cisco's v5)."""

    def __init__(self, version, port):
        self.version, self.seq, self.sent = version, 1000, 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.to = ("127.0.0.1", port)  # not connected: what nobody takes is lost without an error

    def datagram(self):
        now = int(time.time())
        if self.version == 5:
            record = struct.pack("!4s4s4sHHIIIIHHBBBBHHBBH", b"\n\0\0\1", b"\n\0\0\2", b"\0" * 4, 1, 2, 3, 400, 1000, 2000,
                                 5000, 443, 0, 0x1b, 6, 0, 1, 2, 24, 24, 0)
            data = struct.pack("!HHIIIIBBH", 5, RECORDS, 10000, now, 0, self.seq, 0, 0, 0) + record * RECORDS
            self.seq += RECORDS
            return data
        template = struct.pack("!HHHHHHHHHH", 256, 4, 8, 4, 12, 4, 1, 4, 2, 4)
        record = struct.pack("!4s4sII", b"\n\0\0\1", b"\n\0\0\2", 400, 3)
        sets = struct.pack("!HH", 0 if self.version == 9 else 2, 4 + len(template)) + template
        sets += struct.pack("!HH", 256, 4 + RECORDS * len(record)) + record * RECORDS
        if self.version == 9:
            data = struct.pack("!HHIIII", 9, RECORDS + 1, 10000, now, self.seq, 7) + sets
            self.seq += 1
        else:
            data = struct.pack("!HHIII", 10, 16 + len(sets), now, self.seq, 7) + sets
            self.seq += RECORDS
        return data

    def send(self):
        self.sock.sendto(self.datagram(), self.to)
        self.sent += RECORDS


class Kill(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="weir-kill-")
        self.proc = None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        with open(f"{self.top}/weir.yaml", "w") as f:
            f.write(f"collect: {{listen: \"udp://127.0.0.1:{self.port}\", threads: 2, socket_buffer: 1MB}}\n"
                    "spool: {segment_age: 100ms, segment_rows: 2000}\nlog: {level: err}\n")

    def tearDown(self):
        if self.proc:
            self.proc.kill()
            self.proc.wait()
        shutil.rmtree(self.top)

    def exporters(self):
        made = [Exporter(v, self.port) for v in (5, 9, 10)]
        for e in made:
            self.addCleanup(e.sock.close)
        return made

    def state(self):
        c = UnixConnection(f"{self.top}/d/run/collect.sock")
        try:
            c.request("GET", "/state.json")
            return json.loads(c.getresponse().read())
        finally:
            c.close()

    def start(self):
        self.proc = subprocess.Popen([COLLECT, "--conf", f"{self.top}/weir.yaml", "--dir", f"{self.top}/d"])
        self.until(lambda: self.state()["ready"])

    def until(self, condition):
        for _ in range(600):
            try:
                r = condition()
                if r:
                    return r
            except (OSError, http.client.HTTPException):
                pass
            self.assertIsNone(self.proc.poll(), "weir-collect ended")
            time.sleep(0.05)
        self.fail("did not happen: " + json.dumps(self.state()["accounting"]))

    def decoded(self):
        return self.state()["accounting"]["datagrams"]["decoded"]

    def send(self, exporters, datagrams):
        """And waits until they are in the books."""
        before = self.decoded()
        for _ in range(datagrams):
            for e in exporters:
                e.send()
        self.until(lambda: self.decoded() == before + datagrams * len(exporters))

    def test_killed_again_and_again(self):
        self.start()
        exporters = self.exporters()
        for life in range(4):
            self.send(exporters, 100)
            for _ in range(50 + life):  # these may or may not be decoded, committed, written
                for e in exporters:
                    e.send()
            self.proc.kill()
            self.proc.wait()
            for _ in range(5):  # these meet nobody
                for e in exporters:
                    e.send()
            self.start()
            self.assertTrue(self.state()["accounting"]["balanced"])
        self.send(exporters, 100)
        a = self.state()["accounting"]
        self.assertTrue(a["balanced"])
        self.assertEqual(a["records"]["waiting"], a["records"]["decoded"])
        s = self.state()["stats"]
        # v5 and IPFIX count records, v9 counts datagrams.
        lost = a["records"]["lost_before"] + s["sequence"]["lost_datagrams"] * RECORDS
        self.assertGreater(lost, 0)
        self.assertEqual(a["records"]["decoded"] + lost, sum(e.sent for e in exporters))

    def test_killed_while_a_gap_may_still_be_filled(self):
        self.start()
        exporters = self.exporters()
        self.send(exporters, 50)
        for life in range(3):
            for e in exporters:  # lost on the way
                e.datagram()
                e.sent += RECORDS
            self.send(exporters, 3)
            self.proc.kill()
            self.proc.wait()
            self.start()
        self.send(exporters, 100)
        a, s = self.state()["accounting"]["records"], self.state()["stats"]["sequence"]
        self.assertEqual(a["lost_before"], 3 * 2 * RECORDS)
        self.assertEqual(s["lost_datagrams"], 3)
        self.assertEqual(a["decoded"] + 3 * 3 * RECORDS, sum(e.sent for e in exporters))

    def test_stopped_and_started_nothing_is_lost(self):
        self.start()
        exporters = self.exporters()
        for life in range(3):
            for _ in range(300):
                for e in exporters:
                    e.send()
            self.proc.send_signal(signal.SIGTERM)
            self.assertEqual(self.proc.wait(20), 0)
            self.start()
        self.send(exporters, 40)
        a = self.state()["accounting"]
        self.assertTrue(a["balanced"])
        self.assertEqual(a["records"]["lost_before"], 0)
        self.assertEqual(a["records"]["waiting"], sum(e.sent for e in exporters))


unittest.main(argv=sys.argv[:1], verbosity=2)
