//! The keys of one QUIC connection: which of the analyst's secrets fit, and the packets they open (RFC 9001 sections 4.1
//! and 6). The suite need not be known: of those offered the right one is the one that opens.

use std::sync::Arc;

use crate::limits;
use crate::secrets::{Id, Secrets};
use crate::wire::handshake::ClientHello;
use crate::wire::keylog::Label;
use crate::wire::quic::{self, End, Long, Unprotected, Version};
use crate::wire::seal::{Labels, PacketKeys, Suite};

/// Packets that do not open before the secrets are taken to be of another connection.
const WRONG_PACKETS: u64 = 32;

/// Part of a connection with keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// 0-RTT.
    Early,
    /// Handshake packets.
    Handshake,
}

/// Keys of both ends.
pub(super) struct Keys {
    secrets: Arc<Secrets>,
    random: [u8; 32],
    suites: Vec<Suite>,
    early: Space,
    handshake: [Space; 2],
    traffic: [Space; 2],
    /// Numbers after the highest seen, of handshake packets and of all others; of the client, of the server.
    next_handshake: [u64; 2],
    next: [u64; 2],
    used: Vec<Id>,
    opened: u64,
    unopened: u64,
}

/// Keys of one direction at one level; several while it is open which are right.
#[derive(Default)]
struct Space {
    candidates: Vec<Generation>,
    /// Version's labels that they were made with.
    labels: Option<&'static Labels>,
    is_proven: bool,
}

/// Keys between two updates.
struct Generation {
    keys: PacketKeys,
    id: Id,
    phase: u8,
    /// Packets of the time before may come late.
    previous: Option<PacketKeys>,
}

const fn place(end: End) -> usize {
    match end {
        End::Client => 0,
        End::Server => 1,
    }
}

impl Keys {
    /// For the connection of a hello; `None` when no secret fits it.
    pub(super) fn new(secrets: &Arc<Secrets>, hello: &ClientHello<'_>) -> Option<Self> {
        if secrets.of_random(&hello.random).is_empty() {
            return None;
        }
        let suites: Vec<Suite> =
            hello.ciphers.iter().filter(|number| **number >> 8 == 0x13).filter_map(|number| Suite::of(*number)).collect();
        Some(Self {
            secrets: Arc::clone(secrets),
            random: hello.random,
            suites,
            early: Space::default(),
            handshake: Default::default(),
            traffic: Default::default(),
            next_handshake: [0; 2],
            next: [0; 2],
            used: Vec::new(),
            opened: 0,
            unopened: 0,
        })
    }

    /// Something opens, or still may.
    pub(super) const fn has_hope(&self) -> bool {
        self.opened > 0 || self.unopened < WRONG_PACKETS
    }

    /// Packets that no key opened.
    pub(super) const fn unopened(&self) -> u64 {
        self.unopened
    }

    /// Secrets that opened something.
    pub(super) fn used(&self) -> Vec<String> {
        self.used.iter().map(|id| self.secrets.name(*id)).collect()
    }

    /// The payload of a packet with a long header.
    pub(super) fn open_long(&mut self, level: Level, end: End, packet: &Long<'_>) -> Option<Vec<u8>> {
        let label = match (level, end) {
            (Level::Early, End::Client) => Label::ClientEarly,
            (Level::Early, End::Server) => return None,
            (Level::Handshake, End::Client) => Label::ClientHandshake,
            (Level::Handshake, End::Server) => Label::ServerHandshake,
        };
        self.prepare(label, packet.version);
        let at = place(end);
        let (space, next) = match level {
            Level::Early => (Some(&mut self.early), self.next.get_mut(at)),
            Level::Handshake => (self.handshake.get_mut(at), self.next_handshake.get_mut(at)),
        };
        let (space, next) = (space?, next?);
        let found = space.open(|generation| {
            let unprotected = quic::long(packet, &generation.keys, *next)?;
            Some((unprotected.number, unprotected.open(&generation.keys)?))
        });
        let found = found.map(|(number, payload, id)| {
            *next = (*next).max(number.saturating_add(1));
            (payload, id)
        });
        self.count(found)
    }

    /// The payload of a packet with a short header, whose destination identifier has one of these lengths.
    pub(super) fn open_short(&mut self, end: End, packet: &[u8], lengths: &[usize], version: Version) -> Option<Vec<u8>> {
        self.prepare(if end == End::Client { Label::ClientTraffic } else { Label::ServerTraffic }, version);
        let at = place(end);
        let (space, next) = (self.traffic.get_mut(at)?, self.next.get_mut(at)?);
        let found = space.open(|generation| {
            lengths.iter().find_map(|length| {
                let unprotected = quic::short(packet, *length, &generation.keys, *next)?;
                Some((unprotected.number, generation.open(&unprotected)?))
            })
        });
        let found = found.map(|(number, payload, id)| {
            *next = (*next).max(number.saturating_add(1));
            (payload, id)
        });
        self.count(found)
    }

    fn count(&mut self, found: Option<(Vec<u8>, Id)>) -> Option<Vec<u8>> {
        let (payload, id) = found?;
        self.opened = self.opened.saturating_add(1);
        if !self.used.contains(&id) && self.used.len() < limits::SECRETS_OF_ONE {
            self.used.push(id);
        }
        Some(payload)
    }

    /// A packet stays sealed.
    pub(super) const fn leave(&mut self) {
        self.unopened = self.unopened.saturating_add(1);
    }

    /// Makes the keys of a secret, anew when the connection has moved to a version with other labels.
    fn prepare(&mut self, label: Label, version: Version) {
        let labels = version.labels();
        let space = match label {
            Label::ClientEarly => &mut self.early,
            Label::ClientHandshake => &mut self.handshake[0],
            Label::ServerHandshake => &mut self.handshake[1],
            Label::ClientTraffic => &mut self.traffic[0],
            _ => &mut self.traffic[1],
        };
        if space.is_proven || space.labels == Some(labels) {
            return;
        }
        space.labels = Some(labels);
        let secrets = self.secrets.of_random(&self.random).iter().filter(|secret| secret.label == label);
        let made = secrets.flat_map(|secret| {
            self.suites.iter().filter_map(|suite| {
                let keys = PacketKeys::new(*suite, labels, &secret.bytes)?;
                Some(Generation { keys, id: secret.id, phase: 0, previous: None })
            })
        });
        space.candidates = made.collect();
    }
}

impl Space {
    /// The first keys by which `open` succeeds stay alone.
    fn open(&mut self, mut open: impl FnMut(&mut Generation) -> Option<(u64, Vec<u8>)>) -> Option<(u64, Vec<u8>, Id)> {
        for at in 0..self.candidates.len() {
            let Some(generation) = self.candidates.get_mut(at) else { continue };
            let Some((number, payload)) = open(generation) else { continue };
            let id = generation.id;
            if !self.is_proven {
                self.is_proven = true;
                let right = self.candidates.swap_remove(at);
                self.candidates = vec![right];
            }
            return Some((number, payload, id));
        }
        None
    }
}

impl Generation {
    /// By the keys of the packet's phase; those after an update take the place of the present ones.
    fn open(&mut self, packet: &Unprotected<'_>) -> Option<Vec<u8>> {
        if packet.phase() == self.phase {
            return packet.open(&self.keys);
        }
        if let Some(payload) = self.previous.as_ref().and_then(|previous| packet.open(previous)) {
            return Some(payload);
        }
        let updated = self.keys.updated()?;
        let payload = packet.open(&updated)?;
        self.previous = Some(std::mem::replace(&mut self.keys, updated));
        self.phase = packet.phase();
        Some(payload)
    }
}
