# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser over flows that came in over UDP: the office of `weir demo`, two routers with IPFIX and
sampled NetFlow v5. The steps are those of web/tests/e2e/real.spec.ts."""
import json
import os
import pathlib
import subprocess
import unittest
import urllib.request

from weir import BUILD, Weir, wait_for

WEB = pathlib.Path(__file__).resolve().parents[2] / "web"


class Browser(unittest.TestCase):
    def test_explore_on_real_flows(self):
        with Weir() as weir:
            port = weir.flow_port
            out = subprocess.run([str(BUILD / "weir"), "demo", "--to", f"127.0.0.1:{port}"], check=True,
                                 stdout=subprocess.PIPE, text=True).stdout
            datagrams = int(out.split(" datagrams")[0].split()[-1])
            wait_for("all datagrams are decoded", lambda: weir.stats()["datagrams"]["decoded"] == datagrams)
            stats = weir.check_equations()
            self.assertEqual(stats["records"]["lost_before"], 0)
            self.same_numbers(weir)
            env = dict(os.environ, WEIR_URL=weir.url)
            run = subprocess.run(["npx", "--no-install", "vitest", "run", "--config", "vitest.e2e.config.ts", "real.spec"],
                                 cwd=WEB, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240)
            self.assertEqual(run.returncode, 0, run.stdout)
            self.assertIn("4 passed", run.stdout)

    def same_numbers(self, weir):
        """The API, the command line and SQL agree on who sent most, scaled by the sampling rate."""
        window = {"from": "now-2h", "to": "now+1h"}
        body = {"time": window, "by": ["src_ip"], "metric": "bytes", "limit": 3}
        request = urllib.request.Request(weir.url + "/api/v1/top", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            api = [(r["key"]["src_ip"], str(r["bytes"])) for r in json.load(answer)["rows"]]
        sql = weir.sql("SELECT replaceOne(toString(src_ip), '::ffff:', '') AS ip, "
                       "sum(bytes * if(bitTest(present_0, 33), sampling_rate, 1)) AS b FROM flows "
                       "GROUP BY ip ORDER BY b DESC LIMIT 3")
        self.assertEqual(api, [tuple(r) for r in sql])
        cli = json.loads(weir.cli("top", "-s", "src_ip/bytes", "-n", "3", "-t", "now-2h/now", "--json"))
        rows = cli["rows"] if isinstance(cli, dict) else cli
        self.assertEqual([str(r["bytes"]) for r in rows], [b for _, b in api])


if __name__ == "__main__":
    unittest.main(verbosity=2)
