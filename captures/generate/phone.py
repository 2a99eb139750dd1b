"""A phone with its network: resolves names, opens connections, and keeps account of why."""

import messages
import packets
from network import MILLISECOND, SECOND, Conversation, Link, Tcp
from quic import Quic
from tls import Tls

OWN4, OWN6, OWN_LINK = "10.42.0.23", "2001:db8:42::23", "fe80::a683:e7ff:fe12:3456"
ROUTER4, ROUTER_LINK = "10.42.0.1", "fe80::5aef:68ff:fe10:1"
OWN_MAC, ROUTER_MAC = "a4:83:e7:12:34:56", "58:ef:68:10:00:01"
TIME_TO_LIVE = 300


class Phone:
    """Holds what all conversations share."""

    def __init__(self, tape, plan, random, authority, key_log):
        self.tape, self.plan, self.random, self.authority, self.key_log = tape, plan, random, authority, key_log
        self.link = Link(tape, 0, OWN_MAC, ROUTER_MAC)
        self.initiation = "automatic"
        self.ports = iter(range(37012, 60999))
        self.known = {}
        self.sessions = {}

    def port(self):
        """An ephemeral port that was not used before."""
        for _ in range(self.random.randint(0, 30)):
            next(self.ports)
        return next(self.ports)

    def blob(self, length):
        """Bytes without a structure."""
        return self.random.randbytes(length)

    def conversation(self, plan, protocol, ends, time):
        """A conversation with this phone's reason of the moment."""
        return Conversation(self.link, plan, protocol, ends, time, self.initiation)

    def lookup(self, plan, time):
        """Asks for the addresses of a row's host; returns the time when they are known."""
        row = self.plan[plan]
        host = row["host"]
        if not host or self.known.get(host, -(10**18)) + TIME_TO_LIVE * SECOND > time:
            return time
        self.known[host] = time
        kinds = [messages.AAAA, messages.A] + ([messages.HTTPS] if row["encryption"] == "quic" else [])
        return max(self._ask(row, kind, time + number * MILLISECOND) for number, kind in enumerate(kinds))

    def _ask(self, row, kind, time):
        host, identifier = row["host"], self.random.getrandbits(16)
        talk = self.conversation("dns-router", "udp", ((OWN4, self.port()), (ROUTER4, 53)), time)
        talk.datagram("out", messages.dns_query(identifier, host, kind))
        talk.wait(self.random.randint(9, 38) * MILLISECOND)
        answers = _answers(row, kind)
        talk.datagram("in", messages.dns_answer(identifier, host, kind, answers, ttl=TIME_TO_LIVE), 64)
        shown = [value for _, answer, value in answers if answer == kind and isinstance(value, str)]
        self.tape.names.append((time, {"query": host, "query_type": messages.TYPE_NAMES[kind], "answers": shown}))
        return talk.time + MILLISECOND

    def tcp(self, plan, time, port=443, family=4):
        """A TCP connection to a row's host, opened."""
        row = self.plan[plan]
        time = self.lookup(plan, time)
        remote = row["ipv6"] if family == 6 else row["ipv4"]
        ends = ((OWN6 if family == 6 else OWN4, self.port()), (remote, port))
        rtt = int(float(row["rtt_ms"]) * MILLISECOND) + self.random.randint(0, 900_000)
        connection = Tcp(self.link, plan, ends, time, rtt, self.initiation, self.random)
        connection.open()
        return connection

    def http(self, plan, time, exchanges, port=80, accidents=None):
        """Plain HTTP. `exchanges`: (method, path, body, headers, response)."""
        tcp, host = self.tcp(plan, time, port), self.plan[plan]["host"]
        for method, path, body, headers, response in exchanges:
            tcp.flow.requests.append(_request(method, host, path, decrypted=False))
            tcp.send("out", messages.http_request(method, host, path, body, headers))
            tcp.wait(self.random.randint(4, 60) * MILLISECOND)
            tcp.send("in", response, accidents)
            tcp.wait(self.random.randint(5, 40) * MILLISECOND)
        tcp.close()
        return tcp

    def tls(self, plan, time, version="1.3", port=443, family=4, name=True, expired=False, resume=False, alpn=("h2", "http/1.1")):
        """A TLS connection, its handshake done."""
        tcp, host = self.tcp(plan, time, port, family), self.plan[plan]["host"]
        certificate = self.authority.issue(host or "unnamed.lab.example", expired)
        session = self.sessions.get(plan) if resume else None
        secure = Tls(tcp, certificate, version, (host or None) if name else None, self.key_log, alpn, session)
        secure.handshake()
        if expired:
            tcp.flow.notes.append("certificate out of date")
        if session:
            tcp.flow.notes.append("resumed session")
        return secure

    def https(self, plan, time, exchanges, close="finish", **how):
        """HTTP over TLS. `exchanges`: (method, path, request body, response body)."""
        secure, host = self.tls(plan, time, **how), self.plan[plan]["host"]
        for method, path, body, response in exchanges:
            secure.tcp.flow.requests.append(_request(method, host, path, decrypted=True))
            head = messages.http_request(method, host, path, body)
            secure.exchange(head, messages.http_response(response), self.random.randint(8, 70) * MILLISECOND)
            secure.tcp.wait(self.random.randint(10, 200) * MILLISECOND)
        if plan == "weibo":
            self.sessions[plan] = secure.session()
        if close == "finish":
            secure.finish()
        elif close == "reset":
            secure.tcp.reset()
        return secure

    def quic(self, plan, time, exchanges, family=4, close=True):
        """HTTP/3. `exchanges`: (method, path, request body, response body)."""
        row = self.plan[plan]
        time = self.lookup(plan, time)
        remote = row["ipv6"] if family == 6 else row["ipv4"]
        ends = ((OWN6 if family == 6 else OWN4, self.port()), (remote, 443))
        talk = self.conversation(plan, "udp", ends, time)
        with open(self.key_log, "a", encoding="ascii") as keys:
            Quic(talk, row["host"], self.authority.issue(row["host"]), exchanges, keys).run(int(row["rtt_ms"]) * MILLISECOND, close)
        talk.flow.requests += [_request(method, row["host"], path, decrypted=True) for method, path, _, _ in exchanges]

    def ping(self, plan, time, count=3):
        """Echo requests and replies."""
        row = self.plan[plan]
        talk = self.conversation(plan, "icmp", ((OWN4, None), (row["ipv4"], None)), time)
        identifier = self.random.getrandbits(16).to_bytes(2, "big")
        for number in range(1, count + 1):
            rest, data = identifier + number.to_bytes(2, "big"), bytes(range(8, 64))
            talk.message("out", packets.ICMP, packets.icmp(8, 0, rest, data))
            talk.wait(int(row["rtt_ms"]) * MILLISECOND)
            talk.message("in", packets.ICMP, packets.icmp(0, 0, rest, data))
            talk.wait(SECOND)

    def arp(self, time):
        """Asks for the router's MAC."""
        ask = packets.arp(1, (OWN_MAC, OWN4), ("00:00:00:00:00:00", ROUTER4))
        self.tape.record(time, 0, packets.ethernet(OWN_MAC, "ff:ff:ff:ff:ff:ff", packets.ARP, ask))
        answer = packets.arp(2, (ROUTER_MAC, ROUTER4), (OWN_MAC, OWN4))
        frame = packets.ethernet(ROUTER_MAC, OWN_MAC, packets.ARP, answer).ljust(60, b"\0")
        self.tape.record(time + 2 * MILLISECOND, 0, frame)


def _request(method, host, path, decrypted):
    return {"method": method, "host": host, "path": path.split("?")[0], "decrypted": decrypted}


def _answers(row, kind):
    host, alias = row["host"], row["cname"]
    value = {messages.A: row["ipv4"], messages.AAAA: row["ipv6"]}.get(kind)
    if kind == messages.HTTPS:
        return [(host, kind, messages.https_record(("h3", "h2")))]
    if not value:
        return []
    if alias:
        return [(host, messages.CNAME, alias), (alias, kind, value)]
    return [(host, kind, value)]
