#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`--api`: the command line gets the same answers through the REST API as from the store beside it."""
import http.server
import json
import pathlib
import re
import subprocess
import tempfile
import threading
import time
import unittest

from weir import BUILD, Weir

RANGE = ("-t", "2000-01-01/now")
QUESTIONS = (("top", "-s", "src_ip,proto", "-n", "3", *RANGE), ("top", "-s", "port", "-n", "3", "proto", "tcp", *RANGE),
             ("series", "-s", "proto", "-n", "2", "-t", "now-2h/now", "--step", "10m"),
             ("top", "-s", "exporter_ip,in_if/bps", "-n", "3", *RANGE), ("series", "-s", "exporter_ip,out_if", "-n", "2", "-t", "now-2h/now"),
             ("flows", "-n", "5", "-O", "bytes", "dst port 443", *RANGE), ("exporters",))


def steady(text):
    """Without what changes from one question to the next."""
    text = re.sub(r"in \d+ ms|\d+ s ago", "", text)
    text = re.sub(r'"(elapsed_ms|rate\w*|last_seen|lag\w*|from|to)":[-\d.]+', "", text)
    return re.sub(r"from \S+Z to \S+Z", "", text)


class Asked(http.server.BaseHTTPRequestHandler):
    """What a Weir behind a token would see."""
    seen = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, self.headers["Authorization"], body))
        text = b'{"type":"about:blank","title":"Forbidden","status":403,"detail":"no such token"}'
        self.send_response(403)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


class Remote(unittest.TestCase):
    maxDiff = None

    def test_same_answers(self):
        with Weir() as w:
            subprocess.run([str(BUILD / "weir"), "demo", "--to", f"127.0.0.1:{w.flow_port}", "-q"], check=True, timeout=120)
            stored = [-2, -1]
            while stored[-1] != stored[-2]:
                stored.append(w.drained()["records"]["stored"])
                time.sleep(1)
            for question in QUESTIONS:
                for form in ((), ("--json",), ("--ndjson",), ("--csv",)):
                    with self.subTest(question=question, form=form):
                        here = w.cli(*question, *form)
                        there = subprocess.run([str(BUILD / "weir"), *question, *form, "--api", w.url], text=True, timeout=60,
                                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
                        self.assertEqual(there.returncode, 0, there.stderr)
                        if question == ("exporters",):  # rates move
                            of = lambda text: re.findall(r"127\.0\.0\.\d+|NetFlow v5|IPFIX", text)  # noqa: E731
                        else:
                            of = steady
                        self.assertEqual(of(here), of(there.stdout))
                        self.assertTrue(len(here) > 40)

    def test_token_and_refusal(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Asked)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with tempfile.TemporaryDirectory() as d:
            token = pathlib.Path(d) / "token"
            token.write_text("s3cret\n")
            token.chmod(0o600)
            p = subprocess.run([str(BUILD / "weir"), "top", "-s", "src_ip", "proto", "tcp", "--api",
                                f"http://127.0.0.1:{server.server_port}/", "--token-file", str(token)],
                               text=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        server.shutdown()
        server.server_close()
        self.assertEqual(p.returncode, 1)
        self.assertIn("answers 403: no such token", p.stderr)
        path, authorization, body = Asked.seen[-1]
        self.assertEqual((path, authorization), ("/api/v1/top", "Bearer s3cret"))
        self.assertEqual((body["by"], body["filter"]), (["src_ip"], "proto tcp"))

    def test_nobody_there(self):
        p = subprocess.run([str(BUILD / "weir"), "flows", "--api", "http://127.0.0.1:1"], text=True, timeout=60,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual((p.returncode, p.stdout), (1, ""))
        self.assertTrue(p.stderr)


unittest.main()
