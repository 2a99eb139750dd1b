"""Writes sessions.pcapng: one exchange for every way DTLS 1.0 and 1.2 seal records. Needs OpenSSL 3.

Both ends are OpenSSL's s_client and s_server on loopback; what they send passes a relay that notes it, and goes into
packets with invented addresses. In each session the client sends a DNS query for NAME.example and then lines of text, and
the server answers the query with 192.0.2.77; with a pre-shared key there is only text. The secrets stand in a block behind
the last packet. What a network does to datagrams is done afterwards, by name: `-reordered`, `-lossy`, `-twice`.
"""

import pathlib
import re
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "captures" / "generate"))

import packets  # noqa: E402
from pcapng import SECRETS, TLS_KEY_LOG, Section  # noqa: E402

TEXT = b'{"sn":"0ASUE7L0021LAB","n":%d}'
SMALL = ["-mtu", "400"]


def suite(version, name):
    """Arguments for both ends."""
    return [version, "-cipher", f"{name}:@SECLEVEL=0"]


# Name, arguments of both, of the client, of the server.
SESSIONS = [
    ("dtls10-cbc", suite("-dtls1", "ECDHE-RSA-AES128-SHA"), ["-no_etm"], []),
    ("dtls10-cbc-etm", suite("-dtls1", "ECDHE-RSA-AES256-SHA"), [], []),
    ("dtls12-cbc-sha256", suite("-dtls1_2", "ECDHE-RSA-AES128-SHA256"), ["-no_etm"], []),
    ("dtls12-cbc-sha384-etm", suite("-dtls1_2", "ECDHE-RSA-AES256-SHA384"), [], []),
    ("dtls12-aes128-gcm", suite("-dtls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), ["-alpn", "coap,webrtc"], ["-alpn", "coap"]),
    ("dtls12-aes256-gcm", suite("-dtls1_2", "ECDHE-RSA-AES256-GCM-SHA384"), [], []),
    ("dtls12-chacha20", suite("-dtls1_2", "ECDHE-RSA-CHACHA20-POLY1305"), [], []),
    ("dtls12-aes128-ccm", suite("-dtls1_2", "DHE-RSA-AES128-CCM"), [], []),
    ("dtls12-aes128-ccm8", suite("-dtls1_2", "DHE-RSA-AES128-CCM8"), [], []),
    ("dtls12-psk-ccm8", suite("-dtls1_2", "PSK-AES128-CCM8"), ["-psk", "1a2b3c4d"], ["-psk", "1a2b3c4d", "-nocert"]),
    ("dtls12-cookie", suite("-dtls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), [], ["-listen"]),
    ("dtls12-fragments", suite("-dtls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), SMALL, SMALL),
    ("dtls12-fragments-reordered", suite("-dtls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), SMALL, SMALL),
    ("dtls12-lossy", suite("-dtls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), SMALL, SMALL),
    ("dtls12-twice", suite("-dtls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), [], []),
    ("dtls12-first", suite("-dtls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), ["-sess_out", "{folder}/session"], []),
    ("dtls12-resumed", suite("-dtls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), ["-sess_in", "{folder}/session"], []),
]


def query(name):
    """A DNS query, and what its answer adds."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in f"{name}.example".split("."))
    question = labels + b"\0\0\1\0\1"
    ask = struct.pack("!HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + question
    answer = struct.pack("!HHHHHH", 0x1234, 0x8180, 1, 1, 0, 0) + question
    return ask, answer + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([192, 0, 2, 77])


class Relay(threading.Thread):
    """Carries the datagrams of one client to the server's port and notes who sent what."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.near.bind(("127.0.0.1", 0))
        self.far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.far.connect(("127.0.0.1", server))
        self.port = self.near.getsockname()[1]
        self.heard, self.is_over = [], False

    def run(self):
        client = None
        while not self.is_over:
            for end in select.select([self.near, self.far], [], [], 0.1)[0]:
                if end is self.near:
                    data, client = self.near.recvfrom(65536)
                    self.far.send(data)
                else:
                    data = self.far.recv(65536)
                    self.near.sendto(data, client)
                self.heard.append((end is self.near, data))


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def follow(stream, heard):
    """Collects what a process writes."""
    threading.Thread(target=lambda: [heard.append(data) for data in iter(lambda: stream.read1(65536), b"")], daemon=True).start()


def wait(heard, pattern):
    end = time.monotonic() + 20
    while not re.search(pattern, b"".join(heard), re.DOTALL):
        if time.monotonic() > end:
            raise TimeoutError(f"no {pattern} in {b''.join(heard)!r}")
        time.sleep(0.02)


def start(command, heard):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    follow(process.stdout, heard)
    return process


def run(session, folder, log):
    """Runs one session; what was sent, in order."""
    name, both, client_arguments, server_arguments = session
    port, heard, answered = free_port(), [], []
    files = [] if "-nocert" in server_arguments else ["-cert", f"{folder}/cert.pem", "-key", f"{folder}/server.key"]
    server = SERVERS.get("first") if name == "dtls12-resumed" else None
    if server is None:
        server = (start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", *files, *both, *server_arguments], heard), port, heard)
        wait(heard, rb"ACCEPT")
    if name == "dtls12-first":
        SERVERS["first"] = server
    process, port, heard = server
    heard.clear()
    relay = Relay(port)
    relay.start()
    ask = ["openssl", "s_client", "-connect", f"127.0.0.1:{relay.port}", "-keylogfile", str(log)]
    ask += [] if name == "dtls12-resumed" else ["-servername", f"{name}.example"]
    arguments = [argument.format(folder=folder) for argument in client_arguments]
    client = start(ask + both + arguments, answered)
    sent, received = query(name)
    time.sleep(0.5)
    texts = [TEXT % number for number in range(1, 7)]
    for data in texts if "-psk" in both + client_arguments else [sent, *texts]:
        client.stdin.write(data), client.stdin.flush()
        wait(heard, re.escape(data))
        if data is sent:
            process.stdin.write(received), process.stdin.flush()
            wait(answered, re.escape(received))
        time.sleep(0.05)
    client.stdin.close()
    client.wait(10)
    time.sleep(0.2)
    relay.is_over = True
    relay.join(10)
    if server is not SERVERS.get("first") or name == "dtls12-resumed":
        process.terminate(), process.wait(10)
    return relay.heard


SERVERS = {}


def of_the_network(name, heard):
    """What a network may do to datagrams on the way to the capture."""
    if name.endswith("-reordered"):
        # Each with its neighbour, of the same side or not.
        pairs = [heard[at : at + 2] for at in range(0, len(heard), 2)]
        return [datagram for pair in pairs for datagram in reversed(pair)]
    if name.endswith("-lossy"):
        # The server's certificate is not whole, and every third datagram of data is missing.
        sealed = [at for at, (_, data) in enumerate(heard) if data[0] == 23]
        pieces = [at for at, (is_client, data) in enumerate(heard) if not is_client and data[0] == 22 and data[13] == 11]
        gone = set(sealed[1::3]) | set(pieces[1:2])
        return [datagram for at, datagram in enumerate(heard) if at not in gone]
    if name.endswith("-twice"):
        return [datagram for datagram in heard for _ in range(2)]
    return heard


def frames(number, heard):
    """The packets of one session."""
    ends = (("192.168.7.2", 42000 + number), (f"198.51.100.{number + 1}", 5684))
    for is_client, data in heard:
        one, other = ends if is_client else ends[::-1]
        yield packets.ip(one[0], other[0], packets.UDP, packets.udp((one, other), data))


def main(out):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=dtls.example"]
        subprocess.run([*make, "-keyout", f"{folder}/server.key", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)
        section = Section(application="tests/data/dtls/generate.py")
        interface = section.interface(101, name="phone", resolution=9)
        now = 1_781_700_000_000_000_000
        lines = {}
        for number, session in enumerate(SESSIONS):
            log = folder / f"{number}.log"
            heard = of_the_network(session[0], run(session, folder, log))
            print(f"{session[0]:28} {len(heard):3} datagrams, {sum(len(data) for _, data in heard)} bytes")
            for frame in frames(number, heard):
                now += 1_000_000
                section.packet(interface, now, frame)
            lines.update(dict.fromkeys(line for line in log.read_text().splitlines(True) if not line.startswith("#")))
        text = "".join(lines).encode()
        section.add(SECRETS, section.pack("II", TLS_KEY_LOG, len(text)) + text)
        (out / "sessions.pcapng").write_bytes(b"".join(section.blocks))


if __name__ == "__main__":
    main(HERE)
