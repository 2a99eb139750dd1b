//! Frames of an opened packet: RFC 9000 section 19, and DATAGRAM of RFC 9221.
//!
//! ```text
//! CRYPTO               6 | offset v | length v | bytes
//! STREAM               8 + flags: 4 offset v, 2 length v, 1 end | stream v | [offset] | [length] | bytes
//! NEW_CONNECTION_ID    24 | number v | retired v | length 1 | identifier | token 16
//! ```

use super::{acknowledgement, number, pass_padding};
use crate::wire::{Reader, Short};

/// A frame, as far as it matters to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// Handshake bytes.
    Crypto {
        /// Their offset.
        offset: u64,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Bytes of a stream.
    Stream {
        /// Number of the stream.
        id: u64,
        /// Their offset.
        offset: u64,
        /// The bytes.
        bytes: &'a [u8],
        /// They are its last.
        is_final: bool,
    },
    /// Another identifier by which the sender may be called.
    Identifier(&'a [u8]),
    /// Anything else.
    Other,
    /// A type of frame that is not known, so that the rest of the packet cannot be read.
    Unknown(u64),
}

/// The frames of a payload, up to the first that is not whole or not known.
pub(crate) fn frames(payload: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let mut reader = Reader::new(payload);
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over || reader.is_empty() {
            return None;
        }
        let frame = read(&mut reader).unwrap_or(Frame::Unknown(u64::MAX));
        is_over = matches!(frame, Frame::Unknown(_));
        Some(frame)
    })
}

fn read<'a>(reader: &mut Reader<'a>) -> Result<Frame<'a>, Short> {
    let kind = number(reader)?;
    match kind {
        // Padding comes by the thousand.
        0 => pass_padding(reader),
        0x01 | 0x1e | 0x1f => {}
        0x02 => acknowledgement(reader, 2)?,
        0x03 => acknowledgement(reader, 3)?,
        0x04 => numbers(reader, 3)?,
        0x06 => {
            let offset = number(reader)?;
            return Ok(Frame::Crypto { offset, bytes: counted(reader)? });
        }
        0x07 => {
            counted(reader)?;
        }
        0x08..=0x0f => {
            let id = number(reader)?;
            let offset = if kind & 4 == 0 { 0 } else { number(reader)? };
            let bytes = if kind & 2 == 0 { reader.take_up_to(reader.left()) } else { counted(reader)? };
            return Ok(Frame::Stream { id, offset, bytes, is_final: kind & 1 != 0 });
        }
        0x05 | 0x11 | 0x15 => numbers(reader, 2)?,
        0x10 | 0x12..=0x14 | 0x16 | 0x17 | 0x19 => numbers(reader, 1)?,
        0x18 => {
            numbers(reader, 2)?;
            let length = reader.u8()?;
            let identifier = reader.take(length.into())?;
            reader.skip(16)?;
            return Ok(Frame::Identifier(identifier));
        }
        0x1a | 0x1b => reader.skip(8)?,
        0x1c => {
            numbers(reader, 2)?;
            counted(reader)?;
        }
        0x1d => {
            numbers(reader, 1)?;
            counted(reader)?;
        }
        0x30 => {
            reader.take_up_to(reader.left());
        }
        0x31 => {
            counted(reader)?;
        }
        // ACK_FREQUENCY and TIMESTAMP: drafts that are in use.
        0xaf => numbers(reader, 4)?,
        0x2f5 => numbers(reader, 1)?,
        unknown => return Ok(Frame::Unknown(unknown)),
    }
    Ok(Frame::Other)
}

fn numbers(reader: &mut Reader<'_>, count: u8) -> Result<(), Short> {
    (0..count).try_for_each(|_| number(reader).map(|_| ()))
}

fn counted<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Short> {
    let length = number(reader)?;
    reader.take(usize::try_from(length).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::quic::tests::bytes;

    #[test]
    fn reads_every_frame_of_the_standard() {
        let payload = bytes(
            "000000 01 02 05 00 01 00 01 01 03 05 00 00 00 01 02 03 04 01 02 03 05 01 02 06 02 02 aabb 07 01 cc
             10 4100 11 00 01 12 05 13 05 14 05 15 00 05 16 01 17 01 18 01 00 02 dddd 000102030405060708090a0b0c0d0e0f
             42f5 05 19 00 1a 0001020304050607 1b 0001020304050607 1c 00 00 01 61 1d 00 00 1e 31 01 ee 40af 00 01 02 03
             0a 04 01 ff 0d 08 40c8 11",
        );
        let found: Vec<Frame<'_>> = frames(&payload).filter(|frame| *frame != Frame::Other).collect();
        let expected = [
            Frame::Crypto { offset: 2, bytes: &[0xaa, 0xbb] },
            Frame::Identifier(&[0xdd, 0xdd]),
            Frame::Stream { id: 4, offset: 0, bytes: &[0xff], is_final: false },
            Frame::Stream { id: 8, offset: 200, bytes: &[0x11], is_final: true },
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn ends_at_what_it_does_not_know() {
        assert_eq!(frames(&bytes("01 21 01")).collect::<Vec<_>>(), [Frame::Other, Frame::Unknown(0x21)]);
        assert_eq!(frames(&bytes("01 06 00 09 00")).last(), Some(Frame::Unknown(u64::MAX)));
        assert_eq!(frames(&[]).next(), None);
    }
}
