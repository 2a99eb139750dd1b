//! The block container (draft-ietf-opsawg-pcapng): many sections, many interfaces of different link types,
//! each with its own clock. A block is `type, length, body, length`; options are `code, length, value`, padded to four.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::IpAddr;
use std::sync::Arc;

use super::buffer::Buffer;
use super::reader::{FrameHead, Step, note};
use crate::limits;
use crate::time::Timestamp;
use crate::wire::{Direction, LinkType, Reader, Short, escape};

/// Section header block: its type reads the same in both byte orders.
pub(super) const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const NAMES: u32 = 4;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const JOURNAL: u32 = 9;
pub(super) const SECRETS: u32 = 10;
/// Offset of a secrets block's text: after type, length, kind and length of the text.
const SECRETS_AT: usize = 16;
const CUSTOM: u32 = 0x0bad;
const CUSTOM_NO_COPY: u32 = 0x4000_0bad;

/// One capture interface.
#[derive(Clone, Debug)]
pub(super) struct Interface {
    pub(super) name: Option<Arc<str>>,
    pub(super) link: LinkType,
    pub(super) snaplen: u32,
    units_per_second: u64,
    offset_seconds: i64,
    drops: u64,
}

/// State of a file being read.
#[derive(Clone, Debug, Default)]
pub(super) struct Pcapng {
    is_little: bool,
    /// Number of the section's first interface in `interfaces`.
    section_start: usize,
    /// Interfaces of all sections.
    pub(super) interfaces: Vec<Interface>,
    pub(super) sections: u64,
    pub(super) written_by: Option<String>,
    pub(super) secrets: u64,
    pub(super) has_drops: bool,
    pub(super) skipped: BTreeMap<String, u64>,
    last: Timestamp,
}

/// What a block's fields are read with.
#[derive(Clone, Copy)]
struct Fields<'a> {
    reader: Reader<'a>,
    is_little: bool,
}

impl<'a> Fields<'a> {
    fn u16(&mut self) -> Result<u16, Short> {
        if self.is_little { self.reader.u16_le() } else { self.reader.u16() }
    }

    fn u32(&mut self) -> Result<u32, Short> {
        if self.is_little { self.reader.u32_le() } else { self.reader.u32() }
    }

    fn u64(&mut self) -> Result<u64, Short> {
        if self.is_little { self.reader.u64_le() } else { self.reader.u64() }
    }

    fn over(self, bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes), is_little: self.is_little }
    }

    /// The next `code, value`, padding skipped; none at the end of options or when they are cut.
    fn option(&mut self) -> Option<(u16, &'a [u8])> {
        let code = self.u16().ok()?;
        let length = usize::from(self.u16().ok()?);
        if code == 0 {
            return None;
        }
        let value = self.reader.take(length).ok()?;
        self.reader.take_up_to(length.next_multiple_of(4) - length);
        Some((code, value))
    }

    /// Two 32-bit halves of a time.
    fn time(&mut self) -> Result<u64, Short> {
        let high = self.u32()?;
        Ok(u64::from(high) << 32 | u64::from(self.u32()?))
    }
}

impl Pcapng {
    /// Whether these first bytes are a section header's.
    pub(super) fn recognises(magic: &[u8]) -> bool {
        magic.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a])
    }

    /// What `captures.container` says.
    pub(super) fn describe(&self) -> String {
        let order = if self.is_little { "little-endian" } else { "big-endian" };
        match self.sections {
            0 | 1 => format!("pcapng, {order}"),
            sections => format!("pcapng, {sections} sections"),
        }
    }

    /// Frames the interfaces say were lost; none when no block said anything.
    pub(super) fn drops(&self) -> Option<u64> {
        self.has_drops.then(|| self.interfaces.iter().map(|interface| interface.drops).sum())
    }

    /// The next block.
    pub(super) fn step<R: Read>(&mut self, buffer: &mut Buffer<R>, number: u64) -> Step {
        let offset = buffer.offset();
        let head = buffer.peek(12);
        if head.is_empty() {
            return Step::End;
        }
        let head_len = head.len();
        let Some((kind, length)) = self.head(head) else {
            let detail = format!("the file ends after {head_len} of the 12 bytes that a block has at least");
            return Step::Damage(note("cut-short", detail, offset, number));
        };
        let declared = usize::try_from(length).unwrap_or(usize::MAX);
        if !(12..=limits::BLOCK_BYTES).contains(&declared) {
            let detail = format!("a block of type {kind:#x} declares {declared} bytes, possible are 12 to {}", limits::BLOCK_BYTES);
            return Step::Damage(note("bad-block", detail, offset, number));
        }
        // Blocks end on four bytes; some writers leave the padding out of the length.
        let length = declared.next_multiple_of(4);
        let block = buffer.peek(length);
        if block.len() < length {
            let detail = format!("the file ends after {} of the {length} bytes of a block of type {kind:#x}", block.len());
            return Step::Damage(note("cut-short", detail, offset, number));
        }
        let (body, trailer) = block.split_at_checked(length - 4).unwrap_or_default();
        let body = body.get(8..).unwrap_or_default();
        if self.trailer(kind, body, trailer) != declared {
            let detail = format!("a block of type {kind:#x} begins with length {declared} and ends with another");
            return Step::Damage(note("bad-block", detail, offset, number));
        }
        self.block(kind, body, length).unwrap_or_else(|detail| Step::Damage(note("bad-block", detail, offset, number)))
    }

    /// Type and total length; a section header brings its own byte order.
    fn head(&self, head: &[u8]) -> Option<(u32, u32)> {
        let mut fields = Fields { reader: Reader::new(head), is_little: self.is_little };
        if head.len() < 12 {
            return None;
        }
        let kind = fields.u32().ok()?;
        if kind == SECTION {
            fields.is_little = is_little_section(head.get(8..)?)?;
        }
        Some((kind, fields.u32().ok()?))
    }

    fn trailer(&self, kind: u32, body: &[u8], trailer: &[u8]) -> usize {
        let is_little = if kind == SECTION { is_little_section(body).unwrap_or_default() } else { self.is_little };
        let mut fields = Fields { reader: Reader::new(trailer), is_little };
        fields.u32().ok().and_then(|length| usize::try_from(length).ok()).unwrap_or_default()
    }

    fn block(&mut self, kind: u32, body: &[u8], length: usize) -> Result<Step, String> {
        let mut fields = Fields { reader: Reader::new(body), is_little: self.is_little };
        let skipped = Step::Skip { length, counts_as_frame: false };
        let short = |_: Short| format!("a block of type {kind:#x} is shorter than its fields");
        match kind {
            SECTION => self.section(body)?,
            _ if self.sections == 0 => return Err("a block before the first section header".to_owned()),
            INTERFACE => self.interface(fields).map_err(short)??,
            ENHANCED_PACKET => return self.enhanced(fields, length).map_err(short)?,
            SIMPLE_PACKET => return self.simple(fields, length).map_err(short)?,
            OBSOLETE_PACKET => return self.obsolete(fields, length).map_err(short)?,
            NAMES => return Ok(Step::Names { names: names(fields), length }),
            STATISTICS => self.statistics(fields),
            SECRETS => {
                let kind = fields.u32().map_err(short)?;
                let data_len = fields.u32().map_err(short)?;
                self.secrets += 1;
                *self.skipped.entry(format!("decryption-secrets-{kind:#010x}")).or_default() += 1;
                let data_len = usize::try_from(data_len).unwrap_or(usize::MAX);
                if data_len > fields.reader.left() {
                    return Err(format!("decryption secrets declare {data_len} bytes, their block holds {}", fields.reader.left()));
                }
                return Ok(Step::Secrets { kind, data_at: SECRETS_AT, data_len, length });
            }
            _ => {
                *self.skipped.entry(block_name(kind)).or_default() += 1;
                // Wireshark numbers these among the frames.
                return Ok(Step::Skip { length, counts_as_frame: matches!(kind, CUSTOM | CUSTOM_NO_COPY | JOURNAL) });
            }
        }
        Ok(skipped)
    }

    fn section(&mut self, body: &[u8]) -> Result<(), String> {
        let is_little = is_little_section(body).ok_or_else(|| "a section header without byte-order magic".to_owned())?;
        let mut fields = Fields { reader: Reader::new(body), is_little };
        let short = |_: Short| "a section header is shorter than its fields".to_owned();
        fields.reader.skip(4).map_err(short)?;
        let (major, minor) = (fields.u16().map_err(short)?, fields.u16().map_err(short)?);
        // 1.2 was written by old versions of some tools and means 1.0 (draft, section 4.1).
        if major != 1 || !matches!(minor, 0 | 2) {
            return Err(format!("pcapng version {major}.{minor}, expected 1.0"));
        }
        fields.u64().map_err(short)?;
        let mut options = fields;
        while options.reader.left() >= 4 {
            let before = options.reader.left();
            match options.option() {
                Some((4, value)) => self.written_by = Some(escape(value)),
                Some(_) => {}
                None if before >= 4 && before != options.reader.left() && !ended_well(&fields) => {
                    return Err("an option of a section header is longer than the block".to_owned());
                }
                None => break,
            }
        }
        self.is_little = is_little;
        self.sections += 1;
        self.section_start = self.interfaces.len();
        Ok(())
    }

    fn interface(&mut self, mut fields: Fields<'_>) -> Result<Result<(), String>, Short> {
        if self.interfaces.len() >= limits::INTERFACES {
            return Ok(Err(format!("more than {} interfaces", limits::INTERFACES)));
        }
        let link = LinkType(fields.u16()?);
        fields.u16()?;
        let snaplen = fields.u32()?;
        let mut interface = Interface { name: None, link, snaplen, units_per_second: 1_000_000, offset_seconds: 0, drops: 0 };
        while let Some((code, value)) = fields.option() {
            match (code, value) {
                (2, name) => interface.name = Some(escape(name).into()),
                (9, [resolution, ..]) => match units(*resolution) {
                    Some(units) => interface.units_per_second = units,
                    None => return Ok(Err(format!("time resolution {resolution:#x} is finer than a 64-bit count can hold"))),
                },
                (14, seconds) => {
                    interface.offset_seconds = fields.over(seconds).u64().unwrap_or_default().cast_signed();
                }
                _ => {}
            }
        }
        self.interfaces.push(interface);
        Ok(Ok(()))
    }

    fn find(&self, id: u32) -> Result<(u32, &Interface), String> {
        let index = usize::try_from(id).ok().and_then(|id| id.checked_add(self.section_start));
        let found = index.and_then(|index| Some((u32::try_from(index).ok()?, self.interfaces.get(index)?)));
        let count = self.interfaces.len() - self.section_start;
        found.ok_or_else(|| format!("a packet names interface {id}, the section has {count}"))
    }

    fn enhanced(&mut self, mut fields: Fields<'_>, length: usize) -> Result<Result<Step, String>, Short> {
        let id = fields.u32()?;
        let units = fields.time()?;
        let (captured, original) = (fields.u32()?, fields.u32()?);
        Ok(self.packet(Packet { id, units: Some(units), captured, original, data_at: 28, length }, fields))
    }

    /// Type 2, replaced in 2009 and still met: a 16-bit interface and a drop count.
    fn obsolete(&mut self, mut fields: Fields<'_>, length: usize) -> Result<Result<Step, String>, Short> {
        let id = u32::from(fields.u16()?);
        let drops = fields.u16()?;
        let units = fields.time()?;
        let (captured, original) = (fields.u32()?, fields.u32()?);
        if drops != 0xffff {
            self.add_drops(id, drops.into());
        }
        Ok(self.packet(Packet { id, units: Some(units), captured, original, data_at: 28, length }, fields))
    }

    /// Type 3: no time, no interface, no captured length of its own.
    fn simple(&mut self, mut fields: Fields<'_>, length: usize) -> Result<Result<Step, String>, Short> {
        let original = fields.u32()?;
        let snaplen = self.find(0).map(|(_, interface)| interface.snaplen).unwrap_or_default();
        let limit = if snaplen == 0 { u32::MAX } else { snaplen };
        let available = u32::try_from(fields.reader.left()).unwrap_or(u32::MAX);
        let captured = original.min(limit).min(available);
        Ok(self.packet(Packet { id: 0, units: None, captured, original, data_at: 12, length }, fields))
    }

    fn packet(&mut self, packet: Packet, mut fields: Fields<'_>) -> Result<Step, String> {
        let (interface, found) = self.find(packet.id)?;
        let link = found.link;
        let time = packet.units.map_or(self.last, |units| found.time(units));
        let data_len = usize::try_from(packet.captured).unwrap_or(usize::MAX);
        if data_len > limits::FRAME_BYTES || fields.reader.skip(data_len).is_err() {
            let room = packet.length.saturating_sub(packet.data_at + 4);
            return Err(format!("a packet declares {data_len} captured bytes, its block holds {room}"));
        }
        fields.reader.take_up_to(data_len.next_multiple_of(4) - data_len);
        let mut direction = None;
        while let Some((code, value)) = fields.option() {
            if code == 2 {
                direction = match fields.over(value).u32().unwrap_or_default() & 3 {
                    1 => Some(Direction::In),
                    2 => Some(Direction::Out),
                    _ => None,
                };
            }
        }
        self.last = time;
        let wire_len = packet.original.max(packet.captured);
        let record_len = packet.length;
        Ok(Step::Frame(FrameHead { time, interface, link, wire_len, data_at: packet.data_at, data_len, record_len, direction }))
    }

    fn statistics(&mut self, mut fields: Fields<'_>) {
        let Ok(id) = fields.u32() else { return };
        if fields.time().is_err() {
            return;
        }
        let mut drops = 0;
        while let Some((code, value)) = fields.option() {
            if let (5 | 7, Ok(count)) = (code, fields.over(value).u64()) {
                drops = u64::saturating_add(drops, count);
                self.has_drops = true;
            }
        }
        // Statistics are totals since the start: a later block replaces an earlier one.
        let index = usize::try_from(id).ok().and_then(|id| id.checked_add(self.section_start));
        if let Some(interface) = index.and_then(|index| self.interfaces.get_mut(index)) {
            interface.drops = interface.drops.max(drops);
        }
    }

    fn add_drops(&mut self, id: u32, drops: u64) {
        let index = usize::try_from(id).ok().and_then(|id| id.checked_add(self.section_start));
        if let Some(interface) = index.and_then(|index| self.interfaces.get_mut(index)) {
            interface.drops = interface.drops.saturating_add(drops);
            self.has_drops = true;
        }
    }
}

/// What the three packet blocks have in common.
struct Packet {
    id: u32,
    units: Option<u64>,
    captured: u32,
    original: u32,
    data_at: usize,
    length: usize,
}

impl Interface {
    fn time(&self, units: u64) -> Timestamp {
        let seconds = i64::try_from(units / self.units_per_second).unwrap_or(i64::MAX);
        let fraction = u128::from(units % self.units_per_second) * 1_000_000_000 / u128::from(self.units_per_second);
        Timestamp::from_parts(seconds.saturating_add(self.offset_seconds), i64::try_from(fraction).unwrap_or_default())
    }
}

/// Units per second of `if_tsresol`: a power of ten, or of two when the top bit is set.
fn units(resolution: u8) -> Option<u64> {
    let exponent = u32::from(resolution & 0x7f);
    if resolution & 0x80 == 0 { 10_u64.checked_pow(exponent) } else { 2_u64.checked_pow(exponent) }
}

/// Blocks that hold a packet.
pub(super) const fn is_packet(kind: u32) -> bool {
    matches!(kind, OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET)
}

/// Byte order by the magic that begins a section header's body.
pub(super) fn is_little_section(body: &[u8]) -> Option<bool> {
    match body.first_chunk()? {
        [0x4d, 0x3c, 0x2b, 0x1a] => Some(true),
        [0x1a, 0x2b, 0x3c, 0x4d] => Some(false),
        _ => None,
    }
}

/// Options that run to their end mark or to the end of the block.
fn ended_well(options: &Fields<'_>) -> bool {
    let mut options = *options;
    while options.reader.left() >= 4 {
        let mut peek = options;
        if peek.u16() == Ok(0) {
            return true;
        }
        if options.option().is_none() {
            return false;
        }
    }
    true
}

fn names(mut fields: Fields<'_>) -> Vec<(IpAddr, String)> {
    let mut names = Vec::new();
    while let Some((kind, value)) = fields.option() {
        let mut reader = Reader::new(value);
        let address = match kind {
            1 => reader.array::<4>().ok().map(IpAddr::from),
            2 => reader.array::<16>().ok().map(IpAddr::from),
            _ => None,
        };
        let name = reader.rest().split(|byte| *byte == 0).next().unwrap_or_default();
        if let Some(address) = address.filter(|_| !name.is_empty()) {
            names.push((address, escape(name).to_ascii_lowercase()));
        }
    }
    names
}

fn block_name(kind: u32) -> String {
    match kind {
        CUSTOM => "custom".to_owned(),
        CUSTOM_NO_COPY => "custom-no-copy".to_owned(),
        JOURNAL => "systemd-journal".to_owned(),
        0x8000_0001 => "darwin-process".to_owned(),
        _ => format!("{kind:#010x}"),
    }
}
