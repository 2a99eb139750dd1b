//! DJI's Wi-Fi link between aircraft and app, one datagram (samuelsadok/dji_protocol udp_protocol.md and
//! Toemsel/dji-wifi-tools, which agree).
//!
//! ```text
//! 0          2        4         6     7
//! length:15  session  sequence  type  XOR of bytes 0 to 6
//! 1
//! ```
//!
//! Numbers are little-endian; the top bit of the length is set, and the length is that of the datagram.
//!
//! | type | from | holds |
//! |---|---|---|
//! | 0 | both | handshake; the answer is a header alone |
//! | 1 | aircraft | telemetry: DUML from 0x20 + 2 × byte 0x1c |
//! | 2 | aircraft | picture: frame 0x10, parts in it 0x11, part 0x12, H.264 from 0x14 |
//! | 3 | aircraft | file: DUML from 0x14 |
//! | 4, 6 | app | acknowledgements: DUML from 0x1e + 2 × byte 0x0c |
//! | 5 | app | commands: DUML from 0x14 |

use super::Reader;
use crate::record::LinkKind;

/// Bytes of the header.
pub(crate) const HEADER: usize = 8;
/// Where DUML and pictures start in most datagrams.
const BODY: usize = 0x14;

/// What a datagram is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind(u8);

impl Kind {
    /// Highest number seen in use.
    const LAST: u8 = 6;
    /// Picture.
    pub(crate) const VIDEO: Self = Self(2);

    /// Its number.
    pub(crate) const fn number(self) -> u8 {
        self.0
    }

    /// What it holds, in words.
    pub(crate) const fn name(self) -> &'static str {
        match self.0 {
            0 => "handshake",
            1 => "telemetry",
            2 => "picture",
            3 => "file",
            5 => "commands",
            _ => "acknowledgement",
        }
    }

    /// What it is for.
    pub(crate) const fn kind(self) -> LinkKind {
        match self.0 {
            1 => LinkKind::Telemetry,
            2 => LinkKind::Video,
            3 => LinkKind::FileTransfer,
            5 => LinkKind::Control,
            _ => LinkKind::Link,
        }
    }

    /// Only the aircraft's end sends it.
    pub(crate) const fn is_from_aircraft(self) -> bool {
        matches!(self.0, 1..=3)
    }

    /// Only the app's end sends it.
    pub(crate) const fn is_from_app(self) -> bool {
        matches!(self.0, 4..=6)
    }
}

/// A datagram whose header is right: its length and its XOR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Datagram<'a> {
    /// What it is for.
    pub(crate) kind: Kind,
    /// Number of the session.
    pub(crate) session: u16,
    /// Counter of its type; 0 where there is none.
    pub(crate) sequence: u16,
    /// The bytes that hold messages or a picture.
    pub(crate) body: &'a [u8],
    /// Bytes of the datagram, whether captured or not.
    pub(crate) length: usize,
}

/// Why bytes are no datagram of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Length, mark or type are not those of the link.
    Foreign,
    /// All but the XOR is right.
    Checksum,
}

/// Reads a datagram of `length` bytes; without a length it is not known how many were captured.
pub(crate) fn datagram(bytes: &[u8], length: Option<usize>) -> Result<Datagram<'_>, Fault> {
    let foreign = |_| Fault::Foreign;
    let mut reader = Reader::new(bytes);
    let header: [u8; HEADER] = Reader::new(bytes).array().map_err(foreign)?;
    let declared = reader.u16_le().map_err(foreign)?;
    let session = reader.u16_le().map_err(foreign)?;
    let sequence = reader.u16_le().map_err(foreign)?;
    let kind = reader.u8().map_err(foreign)?;
    let is_whole = |declared: usize| length.map_or(declared >= bytes.len(), |length| declared == length);
    let length = usize::from(declared & 0x7fff);
    if declared & 0x8000 == 0 || !is_whole(length) || kind > Kind::LAST {
        return Err(Fault::Foreign);
    }
    if header.iter().fold(0, |sum, byte| sum ^ byte) != 0 {
        return Err(Fault::Checksum);
    }
    let body = start(kind, bytes).and_then(|start| bytes.get(start..)).unwrap_or_default();
    Ok(Datagram { kind: Kind(kind), session, sequence, body, length })
}

/// Where the body of a datagram starts.
fn start(kind: u8, bytes: &[u8]) -> Option<usize> {
    let behind = |list: usize, at: usize| Some(list.saturating_add(usize::from(*bytes.get(at)?).saturating_mul(2)));
    match kind {
        1 => behind(0x20, 0x1c),
        2 | 3 | 5 => Some(BODY),
        4 | 6 => behind(0x1e, 0x0c),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A datagram of the link around `body`, whose bytes start behind the header.
    pub(crate) fn around(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len().saturating_add(HEADER)).unwrap() | 0x8000;
        let mut bytes = [&length.to_le_bytes()[..], &[0x3a, 0xdd, 0, 0, kind]].concat();
        bytes.push(bytes.iter().fold(0, |sum, byte| sum ^ byte));
        [bytes, body.to_vec()].concat()
    }

    #[test]
    fn published_headers() {
        // Beginning of a handshake of 48 bytes, and its answer, as printed in descriptions of the link.
        let question = [&[0x30, 0x80, 0x3a, 0xdd, 0, 0, 0, 0x57][..], &[0; 40]].concat();
        let kind = |bytes: &[u8]| datagram(bytes, Some(bytes.len())).map(|datagram| (datagram.kind.number(), datagram.session));
        assert_eq!(kind(&question), Ok((0, 0xdd3a)));
        assert_eq!(kind(&[0x08, 0x80, 0x3a, 0xdd, 0, 0, 0, 0x6f]), Ok((0, 0xdd3a)));
    }

    #[test]
    fn a_changed_byte_is_found() {
        let answer = [0x08, 0x80, 0x3a, 0xdd, 0, 0, 0, 0x6f];
        for place in 0..answer.len() {
            let mut changed = answer;
            changed[place] ^= 2;
            assert!(datagram(&changed, Some(8)).is_err(), "{place}");
        }
        assert_eq!(datagram(&[0x08, 0x80, 0x3a, 0xdd, 0, 0, 0, 0x6e], Some(8)), Err(Fault::Checksum));
        assert_eq!(datagram(&answer, Some(9)), Err(Fault::Foreign));
        assert_eq!(datagram(&answer[..7], None), Err(Fault::Foreign));
    }

    #[test]
    fn bodies_start_where_their_type_says() {
        let mut telemetry = [0; 26];
        telemetry[0x1c - HEADER] = 1;
        let body = |bytes: &[u8]| datagram(bytes, Some(bytes.len())).unwrap().body.to_vec();
        assert_eq!(body(&around(1, &[&telemetry[..], b"duml"].concat())), b"duml");
        assert_eq!(body(&around(5, &[&[0; 12][..], b"duml"].concat())), b"duml");
        assert_eq!(body(&around(4, &[0; 24])), [0; 2]);
        assert_eq!(body(&around(1, &[9; 9])), b"");
    }
}
