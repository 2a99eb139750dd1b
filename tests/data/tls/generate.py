"""Writes suites.pcapng and server.key: one short HTTP exchange for every way TLS seals records. Needs OpenSSL 3.

Both ends are OpenSSL's s_client and s_server; what they send passes a relay that notes it, and goes into packets with
invented addresses. The secrets stand in a block behind the last packet, as programs write them that learn a key when a
handshake is over; those of the sessions `rsa-*` are left out, because the server's private key opens them.
"""

import pathlib
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "captures" / "generate"))

import packets  # noqa: E402
from packets import ACK, FIN, PSH, SYN  # noqa: E402
from pcapng import SECRETS, TLS_KEY_LOG, Section  # noqa: E402

BODY = b"0123456789abcdef" * 8


def suite(version, name):
    """Arguments for both ends."""
    return [version, "-cipher", f"{name}:@SECLEVEL=0"] if version != "-tls1_3" else [version, "-ciphersuites", name]


# Name, arguments of both, of the client, of the server, what the client types between two requests.
SESSIONS = [
    ("tls10-cbc", suite("-tls1", "ECDHE-RSA-AES128-SHA"), ["-no_etm"], [], b""),
    ("tls10-cbc-etm", suite("-tls1", "ECDHE-RSA-AES256-SHA"), [], [], b""),
    ("tls11-cbc", suite("-tls1_1", "ECDHE-RSA-AES256-SHA"), ["-no_etm"], [], b""),
    ("tls11-cbc-etm", suite("-tls1_1", "ECDHE-RSA-AES128-SHA"), [], [], b""),
    ("tls12-cbc-sha1", suite("-tls1_2", "ECDHE-RSA-AES128-SHA"), ["-no_etm"], [], b""),
    ("tls12-cbc-sha256", suite("-tls1_2", "ECDHE-RSA-AES128-SHA256"), ["-no_etm"], [], b""),
    ("tls12-cbc-sha384", suite("-tls1_2", "ECDHE-RSA-AES256-SHA384"), ["-no_etm"], [], b""),
    ("tls12-cbc-sha256-etm", suite("-tls1_2", "ECDHE-RSA-AES128-SHA256"), [], [], b""),
    ("tls12-cbc-sha384-etm", suite("-tls1_2", "ECDHE-RSA-AES256-SHA384"), [], [], b""),
    ("tls12-null", suite("-tls1_2", "NULL-SHA256"), [], [], b""),
    ("tls12-aes128-gcm", suite("-tls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), [], [], b""),
    ("tls12-aes256-gcm", suite("-tls1_2", "ECDHE-RSA-AES256-GCM-SHA384"), [], [], b""),
    ("tls12-chacha20", suite("-tls1_2", "ECDHE-RSA-CHACHA20-POLY1305"), [], [], b""),
    ("tls12-aes128-ccm", suite("-tls1_2", "DHE-RSA-AES128-CCM"), [], [], b""),
    ("tls12-aes256-ccm", suite("-tls1_2", "DHE-RSA-AES256-CCM"), [], [], b""),
    ("tls12-aes128-ccm8", suite("-tls1_2", "DHE-RSA-AES128-CCM8"), [], [], b""),
    ("tls12-aes256-ccm8", suite("-tls1_2", "DHE-RSA-AES256-CCM8"), [], [], b""),
    ("tls12-first", suite("-tls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), ["-sess_out", "{folder}/tls12"], [], b""),
    ("tls12-resumed", suite("-tls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), ["-sess_in", "{folder}/tls12"], [], b""),
    ("tls12-renegotiated", suite("-tls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), [], ["-client_renegotiation"], b"R\n"),
    ("tls10-cbc-renegotiated", suite("-tls1", "ECDHE-RSA-AES128-SHA"), ["-no_etm"], ["-client_renegotiation"], b"R\n"),
    ("rsa-tls12", suite("-tls1_2", "AES128-GCM-SHA256"), [], [], b""),
    ("rsa-tls12-cbc", suite("-tls1_2", "AES256-SHA256"), ["-no_etm"], [], b""),
    ("rsa-tls10", suite("-tls1", "AES128-SHA"), [], [], b""),
    ("rsa-tls12-plain-master", suite("-tls1_2", "AES256-GCM-SHA384"), ["no-extended-master"], [], b""),
    ("tls13-aes128-gcm", suite("-tls1_3", "TLS_AES_128_GCM_SHA256"), [], [], b""),
    ("tls13-aes256-gcm", suite("-tls1_3", "TLS_AES_256_GCM_SHA384"), [], [], b""),
    ("tls13-chacha20", suite("-tls1_3", "TLS_CHACHA20_POLY1305_SHA256"), [], [], b""),
    ("tls13-aes128-ccm", suite("-tls1_3", "TLS_AES_128_CCM_SHA256"), [], [], b""),
    ("tls13-aes128-ccm8", suite("-tls1_3", "TLS_AES_128_CCM_8_SHA256"), [], [], b""),
    ("tls13-retried", suite("-tls1_3", "TLS_AES_128_GCM_SHA256"), ["-groups", "P-256:X25519"], ["-groups", "X25519"], b""),
    ("tls13-updated", suite("-tls1_3", "TLS_AES_128_GCM_SHA256"), [], [], b"K\n"),
    ("tls13-first", suite("-tls1_3", "TLS_AES_256_GCM_SHA384"), ["-sess_out", "{folder}/tls13"], ["-early_data"], b""),
    ("tls13-resumed", suite("-tls1_3", "TLS_AES_256_GCM_SHA384"), ["-sess_in", "{folder}/tls13", "-early_data", "{folder}/early"], ["-early_data"], b""),
    ("tls13-rejected", suite("-tls1_3", "TLS_AES_256_GCM_SHA384"), ["-sess_in", "{folder}/tls13", "-early_data", "{folder}/early"], [], b""),
]


class Relay(threading.Thread):
    """Carries one connection to the server's port and notes who sent what."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.server, self.heard = server, []

    def run(self):
        client, _ = self.listener.accept()
        server = socket.create_connection(("127.0.0.1", self.server))
        others = {client: server, server: client}
        while others:
            for end in select.select(list(others), [], [])[0]:
                data = end.recv(65536)
                if not data:
                    client.close(), server.close()
                    return
                self.heard.append((end is client, data))
                others[end].sendall(data)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def follow(stream, heard):
    """Collects what a process writes."""
    threading.Thread(target=lambda: [heard.append(data) for data in iter(lambda: stream.read1(65536), b"")], daemon=True).start()


def wait(heard, pattern, count):
    end = time.monotonic() + 20
    while len(re.findall(pattern, b"".join(heard))) < count:
        if time.monotonic() > end:
            raise TimeoutError(f"no {pattern} in {b''.join(heard)!r}")
        time.sleep(0.02)


class Server:
    """A server; the sessions after one called `*-first` use it again, because it alone understands its tickets."""

    kept = None

    def __init__(self, folder, arguments):
        self.port = free_port()
        files = ["-cert", f"{folder}/cert.pem", "-key", f"{folder}/server.key"]
        command = ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", *files, *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.heard = []
        follow(self.process.stdout, self.heard)
        wait(self.heard, rb"ACCEPT", 1)

    @classmethod
    def of(cls, name, folder, arguments):
        if name.endswith(("-resumed", "-rejected")):
            cls.kept.heard.clear()
            return cls.kept
        server = cls(folder, arguments)
        if name.endswith("-first"):
            cls.kept = server
        return server

    def write(self, data):
        self.process.stdin.write(data), self.process.stdin.flush()

    def end(self):
        if self is not Server.kept:
            self.process.terminate(), self.process.wait(10)


def run(session, folder, log):
    """Runs one session; what was sent, in order."""
    name, both, client_arguments, server_arguments, typed = session
    environment = {}
    if "no-extended-master" in client_arguments:
        client_arguments = []
        environment["OPENSSL_CONF"] = str(folder / "no-extended-master.cnf")
    server = Server.of(name, folder, both + server_arguments)
    relay = Relay(server.port)
    relay.start()
    (folder / "early").write_bytes(f"GET /early HTTP/1.1\r\nHost: {name}.example\r\n\r\n".encode())
    ask = ["openssl", "s_client", "-connect", f"127.0.0.1:{relay.port}", "-servername", f"{name}.example", "-no_ign_eof"]
    keys = [] if log is None else ["-keylogfile", str(log)]
    arguments = [argument.format(folder=folder) for argument in client_arguments]
    client = subprocess.Popen(ask + keys + both + arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment or None)
    heard = []
    follow(client.stdout, heard)
    for number in (1, 2):
        if number == 2 and typed:
            client.stdin.write(typed), client.stdin.flush()
            time.sleep(0.5)
        client.stdin.write(f"GET /{number} HTTP/1.1\r\nHost: {name}.example\r\n\r\n".encode()), client.stdin.flush()
        wait(server.heard, f"GET /{number} ".encode(), 1)
        server.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
        wait(heard, BODY, number)
        time.sleep(0.1)
    client.stdin.close(), client.wait(10)
    relay.join(10)
    server.end()
    return relay.heard


def frames(number, heard):
    """The packets of one session."""
    ends = (("192.168.7.2", 41000 + number), (f"198.51.100.{number + 1}", 443))
    sequence = {True: 1_000_000 * number, False: 7_000_000 * number}

    def packet(is_client, flags, payload=b""):
        one, other = ends if is_client else ends[::-1]
        numbers = (sequence[is_client], 0 if flags == SYN else sequence[not is_client])
        sequence[is_client] += len(payload) + (1 if flags & (SYN | FIN) else 0)
        segment = packets.tcp((one, other), numbers, flags, payload)
        return packets.ip(one[0], other[0], packets.TCP, segment)

    yield packet(True, SYN)
    yield packet(False, SYN | ACK)
    yield packet(True, ACK)
    for is_client, data in heard:
        for at in range(0, len(data), 1400):
            yield packet(is_client, PSH | ACK, data[at : at + 1400])
    yield packet(True, FIN | ACK)
    yield packet(False, FIN | ACK)
    yield packet(True, ACK)


def main(out):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "no-extended-master.cnf").write_text(
            "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nOptions = -ExtendedMasterSecret\nCipherString = ALL:@SECLEVEL=0\n"
        )
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=suites.example"]
        subprocess.run([*make, "-keyout", f"{folder}/server.key", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)
        section = Section(application="tests/data/tls/generate.py")
        interface = section.interface(101, name="phone", resolution=9)
        now = 1_781_700_000_000_000_000
        logs = []
        for number, session in enumerate(SESSIONS):
            log = folder / f"{number}.log"
            is_rsa = session[0].startswith("rsa-")
            heard = run(session, folder, None if is_rsa else log)
            print(f"{session[0]:24} {sum(len(data) for _, data in heard)} bytes")
            for frame in frames(number, heard):
                now += 1_000_000
                section.packet(interface, now, frame)
            logs += [] if is_rsa else [log.read_text()]
        lines = [line for line in "".join(logs).splitlines(True) if not line.startswith("#")]
        text = "".join(dict.fromkeys(lines)).encode()
        section.add(SECRETS, section.pack("II", TLS_KEY_LOG, len(text)) + text)
        (out / "suites.pcapng").write_bytes(b"".join(section.blocks))
        (out / "server.key").write_bytes((folder / "server.key").read_bytes())


if __name__ == "__main__":
    main(HERE)
