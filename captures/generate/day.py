"""A generated day of a phone with an app like DJI GO 4: go4-day.pcapng, its truth, its actions, its keys.

The hosts are those the app's public code names; the addresses are chosen for their country and the contents
are invented. Nothing here says what the app or its vendor do.
"""

import csv
import datetime
import hashlib
import json
import os
import pathlib
import random
import struct
import sys
import tempfile

import messages
import packets
import phone as device
from account import IDLE, Tape, labelled, moment, summary, write_truth
from authority import Authority
from network import MILLISECOND, SECOND, Conversation, Link
from pcapng import Section
from phone import OWN4, OWN_LINK, OWN_MAC, ROUTER4, ROUTER_LINK, ROUTER_MAC, Phone

HERE = pathlib.Path(__file__).parent
START = int(datetime.datetime(2026, 6, 17, 14, 55, tzinfo=datetime.UTC).timestamp()) * SECOND
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
SEED = 20260617
LINKTYPE_ETHERNET = 1
DRONE4, OWN_ON_DRONE4 = "192.168.2.1", "192.168.2.20"
DRONE_MAC = "60:60:1f:5a:3c:01"
PERSON = {"email": "lab.pilot@example.org", "imei": "490154203237518", "sn": "08QLABT0010F7E", "uid": "771204418896"}


def at(clock):
    """A time of the day, "HH:MM:SS" UTC, in nanoseconds since 1970."""
    hours, minutes, seconds = clock.split(":")
    midnight = START - START % (24 * HOUR)
    return midnight + int(hours) * HOUR + int(minutes) * MINUTE + int(float(seconds) * SECOND)


def text(**fields):
    """A JSON body."""
    return json.dumps(fields, separators=(",", ":")).encode()


class Day:
    """The day, act by act."""

    def __init__(self, phone):
        self.phone = phone
        self.actions = []

    def run(self):
        """Everything, in order."""
        self.join_network("14:55:00")
        self.midstream("14:55:20")
        self.launch("14:58:00", first=True)
        self.keep_push("14:58:09", "21:12:00")
        self.idle()
        self.fly("15:40:00", "15:40:21")
        self.fly("15:52:00", "15:52:21")
        self.sync("16:10:00")
        self.share("16:20:00")
        self.launch("17:30:00")
        self.browse("17:33:00")
        self.launch("20:05:00")
        self.strangers("20:10:00")

    def act(self, clock, what, note=""):
        """Notes an action of the user."""
        self.actions.append((at(clock), what, note))

    def join_network(self, clock):
        """What a phone does when it joins: DHCP, neighbours, time, the captive-portal check, private DNS."""
        phone, time = self.phone, at(clock)
        self._dhcp(time)
        phone.arp(time + 180 * MILLISECOND)
        self._neighbours(time + 200 * MILLISECOND)
        self._multicast_names(time + 700 * MILLISECOND)
        self._time(time + SECOND)
        nothing = messages.http_response(status="204 No Content")
        phone.http("gstatic", time + 1200 * MILLISECOND, [("GET", "/generate_204", b"", (), nothing)])
        self._private_dns(time + 2 * SECOND)
        phone.quic("play", time + 5 * SECOND, [("POST", "/play/log", phone.blob(900), phone.blob(120))], family=6)
        phone.ping("ping-router", time + 8 * SECOND, 2)

    def _dhcp(self, time):
        phone, transaction = self.phone, self.phone.random.getrandbits(32)
        ask = phone.conversation("dhcp", "udp", (("0.0.0.0", 68), ("255.255.255.255", 67)), time)
        tell = phone.conversation("dhcp", "udp", ((ROUTER4, 67), ("255.255.255.255", 68)), time)
        router = packets.address(ROUTER4)
        lease = ((54, router), (51, struct.pack("!I", 21600)), (1, bytes((255, 255, 255, 0))), (3, router), (6, router))
        who = ((12, b"Galaxy-S21-lab"), (60, b"android-dhcp-13"), (55, bytes((1, 3, 6, 15, 26, 28, 51, 58, 59))))
        wanted = ((50, packets.address(OWN4)), (54, router))
        for query, answer, extra in ((1, 2, ()), (3, 5, wanted)):
            ask.datagram("out", messages.dhcp(1, query, transaction, OWN_MAC, options=(*extra, *who)))
            ask.wait(35 * MILLISECOND)
            tell.time = ask.time
            self._from_router(tell, messages.dhcp(2, answer, transaction, OWN_MAC, OWN4, lease))
            ask.wait(12 * MILLISECOND)

    def _from_router(self, talk, payload):
        """A broadcast of the router: by the rule of addresses it is the device of that flow."""
        link, talk.link = talk.link, Link(talk.link.tape, 0, ROUTER_MAC, ROUTER_MAC)
        talk.datagram("out", payload)
        talk.link = link

    def _neighbours(self, time):
        phone = self.phone
        ask = phone.conversation("neighbours-multicast", "icmpv6", ((OWN_LINK, None), ("ff02::2", None)), time)
        source = b"\1\1" + packets.mac(OWN_MAC)
        ask.message("out", packets.ICMPV6, packets.icmpv6(OWN_LINK, "ff02::2", 133, 0, bytes(4) + source), 255)
        tell = phone.conversation(
            "neighbours-multicast", "icmpv6", ((ROUTER_LINK, None), ("ff02::1", None)), time + 9 * MILLISECOND
        )
        tell.link = Link(phone.tape, 0, ROUTER_MAC, ROUTER_MAC)
        prefix = b"\3\4\x40\xc0" + struct.pack("!III", 86400, 14400, 0) + packets.address("2001:db8:42::")
        body = struct.pack("!BBHII", 64, 0, 1800, 0, 0) + b"\1\1" + packets.mac(ROUTER_MAC) + prefix
        tell.message("out", packets.ICMPV6, packets.icmpv6(ROUTER_LINK, "ff02::1", 134, 0, body), 255)
        near = phone.conversation("neighbours", "icmpv6", ((OWN_LINK, None), (ROUTER_LINK, None)), time + 300 * MILLISECOND)
        target = packets.address(ROUTER_LINK)
        solicit = bytes(4) + target + source
        near.message("out", packets.ICMPV6, packets.icmpv6(OWN_LINK, ROUTER_LINK, 135, 0, solicit), 255)
        near.wait(2 * MILLISECOND)
        advert = b"\xe0\0\0\0" + target + b"\2\1" + packets.mac(ROUTER_MAC)
        near.message("in", packets.ICMPV6, packets.icmpv6(ROUTER_LINK, OWN_LINK, 136, 0, advert), 255)

    def _multicast_names(self, time):
        query = messages.dns_query(0, "_dji._tcp.local", messages.PTR, flags=0)
        for own, group in ((OWN4, "224.0.0.251"), (OWN_LINK, "ff02::fb")):
            talk = self.phone.conversation("mdns", "udp", ((own, 5353), (group, 5353)), time)
            for _ in range(2):
                talk.datagram("out", query, 255)
                talk.wait(SECOND)

    def _time(self, time):
        phone = self.phone
        time = phone.lookup("ntp", time)
        talk = phone.conversation("ntp", "udp", ((OWN4, phone.port()), (phone.plan["ntp"]["ipv4"], 123)), time)
        sent = time / SECOND
        talk.datagram("out", messages.ntp(3, 0, (0, 0, 0, sent)))
        talk.wait(31 * MILLISECOND)
        talk.datagram("in", messages.ntp(4, 1, (sent - 3, sent, sent + 0.015, sent + 0.0151)))

    def _private_dns(self, time):
        secure = self.phone.tls("dot", time, port=853, alpn=())
        for name in ("www.google.com", "mtalk.google.com"):
            query = messages.dns_query(self.phone.random.getrandbits(16), name, messages.A)
            answer = messages.dns_answer(int.from_bytes(query[:2], "big"), name, messages.A, [(name, messages.A, "142.250.72.100")])
            secure.exchange(len(query).to_bytes(2, "big") + query, len(answer).to_bytes(2, "big") + answer)
        secure.finish()

    def midstream(self, clock):
        """A connection that was open before the capture began: no handshake, no name, a heartbeat."""
        phone = self.phone
        real, phone.link = phone.link, Link(Tape(), 0, OWN_MAC, ROUTER_MAC)
        secure = phone.tls("midstream", at(clock) - 20 * SECOND)
        phone.link = secure.tcp.link = real
        secure.tcp.flow = None
        secure.tcp.time = at(clock)
        for _ in range(13):
            secure.exchange(phone.blob(41), phone.blob(29))
            secure.tcp.wait(28 * MINUTE)
        secure.tcp.reset("in")
        secure.tcp.flow.notes.append("open before the capture began")

    def launch(self, clock, first=False):
        """The app starts: what it sends by itself."""
        self.act(clock, "launch")
        phone, time = self.phone, at(clock)
        after = lambda seconds: time + int(seconds * SECOND)  # noqa: E731
        self._plain_launch(after)
        self._vendor_launch(after, first)
        self._others_launch(after)
        phone.ping("ping-public", after(12), 4)

    def _plain_launch(self, after):
        phone = self.phone
        ok = messages.http_response(text(code=0))
        quiz = ("POST", "/api/v1/quiz/status", text(sn=PERSON["sn"], uid=PERSON["uid"], lang="en"), (), ok)
        phone.http("quiz", after(0.4), [quiz])
        binary = (("Content-Type", "application/octet-stream"), ("A37", "WIFI"), ("prodId", "900005684"))
        phone.http("bugly", after(0.7), [("POST", "/rqd/async?aid=2f6d1b0c", phone.blob(1830), binary, ok)])
        form = f"m={PERSON['imei']}&model=SM-G991B&osver=13&ssid=lab-home&mac={OWN_MAC}&carrier=310260".encode()
        typed = (("Content-Type", "application/x-www-form-urlencoded"),)
        phone.http("mob", after(1.1), [("POST", "/dinfo", form, typed, ok), ("POST", "/dsign", form[:60], typed, ok)])
        phone.http("amap-locate", after(1.6), [("POST", "/mobile/binary", phone.blob(640), binary[:1], ok)])
        where = messages.http_response(text(country="US", region="CA"))
        geoip = ("GET", "/api/v2/geocoder_service/geoip?app=go4", b"", (), where)
        phone.http("mydjiflight-geoip", after(2.0), [geoip])

    def _vendor_launch(self, after, first):
        phone = self.phone
        report = text(ostype="android", app="4.1.22", events=[{"id": number, "page": "home"} for number in range(40)])
        if first:
            body = text(**PERSON, registerPhone="+12025550143", productType=16)
            phone.https("active", after(2.2), [("POST", "/verify", body, text(status=0))], version="1.2")
        checks = [
            ("POST", "/api/v2/register_device", text(sn=PERSON["sn"]), text(code=0)),
            ("GET", "/links/links/pilot_v2", b"", phone.blob(3100)),
        ]
        phone.https("mydjiflight", after(2.6), checks)
        zones = [("GET", "/api/v3/geo/query_page?lat=37.77&lng=-122.42", b"", phone.blob(52_000 if first else 9_000))]
        phone.https("flysafe", after(3.0), zones, version="1.2")
        phone.https("dict", after(3.3), [("GET", "/geo/gps?lat=37.770&lng=-122.420", b"", text(code="US-CA"))])
        phone.https("update", after(3.9), [("GET", "/app/upgrade/public/check", b"", text(update=False))], version="1.2")
        phone.https("statistics", after(4.4), [("POST", "/api/report/clientContext", report, text(code=0))], version="1.2")
        phone.https("content", after(4.9), [("GET", "/agreement/en.html", b"", phone.blob(14_000))], close="reset")
        phone.https("cdn", after(5.2), [("GET", "/api/components/djigo_dds_switch.json", b"", phone.blob(2100))], family=6)
        if first:
            firmware = messages.http_response(phone.blob(118_000), kind="application/octet-stream")
            path = "/getfile/downpath/wm220/V01.04.0300.bin"
            phone.http(
                "mydjiflight-firmware",
                after(30),
                [("GET", path, b"", (), firmware)],
                accidents={17: "late", 40: "late", 41: "late"},
            )

    def _others_launch(self, after):
        phone = self.phone
        phone.https(
            "weibo", after(5.6), [("GET", "/2/proxy/sdk/statistic.json", b"", text(result=True))], version="1.2", resume=True
        )
        phone.https("flurry", after(6.0), [("POST", "/aap.do", phone.blob(1500), b"ok")], version="1.2")
        phone.quic("facebook", after(6.2), [("POST", "/v2.5/1543453/activities", phone.blob(1900), text(success=True))])
        tiles = [("GET", f"/vt?pb=!1m4!1m3!1i{zoom}", b"", phone.blob(11_000)) for zoom in (12, 13, 14)]
        phone.quic("tiles", after(6.6), tiles, family=6)
        phone.https("mapbox", after(7.2), [("GET", "/v4/mapbox.satellite/12/655/1583.jpg90", b"", phone.blob(21_000))])
        phone.https("amap-tiles", after(7.7), [("GET", "/grid/v3/12/655/1583", b"", phone.blob(16_000))])
        ephemeris = messages.http_response(phone.blob(24_000), kind="application/ubx")
        phone.http("ublox", after(9), [("GET", "/GetOfflineData.ashx?gnss=gps;format=mga", b"", (), ephemeris)])

    def keep_push(self, clock, until):
        """The push channel: one connection for hours, a small message each way every few minutes."""
        phone = self.phone
        secure = phone.https(
            "push", at(clock), [("POST", "/api/authenticate", text(uid=PERSON["uid"]), text(code=0))], close="", version="1.2"
        )
        while secure.tcp.time < at(until):
            secure.tcp.wait(phone.random.randint(238, 282) * SECOND)
            secure.exchange(b"\xc0\0", b"\xd0\0")
            if phone.random.random() < 0.08:
                secure.tcp.wait(30 * SECOND)
                secure.tcp.keep_alive()
        secure.finish()

    def idle(self):
        """What happens all day without anybody."""
        phone = self.phone
        for hour in (16, 17, 18, 19, 20):
            clock = f"{hour}:58:05"
            phone.https("weibo", at(clock), [("GET", "/client/common_config", b"", text(result=True))], version="1.2", resume=True)
            self._multicast_names(at(f"{hour}:25:00"))
            phone.arp(at(f"{hour}:31:00"))
        for clock in ("16:56:01", "18:56:02", "20:56:02"):
            self._time(at(clock))
        for clock in ("15:05:00", "18:05:00"):
            talk = phone.conversation("ssdp", "udp", ((OWN4, phone.port()), ("239.255.255.250", 1900)), at(clock))
            for _ in range(3):
                talk.datagram("out", messages.ssdp_search(), 4)
                talk.wait(SECOND)
        self._renew(at("17:55:00"))

    def _renew(self, time):
        phone, transaction = self.phone, self.phone.random.getrandbits(32)
        talk = phone.conversation("dhcp-renew", "udp", ((OWN4, 68), (ROUTER4, 67)), time)
        talk.datagram(
            "out", messages.dhcp(1, 3, transaction, OWN_MAC, current=OWN4, options=((12, b"Galaxy-S21-lab"),), broadcast=False)
        )
        talk.wait(4 * MILLISECOND)
        lease = ((54, packets.address(ROUTER4)), (51, struct.pack("!I", 21600)))
        talk.datagram("in", messages.dhcp(2, 5, transaction, OWN_MAC, OWN4, lease, OWN4, broadcast=False), 64)

    def fly(self, clock, until):
        """A flight: the phone on the aircraft's own Wi-Fi, interface 1. Two flights share their ports."""
        self.act(clock, "take_off")
        phone = self.phone
        link = Link(phone.tape, 1, OWN_MAC, DRONE_MAC)
        talk = Conversation(link, "drone-link", "udp", ((OWN_ON_DRONE4, 12346), (DRONE4, 9003)), at(clock) - SECOND)
        ask = packets.arp(1, (OWN_MAC, OWN_ON_DRONE4), ("00:00:00:00:00:00", DRONE4))
        phone.tape.record(at(clock) - 2 * SECOND, 1, packets.ethernet(OWN_MAC, "ff:ff:ff:ff:ff:ff", packets.ARP, ask))
        Flight(talk, phone).run(at(clock), at(until))
        self.act(until, "land")

    def sync(self, clock):
        """The user synchronises flight records; the vendor's second channel follows by itself."""
        self.act(clock, "sync_flight_logs", "DJIFlightRecord_2026-06-17_[08-40-00].txt")
        phone = self.phone
        phone.initiation = "user-initiated"
        record = phone.blob(176_000)
        secure = phone.tls("mydjiflight", at(clock) + 800 * MILLISECOND)
        path = "/api/v2/flight_log/zipupload"
        secure.tcp.flow.requests.append({"method": "POST", "host": "mydjiflight.dji.com", "path": path, "decrypted": True})
        request = messages.http_request("POST", "mydjiflight.dji.com", path, record)
        secure.exchange(request, messages.http_response(text(code=0)), accidents={33: "again", 71: "again", 90: "late"})
        secure.finish()
        phone.initiation = "automatic"
        binary = (("Content-Type", "application/octet-stream"),)
        history = ("POST", "/history_record_upload/secret/gzip", phone.blob(48_000), binary, messages.http_response(text(code=0)))
        phone.http("aasky", at(clock) + 30 * SECOND, [history])

    def share(self, clock):
        """The user shares a video: a page of the vendor, the bytes to a cloud. The capture loses three frames."""
        self.act(clock, "share_media", "DJI_0008.MP4 to SkyPixel")
        phone = self.phone
        phone.initiation = "user-initiated"
        prepare = [("POST", "/api/v2/uploads/videos", text(title="Flight", size=430_000), text(token="lab"))]
        phone.https("skypixel", at(clock) + 500 * MILLISECOND, prepare, version="1.2")
        secure = phone.tls("oss", at(clock) + 2 * SECOND)
        host, path = phone.plan["oss"]["host"], "/skypixel/DJI_0008.MP4"
        secure.tcp.flow.requests.append({"method": "PUT", "host": host, "path": path, "decrypted": True})
        request = messages.http_request("PUT", host, path, phone.blob(430_000))
        accidents = {12: "again", 100: "again", 180: "late", 201: "missed", 202: "missed", 250: "missed"}
        secure.exchange(request, messages.http_response(), accidents=accidents)
        secure.tcp.flow.notes.append("three segments missing from the capture")
        secure.finish()
        phone.initiation = "automatic"

    def browse(self, clock):
        """The user reads: pages in Europe and in Japan, and a public resolver asked directly."""
        self.act(clock, "open_forum")
        phone, time = self.phone, at(clock)
        phone.initiation = "user-initiated"
        phone.https("page", time + SECOND, [("GET", "/go4/discover", b"", phone.blob(19_000))], family=6)
        thread = [("GET", "/thread-1.htm", b"", phone.blob(26_000)), ("GET", "/a.css", b"", phone.blob(7_000))]
        phone.https("forum", time + 3 * SECOND, thread, version="1.2")
        phone.https("store", time + 9 * SECOND, [("GET", "/us/mavic", b"", phone.blob(17_000))])
        phone.initiation = "automatic"
        self._fragmented_answer(time + 20 * SECOND)

    def _fragmented_answer(self, time):
        phone, identifier = self.phone, self.phone.random.getrandbits(16)
        talk = phone.conversation("dns-public", "udp", ((OWN4, phone.port()), (phone.plan["dns-public"]["ipv4"], 53)), time)
        talk.datagram("out", messages.dns_query(identifier, "lab.example", messages.TXT, edns=True))
        talk.wait(21 * MILLISECOND)
        data = messages.txt([bytes([97 + number]) * 200 for number in range(16)])
        talk.fragmented("in", messages.dns_answer(identifier, "lab.example", messages.TXT, [("lab.example", messages.TXT, data)]))
        phone.tape.names.append((time, {"query": "lab.example", "query_type": "TXT", "answers": []}))
        talk.flow.notes.append("answer in IPv4 fragments")

    def strangers(self, clock):
        """Remotes that nothing names, a name that no rule knows, and a refusal."""
        phone, time = self.phone, at(clock)
        phone.https("us", time, [("POST", "/api/v1/event", phone.blob(700), text(code=0))])
        phone.https("collector", time + 2 * SECOND, [("POST", "/c", phone.blob(2600), b"1")], version="1.2", expired=True)
        phone.https("nameless-tls", time + 4 * SECOND, [("POST", "/", phone.blob(5200), b"ok")], name=False)
        tcp = phone.tcp("nameless-tcp", time + 6 * SECOND, port=8001)
        tcp.send("out", b"LB02" + phone.blob(3300))
        tcp.send("in", b"LB02" + phone.blob(90))
        tcp.close("in")
        talk = phone.conversation(
            "nameless-udp", "udp", ((OWN4, phone.port()), (phone.plan["nameless-udp"]["ipv4"], 8000)), time + 9 * SECOND
        )
        for _ in range(6):
            talk.datagram("out", b"LB01" + phone.blob(212))
            talk.wait(211 * MILLISECOND)
            talk.datagram("in", b"LB01" + phone.blob(18))
            talk.wait(2 * SECOND)
        self._refused(time + 30 * SECOND)

    def _refused(self, time):
        phone = self.phone
        ends = ((OWN4, phone.port()), (phone.plan["refused"]["ipv4"], 7100))
        device.Tcp(phone.link, "refused", ends, time, 160 * MILLISECOND, "automatic", phone.random).refuse()


class Flight:
    """The link between app and aircraft: greeting, telemetry, commands, video."""

    def __init__(self, talk, phone):
        self.talk, self.phone = talk, phone
        self.session = phone.random.getrandbits(15)
        self.numbers = {"out": 0, "in": 0}

    def run(self, begin, end):
        """The greeting, then all three streams in steps of a hundredth of a second."""
        greeting = messages.dji_link(0, self.session, 0, struct.pack("<H", 0x64) + self.phone.blob(38))
        self.talk.datagram("out", greeting)
        self.talk.wait(3 * MILLISECOND)
        self.talk.datagram("in", messages.dji_link(0, self.session, 0, b""), 64)
        for step in range((end - begin) // (10 * MILLISECOND)):
            self.talk.time = begin + step * 10 * MILLISECOND
            if step % 10 == 0:
                self._telemetry(step / 100)
            if step % 20 == 5:
                self._command()
            if step % 10 == 7:
                self._video(step // 10)

    def _next(self, side):
        self.numbers[side] += 8
        return self.numbers[side] & 0xFFFF

    def _telemetry(self, seconds):
        position = messages.osd(0.6592 + seconds * 1e-7, -2.1366, min(seconds * 3, 40), 96)
        frame = messages.duml(3, 2, self._next("in"), (3, 0x43), position)
        self.talk.datagram("in", messages.dji_telemetry(self.session, 0, [frame]), 64)

    def _command(self):
        number = self._next("out")
        frame = messages.duml(2, 3, number, (3, 0x20), struct.pack("<dd", 0.6592, -2.1366))
        self.talk.datagram("out", messages.dji_command(self.session, number, [frame]))

    def _video(self, picture):
        key = picture % 30 == 0
        data = b"\0\0\0\1" + (b"\x65" if key else b"\x41") + self.phone.blob(1900 if key else 820) + b"\0\0\0\1\x09\x10"
        parts = [data[start : start + 1400] for start in range(0, len(data), 1400)]
        for number, part in enumerate(parts):
            self.talk.wait(400_000)
            self.talk.datagram("in", messages.dji_video(self.session, self._next("in"), (picture, number, len(parts)), part), 64)


def read_plan():
    """The rows of plan.csv by their id."""
    with open(HERE / "plan.csv", encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def write_capture(tape, path):
    """The pcapng file of a tape."""
    section = Section(
        hardware="SM-G991B", os="Android 13", application="whereto captures/generate", comment="generated; see README.md"
    )
    section.interface(LINKTYPE_ETHERNET, "wlan0", resolution=9, comment="the phone on the house's Wi-Fi")
    section.interface(LINKTYPE_ETHERNET, "wlan1", resolution=6, comment="the phone on the aircraft's Wi-Fi")
    received = {0: 0, 1: 0}
    for entry in tape.numbered():
        section.packet(entry.interface, entry.time, entry.frame)
        received[entry.interface] += 1
    for interface, count in received.items():
        section.statistics(interface, tape.written[-1].time, count, tape.missed.get(interface, 0))
    path.write_bytes(section.bytes())


def truth(tape, plan, capture):
    """The whole truth about a capture, but for what plan.csv calls things: see retruth.py."""
    flows = sorted(tape.flows, key=lambda flow: flow.frames[0])
    rows = [flow.row(number) for number, flow in enumerate(flows, 1)]
    wire_bytes = sum(len(entry.frame) for entry in tape.written)
    head = {"capture": capture.name, "sha256": hashlib.sha256(capture.read_bytes()).hexdigest(), "idle_seconds": IDLE}
    times = {"first": moment(tape.written[0].time), "last": moment(tape.written[-1].time)}
    names = [{"time": moment(time), **answer} for time, answer in sorted(tape.names, key=lambda item: item[0])]
    totals = {"frames": len(tape.written), "wire_bytes": wire_bytes, "dropped": sum(tape.missed.values()), **times}
    return {**head, **totals, "ledger": tape.ledger(), "dns": names, "flows": rows}


def label(known, plan):
    """Adds what the plan calls things: the labels of the flows, and the summary."""
    flows = [labelled(flow, plan) for flow in known["flows"]]
    return {
        **{key: known[key] for key in known if key not in ("flows", "summary")},
        "summary": summary(flows, plan),
        "flows": flows,
    }


def settle_fractions(tape):
    """Interface 1 counts microseconds: the truth may not know more."""
    for entry in tape.written:
        if entry.interface == 1:
            entry.time -= entry.time % 1000
    for flow in tape.flows:
        if flow.plan == "drone-link":
            flow.first, flow.last = flow.first - flow.first % 1000, flow.last - flow.last % 1000


def main(folder):
    """Makes the four files in a folder."""
    folder, plan, tape = pathlib.Path(folder), read_plan(), Tape()
    with tempfile.TemporaryDirectory() as scratch:
        keys = os.path.join(scratch, "keys")
        day = Day(Phone(tape, plan, random.Random(SEED), Authority(scratch), keys))
        day.run()
        log = sorted(set(pathlib.Path(keys).read_text(encoding="ascii").splitlines()))
    settle_fractions(tape)
    capture = folder / "go4-day.pcapng"
    write_capture(tape, capture)
    write_truth(label(truth(tape, plan, capture), plan), folder / "go4-day.truth.json")
    (folder / "go4-day.keys.txt").write_text("\n".join(line for line in log if not line.startswith("#")) + "\n", encoding="ascii")
    rows = [f"{moment(time)[:23]}Z,{what},{note}" for time, what, note in sorted(day.actions)]
    (folder / "go4-day.actions.csv").write_text("\n".join(["time,action,note", *rows]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else HERE.parent)
