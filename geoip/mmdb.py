"""The MaxMind DB file format 2.0: ranges of addresses to a small file, and back.

Standard library only, and deterministic: the same ranges give the same bytes. Equal neighbours
become one prefix, equal subtrees one node (the tree is a graph without cycles, which every reader
walks alike), equal records and equal strings one entry of the data section.

https://maxmind.github.io/MaxMind-DB/
"""

import bisect

MARKER = b"\xab\xcd\xefMaxMind.com"
SEPARATOR = bytes(16)
DEPTHS = {4: 32, 6: 128}  # bits of an address by IP version; in version 6, IPv4 lies at ::/96
EMPTY = -1  # no data here; record n is -2 - n, node n is n

POINTER, STRING, UINT16, UINT32, MAP, UINT64, ARRAY = 1, 2, 5, 6, 7, 9, 11
UINTS = (UINT16, UINT32, UINT64)


def write(ranges, records, metadata):
    """Returns the bytes of a database.

    `ranges`: (first, last, index of a record), both ends inclusive, as integers, sorted and disjoint.
    `records`: maps of strings, integers and maps. `metadata`: the values of `database_type`,
    `description` (English), `build_epoch` and `ip_version`.
    """
    nodes = _tree(ranges, DEPTHS[metadata["ip_version"]])
    data, offsets = _data_section(records)
    return b"".join(
        (_search_tree(nodes, offsets, len(data)), SEPARATOR, data, MARKER, _metadata(nodes, offsets, len(data), metadata))
    )


def _tree(ranges, depth):
    """The pairs of children, root first, in the order of a walk from the root."""
    firsts = [first for first, _, _ in ranges]
    lasts = [last for _, last, _ in ranges]
    for last, following in zip(lasts, firsts[1:]):
        if following <= last:
            raise ValueError(f"ranges overlap or are not sorted near {following}")
    pairs, known = [], {}

    def build(base, bits, low, high):
        if low == high:
            return EMPTY
        top = base + (1 << bits) - 1
        if high - low == 1 and firsts[low] <= base and lasts[low] >= top:
            return -2 - ranges[low][2]
        middle = base + (1 << (bits - 1))
        split = bisect.bisect_left(firsts, middle, low, high)
        straddles = split > low and lasts[split - 1] >= middle
        left = build(base, bits - 1, low, split)
        right = build(middle, bits - 1, split - straddles, high)
        if left == right and left < 0:
            return left
        pair = (left, right)
        if pair not in known:
            known[pair] = len(pairs)
            pairs.append(pair)
        return known[pair]

    root = build(0, depth, 0, len(ranges))
    if root < 0:
        return [(root, root)]
    return _renumbered(pairs, root)


def _renumbered(pairs, root):
    """Nodes numbered in the order a walk from the root meets them: node 0 is the root."""
    number, order, waiting = {}, [], [root]
    while waiting:
        node = waiting.pop()
        if node in number:
            continue
        number[node] = len(order)
        order.append(node)
        waiting.extend(child for child in reversed(pairs[node]) if child >= 0)
    return [tuple(number[child] if child >= 0 else child for child in pairs[node]) for node in order]


def _record_bits(nodes, data_length):
    needed = (len(nodes) + len(SEPARATOR) + data_length).bit_length()
    return 24 if needed <= 24 else 28 if needed <= 28 else 32


def _search_tree(nodes, offsets, data_length):
    bits = _record_bits(nodes, data_length)
    count = len(nodes)

    def value(child):
        if child >= 0:
            return child
        return count if child == EMPTY else count + len(SEPARATOR) + offsets[-2 - child]

    out = bytearray()
    for left, right in nodes:
        left, right = value(left), value(right)
        if bits == 28:
            middle = (left >> 24) << 4 | right >> 24
            out += (left & 0xFFFFFF).to_bytes(3, "big") + bytes([middle]) + (right & 0xFFFFFF).to_bytes(3, "big")
        else:
            out += left.to_bytes(bits // 8, "big") + right.to_bytes(bits // 8, "big")
    return bytes(out)


def _data_section(records):
    """The section and the offset of each record in it. A string met again becomes a pointer."""
    out, offsets, strings = bytearray(), [], {}

    def put(value):
        if isinstance(value, dict):
            out.extend(_control(MAP, len(value)))
            for key, inner in value.items():
                put(key)
                put(inner)
        elif isinstance(value, int):
            out.extend(_uint(UINT32, value))
        elif value in strings and len(_pointer(strings[value])) < len(_string(value)):
            out.extend(_pointer(strings[value]))
        else:
            strings.setdefault(value, len(out))
            out.extend(_string(value))

    for record in records:
        offsets.append(len(out))
        put(record)
    return bytes(out), offsets


def _metadata(nodes, offsets, data_length, given):
    fields = (
        ("binary_format_major_version", _uint(UINT16, 2)),
        ("binary_format_minor_version", _uint(UINT16, 0)),
        ("build_epoch", _uint(UINT64, given["build_epoch"])),
        ("database_type", _string(given["database_type"])),
        ("description", _control(MAP, 1) + _string("en") + _string(given["description"])),
        ("ip_version", _uint(UINT16, given["ip_version"])),
        ("languages", _control(ARRAY, 1) + _string("en")),
        ("node_count", _uint(UINT32, len(nodes))),
        ("record_size", _uint(UINT16, _record_bits(nodes, data_length))),
    )
    return _control(MAP, len(fields)) + b"".join(_string(key) + value for key, value in fields)


def _control(kind, length):
    """The control byte or bytes: type in three bits (more in a second byte), then the length."""
    if length < 29:
        short, rest = length, b""
    elif length < 285:
        short, rest = 29, bytes([length - 29])
    elif length < 65821:
        short, rest = 30, (length - 285).to_bytes(2, "big")
    else:
        raise ValueError(f"a value of {length} bytes is not meant to be here")
    if kind > 7:
        return bytes([short, kind - 7]) + rest
    return bytes([kind << 5 | short]) + rest


def _uint(kind, value):
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _control(kind, len(raw)) + raw


def _string(text):
    raw = text.encode()
    return _control(STRING, len(raw)) + raw


def _pointer(offset):
    if offset < 2048:
        return bytes([POINTER << 5 | offset >> 8, offset & 0xFF])
    if offset < 526336:
        offset -= 2048
        return bytes([POINTER << 5 | 1 << 3 | offset >> 16]) + (offset & 0xFFFF).to_bytes(2, "big")
    if offset < 134744064:
        offset -= 526336
        return bytes([POINTER << 5 | 2 << 3 | offset >> 24]) + (offset & 0xFFFFFF).to_bytes(3, "big")
    return bytes([POINTER << 5 | 3 << 3]) + offset.to_bytes(4, "big")


def read(raw):
    """The metadata and the ranges of a database: (first, last, record), sorted, equal neighbours merged."""
    start = raw.rindex(MARKER) + len(MARKER)
    metadata, _ = _value(raw, start, start)
    count, bits = metadata["node_count"], metadata["record_size"]
    data = count * bits // 4 + len(SEPARATOR)
    records, ranges = {}, []

    def leaf(first, last, target):
        if target not in records:
            records[target], _ = _value(raw, data, data + target - count - len(SEPARATOR))
        record = records[target]
        if ranges and ranges[-1][1] + 1 == first and ranges[-1][2] == record:
            first = ranges.pop()[0]
        ranges.append((first, last, record))

    waiting = [(0, DEPTHS[metadata["ip_version"]], 0)]
    while waiting:
        base, depth, node = waiting.pop()
        if node > count:
            leaf(base, base + (1 << depth) - 1, node)
        elif node < count:
            left, right = _children(raw, node, bits)
            waiting.append((base + (1 << (depth - 1)), depth - 1, right))
            waiting.append((base, depth - 1, left))
    return metadata, ranges


def _children(raw, node, bits):
    at, length = node * bits // 4, bits // 4
    pair = raw[at : at + length]
    if bits == 28:
        return (pair[3] >> 4) << 24 | int.from_bytes(pair[:3], "big"), int.from_bytes(pair[3:], "big") & 0xFFFFFFF
    return int.from_bytes(pair[: length // 2], "big"), int.from_bytes(pair[length // 2 :], "big")


def _value(raw, section, at):
    """The value at an offset and the offset after it."""
    kind, length = raw[at] >> 5, raw[at] & 31
    at += 1
    if kind == POINTER:
        more = (length >> 3) + 1
        offset = int.from_bytes(raw[at : at + more], "big")
        if more < 4:
            offset += (length & 7) << 8 * more
        return _value(raw, section, section + offset + (0, 2048, 526336, 0)[more - 1])[0], at + more
    if kind == 0:
        kind, at = raw[at] + 7, at + 1
    if length >= 29:
        more = length - 28
        length = (29, 285, 65821)[more - 1] + int.from_bytes(raw[at : at + more], "big")
        at += more
    if kind in UINTS:
        return int.from_bytes(raw[at : at + length], "big"), at + length
    if kind == STRING:
        return raw[at : at + length].decode(), at + length
    if kind not in (MAP, ARRAY):
        raise ValueError(f"value of type {kind} at offset {at}: not one these databases use")
    pairs = []
    for _ in range(length):
        key = len(pairs)
        if kind == MAP:
            key, at = _value(raw, section, at)
        value, at = _value(raw, section, at)
        pairs.append((key, value))
    return dict(pairs) if kind == MAP else [value for _, value in pairs], at
