# SPDX-License-Identifier: Apache-2.0
"""`weir decode` and `weir replay` on files made here byte by byte: records, sums, options, exit codes, and datagrams
that arrive as they were captured."""
import json
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time

WEIR = sys.argv[1]
NOON = 1767268800  # 2026-01-01T12:00:00Z
SUMMARY = ["datagrams", "flows", "option_records", "templates", "option_templates", "withdrawals", "bytes", "packets",
           "rev_bytes", "rev_packets", "flow_samples", "counter_samples", "discard_samples", "sets_without_template",
           "malformed"]


def ip4(text):
    return socket.inet_aton(text)


def nf5(sequence, records):
    head = struct.pack(">HHIIIIBBH", 5, len(records), 3600000, NOON, 0, sequence, 0, 0, 0)
    return head + b"".join(
        ip4(src) + ip4(dst) + ip4("0.0.0.0") +
        struct.pack(">HHIIIIHHBBBBHHBBH", 1, 2, packets, octets, 3590000, 3595000, 1024, 80, 0, 27, 6, 0, 0, 0, 0, 0, 0)
        for src, dst, packets, octets in records)


def ipfix(sequence, *sets):
    body = b"".join(struct.pack(">HH", i, 4 + len(b)) + b for i, b in sets)
    return struct.pack(">HHIII", 10, 16 + len(body), NOON, sequence, 7) + body


TEMPLATE = (2, struct.pack(">HHHHHHHHHHI", 256, 4, 8, 4, 1, 4, 7, 2, 0x8001, 4, 29305))
OPTIONS = (3, struct.pack(">HHHHHHH", 257, 2, 1, 143, 4, 34, 4))
OPTION = (257, struct.pack(">II", 1, 100))


def data(*records):
    return (256, b"".join(ip4(src) + struct.pack(">IHI", octets, port, rev) for src, octets, port, rev in records))


def pcap(path, payloads):
    """(seconds after NOON, payload) as UDP over raw IPv4."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    for at, payload in payloads:
        packet = struct.pack(">BBHHHBBH", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0) + ip4("192.0.2.1") + \
            ip4("192.0.2.2") + struct.pack(">HHHH", 4000, 2055, 8 + len(payload), 0) + payload
        out += struct.pack("<IIII", NOON + int(at), int(at % 1 * 1e6), len(packet), len(packet)) + packet
    path.write_bytes(out)


def weir(*args, status=0):
    r = subprocess.run([WEIR, *map(str, args)], capture_output=True, text=True, timeout=60)
    assert r.returncode == status, (args, r.returncode, r.stderr)
    return r


def lines(*args, status=0):
    return [json.loads(line) for line in weir("decode", *args, status=status).stdout.splitlines()]


def decode_prints_records_in_file_order(tmp):
    pcap(tmp / "a.pcap", [(0, nf5(0, [("10.0.0.1", "10.0.0.2", 3, 300), ("10.0.0.3", "10.0.0.4", 1, 40)])),
                          (0.5, b"GET / HTTP/1.1\r\n\r\n"),
                          (1.25, ipfix(0, TEMPLATE, data(("10.0.0.5", 5000, 443, 70)))),
                          (2, nf5(2, [("10.0.0.6", "10.0.0.7", 1, 60)]))])
    rows = lines(tmp / "a.pcap")
    assert [r["src_ip"] for r in rows] == ["10.0.0.1", "10.0.0.3", "10.0.0.5", "10.0.0.6"], rows
    assert rows[0] == {
        "t_first": "2026-01-01T11:59:50.000Z", "t_last": "2026-01-01T11:59:55.000Z",
        "t_recv": "2026-01-01T12:00:00.000Z", "exporter_ip": "192.0.2.1", "observation_domain": 0,
        "src_ip": "10.0.0.1", "dst_ip": "10.0.0.2", "ip_version": 4, "src_port": 1024, "dst_port": 80, "proto": 6,
        "tcp_flags": 27, "tos": 0, "bytes": 300, "packets": 3, "in_if": 1, "out_if": 2, "src_as": 0, "dst_as": 0,
        "src_mask": 0, "dst_mask": 0, "next_hop": "0.0.0.0", "export_version": 5, "engine_type": 0,
        "engine_id": 0}, rows[0]
    assert rows[2]["bytes"] == 5000 and rows[2]["rev_bytes"] == 70 and rows[2]["observation_domain"] == 7, rows[2]
    assert rows[2]["t_recv"] == "2026-01-01T12:00:01.250Z", rows[2]


def summary_has_its_keys_and_sums(tmp):
    pcap(tmp / "a.pcap", [(0, ipfix(0, TEMPLATE, OPTIONS, OPTION, data(("10.0.0.5", 5000, 443, 70)))),
                          (1, ipfix(2, data(("10.0.0.5", 1, 443, 2), ("10.0.0.6", 10, 53, 20)), (999, b"1234"))),
                          (2, ipfix(4, (2, struct.pack(">HH", 256, 0)))),
                          (3, ipfix(4, (5, b"")))])
    s = json.loads(weir("decode", "--summary", tmp / "a.pcap").stdout)
    assert list(s) == SUMMARY, list(s)
    expect = dict.fromkeys(SUMMARY, 0) | {
        "datagrams": 4, "flows": 3, "option_records": 1, "templates": 1, "option_templates": 1, "withdrawals": 1,
        "bytes": 5011, "rev_bytes": 92, "sets_without_template": 1, "malformed": {"set_id": 1}}
    assert s == expect, s


def options_are_printed_when_asked_for(tmp):
    pcap(tmp / "a.pcap", [(0, ipfix(0, TEMPLATE, data(("10.0.0.5", 1, 1, 1)), OPTIONS, OPTION,
                                    data(("10.0.0.6", 1, 1, 1))))])
    rows = lines(tmp / "a.pcap")
    assert len(rows) == 2 and "sampling_rate" not in rows[0] and rows[1]["sampling_rate"] == 100, rows
    rows = lines("--options", "--counters", tmp / "a.pcap")
    assert [r.get("src_ip") for r in rows] == ["10.0.0.5", None, "10.0.0.6"], rows
    assert rows[1] == {"record": "option", "exporter_ip": "192.0.2.1", "observation_domain": 7, "export_version": 10,
                       "template_id": 257, "scope": {"meteringProcessId": 1}, "values": {"samplingInterval": 100}}


def templates_are_kept_across_files(tmp):
    (tmp / "1").write_bytes(ipfix(0, TEMPLATE))
    (tmp / "2").write_bytes(ipfix(0, data(("10.0.0.5", 1, 1, 1))) + ipfix(1, data(("10.0.0.6", 1, 1, 1))))
    rows = lines(tmp / "1", tmp / "2")
    assert [r["src_ip"] for r in rows] == ["10.0.0.5", "10.0.0.6"], rows
    assert "exporter_ip" not in rows[0] and "t_recv" not in rows[0], rows[0]
    s = json.loads(weir("decode", "--summary", tmp / "2").stdout)
    assert s["flows"] == 0 and s["sets_without_template"] == 2, s


def exit_codes_tell(tmp):
    (tmp / "text").write_text("nothing here\n")
    assert "no flow export" in weir("decode", tmp / "text", status=1).stderr
    assert "no-such-file" in weir("decode", tmp / "no-such-file", status=1).stderr
    weir("decode", status=2)
    weir("decode", "--nonsense", tmp / "text", status=2)
    pcap(tmp / "cut", [(0, nf5(0, [("10.0.0.1", "10.0.0.2", 3, 300)])), (1, nf5(1, [("10.0.0.3", "10.0.0.4", 1, 40)]))])
    (tmp / "cut").write_bytes((tmp / "cut").read_bytes()[:-5])
    assert len(lines(tmp / "cut", status=1)) == 1
    weir("replay", tmp / "cut", status=2)
    weir("replay", tmp / "cut", "--to", "127.0.0.1", status=2)
    weir("replay", tmp / "cut", "--to", "127.0.0.1:9", "--speed", "fast", status=2)


def replay_sends_what_was_captured(tmp):
    sent = [nf5(0, [("10.0.0.1", "10.0.0.2", 3, 300)]), ipfix(0, TEMPLATE, data(("10.0.0.5", 1, 1, 1))),
            nf5(1, [("10.0.0.3", "10.0.0.4", 1, 40)])]
    pcap(tmp / "a.pcap", [(0, sent[0]), (0.1, b"no export"), (0.2, sent[1]), (0.6, sent[2])])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.settimeout(10)
        to = "127.0.0.1:%d" % s.getsockname()[1]
        start = time.monotonic()
        weir("replay", tmp / "a.pcap", "--to", to, "--speed", 2)
        assert time.monotonic() - start >= 0.3, "0.6 s at twice the speed"
        assert [s.recv(65536) for _ in sent] == sent
        weir("replay", tmp / "a.pcap", "--to", to, "--pps", 1000, "--loop", 3)
        assert [s.recv(65536) for _ in range(9)] == sent * 3


with tempfile.TemporaryDirectory(prefix="weir-test-") as folder:
    for test in [decode_prints_records_in_file_order, summary_has_its_keys_and_sums, options_are_printed_when_asked_for,
                 templates_are_kept_across_files, exit_codes_tell, replay_sends_what_was_captured]:
        test(pathlib.Path(folder))
        print("ok", test.__name__)
