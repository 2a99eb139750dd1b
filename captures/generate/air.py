"""Frames of a protected network, made as its stations make them: WPA2-PSK with CCMP (IEEE 802.11-2020, 12.5.3 and 12.7).

AES is written out here (FIPS 197), because the standard library has none; it seals kilobytes, not captures.
"""
import hashlib, hmac, struct


def tables():
    power, log, value = [0] * 256, [0] * 256, 1
    for exponent in range(255):
        power[exponent], log[value] = value, exponent
        value ^= (value << 1) ^ (0x11b if value & 0x80 else 0)
    box = []
    for value in range(256):
        inverse = power[(255 - log[value]) % 255] if value else 0
        spread = 0
        for turn in range(5):
            spread ^= inverse << turn
        box.append(((spread & 0xff) ^ (spread >> 8) ^ 0x63) & 0xff)
    return box


BOX = tables()


def double(value):
    return (value << 1) ^ (0x11b if value & 0x80 else 0)


class Aes:
    """AES-128, one block at a time."""

    def __init__(self, key):
        words, constant = [list(key[at:at + 4]) for at in range(0, 16, 4)], 1
        for at in range(4, 44):
            word = list(words[at - 1])
            if at % 4 == 0:
                word = [BOX[byte] for byte in word[1:] + word[:1]]
                word[0] ^= constant
                constant = double(constant)
            words.append([one ^ other for one, other in zip(words[at - 4], word)])
        self.rounds = [sum(words[at:at + 4], []) for at in range(0, 44, 4)]

    def seal(self, block):
        state = [one ^ other for one, other in zip(block, self.rounds[0])]
        for turn in range(1, 11):
            state = [BOX[state[(at + 4 * (at % 4)) % 16]] for at in range(16)]
            if turn < 10:
                mixed = []
                for at in range(0, 16, 4):
                    column = state[at:at + 4]
                    whole = column[0] ^ column[1] ^ column[2] ^ column[3]
                    mixed += [byte ^ whole ^ double(byte ^ column[(row + 1) % 4]) for row, byte in enumerate(column)]
                state = mixed
            state = [one ^ other for one, other in zip(state, self.rounds[turn])]
        return bytes(state)


def ccm(key, nonce, known, data):
    """Counter with CBC-MAC (RFC 3610), eight bytes of code, two of length."""
    aes = Aes(key)
    known = struct.pack(">H", len(known)) + known
    blocks = bytes([0x59]) + nonce + struct.pack(">H", len(data)) + known + bytes(-len(known) % 16) + data + bytes(-len(data) % 16)
    code = bytes(16)
    for at in range(0, len(blocks), 16):
        code = aes.seal([one ^ other for one, other in zip(code, blocks[at:at + 16])])
    stream = b"".join(aes.seal(b"\x01" + nonce + struct.pack(">H", count)) for count in range(-(-len(data) // 16) + 1))
    return bytes(one ^ other for one, other in zip(data, stream[16:])) + bytes(one ^ other for one, other in zip(code[:8], stream))


class Network:
    """The pairwise key of one station, from the passphrase and the handshake in the capture's frames (radiotap first)."""

    def __init__(self, ssid, passphrase, frames):
        self.frames, self.number, nonces = frames, 1 << 32, {}
        for frame in frames:
            mac = frame[struct.unpack("<H", frame[2:4])[0]:]
            at = mac.find(b"\xaa\xaa\x03\0\0\0\x88\x8e")
            if mac[0] & 0x0c == 8 and at > 0 and not mac[1] & 0x40:
                eapol = mac[at + 8:]
                if any(eapol[17:49]) and mac[1] & 3 not in nonces:
                    nonces[mac[1] & 3] = (eapol[17:49], mac[10:16])
        (ours, station), (theirs, access) = nonces[1], nonces[2]
        master = hashlib.pbkdf2_hmac("sha1", passphrase.encode(), ssid.encode(), 4096, 32)
        seed = b"Pairwise key expansion\0" + min(station, access) + max(station, access) + min(ours, theirs) + max(ours, theirs)
        expanded = b"".join(hmac.new(master, seed + bytes([count]), "sha1").digest() for count in range(3))
        self.key = expanded[32:48]

    def pattern(self, out):
        """A frame with the wanted direction that carries IP for the phone through the gateway."""
        for frame in self.frames:
            mac = frame[struct.unpack("<H", frame[2:4])[0]:]
            if mac[0] == 0x88 and mac[1] & 0x4b == (0x41 if out else 0x42) and not mac[4] & 1 and len(mac) > 42 and mac[16:22] != mac[10:16]:
                if mac[16:22] != mac[4:10]:
                    return frame
        raise SystemExit("no frame to take the headers from")

    def sealed(self, packet, out):
        """An IPv4 packet as the air has it."""
        frame = self.pattern(out)
        length = struct.unpack("<H", frame[2:4])[0]
        head = bytearray(frame[length:length + 26])
        self.number += 1
        head[22:24] = struct.pack("<H", (self.number & 0xfff) << 4)
        number = struct.pack(">Q", self.number)[2:]
        counter = bytes([number[5], number[4], 0, 0x20, number[3], number[2], number[1], number[0]])
        known = bytes([head[0] & 0x8f, head[1] & 0xc7]) + head[4:22] + b"\0\0" + bytes([head[24] & 0x0f, 0])
        nonce = bytes([head[24] & 0x0f]) + head[10:16] + number
        return frame[:length] + bytes(head) + counter + ccm(self.key, nonce, bytes(known), b"\xaa\xaa\x03\0\0\0\x08\0" + packet)
