//! Ciphers of protected frames: one key, its schedule made once, opening frame after frame.

mod aead;
mod michael;
mod rc4;
mod tkip;
mod wep;

use crate::wire::ieee80211::Header;
use crate::wire::rsn::Suite;

use aead::{Aead, Mode};

pub(super) use michael::{CODE_BYTES, code as michael};
pub(super) use rc4::key_data as rc4_key_data;
use tkip::Tkip;
pub(super) use wep::Wep;

/// TKIP.
pub(super) const TKIP: Suite = Suite::standard(2);

/// A protected frame.
#[derive(Clone, Copy)]
pub(super) struct Sealed<'a> {
    /// What stands before the body.
    pub(super) header: &'a Header,
    /// The body, from the cipher's own header on.
    pub(super) body: &'a [u8],
    /// Bytes at its end that were not captured.
    pub(super) missing: u64,
}

impl Sealed<'_> {
    /// It carries the longer header of TKIP and all later ciphers.
    pub(super) fn is_extended(&self) -> bool {
        self.body.get(3).is_some_and(|byte| byte & 0x20 != 0)
    }

    /// It is for all stations, under a group's key.
    pub(super) const fn is_group(&self) -> bool {
        self.header.receiver.is_group()
    }

    /// Number of the key: 0 for a station's own, as a rule.
    pub(super) fn key_number(&self) -> u8 {
        self.body.get(3).map_or(0, |byte| byte >> 6)
    }
}

/// What an opened frame leaves beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    /// The number that the cipher gave the frame.
    pub(super) number: u64,
    /// Key of the integrity code at the end of the whole unit (TKIP).
    pub(super) michael: Option<[u8; 8]>,
    /// The integrity code was there, and right.
    pub(super) is_verified: bool,
}

/// One key, ready to open frames.
pub(super) enum Cipher {
    /// CCMP or GCMP.
    Aead(Box<Aead>),
    /// TKIP.
    Tkip(Tkip),
}

impl Cipher {
    /// The cipher of a suite with a key of the right length.
    pub(super) fn new(suite: Suite, key: &[u8]) -> Option<Self> {
        let aead = |mode| Aead::new(mode, key).map(|aead| Self::Aead(Box::new(aead)));
        match suite.number()? {
            2 => Tkip::new(key).map(Self::Tkip),
            4 | 10 => aead(Mode::Ccm),
            8 | 9 => aead(Mode::Gcm),
            _ => None,
        }
        .filter(|_| key_bytes(suite) == Some(key.len()))
    }

    /// Opens a frame into `out`; `None` when this is not its key, or it was changed on the way.
    pub(super) fn open(&self, sealed: Sealed<'_>, out: &mut Vec<u8>) -> Option<Opened> {
        out.clear();
        match self {
            Self::Aead(aead) => aead.open(sealed, out),
            Self::Tkip(tkip) => tkip.open(sealed, out),
        }
    }
}

/// Bytes of a suite's key; none when it is not opened here.
pub(super) fn key_bytes(suite: Suite) -> Option<usize> {
    match suite.number()? {
        4 | 8 => Some(16),
        2 | 9 | 10 => Some(32),
        _ => None,
    }
}

/// What was opened without its integrity code begins as data does: LLC and SNAP, or an aggregate's first unit with
/// these. A wrong key gives that once in sixteen million times.
fn looks_opened(header: &Header, bytes: &[u8]) -> bool {
    const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];
    const UNIT_HEADER: usize = 14;
    let start = if header.is_aggregate() { UNIT_HEADER } else { 0 };
    header.fragment() == 0 && !header.is_management() && bytes.get(start..).is_some_and(|rest| rest.starts_with(&SNAP))
}
