//! DUML, the messages between DJI's app, aircraft and their parts (o-gs/dji-firmware-tools, comm_dissector).
//!
//! ```text
//! 0     1          3     4       5         6         8      9            10  11
//! 0x55  length:10  CRC8  sender  receiver  sequence  type   command set  id  payload … CRC16
//!       version:6                                    low 3 bits: encryption, 0 for none
//! ```
//!
//! Numbers are little-endian. CRC-8 covers the three bytes before it, CRC-16 the whole frame.

use super::Reader;

const MAGIC: u8 = 0x55;
/// Bytes of a frame without payload.
const LEAST: usize = 13;

/// Whether an observer can read a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    /// Its payload is in clear.
    Clear,
    /// It says that its payload is encrypted.
    Encrypted,
}

/// The first whole frame anywhere in `bytes`, by both its checksums.
pub(crate) fn find(bytes: &[u8]) -> Option<Cover> {
    let mut rest = bytes;
    while rest.len() >= LEAST {
        if let Some(cover) = frame(rest) {
            return Some(cover);
        }
        (_, rest) = rest.split_first()?;
    }
    None
}

fn frame(bytes: &[u8]) -> Option<Cover> {
    let mut reader = Reader::new(bytes);
    if reader.u8().ok()? != MAGIC {
        return None;
    }
    let length = usize::from(reader.u16_le().ok()? & 0x03ff);
    let header = Reader::new(bytes).take(3).ok()?;
    if reader.u8().ok()? != u8::try_from(checksum(header, 0x77, 0x8c)).ok()? || length < LEAST {
        return None;
    }
    let covered = Reader::new(bytes).take(length.checked_sub(2)?).ok()?;
    let mut end = Reader::new(bytes.get(covered.len()..)?);
    if end.u16_le().ok()? != checksum(covered, 0x3692, 0x8408) {
        return None;
    }
    reader.skip(4).ok()?;
    Some(if reader.u8().ok()? & 0x07 == 0 { Cover::Clear } else { Cover::Encrypted })
}

/// A reflected CRC of up to 16 bits.
fn checksum(bytes: &[u8], start: u16, polynomial: u16) -> u16 {
    bytes
        .iter()
        .fold(start, |sum, byte| (0..8).fold(sum ^ u16::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ polynomial } else { sum >> 1 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// App to flight controller: set 3, command 0x20, no payload; `cover` is its type byte.
    fn message(cover: u8) -> Vec<u8> {
        let head = [0x55, 0x0d, 0x04];
        let mut bytes = [&head[..], &[u8::try_from(checksum(&head, 0x77, 0x8c)).unwrap(), 2, 3, 1, 0, cover, 3, 0x20]].concat();
        bytes.extend(checksum(&bytes, 0x3692, 0x8408).to_le_bytes());
        bytes
    }

    #[test]
    fn a_published_frame_has_these_checksums() {
        // Serial request of the firmware version, as printed in public descriptions of the protocol.
        let header = [0x55, 0x0d, 0x04];
        assert_eq!(checksum(&header, 0x77, 0x8c), 0x33);
    }

    #[test]
    fn finds_a_frame_behind_other_bytes_and_tells_its_cover() {
        let behind = |cover: u8| [&[0x55, 0x55, 0, 9][..], &message(cover), &[1, 2, 3]].concat();
        assert_eq!(find(&behind(0x40)), Some(Cover::Clear));
        assert_eq!(find(&behind(0x41)), Some(Cover::Encrypted));
    }

    #[test]
    fn every_prefix_and_every_changed_byte_is_no_frame() {
        let whole = message(0x40);
        for end in 0..whole.len() {
            assert_eq!(find(&whole[..end]), None, "{end}");
        }
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            assert_eq!(find(&changed), None, "{place}");
        }
    }
}
