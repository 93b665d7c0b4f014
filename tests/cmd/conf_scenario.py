# SPDX-License-Identifier: Apache-2.0
"""`weir conf check` finds what is wrong with values of probe.* that have a syntax of their own, and `weir meter` with
--protocols."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

WEIR = sys.argv[1]


class Check(unittest.TestCase):
    def check(self, probe):
        with tempfile.TemporaryDirectory(prefix="weir-conf-") as top:
            path = pathlib.Path(top) / "weir.yaml"
            path.write_text(f"dir: {top}\nprobe:\n  {probe}\n")
            r = subprocess.run([WEIR, "conf", "check", str(path)], capture_output=True, text=True, timeout=30)
            return r.returncode, (r.stdout + r.stderr).replace(str(path), "FILE").strip()

    def test_good(self):
        for probe in ("interfaces: [eth1, 'tap:eth2+eth3', 'vxlan:192.0.2.1:4789', 'gre:[::1]', 'file:/a.pcap']",
                      "export: [udp://192.0.2.1:4739, 'nf5://[2001:db8::1]:2055', tls://collector.example:4740]",
                      "protocols: [dns, tls]", "protocols: ['!rtp']", "packet_series: 30"):
            self.assertEqual(self.check(probe), (0, "FILE: ok"))

    def test_bad(self):
        for probe, says in (
                ("interfaces: ['tap:eth1']", "FILE: probe.interfaces: a TAP has two interfaces, as in tap:eth1+eth2: \"eth1\""),
                ("interfaces: [eth1, a/b]", "FILE: probe.interfaces: not the name of an interface: \"a/b\""),
                ("export: ['udp://192.0.2.1:99999']", "FILE: probe.export: "),
                ("export: [ftp://192.0.2.1:21]", "FILE: probe.export: "),
                ("protocols: [dns, htpp]", "FILE: probe.protocols: no protocol \"htpp\"; did you mean \"http\"?")):
            code, text = self.check(probe)
            self.assertEqual(code, 2, probe)
            self.assertTrue(text.startswith(says), text)

    def test_meter(self):
        r = subprocess.run([WEIR, "meter", "--protocols", "tsl", "/nowhere"], capture_output=True, text=True, timeout=30)
        self.assertEqual(r.returncode, 1)
        self.assertEqual(r.stderr.strip(), "weir meter: --protocols: no protocol \"tsl\"; did you mean \"tls\"?")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
