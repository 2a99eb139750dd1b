//! Units put together from 802.11 fragments (IEEE 802.11-2020, 10.5), which one sender sends one after another,
//! within bounds of number, bytes and age. The frames of those that stay incomplete are told as lost.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::cipher::Opened;
use super::{Charge, Lost};
use crate::limits;
use crate::time::Timestamp;
use crate::wire::Mac;
use crate::wire::ieee80211::Header;

/// What tells units apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    transmitter: Mac,
    receiver: Mac,
    traffic: u8,
    number: u16,
}

/// A unit whose rest has not come.
struct Waiting {
    next: u16,
    unit: Whole,
    serial: u64,
}

/// A unit put together.
pub(super) struct Whole {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// What its frames cost.
    pub(super) charge: Charge,
    /// How its last fragment was opened; in clear it was not.
    pub(super) opened: Option<Opened>,
    /// Every number that a cipher gave its fragments was one more than the one before.
    pub(super) is_consecutive: bool,
}

/// All units that wait.
#[derive(Default)]
pub(super) struct Fragments {
    waiting: HashMap<Key, Waiting>,
    /// In the order in which they began.
    order: VecDeque<(Key, u64, Timestamp)>,
    bytes: usize,
    serial: u64,
}

impl Fragments {
    /// Adds a fragment; the unit when it was the last one.
    pub(super) fn add(&mut self, header: &Header, piece: Whole, lost: &mut Vec<Lost>) -> Option<Whole> {
        let (transmitter, receiver, traffic) = (header.transmitter, header.receiver, header.traffic());
        let key = Key { transmitter, receiver, traffic, number: header.sequence >> 4 };
        if header.fragment() == 0 {
            self.begin(key, piece, lost);
            return None;
        }
        let fits = self.waiting.get(&key).is_some_and(|waiting| waiting.fits(header, &piece));
        let waiting = fits.then(|| self.waiting.get_mut(&key)).flatten();
        let Some(waiting) = waiting else {
            lost.push(Lost::fragment(piece.charge));
            return None;
        };
        self.bytes = self.bytes.saturating_add(piece.bytes.len());
        waiting.add(piece);
        if header.has_more() { None } else { self.take(&key).map(|waiting| waiting.unit) }
    }

    fn begin(&mut self, key: Key, piece: Whole, lost: &mut Vec<Lost>) {
        if let Some(earlier) = self.take(&key) {
            lost.push(Lost::fragment(earlier.unit.charge));
        }
        while self.waiting.len() >= limits::WIFI_FRAGMENT_UNITS
            || self.bytes.saturating_add(piece.bytes.len()) > limits::WIFI_FRAGMENT_BYTES
        {
            if !self.drop_oldest(lost) {
                break;
            }
        }
        self.serial = self.serial.wrapping_add(1);
        self.order.push_back((key, self.serial, piece.charge.time));
        self.bytes = self.bytes.saturating_add(piece.bytes.len());
        self.waiting.insert(key, Waiting { next: 1, unit: piece, serial: self.serial });
    }

    fn take(&mut self, key: &Key) -> Option<Waiting> {
        let waiting = self.waiting.remove(key)?;
        self.bytes = self.bytes.saturating_sub(waiting.unit.bytes.len());
        Some(waiting)
    }

    /// Gives up on what is older than a unit may wait.
    pub(super) fn expire(&mut self, now: Timestamp, lost: &mut Vec<Lost>) {
        while self.order.front().is_some_and(|(_, _, began)| now.since(*began) > limits::WIFI_FRAGMENT_AGE) {
            self.drop_oldest(lost);
        }
    }

    /// Gives up on everything.
    pub(super) fn flush(&mut self, lost: &mut Vec<Lost>) {
        while self.drop_oldest(lost) {}
    }

    fn drop_oldest(&mut self, lost: &mut Vec<Lost>) -> bool {
        let Some((key, serial, _)) = self.order.pop_front() else { return false };
        // Units that became whole have left their place in the queue behind.
        if self.waiting.get(&key).is_some_and(|waiting| waiting.serial == serial)
            && let Some(waiting) = self.take(&key)
        {
            lost.push(Lost::fragment(waiting.unit.charge));
        }
        true
    }
}

impl Waiting {
    /// Only the next fragment fits: they are sent in order, and a hole is never filled later. What was encrypted
    /// and what was not do not belong together.
    fn fits(&self, header: &Header, piece: &Whole) -> bool {
        let bytes = self.unit.bytes.len().saturating_add(piece.bytes.len());
        header.fragment() == self.next && self.unit.opened.is_some() == piece.opened.is_some() && bytes <= usize::from(u16::MAX)
    }

    fn add(&mut self, piece: Whole) {
        self.next = self.next.saturating_add(1);
        self.unit.bytes.extend_from_slice(&piece.bytes);
        self.unit.charge.add(piece.charge);
        let follows = |before: &Opened, after: &Opened| after.number == before.number.wrapping_add(1);
        self.unit.is_consecutive &=
            self.unit.opened.as_ref().zip(piece.opened.as_ref()).is_none_or(|(before, after)| follows(before, after));
        let is_verified = self.unit.opened.is_none_or(|opened| opened.is_verified);
        self.unit.opened = piece.opened.map(|opened| Opened { is_verified: opened.is_verified && is_verified, ..opened });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(frame: u64, bytes: &[u8]) -> Whole {
        let charge = Charge { frame, time: Timestamp::from_parts(frame.cast_signed(), 0), frames: 1, wire_bytes: 10 };
        Whole { bytes: bytes.to_vec(), charge, opened: None, is_consecutive: true }
    }

    fn header(number: u16, fragment: u16, flags: u8) -> Header {
        let (receiver, transmitter, third) = (Mac([2; 6]), Mac([4; 6]), Mac([6; 6]));
        Header { control: [0x08, flags], receiver, transmitter, third, fourth: None, sequence: number << 4 | fragment, qos: None }
    }

    #[test]
    fn fragments_in_order_make_a_unit() {
        let (mut fragments, mut lost) = (Fragments::default(), Vec::new());
        assert!(fragments.add(&header(7, 0, 4), piece(1, b"ab"), &mut lost).is_none());
        assert!(fragments.add(&header(8, 0, 4), piece(2, b"xx"), &mut lost).is_none());
        assert!(fragments.add(&header(7, 1, 4), piece(3, b"cd"), &mut lost).is_none());
        let unit = fragments.add(&header(7, 2, 0), piece(4, b"e"), &mut lost).unwrap();
        assert_eq!((unit.bytes.as_slice(), unit.charge.frames, unit.charge.frame, unit.charge.wire_bytes), (&b"abcde"[..], 3, 1, 30));
        assert!(lost.is_empty());
        fragments.flush(&mut lost);
        assert_eq!(lost.iter().map(|lost| lost.charge.frame).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_hole_loses_the_unit_and_its_rest() {
        let (mut fragments, mut lost) = (Fragments::default(), Vec::new());
        fragments.add(&header(7, 0, 4), piece(1, b"ab"), &mut lost);
        assert!(fragments.add(&header(7, 2, 0), piece(2, b"e"), &mut lost).is_none());
        fragments.expire(Timestamp::from_parts(100, 0), &mut lost);
        assert_eq!(lost.iter().map(|lost| lost.charge.frame).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(fragments.bytes, 0);
    }
}
