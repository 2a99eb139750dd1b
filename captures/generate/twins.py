#!/usr/bin/env python3
"""twins.py STUDY TWIN TO: a run of the lab study with something in it that speaks against a claim.

STUDY is captures/lab-study, or a folder like it whose runs have `monitor.pcap` and the passphrase in `run.json`: then what
is put in is sealed for the air (`record`, `diagnostics`, `crash-report`, `beacon`, `hole`). TO gets the captures of the run that was tampered with, and `twin.json`: the run, its
captures in the order in which they are to be named, the run whose TLS keys open what was put in, and which frames were
put in or taken out. What is put in are whole TCP conversations with right checksums, between the phone and an address
of the study. Standard library only.
"""
import gzip, json, os, random, struct, sys
from calendar import timegm

import air

PHONE, GATEWAY = bytes([192, 168, 2, 20]), bytes([192, 168, 2, 254])
PHONE_MAC, GATEWAY_MAC = bytes.fromhex("a483e7123456"), bytes.fromhex("001c105a00fe")
APP = (10123, b"dji.go.v4")


class Capture:
    """A pcap file as a list of (time in microseconds, length on the wire, frame)."""

    def __init__(self, path):
        data = (gzip.open if path.endswith(".gz") else open)(path, "rb").read()
        self.head, self.frames, at = data[:24], [], 24
        self.link = struct.unpack("<I", data[20:24])[0]
        while at < len(data):
            seconds, fraction, captured, length = struct.unpack("<IIII", data[at:at + 16])
            self.frames.append((seconds * 1_000_000 + fraction, length, data[at + 16:at + 16 + captured]))
            at += 16 + captured
        self.network = None
        if self.link == 127:
            known = json.load(open(os.path.join(os.path.dirname(path), "run.json")))["network"]
            self.network = air.Network(known["ssid"], known["passphrase"], [frame for _, _, frame in self.frames])
        self.labelled = any(frame[-32:-28] == b"\x01\x07\x20\x21" for _, _, frame in self.frames[:20])

    def ethernet(self, frame):
        return frame[struct.unpack("<I", frame[:4])[0]:] if self.link in (149, 258) else frame

    def wrapped(self, packet, out):
        """An IP packet as this capture holds the app's packets."""
        if self.network:
            return self.network.sealed(packet, out)
        if self.labelled:
            frame = bytes(12) + b"\x08\x00" + packet
            frame += bytes(-len(frame) % 4)
            return frame + struct.pack(">Ii20sI", 0x01072021, *APP, 0)
        frame = (GATEWAY_MAC + PHONE_MAC if out else PHONE_MAC + GATEWAY_MAC) + b"\x08\x00" + packet
        if self.link not in (149, 258):
            return frame
        for _, _, known in self.frames:
            if known[56:64] == b"DJI GO 4" and known[36] & 3 == (2 if out else 1):
                return known[:156] + frame
        raise SystemExit("no packet of the app to take the header from")

    def put(self, packets):
        """Adds (time, IP packet, out), sorts by time, and tells the numbers that they got."""
        frames = [(time, self.wrapped(packet, out)) for time, packet, out in packets]
        self.frames += [(time, len(frame), frame) for time, frame in frames]
        self.frames.sort(key=lambda frame: frame[0])
        added = {id(frame) for _, frame in frames}
        return [number for number, (_, _, frame) in enumerate(self.frames, 1) if id(frame) in added]

    def packets(self, port):
        """(time, IP packet, out) of a TCP conversation by the phone's port."""
        for time, _, frame in self.frames:
            ethernet = self.ethernet(frame)
            if ethernet[12:14] == b"\x08\x00" and ethernet[23] == 6:
                packet = ethernet[14:14 + struct.unpack(">H", ethernet[16:18])[0]]
                ports = struct.unpack(">HH", packet[20:24])
                if port in ports:
                    yield time, packet, ports[0] == port

    def write(self, path, frames=None):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = b"".join(
            struct.pack("<IIII", time // 1_000_000, time % 1_000_000, len(frame), length) + frame
            for time, length, frame in (self.frames if frames is None else frames))
        with gzip.GzipFile("", "wb", 9, open(path, "wb"), 0) as file:
            file.write(self.head + data)

    @classmethod
    def of(cls, study, run):
        """What the study has of a run: the phone's capture, else that of the air."""
        paths = [os.path.join(study, run, name) for name in ("phone.pcap.gz", "monitor.pcap")]
        return cls(next(path for path in paths if os.path.exists(path)))


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def tcp(source, target, ports, numbers, flags, payload=b""):
    segment = struct.pack(">HHIIBBHHH", *ports, *numbers, 0x50, flags, 64240, 0, 0) + payload
    pseudo = source + target + struct.pack(">BBH", 0, 6, len(segment))
    segment = segment[:16] + struct.pack(">H", checksum(pseudo + segment)) + segment[18:]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), ports[0], 0x4000, 64, 6, 0) + source + target
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + segment


def http(time, remote, request, port=61234):
    """A conversation with one request, acknowledged and answered with 200."""
    remote, step, packets = bytes(map(int, remote.split("."))), 20_000, []
    sent, got = 1000, 5000

    def out(flags, payload=b""):
        packets.append((time, tcp(PHONE, remote, (port, 80), (sent, got), flags, payload), True))

    def back(flags, payload=b""):
        packets.append((time, tcp(remote, PHONE, (80, port), (got, sent), flags, payload), False))

    out(2)
    time, sent = time + step, sent + 1
    back(0x12)
    got += 1
    out(0x10)
    for at in range(0, len(request), 1400):
        time += 1000
        out(0x18, request[at:at + 1400])
        sent += len(request[at:at + 1400])
    time += step
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    back(0x18, answer)
    got += len(answer)
    out(0x11)
    sent += 1
    back(0x11)
    got += 1
    out(0x10)
    return packets


def post(host, path, body, kind):
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: DJI GO 4/4.1.22\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def moved(packets, by, port):
    """A conversation at another time and from another port of the phone."""
    for time, packet, out in packets:
        ports = list(struct.unpack(">HH", packet[20:24]))
        ports[0 if out else 1] = port
        packet = packet[:20] + struct.pack(">HH", *ports) + packet[24:36] + b"\0\0" + packet[38:]
        pseudo = packet[12:20] + struct.pack(">BBH", 0, 6, len(packet) - 20)
        yield time + by, packet[:36] + struct.pack(">H", checksum(pseudo + packet[20:])) + packet[38:], out


def at(study, run, action):
    """Time of an action in microseconds."""
    for line in open(os.path.join(study, run, "actions.csv")):
        time, name, _ = line.split(",", 2)
        if name == action:
            day, clock = time.rstrip("Z").split("T")
            hours, minutes, seconds = clock.split(":")
            parts = [int(part) for part in day.split("-")] + [int(hours), int(minutes), 0]
            return timegm(tuple(parts)) * 1_000_000 + round(float(seconds) * 1_000_000)
    raise SystemExit(f"no {action} in {run}")


def random_bytes(length):
    return random.Random(length).randbytes(length)


def form(name, kind, body):
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'
    return head.encode() + body + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"


def record(study):
    """A flight record in clear text, six seconds after landing, nobody asked."""
    run = "01-default-1"
    body, kind = form("flightlog.zip", "application/zip", b"PK\x03\x04" + random_bytes(60_000))
    return run, http(at(study, run, "land") + 6_000_000, "52.36.118.9", post("mydjiflight.dji.com", "/api/v2/flight_log/zipupload", body, kind))


def record_encrypted(study):
    """The same by TLS: the conversation of the real sync, moved into a run without one."""
    run = "01-default-1"
    packets = list(Capture.of(study, "03-default-sync-share").packets(45172))
    return run, list(moved(packets, at(study, run, "land") + 6_000_000 - packets[0][0], 61234))


def media(study):
    """A picture in clear text a minute after landing; the link goes on speaking until then."""
    run = "02-default-2"
    capture = Capture.of(study, run)
    end = capture.frames[-1][0]
    tail = [frame for frame in capture.frames if end - 5_000_000 < frame[0] <= end - 1_000_000 and b"\x23\x2b" in capture.ethernet(frame[2])[34:38]]
    longer = [(time + turn * 4_000_000, length, frame) for turn in range(1, 18) for time, length, frame in tail]
    body, kind = form("DJI_0007.JPG", "image/jpeg", b"\xff\xd8\xff\xe1" + random_bytes(200_000))
    packets = http(at(study, run, "land") + 60_000_000, "47.251.3.10", post("www.skypixel.com", "/api/v2/uploads/photos", body, kind))
    return run, packets, longer


def diagnostics(study):
    """A report to a host that no rule knows, with the setting off."""
    run = "04-diagnostics-off-1"
    body = json.dumps({"items": ["x" * 26_000]}).encode()
    return run, http(at(study, run, "land") + 4_000_000, "52.36.118.9", post("telemetry-lab.djiservice.org", "/t", body, "application/json"))


def crash_report(study):
    """A crash report to the known host, with the setting off."""
    run = "04-diagnostics-off-1"
    return run, http(at(study, run, "land") + 4_000_000, "182.254.50.10", post("android.bugly.qq.com", "/rqd/async?aid=1", random_bytes(900), "application/octet-stream"))


def beacon(study):
    """Few bytes to an address without a name under local data mode."""
    run = "06-local-data-mode-1"
    return run, http(at(study, run, "land") + 2_000_000, "34.198.44.7", b"GET / HTTP/1.1\r\n\r\n")


PUT_IN = {"record": record, "record-encrypted": record_encrypted, "media": media, "diagnostics": diagnostics, "crash-report": crash_report, "beacon": beacon}


def pieces(capture, count):
    """The frames in as many files, in the order of time."""
    length = -(-len(capture.frames) // count)
    return [capture.frames[start:start + length] for start in range(0, len(capture.frames), length)]


def merged(capture, path):
    """Two capture points in one pcapng: these frames, and 0.3 ms later the IP packets in them from an interface that knows no app."""

    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    def packet(interface, time, frame, length):
        return block(6, struct.pack("<IIIII", interface, time >> 32, time & 0xffffffff, len(frame), length) + frame)

    seen = [(time, 0, frame, length) for time, length, frame in capture.frames]
    for time, length, frame in capture.frames:
        ethernet = capture.ethernet(frame)
        if ethernet[12:14] in (b"\x08\x00", b"\x86\xdd"):
            # Without padding and trailer: what the IP header says.
            at = 16 if ethernet[12:14] == b"\x08\x00" else 18
            whole = struct.unpack(">H", ethernet[at:at + 2])[0] + (0 if at == 16 else 40)
            seen.append((time + 300, 1, ethernet[14:14 + whole], whole))
    seen.sort(key=lambda frame: frame[0])
    data = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    data += b"".join(block(1, struct.pack("<HHI", link, 0, 0)) for link in (capture.link, 101))
    data += b"".join(packet(interface, time, frame, length) for time, interface, frame, length in seen)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with gzip.GzipFile("", "wb", 9, open(path, "wb"), 0) as file:
        file.write(data)


def main(study, twin, target):
    run, put, names = "03-default-sync-share", [], ["phone.pcap.gz"]
    if twin in PUT_IN:
        run, put, *longer = PUT_IN[twin](study)
        capture = Capture.of(study, run)
        capture.frames += longer[0] if longer else []
        frames = capture.put(put)
        capture.write(os.path.join(target, names[0]))
    elif twin == "hole":
        run = "10-idle-long"
        capture = Capture.of(study, run)
        start = at(study, run, "launch") + 100_000_000
        frames = [number for number, (time, _, _) in enumerate(capture.frames, 1) if start <= time < start + 20_000_000]
        capture.frames = [frame for frame in capture.frames if not start <= frame[0] < start + 20_000_000]
        capture.write(os.path.join(target, names[0]))
    elif twin == "split":
        capture, frames = Capture.of(study, run), []
        names = ["c.pcap.gz", "a.pcap.gz", "b.pcap.gz"]
        for name, piece in zip(names, pieces(capture, 3)):
            capture.write(os.path.join(target, name), piece)
        names = ["b.pcap.gz", "c.pcap.gz", "a.pcap.gz"]
    elif twin == "reordered":
        capture, frames, chance = Capture.of(study, run), [], random.Random(1)
        near = sorted(capture.frames, key=lambda frame: frame[0] + chance.randrange(3_000))
        capture.write(os.path.join(target, names[0]), near)
    elif twin == "merged":
        capture, frames, names = Capture.of(study, run), [], ["two.pcapng.gz"]
        merged(capture, os.path.join(target, names[0]))
    elif twin == "swapped":
        capture, frames = Capture.of(study, run), []
        first, second = pieces(capture, 2)
        capture.write(os.path.join(target, names[0]), second + first)
    else:
        raise SystemExit(f"no twin {twin}; there are {', '.join(PUT_IN)}, hole, split, merged, reordered, swapped")
    keys = "03-default-sync-share" if twin == "record-encrypted" else run
    told = {"twin": twin, "run": run, "captures": names, "keys_of": keys, "first_frame": min(frames, default=0), "last_frame": max(frames, default=0)}
    json.dump(told, open(os.path.join(target, "twin.json"), "w"))


if __name__ == "__main__":
    main(*sys.argv[1:4])
