//! The classic container (draft-ietf-opsawg-pcap): both byte orders, microseconds and nanoseconds, and the
//! "modified" variant with eight more bytes before each packet.
//!
//! | offset | size | file header | record header |
//! |---|---|---|---|
//! | 0 | 4 | magic | seconds |
//! | 4 | 2+2 / 4 | version | fraction |
//! | 8 | 8 / 4 | reserved | captured length |
//! | 16 / 12 | 4 | snapshot length | original length |
//! | 20 | 4 | FCS length, link type | |

use std::io::Read;

use super::buffer::Buffer;
use super::reader::{FrameHead, Step, note};
use crate::limits;
use crate::time::Timestamp;
use crate::wire::{LinkType, Reader};

/// A file header that was understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pcap {
    is_little: bool,
    is_nano: bool,
    is_modified: bool,
    link: LinkType,
    /// Snapshot length, 0 when unlimited.
    pub(super) snaplen: u32,
    minor: u16,
}

/// Bytes of the file header.
const FILE_HEADER: usize = 24;

impl Pcap {
    /// The variants by magic number: little-endian, nanoseconds, modified.
    fn variant(magic: [u8; 4]) -> Option<(bool, bool, bool)> {
        Some(match magic {
            [0xd4, 0xc3, 0xb2, 0xa1] => (true, false, false),
            [0xa1, 0xb2, 0xc3, 0xd4] => (false, false, false),
            [0x4d, 0x3c, 0xb2, 0xa1] => (true, true, false),
            [0xa1, 0xb2, 0x3c, 0x4d] => (false, true, false),
            [0x34, 0xcd, 0xb2, 0xa1] => (true, false, true),
            [0xa1, 0xb2, 0xcd, 0x34] => (false, false, true),
            _ => return None,
        })
    }

    /// Whether these first bytes are a classic capture's.
    pub(super) fn recognises(magic: &[u8]) -> bool {
        magic.first_chunk().is_some_and(|magic| Self::variant(*magic).is_some())
    }

    /// Reads the file header; a message when it is not usable.
    pub(super) fn open<R: Read>(buffer: &mut Buffer<R>) -> Result<Self, String> {
        let header = buffer.peek(FILE_HEADER);
        let short = || format!("the file ends within its {FILE_HEADER}-byte header");
        let mut reader = Reader::new(header);
        let magic = reader.array().map_err(|_| short())?;
        let (is_little, is_nano, is_modified) = Self::variant(magic).ok_or_else(|| "no pcap magic number".to_owned())?;
        let word = |reader: &mut Reader<'_>| if is_little { reader.u32_le() } else { reader.u32() };
        let half = |reader: &mut Reader<'_>| if is_little { reader.u16_le() } else { reader.u16() };
        let major = half(&mut reader).map_err(|_| short())?;
        let minor = half(&mut reader).map_err(|_| short())?;
        reader.skip(8).map_err(|_| short())?;
        let snaplen = word(&mut reader).map_err(|_| short())?;
        let network = word(&mut reader).map_err(|_| short())?;
        // No minor version after 4 exists; files that claim one have been written as 2.4.
        if major != 2 {
            return Err(format!("pcap version {major}.{minor}, expected 2.4"));
        }
        buffer.consume(FILE_HEADER);
        // The upper bits hold the length of the frame check sequence.
        let link = LinkType(u16::try_from(network & 0xffff).unwrap_or_default());
        Ok(Self { is_little, is_nano, is_modified, minor, link, snaplen })
    }

    /// Link type of all frames.
    pub(super) const fn link(&self) -> LinkType {
        self.link
    }

    /// What `captures.container` says.
    pub(super) fn describe(&self) -> String {
        let order = if self.is_little { "little-endian" } else { "big-endian" };
        let unit = if self.is_nano { "nanoseconds" } else { "microseconds" };
        let modified = if self.is_modified { ", modified" } else { "" };
        format!("pcap, {order}, {unit}{modified}")
    }

    /// The next record.
    pub(super) fn step<R: Read>(&self, buffer: &mut Buffer<R>, number: u64) -> Step {
        let header_len = if self.is_modified { 24 } else { 16 };
        let header = buffer.peek(header_len);
        if header.is_empty() {
            return Step::End;
        }
        let mut reader = Reader::new(header);
        let fields = self.fields(&mut reader);
        let got = header.len();
        let Some([seconds, fraction, captured, original]) = fields.filter(|_| got == header_len) else {
            let detail = format!("the file ends after {got} of {header_len} bytes of a record header");
            return Step::Damage(note("cut-short", detail, buffer.offset(), number));
        };
        let (captured, original) = self.lengths(captured, original);
        let data_len = usize::try_from(captured).unwrap_or(usize::MAX);
        if data_len > limits::FRAME_BYTES {
            let detail = format!("record header declares {captured} captured bytes, at most {} are possible", limits::FRAME_BYTES);
            return Step::Damage(note("bad-record", detail, buffer.offset(), number));
        }
        Step::Frame(FrameHead {
            time: self.time(seconds, fraction),
            interface: 0,
            link: self.link,
            wire_len: original.max(captured),
            data_at: header_len,
            data_len,
            record_len: header_len + data_len,
            direction: None,
        })
    }

    fn fields(&self, reader: &mut Reader<'_>) -> Option<[u32; 4]> {
        let mut fields = [0; 4];
        for field in &mut fields {
            *field = if self.is_little { reader.u32_le() } else { reader.u32() }.ok()?;
        }
        Some(fields)
    }

    /// Before version 2.3 the two lengths stood the other way round; 2.3 was written in both ways.
    const fn lengths(&self, first: u32, second: u32) -> (u32, u32) {
        match self.minor {
            0..=2 => (second, first),
            3 if first > second => (second, first),
            _ => (first, second),
        }
    }

    const fn time(&self, seconds: u32, fraction: u32) -> Timestamp {
        let unit = if self.is_nano { 1 } else { 1_000 };
        Timestamp::from_parts(seconds as i64, fraction as i64 * unit)
    }
}
