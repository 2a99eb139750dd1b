"""Conversations as the phone's own interface sees them: datagrams in time, and TCP with its accidents."""

import packets
from account import IDLE, Flow
from packets import ACK, FIN, PSH, RST, SYN

MSS = 1398
MICROSECOND, MILLISECOND, SECOND = 10**3, 10**6, 10**9


class Link:
    """An interface of the phone: its number in the capture, its own MAC and the one on the other side."""

    def __init__(self, tape, interface, own, peer):
        self.tape, self.interface, self.own, self.peer = tape, interface, own, peer

    def frame(self, side, datagram, destination):
        """The Ethernet frame around a datagram; what comes in was padded by the access point."""
        kind = packets.ip_kind(datagram)
        group = packets.multicast_mac(destination)
        if side == "out":
            return packets.ethernet(self.own, group or self.peer, kind, datagram)
        return packets.ethernet(self.peer, group or self.own, kind, datagram).ljust(60, b"\0")


class Conversation:
    """What two endpoints send each other; counts it, and opens a new flow after too long a silence."""

    def __init__(self, link, plan, protocol, ends, time, initiation="automatic"):
        self.link, self.plan, self.protocol, self.ends = link, plan, protocol, ends
        self.time, self.initiation = time, initiation
        self.flow = None
        self.identification = sum(ends[0][0].encode()) * 31 + (ends[0][1] or 0)

    def wait(self, nanoseconds):
        """Lets time pass."""
        self.time += int(nanoseconds)

    def open_flow(self):
        """The flow of the present moment."""
        if self.flow is None or self.time - self.flow.last > IDLE[self.protocol] * SECOND:
            device, remote = self.ends
            self.flow = Flow(self.plan, self.protocol, device, remote, self.initiation, self.time)
            self.link.tape.flows.append(self.flow)
        return self.flow

    def addresses(self, side):
        """Source and destination, with ports."""
        return self.ends if side == "out" else self.ends[::-1]

    def put(self, side, datagram, payload_bytes, unique_bytes):
        """Sends one IP datagram and counts it."""
        flow = self.open_flow()
        frame = self.link.frame(side, datagram, self.addresses(side)[1][0])
        flow.last = self.time
        amounts = {"packets": 1, "wire_bytes": len(frame), "ip_bytes": len(datagram)}
        flow.count(side, **amounts, payload_bytes=payload_bytes, unique_bytes=unique_bytes)
        self.link.tape.record(self.time, self.link.interface, frame, flow, len(datagram))

    def ip(self, side, protocol, payload, hop_limit=None):
        """An IP datagram between the two."""
        (source, _), (destination, _) = self.addresses(side)
        self.identification = self.identification + 1 & 0xFFFF
        return packets.ip(source, destination, protocol, payload, self.identification, hop_limit or (64 if side == "out" else 47))

    def datagram(self, side, payload, hop_limit=None):
        """Sends a UDP datagram."""
        packet = self.ip(side, packets.UDP, packets.udp(self.addresses(side), payload), hop_limit)
        self.put(side, packet, len(payload), len(payload))

    def fragmented(self, side, payload, gap=40 * MICROSECOND):
        """Sends a UDP datagram in IPv4 fragments."""
        (source, _), (destination, _) = self.addresses(side)
        whole = packets.udp(self.addresses(side), payload)
        left = len(payload)
        for packet in packets.ipv4_fragments(source, destination, packets.UDP, whole, self.identification):
            carried = left if packet[6] & 0x20 == 0 else len(packet) - 20 - (8 if left == len(payload) else 0)
            self.put(side, packet, carried, carried)
            left -= carried
            self.wait(gap)

    def message(self, side, protocol, body, hop_limit=None):
        """Sends a message of a protocol without ports; all of it is payload."""
        self.put(side, self.ip(side, protocol, body, hop_limit), len(body), len(body))


class Tcp(Conversation):
    """A TCP connection. Accidents of a transfer are given by the number of the segment in it:

    `again`: captured, lost further on, sent again; `late`: overtaken by the rest of its burst;
    `missed`: sent and received, but the capture dropped it.
    """

    def __init__(self, link, plan, ends, time, rtt, initiation="automatic", random=None):
        super().__init__(link, plan, "tcp", ends, time, initiation)
        self.rtt, self.random = rtt, random
        self.next = {"out": random.getrandbits(32), "in": random.getrandbits(32)}
        self.acknowledged = {"out": self.next["in"], "in": self.next["out"]}
        self.clock = {"out": random.getrandbits(31), "in": random.getrandbits(31)}
        self.echo = {"out": 0, "in": 0}
        self.began = time

    def _stamp(self, side):
        return (self.clock[side] + (self.time - self.began) // MILLISECOND) & 0xFFFFFFFF

    def _options(self, side, opening):
        stamp = self._stamp(side)
        other = "in" if side == "out" else "out"
        stamps = b"\x08\x0a" + stamp.to_bytes(4, "big") + self.echo[side].to_bytes(4, "big")
        self.echo[other] = stamp
        if opening:
            return b"\x02\x04" + (1460).to_bytes(2, "big") + b"\x04\x02" + stamps + b"\x01\x03\x03\x07"
        return b"\x01\x01" + stamps

    def segment(self, side, flags, payload=b"", sequence=None, unique=None, missed=False):
        """Sends one segment at the present moment."""
        numbers = (self.next[side] if sequence is None else sequence, self.acknowledged[side] if flags & ACK else 0)
        body = packets.tcp(self.addresses(side), numbers, flags, payload, self._options(side, bool(flags & SYN)))
        if missed:
            self.link.tape.miss(self.link.interface)
            return
        self.put(side, self.ip(side, packets.TCP, body), len(payload), len(payload) if unique is None else unique)

    def _advance(self, side, amount):
        self.next[side] = self.next[side] + amount & 0xFFFFFFFF

    def _acknowledge(self, side, sequence=None):
        other = "in" if side == "out" else "out"
        self.acknowledged[side] = self.next[other] if sequence is None else sequence
        self.segment(side, ACK)

    def open(self):
        """The three-way handshake."""
        self.segment("out", SYN)
        self._advance("out", 1)
        self.wait(self.rtt)
        self.acknowledged["in"] = self.next["out"]
        self.segment("in", SYN | ACK)
        self._advance("in", 1)
        self.wait(self.random.randint(60, 400) * MICROSECOND)
        self._acknowledge("out")

    def send(self, side, data, accidents=None):
        """Sends data in bursts of a growing window, and what the other side answers to it."""
        accidents = accidents or {}
        pieces = [(number, data[start : start + MSS]) for number, start in enumerate(range(0, len(data), MSS))]
        window = 10
        while pieces:
            burst, pieces = pieces[:window], pieces[window:]
            self._burst(side, burst, accidents, last=not pieces)
            window = min(window * 2, 80)

    def _burst(self, side, burst, accidents, last):
        placed = []
        for number, piece in burst:
            placed.append((self.next[side], piece, accidents.get(number)))
            self._advance(side, len(piece))
        late = [item for item in placed if item[2] == "late"]
        lost = [item for item in placed if item[2] == "again"]
        in_order = [item for item in placed if item[2] != "late"]
        for position, (sequence, piece, accident) in enumerate(in_order + late):
            self.wait(self.random.randint(30, 240) * MICROSECOND)
            flags = ACK | (PSH if last and position + 1 == len(placed) else 0)
            self.segment(side, flags, piece, sequence, missed=accident == "missed")
            if side == "in" and position % 2:
                self.wait(self.random.randint(20, 90) * MICROSECOND)
                self._acknowledge("out", self._contiguous(placed, in_order + late, position))
        self._answers(side, placed, lost)

    def _contiguous(self, placed, order, position):
        """The acknowledgement number after the first `position + 1` segments arrived."""
        arrived = {sequence for sequence, _, _ in order[: position + 1]}
        for sequence, _, _ in placed:
            if sequence not in arrived:
                return sequence
        return self.next["in"]

    def _answers(self, side, placed, lost):
        """The acknowledgements of a burst and the repetition of what was lost of it."""
        if side == "in":
            self.wait(self.random.randint(20, 90) * MICROSECOND)
            self._acknowledge("out", lost[0][0] if lost else None)
        else:
            self.wait(self.rtt)
            reached = placed.index(lost[0]) if lost else len(placed)
            for position in range(1, reached, 2):
                self._acknowledge("in", placed[position][0] + len(placed[position][1]) & 0xFFFFFFFF)
                self.wait(self.random.randint(30, 200) * MICROSECOND)
            for _ in range(3 if lost else 0):
                self._acknowledge("in", lost[0][0])
        for sequence, piece, _ in lost:
            self.wait(self.rtt)
            self.segment(side, ACK, piece, sequence, unique=0)
        if lost or (side == "out" and len(placed) % 2):
            self.wait(self.rtt if side == "out" and lost else 100 * MICROSECOND)
            self._acknowledge("in" if side == "out" else "out")
        other = "in" if side == "out" else "out"
        self.acknowledged[other] = self.next[side]

    def keep_alive(self):
        """A TCP keep-alive probe of the phone and its answer."""
        self.segment("out", ACK, sequence=self.next["out"] - 1 & 0xFFFFFFFF)
        self.wait(self.rtt)
        self.segment("in", ACK)

    def close(self, first="out"):
        """Both sides finish."""
        second = "in" if first == "out" else "out"
        self.segment(first, FIN | ACK)
        self._advance(first, 1)
        self.wait(self.rtt)
        self.acknowledged[second] = self.next[first]
        self.segment(second, FIN | ACK)
        self._advance(second, 1)
        self.wait(self.random.randint(50, 300) * MICROSECOND)
        self._acknowledge(first)

    def refuse(self):
        """The phone asks, the remote refuses."""
        self.segment("out", SYN)
        self._advance("out", 1)
        self.wait(self.rtt)
        self.acknowledged["in"] = self.next["out"]
        self.next["in"] = 0
        self.segment("in", RST | ACK)

    def reset(self, side="out"):
        """One side breaks off."""
        self.segment(side, RST | ACK)
