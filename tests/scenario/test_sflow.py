# SPDX-License-Identifier: Apache-2.0
"""Real sFlow agents on real traffic, every packet sampled: what pmacctd and Open vSwitch sent is what the interface
counted, packet for packet. An agent counts the 4 bytes of the frame check sequence, which the driver does not."""
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

import netns
import traffic
from weir import Weir, wait_for

FCS = 4
OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def interface_counters(pair):
    """(frames, bytes) received and sent by vb."""
    return {d: tuple(int(pair.on("b", "cat", f"/sys/class/net/vb/statistics/{d}_{w}")) for w in ("packets", "bytes"))
            for d in ("rx", "tx")}


class Bridge:
    """Open vSwitch in userspace on host b: vb is a port of br0, which has the address and the MAC of b."""

    def __init__(self, pair, folder, flow_port):
        self.pair, self.folder = pair, folder
        subprocess.run(["ovsdb-tool", "create", folder / "conf.db", OVS_SCHEMA], check=True)
        self.db = f"unix:{folder}/db.sock"
        env = {"OVS_RUNDIR": str(folder), "OVS_LOGDIR": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        pair.start("b", "ovsdb-server", str(folder / "conf.db"), f"--remote=p{self.db}", env=env,
                   cwd=folder)
        wait_for("ovsdb-server answers", lambda: (folder / "db.sock").exists())
        self.vsctl("--no-wait", "init")
        self.vswitchd = pair.start("b", "ovs-vswitchd", self.db, "--disable-system", env=env, cwd=folder)
        for step in (("link", "set", "vb", "address", "02:00:00:00:00:0c"),
                     ("addr", "flush", "dev", "vb")):
            netns.run("ip", "-n", pair.ns["b"], *step)
        self.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev",
                   f"other-config:hwaddr={netns.MAC['b']}")
        self.pair.on("b", "sysctl", "-qw", "net.ipv6.conf.br0.disable_ipv6=1", check=False)
        self.vsctl("add-port", "br0", "vb")
        self.vsctl("--", "--id=@s", "create", "sflow", "agent=lo", f'target="127.0.0.1:{flow_port}"', "header=128",
                   "sampling=1", "polling=1", "--", "set", "bridge", "br0", "sflow=@s")
        self.pair.on("b", "ethtool", "-K", "br0", "tx", "off", "sg", "off", "tso", "off", "gso", "off", "gro", "off",
                     check=False)
        for step in (("addr", "add", netns.ADDR["b"] + "/24", "dev", "br0"), ("link", "set", "br0", "up"),
                     ("neigh", "replace", netns.ADDR["a"], "lladdr", netns.MAC["a"], "dev", "br0", "nud",
                      "permanent")):
            netns.run("ip", "-n", pair.ns["b"], *step)

    def vsctl(self, *args):
        return subprocess.run(["ovs-vsctl", f"--db={self.db}", "--timeout=20", *args], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


class SFlow(unittest.TestCase):
    def check(self, weir, packets, size):
        """The store has so many packets and bytes, all of this protocol, and nothing was lost or malformed."""
        ours = f"FROM flows WHERE dst_port != {traffic.FLUSH_PORT}"
        try:
            wait_for("all packets are stored", lambda: weir.number(f"SELECT sum(packets) {ours}") >= packets, 20)
        except AssertionError:
            pass  # the comparison below says what is missing
        stats = weir.check_equations()
        self.assertEqual(weir.number(f"SELECT count() {ours}"), packets)
        self.assertEqual(weir.number(f"SELECT sum(packets) {ours}"), packets)
        self.assertEqual(weir.number(f"SELECT sum(bytes) {ours}"), size)
        self.assertEqual(weir.sql("SELECT DISTINCT export_version, sampling_source FROM flows"), [["105", "2"]])
        self.assertEqual(sum(stats["malformed"].values()), 0)
        self.assertEqual((stats["samples"]["lost"], stats["samples"]["agent_drops"]), (0, 0))
        self.assertEqual(stats["sequence"]["lost_datagrams"], 0)
        self.assertEqual(stats["samples"]["flow"], weir.number("SELECT count() FROM flows"))
        web = weir.cli("flows", "-t", "-1h", "-n", "1000", "--ndjson", "tcp and port 8080")
        self.assertGreaterEqual(len(web.splitlines()), 50)

    def test_pmacctd(self):
        with tempfile.TemporaryDirectory() as tmp, netns.Pair() as pair:
            folder = pathlib.Path(tmp)
            traffic.start_servers(pair, folder)
            with Weir(wrap=lambda *a: pair.wrap("b", *a)) as weir:
                (folder / "pmacctd.conf").write_text(
                    "daemonize: false\npcap_interface: vb\nplugins: sfprobe\nsampling_rate: 1\n"
                    "plugin_buffer_size: 1024000\nplugin_pipe_size: 64000000\n"
                    f"sfprobe_receiver: 127.0.0.1:{weir.flow_port}\nsfprobe_agentsubid: 1402\n")
                agent = pair.start("b", "pmacctd", "-f", str(folder / "pmacctd.conf"))
                time.sleep(1.5)
                before = interface_counters(pair)
                traffic.generate(pair)
                after = interface_counters(pair)
                packets = sum(after[d][0] - before[d][0] for d in after)
                size = sum(after[d][1] - before[d][1] for d in after)
                time.sleep(2)
                agent.send_signal(signal.SIGINT)
                agent.wait(20)
                self.check(weir, packets, size + FCS * packets)
                self.assertEqual(weir.sql("SELECT DISTINCT observation_domain FROM flows"), [["1402"]])

    def test_open_vswitch(self):
        with tempfile.TemporaryDirectory() as tmp, netns.Pair() as pair:
            folder = pathlib.Path(tmp)
            with Weir(wrap=lambda *a: pair.wrap("b", *a)) as weir:
                Bridge(pair, folder, weir.flow_port)
                traffic.start_servers(pair, folder)
                index = int(pair.on("b", "cat", "/sys/class/net/vb/ifindex"))
                told = f"SELECT max(in_octets), max(out_octets) FROM if_counters WHERE if_index = {index}"

                def settled():
                    """The last counters that the agent sent are those of the interface."""
                    now = interface_counters(pair)
                    return now if weir.sql(told) == [[str(now["rx"][1]), str(now["tx"][1])]] else None

                before = wait_for("counters of the interface are stored", settled, 20)
                flows = weir.number("SELECT count() FROM flows")
                # A switch in userspace on a busy machine drops frames of a burst before it sees them.
                traffic.generate(pair, bulk=False)
                after = wait_for("counters after the traffic are stored", settled, 20)
                packets = sum(after[d][0] - before[d][0] for d in after)
                size = sum(after[d][1] - before[d][1] for d in after)
                self.assertGreater(packets, 300)
                self.check(weir, flows + packets, size + FCS * packets)
                listed = weir.cli("exporters", "--interfaces", "--ndjson")
                self.assertIn(f'"if_index":{index},', listed)


if __name__ == "__main__":
    unittest.main(verbosity=2)
