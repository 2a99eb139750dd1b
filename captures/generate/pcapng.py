"""pcapng blocks in either byte order (draft-ietf-opsawg-pcapng)."""

import struct

SECTION, INTERFACE, PACKET, SIMPLE, NAMES, STATISTICS, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 4, 5, 6
SECRETS, CUSTOM = 0x0A, 0x0BAD
TLS_KEY_LOG = 0x544C534B
INBOUND, OUTBOUND = 1, 2


class Section:
    """One section: collects the bytes of its blocks. `order` is "<" or ">"."""

    def __init__(self, order="<", **options):
        self.order = order
        self.interfaces = []
        texts = [(code, options[name]) for code, name in ((2, "hardware"), (3, "os"), (4, "application")) if name in options]
        if "comment" in options:
            texts.insert(0, (1, options["comment"]))
        body = self.pack("IHHq", 0x1A2B3C4D, 1, 0, -1) + self.options((code, text.encode()) for code, text in texts)
        self.blocks = [self.block(SECTION, body)]

    def pack(self, layout, *values):
        """Packs values in the byte order of the section."""
        return struct.pack(self.order + layout, *values)

    def block(self, kind, body):
        """A whole block around a body."""
        body += bytes(-len(body) % 4)
        length = self.pack("I", 12 + len(body))
        return self.pack("I", kind) + length + body + length

    def options(self, items):
        """An option list; empty when there is none."""
        items = list(items)
        if not items:
            return b""
        packed = (self.pack("HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in items)
        return b"".join(packed) + bytes(4)

    def add(self, kind, body):
        """Appends any block."""
        self.blocks.append(self.block(kind, body))

    def interface(self, link, name=None, snaplen=0, resolution=6, offset=0, comment=None):
        """Appends an interface and returns its number. `resolution`: as if_tsresol; None leaves the default out."""
        items = []
        if comment:
            items.append((1, comment.encode()))
        if name:
            items.append((2, name.encode()))
        if resolution is not None:
            items.append((9, bytes([resolution])))
        if offset:
            items.append((14, self.pack("q", offset)))
        self.add(INTERFACE, self.pack("HHI", link, 0, snaplen) + self.options(items))
        self.interfaces.append((6 if resolution is None else resolution, offset))
        return len(self.interfaces) - 1

    def ticks(self, interface, time):
        """A time in nanoseconds since 1970 in units of the interface."""
        resolution, offset = self.interfaces[interface]
        time -= offset * 10**9
        units = 2 ** (resolution & 0x7F) if resolution & 0x80 else 10**resolution
        return time * units // 10**9

    def packet(self, interface, time, frame, direction=0, length=None, comment=None, drops=None):
        """Appends an Enhanced Packet Block; `length` is the original length when the frame was cut."""
        ticks = self.ticks(interface, time)
        body = self.pack("IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), length or len(frame))
        items = []
        if comment:
            items.append((1, comment.encode()))
        if direction:
            items.append((2, self.pack("I", direction)))
        if drops is not None:
            items.append((4, self.pack("Q", drops)))
        self.add(ENHANCED, body + frame + bytes(-len(frame) % 4) + self.options(items))

    def simple_packet(self, frame):
        """Appends a Simple Packet Block: interface 0, no time."""
        self.add(SIMPLE, self.pack("I", len(frame)) + frame)

    def obsolete_packet(self, interface, time, frame, drops=0xFFFF):
        """Appends a Packet Block, obsolete since 2004."""
        ticks = self.ticks(interface, time)
        head = self.pack("HHIIII", interface, drops, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
        self.add(PACKET, head + frame)

    def names(self, records):
        """Appends a Name Resolution Block. `records`: (packed address, name)."""
        body = b""
        for packed, name in records:
            value = packed + name.encode() + b"\0"
            body += self.pack("HH", 1 if len(packed) == 4 else 2, len(value)) + value + bytes(-len(value) % 4)
        self.add(NAMES, body + bytes(4))

    def statistics(self, interface, time, received, dropped):
        """Appends an Interface Statistics Block."""
        ticks = self.ticks(interface, time)
        items = ((4, self.pack("Q", received)), (5, self.pack("Q", dropped)))
        self.add(STATISTICS, self.pack("III", interface, ticks >> 32, ticks & 0xFFFFFFFF) + self.options(items))

    def secrets(self, key_log):
        """Appends a Decryption Secrets Block with a TLS key log."""
        self.add(SECRETS, self.pack("II", TLS_KEY_LOG, len(key_log)) + key_log)

    def custom(self, enterprise, data):
        """Appends a Custom Block that may be copied."""
        self.add(CUSTOM, self.pack("I", enterprise) + data)

    def bytes(self):
        """The section as it goes to the file."""
        return b"".join(self.blocks)
