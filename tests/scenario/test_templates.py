# SPDX-License-Identifier: Apache-2.0
"""Templates and sampling rates outlive the collector: data that comes after its restart is decoded at once, also from
another port; a damaged file is set aside."""
import signal
import socket
import struct
import subprocess
import time
import unittest

from weir import BUILD, Weir, wait_for

FIELDS = [(8, 4), (12, 4), (7, 2), (11, 2), (1, 4), (2, 4)]


def nf9(sequence, count, *sets):
    """RFC 3954: the header, then sets."""
    return struct.pack(">HHIIII", 9, count, 3600000, int(time.time()), sequence, 7) + b"".join(sets)


def template():
    body = struct.pack(">HH", 256, len(FIELDS)) + b"".join(struct.pack(">HH", *f) for f in FIELDS)
    return struct.pack(">HH", 0, 4 + len(body)) + body


def sampling():
    """Options: scope system, interval 512."""
    body = struct.pack(">HHHHHHH", 300, 4, 4, 1, 4, 34, 4) + bytes(2)
    record = struct.pack(">II", 1, 512)
    return (struct.pack(">HH", 1, 4 + len(body)) + body, struct.pack(">HH", 300, 4 + len(record)) + record)


def data(n):
    body = b"".join(bytes([10, 0, 0, 1, 10, 0, 0, 2]) + struct.pack(">HHII", 1000 + i, 443, 100, 1) for i in range(n))
    return struct.pack(">HH", 256, 4 + len(body)) + body


class Templates(unittest.TestCase):
    def collect(self, weir):
        p = subprocess.Popen([str(BUILD / "weir-collect"), "--conf", str(weir.conf), "--dir", str(weir.dir / "d")],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("collector answers", lambda: weir.pid_of("collect") == p.pid)
        return p

    def send(self, weir, *messages):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.connect(("127.0.0.1", weir.flow_port))
            for m in messages:
                out.send(m)

    def test_restart_and_kill(self):
        weir = Weir()
        file = weir.dir / "d/templates"
        p = self.collect(weir)
        try:
            self.send(weir, nf9(1, 3, template(), *sampling()))
            wait_for("the templates are on disk", file.exists, 20)
            p.send_signal(signal.SIGKILL)
            p.wait(10)
            p = self.collect(weir)
            self.send(weir, nf9(2, 3, data(3)))
            wait_for("data are decoded", lambda: weir.stats()["records"]["decoded"] == 3)
            e = weir.state("collect")["exporters"][0]
            self.assertEqual((e["records"], e["sampling_rate"]), (3, 512))
            p.send_signal(signal.SIGTERM)
            p.wait(20)
            file.write_bytes(file.read_bytes()[:-1])
            p = self.collect(weir)
            self.assertFalse(file.exists())
            self.assertTrue((weir.dir / "d/templates.bad").exists())
            self.send(weir, nf9(3, 3, data(3)))
            wait_for("data are held", lambda: weir.stats()["records"]["held"] == 3)
            self.send(weir, nf9(4, 1, template()))
            wait_for("held data are decoded", lambda: weir.state("collect")["exporters"][0]["templates"] == 1)
        finally:
            p.send_signal(signal.SIGTERM)
            p.wait(20)
            weir.tmp.cleanup()


if __name__ == "__main__":
    unittest.main(verbosity=2)
