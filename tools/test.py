#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every test that was built, and the tests of the web page; ends with one line: N passed, N failed, N skipped.

A test program counts as the cases it reports (cmocka, unittest, vitest), or as one. What failed is named again before
the last line. Exit code 0 only if nothing failed and something passed.
"""
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Build folder and its suites: everything under the sanitizers, and what only the release build can run.
MESON = [("build-asan", ["unit", "fuzz", "scenario"]), ("build", ["style", "release"])]
WEB = ["check", "test:unit", "test:e2e"]
WEB_SECONDS = 900  # for each; a hanging browser is a failure

# How programs report their cases: (passed, failed, skipped), as sums over all matches in the output.
CASES = [
    (r"\[  PASSED  \] (\d+) test", r"\[  FAILED  \] (\d+) test", r"\[  SKIPPED \] (\d+) test"),      # cmocka
    (r"^Ran (\d+) tests? in ", r"^FAILED \(.*?(?:failures|errors)=(\d+)", r"^(?:OK|FAILED) \(.*?skipped=(\d+)"),
    (r"^ *Tests  .*?(\d+) passed", r"^ *Tests  .*?(\d+) failed", r"^ *Tests  .*?(\d+) skipped"),      # vitest
]


def cases(output, result):
    output = re.sub(r"\x1b\[[0-9;]*m", "", output)
    for number, row in enumerate(CASES):
        n = [sum(int(x) for x in re.findall(p, output, re.M)) for p in row]
        if not any(n):
            continue
        if number == 1:  # unittest counts all it ran
            n[0] -= n[1] + n[2]
        if result != "OK" and n[1] == 0:
            n[1] = 1
        return n
    return [int(result == "OK"), int(result not in ("OK", "SKIP")), int(result == "SKIP")]


def run_meson(folder, suites):
    log = f"{folder}/meson-logs/testlog.json"
    if os.path.exists(log):
        os.remove(log)
    args = ["meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs"]
    for s in suites:
        args += ["--suite", s]
    code = subprocess.run(args, stderr=subprocess.STDOUT).returncode
    results = []
    if os.path.exists(log):
        with open(log) as f:
            for line in f:
                t = json.loads(line)
                text = t.get("stdout", "") + t.get("stderr", "")
                results.append((f"{folder}: {t['name']}", *cases(text, t["result"])))
    if code and not any(r[2] for r in results):
        results.append((f"{folder}: meson test", 0, 1, 0))
    return results


def run_web(script):
    began = time.monotonic()
    p = subprocess.run(["timeout", "-k", "10", str(WEB_SECONDS), "npm", "run", "--silent", script], cwd="web",
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(f"web: {script} {'OK' if p.returncode == 0 else 'FAIL'} {time.monotonic() - began:.1f}s", flush=True)
    if p.returncode:
        print(p.stdout)
    return (f"web: {script}", *cases(p.stdout, "OK" if p.returncode == 0 else "FAIL"))


def main():
    os.chdir(ROOT)
    results = []
    for folder, suites in MESON:
        results += run_meson(folder, suites)
    if os.path.exists("web/package.json"):
        results += [run_web(s) for s in WEB]
    for name, _, failed, _ in results:
        if failed:
            print(f"FAILED {name}")
    passed, failed, skipped = (sum(r[i] for r in results) for i in (1, 2, 3))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed > 0 else 1


sys.exit(main())
