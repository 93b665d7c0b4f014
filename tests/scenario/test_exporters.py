# SPDX-License-Identifier: Apache-2.0
"""Real exporters on real traffic: what softflowd and pmacctd saw is what the store has, and what the interface
counted (packets exactly, bytes plus the 14 of an Ethernet header for each packet)."""
import pathlib
import re
import tempfile
import time
import unittest

import netns
import traffic
from weir import Weir, wait_for

ETHERNET = 14


class Exporters(unittest.TestCase):
    def measure(self, start, stop, version):
        """Starts an exporter on host b, makes traffic, ends the exporter, compares the store with the interface."""
        with tempfile.TemporaryDirectory() as tmp, netns.Pair() as pair:
            folder = pathlib.Path(tmp)
            traffic.start_servers(pair, folder)
            with Weir(wrap=lambda *a: pair.wrap("b", *a)) as weir:
                exporter = start(pair, folder, weir.flow_port)
                time.sleep(1.5)
                before = pair.counters()
                traffic.generate(pair)
                after = pair.counters()
                crossed = {k: after[k] - before[k] for k in after}
                stop(pair, folder, exporter, crossed["packets"])
                exporter.wait(20)
                ours = f"FROM flows WHERE dst_port != {traffic.FLUSH_PORT}"
                packets = f"SELECT sum(packets + rev_packets) {ours}"
                try:
                    wait_for("all packets are stored", lambda: weir.number(packets) >= crossed["packets"], 20)
                except AssertionError:
                    pass  # the comparison below says what is missing
                stats = weir.check_equations()
                self.assertEqual((stats["records"]["lost_before"], stats["sequence"]["lost_datagrams"]), (0, 0))
                stored = weir.number(packets)
                size = weir.number(f"SELECT sum(bytes + rev_bytes) {ours}")
                self.assertEqual(stored, crossed["packets"])
                self.assertEqual(size + ETHERNET * stored, crossed["bytes"])
                self.assertEqual(weir.sql("SELECT DISTINCT export_version FROM flows"), [[str(version)]])
                sums = "SELECT sum(bytes + rev_bytes), sum(packets + rev_packets) FROM "
                for rollup in ("series_30s", "series_5m"):
                    self.assertEqual(weir.sql(sums + rollup), weir.sql(sums + "flows"))
                # Who talked is who talked: the web server's flows, through the command line.
                web = weir.cli("flows", "-t", "-1h", "-n", "100", "--ndjson", "port 8080")
                self.assertGreaterEqual(len(web.splitlines()), 10 if version < 10 else 5)

    def softflowd(self, version, *more):
        def start(pair, folder, port):
            return pair.start("b", "softflowd", "-i", "vb", "-n", f"127.0.0.1:{port}", "-v", str(version), "-d",
                              "-B", str(32 << 20), "-c", str(folder / "ctl"), "-p", str(folder / "pid"), *more)

        def control(pair, folder, command):
            return pair.on("b", "softflowctl", "-c", str(folder / "ctl"), command)

        def stop(pair, folder, _, crossed):
            """It takes packets in their order: once it has seen one more than crossed, it has seen those."""
            def seen_all():
                traffic.flush(pair)
                return int(re.search(r"processed: (\d+)", control(pair, folder, "statistics"))[1]) > crossed
            wait_for("softflowd has seen all packets", seen_all, 60)
            self.assertIn("dropped by libpcap: 0", control(pair, folder, "statistics"))
            control(pair, folder, "expire-all")
            time.sleep(1)
            control(pair, folder, "shutdown")

        self.measure(start, stop, version)

    def test_softflowd_v5(self):
        self.softflowd(5)

    def test_softflowd_v9(self):
        self.softflowd(9)

    def test_softflowd_ipfix(self):
        self.softflowd(10)

    def test_softflowd_ipfix_biflow(self):
        self.softflowd(10, "-b")

    def pmacctd(self, version):
        def start(pair, folder, port):
            (folder / "pmacctd.conf").write_text(
                "daemonize: false\npcap_interface: vb\nplugins: nfprobe\n"
                "aggregate: src_host,dst_host,src_port,dst_port,proto,tos,tcpflags\n"
                f"nfprobe_receiver: 127.0.0.1:{port}\nnfprobe_version: {version}\n"
                "nfprobe_timeouts: maxlife=3600:expint=1\n")
            return pair.start("b", "pmacctd", "-f", str(folder / "pmacctd.conf"))

        def stop(pair, folder, exporter, _):
            time.sleep(1)
            exporter.send_signal(2)

        self.measure(start, stop, version)

    def test_pmacctd_v9(self):
        self.pmacctd(9)

    def test_pmacctd_ipfix(self):
        self.pmacctd(10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
