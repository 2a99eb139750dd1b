//! Data frames: told from their retries, opened, put together from fragments, proven, and given on.

use super::agreement::Speaker;
use super::cipher::{self, CODE_BYTES, Sealed};
use super::duplicates::Use;
use super::fragments::Whole;
use super::opening::reason;
use super::state::Place;
use super::{Charge, OnAir, Outcome, Received, Unit, Wifi, on_air, pair};
use crate::record::Disposition;
use crate::wire::ieee80211::Header;

impl Wifi {
    /// Takes a data frame.
    pub(super) fn data<'a>(&mut self, received: &Received<'a>, header: &Header, body: &'a [u8], buffer: &'a mut Vec<u8>) -> Outcome<'a> {
        let Received { charge, radio, missing, .. } = *received;
        let place = self.state.place(header);
        if self.duplicates.has(header, body, charge.time) {
            self.count(received, header, place, |tally| tally.retries = tally.retries.saturating_add(1));
            return Outcome::Other(charge, Disposition::WifiDuplicate, "retry");
        }
        let sealed = Sealed { header, body, missing };
        let found = header.is_protected().then(|| self.state.open(sealed, place, buffer)).transpose();
        self.count(received, header, place, |tally| match &found {
            Ok(None) => tally.clear = tally.clear.saturating_add(1),
            Ok(Some(key)) => tally.open(key),
            Err(reason) => tally.fail(reason),
        });
        let usefulness = if found.is_ok() { Use::Good } else { Use::None };
        self.duplicates.note(header, body, charge.time, usefulness);
        let opened = match found {
            Ok(key) => key.map(|key| key.opened),
            Err(reason) => return Outcome::Other(charge, Disposition::WifiUndecryptable, reason),
        };
        let piece = Whole { bytes: Vec::new(), charge, opened, is_consecutive: true };
        let Some(whole) = self.join(header, body, piece, buffer) else { return Outcome::Held };
        if let Some(key) = whole.opened.and_then(|opened| opened.michael)
            && !take_code(header, key, buffer)
        {
            self.tally(place, |tally| tally.fail_opened(whole.charge.frames, reason::CODE));
            return Outcome::Other(whole.charge, Disposition::WifiUndecryptable, reason::CODE);
        }
        let body = if whole.opened.is_some() || header.is_fragment() { buffer.as_slice() } else { body };
        let is_relayed = !header.is_aggregate() && self.look(place, header, body, whole.charge);
        let is_unverified = whole.opened.is_some_and(|opened| !opened.is_verified);
        Outcome::Unit(Unit {
            charge: whole.charge,
            source: header.source(),
            destination: header.destination(),
            direction: header.direction(),
            is_aggregate: header.is_aggregate(),
            is_relayed,
            body,
            air: OnAir { is_unverified, ..on_air(place, radio) },
        })
    }

    /// Puts a fragment to the others; the unit when it is whole, its bytes in `buffer`. What is no fragment is whole
    /// where it lies.
    fn join(&mut self, header: &Header, body: &[u8], mut piece: Whole, buffer: &mut Vec<u8>) -> Option<Whole> {
        if !header.is_fragment() {
            return Some(piece);
        }
        piece.bytes = if piece.opened.is_some() { std::mem::take(buffer) } else { body.to_vec() };
        let mut whole = self.fragments.add(header, piece, &mut self.lost)?;
        *buffer = std::mem::take(&mut whole.bytes);
        if !whole.is_consecutive {
            let detail = format!("fragments of one unit from {} have packet numbers that do not follow each other", header.transmitter);
            self.notes.push(("wifi-fragment-numbers", detail));
        }
        Some(whole)
    }

    /// Looks into a unit: follows a handshake, and says whether an access point sends on what was heard before.
    fn look(&mut self, place: Place, header: &Header, unit: &[u8], charge: Charge) -> bool {
        self.eapol(place, header, unit, charge);
        let state = &self.state;
        let is_relayed = self.relays.has(header, unit, charge.time, |bssid, address| state.is_station(bssid, address));
        if is_relayed {
            self.tally(place, |tally| tally.relayed = tally.relayed.saturating_add(1));
        }
        is_relayed
    }

    /// Follows a handshake, when that is what the unit holds.
    fn eapol(&mut self, place: Place, header: &Header, unit: &[u8], charge: Charge) {
        const EAPOL: [u8; 8] = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x88, 0x8e];
        let (Some(bytes), Some(pair)) = (unit.strip_prefix(&EAPOL), pair(place)) else { return };
        let speaker = if header.transmitter == pair.station { Speaker::Station } else { Speaker::AccessPoint };
        self.state.eapol(pair, speaker, bytes, charge);
    }
}

/// Takes Michael's code off the end of a unit, and says whether it was right.
fn take_code(header: &Header, key: [u8; CODE_BYTES], unit: &mut Vec<u8>) -> bool {
    let Some((data, code)) = unit.split_last_chunk::<CODE_BYTES>() else { return false };
    let (is_right, length) = (cipher::michael(key, header, data) == *code, data.len());
    unit.truncate(length);
    is_right
}
