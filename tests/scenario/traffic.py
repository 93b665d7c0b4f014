# SPDX-License-Identifier: Apache-2.0
"""Real traffic between the two hosts of netns.Pair: web, DNS, ping and a bulk transfer, bounded in time and count."""
import socket
import subprocess
import time

from netns import ADDR


FLUSH_PORT = 9999
SINK = f"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", {FLUSH_PORT}))
while True:
    s.recv(2048)
"""
FLUSH = f"""
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(4000):
    s.sendto(bytes(200), ("{ADDR['b']}", {FLUSH_PORT}))
    if i % 200 == 0:
        time.sleep(0.01)
"""


def _wait_tcp(pair, port, seconds=10):
    end = time.monotonic() + seconds
    probe = f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
    while time.monotonic() < end:
        if subprocess.run(pair.wrap("b", "python3", "-c", probe), stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on port {port}")


def start_servers(pair, folder):
    (folder / "page.html").write_text("<p>" + "weir " * 4000)
    pair.start("b", "python3", "-m", "http.server", "8080", "--directory", str(folder))
    pair.start("b", "iperf3", "-s", "-p", "5201")
    pair.start("b", "python3", "-c", SINK)
    pair.start("b", "dnsmasq", "-k", "-p", "5353", "-R", "-h", "--address=/example.test/10.99.0.2", "--pid-file=",
               "--user=root", "--conf-file=/dev/null")
    _wait_tcp(pair, 8080)
    _wait_tcp(pair, 5201)


def generate(pair, bulk=True):
    """About 20 conversations and a few thousand packets; without bulk, slow ones only."""
    b = ADDR["b"]
    for _ in range(5):
        pair.on("a", "curl", "-s", "-o", "/dev/null", f"http://{b}:8080/page.html")
    for i in range(5):
        pair.on("a", "dig", "+tries=1", "+time=2", f"@{b}", "-p", "5353", f"h{i}.example.test")
    pair.on("a", "ping", "-c", "5", "-i", "0.2", "-s", "100", b)
    if bulk:
        pair.on("a", "iperf3", "-c", b, "-p", "5201", "-n", "4M", "-l", "16K", "-b", "40M")
    pair.on("a", "iperf3", "-c", b, "-p", "5201", "-u", "-b", "2M", "-n", "200K", "-l", "1000")
    time.sleep(0.5)


def flush(pair):
    """Pushes what was captured before out of an exporter's capture ring: softflowd opens it without a time-out, so
    packets wait until a block of the ring is full. To leave out where packets are compared: FLUSH_PORT."""
    pair.on("a", "python3", "-c", FLUSH)
    time.sleep(0.5)
