//! What stations said to each other, as the frames of an Ethernet: for whoever wants the packets of the air and not
//! their account.

use std::sync::Arc;

use super::{Charge, Keys, Learned, Outcome, Unit, Wifi};
use crate::capture::Frame;
use crate::limits;
use crate::wire::ieee80211;
use crate::wire::link::{self, Next};
use crate::wire::{Mac, Reader};

/// Opens frame after frame of a capture on the air. What an access point sends on comes twice, as it was heard.
pub struct Ethernet {
    wifi: Wifi,
    /// Where frames are opened.
    buffer: Vec<u8>,
    /// Where packets get their Ethernet header.
    packet: Vec<u8>,
}

impl Ethernet {
    /// Starts with the user's keys.
    #[must_use]
    pub fn new(keys: Arc<Keys>) -> Self {
        Self { wifi: Wifi::new(keys), buffer: Vec::new(), packet: Vec::new() }
    }

    /// Takes a frame; gives each packet that it completes, behind an Ethernet header, to `take`.
    pub fn push(&mut self, frame: &Frame<'_>, take: &mut dyn FnMut(&[u8])) {
        let (mut link, mut bytes) = (frame.link, frame.bytes);
        let mut metadata = 0_u64;
        for _ in 0..limits::LAYERS {
            let Some(Ok(opened)) = link::opener(link).map(|opener| opener(bytes)) else { return };
            metadata = metadata.saturating_add(u64::try_from(opened.metadata).unwrap_or(u64::MAX));
            bytes = opened.payload;
            match opened.next {
                Next::Link(next) => link = next,
                Next::Wifi(radio) => {
                    let wire_bytes = u64::from(frame.wire_len).saturating_sub(metadata);
                    let charge = Charge { frame: frame.number, time: frame.time, frames: 1, wire_bytes };
                    if let Outcome::Unit(unit) = self.wifi.receive_now(bytes, radio, charge, &mut self.buffer) {
                        hand_out(&unit, &mut self.packet, take);
                    }
                    self.wifi.forget();
                    return;
                }
                _ => return,
            }
        }
    }

    /// Ends; the keys that handshakes made known.
    #[must_use]
    pub fn finish(self) -> Vec<Learned> {
        self.wifi.finish().1
    }
}

fn hand_out(unit: &Unit<'_>, packet: &mut Vec<u8>, take: &mut dyn FnMut(&[u8])) {
    if !unit.is_aggregate {
        return take(framed([unit.destination, unit.source], unit.body, packet));
    }
    let mut reader = Reader::new(unit.body);
    while let Ok(unit) = ieee80211::unit(&mut reader) {
        take(framed([unit.destination, unit.source], unit.body, packet));
    }
}

/// An Ethernet frame: LLC and SNAP with an ethertype become the ethertype (RFC 1042), all else keeps its length.
fn framed<'a>(ends: [Mac; 2], body: &[u8], packet: &'a mut Vec<u8>) -> &'a [u8] {
    let snap = [[0xaa, 0xaa, 0x03, 0, 0, 0], [0xaa, 0xaa, 0x03, 0, 0, 0xf8]];
    packet.clear();
    ends.iter().for_each(|end| packet.extend_from_slice(&end.0));
    match snap.iter().find_map(|snap| body.strip_prefix(snap)) {
        Some(rest) => packet.extend_from_slice(rest),
        None => {
            packet.extend(u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes());
            packet.extend_from_slice(body);
        }
    }
    packet
}
