//! How much a flow can have carried: what its bytes leave for content when all that its protocols need for themselves is
//! taken off, without any key.
//!
//! ```text
//! TLS   record = head 5 | what the cipher adds | content | (TLS 1.3: type of content 1, padding)
//! QUIC  packet = first byte 1 | identifier | number 1-4 | frame head | content | tag 16
//! HTTP  a head before each body; in HTTP/2 and HTTP/3 a frame head before each piece of one
//! ```
//!
//! The upper bound is hard. The lower one takes it that nobody pads records (RFC 8446 section 5.4 lets everybody, no
//! common client does), that each record of the client begins one request at most, and that no head is longer than
//! what common servers take.

mod packets;
mod records;

use super::Side;
use crate::record::{Bounds, Counts, Encryption, Http, Volume, VolumeBasis};
use crate::wire::handshake::is_tls13;
use crate::wire::seal::overhead;

use packets::Packets;
use records::{Handshake, Records};

/// Bytes of a head: the most that common servers take unless told otherwise (nginx, Apache, Tomcat).
const HTTP_HEAD: u64 = 8 << 10;
/// Sealed messages that no handshake of TLS 1.3 is without: Finished, with the shorter of two hashes (RFC 8446 section
/// 4.4.4), and the server's EncryptedExtensions with nothing in them (section 4.3.1).
const FINISHED: u64 = 4 + 32;
const EXTENSIONS: u64 = 4 + 2;

/// What both sides of a TLS connection agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seal {
    /// The client.
    pub(crate) client: Side,
    /// Version.
    pub(crate) version: u16,
    /// Cipher suite.
    pub(crate) cipher: u16,
    /// Application protocols: the one chosen, or those that can have been.
    pub(crate) alpn: Vec<String>,
}

/// Measures a flow while it passes.
pub(crate) enum Meter {
    /// Stream: records are counted as long as there are any.
    Stream([Records; 2]),
    /// Datagrams.
    Datagrams(Packets),
}

/// Clear messages of a flow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exchanges {
    sent: u64,
    got: u64,
    has_any: bool,
    has_doubt: bool,
}

impl Exchanges {
    /// Takes one over.
    pub(crate) fn note(&mut self, row: &Http) {
        let (out, into) = if row.from_device { (row.request_bytes, row.response_bytes) } else { (row.response_bytes, row.request_bytes) };
        self.sent = self.sent.saturating_add(out);
        self.got = self.got.saturating_add(into);
        self.has_any = true;
        // Behind these two the connection is no longer HTTP (RFC 9110 sections 9.3.6 and 15.2.2).
        let is_other = row.method.as_deref() == Some("CONNECT") || row.status == Some(101);
        self.has_doubt |= !row.is_complete || is_other || row.decrypted;
    }
}

/// What is known of a flow when it ends.
pub(crate) struct Ended<'a> {
    /// Counts of the device, of the remote.
    pub(crate) counts: [&'a Counts; 2],
    /// How it was sealed.
    pub(crate) encryption: Encryption,
    /// What was agreed on for that.
    pub(crate) seal: Option<&'a Seal>,
    /// Clear messages read in it.
    pub(crate) exchanges: Exchanges,
    /// Its beginning and all its bytes were seen.
    pub(crate) is_whole: bool,
}

impl Meter {
    /// For a stream.
    pub(crate) fn stream() -> Self {
        Self::Stream(Default::default())
    }

    /// For datagrams.
    pub(crate) fn datagrams() -> Self {
        Self::Datagrams(Packets::default())
    }

    /// Somebody still counts.
    pub(crate) const fn is_counting(&self) -> bool {
        match self {
            Self::Stream([device, remote]) => device.is_counting() && remote.is_counting(),
            Self::Datagrams(packets) => packets.is_counting(),
        }
    }

    /// The next bytes of a stream, or a datagram of `length` bytes.
    pub(crate) fn data(&mut self, side: Side, bytes: &[u8], length: usize) {
        match self {
            Self::Stream(halves) => records::data(halves, side, bytes),
            Self::Datagrams(packets) => packets.datagram(side, bytes, length),
        }
    }

    /// Bytes missing from a stream.
    pub(crate) fn gap(&mut self, side: Side, length: u64) {
        if let Self::Stream(halves) = self
            && let Some(half) = halves.get_mut(usize::from(side == Side::Remote))
        {
            half.gap(length);
        }
    }
}

/// The bounds of a flow that has ended; without a meter those of its payload.
pub(crate) fn volume(meter: Option<&Meter>, ended: &Ended<'_>) -> Volume {
    let (basis, [outbound, inbound]) = match (meter, ended.encryption) {
        (Some(Meter::Stream(halves)), Encryption::Tls) if halves.iter().all(Records::is_counting) => {
            (VolumeBasis::TlsRecords, sides(|side| sealed(halves, ended.seal, side)))
        }
        (Some(Meter::Datagrams(packets)), Encryption::Quic) if packets.is_counting() => {
            (VolumeBasis::QuicPackets, sides(|side| Bounds { min: 0, max: packets.content(side) }))
        }
        _ => clear(ended),
    };
    // Nothing carries more than was sent.
    let [sent, got] = ended.counts.map(sent);
    let within = |bounds: Bounds, all: u64| Bounds { min: bounds.min.min(bounds.max).min(all), max: bounds.max.min(all) };
    Volume { outbound: within(outbound, sent), inbound: within(inbound, got), basis, open: Vec::new() }
}

fn sides(of: impl Fn(Side) -> Bounds) -> [Bounds; 2] {
    [of(Side::Device), of(Side::Remote)]
}

const fn sent(counts: &Counts) -> u64 {
    counts.unique_bytes.saturating_add(counts.gap_bytes)
}

fn clear(ended: &Ended<'_>) -> (VolumeBasis, [Bounds; 2]) {
    let exchanges = ended.exchanges;
    let bodies = [exchanges.sent, exchanges.got];
    if ended.is_whole && exchanges.has_any && !exchanges.has_doubt && ended.encryption == Encryption::None {
        return (VolumeBasis::HttpBodies, bodies.map(|bytes| Bounds { min: bytes, max: bytes }));
    }
    let known = if ended.encryption == Encryption::None { bodies } else { [0, 0] };
    let [out, into] = ended.counts.map(sent);
    (VolumeBasis::Payload, [Bounds { min: known[0], max: out }, Bounds { min: known[1], max: into }])
}

/// Which end a side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Client,
    Server,
}

/// What the records of one side hold.
fn sealed(halves: &[Records; 2], seal: Option<&Seal>, side: Side) -> Bounds {
    let [device, remote] = halves;
    let of = |side: Side| if side == Side::Device { device } else { remote };
    let own = of(side);
    let Some(seal) = seal else {
        return Bounds { min: 0, max: own.all().less(*overhead(0, 0).start()).saturating_add(own.stray()) };
    };
    let role = if seal.client == side { Role::Client } else { Role::Server };
    let added = overhead(seal.version, seal.cipher);
    let handshake = if is_tls13(seal.version) { Handshake::Sealed } else { Handshake::Clear };
    let least_handshake = match (handshake, role) {
        (Handshake::Clear, _) => 0,
        (Handshake::Sealed, Role::Client) => FINISHED,
        (Handshake::Sealed, Role::Server) => FINISHED + EXTENSIONS,
    };
    let beside = least_handshake.saturating_add(least_http(&seal.alpn, role));
    let max = own.all().less(*added.start()).saturating_sub(beside).saturating_add(own.stray());
    let data = own.data_after(handshake);
    let requests = of(seal.client).data_after(handshake).count.saturating_add(1);
    let heads = data.heads.min(requests.saturating_mul(HTTP_HEAD));
    Bounds { min: data.less(*added.end()).saturating_sub(heads), max }
}

/// Bytes beside bodies that one exchange with a body needs at least, where all that can have been agreed on is HTTP.
fn least_http(alpn: &[String], role: Role) -> u64 {
    let of = |name: &String| match (name.as_str(), role) {
        // `GET / HTTP/1.1`, `HTTP/1.1 200`, and the empty line (RFC 9112 sections 2.1 to 4).
        ("http/1.1" | "http/1.0", Role::Client) => 18,
        ("http/1.1" | "http/1.0", Role::Server) => 17,
        // Preface 24, SETTINGS 9, HEADERS 9 and a byte, DATA 9 (RFC 9113 sections 3.4, 4.1, 6).
        ("h2", Role::Client) => 52,
        ("h2", Role::Server) => 28,
        _ => 0,
    };
    alpn.iter().map(of).min().unwrap_or(0)
}

#[cfg(test)]
mod tests;
