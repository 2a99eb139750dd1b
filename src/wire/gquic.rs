//! Google QUIC before it took over TLS: Q024 to Q046, whose first flight is not encrypted, and the hello of Q050,
//! which is. From the public description of the wire layout ("QUIC Wire Layout Specification", Google 2016) and of
//! the handshake ("QUIC Crypto", Google 2016).
//!
//! ```text
//! to Q043   flags 1 | connection 8 | version 4 | packet number 1-6 | hash 12 | frames     flags: 1 version, 2 reset, 8 connection, 0x30 number
//! Q044-046  1 1 kind 2 low 4 | version 4 | lengths 1 | identifiers n | packet number 1-4 | hash 12 | frames
//! STREAM    1 fin 1 length 1 offset 3 stream 2 | stream 1-4 | offset 0,2-8 | length 0,2 | data
//! CHLO      "CHLO" | entries 2 LE | 2 | (tag 4 | end of value 4 LE) … | values
//! ```

use super::quic::Version;
use super::{Reader, Short};

/// Bytes of the hash in place of an authentication tag.
const HASH_BYTES: usize = 12;

/// A packet that a client sent in clear.
#[derive(Debug)]
pub(crate) struct Packet<'a> {
    /// Version.
    pub(crate) version: Version,
    /// Connection identifier.
    pub(crate) connection: &'a [u8],
    frames: &'a [u8],
}

/// Reads a packet that names its version; `None` when it is none.
pub(crate) fn packet(datagram: &[u8]) -> Option<Packet<'_>> {
    let mut reader = Reader::new(datagram);
    let flags = reader.u8().ok()?;
    if flags & 0x80 == 0 { public_header(flags, &mut reader) } else { long_header(flags, &mut reader) }
}

fn public_header<'a>(flags: u8, reader: &mut Reader<'a>) -> Option<Packet<'a>> {
    if flags & 0x4b != 0x09 {
        return None;
    }
    let connection = reader.take(8).ok()?;
    let (version, number) = google_version(reader).filter(|(_, number)| *number <= 43)?;
    let packet_number = [1, 2, 4, 6].get(usize::from(flags >> 4 & 3)).copied()?;
    reader.skip(packet_number).and_then(|()| reader.skip(HASH_BYTES)).ok()?;
    if number < 34 {
        // Private flags.
        reader.skip(1).ok()?;
    }
    Some(Packet { version, connection, frames: reader.rest() })
}

fn long_header<'a>(flags: u8, reader: &mut Reader<'a>) -> Option<Packet<'a>> {
    let (version, _) = google_version(reader).filter(|(_, number)| (44..=46).contains(number))?;
    let lengths = reader.u8().ok()?;
    let [destination, source] = [lengths >> 4, lengths & 0x0f].map(|length| if length == 0 { 0 } else { length.saturating_add(3) });
    let connection = reader.take(destination.into()).ok()?;
    reader.skip(source.into()).ok()?;
    let packet_number = (flags & 3).saturating_add(1);
    reader.skip(packet_number.into()).and_then(|()| reader.skip(HASH_BYTES)).ok()?;
    Some(Packet { version, connection, frames: reader.rest() })
}

fn google_version(reader: &mut Reader<'_>) -> Option<(Version, u8)> {
    let version = reader.u32().ok()?;
    match version.to_be_bytes() {
        [b'Q', b'0', tens @ b'2'..=b'4', ones @ b'0'..=b'9'] => Some((Version(version), str::from_utf8(&[tens, ones]).ok()?.parse().ok()?)),
        _ => None,
    }
}

impl<'a> Packet<'a> {
    /// Pieces of the handshake stream, as offset and bytes; ends at the first frame that is none and no padding.
    pub(crate) fn pieces(&self) -> Vec<(u64, &'a [u8])> {
        let mut reader = Reader::new(self.frames);
        let mut pieces = Vec::new();
        while let Ok(kind) = reader.u8() {
            let piece = if kind & 0x80 == 0 { None } else { stream_frame(self.version, kind, &mut reader).ok() };
            match (kind, piece) {
                (0, _) => {}
                (_, Some((1, offset, bytes))) => pieces.push((offset, bytes)),
                (_, Some(_)) => {}
                (_, None) => break,
            }
        }
        pieces
    }
}

/// Stream, offset and data of a STREAM frame; little-endian before Q039.
fn stream_frame<'a>(version: Version, kind: u8, reader: &mut Reader<'a>) -> Result<(u64, u64, &'a [u8]), Short> {
    let integer = if version.0 < 0x5130_3339 { little } else { big };
    let offset_bytes = match kind >> 2 & 7 {
        0 => 0,
        more => more.saturating_add(1),
    };
    let stream = integer(reader.take((kind & 3).saturating_add(1).into())?);
    let offset = integer(reader.take(offset_bytes.into())?);
    let data = if kind & 0x20 == 0 {
        reader.take(reader.left())?
    } else {
        let length = integer(reader.take(2)?);
        reader.take(usize::try_from(length).unwrap_or(usize::MAX))?
    };
    Ok((stream, offset, data))
}

fn big(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn little(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// What a client hello of Google QUIC says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Hello<'a> {
    /// Server name.
    pub(crate) server_name: Option<&'a [u8]>,
    /// User agent.
    pub(crate) user_agent: Option<&'a [u8]>,
    /// Values are missing at its end.
    pub(crate) is_cut: bool,
}

/// Reads as much of a client hello as is there; `None` when it is none.
pub(crate) fn hello(bytes: &[u8]) -> Option<Hello<'_>> {
    let mut reader = Reader::new(bytes);
    if reader.take(4) != Ok(b"CHLO") {
        return None;
    }
    let entries = reader.u16_le().ok()?;
    reader.skip(2).ok()?;
    let mut tags = reader.sub(usize::from(entries).saturating_mul(8)).ok()?;
    let values = reader.rest();
    let mut hello = Hello::default();
    let mut start = 0;
    while let (Ok(tag), Ok(end)) = (tags.array::<4>(), tags.u32_le()) {
        let end = usize::try_from(end).ok()?;
        let value = values.get(start..end);
        hello.is_cut |= value.is_none();
        match &tag {
            b"SNI\0" => hello.server_name = value,
            b"UAID" => hello.user_agent = value,
            _ => {}
        }
        start = end;
    }
    Some(hello)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "sums of lengths the tests chose")]
pub(crate) mod tests {
    use super::*;

    /// A hello with the given tags.
    pub(crate) fn chlo(entries: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut bytes = b"CHLO".to_vec();
        bytes.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
        bytes.extend([0, 0]);
        let mut end = 0;
        for (tag, value) in entries {
            end += u32::try_from(value.len()).unwrap();
            bytes.extend(*tag);
            bytes.extend(end.to_le_bytes());
        }
        bytes.extend(entries.iter().flat_map(|(_, value)| *value));
        bytes
    }

    /// A client's first datagram in Q043 or Q039.
    pub(crate) fn datagram(version: &[u8; 4], hello: &[u8]) -> Vec<u8> {
        let mut bytes = [&[0x09][..], &[8; 8], version, &[1], &[0; HASH_BYTES], &[0xa0, 1]].concat();
        bytes.extend(u16::try_from(hello.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(hello);
        bytes.resize(1_350, 0);
        bytes
    }

    #[test]
    fn reads_the_hello_of_a_public_header() {
        let hello_bytes = chlo(&[(b"PAD\0", &[b'-'; 600]), (b"SNI\0", b"www.example"), (b"UAID", b"Chrome/60")]);
        let datagram = datagram(b"Q043", &hello_bytes);
        let packet = packet(&datagram).unwrap();
        assert_eq!((packet.version.name().as_str(), packet.connection), ("Q043", &[8; 8][..]));
        let pieces = packet.pieces();
        assert_eq!(pieces, [(0, hello_bytes.as_slice())]);
        let read = hello(pieces[0].1).unwrap();
        assert_eq!(read, Hello { server_name: Some(b"www.example"), user_agent: Some(b"Chrome/60"), is_cut: false });
    }

    #[test]
    fn reads_what_is_there_of_a_cut_hello() {
        let bytes = chlo(&[(b"SNI\0", b"www.example"), (b"UAID", b"Chrome/60")]);
        assert_eq!(hello(&bytes[..bytes.len() - 3]), Some(Hello { server_name: Some(b"www.example"), user_agent: None, is_cut: true }));
        for end in 0..bytes.len() {
            hello(&bytes[..end]);
        }
    }

    #[test]
    fn reads_a_long_header_of_q046() {
        let mut bytes = [&[0xc3][..], b"Q046", &[0x50], &[9; 8], &[0, 0, 0, 1], &[0; HASH_BYTES], &[0, 0, 0xa4, 1, 0, 7, 0, 2]].concat();
        bytes.extend(b"ab");
        let packet = packet(&bytes).unwrap();
        assert_eq!((packet.connection, packet.pieces()), (&[9; 8][..], vec![(7, &b"ab"[..])]));
        for end in 0..bytes.len() {
            super::packet(&bytes[..end]).map(|packet| packet.pieces());
        }
    }

    #[test]
    fn a_short_header_is_none() {
        assert!(packet(&[0x0c; 40]).is_none());
        assert!(packet(b"\x09aaaaaaaaQ099").is_none());
    }
}
