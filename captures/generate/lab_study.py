#!/usr/bin/env python3
"""lab_study.py FROM TO: the lab study's recordings, made small enough to be shipped.

Of each run one capture of the phone is taken: with app labels where there is one. Frames of the drone link's video and
what one upload sends after its first 64 KiB are cut to their headers, as a snapshot length cuts them; the record keeps
the length on the wire. Everything else stays as it was recorded, byte for byte. Standard library only.
"""
import gzip, json, os, shutil, struct, sys

HEADERS = 112          # bytes kept of a cut frame, behind PKTAP's header
WHOLE = 64 << 10       # bytes of the long upload that stay whole
UPLOAD = bytes([47, 88, 73, 5])


def records(path):
    data = open(path, "rb").read()
    head, at = data[:24], 24
    while at < len(data):
        record = struct.unpack("<IIII", data[at:at + 16])
        yield head, record, data[at + 16:at + 16 + record[2]]
        at += 16 + record[2]


def reduced(path):
    sent, out = 0, b""
    for head, (seconds, fraction, captured, length), frame in records(path):
        link = struct.unpack("<I", head[20:24])[0]
        skip = struct.unpack("<I", frame[:4])[0] if link in (149, 258) else 0
        trailer = 32 if frame[-32:-28] == bytes.fromhex("01072021") else 0
        ip = frame[skip + 14:]
        cut = False
        if frame[skip + 12:skip + 14] == b"\x08\x00":
            ports = struct.unpack(">HH", ip[20:24])
            if ip[9] == 17 and 9003 in ports and len(ip) > 400:
                cut = True
            elif ip[9] == 6 and ip[16:20] == UPLOAD and len(ip) > 200:
                sent += len(ip) - 52
                cut = sent > WHOLE
        if cut:
            frame, length = frame[:skip + HEADERS], length - trailer
        out += struct.pack("<IIII", seconds, fraction, len(frame), length) + frame
    return head + out


def main(source, target):
    for run in sorted(name for name in os.listdir(source) if name[:2].isdigit()):
        folder = os.path.join(target, run)
        os.makedirs(folder, exist_ok=True)
        names = [f"phone-{kind}.pcap" for kind in ("pcapdroid", "pktap", "plain")]
        name = next(name for name in names if os.path.exists(os.path.join(source, run, name)))
        with open(os.path.join(folder, "phone.pcap.gz"), "wb") as file:
            with gzip.GzipFile("", "wb", 9, file, 0) as packed:
                packed.write(reduced(os.path.join(source, run, name)))
        for name in ("actions.csv", "sslkeys.txt"):
            shutil.copyfile(os.path.join(source, run, name), os.path.join(folder, name))
        told = json.load(open(os.path.join(source, run, "run.json")))
        told["captures"] = [{"file": "phone.pcap.gz", "point": "phone interface"}]
        json.dump(told, open(os.path.join(folder, "run.json"), "w"), indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:3])
