# SPDX-License-Identifier: Apache-2.0
"""What tests of a running Weir share: a `weir up` in a folder of its own, and its control sockets."""
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("weir", timeout=5)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(self.path)


def ask(directory, role, path="/state.json", method="GET"):
    c = UnixConnection(f"{directory}/run/{role}.sock")
    try:
        c.request(method, path)
        r = c.getresponse()
        return r.status, r.read().decode()
    finally:
        c.close()


class Supervised(unittest.TestCase):
    weir = None  # the program
    conf = ""  # text of its configuration

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="weir-up-")
        self.dir = self.top + "/d"
        self.processes = []
        with open(self.top + "/weir.yaml", "w") as f:
            f.write(self.conf)

    def tearDown(self):
        for p in self.processes:
            if p.poll() is None:
                p.terminate()
                p.wait(30)
            p.log.close()
        shutil.rmtree(self.top)

    def up(self, conf=None, **env):
        log = open(f"{self.top}/log{len(self.processes)}", "wb+")
        p = subprocess.Popen([self.weir, "up", "--conf", conf or self.top + "/weir.yaml", "--dir", self.dir],
                             stdout=log, stderr=log, env={**os.environ, **env})
        p.log = log
        self.processes.append(p)
        return p

    def text(self, p):
        p.log.seek(0)
        return p.log.read().decode()

    def until(self, what, p):
        """Waits for a true value of what(); errors of a socket that is not there yet count as false."""
        for _ in range(1500):
            try:
                value = what()
                if value:
                    return value
            except (OSError, ValueError, http.client.HTTPException):
                pass
            self.assertIsNone(p.poll(), "weir up ended: " + self.text(p))
            time.sleep(0.02)
        self.fail("did not happen; the log says:\n" + self.text(p))

    def roles(self):
        return {r["role"]: r for r in json.loads(ask(self.dir, "up")[1])["roles"]}

    def running(self, role):
        r = self.roles()[role]
        return r if r["state"] == "running" else None

    def all_ready(self):
        return ask(self.dir, "up", "/healthz")[0] == 200

    def ports(self):
        with open(self.dir + "/run/ports.json") as f:
            return json.load(f)

    def received(self):
        return json.loads(ask(self.dir, "collect")[1])["stats"]["datagrams"]["received"]
