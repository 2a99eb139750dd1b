//! An excerpt of captures: some of their frames as they were, in one pcapng file (draft-ietf-opsawg-pcapng).
//!
//! | block | holds |
//! |---|---|
//! | section header | comment (1): what the excerpt shows; program (4) |
//! | interface description | one for each interface of each capture: link type, name (2), the capture (3), time resolution 10^-9 (9) |
//! | enhanced packet | a frame: its own time, bytes and length on the wire; direction (2), comment (1): where it comes from and why |

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Frame;
use super::blocks::{ENHANCED_PACKET, INTERFACE, block, interface_head, option, section, time};
use crate::error::{Error, Kind};
use crate::wire::Direction;

/// Writes an excerpt beside its name; it gets that when it is whole.
pub(crate) struct Excerpt {
    path: PathBuf,
    temporary: PathBuf,
    file: BufWriter<fs::File>,
    /// Capture and interface there, to the interface here.
    interfaces: BTreeMap<(String, u32), u32>,
    frames: u64,
}

impl Excerpt {
    /// Starts a file; `says` is what it shows.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn create(path: &Path, says: &str) -> Result<Self, Error> {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".part");
        let temporary = path.with_file_name(name);
        let file = fs::File::create(&temporary).map_err(|source| Kind::io("create", &temporary, source))?;
        let mut excerpt = Self { path: path.to_path_buf(), temporary, file: BufWriter::new(file), interfaces: BTreeMap::new(), frames: 0 };
        excerpt.write(&section(&[(1, says.as_bytes())]))?;
        Ok(excerpt)
    }

    /// Takes a frame of a capture.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn push(&mut self, capture: &str, frame: &Frame<'_>, comment: &str) -> Result<(), Error> {
        let interface = self.interface(capture, frame)?;
        let captured = u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX);
        let mut body = interface.to_le_bytes().to_vec();
        body.extend_from_slice(&time(frame.time));
        body.extend_from_slice(&captured.to_le_bytes());
        body.extend_from_slice(&frame.wire_len.max(captured).to_le_bytes());
        body.extend_from_slice(frame.bytes);
        body.extend(std::iter::repeat_n(0, frame.bytes.len().next_multiple_of(4) - frame.bytes.len()));
        option(&mut body, 1, comment.as_bytes());
        if let Some(direction) = frame.direction {
            let flags: u32 = if direction == Direction::Out { 2 } else { 1 };
            option(&mut body, 2, &flags.to_le_bytes());
        }
        option(&mut body, 0, &[]);
        self.frames += 1;
        self.write(&block(ENHANCED_PACKET, &body))
    }

    /// Completes the file; the number of its frames.
    ///
    /// # Errors
    /// When it cannot be written or renamed.
    pub(crate) fn finish(mut self) -> Result<u64, Error> {
        let written = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        written.map_err(|source| Kind::io("write", &self.temporary, source))?;
        fs::rename(&self.temporary, &self.path).map_err(|source| Kind::io("rename to", &self.path, source))?;
        Ok(self.frames)
    }

    fn interface(&mut self, capture: &str, frame: &Frame<'_>) -> Result<u32, Error> {
        let key = (capture.to_owned(), frame.interface);
        if let Some(number) = self.interfaces.get(&key) {
            return Ok(*number);
        }
        let number = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        let mut body = interface_head(frame.link, 0);
        if let Some(name) = frame.interface_name {
            option(&mut body, 2, name.as_bytes());
        }
        option(&mut body, 3, format!("interface {} of {capture}", frame.interface).as_bytes());
        option(&mut body, 9, &[9]);
        option(&mut body, 0, &[]);
        self.write(&block(INTERFACE, &body))?;
        self.interfaces.insert(key, number);
        Ok(number)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.file.write_all(bytes).map_err(|source| Kind::io("write", &self.temporary, source))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Event, Reader};
    use crate::time::Timestamp;
    use crate::wire::LinkType;

    #[test]
    fn frames_of_two_captures_are_read_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("excerpt.pcapng");
        let name: std::sync::Arc<str> = "wlan0".into();
        let frame = |number, nanos, link, bytes| Frame {
            number,
            time: Timestamp::from_nanos(nanos),
            interface: 0,
            interface_name: Some(&name),
            link,
            wire_len: 90,
            bytes,
            direction: Some(Direction::Out),
            offset: 0,
        };
        let mut excerpt = Excerpt::create(&path, "flow 1").unwrap();
        excerpt.push("a.pcap", &frame(7, 1_572_783_663_234_722_001, LinkType::ETHERNET, &[1, 2, 3]), "flow 1").unwrap();
        excerpt.push("b.pcap", &frame(9, 1_572_783_663_234_722_000, LinkType::RADIOTAP, &[4, 5, 6, 7]), "flow 2").unwrap();
        assert!(!path.exists());
        assert_eq!(excerpt.finish().unwrap(), 2);

        let mut reader = Reader::open(&path).unwrap();
        let mut read = Vec::new();
        while let Some(event) = reader.next_event() {
            let Event::Frame(frame) = event else { panic!("{event:?}") };
            assert_eq!((frame.wire_len, frame.direction, frame.interface_name.unwrap().as_ref()), (90, Some(Direction::Out), "wlan0"));
            read.push((frame.interface, frame.time.nanos(), frame.link, frame.bytes.to_vec()));
        }
        assert_eq!(read[0], (0, 1_572_783_663_234_722_001, LinkType::ETHERNET, vec![1, 2, 3]));
        assert_eq!(read[1], (1, 1_572_783_663_234_722_000, LinkType::RADIOTAP, vec![4, 5, 6, 7]));
    }
}
