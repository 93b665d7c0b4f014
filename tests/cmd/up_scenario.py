#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`weir up` with roles that only live: order, restart, lock, sockets that outlive the collector, clean stop.

usage: up_scenario.py WEIR FAKE_ROLE
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
from supervised import Supervised, ask  # noqa: E402

WEIR, FAKE = sys.argv[1:3]
CONF = """
collect: {listen: ["udp://127.0.0.1:0", "udp://*:0"], threads: 2, socket_buffer: 1MB}
serve: {listen: "127.0.0.1:0"}
"""


class Up(Supervised):
    conf = CONF

    def setUp(self):
        super().setUp()
        os.mkdir(self.top + "/bin")
        self.weir = self.top + "/bin/weir"
        shutil.copy(WEIR, self.weir)
        for role in ("store", "collect", "serve"):
            shutil.copy(FAKE, f"{self.weir}-{role}")

    def test_01_start_and_stop(self):
        p = self.up(FAKE_SLOW="store")
        self.until(self.all_ready, p)
        log = self.text(p)
        self.assertIn("left out, not built yet: detect, probe", log)
        self.assertLess(log.index("store is ready"), log.index("collect started"))
        self.assertLess(log.index("collect is ready"), log.index("serve started"))
        self.assertEqual(self.roles()["probe"]["state"], "not built")
        self.assertEqual(os.stat(self.dir).st_mode & 0o777, 0o750)
        ports = self.ports()
        self.assertEqual(ports["collect"][0]["address"], "127.0.0.1")
        self.assertNotEqual(ports["collect"][0]["port"], 0)
        self.assertEqual(ports["control"]["store"], self.dir + "/run/store.sock")
        pids = [r["pid"] for r in self.roles().values() if "pid" in r]
        p.send_signal(signal.SIGINT)
        self.assertEqual(p.wait(30), 0)
        log = self.text(p)
        self.assertLess(log.index("serve stopped"), log.index("collect stopped"))
        self.assertLess(log.index("collect stopped"), log.index("store stopped"))
        self.assertEqual(sorted(os.listdir(self.dir + "/run")), ["up.lock"])
        for pid in pids:
            self.assertFalse(os.path.exists(f"/proc/{pid}"))

    def test_02_each_role_is_restarted(self):
        p = self.up()
        self.until(self.all_ready, p)
        for role in ("store", "collect", "serve"):
            old = self.running(role)["pid"]
            os.kill(old, signal.SIGKILL)
            new = self.until(lambda: self.roles()[role]["restarts"] == 1 and self.running(role), p)
            self.assertNotEqual(new["pid"], old)
            self.assertIn(f"{role} was ended by signal 9", self.text(p))
        self.until(self.all_ready, p)
        self.assertIn('weir_role_restarts_total{role="store"} 1', ask(self.dir, "up", "/metrics")[1])

    def test_03_datagrams_wait_for_the_collector(self):
        p = self.up()
        self.until(self.all_ready, p)
        to = [(a["address"], a["port"]) for a in self.ports()["collect"] if ":" not in a["address"]]
        to = [("127.0.0.1" if a == "0.0.0.0" else a, port) for a, port in to]
        self.assertEqual(len(to), 2)
        senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
        for s in senders:
            for address in to:
                s.sendto(b"x", address)
        self.until(lambda: self.received() == 16, p)
        os.kill(self.running("collect")["pid"], signal.SIGKILL)
        for s in senders:
            for address in to:
                s.sendto(b"y", address)
            s.close()
        self.until(lambda: self.running("collect") and self.received() == 16, p)

    def test_04_one_supervisor_per_dir(self):
        p = self.up()
        self.until(self.all_ready, p)
        second = self.up()
        self.assertEqual(second.wait(30), 1)
        self.assertIn("another weir up runs on", self.text(second))
        self.assertTrue(self.all_ready())

    def test_05_nothing_starts_on_a_bad_configuration(self):
        bad = self.top + "/bad.yaml"
        with open(bad, "w") as f:
            f.write("serve:\n  listen: nowhere\ncolect:\n  threads: 1\n")
        p = self.up(conf=bad)
        self.assertEqual(p.wait(30), 2)
        self.assertIn("bad.yaml:2:11: serve.listen", self.text(p))
        self.assertIn('bad.yaml:3:1: no key "colect"; did you mean "collect"?', self.text(p))
        self.assertFalse(os.path.exists(self.dir))

    def test_06_a_broken_role_does_not_hold_up_the_others(self):
        p = self.up(FAKE_BROKEN="store")
        self.until(lambda: self.running("serve") and self.running("collect"), p)
        self.until(lambda: self.roles()["store"]["restarts"] >= 3, p)
        status, text = ask(self.dir, "up", "/healthz")
        self.assertEqual(status, 503)
        self.assertIn("store is", text)
        self.assertIn("ended with exit code 3", self.text(p))

    def test_07_reload(self):
        p = self.up()
        self.until(self.all_ready, p)
        self.assertEqual(ask(self.dir, "up", "/reload", "POST"), (200, '{"changed":[]}\n'))
        self.until(lambda: self.text(p).count("reloaded") == 3, p)
        p.send_signal(signal.SIGHUP)
        self.until(lambda: self.text(p).count("reloaded") == 6, p)
        with open(self.top + "/weir.yaml", "w") as f:
            f.write("bogus: 1\n")
        status, text = ask(self.dir, "up", "/reload", "POST")
        self.assertEqual(status, 422)
        self.assertIn('no key "bogus"', text)
        self.assertEqual(self.text(p).count("reloaded"), 6)

    def test_08_roles_go_with_a_killed_supervisor(self):
        p = self.up()
        self.until(self.all_ready, p)
        pids = [r["pid"] for r in self.roles().values() if "pid" in r]
        p.kill()
        p.wait(30)
        for _ in range(1500):
            if not any(os.path.exists(f"/proc/{pid}") for pid in pids):
                break
            time.sleep(0.02)
        else:
            self.fail("roles live on")
        p = self.up()
        self.until(self.all_ready, p)

    def test_09_a_stubborn_role_is_killed(self):
        p = self.up(FAKE_STUBBORN="collect")
        self.until(self.all_ready, p)
        p.send_signal(signal.SIGTERM)
        self.assertEqual(p.wait(60), 0)
        self.assertIn("collect does not stop; killing it", self.text(p))
        self.assertIn("store stopped", self.text(p))

    def test_11_a_role_without_work_is_off(self):
        shutil.copy(FAKE, f"{self.weir}-probe")

        def reload(text):
            with open(self.top + "/weir.yaml", "w") as f:
                f.write(CONF + text)
            status, answer = ask(self.dir, "up", "/reload", "POST")
            self.assertEqual(status, 200)
            return {c["key"]: c["effect"] for c in json.loads(answer)["changed"]}

        p = self.up()
        self.until(self.all_ready, p)
        self.assertEqual(self.roles()["probe"]["state"], "off")
        self.assertIn("left out, not built yet: detect\n", self.text(p))
        self.assertEqual(reload("probe: {interfaces: [eth0]}\n"), {"probe.interfaces": "handover"})
        first = self.until(lambda: self.running("probe"), p)["pid"]
        self.assertEqual(reload("probe: {interfaces: [eth0], filter: tcp}\n"), {"probe.filter": "handover"})
        self.until(lambda: self.running("probe") and self.running("probe")["pid"] != first, p)
        self.assertEqual(self.roles()["probe"]["restarts"], 0)
        reload("")
        self.until(lambda: self.roles()["probe"]["state"] == "off", p)
        self.until(self.all_ready, p)
        p.send_signal(signal.SIGINT)
        self.assertEqual(p.wait(30), 0)

    def test_10_status(self):
        p = self.up()
        self.until(self.all_ready, p)
        args = [self.weir, "status", "--conf", self.top + "/weir.yaml", "--dir", self.dir]
        table = subprocess.run(args, capture_output=True, text=True, check=True).stdout
        for role in ("store", "collect", "serve"):
            self.assertRegex(table, rf"(?m)^{role} +running +{self.running(role)['pid']} ")
        self.assertRegex(table, r"(?m)^probe +not built ")
        status = json.loads(subprocess.run(args + ["--json"], capture_output=True, text=True, check=True).stdout)
        self.assertEqual([r["role"] for r in status["roles"]], ["store", "collect", "serve", "detect", "probe"])
        self.assertEqual(status["roles"][1]["received"], 0)
        p.send_signal(signal.SIGTERM)
        p.wait(30)
        self.assertEqual(subprocess.run(args, capture_output=True).returncode, 1)


unittest.main(argv=sys.argv[:1], verbosity=2)
