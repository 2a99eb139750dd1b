//! Datagrams that two interfaces of a capture show: two capture points merged in a file, or a system that passes them on.
//!
//! A copy is the same datagram, from the same sender, on another interface, within a second. A datagram that was sent
//! again is none: each interface shows it as often as it was sent, and every sighting has one of each other interface
//! to go with.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::limits;
use crate::packet::{Packet, Segment};
use crate::time::{Span, Timestamp};

/// Time between the sightings of a datagram.
const WINDOW: Span = Span::from_secs(1);
/// Datagrams of one interface after which no second one is waited for.
const ALONE: u64 = 1_000;
/// Bytes of payload that are compared: capture points may cut at different lengths.
const COMPARED: usize = 64;

/// The datagrams of the last second.
#[derive(Default)]
pub(super) struct Copies {
    interface: Option<u32>,
    datagrams: u64,
    has_several: bool,
    order: VecDeque<(Timestamp, u64)>,
    by_digest: HashMap<u64, VecDeque<Sighting>>,
    /// Datagrams forgotten before their time.
    pub(super) lost: u64,
}

struct Sighting {
    time: Timestamp,
    /// Interfaces that showed it, one bit each.
    interfaces: u64,
}

impl Copies {
    /// Whether another interface showed the datagram already; else it is remembered.
    pub(super) fn has(&mut self, packet: &Packet<'_>) -> bool {
        let interface = packet.envelope.interface;
        self.has_several |= *self.interface.get_or_insert(interface) != interface;
        self.datagrams += 1;
        if !self.has_several && self.datagrams > ALONE {
            (self.order, self.by_digest) = <_>::default();
            return false;
        }
        // More interfaces than bits: the rest are taken as they come.
        let Some(bit) = 1_u64.checked_shl(interface) else { return false };
        let now = packet.envelope.time;
        self.forget(now);
        let digest = digest(packet);
        let sightings = self.by_digest.entry(digest).or_default();
        let is_other = |sighting: &&mut Sighting| sighting.interfaces & bit == 0 && now.since(sighting.time) <= WINDOW;
        if let Some(sighting) = sightings.iter_mut().find(is_other) {
            sighting.interfaces |= bit;
            return true;
        }
        sightings.push_back(Sighting { time: now, interfaces: bit });
        self.order.push_back((now, digest));
        false
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((time, digest)) = self.order.front().copied() {
            let is_old = now.since(time) > WINDOW;
            if !is_old && self.order.len() < limits::COPIES {
                return;
            }
            self.lost += u64::from(!is_old);
            self.order.pop_front();
            if let Some(sightings) = self.by_digest.get_mut(&digest) {
                sightings.pop_front();
                if sightings.is_empty() {
                    self.by_digest.remove(&digest);
                }
            }
        }
    }
}

/// What does not change on the way, without what capture points may have cut.
fn digest(packet: &Packet<'_>) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    (packet.source, packet.destination, packet.protocol, &packet.envelope.vlans).hash(&mut hasher);
    match packet.segment {
        Segment::Tcp(tcp) => {
            (tcp.ports, tcp.sequence, tcp.flags.0, tcp.window, tcp.payload_len, start(tcp.payload)).hash(&mut hasher);
        }
        Segment::Ports { ports, payload, payload_len } => (ports, payload_len, start(payload)).hash(&mut hasher),
        Segment::Bare { payload_len } => payload_len.hash(&mut hasher),
    }
    hasher.finish()
}

fn start(payload: &[u8]) -> &[u8] {
    payload.get(..COMPARED).unwrap_or(payload)
}
