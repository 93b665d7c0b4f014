#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`weir filter check` and `weir filter match` as a person or a script meets them.

usage: cli_scenario.py WEIR
"""
import subprocess
import sys
import tempfile
import unittest

WEIR = sys.argv[1]
FLOWS = b"""{"src_ip":"10.0.0.5","dst_port":443,"proto":6,"bytes":1840}
{"dst_port":53, "proto":17,   "unknown":[1], "src_ip":"2001:db8::5","bytes":18446744073709551615}

{"proto":1,"icmp_type":3}"""


def run(*args, stdin=b""):
    p = subprocess.run([WEIR, "filter", *args], input=stdin, capture_output=True, check=False, timeout=60)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


class Check(unittest.TestCase):
    def test_normal_form(self):
        self.assertEqual(run("check", "host 1.2.3.4 and bytes > 1M"), (0, "ip = 1.2.3.4 and bytes > 1000000\n", ""))

    def test_words_may_be_several_arguments(self):
        self.assertEqual(run("check", "src", "port", "80"), (0, "src_port = 80\n", ""))

    def test_error_has_place_and_mark(self):
        code, out, err = run("check", 'dst_port = "x"')
        self.assertEqual((code, out), (2, ""))
        first, text, mark = err.splitlines()
        self.assertTrue(first.startswith("weir filter: 1:12: dst_port: expected"))
        self.assertEqual((text, mark), ('  dst_port = "x"', "             ^^^"))

    def test_wrong_usage(self):
        for args in ((), ("check",), ("frobnicate", "any")):
            self.assertEqual(run(*args)[0], 2, args)

    def test_names_only_with_resolve(self):
        self.assertEqual(run("check", "host localhost")[0], 2)
        code, out, _ = run("check", "--resolve", "host localhost")
        self.assertEqual(code, 0)
        self.assertTrue("127.0.0.1" in out or "::1" in out)

    def test_include(self):
        with tempfile.NamedTemporaryFile("w", suffix=".filter") as f:
            f.write("port 80 or\nport 443 # web\n")
            f.flush()
            self.assertEqual(run("check", "@include " + f.name + " and proto tcp")[1],
                             "(port = 80 or port = 443) and proto = tcp\n")


class Match(unittest.TestCase):
    def test_lines_come_out_unchanged(self):
        lines = FLOWS.decode().splitlines()
        self.assertEqual(run("match", "port 53 or icmp-type 3", stdin=FLOWS), (0, lines[1] + "\n" + lines[3] + "\n", ""))
        self.assertEqual(run("match", "bytes = 18446744073709551615", stdin=FLOWS)[1], lines[1] + "\n")
        self.assertEqual(run("match", "count 3", stdin=FLOWS)[1], lines[3] + "\n")

    def test_nothing_found(self):
        self.assertEqual(run("match", "port 1", stdin=FLOWS), (1, "", ""))
        self.assertEqual(run("match", "any"), (1, "", ""))

    def test_bad_line_is_reported_and_skipped(self):
        code, out, err = run("match", "any", stdin=b'{"proto":6}\n{"proto":\n{"proto":700}\n{"proto":17}\n')
        self.assertEqual((code, out), (1, '{"proto":6}\n{"proto":17}\n'))
        self.assertEqual([line[:len("weir filter: line N:")] for line in err.splitlines()],
                         ["weir filter: line 2:", "weir filter: line 3:"])

    def test_more_than_a_batch(self):
        flows = b"".join(b'{"src_port":%d,"proto":6}\n' % (i % 65536) for i in range(10000))
        code, out, _ = run("match", "src_port >= 5000 and not src port in [6000-6999]", stdin=flows)
        self.assertEqual((code, out.count("\n")), (0, 4000))
        self.assertEqual(run("match", "count > 4095 and count <= 4097", stdin=flows)[1],
                         '{"src_port":4095,"proto":6}\n{"src_port":4096,"proto":6}\n')


unittest.main(argv=sys.argv[:1])
