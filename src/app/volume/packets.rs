//! The packets of a QUIC connection that carry content: RFC 9000 sections 17.2 and 17.3, RFC 9001 section 5.3.

use super::super::Side;
use crate::wire::Reader;
use crate::wire::quic::{self, Packet};

/// What every packet of the connection proper has: first byte, packet number, tag, and the two bytes of a STREAM frame
/// that neither tells its offset nor its length (RFC 9000 section 19.8).
const SHORT_LEAST: u64 = 1 + 1 + 16 + 2;
/// What is left of those in an early packet, whose header is read.
const EARLY_LEAST: u64 = 1 + 16 + 2;

/// Counts both sides.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Packets {
    state: State,
    sides: [Tally; 2],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    On,
    Off,
}

/// What one side sent.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Packets with a short header, and their bytes.
    short: u64,
    short_bytes: u64,
    /// Content that early packets have room for.
    early_bytes: u64,
    /// Bytes of what it calls itself: in front of every packet to it. None before it has.
    identifier: Option<u64>,
}

impl Packets {
    pub(super) const fn is_counting(&self) -> bool {
        !matches!(self.state, State::Off)
    }

    /// Takes a datagram, which had `length` bytes before it was cut.
    pub(super) fn datagram(&mut self, side: Side, bytes: &[u8], length: usize) {
        let Some(first) = bytes.first() else { return };
        if self.state == State::Start {
            // A connection begins with a long header; both its upper bits are set.
            self.state = if first & 0xc0 == 0xc0 { State::On } else { State::Off };
        }
        if self.state == State::Off {
            return;
        }
        if first & 0x80 == 0 {
            self.side(side).short(length);
        } else {
            self.walk(side, bytes, length);
        }
    }

    const fn side(&mut self, side: Side) -> &mut Tally {
        let [device, remote] = &mut self.sides;
        match side {
            Side::Device => device,
            Side::Remote => remote,
        }
    }

    fn walk(&mut self, side: Side, bytes: &[u8], length: usize) {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let left = length.saturating_sub(reader.position());
            match quic::packet(&mut reader) {
                Some(Packet::Initial(long) | Packet::Handshake(long)) => self.side(side).learn(long.source),
                Some(Packet::ZeroRtt(long)) => {
                    let tally = self.side(side);
                    tally.early_bytes = tally.early_bytes.saturating_add(long.declared().saturating_sub(EARLY_LEAST));
                    tally.learn(long.source);
                }
                Some(Packet::Short(_)) => self.side(side).short(left),
                Some(Packet::Retry | Packet::Negotiation(_)) => {}
                None => {
                    // What is no packet, or was cut: it may have been content.
                    self.side(side).short(left);
                    return;
                }
            }
        }
    }

    /// Content that the packets of a side have room for.
    pub(super) fn content(&self, side: Side) -> u64 {
        let [device, remote] = &self.sides;
        let (own, other) = if side == Side::Device { (device, remote) } else { (remote, device) };
        let least = SHORT_LEAST.saturating_add(other.identifier.unwrap_or(0));
        own.short_bytes.saturating_sub(own.short.saturating_mul(least)).saturating_add(own.early_bytes)
    }
}

impl Tally {
    fn short(&mut self, length: usize) {
        self.short = self.short.saturating_add(1);
        self.short_bytes = self.short_bytes.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
    }

    /// It may call itself by several; the shortest counts.
    fn learn(&mut self, identifier: &[u8]) {
        let length = u64::try_from(identifier.len()).unwrap_or(u64::MAX);
        self.identifier = Some(self.identifier.map_or(length, |known| known.min(length)));
    }
}
