# SPDX-License-Identifier: Apache-2.0
"""Kill -9 in the middle of five million flows. Store or serve killed: nothing missing, nothing doubled, in the raw
table and in every rollup. Collector killed: at most its open batches are missing, and the books say how many."""
import json
import os
import signal
import subprocess
import time
import unittest

from weir import BUILD, Weir, wait_for

FLOWS, RATE = 5_000_000, 200_000


class Load:
    """flowsend beside a running Weir: IPFIX, whose sequence numbers count records."""

    def __init__(self, weir, flows=FLOWS, rate=RATE, proto="ipfix"):
        self.p = subprocess.Popen(
            [str(BUILD / "bench/flowsend"), proto, "127.0.0.1", str(weir.flow_port), "-n", str(flows), "-r", str(rate),
             "-e", "4", "-d", "4096"], stdout=subprocess.PIPE, text=True)

    def finish(self):
        out, _ = self.p.communicate(timeout=180)
        sent = json.loads(out)
        assert sent["errors"] == 0, sent
        return sent["records"]


class Kill(unittest.TestCase):
    def kill(self, weir, role):
        pid = weir.pid_of(role)
        self.assertIsNotNone(pid, role)
        os.kill(pid, signal.SIGKILL)
        wait_for(f"{role} is started again", lambda: weir.pid_of(role) not in (None, pid), 30)

    def all_accounted(self, weir, sent):
        def done():
            r = weir.stats()["records"]
            return r["decoded"] + r["lost_before"] == sent
        try:
            wait_for("every record sent is decoded or known to be lost", done, 60)
        except AssertionError as e:
            raise AssertionError(f"{e}; {sent} sent; {json.dumps(weir.stats())}") from e

    def rollups_agree(self, weir):
        raw = weir.sql("SELECT sum(bytes + rev_bytes), sum(packets + rev_packets), count() FROM flows")
        for table in ("series_30s", "series_5m"):
            self.assertEqual(weir.sql("SELECT sum(bytes + rev_bytes), sum(packets + rev_packets), sum(flows) "
                                      f"FROM {table}"), raw, table)

    def test_store_and_serve(self):
        with Weir() as weir:
            load = Load(weir)
            for at, role in ((4, "store"), (5, "serve"), (6, "store")):
                time.sleep(at / 2)
                self.kill(weir, role)
            sent = load.finish()
            wait_for("all are decoded", lambda: weir.stats()["records"]["decoded"] == sent)
            stats = weir.check_equations()
            self.assertEqual(weir.number("SELECT count() FROM flows"), sent)
            self.assertEqual(stats["records"]["stored"], sent)
            self.rollups_agree(weir)
            self.assertEqual(weir.sql("CHECK TABLE flows_core SETTINGS check_query_single_value_result = 1", user="writer")[0][0], "1")

    def test_collector(self):
        with Weir() as weir:
            load = Load(weir)
            # A collector that knows no template cannot say how many records are in what it cannot read.
            wait_for("the templates are saved", (weir.dir / "d/templates").exists, 60)
            time.sleep(3)
            self.kill(weir, "collect")
            time.sleep(4)
            self.kill(weir, "collect")
            sent = load.finish()
            self.all_accounted(weir, sent)
            stats = weir.check_equations()
            stored = weir.number("SELECT count() FROM flows")
            self.assertEqual(stats["records"]["stored"], stored)
            # What the two kills cost: seen as gaps, and no more than the open second of each.
            self.assertEqual(sent - stored, stats["records"]["lost_before"])
            self.assertGreater(sent - stored, 0)
            self.assertLess(sent - stored, 2 * 1.3 * RATE)
            self.rollups_agree(weir)


if __name__ == "__main__":
    unittest.main(verbosity=2)
