#!/usr/bin/env python3
"""Builds a capture of any size out of small ones, for measurements: make_big.py [--size 1G] [FOLDER...] OUTPUT

Ethernet and raw IP captures of the folders (default: $WHERETO_CORPUS/corpus, else captures/) are laid over each other and
repeated until the size is reached. Repetitions have other addresses of the same kind: private ones stay in their block,
public ones in their /16, IPv6 in its /96; multicast, loopback and link-local stay. After --variety of them the addresses
come again, as they do where the same devices go to the same services every day. Answers of DNS follow, and
all checksums are kept right, so names still lead to addresses. Times go on from repetition to repetition and never back.
The output is a nanosecond pcap with Ethernet frames; raw IP gets an Ethernet header. Standard library only.
"""

import argparse
import gzip
import ipaddress
import os
import pathlib
import struct
import sys
import time

ETHERNET, RAW_LINKS = 1, {101, 12, 14, 228, 229}
RAW_HEADER = bytes.fromhex("58ef68100001a483e7123456")
START = 1_767_225_600  # 2026-01-01
LONGEST_GAP = 60 * 10**9
SECOND = 10**9
# Blocks whose addresses change only in their last byte: they lie beside special ranges (RFC 6890).
NARROW = {0xC000, 0xC058, 0xC612, 0xC613, 0xC633, 0xCB00}


class Damaged(Exception):
    """A file that is not a capture, or not to its end."""


def read_capture(path):
    """Yields (link type, nanoseconds, original length, bytes) of a capture, as far as it can be read."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    magic = data[:4]
    for order in "<>":
        if magic == struct.pack(order + "I", 0xA1B2C3D4):
            return read_pcap(data, order, 1000)
        if magic == struct.pack(order + "I", 0xA1B23C4D):
            return read_pcap(data, order, 1)
    if magic == b"\x0a\x0d\x0d\x0a":
        return read_pcapng(data)
    raise Damaged("not a capture this script reads")


def read_pcap(data, order, scale):
    """The packets of a pcap file."""
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    offset = 24
    while offset + 16 <= len(data):
        seconds, fraction, kept, length = struct.unpack_from(order + "IIII", data, offset)
        offset += 16
        if offset + kept > len(data):
            return
        yield link, seconds * SECOND + fraction * scale, length, data[offset : offset + kept]
        offset += kept


def read_pcapng(data):
    """The packets of a pcapng file."""
    order, interfaces, offset, now = "<", [], 0, 0
    while offset + 12 <= len(data):
        kind = struct.unpack_from(order + "I", data, offset)[0]
        if kind == 0x0A0D0D0A:
            order = "<" if data[offset + 8 : offset + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        size = struct.unpack_from(order + "I", data, offset + 4)[0]
        if size < 12 or offset + size > len(data):
            return
        body = data[offset + 8 : offset + size - 4]
        offset += size
        if kind == 1:
            interfaces.append(read_interface(body, order))
        elif kind in (2, 6) and len(body) >= 20:
            layout = "HHIIII" if kind == 2 else "IIIII"
            number, *rest = struct.unpack_from(order + layout, body)
            high, low, kept, length = rest[-4:]
            if number < len(interfaces) and 20 + kept <= len(body):
                link, units, shift = interfaces[number]
                now = (high << 32 | low) * SECOND // units + shift * SECOND
                yield link, now, length, body[20 : 20 + kept]
        elif kind == 3 and interfaces:
            length = struct.unpack_from(order + "I", body)[0]
            yield interfaces[0][0], now, length, body[4 : 4 + length]


def read_interface(body, order):
    """Link type, units per second and offset in seconds of an interface."""
    link, units, shift, offset = struct.unpack_from(order + "H", body)[0], 10**6, 0, 8
    while offset + 4 <= len(body):
        code, size = struct.unpack_from(order + "HH", body, offset)
        value = body[offset + 4 : offset + 4 + size]
        if code == 9 and value:
            units = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == 14 and len(value) == 8:
            shift = struct.unpack(order + "q", value)[0]
        offset += 4 + (size + 3) // 4 * 4
    return link, units, shift


def frames_of(path):
    """(nanoseconds since its first frame, original length, Ethernet frame) of a file; nothing when it has another link type."""
    elapsed, before = 0, None
    for link, now, length, frame in read_capture(path):
        if link in RAW_LINKS:
            if not frame or frame[0] >> 4 not in (4, 6):
                continue
            frame = RAW_HEADER + (b"\x08\x00" if frame[0] >> 4 == 4 else b"\x86\xdd") + frame
            length += 14
        elif link != ETHERNET:
            raise Damaged(f"link type {link}")
        if before is not None:
            elapsed += min(max(now - before, 0), LONGEST_GAP)
        before = now
        yield elapsed, max(length, len(frame)), frame


class Repetition:
    """All frames once, as pcap records in order of time, and where to write for the next time."""

    def __init__(self, frames):
        frames.sort(key=lambda item: item[0])
        self.image, self.seconds, self.sites, self.sums = bytearray(), [], {}, {}
        for elapsed, length, frame in frames:
            offset = len(self.image)
            seconds, nanoseconds = divmod(elapsed, SECOND)
            self.seconds.append((offset, seconds))
            self.image += struct.pack("<IIII", seconds, nanoseconds, len(frame), length) + frame
            self._note(frame, offset + 16)
        self.offsets = [offset for offset, _ in self.seconds]
        self.length = self.seconds[-1][1] + 1

    def _note(self, frame, base):
        """Notes where the addresses and checksums of a frame are."""
        start, kind = 14, frame[12:14]
        while kind in (b"\x81\x00", b"\x88\xa8") and len(frame) >= start + 4:
            kind, start = frame[start + 2 : start + 4], start + 4
        if kind == b"\x08\x00" and len(frame) >= start + 20 and frame[start] >> 4 == 4:
            self._note_ipv4(frame, base, start)
        elif kind == b"\x86\xdd" and len(frame) >= start + 40 and frame[start] >> 4 == 6:
            self._note_ipv6(frame, base, start)

    def _note_ipv4(self, frame, base, start):
        header = (frame[start] & 15) * 4
        ends = (frame[start + 12 : start + 16], frame[start + 16 : start + 20])
        self._address(ends[0], base + start + 12)
        self._address(ends[1], base + start + 16)
        self._sum(frame, base, start + 10, ((ends[0], 0), (ends[1], 0)))
        if header >= 20 and not (frame[start + 6] & 0x1F or frame[start + 7]):
            self._note_transport(frame, base, start + header, frame[start + 9], ends)

    def _note_ipv6(self, frame, base, start):
        ends = (frame[start + 8 : start + 24], frame[start + 24 : start + 40])
        self._address(ends[0], base + start + 8)
        self._address(ends[1], base + start + 24)
        protocol, at = frame[start + 6], start + 40
        while protocol in (0, 43, 44, 60) and len(frame) >= at + 8:
            if protocol == 44 and (frame[at + 2] or frame[at + 3] & 0xF8):
                return
            protocol, at = frame[at], at + 8 + (0 if protocol == 44 else 8 * frame[at + 1])
        self._note_transport(frame, base, at, protocol, ends)

    def _note_transport(self, frame, base, at, protocol, ends):
        place = {6: 16, 17: 6, 58: 2}.get(protocol)
        if place is None or len(frame) < at + place + 2 or (protocol == 17 and frame[at + 6 : at + 8] == b"\0\0"):
            return
        changed = [(packed, 0) for packed in ends]
        if protocol == 17 and frame[at : at + 2] == b"\x00\x35":
            for offset, packed in answers(frame[at + 8 :]):
                self._address(packed, base + at + 8 + offset)
                changed.append((packed, offset & 1))
        self._sum(frame, base, at + place, tuple(changed), 0xFFFF if protocol == 17 else 0)

    def _address(self, packed, site):
        self.sites.setdefault(packed, []).append(site)

    def _sum(self, frame, base, at, changed, zero=0):
        """Notes a checksum over some addresses, and how it writes zero: UDP cannot (RFC 768)."""
        self.sums.setdefault(changed, []).append((base + at, frame[at] << 8 | frame[at + 1], zero))

    def write(self, number, begin):
        """Sets the image to repetition `number`, beginning at `begin` seconds."""
        image, deltas = self.image, {}
        for offset, seconds in self.seconds:
            struct.pack_into("<I", image, offset, begin + seconds)
        for packed, sites in self.sites.items():
            other = moved(packed, number)
            deltas[packed] = words(other) - words(packed)
            for site in sites:
                image[site : site + len(other)] = other
        for ends, sites in self.sums.items():
            delta = sum(swapped(deltas[packed]) if odd else deltas[packed] for packed, odd in ends)
            for site, value, zero in sites:
                value = 0xFFFF - (0xFFFF - value + delta) % 0xFFFF
                value = zero if value == 0xFFFF else value
                image[site], image[site + 1] = value >> 8, value & 0xFF


def words(packed):
    """The sum of an address's 16-bit words."""
    return sum(struct.unpack(f"!{len(packed) // 2}H", packed))


def swapped(delta):
    """The same difference of sums for words that begin at an odd byte."""
    delta %= 0xFFFF
    return (delta & 0xFF) << 8 | delta >> 8


def moved(packed, number):
    """The address that stands for `packed` in a repetition: one of the same kind, another in each."""
    address = ipaddress.ip_address(packed)
    if number == 0 or address.is_multicast or address.is_loopback or address.is_link_local or address.is_unspecified:
        return packed
    if len(packed) == 16:
        return (int(address) ^ number * 0x9E3779B1 & 0xFFFFFFFF).to_bytes(16, "big")
    value, top = int(address), int(address) >> 16
    if value == 0xFFFFFFFF or value >> 24 in (0, 127):
        return packed
    mask = 0xFFFFFF if value >> 24 == 10 else 0xFF if top in NARROW else 0xFFFF
    return (value ^ number * 0x9E3B & mask).to_bytes(4, "big")


def answers(message):
    """(offset, address) of every A and AAAA record of a DNS response; what is damaged ends the list."""
    if len(message) < 12 or not message[2] & 0x80:
        return
    questions, *sections = struct.unpack_from("!HHHH", message, 4)
    offset = 12
    for number in range(questions + sum(sections)):
        while offset < len(message) and message[offset]:
            if message[offset] >= 0xC0:
                offset += 1
                break
            offset += 1 + message[offset]
        offset += 1
        if number < questions:
            offset += 4
            continue
        if offset + 10 > len(message):
            return
        kind, size = struct.unpack_from("!H6xH", message, offset)
        offset += 10
        if offset + size > len(message):
            return
        if (kind, size) in ((1, 4), (28, 16)):
            yield offset, message[offset : offset + size]
        offset += size


def gather(folders):
    """The frames of all captures that fit, and a word on the others."""
    frames, used = [], 0
    paths = sorted(path for folder in folders for path in pathlib.Path(folder).iterdir() if path.is_file())
    for path in (path for path in paths if ".pcap" in path.name or path.suffix in (".cap", ".dmp")):
        if path.suffix not in (".pcap", ".pcapng", ".cap", ".dmp", ".gz"):
            continue
        try:
            found = list(frames_of(path))
        except (Damaged, OSError, EOFError, struct.error) as error:
            sys.stderr.write(f"skipped {path.name}: {error}\n")
            continue
        frames += found
        used += 1
    sys.stderr.write(f"{used} captures, {len(frames)} frames\n")
    return frames


def make(frames, size, variety, output):
    """Writes the file; returns its packets, bytes and repetitions."""
    repetition, begin, packets, number = Repetition(frames), START, 0, 0
    written = output.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, ETHERNET))
    while written < size:
        repetition.write(number % variety, begin)
        room = size - written
        if room < len(repetition.image):
            fits = [offset for offset in repetition.offsets if offset <= room]
            output.write(memoryview(repetition.image)[: fits[-1]])
            return packets + len(fits) - 1, written + fits[-1], number + 1
        written += output.write(repetition.image)
        packets += len(repetition.offsets)
        begin += repetition.length
        number += 1
    return packets, written, number


def bytes_of(text):
    """A size: 500M, 1G, 4096."""
    units = {"K": 10**3, "M": 10**6, "G": 10**9}
    return int(float(text[:-1]) * units[text[-1].upper()]) if text[-1].upper() in units else int(text)


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=bytes_of, default=10**9, help="bytes to write, K, M and G understood (default 1G)")
    parser.add_argument("--variety", type=int, default=50, help="repetitions before addresses come again (default 50)")
    parser.add_argument("folder", nargs="*", help="folders of captures")
    parser.add_argument("output", help="file to write")
    options = parser.parse_args()
    corpus = os.environ.get("WHERETO_CORPUS")
    here = pathlib.Path(__file__).parent.parent
    folders = options.folder or [os.path.join(corpus, "corpus") if corpus else here / "captures"]
    frames = gather(folders)
    if not frames:
        sys.exit(f"no Ethernet or raw IP capture in {', '.join(map(str, folders))}")
    clock = time.monotonic()
    with open(options.output, "wb") as output:
        packets, written, repetitions = make(frames, options.size, max(options.variety, 1), output)
    taken = time.monotonic() - clock
    sys.stdout.write(f"{options.output}: {written} bytes, {packets} packets, {repetitions} repetitions, {taken:.1f} s\n")


if __name__ == "__main__":
    main()
