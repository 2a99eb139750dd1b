"""What is written is counted here, as it is written: the truth never comes from reading the capture back."""

import dataclasses
import datetime
import json

SIDES = ("out", "in")
COUNTED = ("packets", "wire_bytes", "ip_bytes", "payload_bytes", "unique_bytes")
IDLE = {"tcp": 7_440, "udp": 300, "icmp": 60, "icmpv6": 60}
LABELS = ("category", "category_basis", "region", "country", "owner", "party", "encryption")


def moment(time):
    """A time in nanoseconds since 1970 as text, UTC."""
    seconds, nanoseconds = divmod(time, 10**9)
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{nanoseconds:09d}Z"


@dataclasses.dataclass(eq=False)
class Flow:
    """One flow: whom it joins, the row of the plan it belongs to, and what was sent in it."""

    plan: str
    protocol: str
    device: tuple
    remote: tuple
    initiation: str
    first: int = 0
    last: int = 0
    frames: list = dataclasses.field(default_factory=list)
    requests: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    counts: dict = dataclasses.field(default_factory=lambda: {f"{what}_{side}": 0 for what in COUNTED for side in SIDES})

    def count(self, side, **amounts):
        """Adds to one direction."""
        for what, amount in amounts.items():
            self.counts[f"{what}_{side}"] += amount

    def row(self, number):
        """The flow as it stands in the truth, without the labels of the plan."""
        ends = {
            "device_ip": self.device[0],
            "device_port": self.device[1],
            "remote_ip": self.remote[0],
            "remote_port": self.remote[1],
        }
        times = {"first": moment(self.first), "last": moment(self.last)}
        frames = {"first_frame": min(self.frames), "last_frame": max(self.frames)}
        rest = {"initiation": self.initiation, "requests": self.requests, "notes": self.notes}
        return {"flow": number, "plan": self.plan, "protocol": self.protocol, **ends, **times, **frames, **self.counts, **rest}


@dataclasses.dataclass(eq=False)
class Written:
    """One frame of the capture to be, and the flow it belongs to; none for what is not IP."""

    time: int
    order: int
    interface: int
    frame: bytes
    flow: Flow | None
    ip_bytes: int


class Tape:
    """All frames of a capture, in any order until they are numbered."""

    def __init__(self):
        self.written = []
        self.flows = []
        self.names = []
        self.missed = {}

    def record(self, time, interface, frame, flow=None, ip_bytes=0):
        """Puts one frame on the tape."""
        self.written.append(Written(time, len(self.written), interface, frame, flow, ip_bytes))

    def miss(self, interface):
        """A frame that was sent and that the capture lost."""
        self.missed[interface] = self.missed.get(interface, 0) + 1

    def numbered(self):
        """The frames in order of time; numbers the flows' frames from 1."""
        self.written.sort(key=lambda entry: (entry.time, entry.order))
        for number, entry in enumerate(self.written, 1):
            if entry.flow:
                entry.flow.frames.append(number)
        return self.written

    def ledger(self):
        """Where every frame went."""
        rows = {}
        for entry in self.written:
            key = ("flow", "") if entry.flow else ("non-ip", "0x0806")
            row = rows.setdefault(key, {"frames": 0, "wire_bytes": 0, "ip_bytes": 0})
            row["frames"] += 1
            row["wire_bytes"] += len(entry.frame)
            row["ip_bytes"] += entry.ip_bytes
        return [{"disposition": key[0], "reason": key[1], **row} for key, row in sorted(rows.items())]


def summary(flows, plan):
    """The cells of the summary: flows (rows of the truth) grouped by device and the labels of their plan row."""
    cells = {}
    for flow in flows:
        labels = {name: plan[flow["plan"]][name] or None for name in LABELS}
        key = (flow["device_ip"], *labels.values())
        cell = cells.setdefault(key, {"device_ip": flow["device_ip"], **labels, "flows": 0, **dict.fromkeys(_counted(), 0)})
        cell["flows"] += 1
        for what in _counted():
            cell[what] += flow[what]
        cell["first"] = min(cell.get("first", flow["first"]), flow["first"])
        cell["last"] = max(cell.get("last", flow["last"]), flow["last"])
    return [cells[key] for key in sorted(cells, key=lambda key: [word or "" for word in key])]


def labelled(flow, plan):
    """A flow of the truth with the labels of its plan row."""
    row = plan[flow["plan"]]
    labels = {name: row[name] or None for name in ("host", *LABELS)}
    return {**flow, **labels, "category_candidates": [word for word in row["category_candidates"].split("|") if word]}


def write_truth(known, path):
    """JSON, one row a line."""
    lines = []
    for key, value in known.items():
        if isinstance(value, list):
            rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in value)
            lines.append(f' "{key}": [\n{rows}\n ]')
        else:
            lines.append(f' "{key}": {json.dumps(value)}')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _counted():
    return [f"{what}_{side}" for what in COUNTED for side in SIDES]
