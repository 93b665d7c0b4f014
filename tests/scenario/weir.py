# SPDX-License-Identifier: Apache-2.0
"""Runs Weir as a user would: `weir up` on a folder of its own, ports chosen by the kernel, and looks at it through
what it offers everybody: control sockets, the store's HTTP socket, the command line."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

BUILD = pathlib.Path(os.environ.get("WEIR_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))


class UnixHTTP(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("weir", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def unix_get(path, target, method="GET", body=None, timeout=60):
    c = UnixHTTP(path, timeout)
    try:
        c.request(method, target, body)
        r = c.getresponse()
        return r.status, r.read().decode()
    finally:
        c.close()


def wait_for(what, condition, seconds=30):
    """Polls until condition() is true; fails with `what` and the last value."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except (OSError, KeyError, ValueError, http.client.HTTPException) as e:
            value = None
            last = e
        else:
            last = value
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s (last: {last!r})")
        time.sleep(0.1)


class Weir:
    def __init__(self, conf="", wrap=None):
        """conf: YAML below the defaults of a test; wrap: puts a command into a network namespace."""
        self.tmp = tempfile.TemporaryDirectory(prefix="weir-test-")
        self.dir = pathlib.Path(self.tmp.name)
        self.conf = self.dir / "weir.yaml"
        self.conf.write_text(conf or self.default_conf())
        self.wrap = wrap or (lambda *a: list(a))
        self.up = None
        self.roles = ("store", "collect", "serve")

    @staticmethod
    def default_conf(threads=1):
        return (f"collect:\n  threads: {threads}\n  listen: [udp://127.0.0.1:0]\n"
                "serve:\n  listen: 127.0.0.1:0\n")

    def start(self):
        self.log = open(self.dir / "log", "ab")
        self.up = subprocess.Popen(
            self.wrap(str(BUILD / "weir"), "up", "--conf", str(self.conf), "--dir", str(self.dir / "d")),
            stdout=self.log, stderr=self.log)
        try:
            wait_for("weir up is ready", self._ready, 60)
        except AssertionError:
            print((self.dir / "log").read_text()[-4000:])
            self.stop()
            raise
        return self

    def _ready(self):
        if self.up.poll() is not None:
            raise AssertionError("weir up ended: " + (self.dir / "log").read_text()[-2000:])
        return all(unix_get(self.run_dir / f"{r}.sock", "/healthz")[0] == 200 for r in self.roles)

    def stop(self):
        """SIGINT as Ctrl-C does; returns the exit status."""
        if self.up and self.up.poll() is None:
            pid = self.pid_of("up")
            os.kill(pid or self.up.pid, signal.SIGINT)
            try:
                self.up.wait(40)
            except subprocess.TimeoutExpired:
                self.up.kill()
                self.up.wait()
                raise AssertionError("weir up did not stop on SIGINT")
        self.log.close()
        return self.up.returncode if self.up else None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *rest):
        try:
            if kind:
                print((self.dir / "log").read_text()[-4000:])
            self.stop()
        finally:
            self.tmp.cleanup()

    @property
    def run_dir(self):
        return self.dir / "d" / "run"

    def state(self, role):
        status, text = unix_get(self.run_dir / f"{role}.sock", "/state.json")
        assert status == 200, (status, text)
        return json.loads(text)

    def pid_of(self, role):
        try:
            return self.state(role)["pid"]
        except (OSError, AssertionError, KeyError):
            return None

    def listen_port(self, role):
        return self.state(role)["listen"][0]["port"]

    @property
    def flow_port(self):
        return self.listen_port("collect")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listen_port('serve')}"

    def sql(self, query, user="default"):
        """Rows of a query as lists of strings."""
        params = {"default_format": "TSV", "user": user}
        status, text = unix_get(self.run_dir / "store-query.sock", "/?" + urllib.parse.urlencode(params), "POST", query)
        assert status == 200, text
        return [line.split("\t") for line in text.splitlines()]

    def number(self, query):
        return int(self.sql(query)[0][0])

    def cli(self, *args, ok=(0,)):
        p = subprocess.run([str(BUILD / "weir"), *args, "--conf", str(self.conf), "--dir", str(self.dir / "d")],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        assert p.returncode in ok, (args, p.returncode, p.stdout, p.stderr)
        return p.stdout

    def stats(self):
        return self.state("collect")["stats"]

    def drained(self, seconds=60):
        """Waits until all that was received is in the store; returns the counters."""
        def done():
            s = self.stats()
            r = s["records"]
            return s if r["waiting"] == 0 and r["decoded"] == r["spooled"] + sum(s["drop"].values()) + r["held"] else None
        return wait_for("the spool is empty", done, seconds)

    def check_equations(self):
        """The three equations of docs/data-model.md, on the lifetime counters."""
        s = self.drained()
        d, r = s["datagrams"], s["records"]
        assert d["received"] == d["decoded"] + sum(s["reject"].values()), s
        assert r["decoded"] == r["spooled"] + sum(s["drop"].values()) + r["held"], s
        assert r["spooled"] == r["stored"] + r["waiting"] + sum(s["discard"].values()), s
        return s
