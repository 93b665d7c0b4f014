# SPDX-License-Identifier: Apache-2.0
"""Live capture as the probe does it, packet for packet against what the interface counted: AF_PACKET and AF_XDP, VLAN
tags, filters, several threads, TAPs, mirrored traffic, full rings."""
import pathlib
import struct
import tempfile
import time
import unittest

import netns
import traffic
from netns import ADDR, run
from wire_frames import Taken, ethernet, ipv4, send, udp


def numbered(n, size=100, port=7000):
    """UDP packets that carry their number, to nobody, so that nobody answers."""
    return [ethernet(0x0800, ipv4(17, udp(port, 9, struct.pack("!I", i) + bytes(size)), dst="192.0.2.9")) for i in range(n)]


def numbers(frames, at=42):
    return [struct.unpack("!I", f["bytes"][at:at + 4])[0] for f in frames]


class Ring(unittest.TestCase):
    def test_real_traffic(self):
        """What the ring gives is what the interface counted, over two threads, and every flow is in one of them."""
        with tempfile.TemporaryDirectory() as tmp, netns.Pair() as pair:
            traffic.start_servers(pair, pathlib.Path(tmp))
            taken = Taken(pair, "b", "vb", threads=2, ring=32 << 20)
            self.assertEqual(taken.readers, 2)
            before = pair.counters()
            traffic.generate(pair)
            after = pair.counters()
            taken.wait(after["packets"] - before["packets"])
            frames = taken.stop()
            self.assertEqual(taken.drops(), 0)
            self.assertEqual(len(frames), after["packets"] - before["packets"])
            self.assertEqual(sum(f["wire_n"] for f in frames), after["bytes"] - before["bytes"])
            self.assertEqual(taken.stats["capture"]["frames"], len(frames))
            self.assertEqual(taken.stats["capture"]["bytes"], after["bytes"] - before["bytes"])
            flows = {}
            for f in frames:
                b = f["bytes"]
                if b[23] in (6, 17):
                    ends = frozenset([b[26:30] + b[34:36], b[30:34] + b[36:38]])
                    flows.setdefault(ends, set()).add(f["reader"])
            self.assertGreater(len(flows), 10)
            self.assertEqual({len(v) for v in flows.values()}, {1})
            self.assertEqual({f["reader"] for f in frames}, {0, 1})

    def test_idle_link(self):
        """A single frame does not wait for others; its time is that of its coming."""
        with netns.Pair() as pair:
            taken = Taken(pair, "b", "vb")
            before = time.time_ns()
            send(pair, "a", numbered(1))
            taken.wait(1)
            after = time.time_ns()
            self.assertTrue(before < taken.stop()[0]["t_ns"] < after)

    def test_vlan_tags(self):
        """Tags that the kernel takes off come back, with the type they had."""
        def tagged(*tags):
            head = b"".join(struct.pack("!HH", tag, next_) for (_, tag), next_ in
                            zip(tags, [t for t, _ in tags[1:]] + [0x0800]))
            return ethernet(tags[0][0], head + ipv4(17, udp(1, 2, bytes(30)), dst="192.0.2.9"))
        with netns.Pair() as pair:
            taken = Taken(pair, "b", "vb", filter="vlan 100")
            frames = [tagged((0x8100, 0x6064)), tagged((0x88A8, 0x2064), (0x8100, 7)), tagged((0x8100, 5)),
                      tagged((0x88A8, 100), (0x88A8, 8), (0x8100, 9)), numbered(1)[0]]
            send(pair, "a", frames)
            taken.wait(3)
            got = taken.stop()
            self.assertEqual([f["bytes"] for f in got], [frames[0], frames[1], frames[3]])
            self.assertEqual([f["wire_n"] for f in got], [len(frames[0]), len(frames[1]), len(frames[3])])

    def test_vlan_devices(self):
        """The same from a sender whose tags the kernel makes."""
        with netns.Pair() as pair:
            for side, ip in (("a", "10.98.0.1"), ("b", "10.98.0.2")):
                ns, dev = pair.ns[side], "v" + side
                if "rror" in run("ip", "-n", ns, "link", "add", "q", "link", dev, "type", "vlan", "proto", "802.1ad",
                                 "id", "100", check=False):
                    self.skipTest("this kernel has no VLAN devices")
                run("ip", "-n", ns, "link", "add", "c", "link", "q", "type", "vlan", "id", "7")
                run("ip", "-n", ns, "addr", "add", ip + "/24", "dev", "c")
                for d in ("q", "c"):
                    run("ip", "-n", ns, "link", "set", d, "up", "addrgenmode", "none")
            taken = Taken(pair, "b", "vb", filter="vlan 100")
            pair.on("a", "ping", "-c", "3", "-i", "0.2", "10.98.0.2")
            taken.wait(6)
            pings = [f for f in taken.stop() if f["bytes"][20:22] == b"\x08\x00"]
            self.assertEqual(len(pings), 6)
            for f in pings:
                self.assertEqual(f["bytes"][12:20].hex(), "88a8006481000007")
                self.assertEqual((f["n"], f["wire_n"]), (106, 106))  # 14, two tags, 84 of a ping

    def test_filter_and_snaplen(self):
        """The kernel's filter sees a frame without its tag: a port is found with and without one."""
        tagged = ethernet(0x8100, struct.pack("!HH", 0x6005, 0x0800) + ipv4(17, udp(1, 53, bytes(300)), dst="192.0.2.9"))
        plain = ethernet(0x0800, ipv4(17, udp(1, 53, bytes(300)), dst="192.0.2.9"))
        other = ethernet(0x0800, ipv4(17, udp(1, 54, bytes(300)), dst="192.0.2.9"))
        with netns.Pair() as pair:
            taken = Taken(pair, "b", "vb", filter="udp dst port 53", snaplen=96)
            send(pair, "a", [tagged, plain, other, plain])
            taken.wait(3)
            frames = taken.stop()
            self.assertEqual([(f["n"], f["wire_n"]) for f in frames],
                             [(96, len(tagged)), (96, len(plain)), (96, len(plain))])
            self.assertEqual(frames[0]["bytes"][12:18].hex(), "810060050800")

    def test_full_ring(self):
        """Taken and dropped are all there were."""
        with netns.Pair() as pair:
            taken = Taken(pair, "b", "vb", ring=1, slow_ms=500)
            send(pair, "a", numbered(3000, 1000))
            taken.wait(1)
            time.sleep(2)  # until there is room again
            send(pair, "a", numbered(10, 1000, 7001))
            frames = taken.stop()
            self.assertGreater(taken.drops(), 0)
            self.assertEqual(taken.stats["capture_drop"]["ring_full"] + len(frames), 3010)
            self.assertGreater(taken.stats["capture"]["losing"], 0)

    def test_loopback(self):
        """What the machine says to itself is there once."""
        with netns.Pair() as pair:
            taken = Taken(pair, "b", "lo", filter="icmp")
            pair.on("b", "ping", "-c", "3", "-i", "0.2", "127.0.0.1")
            taken.wait(6)
            self.assertEqual([f["bytes"][34] for f in taken.stop()], [8, 0] * 3)

    def test_interface_goes(self):
        with netns.Pair() as pair:
            taken = Taken(pair, "b", "vb")
            run("ip", "-n", pair.ns["b"], "link", "set", "vb", "down")
            run("ip", "-n", pair.ns["b"], "link", "set", "vb", "up")
            send(pair, "a", numbered(2))
            taken.wait(2)  # it came back
            run("ip", "-n", pair.ns["b"], "link", "del", "vb")
            taken.thread.join(1)
            taken.stop()
            self.assertEqual(taken.ends, ["the other side closed the connection"])


class Tap(unittest.TestCase):
    def test_merged_by_time(self):
        """Two interfaces, frames in turn: one stream in the order in which they were sent."""
        with netns.Pair() as pair:
            run("ip", "-n", pair.ns["a"], "link", "add", "wa", "type", "veth", "peer", "name", "wb", "netns", pair.ns["b"])
            for side in "ab":
                pair.on(side, "sysctl", "-qw", f"net.ipv6.conf.w{side}.disable_ipv6=1", check=False)
                run("ip", "-n", pair.ns[side], "link", "set", "w" + side, "up")
            taken = Taken(pair, "b", "tap:vb+wb")
            frames = numbered(400)
            send(pair, "a", [(i % 2, f) for i, f in enumerate(frames)], ["va", "wa"], gap=0.001)
            send(pair, "a", frames[:1], ["wa"])  # one side only is not waited for for ever
            taken.wait(401)
            got = taken.stop()
            self.assertEqual(numbers(got), [*range(400), 0])
            times = [f["t_ns"] for f in got]
            self.assertEqual(times, sorted(times))


class Xdp(unittest.TestCase):
    def test_frames(self):
        """Every frame, with tags, each with a time of its own."""
        with netns.Pair() as pair:
            pair.on("a", "ethtool", "-K", "va", "txvlan", "off", check=False)
            taken = Taken(pair, "b", "vb", way="xdp")
            self.assertIn("AF_XDP", taken.how)
            before = time.time_ns()
            send(pair, "a", numbered(1000))
            tagged = ethernet(0x88A8, struct.pack("!HHHH", 100, 0x8100, 7, 0x0800) + ipv4(17, udp(1, 2, bytes(50))))
            send(pair, "a", [tagged])
            taken.wait(1001)
            after = time.time_ns()
            frames = taken.stop()
            self.assertEqual(taken.drops(), 0)
            self.assertEqual(numbers(frames[:1000]), list(range(1000)))
            self.assertEqual({(f["n"], f["wire_n"]) for f in frames[:1000]}, {(146, 146)})
            self.assertEqual(frames[1000]["bytes"], tagged[:96])
            times = [f["t_ns"] for f in frames]
            self.assertEqual(times, sorted(times))
            self.assertEqual(len(set(times)), 1001)
            self.assertTrue(before < times[0] and times[-1] < after)

    def test_queues(self):
        """A socket for each receive queue, shared by fewer threads: nothing is missing."""
        with netns.Pair() as pair:
            run("ip", "-n", pair.ns["a"], "link", "add", "wa", "numtxqueues", "4", "numrxqueues", "4", "type", "veth",
                "peer", "name", "wb", "numtxqueues", "4", "numrxqueues", "4", "netns", pair.ns["b"])
            for side in "ab":
                pair.on(side, "sysctl", "-qw", f"net.ipv6.conf.w{side}.disable_ipv6=1", check=False)
                run("ip", "-n", pair.ns[side], "link", "set", "w" + side, "up")
            for threads, readers, how in ((1, 1, "4 of 4 queues"), (3, 3, "1 of 4 queues"), (9, 4, "1 of 4 queues")):
                taken = Taken(pair, "b", "wb", way="xdp", threads=threads)
                self.assertEqual(taken.readers, readers)
                self.assertIn(how, taken.how)
                send(pair, "a", [f for p in range(40) for f in numbered(10, port=7000 + p)], ["wa"])
                taken.wait(400)
                self.assertEqual(len(taken.stop()), 400)
                self.assertEqual(taken.drops(), 0)

    def test_full_ring(self):
        with netns.Pair() as pair:
            taken = Taken(pair, "b", "vb", way="xdp", ring=1, slow_ms=300)
            send(pair, "a", numbered(2000))
            taken.wait(1)
            frames = taken.stop()
            self.assertGreater(taken.drops(), 0)
            self.assertEqual(taken.drops() + len(frames), 2000)

    def test_filter_and_end(self):
        """A filter runs on whole frames; when the probe is killed the machine has its interface back."""
        with netns.Pair() as pair:
            taken = Taken(pair, "b", "vb", way="xdp", filter="udp src port 7001")
            self.assertIn("prog/xdp", pair.on("b", "ip", "link", "show", "vb"))
            send(pair, "a", numbered(3) + numbered(2, port=7001))
            taken.wait(2)
            taken.kill()
            self.assertNotIn("prog/xdp", pair.on("b", "ip", "link", "show", "vb"))
            pair.on("a", "ping", "-c", "1", "-W", "2", ADDR["b"])
            self.assertEqual(len(taken.frames), 2)


class Mirror(unittest.TestCase):
    def inner(self, i):
        return ethernet(0x0800, ipv4(6, struct.pack("!I", i) + bytes(36), "192.0.2.1", "192.0.2.2"))

    def test_vxlan(self):
        """The datagrams of a VXLAN mirror come with the addresses and ports that they had."""
        with netns.Pair() as pair:
            taken = Taken(pair, "b", f"vxlan:{ADDR['b']}:4789")
            vxlan = struct.pack("!II", 0x08000000, 77 << 8)
            send(pair, "a", [ethernet(0x0800, ipv4(17, udp(50000 + i, 4789, vxlan + self.inner(i)))) for i in range(200)])
            taken.wait(200)
            frames = taken.stop()
            self.assertEqual(taken.drops(), 0)
            for i, f in enumerate(frames):
                expected = ipv4(17, udp(50000 + i, 4789, vxlan + self.inner(i)))
                self.assertEqual(f["wire_n"], len(expected))
                # but for the header checksum, which the socket has looked at
                self.assertEqual(f["bytes"][:10] + f["bytes"][12:], (expected[:10] + expected[12:])[:94])

    def test_gre(self):
        with netns.Pair() as pair:
            taken = Taken(pair, "b", f"gre:{ADDR['b']}")
            packets = [ipv4(47, struct.pack("!HHI", 0x1000, 0x88BE, i) + bytes(8) + self.inner(i)) for i in range(20)]
            send(pair, "a", [ethernet(0x0800, p) for p in packets])
            taken.wait(20)
            self.assertEqual([f["bytes"][20:] for f in taken.stop()], [p[20:96] for p in packets])


if __name__ == "__main__":
    unittest.main(verbosity=2)
