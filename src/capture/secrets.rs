//! Decryption secrets of a capture, collected before it is read: they may stand behind the packets they open, as
//! programs that capture on a phone write them when a handshake is over.
//!
//! A file in plain pcapng is walked from block to block without a look at the packets. What is compressed or comes
//! from a pipe cannot be read twice: there only what stands before the first packet serves.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use super::pcapng::{Pcapng, SECRETS, SECTION, is_little_section};
use crate::limits;
use crate::secrets::Secrets;
use crate::wire::escape;

/// Kind of a block that holds a key log of TLS.
pub(crate) const KEY_LOG: u32 = 0x544c_534b;

/// A block of decryption secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SecretsBlock {
    /// Number among the capture's blocks of secrets, from 1.
    number: u64,
    /// What kind of secrets.
    kind: u32,
    /// The secrets.
    text: Vec<u8>,
}

/// Adds the key logs that a capture holds to `secrets`, each called `CAPTURE#NUMBER`. Says whether there were any.
pub(crate) fn add_secrets(path: &Path, secrets: &mut Arc<Secrets>) -> bool {
    let name = escape(path.as_os_str().as_encoded_bytes());
    let blocks: Vec<SecretsBlock> = blocks(path).into_iter().filter(|block| block.kind == KEY_LOG).collect();
    for block in &blocks {
        Arc::make_mut(secrets).add_block(&format!("{name}#{}", block.number), &block.text);
    }
    !blocks.is_empty()
}

/// The blocks of secrets in a file; none when it is no pcapng file in plain. What is wrong with the file is for its
/// reader to tell.
fn blocks(path: &Path) -> Vec<SecretsBlock> {
    let mut found = Vec::new();
    let is_file = std::fs::metadata(path).is_ok_and(|about| about.is_file());
    if let Some(file) = File::open(path).ok().filter(|_| is_file) {
        let _end = walk(&mut BufReader::with_capacity(limits::SECRETS_READ_BYTES, file), &mut found);
    }
    found
}

/// Walks up to the end, or to what is no block: `None` either way.
fn walk(file: &mut BufReader<File>, blocks: &mut Vec<SecretsBlock>) -> Option<()> {
    let mut is_little = true;
    let mut number = 0;
    let mut bytes = 0;
    let mut is_first = true;
    loop {
        let head: [u8; 12] = array(file)?;
        let [a, b, c, d, e, f, g, h, body @ ..] = head;
        if is_first && !Pcapng::recognises(&[a, b, c, d]) {
            return None;
        }
        is_first = false;
        if u32::from_le_bytes([a, b, c, d]) == SECTION {
            is_little = is_little_section(&body)?;
        }
        let number_of = |bytes| if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        let (kind, length) = (number_of([a, b, c, d]), usize::try_from(number_of([e, f, g, h])).ok()?);
        let rest = length.next_multiple_of(4).checked_sub(12).filter(|_| length <= limits::BLOCK_BYTES)?;
        if kind != SECRETS {
            file.seek_relative(i64::try_from(rest).ok()?).ok()?;
            continue;
        }
        number += 1;
        bytes += rest;
        if bytes > limits::SECRETS_BYTES {
            return None;
        }
        let mut text = vec![0; rest];
        file.read_exact(&mut text).ok()?;
        let declared = usize::try_from(number_of(*text.first_chunk()?)).ok()?;
        let text = text.get(4..4_usize.saturating_add(declared))?.to_vec();
        blocks.push(SecretsBlock { number, kind: number_of(body), text });
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

    fn found(bytes: &[u8]) -> Vec<SecretsBlock> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        std::fs::write(&path, bytes).unwrap();
        blocks(&path)
    }

    #[test]
    fn finds_secrets_anywhere_in_either_byte_order() {
        let file = [section(LITTLE), block(LITTLE, 6, &[0; 400_000]), log(LITTLE), section(BIG), log(BIG)].concat();
        let text = b"abc".to_vec();
        let expected = [1, 2].map(|number| SecretsBlock { number, kind: KEY_LOG, text: text.clone() });
        assert_eq!(found(&file), expected);
        assert_eq!(found(&file[..file.len() - 5]), expected[..1]);
        assert!(found(&file[4..]).is_empty() && found(b"").is_empty());
        assert!(blocks(Path::new("-")).is_empty() && blocks(Path::new("/")).is_empty());
    }
}
