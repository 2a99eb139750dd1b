"""Application messages in clear text: DNS, DHCP, NTP, mDNS, SSDP, HTTP, and the link of a DJI aircraft."""

import struct

from packets import address, mac

A, NS, CNAME, SOA, TXT, AAAA, HTTPS, PTR = 1, 2, 5, 6, 16, 28, 65, 12
TYPE_NAMES = {A: "A", CNAME: "CNAME", TXT: "TXT", AAAA: "AAAA", HTTPS: "HTTPS", PTR: "PTR"}


def _name(text):
    labels = [label for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def dns_query(identifier, name, kind, edns=False, flags=0x0100):
    """A query for one name and type."""
    extra = b"\0" + struct.pack("!HHIH", 41, 4096, 0, 0) if edns else b""
    head = struct.pack("!HHHHHH", identifier, flags, 1, 0, 0, int(edns))
    return head + _name(name) + struct.pack("!HH", kind, 1) + extra


def dns_answer(identifier, name, kind, answers, code=0, ttl=60):
    """The response. `answers`: (owner, type, value) with value a text, address or (bytes) raw data."""
    records = b"".join(_record(owner, name, answer, value, ttl) for owner, answer, value in answers)
    authority = b"" if answers else _soa(name)
    head = struct.pack("!HHHHHH", identifier, 0x8180 | code, 1, len(answers), int(not answers), 0)
    return head + _name(name) + struct.pack("!HH", kind, 1) + records + authority


def _record(owner, asked, kind, value, ttl):
    data = value if isinstance(value, bytes) else _name(value) if kind in (CNAME, PTR) else address(value)
    pointer = b"\xc0\x0c" if owner == asked else _name(owner)
    return pointer + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def _soa(name):
    domain = ".".join(name.split(".")[-2:])
    data = _name("ns1." + domain) + _name("hostmaster." + domain) + struct.pack("!IIIII", 2026061701, 7200, 900, 1209600, 300)
    return _name(domain) + struct.pack("!HHIH", SOA, 1, 300, len(data)) + data


def txt(texts):
    """The data of a TXT record."""
    return b"".join(bytes([len(text)]) + text for text in texts)


def https_record(alpn):
    """The data of an HTTPS record in service mode with an ALPN list (RFC 9460 §7.1)."""
    listed = b"".join(bytes([len(item)]) + item.encode() for item in alpn)
    return struct.pack("!H", 1) + b"\0" + struct.pack("!HH", 1, len(listed)) + listed


def dhcp(operation, kind, transaction, hardware, yours="0.0.0.0", options=(), current="0.0.0.0", broadcast=True):
    """A DHCP message; `options`: (code, bytes) after the message type."""
    head = struct.pack("!BBBBIHH", operation, 1, 6, 0, transaction, 0, 0x8000 if broadcast else 0)
    head += address(current) + address(yours) + bytes(8) + mac(hardware) + bytes(10 + 64 + 128)
    items = b"".join(bytes([code, len(value)]) + value for code, value in ((53, bytes([kind])), *options))
    return (head + bytes.fromhex("63825363") + items + b"\xff").ljust(300, b"\0")


def ntp(mode, stratum, times):
    """An NTP version 4 message. `times`: reference, originate, receive, transmit in seconds since 1970, 0 for none."""
    stamps = b"".join(struct.pack("!Q", int((time + 2208988800) * 2**32) if time else 0) for time in times)
    return (
        struct.pack("!BBbb", 4 << 3 | mode, stratum, 6, -20)
        + struct.pack("!II4s", 0x10, 0x20, b"GOOG" if stratum else b"")
        + stamps
    )


def ssdp_search():
    """A search for UPnP devices."""
    lines = ("M-SEARCH * HTTP/1.1", "HOST: 239.255.255.250:1900", 'MAN: "ssdp:discover"', "MX: 2", "ST: ssdp:all", "", "")
    return "\r\n".join(lines).encode()


def http_request(method, host, path, body=b"", headers=()):
    """An HTTP/1.1 request as OkHttp writes it."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: Keep-Alive", "User-Agent: okhttp/3.8.0"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def http_response(body=b"", status="200 OK", kind="application/json"):
    """An HTTP/1.1 response."""
    lines = [f"HTTP/1.1 {status}", "Server: nginx", "Date: Wed, 17 Jun 2026 15:00:00 GMT"]
    if body:
        lines.append(f"Content-Type: {kind}")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _crc(data, value, polynomial):
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ polynomial if value & 1 else value >> 1
    return value


def duml(sender, receiver, sequence, command, payload):
    """A DUML frame; `command`: (set, id)."""
    head = struct.pack("<BH", 0x55, 13 + len(payload) | 1 << 10)
    head += bytes([_crc(head, 0x77, 0x8C)])
    frame = head + struct.pack("<BBHBBB", sender, receiver, sequence, 0x40, *command) + payload
    return frame + struct.pack("<H", _crc(frame, 0x3692, 0x8408))


def dji_link(kind, session, sequence, body):
    """A datagram of the link between app and aircraft: 8 bytes of header with length and XOR, then the body."""
    head = struct.pack("<HHHB", 8 + len(body) | 0x8000, session, sequence, kind)
    check = 0
    for byte in head:
        check ^= byte
    return head + bytes([check]) + body


def dji_telemetry(session, sequence, frames):
    """Telemetry, aircraft to app: DUML begins at 0x20 + 2 * byte[0x1C], here 0x20."""
    return dji_link(1, session, sequence, bytes(0x20 - 8) + b"".join(frames))


def dji_command(session, sequence, frames):
    """Commands, app to aircraft: DUML from 0x14."""
    return dji_link(5, session, sequence, bytes(0x14 - 8) + b"".join(frames))


def dji_video(session, sequence, place, data):
    """A part of a picture. `place`: (picture, part, parts)."""
    picture, part, parts = place
    head = bytes(8) + struct.pack("<BBH", picture & 0xFF, (part & 1) << 7 | parts & 0x7F, part)
    return dji_link(2, session, sequence, head + data)


def osd(latitude, longitude, height, battery):
    """The payload of the OSD general message (set 3, command 0x43), as far as documented."""
    body = struct.pack("<ddhhhhhhhBBI", longitude, latitude, int(height * 10), 0, 0, 0, 0, 0, 0, 6, 0, 0x8000 | 0x08 | 0x04)
    return (body + bytes([14, 0, 0, 0, battery])).ljust(50, b"\0")
