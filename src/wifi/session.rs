//! Keys that were learned from handshakes, and what each has opened.

use super::cipher::{Cipher, Opened, Sealed};
use super::derive::Parties;
use super::keys::{KeyId, Temporal};
use super::suite::Transient;
use crate::time::Timestamp;
use crate::wire::Mac;
use crate::wire::rsn::{Suite, cipher_name};

/// The keys of one handshake.
pub(super) struct Session {
    pub(super) by: KeyId,
    pub(super) cipher: Cipher,
    pub(super) transient: Transient,
    pub(super) parties: Parties,
    /// Its place among the learned keys.
    pub(super) learned: Option<usize>,
}

/// A group key.
pub(super) struct GroupKey {
    pub(super) by: KeyId,
    pub(super) cipher: Cipher,
    pub(super) number: u8,
    pub(super) bytes: Vec<u8>,
    pub(super) learned: Option<usize>,
}

/// What opened a frame.
pub(super) struct Key {
    pub(super) by: KeyId,
    pub(super) learned: Option<usize>,
    pub(super) opened: Opened,
}

impl Session {
    pub(super) fn open(&self, sealed: Sealed<'_>, out: &mut Vec<u8>) -> Option<Key> {
        let opened = self.cipher.open(sealed, out)?;
        Some(Key { by: self.by, learned: self.learned, opened })
    }
}

impl GroupKey {
    pub(super) fn open(&self, sealed: Sealed<'_>, out: &mut Vec<u8>) -> Option<Key> {
        let opened = self.cipher.open(sealed, out)?;
        Some(Key { by: self.by, learned: self.learned, opened })
    }
}

/// A key that a handshake made known, told to who asks for it.
#[derive(Clone)]
pub struct Learned {
    pub(super) temporal: Temporal,
    pub(super) by: KeyId,
    pub(super) opened: u64,
    /// Frame that made it known.
    pub frame: u64,
    /// Time of that frame.
    pub time: Timestamp,
}

impl Learned {
    /// The network.
    #[must_use]
    pub const fn bssid(&self) -> Option<Mac> {
        self.temporal.bssid
    }

    /// The station, when it is not a group's key.
    #[must_use]
    pub const fn station(&self) -> Option<Mac> {
        self.temporal.station
    }

    /// Number of the group key, when it is one.
    #[must_use]
    pub const fn group(&self) -> Option<u8> {
        self.temporal.group
    }

    /// The cipher that it is for.
    #[must_use]
    pub fn cipher(&self) -> String {
        self.temporal.cipher.map(cipher_name).unwrap_or_default()
    }

    /// The user's key that it comes from, by place and kind.
    #[must_use]
    pub fn by(&self) -> String {
        self.by.to_string()
    }

    /// Frames that it opened.
    #[must_use]
    pub const fn opened(&self) -> u64 {
        self.opened
    }

    /// A line of a key file. **It tells the key.**
    #[must_use]
    pub fn secret_line(&self) -> String {
        self.temporal.to_string()
    }

    pub(super) fn of(temporal: Temporal, by: KeyId, frame: u64, time: Timestamp) -> Self {
        Self { temporal, by, opened: 0, frame, time }
    }
}

impl std::fmt::Debug for Learned {
    /// Everything but the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {:?} {:?} in frame {}", self.cipher(), self.bssid(), self.station(), self.frame)
    }
}

/// Where a learned key fits.
pub(super) const fn fits(key: Vec<u8>, cipher: Suite, bssid: Mac, station: Option<Mac>, group: Option<u8>) -> Temporal {
    Temporal { key, cipher: Some(cipher), bssid: Some(bssid), station, group }
}
