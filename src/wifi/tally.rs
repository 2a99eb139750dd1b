//! What is counted of a network's or a station's frames.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::KeyId;
use super::session::Key;
use crate::time::Timestamp;
use crate::wire::link::Channel;

/// The counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// Frames to and from it, retries and what could not be used included.
    pub(super) frames: u64,
    pub(super) retries: u64,
    pub(super) relayed: u64,
    /// Data frames that were never encrypted.
    pub(super) clear: u64,
    pub(super) protected: u64,
    pub(super) opened: u64,
    /// Of those opened, without the integrity code to prove it.
    pub(super) unverified: u64,
    /// Data frames that did not open, by reason.
    pub(super) failed: BTreeMap<&'static str, u64>,
    pub(super) management_protected: u64,
    pub(super) management_opened: u64,
    pub(super) signal: Option<(i8, i8)>,
    pub(super) channel: Option<Channel>,
    /// The user's keys that opened frames.
    pub(super) keys: BTreeSet<KeyId>,
}

impl Tally {
    /// Counts a frame.
    pub(super) fn seen(&mut self, time: Timestamp, channel: Option<Channel>) {
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        self.frames = self.frames.saturating_add(1);
        self.channel = channel.or(self.channel);
    }

    /// Notes how strong a frame that it sent itself was.
    pub(super) fn heard(&mut self, signal: Option<i8>) {
        if let Some(signal) = signal {
            self.signal = Some(self.signal.map_or((signal, signal), |(low, high)| (low.min(signal), high.max(signal))));
        }
    }

    /// Counts a protected data frame that opened, with the user's key behind it.
    pub(super) fn open(&mut self, key: &Key) {
        self.protected = self.protected.saturating_add(1);
        self.opened = self.opened.saturating_add(1);
        self.unverified = self.unverified.saturating_add(u64::from(!key.opened.is_verified));
        self.keys.insert(key.by);
    }

    /// Counts one that did not.
    pub(super) fn fail(&mut self, reason: &'static str) {
        self.protected = self.protected.saturating_add(1);
        self.add_failed(1, reason);
    }

    /// Takes frames back that opened one by one and turned out wrong as a whole.
    pub(super) fn fail_opened(&mut self, frames: u64, reason: &'static str) {
        self.opened = self.opened.saturating_sub(frames);
        self.add_failed(frames, reason);
    }

    fn add_failed(&mut self, frames: u64, reason: &'static str) {
        let failed = self.failed.entry(reason).or_default();
        *failed = failed.saturating_add(frames);
    }
}
