//! One capture from first byte to last: compression off, container recognised, frames numbered.

use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::buffer::Buffer;
use super::compressed::{Bounded, Compression, Hashed, Plain};
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::{Event, Frame, Note, SecretsFound};
use crate::error::{Error, Kind};
use crate::time::Timestamp;
use crate::wire::{Direction, LinkType};

/// Where a record's fields and bytes are; borrows nothing, so that reading can go on.
pub(super) struct FrameHead {
    pub(super) time: Timestamp,
    pub(super) interface: u32,
    pub(super) link: LinkType,
    pub(super) wire_len: u32,
    pub(super) data_at: usize,
    pub(super) data_len: usize,
    pub(super) record_len: usize,
    pub(super) direction: Option<Direction>,
}

/// What a container's next record is.
pub(super) enum Step {
    Frame(FrameHead),
    Names { names: Vec<(IpAddr, String)>, length: usize },
    Secrets { kind: u32, data_at: usize, data_len: usize, length: usize },
    Skip { length: usize, counts_as_frame: bool },
    Damage(Note),
    End,
}

/// A note that ends the reading.
pub(super) const fn note(kind: &'static str, detail: String, offset: u64, frame: u64) -> Note {
    Note { kind, detail, offset, frame, is_damage: true }
}

enum Container {
    Pcap(Pcap),
    Pcapng(Box<Pcapng>),
}

type Source = Bounded<Hashed<WithStart<Box<dyn Read + Send>>>>;

/// Bytes already looked at, then the rest.
struct WithStart<R> {
    start: Vec<u8>,
    at: usize,
    rest: R,
}

impl<R: Read> Read for WithStart<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.start.get(self.at..).unwrap_or_default();
        if left.is_empty() {
            return self.rest.read(into);
        }
        let count = left.len().min(into.len());
        if let (Some(into), Some(left)) = (into.get_mut(..count), left.get(..count)) {
            into.copy_from_slice(left);
        }
        self.at += count;
        Ok(count)
    }
}

/// Reads one capture; lends its frames.
pub struct Reader {
    buffer: Buffer<Source>,
    container: Container,
    compression: Compression,
    bytes_read: Arc<AtomicU64>,
    pending: usize,
    names: Vec<(IpAddr, String)>,
    number: u64,
    has_ended: bool,
    is_truncated: bool,
}

/// What a capture turned out to be, once it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Container and compression.
    pub container: String,
    /// Link types of the interfaces, sorted.
    pub link_types: Vec<String>,
    /// Interfaces, as `number:name`.
    pub interfaces: Vec<String>,
    /// Frames reported as lost.
    pub drops_reported: Option<u64>,
    /// Largest snapshot length; none when unlimited.
    pub snaplen: Option<u64>,
    /// Blocks with decryption secrets.
    pub keys_found: u64,
    /// Blocks passed over, as `type:count`.
    pub blocks_skipped: Vec<String>,
    /// Program that wrote the file.
    pub written_by: Option<String>,
    /// SHA-256 of the input as it lies on disk.
    pub sha256: String,
    /// Its length.
    pub file_bytes: u64,
    /// Damage ended the reading early.
    pub is_truncated: bool,
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be opened or read, or is not a capture.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| Kind::io("open capture", path, source))?;
        Self::new(Box::new(file), path)
    }

    /// Reads a stream; `path` is what messages call it.
    ///
    /// # Errors
    /// When it cannot be read or is not a capture.
    pub fn new(mut source: Box<dyn Read + Send>, path: &Path) -> Result<Self, Error> {
        let start = first_bytes(&mut source, 4).map_err(|source| Kind::io("read capture", path, source))?;
        let compression = Compression::of(&start);
        let bytes_read = Arc::new(AtomicU64::new(0));
        let raw = Hashed::new(WithStart { start, at: 0, rest: source }, Arc::clone(&bytes_read));
        let plain = Plain::new(raw, compression).map_err(|source| Kind::io("decompress capture", path, source))?;
        let mut buffer = Buffer::new(Bounded::new(plain, compression, Arc::clone(&bytes_read)));
        let container = Self::container(&mut buffer).map_err(|reason| Kind::NotACapture { path: path.to_path_buf(), reason })?;
        Ok(Self {
            buffer,
            container,
            compression,
            bytes_read,
            pending: 0,
            names: Vec::new(),
            number: 0,
            has_ended: false,
            is_truncated: false,
        })
    }

    fn container(buffer: &mut Buffer<Source>) -> Result<Container, String> {
        let magic = buffer.peek(4).to_vec();
        if Pcap::recognises(&magic) {
            return Pcap::open(buffer).map(Container::Pcap);
        }
        if Pcapng::recognises(&magic) {
            return Ok(Container::Pcapng(Box::default()));
        }
        if let Some(failure) = buffer.failure() {
            return Err(failure.to_string());
        }
        Err(match magic.as_slice() {
            [] => "it is empty".to_owned(),
            magic => format!("it begins with {}, not with the magic number of pcap, pcapng, gzip, zstd or lz4", crate::wire::hex(magic)),
        })
    }

    /// Bytes of the input read so far, as it lies on disk: for progress.
    #[must_use]
    pub fn bytes_read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes_read)
    }

    /// The next event; none at the end of the capture.
    pub fn next_event(&mut self) -> Option<Event<'_>> {
        if let Some((address, name)) = self.names.pop() {
            return Some(Event::Name(address, name));
        }
        while !self.has_ended {
            self.buffer.consume(std::mem::take(&mut self.pending));
            let number = self.number + 1;
            let step = match &mut self.container {
                Container::Pcap(pcap) => pcap.step(&mut self.buffer, number),
                Container::Pcapng(pcapng) => pcapng.step(&mut self.buffer, number),
            };
            match step {
                Step::Frame(head) => return Some(self.frame(head)),
                Step::Names { names, length } => {
                    self.pending = length;
                    self.names = names;
                    if let Some((address, name)) = self.names.pop() {
                        return Some(Event::Name(address, name));
                    }
                }
                Step::Secrets { kind, data_at, data_len, length } => {
                    self.pending = length;
                    let (offset, frames) = (self.buffer.offset(), self.number);
                    let text = self.buffer.peek(length).get(data_at..data_at + data_len).unwrap_or_default();
                    return Some(Event::Secrets(SecretsFound { kind, text, offset, frames }));
                }
                Step::Skip { length, counts_as_frame } => {
                    self.pending = length;
                    self.number += u64::from(counts_as_frame);
                }
                Step::Damage(note) => return Some(self.damage(note)),
                Step::End => {
                    self.has_ended = true;
                    return self.failed().map(Event::Note);
                }
            }
        }
        None
    }

    fn frame(&mut self, head: FrameHead) -> Event<'_> {
        let offset = self.buffer.offset();
        let held = self.buffer.peek(head.record_len).len();
        if held < head.record_len {
            let note = note(
                "cut-short",
                format!("the file ends after {held} of the {} bytes of a record", head.record_len),
                offset,
                self.number + 1,
            );
            return self.damage(note);
        }
        self.pending = head.record_len;
        self.number += 1;
        let record = self.buffer.peek(head.record_len);
        let bytes = record.get(head.data_at..head.data_at + head.data_len).unwrap_or_default();
        let interface_name = match &self.container {
            Container::Pcap(_) => None,
            Container::Pcapng(pcapng) => usize::try_from(head.interface)
                .ok()
                .and_then(|index| pcapng.interfaces.get(index))
                .and_then(|interface| interface.name.as_ref()),
        };
        Event::Frame(Frame {
            number: self.number,
            time: head.time,
            interface: head.interface,
            interface_name,
            link: head.link,
            wire_len: head.wire_len,
            bytes,
            direction: head.direction,
            offset,
        })
    }

    fn damage(&mut self, mut note: Note) -> Event<'_> {
        self.has_ended = true;
        self.is_truncated = true;
        if let Some(failure) = self.buffer.failure() {
            note.detail = format!("{}; reading failed: {failure}", note.detail);
        }
        Event::Note(note)
    }

    fn failed(&mut self) -> Option<Note> {
        let failure = self.buffer.failure()?;
        self.is_truncated = true;
        Some(note("read-failed", failure.to_string(), self.buffer.offset(), self.number + 1))
    }

    /// Reads what is left of the input for its hash, and tells what the capture was.
    pub fn finish(mut self) -> About {
        let raw = self.buffer.source().raw();
        // A failing disk has been reported by then, or concerns only bytes after the damage.
        let _rest = io::copy(raw, &mut io::sink());
        let sha256 = raw.digest();
        let file_bytes = self.bytes_read.load(Ordering::Relaxed);
        let compression = self.compression.as_str();
        match self.container {
            Container::Pcap(pcap) => About {
                container: format!("{compression}{}", pcap.describe()),
                link_types: vec![pcap.link().to_string()],
                interfaces: Vec::new(),
                drops_reported: None,
                snaplen: (pcap.snaplen != 0).then_some(pcap.snaplen.into()),
                keys_found: 0,
                blocks_skipped: Vec::new(),
                written_by: None,
                sha256,
                file_bytes,
                is_truncated: self.is_truncated,
            },
            Container::Pcapng(pcapng) => {
                About { is_truncated: self.is_truncated, ..about_pcapng(*pcapng, compression, sha256, file_bytes) }
            }
        }
    }
}

fn about_pcapng(pcapng: Pcapng, compression: &str, sha256: String, file_bytes: u64) -> About {
    let mut link_types: Vec<String> = pcapng.interfaces.iter().map(|interface| interface.link.to_string()).collect();
    link_types.sort_unstable();
    link_types.dedup();
    let is_unlimited = pcapng.interfaces.iter().any(|interface| interface.snaplen == 0);
    let snaplen = pcapng.interfaces.iter().map(|interface| u64::from(interface.snaplen)).max().filter(|_| !is_unlimited);
    let named = |(number, interface): (usize, &super::pcapng::Interface)| Some(format!("{number}:{}", interface.name.as_ref()?));
    About {
        container: format!("{compression}{}", pcapng.describe()),
        link_types,
        interfaces: pcapng.interfaces.iter().enumerate().filter_map(named).collect(),
        drops_reported: pcapng.drops(),
        snaplen,
        keys_found: pcapng.secrets,
        blocks_skipped: pcapng.skipped.iter().map(|(name, count)| format!("{name}:{count}")).collect(),
        written_by: pcapng.written_by,
        sha256,
        file_bytes,
        is_truncated: false,
    }
}

/// Up to `count` first bytes.
fn first_bytes(source: &mut dyn Read, count: u64) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    source.take(count).read_to_end(&mut start)?;
    Ok(start)
}
