//! Frames that were sent again because nobody acknowledged them, though this receiver had them already
//! (IEEE 802.11-2020, 10.3.2.14).
//!
//! A receiver drops a retry whose sequence control it has seen from that sender for that traffic. Here a frame
//! counts as seen only when it could be used: a copy that was damaged does not stand in the way of a good one.

use std::collections::VecDeque;

use super::recent::Recent;
use crate::limits;
use crate::time::{Span, Timestamp};
use crate::wire::Mac;
use crate::wire::ieee80211::Header;

/// Frames that count their sequence numbers together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Counter {
    transmitter: Mac,
    receiver: Mac,
    /// Traffic identifier; beyond those for management and for data without QoS.
    traffic: u8,
}

/// A frame seen.
#[derive(Clone, Copy)]
struct Seen {
    sequence: u16,
    time: Timestamp,
    /// Length and last bytes: those of an encrypted frame are its integrity code.
    digest: u64,
    is_good: bool,
}

/// Whether a frame was of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It was opened, or had not to be.
    Good,
    /// It did not open.
    None,
}

/// The last frames of each sender.
pub(super) struct Duplicates {
    counters: Recent<Counter, VecDeque<Seen>>,
}

impl Default for Duplicates {
    fn default() -> Self {
        Self { counters: Recent::new(limits::WIFI_COUNTERS) }
    }
}

impl Duplicates {
    /// Whether the frame was there before.
    pub(super) fn has(&mut self, header: &Header, body: &[u8], time: Timestamp) -> bool {
        // A frame sent again within this time is the same frame even when it was encrypted anew.
        const AGAIN: Span = Span::from_secs(1);
        if !header.is_retry() {
            return false;
        }
        let Some(seen) = self.counters.find(&Counter::of(header)) else { return false };
        let digest = digest(body);
        seen.iter().rev().filter(|seen| seen.sequence == header.sequence).any(|seen| {
            let is_recent = time.since(seen.time) <= AGAIN && seen.time.since(time) <= AGAIN;
            seen.digest == digest || seen.is_good && is_recent
        })
    }

    /// Remembers a frame.
    pub(super) fn note(&mut self, header: &Header, body: &[u8], time: Timestamp, usefulness: Use) {
        // Group frames are never acknowledged, and so never sent again.
        if header.receiver.is_group() {
            return;
        }
        let seen = self.counters.entry(Counter::of(header), VecDeque::new);
        if seen.len() >= limits::WIFI_SEQUENCES {
            seen.pop_front();
        }
        seen.push_back(Seen { sequence: header.sequence, time, digest: digest(body), is_good: usefulness == Use::Good });
        self.counters.forget_dropped();
    }
}

impl Counter {
    fn of(header: &Header) -> Self {
        const MANAGEMENT: u8 = 0x20;
        const NO_QOS: u8 = 0x10;
        let traffic = match header.qos {
            _ if header.is_management() => MANAGEMENT,
            Some(_) => header.traffic(),
            None => NO_QOS,
        };
        Self { transmitter: header.transmitter, receiver: header.receiver, traffic }
    }
}

fn digest(body: &[u8]) -> u64 {
    let tail =
        body.last_chunk().map_or_else(|| body.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), |last| u64::from_le_bytes(*last));
    tail ^ u64::try_from(body.len()).unwrap_or_default().rotate_right(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(flags: u8, sequence: u16) -> Header {
        let (receiver, transmitter, third) = (Mac([2; 6]), Mac([4; 6]), Mac([6; 6]));
        Header { control: [0x88, flags], receiver, transmitter, third, fourth: None, sequence, qos: Some(0) }
    }

    #[test]
    fn only_a_retry_of_a_good_or_equal_frame_is_one() {
        let mut duplicates = Duplicates::default();
        let at = |seconds| Timestamp::from_parts(seconds, 0);
        let (first, again) = (header(0x01, 0x20), header(0x09, 0x20));
        assert!(!duplicates.has(&again, b"body", at(1)));
        duplicates.note(&first, b"body", at(1), Use::None);
        assert!(duplicates.has(&again, b"body", at(9)));
        assert!(!duplicates.has(&again, b"other", at(1)));
        duplicates.note(&again, b"other", at(1), Use::Good);
        assert!(duplicates.has(&again, b"third", at(2)));
        assert!(!duplicates.has(&again, b"third", at(3)));
        assert!(!duplicates.has(&first, b"body", at(1)));
        assert!(!duplicates.has(&Header { qos: None, ..again }, b"body", at(1)));
    }
}
