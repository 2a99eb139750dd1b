"""TLS over a generated TCP connection: two real TLS stacks that never touch a socket."""

import contextlib
import ssl

from network import MILLISECOND

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Tls:
    """A TLS client on the phone and the server it talks to."""

    def __init__(self, tcp, certificate, version="1.3", name=None, key_log=None, alpn=("h2", "http/1.1"), session=None):
        self.tcp = tcp
        client, server = _contexts(certificate, version, key_log, alpn)
        if session:
            client, server = session[:2]
        self.contexts = (client, server)
        self.wires = {side: (ssl.MemoryBIO(), ssl.MemoryBIO()) for side in ("out", "in")}
        resumed = session[2] if session else None
        ends = {
            "out": client.wrap_bio(*self.wires["out"], server_hostname=name, session=resumed),
            "in": server.wrap_bio(*self.wires["in"], server_side=True),
        }
        self.ends = ends

    def carry(self, side, accidents=None):
        """Brings what one side has to send to the other; False when there was nothing."""
        data = self.wires[side][1].read()
        if data:
            self.tcp.send(side, data, accidents)
            self.wires["in" if side == "out" else "out"][0].write(data)
        return bool(data)

    def handshake(self):
        """The handshake, and the tickets after it."""
        waiting = {"out", "in"}
        while waiting:
            for side in ("out", "in"):
                if side in waiting and self._step(side):
                    waiting.discard(side)
                self.carry(side)
            self.tcp.wait(MILLISECOND)
        self.carry("in")

    def _step(self, side):
        try:
            self.ends[side].do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def say(self, side, data, accidents=None):
        """Sends application data."""
        self.ends[side].write(data)
        self.carry(side, accidents)
        self._drain("in" if side == "out" else "out")

    def _drain(self, side):
        with contextlib.suppress(ssl.SSLWantReadError):
            while self.ends[side].read(1 << 16):
                pass

    def exchange(self, request, response, think=20 * MILLISECOND, accidents=None, answer_accidents=None):
        """A request and its response."""
        self.say("out", request, accidents)
        self.tcp.wait(think)
        self.say("in", response, answer_accidents)

    def finish(self):
        """Says close_notify, and closes the connection."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.ends["out"].unwrap()
        self.carry("out")
        self.tcp.close()

    def session(self):
        """What a later connection needs to resume this one."""
        return (*self.contexts, self.ends["out"].session)


def _contexts(certificate, version, key_log, alpn):
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    server.load_cert_chain(*certificate)
    for context in (client, server):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    server.maximum_version = VERSIONS[version]
    if alpn:
        client.set_alpn_protocols(list(alpn))
        server.set_alpn_protocols(["http/1.1"])
    if key_log:
        client.keylog_filename = key_log
    return client, server
