//! Captures: files, folders and streams in; frames lent out one at a time, with what the container tells of them.
//!
//! Reading is ours rather than a library's: where damage lies, what an obsolete block holds, which options a
//! packet carries and how much memory a hostile length may take are this program's own subject.

#[cfg(feature = "table")]
mod blocks;
mod buffer;
#[cfg(all(feature = "live", feature = "table"))]
mod channel;
mod compressed;
#[cfg(feature = "table")]
mod excerpt;
mod filter;
mod inputs;
#[cfg(feature = "live")]
mod interfaces;
#[cfg(all(feature = "live", feature = "table"))]
pub(crate) mod live;
mod pcap;
mod pcapng;
mod reader;
#[cfg(all(feature = "live", feature = "table"))]
mod save;
mod secrets;

use std::net::IpAddr;
use std::sync::Arc;

use crate::time::Timestamp;
use crate::wire::{Direction, LinkType};

#[cfg(all(feature = "live", feature = "table"))]
pub use channel::Channel;
#[cfg(all(feature = "live", feature = "table"))]
pub(crate) use channel::Radio;
#[cfg(feature = "table")]
pub(crate) use excerpt::Excerpt;
pub(crate) use filter::Filter;
pub use inputs::{Inputs, expand};
#[cfg(feature = "live")]
pub(crate) use interfaces::{Interface, interfaces};
#[cfg(all(feature = "live", feature = "table"))]
pub(crate) use live::{Batch, Breaker, Live, Settings, Statistics};
pub use reader::{About, Reader};
#[cfg(all(feature = "live", feature = "table"))]
pub(crate) use save::{Ring, Saver, Source};
pub(crate) use secrets::{Extent, KEY_LOG, add_secrets, is_pcapng};

/// One captured record, lent by its reader.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// Number within the capture, from 1, as Wireshark counts.
    pub number: u64,
    /// When it was captured.
    pub time: Timestamp,
    /// Interface, counted over all sections.
    pub interface: u32,
    /// Name of the interface, where the capture tells.
    pub interface_name: Option<&'a Arc<str>>,
    /// Link type of that interface.
    pub link: LinkType,
    /// Bytes on the wire or air, as the container declares them.
    pub wire_len: u32,
    /// The bytes captured.
    pub bytes: &'a [u8],
    /// Direction, where the container tells.
    pub direction: Option<Direction>,
    /// Offset of the record in the decompressed file.
    pub offset: u64,
}

/// What a reader meets next.
#[derive(Debug)]
pub enum Event<'a> {
    /// A frame.
    Frame(Frame<'a>),
    /// A name that the capturing system had for an address.
    Name(IpAddr, String),
    /// A block of decryption secrets.
    Secrets(SecretsFound<'a>),
    /// Something wrong or not understood; reading goes on unless it says `is_damage`.
    Note(Note),
}

/// A block of decryption secrets, as it is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretsFound<'a> {
    /// What kind of secrets, as the container numbers them.
    pub kind: u32,
    /// The secrets.
    pub text: &'a [u8],
    /// Offset of the block in the decompressed file.
    pub offset: u64,
    /// Frames before it.
    pub frames: u64,
}

/// Something about the container that the tables should tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What kind, a fixed word.
    pub kind: &'static str,
    /// What was found, and what was expected.
    pub detail: String,
    /// Offset in the decompressed file.
    pub offset: u64,
    /// Frame it concerns: the one that would have come next.
    pub frame: u64,
    /// The rest of the file could not be read.
    pub is_damage: bool,
}
