#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts a store in a temporary folder and lets `agree` compare SQL with evaluation on it.

usage: agree_scenario.py WEIR_STORE AGREE EXPRESSIONS [SEED]
The engine's library may be named by STORE_LIBRARY; without an engine the test is skipped (77).
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED, READY_S = 77, 60


def main():
    program, agree, expressions = sys.argv[1:4]
    seed = sys.argv[4] if len(sys.argv) > 4 else "1"
    top = tempfile.mkdtemp(prefix="weir-agree-")
    with open(top + "/weir.yaml", "w") as f:
        f.write("store: {library: \"%s\"}\n" % os.environ.get("STORE_LIBRARY", ""))
    log = open(top + "/log", "w+")
    store = subprocess.Popen([program, "--conf", top + "/weir.yaml", "--dir", top + "/d"], stderr=log)
    try:
        socket = top + "/d/run/store-query.sock"
        end = time.monotonic() + READY_S
        while not os.path.exists(socket) and store.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        if not os.path.exists(socket):
            log.seek(0)
            text = log.read()
            print(text, file=sys.stderr)
            return SKIPPED if "libchdb.so) is not there" in text else 1
        return subprocess.run([agree, "unix:" + socket, expressions, seed], check=False).returncode
    finally:
        store.terminate()
        try:
            store.wait(10)
        except subprocess.TimeoutExpired:
            store.kill()
            store.wait()
        log.close()
        shutil.rmtree(top)


sys.exit(main())
