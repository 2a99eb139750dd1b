"""HTTP/3 over QUIC version 1: two real stacks, joined by a simulated path."""

import heapq

from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted

from network import SECOND

ADDRESS = ("peer", 443)


class Quic:
    """Runs a connection on a conversation. `exchanges`: (method, path, request body, response body)."""

    def __init__(self, conversation, host, certificate, exchanges, key_log=None):
        self.conversation, self.host, self.exchanges = conversation, host, list(exchanges)
        client = QuicConfiguration(
            is_client=True, alpn_protocols=H3_ALPN, server_name=host, verify_mode=0, secrets_log_file=key_log
        )
        server = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
        server.load_cert_chain(*certificate)
        client = QuicConnection(configuration=client)
        server = QuicConnection(configuration=server, original_destination_connection_id=client.original_destination_connection_id)
        self.ends = {"out": client, "in": server}
        self.http = {"out": None, "in": None}
        self.arrivals, self.order = [], 0
        self.waiting = len(self.exchanges)

    def run(self, rtt, close=True, end=30.0):
        """Runs until every response has come, and closes; `rtt` in nanoseconds."""
        self.begin, self.delay = self.conversation.time, rtt / SECOND / 2
        now = 0.0
        self.ends["out"].connect(ADDRESS, now=now)
        self._flush("out", now)
        closing = False
        while (now := self._next(end)) is not None:
            self._arrive(now)
            for side in ("out", "in"):
                timer = self.ends[side].get_timer()
                if timer is not None and timer <= now:
                    self.ends[side].handle_timer(now=now)
                self._events(side)
                self._flush(side, now)
            if not self.waiting and not self.arrivals:
                if closing or not close:
                    break
                closing = True
                self.ends["out"].close()
                self._flush("out", now)

    def _next(self, end):
        timers = [self.ends[side].get_timer() for side in ("out", "in")]
        times = [time for time in timers if time is not None] + [arrival[0] for arrival in self.arrivals[:1]]
        return min(times) if times and min(times) < end else None

    def _arrive(self, now):
        while self.arrivals and self.arrivals[0][0] <= now:
            time, _, side, data = heapq.heappop(self.arrivals)
            if side == "out":
                self._see("in", data, time)
            self.ends[side].receive_datagram(data, ADDRESS, now=time)

    def _flush(self, side, now):
        other = "in" if side == "out" else "out"
        for number, (data, _) in enumerate(self.ends[side].datagrams_to_send(now=now)):
            time = now + number * 60e-6
            if side == "out":
                self._see("out", data, time)
            self.order += 1
            heapq.heappush(self.arrivals, (time + self.delay, self.order, other, data))

    def _see(self, side, data, time):
        """The phone's interface sees a datagram leave or arrive."""
        self.conversation.time = max(self.conversation.time + 1000, self.begin + int(time * SECOND))
        self.conversation.datagram(side, data)

    def _events(self, side):
        while (event := self.ends[side].next_event()) is not None:
            if isinstance(event, HandshakeCompleted):
                self.http[side] = H3Connection(self.ends[side])
                if side == "out":
                    self._ask()
            elif isinstance(event, ConnectionTerminated):
                continue
            elif self.http[side]:
                for happened in self.http[side].handle_event(event):
                    self._answer(side, happened)

    def _ask(self):
        for method, path, body, _ in self.exchanges:
            stream = self.ends["out"].get_next_available_stream_id()
            head = (
                (b":method", method.encode()),
                (b":scheme", b"https"),
                (b":authority", self.host.encode()),
                (b":path", path.encode()),
            )
            self.http["out"].send_headers(stream, list(head), end_stream=not body)
            if body:
                self.http["out"].send_data(stream, body, end_stream=True)

    def _answer(self, side, happened):
        if side == "in" and isinstance(happened, HeadersReceived):
            body = self.exchanges[happened.stream_id // 4][3]
            self.http["in"].send_headers(happened.stream_id, [(b":status", b"200")])
            self.http["in"].send_data(happened.stream_id, body, end_stream=True)
        elif side == "out" and getattr(happened, "stream_ended", False):
            self.waiting -= 1
