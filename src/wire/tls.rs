//! TLS records and handshake messages, cut out of a stream in whatever pieces it comes: RFC 8446 sections 4 and 5.1,
//! RFC 5246 section 6.2, RFC 6101 (SSL 3.0), RFC 5246 appendix E.2 (the hello of SSL 2.0).
//!
//! ```text
//! record   content 1 | version 2 | length 2 | body
//! message  type 1 | length 3 | body                 in bodies of content 22, over any number of them
//! SSL 2.0  0x8000 + length 2 | type 1 | version 2 | cipher bytes 2 | session bytes 2 | challenge bytes 2 | …
//! ```

use super::Reader;
use crate::limits;

/// Largest body of a record: 2^14 and 2,048 for compression and encryption (RFC 5246 section 6.2.3).
const RECORD_BYTES: u16 = (1 << 14) + 2_048;
/// Bytes of a record before its body.
pub(crate) const RECORD_HEAD: usize = 5;

/// What a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Change of cipher: what this side sends afterwards is encrypted (before TLS 1.3).
    ChangeCipherSpec,
    /// Alert.
    Alert,
    /// Handshake messages.
    Handshake,
    /// Application data; in TLS 1.3 also everything encrypted.
    ApplicationData,
    /// Heartbeat (RFC 6520).
    Heartbeat,
    /// A whole message of SSL 2.0.
    Ssl2,
}

impl Content {
    /// Its number; that of nothing for SSL 2.0, whose records have none.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::ChangeCipherSpec => 20,
            Self::Alert => 21,
            Self::Handshake => 22,
            Self::ApplicationData => 23,
            Self::Heartbeat => 24,
            Self::Ssl2 => 0,
        }
    }

    /// By its number.
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            20 => Some(Self::ChangeCipherSpec),
            21 => Some(Self::Alert),
            22 => Some(Self::Handshake),
            23 => Some(Self::ApplicationData),
            24 => Some(Self::Heartbeat),
            _ => None,
        }
    }
}

/// Whether the first bytes of a stream are TLS; `None` when they are too few.
///
/// Looks at six bytes at most, at eleven for the hello of SSL 2.0.
pub(crate) fn begins_like_tls(bytes: &[u8]) -> Option<bool> {
    if bytes.first()? & 0x80 != 0 {
        return begins_like_ssl2(bytes);
    }
    begins_like_record(bytes)
}

/// Content, version and body length of a record header; `None` when it is none.
pub(crate) fn read_head(head: [u8; RECORD_HEAD]) -> Option<(Content, u16, u16)> {
    let [code, 3, minor @ 0..=4, high, low] = head else { return None };
    let length = u16::from_be_bytes([high, low]);
    (length <= RECORD_BYTES).then_some((Content::from_code(code)?, u16::from_be_bytes([3, minor]), length))
}

fn begins_like_record(bytes: &[u8]) -> Option<bool> {
    if !bytes.iter().zip([20..=23, 3..=3, 0..=4]).all(|(byte, range)| range.contains(byte)) {
        return Some(false);
    }
    let mut reader = Reader::new(bytes);
    let head = reader.array().ok()?;
    let Some((content, _, length)) = read_head(head) else { return Some(false) };
    if content == Content::ApplicationData {
        return Some(length > 0);
    }
    let first = reader.u8().ok()?;
    Some(match content {
        Content::ChangeCipherSpec => (length, first) == (1, 1),
        // A level in clear, or at least a message authentication code.
        Content::Alert => {
            if length == 2 {
                matches!(first, 1 | 2)
            } else {
                length >= 16
            }
        }
        _ => length > 0 && is_message_type(first),
    })
}

/// The client hello of SSL 2.0, also as clients that could do more once sent it; strict, as two bytes say little.
fn begins_like_ssl2(bytes: &[u8]) -> Option<bool> {
    if bytes.get(2).is_some_and(|&code| code != 1) || bytes.get(3).is_some_and(|&major| !matches!(major, 0 | 3)) {
        return Some(false);
    }
    let mut reader = Reader::new(bytes);
    let length = reader.u16().ok()? & 0x7fff;
    reader.skip(1).ok()?;
    let version = reader.u16().ok()?;
    let [ciphers, session, challenge] = [reader.u16().ok()?, reader.u16().ok()?, reader.u16().ok()?];
    let declared = [ciphers, session, challenge].into_iter().fold(9_u16, u16::saturating_add);
    let plausible = ciphers > 0 && ciphers.is_multiple_of(3) && matches!(session, 0 | 16) && (16..=32).contains(&challenge);
    Some(matches!(version, 2 | 0x0300..=0x0303) && plausible && declared == length)
}

/// Handshake message types that IANA lists, and that of SSL 3.0 to TLS 1.3 traffic before encryption.
const fn is_message_type(code: u8) -> bool {
    matches!(code, 0..=6 | 8 | 11..=16 | 20..=25 | 67 | 254)
}

/// A record with its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// What it carries.
    pub(crate) content: Content,
    /// Version of its head.
    pub(crate) version: u16,
    /// Bytes of its body.
    pub(crate) length: u16,
    /// Offset of its head in the stream.
    pub(crate) start: u64,
    /// The body; left out of application data unless somebody reads it. Without the bytes that a hole took.
    pub(crate) body: Vec<u8>,
}

impl Record {
    /// Offset in the stream of what follows it.
    pub(crate) fn end(&self) -> u64 {
        let bytes = usize::from(self.length).saturating_add(RECORD_HEAD);
        self.start.saturating_add(u64::try_from(bytes).unwrap_or_default())
    }

    /// No byte of it is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.body.len() == usize::from(self.length)
    }
}

/// What the next bytes of a stream brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A whole record.
    Record(Record),
    /// All bytes are used up.
    Wait,
    /// These are no records; what is left of this piece is skipped.
    Damage,
}

/// Cuts one side of a stream into records.
#[derive(Debug, Default)]
pub(crate) struct Records {
    state: State,
    keeping: Keeping,
    /// Nothing was cut yet: SSL 2.0 is only looked for here.
    is_used: bool,
    /// Offset in the stream of the next byte, holes counted.
    position: u64,
    /// Version of the last head.
    version: u16,
}

/// What is done for whoever reads the bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Keeping {
    /// Bodies of application data are left out; records that were lost are looked for where a piece begins.
    #[default]
    Clear,
    /// All bodies are kept, and records looked for at every byte.
    Sealed,
}

#[derive(Debug)]
enum State {
    Head(Vec<u8>),
    Body {
        record: Record,
        left: usize,
        is_torn: bool,
    },
    /// Where records begin is not known: looked for at the beginning of every piece, or in the last bytes seen.
    Lost(Vec<u8>),
}

impl Default for State {
    fn default() -> Self {
        Self::Head(Vec::with_capacity(RECORD_HEAD))
    }
}

impl Records {
    /// From here on somebody reads what is sealed.
    pub(crate) const fn keep_sealed(&mut self) {
        self.keeping = Keeping::Sealed;
    }

    /// Nobody does any more.
    pub(crate) const fn leave_sealed(&mut self) {
        self.keeping = Keeping::Clear;
    }

    /// Takes bytes off `input` up to the end of a record.
    pub(crate) fn next(&mut self, input: &mut Reader<'_>) -> Cut {
        while !input.is_empty() {
            let before = input.left();
            let is_damage = self.advance(input);
            let taken = before.saturating_sub(input.left());
            self.position = self.position.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
            if is_damage {
                return Cut::Damage;
            }
            if let Some(record) = self.close() {
                return Cut::Record(record);
            }
        }
        Cut::Wait
    }

    /// Takes a piece of a head or body; true when it is none.
    fn advance(&mut self, input: &mut Reader<'_>) -> bool {
        let keeping = self.keeping;
        match &mut self.state {
            State::Lost(window) if keeping == Keeping::Sealed => {
                window.extend(input.u8());
                self.find();
            }
            State::Lost(_) if begins_like_record(input.rest()) == Some(true) => self.state = State::default(),
            State::Lost(_) => {
                input.take_up_to(input.left());
            }
            State::Head(head) => {
                head.extend(input.u8());
                if !self.open() {
                    self.state = State::Lost(Vec::new());
                    if keeping == Keeping::Clear {
                        input.take_up_to(input.left());
                    }
                    return true;
                }
            }
            State::Body { record, left, .. } => {
                let taken = input.take_up_to(*left);
                *left = left.saturating_sub(taken.len());
                if record.content != Content::ApplicationData || keeping == Keeping::Sealed {
                    record.body.extend_from_slice(taken);
                }
            }
        }
        false
    }

    /// Begins a body when the last bytes seen are a head like those before.
    fn find(&mut self) {
        let State::Lost(window) = &mut self.state else { return };
        if window.len() > RECORD_HEAD {
            window.remove(0);
        }
        let head = <[u8; RECORD_HEAD]>::try_from(window.as_slice()).ok().and_then(read_head);
        if head.is_some_and(|(_, version, length)| length > 0 && version == self.version) {
            self.state = State::Head(std::mem::take(window));
            self.open();
        }
    }

    /// Begins a body when the head is complete; false when it is no head. Its last byte is not counted yet.
    fn open(&mut self) -> bool {
        let State::Head(head) = &self.state else { return true };
        let opened = match *head.as_slice() {
            [high, low] if !self.is_used && high & 0x80 != 0 => Some((Content::Ssl2, 2, u16::from_be_bytes([high & 0x7f, low]))),
            [code, major, minor, high, low] => read_head([code, major, minor, high, low]),
            _ => return true,
        };
        let Some((content, version, length)) = opened else { return false };
        let before = u64::try_from(head.len().saturating_sub(1)).unwrap_or_default();
        self.is_used = true;
        self.version = version;
        let record = Record { content, version, length, start: self.position.saturating_sub(before), body: Vec::new() };
        self.state = State::Body { record, left: length.into(), is_torn: false };
        true
    }

    /// The record, when its last byte is there and none is missing.
    fn close(&mut self) -> Option<Record> {
        if !matches!(self.state, State::Body { left: 0, .. }) {
            return None;
        }
        match std::mem::take(&mut self.state) {
            State::Body { record, is_torn, .. } if !is_torn || record.content == Content::ApplicationData => Some(record),
            _ => None,
        }
    }

    /// `missing` bytes of the stream are not there. Gives the handshake bytes of the record they tear.
    pub(crate) fn gap(&mut self, missing: u64) -> Vec<u8> {
        let torn = self.take_unfinished();
        self.position = self.position.saturating_add(missing);
        match &mut self.state {
            State::Body { left, is_torn, .. } if u64::try_from(*left).is_ok_and(|left| left > missing) => {
                *left = left.saturating_sub(usize::try_from(missing).unwrap_or(usize::MAX));
                *is_torn = true;
            }
            _ => self.state = State::Lost(Vec::new()),
        }
        self.is_used = true;
        torn
    }

    /// Handshake bytes of a record whose end did not come.
    pub(crate) fn take_unfinished(&mut self) -> Vec<u8> {
        match &mut self.state {
            State::Body { record, is_torn: false, .. } if record.content == Content::Handshake => std::mem::take(&mut record.body),
            _ => Vec::new(),
        }
    }
}

/// What the bytes of handshake records hold next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NextMessage<'a> {
    /// A whole message with its header.
    Message(&'a [u8]),
    /// The next one is not complete.
    Wait,
    /// One side's messages go beyond `HANDSHAKE_BYTES`.
    Excess,
}

/// Puts handshake messages together from the bodies of records.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    bytes: Vec<u8>,
    at: usize,
    total: usize,
}

impl Messages {
    /// Adds the body of a handshake record.
    pub(crate) fn push(&mut self, body: &[u8]) {
        self.bytes.drain(..self.at.min(self.bytes.len()));
        self.at = 0;
        self.bytes.extend_from_slice(body);
        self.total = self.total.saturating_add(body.len());
    }

    /// Takes the next message.
    pub(crate) fn next(&mut self) -> NextMessage<'_> {
        let mut reader = Reader::new(self.rest());
        let length = reader.skip(1).and_then(|()| reader.u24()).map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if self.total > limits::HANDSHAKE_BYTES || length.is_ok_and(|length| length > limits::HANDSHAKE_BYTES) {
            return NextMessage::Excess;
        }
        let start = self.at;
        let end = length.map_or(usize::MAX, |length| start.saturating_add(length).saturating_add(4));
        match self.bytes.get(start..end) {
            Some(message) => {
                self.at = end;
                NextMessage::Message(message)
            }
            None => NextMessage::Wait,
        }
    }

    /// What no message was taken from yet.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Forgets all bytes.
    pub(crate) fn clear(&mut self) {
        self.bytes = Vec::new();
        self.at = 0;
    }
}

/// An alert in clear as `level description` (RFC 8446 section 6, RFC 5246 section 7.2); `None` when it is encrypted.
pub(crate) fn alert(body: &[u8]) -> Option<String> {
    let [level, description] = *body else { return None };
    let level = match level {
        1 => "warning",
        2 => "fatal",
        _ => return None,
    };
    let known = ALERTS.iter().find(|(code, _)| *code == description);
    Some(known.map_or_else(|| format!("{level} {description}"), |(_, name)| format!("{level} {name}")))
}

/// Alert descriptions of the IANA registry.
const ALERTS: &[(u8, &str)] = &[
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (52, "too_many_cids_requested"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
    (121, "ech_required"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(records: &mut Records, bytes: &[u8]) -> Vec<Cut> {
        let mut input = Reader::new(bytes);
        let mut cuts = Vec::new();
        while !input.is_empty() {
            cuts.push(records.next(&mut input));
        }
        cuts.retain(|cut| *cut != Cut::Wait);
        cuts
    }

    fn record(content: Content, (start, length): (u64, u16), body: &[u8]) -> Cut {
        Cut::Record(Record { content, version: 0x0303, length, start, body: body.to_vec() })
    }

    #[test]
    fn cuts_records_and_leaves_application_data_unread() {
        let stream = [0x15, 3, 3, 0, 2, 2, 40, 0x17, 3, 3, 0, 3, 9, 9, 9, 0x14, 3, 3, 0, 1, 1];
        let expected = [
            record(Content::Alert, (0, 2), &[2, 40]),
            record(Content::ApplicationData, (7, 3), &[]),
            record(Content::ChangeCipherSpec, (15, 1), &[1]),
        ];
        assert_eq!(cut(&mut Records::default(), &stream), expected);
        let mut records = Records::default();
        let bytewise: Vec<Cut> = stream.iter().flat_map(|byte| cut(&mut records, &[*byte])).collect();
        assert_eq!(bytewise, expected);
    }

    #[test]
    fn finds_records_again_after_damage_and_after_a_hole() {
        let mut records = Records::default();
        assert_eq!(cut(&mut records, b"GET / HTTP/1.1\r\n"), [Cut::Damage]);
        assert_eq!(cut(&mut records, &[0x15, 3, 3, 0, 2, 1, 0]), [record(Content::Alert, (16, 2), &[1, 0])]);
        assert_eq!(cut(&mut records, &[0x16, 3, 1, 0, 9, 1, 0]), []);
        assert_eq!(records.gap(5), [1, 0]);
        assert_eq!(cut(&mut records, &[7, 7, 0x14, 3, 3, 0, 1, 1]), [record(Content::ChangeCipherSpec, (37, 1), &[1])]);
    }

    #[test]
    fn keeps_what_is_sealed_and_finds_it_behind_a_hole() {
        let mut records = Records::default();
        records.keep_sealed();
        let stream = [&[0x17, 3, 3, 0, 3, 9, 9, 9][..], &[0x17, 3, 3, 0, 4]].concat();
        assert_eq!(cut(&mut records, &stream), [record(Content::ApplicationData, (0, 3), &[9, 9, 9])]);
        assert!(records.gap(2).is_empty());
        let Some(Cut::Record(torn)) = cut(&mut records, &[7, 7]).pop() else { panic!("no record") };
        assert!(!torn.is_whole() && torn.start == 8 && torn.end() == 17);
        records.gap(100);
        let stream = [&[1, 0x17, 3, 1, 0, 1, 0x17, 0x17, 3][..], &[3, 0, 2, 5, 5]].concat();
        assert_eq!(cut(&mut records, &stream), [record(Content::ApplicationData, (124, 2), &[5, 5])]);
        let mut again = Records { position: 117, version: 0x0303, state: State::Lost(Vec::new()), is_used: true, ..Records::default() };
        again.keep_sealed();
        let bytewise: Vec<Cut> = stream.iter().flat_map(|byte| cut(&mut again, &[*byte])).collect();
        assert_eq!(bytewise, [record(Content::ApplicationData, (124, 2), &[5, 5])]);
    }

    #[test]
    fn recognises_by_six_bytes() {
        for prefix in [&b"\x16"[..], b"\x16\x03", b"\x16\x03\x01\x02", b"\x16\x03\x01\x02\x00", b"\x80\x2e\x01"] {
            assert_eq!(begins_like_tls(prefix), None, "{prefix:02x?}");
        }
        for yes in [&b"\x16\x03\x01\x02\x00\x01"[..], b"\x17\x03\x03\x00\x20", b"\x15\x03\x00\x00\x02\x02", b"\x14\x03\x03\x00\x01\x01"] {
            assert_eq!(begins_like_tls(yes), Some(true), "{yes:02x?}");
        }
        for no in [
            &b"GET"[..],
            b"\x16\x03\x05",
            b"\x16\x03\x01\xff\xff",
            b"\x16\x03\x01\x02\x00\x77",
            b"\x15\x03\x01\x00\x02\x07",
            b"\x80\x2e\x04",
        ] {
            assert_eq!(begins_like_tls(no), Some(false), "{no:02x?}");
        }
        let ssl2 = b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10";
        assert_eq!(begins_like_tls(ssl2), Some(true));
        assert_eq!(begins_like_tls(b"\x80\x2e\x01\x00\x02\x00\x16\x00\x00\x00\x10"), Some(false));
    }

    #[test]
    fn messages_cross_records_and_have_a_limit() {
        let mut messages = Messages::default();
        messages.push(&[2, 0, 0]);
        assert_eq!(messages.next(), NextMessage::Wait);
        messages.push(&[1, 5, 14, 0, 0, 0, 11]);
        assert_eq!(messages.next(), NextMessage::Message(&[2, 0, 0, 1, 5]));
        assert_eq!(messages.next(), NextMessage::Message(&[14, 0, 0, 0]));
        assert_eq!(messages.next(), NextMessage::Wait);
        assert_eq!(messages.rest(), [11]);
        messages.push(&[0xff, 0xff, 0xff]);
        assert_eq!(messages.next(), NextMessage::Excess);
    }

    #[test]
    fn names_alerts() {
        assert_eq!(alert(&[2, 48]).as_deref(), Some("fatal unknown_ca"));
        assert_eq!(alert(&[1, 200]).as_deref(), Some("warning 200"));
        assert_eq!(alert(&[9, 0]), None);
        assert_eq!(alert(&[2; 24]), None);
    }
}
