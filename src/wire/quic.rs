//! QUIC packets: long headers, Initials, whose keys follow from the first destination connection identifier, and what
//! opens all others for whoever has the secrets. RFC 9000 section 17.2, RFC 9001 section 5, RFC 9369 (version 2),
//! the drafts 22 to 34, Facebook's mvfst and Google's T050, T051 and Q050, which share the form.
//!
//! ```text
//! long      1 1 kind 2 low 4 | version 4 | destination 1+n | source 1+n | …
//! Initial   … | token v+n | length v | packet number 1-4 | payload        low 4: reserved 2, packet number bytes - 1
//! 0-RTT     … | length v | packet number 1-4 | payload                    Handshake: the same
//! Retry     … | token | integrity tag 16
//! version 0 … | versions 4 each                                           version negotiation
//! short     0 1 …                                                          everything after the handshake
//! ```
//! v is a number whose two upper bits give its length (RFC 9000 section 16).

mod frames;
mod open;

use std::collections::BTreeMap;

use aes::Aes128;
use aes::cipher::BlockCipherEncrypt;
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes128Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;

use super::seal::Labels;
use super::{Reader, Short};
use crate::limits;

pub(crate) use frames::{Frame, frames};
pub(crate) use open::{Unprotected, long, short};

/// Longest connection identifier (RFC 9000 section 17.2).
const IDENTIFIER_BYTES: u8 = 20;
/// Bytes sampled for header protection, and those of the authentication tag (RFC 9001 sections 5.3 and 5.4).
const SAMPLE_BYTES: usize = 16;

/// Salt of the Initial secret, and the labels and packet kinds that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scheme {
    salt: [u8; 20],
    labels: [&'static str; 3],
}

const LABELS: [&str; 3] = ["quic key", "quic iv", "quic hp"];
const LABELS_V2: [&str; 3] = ["quicv2 key", "quicv2 iv", "quicv2 hp"];

const V1: Scheme = scheme(*b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a");
const V2: Scheme = Scheme { salt: *b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9", labels: LABELS_V2 };
const V2_DRAFT: Scheme =
    Scheme { salt: *b"\xa7\x07\xc2\x03\xa5\x9b\x47\x18\x4a\x1d\x62\xca\x57\x04\x06\xea\x7a\xe3\xe5\xd3", labels: LABELS_V2 };
const DRAFT_22: Scheme = scheme(*b"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a");
const DRAFT_23: Scheme = scheme(*b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02");
const DRAFT_29: Scheme = scheme(*b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99");
const Q050: Scheme = scheme(*b"\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45");
const T050: Scheme = scheme(*b"\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10");
const T051: Scheme = scheme(*b"\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d");
/// Tried for a version nobody listed, reserved ones (RFC 9000 section 15) among them.
const UNLISTED: &[Scheme] = &[V1, V2, DRAFT_29, DRAFT_23];

const fn scheme(salt: [u8; 20]) -> Scheme {
    Scheme { salt, labels: LABELS }
}

/// A version number of QUIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version(pub(crate) u32);

impl Version {
    /// Version negotiation.
    pub(crate) const NEGOTIATION: Self = Self(0);
    /// Google's last version with its own handshake.
    pub(crate) const Q050: Self = Self(0x5130_3530);

    /// Ways to derive the Initial keys; several when the version is not listed.
    pub(crate) const fn schemes(self) -> &'static [Scheme] {
        match self.0 {
            0x0000_0001 | 0xfaceb003 | 0xfaceb004 | 0xff00_0021..=0xff00_0022 => &[V1],
            0x6b33_43cf => &[V2],
            0x709a_50c4 => &[V2_DRAFT],
            0xff00_001d..=0xff00_0020 => &[DRAFT_29],
            0xff00_0017..=0xff00_001c | 0xfaceb002 | 0xfaceb00e..=0xfaceb013 => &[DRAFT_23],
            0xff00_0016 | 0xfaceb001 => &[DRAFT_22],
            0x5130_3530 => &[Q050],
            0x5430_3530 => &[T050],
            0x5430_3531 => &[T051],
            _ => UNLISTED,
        }
    }

    /// Google's last versions: the packets of IETF QUIC with the frames of Google QUIC.
    const fn has_google_frames(self) -> bool {
        matches!(self.0, 0x5130_3530 | 0x5430_3530 | 0x5430_3531)
    }

    /// Labels of the keys that follow the Initial ones.
    pub(crate) const fn labels(self) -> &'static Labels {
        if matches!(self.0, 0x6b33_43cf | 0x709a_50c4) { &Labels::QUIC_V2 } else { &Labels::QUIC }
    }

    /// It has one known way to derive keys.
    pub(crate) const fn is_listed(self) -> bool {
        self.schemes().len() == 1
    }

    /// Reserved to keep version negotiation working (RFC 9000 section 15).
    pub(crate) const fn is_reserved(self) -> bool {
        self.0 & 0x0f0f_0f0f == 0x0a0a_0a0a
    }

    /// As the table shows it.
    pub(crate) fn name(self) -> String {
        match self.0 {
            0x0000_0001 => "v1".to_owned(),
            0x6b33_43cf => "v2".to_owned(),
            0x709a_50c4 => "v2-draft".to_owned(),
            0xff00_0001..=0xff00_00ff => format!("draft-{}", self.0 & 0xff),
            0xfaceb000..=0xfaceb0ff => format!("mvfst-{:02x}", self.0 & 0xff),
            number => match number.to_be_bytes() {
                [b'Q' | b'T', b'0', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
                    format!("{}0{}{}", char::from(number.to_be_bytes()[0]), char::from(tens), char::from(ones))
                }
                _ => format!("0x{number:08x}"),
            },
        }
    }

    /// Kind of a long-header packet: version 2 turned the numbers round (RFC 9369 section 3.2).
    const fn kind(self, first: u8) -> Kind {
        let is_turned = matches!(self.0, 0x6b33_43cf | 0x709a_50c4);
        match (first >> 4 & 3, is_turned) {
            (0, false) | (1, true) => Kind::Initial,
            (1, false) | (2, true) => Kind::ZeroRtt,
            (2, false) | (3, true) => Kind::Handshake,
            _ => Kind::Retry,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
}

/// A packet of a datagram.
#[derive(Debug)]
pub(crate) enum Packet<'a> {
    /// Carries the hellos.
    Initial(Long<'a>),
    /// The client's early data: encrypted with keys nobody else has.
    ZeroRtt(Long<'a>),
    /// The end of the handshake: likewise.
    Handshake(Long<'a>),
    /// The server wants a token first.
    Retry,
    /// The server speaks other versions.
    Negotiation(Vec<Version>),
    /// Short header, up to the end of the datagram: likewise.
    Short(&'a [u8]),
}

/// A protected packet with a long header.
#[derive(Debug)]
pub(crate) struct Long<'a> {
    /// Version.
    pub(crate) version: Version,
    /// Destination connection identifier.
    pub(crate) destination: &'a [u8],
    /// Source connection identifier: what the other side calls this one by.
    pub(crate) source: &'a [u8],
    /// Header up to the packet number.
    head: &'a [u8],
    /// Packet number and payload.
    body: &'a [u8],
    /// Bytes that the header declares for them.
    declared: u64,
}

impl Long<'_> {
    /// The capture holds all of it.
    pub(crate) fn is_whole(&self) -> bool {
        u64::try_from(self.body.len()) == Ok(self.declared)
    }

    /// Bytes of its packet number and payload as the header says.
    pub(crate) const fn declared(&self) -> u64 {
        self.declared
    }
}

/// Takes the next packet off a datagram; `None` when it is none.
pub(crate) fn packet<'a>(reader: &mut Reader<'a>) -> Option<Packet<'a>> {
    let start = *reader;
    let first = reader.u8().ok()?;
    if first & 0x80 == 0 {
        reader.take_up_to(reader.left());
        return Some(Packet::Short(start.rest()));
    }
    let version = Version(reader.u32().ok()?);
    let (destination, source) = (identifier(reader)?, identifier(reader)?);
    if version == Version::NEGOTIATION {
        let versions = std::iter::from_fn(|| reader.u32().ok()).map(Version).collect();
        return reader.is_empty().then_some(Packet::Negotiation(versions));
    }
    let kind = version.kind(first);
    match kind {
        Kind::Initial | Kind::ZeroRtt | Kind::Handshake => {
            if kind == Kind::Initial {
                let token = usize::try_from(number(reader).ok()?).ok()?;
                reader.skip(token).ok()?;
            }
            let declared = number(reader).ok()?;
            let head = start.rest().get(..reader.position().checked_sub(start.position())?)?;
            let body = reader.take_up_to(usize::try_from(declared).ok()?);
            let long = Long { version, destination, source, head, body, declared };
            Some(match kind {
                Kind::ZeroRtt => Packet::ZeroRtt(long),
                Kind::Handshake => Packet::Handshake(long),
                _ => Packet::Initial(long),
            })
        }
        Kind::Retry => {
            reader.take_up_to(reader.left());
            Some(Packet::Retry)
        }
    }
}

fn identifier<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = reader.u8().ok().filter(|length| *length <= IDENTIFIER_BYTES)?;
    reader.take(length.into()).ok()
}

/// Number of variable length (RFC 9000 section 16).
fn number(reader: &mut Reader<'_>) -> Result<u64, Short> {
    let first = reader.u8()?;
    let more = reader.take((1_usize << (first >> 6)).saturating_sub(1))?;
    Ok(more.iter().fold(u64::from(first & 0x3f), |sum, byte| sum << 8 | u64::from(*byte)))
}

/// End of a connection that protects an Initial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// Opens an Initial that `end` sent in the connection whose first destination identifier was `identifier`;
/// `None` when it is not of that connection, or not whole. What opens is authentic.
pub(crate) fn open(initial: &Long<'_>, identifier: &[u8], end: End) -> Option<Vec<u8>> {
    initial.version.schemes().iter().find_map(|scheme| open_by(scheme, initial, identifier, end))
}

fn open_by(scheme: &Scheme, initial: &Long<'_>, identifier: &[u8], end: End) -> Option<Vec<u8>> {
    let secret = secret(scheme, identifier, end)?;
    let [key, vector, protection] = scheme.labels;
    let [key, protection]: [[u8; 16]; 2] = [expand(&secret, key)?, expand(&secret, protection)?];
    let vector: [u8; 12] = expand(&secret, vector)?;

    let mask = mask(protection, initial.body)?;
    let (first, rest) = initial.head.split_first()?;
    let first = first ^ mask.first()? & 0x0f;
    let mut body = Reader::new(initial.body);
    let masked = body.take(usize::from(first & 3).saturating_add(1)).ok()?;
    let number: Vec<u8> = masked.iter().zip(mask.iter().skip(1)).map(|(byte, mask)| byte ^ mask).collect();
    let associated = [&[first], rest, &number].concat();
    let payload = Payload { msg: body.rest(), aad: &associated };
    Aes128Gcm::new(&key.into()).decrypt(&nonce(vector, &number).into(), payload).ok()
}

/// Secret of one end (RFC 9001 section 5.2).
fn secret(scheme: &Scheme, identifier: &[u8], end: End) -> Option<[u8; 32]> {
    let (initial, _) = Hkdf::<Sha256>::extract(Some(&scheme.salt), identifier);
    let label = match end {
        End::Client => "client in",
        End::Server => "server in",
    };
    expand(&initial.into(), label)
}

/// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
fn expand<const N: usize>(secret: &[u8; 32], label: &str) -> Option<[u8; N]> {
    let label = format!("tls13 {label}");
    let [length, label_length] = [u16::try_from(N).ok()?, u16::try_from(label.len()).ok()?];
    let [_, label_length] = label_length.to_be_bytes();
    let info = [&length.to_be_bytes()[..], &[label_length], label.as_bytes(), &[0]].concat();
    let mut bytes = [0; N];
    Hkdf::<Sha256>::from_prk(secret).ok()?.expand(&info, &mut bytes).ok()?;
    Some(bytes)
}

/// Header protection (RFC 9001 section 5.4.3): the sample begins four bytes after where the packet number does.
fn mask(key: [u8; 16], body: &[u8]) -> Option<[u8; 16]> {
    let mut reader = Reader::new(body);
    reader.skip(4).ok()?;
    let mut block = reader.array::<SAMPLE_BYTES>().ok()?.into();
    Aes128::new(&key.into()).encrypt_block(&mut block);
    Some(block.into())
}

/// The vector with the packet number at its end. While nothing is acknowledged numbers are sent whole (RFC 9000
/// section 17.1), so that those of the hellos need no widening.
fn nonce(vector: [u8; 12], number: &[u8]) -> [u8; 12] {
    let mut nonce = vector;
    for (place, byte) in nonce.iter_mut().rev().zip(number.iter().rev()) {
        *place ^= byte;
    }
    nonce
}

/// CRYPTO frames of an opened Initial, as offset and bytes (RFC 9000 section 19.6); ends at the first frame that
/// does not belong there.
pub(crate) fn crypto_frames(version: Version, payload: &[u8]) -> Vec<(u64, &[u8])> {
    let mut reader = Reader::new(payload);
    let mut frames = Vec::new();
    while !reader.is_empty() {
        match frame(version, &mut reader) {
            Some(Some(crypto)) => frames.push(crypto),
            Some(None) => {}
            None => break,
        }
    }
    frames
}

fn frame<'a>(version: Version, reader: &mut Reader<'a>) -> Option<Option<(u64, &'a [u8])>> {
    match (reader.u8().ok()?, version.has_google_frames()) {
        // PADDING, mostly many in a row: the client's Initials are filled up to 1,200 bytes.
        (0, _) => {
            pass_padding(reader);
            Some(None)
        }
        // PING.
        (1, false) | (7, true) => Some(None),
        (6, false) | (8, true) => {
            let offset = number(reader).ok()?;
            let length = usize::try_from(number(reader).ok()?).ok()?;
            Some(Some((offset, reader.take(length).ok()?)))
        }
        (kind @ (2 | 3), false) => {
            acknowledgement(reader, kind).ok()?;
            Some(None)
        }
        _ => None,
    }
}

/// Moves over the PADDING frames that follow one: each is a zero.
fn pass_padding(reader: &mut Reader<'_>) {
    let padding = reader.rest().iter().take_while(|byte| **byte == 0).count();
    reader.take_up_to(padding);
}

/// Moves over an ACK frame (RFC 9000 section 19.3).
fn acknowledgement(reader: &mut Reader<'_>, kind: u8) -> Result<(), Short> {
    number(reader)?;
    number(reader)?;
    let ranges = number(reader)?;
    number(reader)?;
    for _ in 0..ranges {
        number(reader)?;
        number(reader)?;
    }
    if kind == 3 {
        // Counts of congestion marks.
        for _ in 0..3 {
            number(reader)?;
        }
    }
    Ok(())
}

/// Puts the CRYPTO frames of one end in order.
#[derive(Debug, Default)]
pub(crate) struct CryptoStream {
    bytes: Vec<u8>,
    waiting: BTreeMap<u64, Vec<u8>>,
}

impl CryptoStream {
    /// Adds a frame; false when it lies beyond `CRYPTO_BYTES` or too many wait.
    pub(crate) fn push(&mut self, offset: u64, bytes: &[u8]) -> bool {
        let end = usize::try_from(offset).unwrap_or(usize::MAX).saturating_add(bytes.len());
        let must_wait = usize::try_from(offset).is_ok_and(|offset| offset > self.bytes.len());
        if end > limits::CRYPTO_BYTES || must_wait && self.waiting.len() >= limits::CRYPTO_PIECES {
            return false;
        }
        let held = self.waiting.entry(offset).or_default();
        if held.len() < bytes.len() {
            *held = bytes.to_vec();
        }
        self.settle();
        true
    }

    /// Moves over to the stream what has nothing missing before it.
    fn settle(&mut self) {
        while let Some(entry) = self.waiting.first_entry() {
            let Some(known) = self.bytes.len().checked_sub(usize::try_from(*entry.key()).unwrap_or(usize::MAX)) else { return };
            self.bytes.extend_from_slice(entry.remove().get(known..).unwrap_or_default());
        }
    }

    /// The stream up to the first hole.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The first handshake message, when it is whole.
    pub(crate) fn message(&self) -> Option<&[u8]> {
        let mut reader = Reader::new(&self.bytes);
        reader.skip(1).ok()?;
        let length = usize::try_from(reader.u24().ok()?).ok()?;
        self.bytes.get(..length.checked_add(4)?)
    }
}

/// Google's user agent among the transport parameters of a client hello (RFC 9000 section 18; parameter 0x3129).
pub(crate) fn user_agent(parameters: &[u8]) -> Option<&[u8]> {
    const USER_AGENT: u64 = 0x3129;
    let mut reader = Reader::new(parameters);
    while let Ok(kind) = number(&mut reader) {
        let length = usize::try_from(number(&mut reader).ok()?).ok()?;
        let value = reader.take(length).ok()?;
        if kind == USER_AGENT {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "sums of lengths the tests chose")]
pub(crate) mod tests {
    use super::*;
    use crate::wire::hex;

    /// Bytes of hexadecimal digits.
    pub(crate) fn bytes(digits: &str) -> Vec<u8> {
        let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    const IDENTIFIER: &str = "8394c8f03e515708";
    /// RFC 9001 appendix A.2 and RFC 9369 appendix A.2 protect the same CRYPTO frame, padded to 1,162 bytes.
    const CRYPTO: &str = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff";

    /// An Initial as `end` sends it in the connection of `identifier`: the protection of RFC 9001 section 5 the other way round.
    pub(crate) fn protect(version: Version, end: End, identifier: &[u8], number: [u8; 4], payload: &[u8]) -> Vec<u8> {
        let scheme = version.schemes()[0];
        let secret = secret(&scheme, identifier, end).unwrap();
        let [key, vector, protection] = scheme.labels;
        let key: [u8; 16] = expand(&secret, key).unwrap();
        let kind = if version.kind(0xc0) == Kind::Initial { 0xc3 } else { 0xd3 };
        let mut packet = [&[kind][..], &version.0.to_be_bytes(), &[u8::try_from(identifier.len()).unwrap()], identifier, &[0, 0]].concat();
        packet.extend((u16::try_from(payload.len() + 20).unwrap() | 0x4000).to_be_bytes());
        let at = packet.len();
        packet.extend(number);
        let sealed = Aes128Gcm::new(&key.into())
            .encrypt(&nonce(expand(&secret, vector).unwrap(), &number).into(), Payload { msg: payload, aad: &packet })
            .unwrap();
        packet.extend(sealed);
        let mask = mask(expand(&secret, protection).unwrap(), &packet[at..]).unwrap();
        packet[0] ^= mask[0] & 0x0f;
        for (byte, mask) in packet[at..].iter_mut().zip(&mask[1..5]) {
            *byte ^= mask;
        }
        packet
    }

    fn initial(datagram: &[u8]) -> Long<'_> {
        match packet(&mut Reader::new(datagram)) {
            Some(Packet::Initial(initial)) => initial,
            other => panic!("no Initial: {other:?}"),
        }
    }

    #[test]
    fn derives_the_keys_of_the_standards() {
        let identifier = bytes(IDENTIFIER);
        let client = secret(&V1, &identifier, End::Client).unwrap();
        assert_eq!(hex(&client), "c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea");
        assert_eq!(hex(&expand::<16>(&client, "quic key").unwrap()), "1f369613dd76d5467730efcbe3b1a22d");
        assert_eq!(hex(&expand::<12>(&client, "quic iv").unwrap()), "fa044b2f42a3fd3b46fb255c");
        assert_eq!(hex(&expand::<16>(&client, "quic hp").unwrap()), "9f50449e04a0e810283a1e9933adedd2");
        let client = secret(&V2, &identifier, End::Client).unwrap();
        assert_eq!(hex(&client), "14ec9d6eb9fd7af83bf5a668bc17a7e283766aade7ecd0891f70f9ff7f4bf47b");
        assert_eq!(hex(&expand::<16>(&client, "quicv2 key").unwrap()), "8b1a0bc121284290a29e0971b5cd045d");
    }

    /// The beginnings of the protected client Initials of RFC 9001 appendix A.2 and RFC 9369 appendix A.2.
    #[test]
    fn opens_the_packets_of_the_standards() {
        let mut payload = bytes(CRYPTO);
        payload.resize(1_162, 0);
        for (version, head) in [
            (Version(1), "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8bab936b47d92ec356c"),
            (Version(0x6b33_43cf), "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071bf03dceebfa162e75d6c"),
        ] {
            let datagram = protect(version, End::Client, &bytes(IDENTIFIER), [0, 0, 0, 2], &payload);
            assert_eq!(hex(&datagram[..48]), head);
            let opened = open(&initial(&datagram), &bytes(IDENTIFIER), End::Client).unwrap();
            assert_eq!(opened, payload);
            let frames = crypto_frames(version, &opened);
            assert_eq!(frames, [(0, &bytes(CRYPTO)[4..])]);
            assert_eq!(open(&initial(&datagram), &bytes(IDENTIFIER), End::Server), None);
        }
    }

    /// RFC 9001 appendix A.3, whole: protected server Initial, with an ACK before its CRYPTO frame.
    #[test]
    fn opens_the_server_packet_of_the_standard() {
        let datagram = bytes(
            "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee",
        );
        let opened = open(&initial(&datagram), &bytes(IDENTIFIER), End::Server).unwrap();
        let frames = crypto_frames(Version(1), &opened);
        assert_eq!(frames.len(), 1);
        assert_eq!(hex(&frames[0].1[..10]), "020000560303eefce7f7");
    }

    #[test]
    fn reads_every_prefix_and_every_kind() {
        let datagram = protect(Version(1), End::Client, &bytes(IDENTIFIER), [0, 0, 0, 1], &[0; 200]);
        for end in 0..datagram.len() {
            let mut reader = Reader::new(&datagram[..end]);
            if let Some(Packet::Initial(initial)) = packet(&mut reader) {
                assert!(!initial.is_whole());
                assert_eq!(open(&initial, &bytes(IDENTIFIER), End::Client), None);
            }
        }
        let negotiation = bytes("80 00000000 00 08 8394c8f03e515708 00000001 ff00001d");
        assert!(
            matches!(packet(&mut Reader::new(&negotiation)), Some(Packet::Negotiation(versions)) if versions == [Version(1), Version(0xff00_001d)])
        );
        assert!(matches!(packet(&mut Reader::new(&bytes("f0 00000001 00 00 0102"))), Some(Packet::Retry)));
        assert!(matches!(packet(&mut Reader::new(&bytes("c0 6b3343cf 00 00 0102"))), Some(Packet::Retry)));
        assert!(matches!(packet(&mut Reader::new(&bytes("e0 00000001 00 00 01 02"))), Some(Packet::Handshake(_))));
        assert!(matches!(packet(&mut Reader::new(&bytes("d0 00000001 00 00 01 02"))), Some(Packet::ZeroRtt(_))));
        assert!(matches!(packet(&mut Reader::new(&bytes("40 01"))), Some(Packet::Short(&[0x40, 1]))));
        assert!(packet(&mut Reader::new(&bytes("c0 00000001 15"))).is_none());
    }

    #[test]
    fn a_stream_takes_pieces_in_any_order() {
        let mut stream = CryptoStream::default();
        assert!(stream.push(4, &[5, 6]));
        assert!(stream.push(6, &[]));
        assert_eq!(stream.message(), None);
        assert!(stream.push(1, &[0, 0, 2, 5]));
        assert!(stream.push(0, &[1, 0]));
        assert_eq!(stream.message(), Some(&[1, 0, 0, 2, 5, 6][..]));
        assert!(!stream.push(u64::MAX, &[1]));
        assert!(!stream.push(u64::try_from(limits::CRYPTO_BYTES).unwrap(), &[1]));
    }

    #[test]
    fn names_versions() {
        let names = [1, 0x6b33_43cf, 0xff00_001d, 0xfaceb002, 0x5130_3436, 0x5430_3531, 0x1a2a_3a4a].map(|number| Version(number).name());
        assert_eq!(names, ["v1", "v2", "draft-29", "mvfst-02", "Q046", "T051", "0x1a2a3a4a"]);
        assert!(Version(0x1a2a_3a4a).is_reserved() && !Version(0x1a2a_3a4a).is_listed());
    }

    #[test]
    fn finds_the_user_agent() {
        assert_eq!(user_agent(&bytes("01 02 40ff 7129 03 616263")), Some(&b"abc"[..]));
        assert_eq!(user_agent(&bytes("01 02 40ff 71")), None);
    }
}
