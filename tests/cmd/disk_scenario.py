#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A full disk, with no store to take anything off it: the oldest segments go and are counted, receiving goes on, and
what is newest is kept. The disk is a small tmpfs of its own (needs root).

usage: disk_scenario.py WEIR_COLLECT
"""
import os
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
from collecting import RECORDS, Collecting, run  # noqa: E402

Collecting.collect = sys.argv[1]
DISK_MB, DATAGRAMS = 6, 12000


@unittest.skipUnless(os.geteuid() == 0, "only root can mount")
class Disk(Collecting):
    def setUp(self):
        super().setUp()
        os.mkdir(f"{self.top}/d", 0o750)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=750", "tmpfs", f"{self.top}/d"],
                                 stderr=subprocess.DEVNULL)
        if mounted.returncode:
            os.rmdir(f"{self.top}/d")
            os.rmdir(self.top)
            self.skipTest("mounting is not allowed here")

    def tearDown(self):
        if self.proc and self.proc.poll() is None:
            self.proc.terminate()
            self.proc.wait(20)
        run("umount", f"{self.top}/d")
        super().tearDown()

    def fill(self, exporter, n):
        for i in range(n):
            exporter.send()
            if i % 20 == 0:
                time.sleep(0.004)

    def segments(self):
        return sorted(f for _, _, files in os.walk(f"{self.top}/d/spool") for f in files)

    def test_the_oldest_go_and_receiving_goes_on(self):
        self.write_conf()
        self.start()
        e = self.udp()
        self.fill(e, 200)
        self.until(lambda: self.stats()["records"]["spooled"] == 200 * RECORDS)
        first = self.segments()
        self.fill(e, DATAGRAMS)
        sent = e.sent * RECORDS
        self.until(lambda: self.stats()["datagrams"]["received"] == e.sent)
        self.until(lambda: self.stats()["records"]["spooled"] + sum(self.stats()["drop"].values()) == sent)
        s = self.check_equations()
        self.assertEqual((s["datagrams"]["kernel_drops"], s["records"]["lost_before"]), (0, 0))
        self.assertGreater(s["discard"]["quota"], 0)
        self.assertGreater(s["records"]["waiting"], 0)
        self.assertEqual(s["records"]["waiting"] + s["discard"]["quota"] + sum(s["drop"].values()), sent)
        # Nearly nothing is refused: the old makes room for the new.
        self.assertLess(sum(s["drop"].values()), sent / 50)
        self.assertFalse(set(first) & {f for f in self.segments() if f.endswith(".seg")})
        self.assertIn("at its quota or the disk is full", self.until(lambda: "full" in self.log_text() and self.log_text()))
        # The same after a restart, on the full disk.
        self.proc.terminate()
        self.assertEqual(self.proc.wait(20), 0)
        before = s
        self.start()
        self.fill(e, 500)
        self.until(lambda: self.stats()["datagrams"]["received"] == e.sent)
        s = self.until(lambda: self.stats()["records"]["spooled"] > before["records"]["spooled"] and self.check_equations())
        self.assertEqual(s["records"]["lost_before"], 0)
        self.assertTrue(self.state()["ready"])


unittest.main(argv=sys.argv[:1], verbosity=2)
