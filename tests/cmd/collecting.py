# SPDX-License-Identifier: Apache-2.0
"""What tests of weir-collect alone share: the collector in a folder of its own, without a store, and exporters made
of a few lines. Messages are built here after RFC 7011, not with the code under test."""
import http.client
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import unittest

from supervised import ask

RECORDS = 20  # in a message


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Exporter:
    """An IPFIX exporter: its sequence counts records (RFC 7011 3.1). send is what sends one message."""

    def __init__(self, send, domain=7):
        self.send_bytes, self.domain, self.seq, self.sent = send, domain, 0, 0

    def message(self, template=True, records=RECORDS):
        fields = struct.pack("!HHHHHHHHHH", 256, 4, 8, 4, 12, 4, 1, 4, 2, 4)
        record = struct.pack("!4s4sII", b"\n\0\0\1", b"\n\0\0\2", 400, 3)
        sets = struct.pack("!HH", 2, 4 + len(fields)) + fields if template else b""
        if records:
            sets += struct.pack("!HH", 256, 4 + records * len(record)) + record * records
        data = struct.pack("!HHIII", 10, 16 + len(sets), int(time.time()), self.seq, self.domain) + sets
        self.seq += records
        return data

    def send(self, **kw):
        self.send_bytes(self.message(**kw))
        self.sent += 1


class Collecting(unittest.TestCase):
    collect = None  # the program
    listen = ["udp"]  # schemes, each on a port of 127.0.0.1 that was free

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="weir-collect-")
        self.proc, self.sockets = None, []
        self.ports = {s: free_port(socket.SOCK_DGRAM if s == "udp" else socket.SOCK_STREAM) for s in self.listen}

    def tearDown(self):
        for s in self.sockets:
            s.close()
        if self.proc and self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(20)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
            self.addCleanup(self.assertEqual, self.proc.returncode, 0, self.log_text())
        shutil.rmtree(self.top)

    def write_conf(self, collect="", rest="", listen=None, enrich=""):
        """collect: more lines of that section, indented by two; enrich: more of that one, each after a comma."""
        where = ", ".join(f'"{s}://127.0.0.1:{self.ports[s]}"' for s in listen or self.listen)
        with open(f"{self.top}/weir.yaml", "w") as f:
            f.write(f"collect:\n  listen: [{where}]\n  threads: 1\n  socket_buffer: 4MB\n{collect}\n"
                    f"spool: {{segment_age: 100ms}}\nenrich: {{country: false, as: off, applications: false{enrich}}}\n{rest}\n")

    def start(self, wrap=()):
        self.log = open(f"{self.top}/log", "wb")
        self.proc = subprocess.Popen(
            [*wrap, self.collect, "--conf", f"{self.top}/weir.yaml", "--dir", f"{self.top}/d"], stderr=self.log)
        self.log.close()
        self.until(lambda: self.state()["ready"])

    def log_text(self):
        with open(f"{self.top}/log") as f:
            return f.read()

    def state(self):
        return json.loads(ask(f"{self.top}/d", "collect")[1])

    def stats(self):
        return self.state()["stats"]

    def reload(self):
        return ask(f"{self.top}/d", "collect", "/reload", "POST")

    def until(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                r = condition()
                if r:
                    return r
            except (OSError, http.client.HTTPException):
                pass
            self.assertIsNone(self.proc.poll(), "weir-collect ended: " + self.log_text())
            time.sleep(0.02)
        self.fail("did not happen: " + json.dumps(self.stats()) + self.log_text())

    def udp(self, port=None, domain=7, source="127.0.0.1"):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((source, 0))
        self.sockets.append(s)
        return Exporter(lambda b: s.sendto(b, ("127.0.0.1", port or self.ports["udp"])), domain)

    def tcp(self, scheme="tcp"):
        """A connected TCP socket."""
        s = socket.create_connection(("127.0.0.1", self.ports[scheme]), 10)
        self.sockets.append(s)
        return s

    def check_equations(self):
        s = self.stats()
        d, r = s["datagrams"], s["records"]
        self.assertEqual(d["received"], d["decoded"] + sum(s["reject"].values()), s)
        self.assertEqual(r["decoded"], r["spooled"] + sum(s["drop"].values()) + r["held"], s)
        self.assertEqual(r["spooled"], r["stored"] + r["waiting"] + sum(s["discard"].values()), s)
        return s


def run(*args, **kw):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          **kw).stdout


def in_path(program):
    return any(os.access(f"{d}/{program}", os.X_OK) for d in os.environ["PATH"].split(":") + ["/usr/sbin", "/sbin"])
