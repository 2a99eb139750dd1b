//! Decryption secrets of a capture, collected before it is read: they may stand behind the packets they open, as
//! programs that capture on a phone write them when a handshake is over.
//!
//! The first part of a file in plain pcapng is walked from block to block without a look at the packets, and its end
//! backwards as far as there are no packets: reading all of a large file twice would cost everybody who has no keys. Whoever
//! has a large file with secrets in its middle names it among the key logs. What is compressed or comes from a pipe cannot
//! be read twice at all.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::pcapng::{Pcapng, SECRETS, SECTION, is_little_section, is_packet};
use crate::limits;
use crate::secrets::Secrets;
use crate::wire::escape;

/// Kind of a block that holds a key log of TLS.
pub(crate) const KEY_LOG: u32 = 0x544c_534b;

/// How much of a file is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What can be searched at no cost to speak of.
    Ends,
    /// All of it.
    Whole,
}

/// A block of decryption secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SecretsBlock {
    /// Offset of the block in the file.
    offset: u64,
    /// What kind of secrets.
    kind: u32,
    /// The secrets.
    text: Vec<u8>,
}

/// Adds the key logs that a capture holds to `secrets`, each called `CAPTURE@OFFSET`. Gives their offsets. What is wrong
/// with the file is for its reader to tell.
pub(crate) fn add_secrets(path: &Path, extent: Extent, secrets: &mut Arc<Secrets>) -> Vec<u64> {
    let name = escape(path.as_os_str().as_encoded_bytes());
    let blocks: Vec<SecretsBlock> = blocks(path, extent).into_iter().filter(|block| block.kind == KEY_LOG).collect();
    for block in &blocks {
        Arc::make_mut(secrets).add_block(&format!("{name}@{}", block.offset), &block.text);
    }
    blocks.iter().map(|block| block.offset).collect()
}

/// Whether a file is pcapng in plain.
pub(crate) fn is_pcapng(path: &Path) -> bool {
    let is_file = std::fs::metadata(path).is_ok_and(|about| about.is_file());
    is_file && File::open(path).ok().and_then(|mut file| array(&mut file)).is_some_and(|magic: [u8; 4]| Pcapng::recognises(&magic))
}

/// The blocks of secrets in a file; none when it is no pcapng file in plain.
fn blocks(path: &Path, extent: Extent) -> Vec<SecretsBlock> {
    if !is_pcapng(path) {
        return Vec::new();
    }
    let Ok(file) = File::open(path) else { return Vec::new() };
    let mut walk =
        Walk { file: BufReader::with_capacity(limits::SECRETS_READ_BYTES, file), is_little: true, at: 0, found: Vec::new(), bytes: 0 };
    let _end = walk.forward(extent);
    let _end = walk.backward();
    walk.found
}

struct Walk {
    file: BufReader<File>,
    is_little: bool,
    /// Offset behind the last block.
    at: u64,
    found: Vec<SecretsBlock>,
    /// Bytes of secrets.
    bytes: usize,
}

impl Walk {
    const fn number(&self, bytes: [u8; 4]) -> u32 {
        if self.is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    }

    /// Up to the end of what is searched, or to what is no block: `None` either way.
    fn forward(&mut self, extent: Extent) -> Option<()> {
        while extent == Extent::Whole || self.at < limits::SECRETS_AHEAD_BYTES {
            let head: [u8; 12] = array(&mut self.file)?;
            let [a, b, c, d, e, f, g, h, body @ ..] = head;
            if u32::from_le_bytes([a, b, c, d]) == SECTION {
                self.is_little = is_little_section(&body)?;
            }
            let (kind, length) = (self.number([a, b, c, d]), usize::try_from(self.number([e, f, g, h])).ok()?);
            let length = Some(length.next_multiple_of(4)).filter(|length| (12..=limits::BLOCK_BYTES).contains(length))?;
            let rest = length - 12;
            if kind == SECRETS {
                let mut text = vec![0; rest];
                self.file.read_exact(&mut text).ok()?;
                self.keep(self.at, self.number(body), &text)?;
            } else {
                self.file.seek_relative(i64::try_from(rest).ok()?).ok()?;
            }
            self.at += u64::try_from(length).ok()?;
        }
        None
    }

    /// From the end of the file back to the last packet, or to where the way forward came: `None` either way.
    fn backward(&mut self) -> Option<()> {
        let mut end = self.file.seek(SeekFrom::End(0)).ok()?;
        while end > self.at {
            self.file.seek(SeekFrom::Start(end.checked_sub(4)?)).ok()?;
            let trailer = array(&mut self.file)?;
            let length = u64::from(self.number(trailer)).next_multiple_of(4);
            let start = end.checked_sub(length).filter(|start| *start >= self.at && length >= 12)?;
            self.file.seek(SeekFrom::Start(start)).ok()?;
            let [a, b, c, d, _, _, _, _, body @ ..]: [u8; 12] = array(&mut self.file)?;
            let kind = self.number([a, b, c, d]);
            if kind == SECTION || is_packet(kind) || length > u64::try_from(limits::BLOCK_BYTES).ok()? {
                return None;
            }
            if kind == SECRETS {
                let mut text = vec![0; usize::try_from(length).ok()? - 12];
                self.file.read_exact(&mut text).ok()?;
                self.keep(start, self.number(body), &text)?;
            }
            end = start;
        }
        None
    }

    /// Keeps a block; `rest` begins with the length of its text. `None` when there are too many.
    fn keep(&mut self, offset: u64, kind: u32, rest: &[u8]) -> Option<()> {
        self.bytes += rest.len();
        let declared = usize::try_from(self.number(*rest.first_chunk()?)).ok()?;
        let text = rest.get(4..4_usize.saturating_add(declared))?.to_vec();
        self.found.push(SecretsBlock { offset, kind, text });
        (self.bytes <= limits::SECRETS_BYTES).then_some(())
    }
}

fn array<const N: usize>(file: &mut impl Read) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITTLE: fn(u32) -> [u8; 4] = u32::to_le_bytes;
    const BIG: fn(u32) -> [u8; 4] = u32::to_be_bytes;

    fn block(number: fn(u32) -> [u8; 4], kind: u32, body: &[u8]) -> Vec<u8> {
        let length = number(u32::try_from(body.len() + 12).unwrap());
        [&number(kind)[..], &length, body, &length].concat()
    }

    fn section(number: fn(u32) -> [u8; 4]) -> Vec<u8> {
        block(number, SECTION, &[&number(0x1a2b_3c4d)[..], &[0; 12]].concat())
    }

    fn log(number: fn(u32) -> [u8; 4]) -> Vec<u8> {
        block(number, SECRETS, &[&number(KEY_LOG)[..], &number(3), b"abc\0"].concat())
    }

    fn found(bytes: &[u8], extent: Extent) -> Vec<u64> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        std::fs::write(&path, bytes).unwrap();
        let found = blocks(&path, extent);
        assert!(found.iter().all(|block| block.kind == KEY_LOG && block.text == b"abc"));
        found.iter().map(|block| block.offset).collect()
    }

    #[test]
    fn finds_secrets_anywhere_in_either_byte_order() {
        let file = [section(LITTLE), block(LITTLE, 6, &[0; 400_000]), log(LITTLE), section(BIG), log(BIG)].concat();
        assert_eq!(found(&file, Extent::Ends), [400_040, 400_092]);
        assert_eq!(found(&file[..file.len() - 5], Extent::Ends), [400_040]);
        assert!(found(&file[4..], Extent::Ends).is_empty() && found(b"", Extent::Ends).is_empty());
        assert!(!is_pcapng(Path::new("-")) && !is_pcapng(Path::new("/")));
    }

    #[test]
    fn of_a_large_file_the_middle_is_searched_when_it_is_asked_for() {
        let packets = block(LITTLE, 6, &vec![0; 16 << 20]);
        let half = [packets.as_slice(); 5].concat();
        let file =
            [section(LITTLE).as_slice(), &log(LITTLE), &half, &log(LITTLE), &half, &log(LITTLE), &block(LITTLE, 5, &[0; 8])].concat();
        let whole = found(&file, Extent::Whole);
        assert_eq!(whole.len(), 3);
        assert_eq!(found(&file, Extent::Ends), [whole[0], whole[2]]);
    }
}
