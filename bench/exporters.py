#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a collector needs to remember many exporters: 10 000 of them (addresses of 127.0.0.0/8) tell 20 templates of 24
elements each, all different, then send flows. Prints one line of JSON: resident memory before and after, and whether
every flow was decoded. Usage: bench/exporters.py [BUILD] [EXPORTERS] [TEMPLATES]"""
import json
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/scenario"))
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build").resolve()
EXPORTERS = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
TEMPLATES = int(sys.argv[3]) if len(sys.argv) > 3 else 20
FIELDS = [(8, 4), (12, 4), (15, 4), (10, 4), (14, 4), (2, 8), (1, 8), (22, 4), (21, 4), (7, 2), (11, 2), (6, 1), (4, 1),
          (5, 1), (16, 4), (17, 4), (9, 1), (13, 1), (61, 1), (89, 1), (58, 2), (56, 6), (80, 6)]


def message(sequence, count, sets):
    return struct.pack(">HHIIII", 9, count, 3600000, int(time.time()), sequence, 1) + sets


def templates():
    """20 of them in a datagram; the last element tells them apart."""
    out = b""
    for i in range(TEMPLATES):
        fields = FIELDS + [(210, 1 + i)]
        out += struct.pack(">HH", 256 + i, len(fields)) + b"".join(struct.pack(">HH", *f) for f in fields)
    return struct.pack(">HH", 0, 4 + len(out)) + out


def record():
    body = bytes(sum(n for _, n in FIELDS)) + b"\x01"
    return struct.pack(">HH", 256, 4 + len(body)) + bytes([10]) + body[1:]


def rss_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024


def main():
    from weir import Weir, wait_for
    weir = Weir("collect:\n  listen: [udp://127.0.0.1:0]\n")
    p = subprocess.Popen([str(BUILD / "weir-collect"), "--conf", str(weir.conf), "--dir", str(weir.dir / "d")],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("collector answers", lambda: weir.pid_of("collect") == p.pid)
        before, port, told, flow = rss_mb(p.pid), weir.flow_port, templates(), record()
        for i in range(EXPORTERS):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.bind((f"127.{1 + i // 65536}.{i // 256 % 256}.{i % 256}", 40000))
                s.connect(("127.0.0.1", port))
                s.send(message(1, TEMPLATES, told))
                s.send(message(2, 1, flow))
            if i % 200 == 0:
                time.sleep(0.02)
        wait_for("flows are decoded", lambda: weir.stats()["records"]["decoded"] >= EXPORTERS, 60)
        time.sleep(15)  # the vault is written
        after, s = rss_mb(p.pid), weir.stats()
        print(json.dumps({"bench": "exporters", "exporters": s["exporters"]["live"], "templates": s["templates"]["live"],
                          "records": s["records"]["decoded"], "refused": s["templates"]["refused"],
                          "rss_before_mb": before, "rss_after_mb": after,
                          "file_mb": round((weir.dir / "d/templates").stat().st_size / 1e6, 1)}))
    finally:
        p.terminate()
        p.wait(20)
        weir.tmp.cleanup()


if __name__ == "__main__":
    main()
