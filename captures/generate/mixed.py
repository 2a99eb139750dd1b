"""mixed-link-types.pcapng: every kind of block and most link types a phone's captures come in, in three sections.

Each interface carries one small conversation. What each holds stands in mixed-link-types.truth.json,
counted while it is written.
"""

import datetime
import hashlib
import ipaddress
import pathlib
import random
import struct
import sys
import tempfile

import messages
import packets
from account import write_truth
from authority import Authority
from network import MILLISECOND, SECOND
from packets import ACK, FIN, PSH, SYN
from pcapng import INBOUND, OUTBOUND, Section
from tls import Tls

NULL, ETHERNET, RAW, SLL, RADIOTAP, PPI, PKTAP, SLL2, IEEE802_11, USER0 = 0, 1, 101, 113, 127, 192, 258, 276, 105, 147
START = int(datetime.datetime(2026, 6, 17, 9, tzinfo=datetime.UTC).timestamp()) * SECOND
PHONE_MAC, ROUTER_MAC = "a4:83:e7:12:34:56", "58:ef:68:10:00:01"
PHONE, ROUTER = "192.168.7.23", "192.168.7.1"
HOST_MAC, STATION_BSSID = packets.mac(ROUTER_MAC), packets.mac("60:60:1f:5a:3c:01")


class Talk:
    """A conversation as a list of (nanoseconds since its start, side, datagram)."""

    def __init__(self, seed, device=PHONE):
        self.random = random.Random(seed)
        self.device, self.sent, self.time = device, [], 0

    def put(self, side, datagram):
        """Sends one datagram."""
        self.sent.append((self.time, side, datagram))
        self.time += self.random.randint(2, 20) * MILLISECOND

    def udp(self, side, ends, payload):
        """Sends a UDP datagram."""
        ends = ends if side == "out" else ends[::-1]
        body = packets.udp(ends, payload)
        self.put(side, packets.ip(ends[0][0], ends[1][0], packets.UDP, body, self.random.getrandbits(16)))

    def dns(self, name, address, server=ROUTER):
        """Asks for an address."""
        kind = messages.AAAA if ":" in address else messages.A
        identifier, ends = self.random.getrandbits(16), ((self.device, self.random.randint(40000, 60000)), (server, 53))
        self.udp("out", ends, messages.dns_query(identifier, name, kind))
        self.udp("in", ends, messages.dns_answer(identifier, name, kind, [(name, kind, address)]))

    def tcp(self, remote, turns):
        """A TCP connection. `turns`: (side, bytes), each below one segment."""
        ends = ((self.device, self.random.randint(40000, 60000)), remote)
        numbers = {"out": self.random.getrandbits(31), "in": self.random.getrandbits(31)}

        def segment(side, flags, payload=b""):
            other = "in" if side == "out" else "out"
            here = ends if side == "out" else ends[::-1]
            body = packets.tcp(here, (numbers[side], numbers[other] if flags & ACK else 0), flags, payload)
            self.put(side, packets.ip(here[0][0], here[1][0], packets.TCP, body, self.random.getrandbits(16)))
            numbers[side] += len(payload) + bool(flags & (SYN | FIN))

        for side, flags in (("out", SYN), ("in", SYN | ACK), ("out", ACK)):
            segment(side, flags)
        for side, payload in turns:
            pieces = [payload[start : start + 1200] for start in range(0, len(payload), 1200)]
            for piece in pieces:
                segment(side, ACK | PSH, piece)
            segment("in" if side == "out" else "out", ACK)
        for side, flags in (("out", FIN | ACK), ("in", FIN | ACK), ("out", ACK)):
            segment(side, flags)

    def http(self, host, address, path, body=b"", answer=b"ok"):
        """One plain HTTP exchange."""
        request = messages.http_request("POST" if body else "GET", host, path, body)
        self.tcp((address, 80), (("out", request), ("in", messages.http_response(answer, kind="text/plain"))))


class Turns:
    """Stands in for a TCP connection while two TLS stacks talk: keeps who said what."""

    def __init__(self):
        self.said = []

    def send(self, side, data, _accidents=None):
        """Keeps one flight."""
        self.said.append((side, data))

    def wait(self, _nanoseconds):
        """Time is of no interest here."""


def tls_turns(host, version, scratch):
    """The flights of a real TLS session, and its key log."""
    keys = pathlib.Path(scratch) / f"{host}.keys"
    turns = Turns()
    secure = Tls(turns, Authority(scratch).issue(host), version, host, str(keys))
    secure.handshake()
    secure.exchange(messages.http_request("GET", host, "/lab"), messages.http_response(b"secret", kind="text/plain"))
    log = [line for line in keys.read_text(encoding="ascii").splitlines() if not line.startswith("#")]
    return turns.said, ("\n".join(log) + "\n").encode()


# Link layers: (datagram, side, number of the packet) to frame, and the bytes that are not on the wire.


def ethernet(datagram, side, _number):
    """Ethernet II."""
    ends = (PHONE_MAC, ROUTER_MAC) if side == "out" else (ROUTER_MAC, PHONE_MAC)
    return packets.ethernet(*ends, packets.ip_kind(datagram), datagram), 0


def sll(datagram, side, _number):
    """Linux cooked capture, version 1: packet type 0 to us, 4 from us."""
    who = packets.mac(PHONE_MAC if side == "out" else ROUTER_MAC)
    return struct.pack("!HHH8sH", 4 if side == "out" else 0, 1, 6, who, packets.ip_kind(datagram)) + datagram, 0


def sll2(datagram, side, _number):
    """Linux cooked capture, version 2."""
    who = packets.mac(PHONE_MAC if side == "out" else ROUTER_MAC)
    return struct.pack("!HHIHBB8s", packets.ip_kind(datagram), 0, 7, 1, 4 if side == "out" else 0, 6, who) + datagram, 0


def raw(datagram, _side, _number):
    """Raw IP."""
    return datagram, 0


def null(order):
    """BSD loopback, its family in the byte order of the machine that captured."""

    def frame(datagram, _side, _number):
        return struct.pack(order + "I", 2 if datagram[0] >> 4 == 4 else 30) + datagram, 0

    return frame


def _data_frame(datagram, side, number):
    """An 802.11 QoS data frame without protection, with LLC/SNAP."""
    phone = packets.mac(PHONE_MAC)
    ends = (STATION_BSSID, phone, HOST_MAC) if side == "out" else (phone, STATION_BSSID, HOST_MAC)
    head = struct.pack("<BBH", 0x88, 1 if side == "out" else 2, 44) + b"".join(ends) + struct.pack("<HH", number << 4 & 0xFFFF, 0)
    return head + b"\xaa\xaa\x03\0\0\0" + struct.pack("!H", packets.ip_kind(datagram)) + datagram


def radiotap(datagram, side, number):
    """Radiotap with flags (no FCS), rate, channel and signal, before an 802.11 frame."""
    head = struct.pack("<BBHIBBHHb", 0, 0, 15, 0b101110, 0, 12, 2437, 0x00A0, -48 if side == "out" else -40)
    return head + _data_frame(datagram, side, number), len(head)


def ppi(datagram, side, number):
    """PPI with an 802.11-Common field, before an 802.11 frame."""
    common = struct.pack("<QHHHHBBbb", number, 0, 12, 2437, 0x00A0, 0, 0, -50, -95)
    head = struct.pack("<BBHI", 0, 0, 8 + 4 + len(common), IEEE802_11) + struct.pack("<HH", 2, len(common)) + common
    return head + _data_frame(datagram, side, number), len(head)


def pktap(datagram, side, _number):
    """Apple PKTAP, 156 bytes, for process 4711, before raw IP."""
    family = 2 if datagram[0] >> 4 == 4 else 30
    head = struct.pack("<III24sIIIIi20s", 156, 1, 12, b"en0", 2 if side == "out" else 1, family, 0, 0, 4711, b"DJI GO 4")
    head += struct.pack("<IHHi20s", 0, 6, 0, 4711, b"DJI GO 4")
    head = head.ljust(156, b"\0")
    return head + datagram, len(head)


class Mixed:
    """The file as it grows, and what is in it."""

    def __init__(self):
        self.sections, self.truth, self.frames, self.custom_before = [], [], 0, 0

    def section(self, *arguments, **named):
        """Begins a section."""
        self.sections.append(Section(*arguments, **named))
        return self.sections[-1]

    def interface(self, link, name, layer, talk, flags=True, snaplen=0, **clock):
        """One interface of the present section with one conversation."""
        section = self.sections[-1]
        number = section.interface(link, name, snaplen, **clock)
        begin = START + 3600 * SECOND * len(self.sections) + 60 * SECOND * number
        row = self.row(number, link, name, talk)
        for position, (time, side, datagram) in enumerate(talk.sent):
            frame, beside = layer(datagram, side, position)
            direction = (OUTBOUND if side == "out" else INBOUND) if flags else 0
            kept = frame[:snaplen] if snaplen else frame
            section.packet(number, begin + time, kept, direction, len(frame))
            self.count(row, side, len(frame) - beside, datagram)
        return number, begin

    def row(self, interface, link, name, talk):
        """A row of the truth."""
        remotes = sorted({str(_address(datagram, side)) for _, side, datagram in talk.sent})
        row = {"section": len(self.sections), "interface": interface, "link_type": link, "name": name}
        row |= {"device": talk.device, "remotes": remotes, "first_frame": self.frames + 1, "last_frame": 0}
        row |= dict.fromkeys(("frames_out", "frames_in", "wire_bytes", "ip_bytes_out", "ip_bytes_in"), 0)
        self.truth.append(row)
        return row

    def count(self, row, side, wire_bytes, datagram):
        """Counts one frame."""
        self.frames += 1
        row["last_frame"] = self.frames
        row[f"frames_{side}"] += 1
        row["wire_bytes"] += wire_bytes
        row[f"ip_bytes_{side}"] += len(datagram)


def _address(datagram, side):
    source, destination = (datagram[12:16], datagram[16:20]) if datagram[0] >> 4 == 4 else (datagram[8:24], datagram[24:40])
    return ipaddress.ip_address(destination if side == "out" else source)


def talk_http(seed, host, address, path, device=PHONE, **how):
    """A look-up and an HTTP exchange."""
    talk = Talk(seed, device)
    talk.dns(host, address, "2001:db8:7::1" if ":" in device else ROUTER)
    talk.http(host, address, path, **how)
    return talk


def little(mixed, scratch):
    """The first section, little-endian: six link types, six clocks."""
    section = mixed.section(
        "<", hardware="lab", os="Linux 6.1", application="whereto captures/generate", comment="section 1, little-endian"
    )
    said, keys = tls_turns("flysafe-api.dji.com", "1.3", scratch)
    section.secrets(keys)
    talk = Talk(1)
    talk.dns("flysafe-api.dji.com", "54.148.77.31")
    talk.tcp(("54.148.77.31", 443), said)
    number, begin = mixed.interface(
        ETHERNET, "wlan0", ethernet, talk, comment="microseconds, direction flags; its secrets come first"
    )
    section.statistics(number, begin + 30 * SECOND, len(talk.sent) + 2, 2)
    mixed.interface(
        SLL,
        "any",
        sll,
        talk_http(2, "android.bugly.qq.com", "182.254.50.10", "/rqd/async", body=b"crash"),
        flags=False,
        resolution=9,
    )
    mixed.interface(
        SLL2,
        "any2",
        sll2,
        talk_http(3, "devs.data.mob.com", "120.55.40.10", "/dinfo", body=b"m=1"),
        flags=False,
        resolution=0x80 | 20,
    )
    mixed.custom_before = mixed.frames + 1
    section.custom(32473, b"whereto: a custom block of the documentation enterprise number")
    phone6 = "2001:db8:7::23"
    six = talk_http(4, "stormsend.djicdn.com", "2600:1f18:4d2:7a00::20", "/api/components/djigo_dds_switch.json", phone6)
    mixed.interface(RAW, "tun0", raw, six, resolution=3, comment="milliseconds")
    section.add(0x0BADF00D & 0x7FFFFFFF, b"a block that no specification knows")
    talk = talk_http(5, "fw.dji-lab.example", "54.171.12.34", "/firmware")
    mixed.interface(RADIOTAP, "mon0", radiotap, talk, flags=False, offset=START // SECOND - 86_400)
    talk = talk_http(6, "click.dji.com", "52.4.97.20", "/api/publishers/account_last_update?email=lab.pilot%40example.org")
    mixed.interface(PPI, "mon1", ppi, talk, flags=False, resolution=None)
    names = ("54.148.77.31", "flysafe-api.dji.com"), ("2600:1f18:4d2:7a00::20", "stormsend.djicdn.com")
    section.names((packets.address(address), name) for address, name in names)


def big(mixed, scratch):
    """The second section, big-endian: loopback, PKTAP, secrets before their interface, old and simple packet blocks."""
    section = mixed.section(
        ">", hardware="lab", os="Darwin 17", application="whereto captures/generate", comment="section 2, big-endian"
    )
    said, keys = tls_turns("active.dji.com", "1.2", scratch)
    section.secrets(keys)
    simple(mixed, section)
    talk = Talk(11)
    talk.dns("active.dji.com", "52.1.184.23")
    talk.tcp(("52.1.184.23", 443), said)
    mixed.interface(PKTAP, "pktap0", pktap, talk, resolution=9)
    local = Talk(12, "127.0.0.1")
    local.http("localhost", "127.0.0.1", "/health")
    mixed.interface(NULL, "lo0", null(">"), local, flags=False)
    obsolete(mixed, section)
    number = section.interface(USER0, "user0", comment="a link type nobody can read")
    section.packet(number, START + 7200 * SECOND + 600 * SECOND, b"whereto: not a packet")
    mixed.frames += 1
    row = {"section": 2, "interface": number, "link_type": USER0, "name": "user0", "disposition": "unsupported-link"}
    mixed.truth.append({**row, "first_frame": mixed.frames, "last_frame": mixed.frames, "wire_bytes": 21})
    section.statistics(0, START + 7200 * SECOND + 700 * SECOND, 2, 0)


def simple(mixed, section):
    """Interface 0 of the section: Simple Packet Blocks, which have no time."""
    number = section.interface(ETHERNET, "en0", resolution=6)
    talk = Talk(10)
    talk.dns("simple.dji.com", "52.4.97.11")
    row = mixed.row(number, ETHERNET, "en0", talk) | {"times": "none: Simple Packet Blocks"}
    mixed.truth[-1] = row
    for position, (_, side, datagram) in enumerate(talk.sent):
        frame, _ = ethernet(datagram, side, position)
        section.simple_packet(frame)
        mixed.count(row, side, len(frame), datagram)


def obsolete(mixed, section):
    """An interface whose packets come in the Packet Block of 2004."""
    number = section.interface(ETHERNET, "en1", resolution=6)
    talk = talk_http(13, "djigo-hk.djiservice.org", "47.91.161.230", "/api/v1/quiz/status", body=b"{}")
    row = mixed.row(number, ETHERNET, "en1", talk)
    for position, (time, side, datagram) in enumerate(talk.sent):
        frame, _ = ethernet(datagram, side, position)
        section.obsolete_packet(number, START + 7200 * SECOND + 300 * SECOND + time, frame, drops=3 if position == 4 else 0)
        mixed.count(row, side, len(frame), datagram)


def cut(mixed):
    """The third section, little-endian again: a snap length, a comment, drops told per packet, an odd clock."""
    section = mixed.section("<", comment="section 3, little-endian")
    talk = Talk(21)
    talk.dns("graph.facebook.com", "157.240.22.35")
    talk.http("us.djiservice.org", "52.38.90.20", "/event", body=b"x" * 900)
    number, begin = mixed.interface(ETHERNET, "eth0", ethernet, talk, flags=False, snaplen=96, resolution=0x80 | 30)
    mixed.truth[-1]["snaplen"] = 96
    extra = Talk(22)
    extra.udp("out", ((PHONE, 50001), ("54.169.3.77", 9999)), b"LB03" + bytes(60))
    frame, _ = ethernet(extra.sent[0][2], "out", 0)
    section.packet(number, begin + 20 * SECOND, frame[:96], 0, len(frame), comment="two packets were lost before this one", drops=2)
    mixed.count(mixed.truth[-1], "out", len(frame), extra.sent[0][2])
    mixed.truth[-1]["remotes"] = sorted({*mixed.truth[-1]["remotes"], "54.169.3.77"})


def main(folder):
    """Makes the file and its truth."""
    folder, mixed = pathlib.Path(folder), Mixed()
    with tempfile.TemporaryDirectory() as scratch:
        little(mixed, scratch)
        big(mixed, scratch)
    cut(mixed)
    capture = folder / "mixed-link-types.pcapng"
    capture.write_bytes(b"".join(section.bytes() for section in mixed.sections))
    known = {"capture": capture.name, "sha256": hashlib.sha256(capture.read_bytes()).hexdigest(), "frames": mixed.frames}
    known |= {"custom_block_before_frame": mixed.custom_before, "interfaces": mixed.truth}
    write_truth(known, folder / "mixed-link-types.truth.json")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
