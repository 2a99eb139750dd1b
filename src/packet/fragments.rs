//! Datagrams put together from their fragments (RFC 791 section 3.2, RFC 8200 section 4.5), within bounds of
//! number, bytes and age. What never becomes whole is emitted as far as it came: no frame vanishes.

use std::collections::VecDeque;
use std::net::IpAddr;

use hashbrown::HashMap;

use super::{Datagram, Emit, Envelope, Item, Packet, Piece, Segment, emit_datagram};
use crate::limits;
use crate::time::Timestamp;

/// What tells datagrams apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    id: u32,
}

/// A datagram with holes.
struct Waiting {
    pieces: Vec<(usize, Vec<u8>)>,
    /// Protocol as the first fragment says: only its extension headers lead on.
    protocol: u8,
    end: Option<usize>,
    /// Bytes of all pieces; at least `end` when there is no hole.
    held: usize,
    first_declared: usize,
    charge: Charge,
    began: (u64, Timestamp),
    envelope: Envelope,
    serial: u64,
}

/// What the fragments so far have cost.
#[derive(Clone, Copy, Default)]
struct Charge {
    frames: u64,
    wire_bytes: u64,
    packets: u64,
    ip_bytes: u64,
}

/// A datagram put together.
pub(super) struct Whole {
    pub(super) payload: Vec<u8>,
    pub(super) protocol: u8,
    pub(super) frames: u64,
    pub(super) wire_bytes: u64,
    pub(super) packets: u64,
    pub(super) ip_bytes: u64,
    pub(super) began: (u64, Timestamp),
}

/// All datagrams with holes.
#[derive(Default)]
pub(crate) struct Fragments {
    waiting: HashMap<Key, Waiting>,
    /// In the order in which they began.
    order: VecDeque<(Key, u64, Timestamp)>,
    bytes: usize,
    serial: u64,
}

impl Fragments {
    /// Adds a fragment; the datagram when that was the last one missing.
    pub(super) fn add(&mut self, datagram: &Datagram<'_>, piece: Piece, envelope: &Envelope, emit: &mut Emit<'_>) -> Option<Whole> {
        let key = Key { source: datagram.source, destination: datagram.destination, protocol: key_protocol(datagram), id: piece.id };
        self.make_room(datagram.payload.len(), emit);
        if !self.waiting.contains_key(&key) {
            self.serial = self.serial.wrapping_add(1);
            self.order.push_back((key, self.serial, envelope.time));
            self.waiting.insert(key, Waiting::new(envelope, self.serial));
        }
        let waiting = self.waiting.get_mut(&key)?;
        if waiting.overlaps(piece.offset, datagram.payload) {
            emit(Item::Note(
                envelope,
                "fragment-overlap",
                format!("fragments of datagram {:#x} overlap with different bytes; the first one counts", piece.id),
            ));
        }
        let before = waiting.held;
        let is_whole = waiting.add(datagram, piece, envelope);
        self.bytes = self.bytes.saturating_add(waiting.held.saturating_sub(before));
        if !is_whole {
            return None;
        }
        let waiting = self.take(&key)?;
        Some(waiting.whole())
    }

    fn take(&mut self, key: &Key) -> Option<Waiting> {
        let waiting = self.waiting.remove(key)?;
        self.bytes = self.bytes.saturating_sub(waiting.held);
        Some(waiting)
    }

    fn make_room(&mut self, bytes: usize, emit: &mut Emit<'_>) {
        while self.waiting.len() >= limits::FRAGMENT_DATAGRAMS || self.bytes.saturating_add(bytes) > limits::FRAGMENT_BYTES {
            if !self.drop_oldest("fragment-limit", emit) {
                return;
            }
        }
    }

    /// Gives up on what is older than a datagram may wait.
    pub(super) fn expire(&mut self, now: Timestamp, emit: &mut Emit<'_>) {
        while self.order.front().is_some_and(|(_, _, began)| now.since(*began) > limits::FRAGMENT_AGE) {
            self.drop_oldest("fragments-missing", emit);
        }
    }

    /// Gives up on everything.
    pub(super) fn flush(&mut self, emit: &mut Emit<'_>) {
        while self.drop_oldest("fragments-missing", emit) {}
    }

    fn drop_oldest(&mut self, kind: &'static str, emit: &mut Emit<'_>) -> bool {
        let Some((key, serial, _)) = self.order.pop_front() else { return false };
        // Datagrams that became whole have left their place in the queue behind.
        if self.waiting.get(&key).is_some_and(|waiting| waiting.serial == serial)
            && let Some(waiting) = self.take(&key)
        {
            let detail = format!("datagram {:#x} from {} to {} is missing fragments", key.id, key.source, key.destination);
            emit(Item::Note(&waiting.envelope, kind, detail));
            waiting.emit(&key, emit);
        }
        true
    }
}

/// IPv6 fragments after the first do not know the protocol: it must not be part of their key.
const fn key_protocol(datagram: &Datagram<'_>) -> u8 {
    match datagram.source {
        IpAddr::V4(_) => datagram.protocol,
        IpAddr::V6(_) => 0,
    }
}

impl Waiting {
    fn new(envelope: &Envelope, serial: u64) -> Self {
        Self {
            pieces: Vec::new(),
            protocol: 0,
            end: None,
            held: 0,
            first_declared: 0,
            charge: Charge::default(),
            began: (envelope.frame, envelope.time),
            envelope: envelope.clone(),
            serial,
        }
    }

    /// Whether the new bytes contradict held ones.
    fn overlaps(&self, offset: usize, bytes: &[u8]) -> bool {
        let end = offset.saturating_add(bytes.len());
        self.pieces.iter().any(|(start, held)| {
            let (from, to) = (offset.max(*start), end.min(start.saturating_add(held.len())));
            let new = bytes.get(from.saturating_sub(offset)..to.saturating_sub(offset));
            let old = held.get(from.saturating_sub(*start)..to.saturating_sub(*start));
            from < to && new != old
        })
    }

    /// Takes a fragment; true when no hole is left.
    fn add(&mut self, datagram: &Datagram<'_>, piece: Piece, envelope: &Envelope) -> bool {
        let charge = &mut self.charge;
        charge.frames = charge.frames.saturating_add(envelope.frames);
        charge.wire_bytes = charge.wire_bytes.saturating_add(envelope.wire_bytes);
        charge.packets = charge.packets.saturating_add(1);
        charge.ip_bytes = charge.ip_bytes.saturating_add(datagram.ip_bytes);
        self.envelope = envelope.clone();
        if piece.offset == 0 {
            self.protocol = datagram.protocol;
            self.first_declared = datagram.payload_len;
        }
        let end = piece.offset.saturating_add(datagram.payload_len);
        if end > usize::from(u16::MAX) || self.pieces.len() >= limits::FRAGMENTS {
            return false;
        }
        if piece.is_last && self.end.is_none() {
            self.end = Some(end);
        }
        self.held = self.held.saturating_add(datagram.payload.len());
        let at = self.pieces.partition_point(|(start, _)| *start <= piece.offset);
        self.pieces.insert(at, (piece.offset, datagram.payload.to_vec()));
        self.is_whole()
    }

    fn is_whole(&self) -> bool {
        let Some(end) = self.end.filter(|end| *end <= self.held) else { return false };
        let mut covered = 0_usize;
        for (start, bytes) in &self.pieces {
            if *start > covered {
                return false;
            }
            covered = covered.max(start.saturating_add(bytes.len()));
        }
        covered >= end
    }

    fn whole(mut self) -> Whole {
        let mut payload = Vec::with_capacity(self.end.unwrap_or_default());
        for (start, bytes) in &self.pieces {
            let seen = payload.len().saturating_sub(*start);
            payload.extend_from_slice(bytes.get(seen..).unwrap_or_default());
        }
        payload.truncate(self.end.take().unwrap_or_default());
        let Charge { frames, wire_bytes, packets, ip_bytes } = self.charge;
        Whole { payload, protocol: self.protocol, frames, wire_bytes, packets, ip_bytes, began: self.began }
    }

    /// Emits a datagram that stays incomplete: to its flow when the first fragment is there.
    fn emit(mut self, key: &Key, emit: &mut Emit<'_>) {
        let charge = self.charge;
        (self.envelope.frames, self.envelope.wire_bytes) = (charge.frames, charge.wire_bytes);
        let first = self.pieces.first().filter(|(offset, _)| *offset == 0).map(|(_, bytes)| bytes.as_slice());
        let protocol = if first.is_some() { self.protocol } else { key.protocol };
        let datagram = Datagram {
            source: key.source,
            destination: key.destination,
            protocol,
            packets: charge.packets,
            ip_bytes: charge.ip_bytes,
            began: Some(self.began),
            fragments: charge.packets,
            payload: first.unwrap_or_default(),
            payload_len: self.first_declared,
        };
        if first.is_some_and(|bytes| Segment::read(protocol, bytes, self.first_declared).is_some()) {
            return emit_datagram(&datagram, &self.envelope, emit);
        }
        emit(Item::Packet(Packet {
            envelope: &self.envelope,
            source: key.source,
            destination: key.destination,
            protocol,
            packets: charge.packets,
            ip_bytes: charge.ip_bytes,
            began: Some(self.began),
            fragments: charge.packets,
            segment: Segment::Bare { payload_len: 0 },
        }));
    }
}
