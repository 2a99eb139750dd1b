"""Packets from the inside out: every function takes what is carried and returns the bytes around it."""

import ipaddress
import struct

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def address(text):
    """The bytes of an IPv4 or IPv6 address."""
    return ipaddress.ip_address(text).packed


def mac(text):
    """The bytes of a MAC address."""
    return bytes.fromhex(text.replace(":", ""))


def _pseudo_header(source, destination, protocol, length):
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, protocol, length)
    return source + destination + struct.pack("!II", length, protocol)


def tcp(ends, numbers, flags, payload=b"", options=b"", window=2048):
    """A segment. `ends`: ((source, port), (destination, port)); `numbers`: (sequence, acknowledgement)."""
    (source, source_port), (destination, destination_port) = ends
    options += b"\1" * (-len(options) % 4)
    offset = (20 + len(options)) // 4 << 4
    head = struct.pack("!HHIIBBHHH", source_port, destination_port, *numbers, offset, flags, window, 0, 0) + options
    pseudo = _pseudo_header(address(source), address(destination), TCP, len(head) + len(payload))
    return head[:16] + struct.pack("!H", checksum(pseudo + head + payload)) + head[18:] + payload


def udp(ends, payload):
    """A UDP datagram."""
    (source, source_port), (destination, destination_port) = ends
    head = struct.pack("!HHH", source_port, destination_port, 8 + len(payload))
    pseudo = _pseudo_header(address(source), address(destination), UDP, 8 + len(payload))
    return head + struct.pack("!H", checksum(pseudo + head + b"\0\0" + payload) or 0xFFFF) + payload


def icmp(kind, code, rest, payload=b""):
    """An ICMP message; `rest` is the second half of its header."""
    head = struct.pack("!BB", kind, code)
    return head + struct.pack("!H", checksum(head + b"\0\0" + rest + payload)) + rest + payload


def icmpv6(source, destination, kind, code, body):
    """An ICMPv6 message."""
    head = struct.pack("!BB", kind, code)
    pseudo = _pseudo_header(address(source), address(destination), ICMPV6, 4 + len(body))
    return head + struct.pack("!H", checksum(pseudo + head + b"\0\0" + body)) + body


def ip(source, destination, protocol, payload, identification=0, hop_limit=64):
    """An IPv4 or IPv6 datagram, by the kind of its addresses."""
    source, destination = address(source), address(destination)
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hop_limit) + source + destination + payload
    return _ipv4(source, destination, protocol, payload, identification, 0x4000, hop_limit)


def _ipv4(source, destination, protocol, payload, identification, fragment, hop_limit):
    head = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(payload), identification, fragment, hop_limit, protocol)
    total = checksum(head + b"\0\0" + source + destination)
    return head + struct.pack("!H", total) + source + destination + payload


def ipv4_fragments(source, destination, protocol, payload, identification, mtu=1500):
    """The fragments of one IPv4 datagram, in order."""
    step = (mtu - 20) // 8 * 8
    pieces = [payload[start : start + step] for start in range(0, len(payload), step)]
    for number, piece in enumerate(pieces):
        more = 0x2000 if number + 1 < len(pieces) else 0
        yield _ipv4(address(source), address(destination), protocol, piece, identification, more | number * step // 8, 60)


def ethernet(source, destination, kind, payload):
    """An Ethernet II frame without checksum and without padding."""
    return mac(destination) + mac(source) + struct.pack("!H", kind) + payload


def arp(operation, sender, target):
    """An ARP message. `sender`, `target`: (MAC, IPv4 address)."""
    head = struct.pack("!HHBBH", 1, IPV4, 6, 4, operation)
    return head + mac(sender[0]) + address(sender[1]) + mac(target[0]) + address(target[1])


def ip_kind(datagram):
    """The Ethernet type of an IP datagram."""
    return IPV4 if datagram[0] >> 4 == 4 else IPV6


def multicast_mac(destination):
    """The Ethernet address a multicast or broadcast datagram goes to; None for unicast."""
    packed = address(destination)
    if len(packed) == 16:
        return "33:33:" + packed[12:].hex(":") if packed[0] == 0xFF else None
    if packed == b"\xff" * 4:
        return "ff:ff:ff:ff:ff:ff"
    if 224 <= packed[0] < 240:
        return "01:00:5e:" + bytes([packed[1] & 0x7F, packed[2], packed[3]]).hex(":")
    return None
