//! A capture file being written while it is captured: pcapng (draft-ietf-opsawg-pcapng) under a temporary name,
//! renamed when it is complete.
//!
//! | block | holds |
//! |---|---|
//! | section header | byte-order magic, version 1.0, the program's name (option 4) |
//! | interface description | link type, snapshot length, name (2), time resolution 10^-9 (9), filter (11) |
//! | enhanced packet | one frame: time, captured and original length, bytes padded to four |
//! | interface statistics | at the end: first and last time (2, 3), received (4), dropped by the interface (5), dropped by the system (7), saved (8) |
//!
//! Blocks go to the file whole: what is killed leaves a file that is good up to its last block.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::blocks::{ENHANCED_PACKET, INTERFACE, block, interface_head, option, section, time};
use super::live::{Caught, Statistics};
use super::reader::{About, Reader};
use super::{Event, Frame};
use crate::error::{Error, Kind};
use crate::limits;
use crate::time::Timestamp;
use crate::wire::{LinkType, escape};

const STATISTICS: u32 = 5;
/// Bytes of an enhanced packet block beside the frame.
const PACKET_HEAD: usize = 32;

/// What a file says of the interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its name, as the system has it.
    pub(crate) interface: String,
    /// Its link type.
    pub(crate) link: LinkType,
    /// Bytes kept of each frame.
    pub(crate) snaplen: u32,
    /// The filter that the kernel applies.
    pub(crate) filter: Option<String>,
}

/// Writes one file.
pub(crate) struct Saver {
    source: Source,
    interface_name: Arc<str>,
    file: Option<Unfinished>,
    hash: Sha256,
    /// The blocks before the first frame.
    head: Vec<u8>,
    /// Whole blocks not written yet.
    pending: Vec<u8>,
    bytes: u64,
    frames: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// A file under its temporary name.
struct Unfinished {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
}

impl Saver {
    /// Starts a file at `path`, where none may be; without a path the blocks are counted and thrown away.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn create(path: Option<&Path>, source: Source) -> Result<Self, Error> {
        let file = path.map(Unfinished::create).transpose()?;
        let head = [section(&[]), interface(&source)].concat();
        let mut hash = Sha256::new();
        hash.update(&head);
        let interface_name = escape(source.interface.as_bytes()).into();
        let bytes = head.len() as u64;
        let pending = head.clone();
        let mut saver = Self { source, interface_name, file, hash, head, pending, bytes, frames: 0, first: None, last: None };
        saver.flush()?;
        Ok(saver)
    }

    /// Bytes so far.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Frames so far.
    pub(crate) const fn frames(&self) -> u64 {
        self.frames
    }

    /// The name that the file will have.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|file| file.path.as_path())
    }

    /// Takes a frame, and lends it as a reader of the file will.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn push<'a>(&'a mut self, caught: &Caught<'a>) -> Result<Frame<'a>, Error> {
        let offset = self.bytes;
        let start = self.pending.len();
        packet(&mut self.pending, caught);
        let block = self.pending.get(start..).unwrap_or_default();
        self.hash.update(block);
        self.bytes += block.len() as u64;
        self.frames += 1;
        self.first = Some(self.first.map_or(caught.time, |first| first.min(caught.time)));
        self.last = Some(self.last.map_or(caught.time, |last| last.max(caught.time)));
        if self.pending.len() >= limits::SAVE_BYTES {
            self.flush()?;
        }
        Ok(Frame {
            number: self.frames,
            time: caught.time,
            interface: 0,
            interface_name: Some(&self.interface_name),
            link: self.source.link,
            wire_len: caught.wire_len.max(u32::try_from(caught.bytes.len()).unwrap_or(u32::MAX)),
            bytes: caught.bytes,
            direction: None,
            offset,
        })
    }

    /// Hands what is held to the operating system.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        if let Some(unfinished) = &mut self.file {
            unfinished.file.write_all(&self.pending).map_err(|source| Kind::io("write", &unfinished.temporary, source))?;
        }
        self.pending.clear();
        Ok(())
    }

    /// Completes the file: statistics, down to the disk, then its name. Says what a reader will find it to be.
    ///
    /// # Errors
    /// When it cannot be written or renamed.
    pub(crate) fn finish(mut self, counted: Statistics, now: Timestamp) -> Result<About, Error> {
        let tail = self.statistics(counted, now);
        self.hash.update(&tail);
        self.bytes += tail.len() as u64;
        self.pending.extend_from_slice(&tail);
        self.flush()?;
        if let Some(file) = self.file.take() {
            file.publish()?;
        }
        let blocks = [self.head.as_slice(), tail.as_slice()].concat();
        let about = about(blocks)?;
        Ok(About { sha256: crate::wire::hex(&self.hash.finalize()), file_bytes: self.bytes, ..about })
    }

    fn statistics(&self, counted: Statistics, now: Timestamp) -> Vec<u8> {
        let mut body = 0_u32.to_le_bytes().to_vec();
        body.extend_from_slice(&time(self.last.unwrap_or(now)));
        option(&mut body, 2, &time(self.first.unwrap_or(now)));
        option(&mut body, 3, &time(self.last.unwrap_or(now)));
        option(&mut body, 4, &counted.received.to_le_bytes());
        option(&mut body, 5, &counted.dropped_by_interface.to_le_bytes());
        option(&mut body, 7, &counted.dropped.to_le_bytes());
        option(&mut body, 8, &self.frames.to_le_bytes());
        option(&mut body, 0, &[]);
        block(STATISTICS, &body)
    }
}

impl Unfinished {
    fn create(path: &Path) -> Result<Self, Error> {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".part");
        let temporary = path.with_file_name(name);
        if path.exists() {
            return Err(Kind::io("create", path, std::io::ErrorKind::AlreadyExists.into()).into());
        }
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary);
        let file = file.map_err(|source| Kind::io("create", &temporary, source))?;
        Ok(Self { file, temporary, path: path.to_path_buf() })
    }

    /// The name is given once the bytes are on the disk, so that a file of that name is always whole.
    fn publish(self) -> Result<(), Error> {
        self.file.sync_all().map_err(|source| Kind::io("write to disk", &self.temporary, source))?;
        fs::rename(&self.temporary, &self.path).map_err(|source| Kind::io("rename to", &self.path, source))?;
        sync_folder(&self.path);
        Ok(())
    }
}

/// Puts a rename on the disk. Not every file system can: the name is then as safe as it makes it.
fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        folder.sync_all().ok();
    }
}

/// The files of a session that are kept: the oldest goes when there are more than allowed.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    keep: Option<usize>,
    files: VecDeque<PathBuf>,
}

impl Ring {
    /// Keeps that many files, or all of them.
    pub(crate) fn new(keep: Option<usize>) -> Self {
        Self { keep, files: VecDeque::new() }
    }

    /// Adds a finished file; the answer are those that had to go.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub(crate) fn add(&mut self, path: PathBuf) -> Result<Vec<PathBuf>, Error> {
        let Some(keep) = self.keep else { return Ok(Vec::new()) };
        self.files.push_back(path);
        let mut removed = Vec::new();
        while self.files.len() > keep {
            let Some(oldest) = self.files.pop_front() else { break };
            match fs::remove_file(&oldest) {
                Ok(()) => removed.push(oldest),
                // Somebody else was quicker.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(Kind::io("remove", &oldest, source).into()),
            }
        }
        Ok(removed)
    }
}

/// What our reader makes of a file without its frames: link types, container, losses.
fn about(blocks: Vec<u8>) -> Result<About, Error> {
    let mut reader = Reader::new(Box::new(std::io::Cursor::new(blocks)), Path::new("a file being saved"))?;
    while let Some(event) = reader.next_event() {
        if let Event::Note(note) = event {
            return Err(Kind::Usage(format!("cannot read back what was saved: {}", note.detail)).into());
        }
    }
    Ok(reader.finish())
}

fn interface(source: &Source) -> Vec<u8> {
    let mut body = interface_head(source.link, source.snaplen);
    option(&mut body, 2, source.interface.as_bytes());
    option(&mut body, 9, &[9]);
    if let Some(filter) = &source.filter {
        // 0: an expression of libpcap's.
        option(&mut body, 11, &[&[0], filter.as_bytes()].concat());
    }
    option(&mut body, 0, &[]);
    block(INTERFACE, &body)
}

fn packet(into: &mut Vec<u8>, caught: &Caught<'_>) {
    let padding = caught.bytes.len().next_multiple_of(4) - caught.bytes.len();
    let captured = u32::try_from(caught.bytes.len()).unwrap_or(u32::MAX);
    let length = u32::try_from(PACKET_HEAD + caught.bytes.len() + padding).unwrap_or(u32::MAX).to_le_bytes();
    into.extend_from_slice(&ENHANCED_PACKET.to_le_bytes());
    into.extend_from_slice(&length);
    into.extend_from_slice(&0_u32.to_le_bytes());
    into.extend_from_slice(&time(caught.time));
    into.extend_from_slice(&captured.to_le_bytes());
    into.extend_from_slice(&caught.wire_len.max(captured).to_le_bytes());
    into.extend_from_slice(caught.bytes);
    into.extend(std::iter::repeat_n(0, padding));
    into.extend_from_slice(&length);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        Source { interface: "wlan0mon".into(), link: LinkType::RADIOTAP, snaplen: 262_144, filter: Some("udp".into()) }
    }

    fn frames() -> Vec<(i64, u32, Vec<u8>)> {
        vec![
            (1_572_783_663_234_722_001, 5, vec![1, 2, 3, 4, 5]),
            (1_572_783_663_234_722_000, 900, vec![7; 64]),
            (1_572_783_664_000_000_007, 0, vec![]),
        ]
    }

    fn save(path: Option<&Path>) -> (Saver, Vec<(u64, u64)>) {
        let mut saver = Saver::create(path, source()).unwrap();
        let mut places = Vec::new();
        for (time, wire_len, bytes) in frames() {
            let frame = saver.push(&Caught { time: Timestamp::from_nanos(time), wire_len, bytes: &bytes }).unwrap();
            places.push((frame.number, frame.offset));
        }
        (saver, places)
    }

    const COUNTED: Statistics = Statistics { received: 8, dropped: 5, dropped_by_interface: 2 };

    #[test]
    fn a_reader_finds_what_the_saver_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        let (saver, places) = save(Some(&path));
        assert!(!path.exists() && folder.path().join("a.pcapng.part").exists());
        let said = saver.finish(COUNTED, Timestamp::default()).unwrap();
        assert!(path.exists() && !folder.path().join("a.pcapng.part").exists());

        let mut reader = Reader::open(&path).unwrap();
        let (mut found, mut found_at) = (Vec::new(), Vec::new());
        while let Some(event) = reader.next_event() {
            let Event::Frame(frame) = event else { panic!("{event:?}") };
            found.push((frame.time.nanos(), frame.wire_len, frame.bytes.to_vec()));
            found_at.push((frame.number, frame.offset));
            assert_eq!((frame.interface_name.unwrap().as_ref(), frame.link), ("wlan0mon", LinkType::RADIOTAP));
        }
        assert_eq!((found, found_at), (frames(), places));
        let read = reader.finish();
        assert_eq!(read, said);
        assert_eq!((read.drops_reported, read.snaplen), (Some(7), Some(262_144)));
        assert_eq!(read.written_by.as_deref(), Some(concat!("whereto ", env!("CARGO_PKG_VERSION"))));
    }

    #[test]
    fn every_prefix_of_a_file_gives_its_whole_blocks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        let (saver, places) = save(Some(&path));
        saver.finish(COUNTED, Timestamp::default()).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in usize::try_from(places[0].1).unwrap()..whole.len() {
            let mut reader = Reader::new(Box::new(std::io::Cursor::new(whole[..length].to_vec())), &path).unwrap();
            let mut count = 0;
            while let Some(event) = reader.next_event() {
                count += usize::from(matches!(event, Event::Frame(_)));
            }
            let ends = places.iter().skip(1).map(|(_, offset)| *offset).chain([places[2].1 + 32]);
            assert_eq!(count, ends.filter(|end| *end <= length as u64).count(), "{length}");
        }
    }

    #[test]
    fn without_a_file_the_same_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = save(Some(&folder.path().join("a.pcapng"))).0.finish(COUNTED, Timestamp::default()).unwrap();
        assert_eq!(save(None).0.finish(COUNTED, Timestamp::default()).unwrap(), file);
    }

    #[test]
    fn no_file_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        save(Some(&path)).0.finish(COUNTED, Timestamp::default()).unwrap();
        assert!(Saver::create(Some(&path), source()).err().unwrap().to_string().contains("a.pcapng"));
    }

    #[test]
    fn a_ring_keeps_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let mut ring = Ring::new(Some(2));
        let paths: Vec<_> = ["1", "2", "3", "4"].map(|name| folder.path().join(name)).to_vec();
        for path in &paths {
            fs::write(path, "").unwrap();
        }
        fs::remove_file(&paths[0]).unwrap();
        let removed: Vec<_> = paths.iter().flat_map(|path| ring.add(path.clone()).unwrap()).collect();
        assert_eq!(removed, [paths[1].clone()]);
        assert!(!paths[1].exists() && paths[2].exists() && paths[3].exists());
    }
}
