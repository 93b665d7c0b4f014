#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The roles as they ship, under `weir up`: all become ready, each is restarted when it is killed, all stop cleanly.

usage: real_scenario.py WEIR ENGINE_LIBRARY    skips what is not there
"""
import os
import re
import signal
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
from supervised import Supervised, ask  # noqa: E402

WEIR, LIBRARY = sys.argv[1:3]
ROLES = [r for r in ("store", "collect", "serve") if os.access(f"{WEIR}-{r}", os.X_OK)]


@unittest.skipUnless(os.path.exists(LIBRARY), "the engine is not installed")
@unittest.skipUnless("store" in ROLES, "weir-store is not built")
class Real(Supervised):
    weir = WEIR
    conf = f"""
collect: {{listen: "udp://127.0.0.1:0", socket_buffer: 1MB}}
store: {{library: {LIBRARY}}}
serve: {{listen: "127.0.0.1:0"}}
"""

    def test_01_start_and_stop(self):
        p = self.up()
        self.until(self.all_ready, p)
        for role in ROLES:
            self.assertEqual(ask(self.dir, role, "/healthz")[0], 200)
            self.assertIn(f'weir_up{{role="{role}"', ask(self.dir, role, "/metrics")[1])
        if "serve" in ROLES:
            self.assertIn(f"http://127.0.0.1:{self.ports()['serve'][0]['port']}/", self.text(p))
        p.send_signal(signal.SIGINT)
        self.assertEqual(p.wait(60), 0)
        self.assertNotIn("does not stop", self.text(p))

    def test_02_each_role_is_restarted(self):
        p = self.up()
        self.until(self.all_ready, p)
        for role in ROLES:
            old = self.running(role)["pid"]
            os.kill(old, signal.SIGKILL)
            new = self.until(lambda: self.roles()[role]["restarts"] == 1 and self.running(role), p)
            self.assertNotEqual(new["pid"], old)
        self.until(self.all_ready, p)
        for role in ROLES:
            self.assertRegex(self.status(), rf"(?m)^{role} +running ")
        # The collector makes the tables when the store answers again.
        line = r"(?m)^store: 0 flows, [0-9.]+ MB on disk, [0-9.]+ GB free$"
        self.until(lambda: re.search(line, self.status()), p)

    def status(self):
        return subprocess.run([WEIR, "status", "--conf", self.top + "/weir.yaml", "--dir", self.dir],
                              capture_output=True, text=True, check=True).stdout


unittest.main(argv=sys.argv[:1], verbosity=2)
