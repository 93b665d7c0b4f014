# SPDX-License-Identifier: Apache-2.0
"""Two hosts on one machine: network namespaces joined by a veth pair, offloads off, static neighbours.

So that what the interface counts, what an exporter meters and what arrives in the store can be compared packet for
packet: nothing but our own traffic crosses the link (no IPv6 autoconfiguration, no ARP)."""
import os
import subprocess

MAC = {"a": "02:00:00:00:00:0a", "b": "02:00:00:00:00:0b"}
ADDR = {"a": "10.99.0.1", "b": "10.99.0.2"}


def run(*args, check=True, **kw):
    return subprocess.run(args, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw).stdout


class Pair:
    """Hosts a (clients) and b (servers, exporters, Weir), named by the process id so that runs do not meet."""

    def __init__(self):
        self.ns = {side: f"weir{os.getpid()}{side}" for side in "ab"}
        self.children = []

    def __enter__(self):
        for side in "ab":
            run("ip", "netns", "add", self.ns[side])
        run("ip", "-n", self.ns["a"], "link", "add", "va", "address", MAC["a"], "type", "veth",
            "peer", "name", "vb", "address", MAC["b"], "netns", self.ns["b"])
        for side, other in (("a", "b"), ("b", "a")):
            ns, dev = self.ns[side], "v" + side
            self.on(side, "sysctl", "-qw", f"net.ipv6.conf.{dev}.disable_ipv6=1", check=False)
            run("ip", "-n", ns, "link", "set", "lo", "up")
            run("ip", "-n", ns, "addr", "add", ADDR[side] + "/24", "dev", dev)
            self.on(side, "ethtool", "-K", dev, "tx", "off", "rx", "off", "sg", "off", "tso", "off", "gso", "off",
                    "gro", "off", check=False)
            run("ip", "-n", ns, "link", "set", dev, "up")
            run("ip", "-n", ns, "neigh", "replace", ADDR[other], "lladdr", MAC[other], "dev", dev, "nud", "permanent")
        return self

    def __exit__(self, *exc):
        for p in reversed(self.children):
            if p.poll() is None:
                p.terminate()
        for p in reversed(self.children):
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        for side in "ab":
            run("ip", "netns", "del", self.ns[side], check=False)

    def wrap(self, side, *args):
        return ["ip", "netns", "exec", self.ns[side], *args]

    def on(self, side, *args, check=True, **kw):
        """Runs a command on a host and returns its output."""
        return run(*self.wrap(side, *args), check=check, **kw)

    def start(self, side, *args, **kw):
        """Starts a server on a host; it ends with the pair."""
        kw.setdefault("stdout", subprocess.DEVNULL)
        kw.setdefault("stderr", subprocess.DEVNULL)
        p = subprocess.Popen(self.wrap(side, *args), **kw)
        self.children.append(p)
        return p

    def counters(self):
        """Frames and bytes that crossed vb, both directions, as its driver counted them."""
        total = {"packets": 0, "bytes": 0}
        for direction in ("rx", "tx"):
            for what in total:
                path = f"/sys/class/net/vb/statistics/{direction}_{what}"
                # sysfs shows the namespace it was mounted in; ip netns exec mounts it anew
                total[what] += int(self.on("b", "cat", path))
        return total
