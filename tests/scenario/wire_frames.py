# SPDX-License-Identifier: Apache-2.0
"""Frames made by hand and put on an interface of a host of netns.Pair, and what live_frames takes from one."""
import json
import os
import signal
import struct
import subprocess
import threading

from weir import BUILD, wait_for

SENDER = """
import socket, sys, time
s = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW) for _ in sys.argv[2:]]
for x, dev in zip(s, sys.argv[2:]):
    x.bind((dev, 0))
gap = float(sys.argv[1])
for i, line in enumerate(sys.stdin):
    which, frame = line.split()
    s[int(which)].send(bytes.fromhex(frame))
    if gap:
        time.sleep(gap)
"""


def send(pair, side, frames, devices=None, gap=0):
    """frames: bytes, or (index of the device, bytes)."""
    lines = "".join(f"{w} {f.hex()}\n" for w, f in (x if isinstance(x, tuple) else (0, x) for x in frames))
    subprocess.run(pair.wrap(side, "python3", "-c", SENDER, str(gap), *(devices or ["v" + side])), input=lines, text=True,
                   check=True, timeout=60)


def ethernet(ethertype, payload, src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b"):
    return bytes.fromhex((dst + src).replace(":", "")) + struct.pack("!H", ethertype) + payload


def ipv4(proto, payload, src="10.99.0.1", dst="10.99.0.2"):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, proto, 0)
    head += b"".join(bytes(map(int, a.split("."))) for a in (src, dst))
    total = sum(struct.unpack("!10H", head))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:] + payload


def udp(src_port, dst_port, payload):
    return struct.pack("!HHHH", src_port, dst_port, 8 + len(payload), 0) + payload


class Taken:
    """live_frames on a host; frames are dicts with reader, t_ns, n, wire_n, bytes."""

    def __init__(self, pair, side, source, way="af_packet", threads=1, ring=4 << 20, snaplen=0, speed=0, filter="", slow_ms=0):
        env = dict(os.environ, SLOW_MS=str(slow_ms)) if slow_ms else None
        self.p = subprocess.Popen(
            pair.wrap(side, str(BUILD / "tests/packet/live_frames"), source, way, str(threads), str(ring), str(snaplen),
                      str(speed), filter), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        pair.children.append(self.p)
        self.how = self.p.stdout.readline().rstrip()
        assert self.how.startswith("ready"), self.how + self.p.stderr.read()
        self.readers = int(self.how.split()[1])
        self.frames, self.stats, self.ends = [], None, []
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        for line in self.p.stdout:
            if line.startswith("f "):
                _, reader, t, n, wire, *hex_ = line.split()
                self.frames.append({"reader": int(reader), "t_ns": int(t), "n": int(n), "wire_n": int(wire),
                                    "bytes": bytes.fromhex(hex_[0] if hex_ else "")})
            elif line.startswith("end "):
                self.ends.append(line.split(" ", 2)[2].rstrip())
            elif line.startswith("{"):
                self.stats = json.loads(line)

    def stop(self):
        """Ends it; returns the frames. What had come before is among them."""
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
        self.p.wait(20)
        self.thread.join(20)
        self.p.stderr.close()
        self.p.stdout.close()
        assert self.stats is not None, "it did not end well"
        return self.frames

    def kill(self):
        """As kill -9 does."""
        self.p.kill()
        self.p.wait()
        self.thread.join(20)
        self.p.stderr.close()
        self.p.stdout.close()

    def drops(self):
        return sum(self.stats["capture_drop"].values())

    def wait(self, n, seconds=20):
        wait_for(f"{n} frames", lambda: len(self.frames) >= n, seconds)
