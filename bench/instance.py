# SPDX-License-Identifier: Apache-2.0
"""A `weir up` of a benchmark's own, in a folder of its own."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import time


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait(condition, what, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (ValueError, KeyError):
            pass
        time.sleep(0.2)
    sys.exit(f"{what}: not within {seconds} s")


def status(build, tmp):
    """What `weir status` says: role -> its object, and the store's tables as "tables"."""
    out = subprocess.run([build / "weir", "status", "--conf", tmp / "weir.yaml", "--json"], capture_output=True,
                         text=True).stdout
    s = json.loads(out)
    return {role["role"]: role for role in s["roles"]} | {"tables": s["store"]}


def start(build, tmp, port, library):
    """Starts it with state below tmp, listening on a UDP port; returns when it is ready."""
    text = f"store:\n  library: {library}\n" if library else ""
    (tmp / "weir.yaml").write_text(f"dir: {tmp}/weir\ncollect:\n  listen: [udp://127.0.0.1:{port}]\n{text}"
                                   "serve:\n  listen: 127.0.0.1:0\n")
    log = tmp / "up.log"
    up = subprocess.Popen([build / "weir", "up", "--conf", tmp / "weir.yaml"], stderr=open(log, "w"),
                          stdout=subprocess.DEVNULL)
    wait(lambda: status(build, tmp)["collect"]["state"] == "running", "weir up", 60)
    return up


def cpu(pid):
    """CPU seconds of a process by the names of its threads."""
    tick, used = os.sysconf("SC_CLK_TCK"), {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        text = (task / "stat").read_text()
        name = text[text.index("(") + 1:text.rindex(")")]
        fields = text.rsplit(") ", 1)[1].split()
        used[name] = used.get(name, 0) + (int(fields[11]) + int(fields[12])) / tick
    return used
