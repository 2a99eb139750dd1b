//! DTLS records and handshake messages, cut out of datagrams: RFC 6347 sections 4.1 and 4.2, RFC 4347 (DTLS 1.0). What is
//! in the messages is as in TLS, once the cookie is taken out.
//!
//! ```text
//! record                content 1 | version 2 | epoch 2 | number 6 | length 2 | body         any number in a datagram
//! piece of a message    type 1 | length 3 | number 2 | offset 3 | bytes of the piece 3 | piece
//! client hello          version 2 | random 32 | session 1+n | cookie 1+n | …
//! hello verify request  version 2 | cookie 1+n
//! ```
//!
//! Records of DTLS 1.3 behind the hellos have another head (RFC 9147 section 4), which names neither version nor length for
//! sure, and those with a connection identifier (RFC 9146) one whose length only the hellos tell: both are passed over.

use std::collections::{BTreeMap, VecDeque};

use super::Reader;
use super::quic::CryptoStream;
use super::tls::Content;
use crate::limits;

/// Largest body of a record: 2^14 and 2,048 for what seals it.
const RECORD_BYTES: u16 = (1 << 14) + 2_048;
/// Bytes of a piece's head.
const PIECE_HEAD: usize = 12;
/// Epochs of a connection that are likely: each renegotiation is one more.
const EPOCHS: u16 = 64;
/// Handshake type of the server's wish for a hello with a cookie.
pub(crate) const HELLO_VERIFY_REQUEST: u8 = 3;
/// Handshake type of a client hello.
pub(crate) const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// A record, as far as the datagram has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// What it carries.
    pub(crate) content: Content,
    /// Version of its head.
    pub(crate) version: u16,
    /// Changes of keys before it; nothing is sealed in the first epoch.
    pub(crate) epoch: u16,
    /// Its number within the epoch.
    pub(crate) number: u64,
    /// Bytes that its head says the body has.
    pub(crate) length: u16,
    /// The body.
    pub(crate) body: &'a [u8],
}

impl Record<'_> {
    /// No byte of it is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.body.len() == usize::from(self.length)
    }

    /// Epoch and number in one, as nonces and codes have them.
    pub(crate) fn sequence(&self) -> u64 {
        u64::from(self.epoch) << 48 | self.number
    }
}

/// The next record of a datagram; `None` where there is none.
pub(crate) fn record<'a>(reader: &mut Reader<'a>) -> Option<Record<'a>> {
    let mut ahead = *reader;
    let content = Content::from_code(ahead.u8().ok()?)?;
    let version = ahead.u16().ok().filter(|version| matches!(version, 0xfeff | 0xfefd))?;
    let epoch = ahead.u16().ok()?;
    let number = u64::from(ahead.u16().ok()?) << 32 | u64::from(ahead.u32().ok()?);
    let length = ahead.u16().ok().filter(|length| *length <= RECORD_BYTES)?;
    let body = ahead.take_up_to(length.into());
    *reader = ahead;
    Some(Record { content, version, epoch, number, length, body })
}

/// Whether a datagram is one of DTLS: records up to its end, the first of which holds what it says.
pub(crate) fn begins_like_dtls(datagram: &[u8]) -> bool {
    let mut reader = Reader::new(datagram);
    let Some(first) = record(&mut reader).filter(is_likely) else { return false };
    let mut is_whole = first.is_whole();
    while is_whole && !reader.is_empty() && !is_unified_head(reader.rest()) {
        match record(&mut reader) {
            Some(next) => is_whole = next.is_whole(),
            None => return false,
        }
    }
    // A cut datagram has only a beginning; what is sealed is told by nothing else than its length.
    is_whole || first.epoch == 0 && first.content == Content::Handshake
}

/// Head of a record of DTLS 1.3 (RFC 9147 section 4): three bits.
fn is_unified_head(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|byte| byte >> 5 == 1)
}

fn is_likely(record: &Record<'_>) -> bool {
    match (record.content, record.epoch, record.body) {
        (_, EPOCHS.., _) => false,
        (Content::ApplicationData, epoch, body) => epoch > 0 && !body.is_empty(),
        (Content::ChangeCipherSpec, _, body) => body == [1] || record.epoch > 0,
        (Content::Alert, 0, body) => matches!(body, [1 | 2, _]),
        (Content::Handshake, 0, body) => piece(&mut Reader::new(body)).is_some_and(|piece| matches!(piece.kind, 0..=4 | 11..=16 | 20)),
        (Content::Handshake | Content::Alert, _, body) => body.len() >= 16,
        (Content::Heartbeat | Content::Ssl2, ..) => false,
    }
}

/// A piece of a handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// Type of the message.
    pub(crate) kind: u8,
    /// Bytes of the whole message.
    pub(crate) length: usize,
    /// Number of the message.
    pub(crate) number: u16,
    /// Where in the message the piece is.
    pub(crate) offset: usize,
    /// The piece, as far as it is there.
    pub(crate) bytes: &'a [u8],
}

/// The next piece in the body of a record; `None` when there is none, or it goes beyond its message.
pub(crate) fn piece<'a>(reader: &mut Reader<'a>) -> Option<Piece<'a>> {
    if reader.left() < PIECE_HEAD {
        return None;
    }
    let kind = reader.u8().ok()?;
    let length = usize::try_from(reader.u24().ok()?).ok()?;
    let number = reader.u16().ok()?;
    let offset = usize::try_from(reader.u24().ok()?).ok()?;
    let piece_bytes = usize::try_from(reader.u24().ok()?).ok()?;
    let piece = Piece { kind, length, number, offset, bytes: reader.take_up_to(piece_bytes) };
    (offset.saturating_add(piece_bytes) <= length).then_some(piece)
}

/// What a piece of a message came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// The message is whole: type, three bytes of length, and what it says.
    Message(Vec<u8>),
    /// More is to come, or it came before.
    Wait,
    /// One side's messages go beyond the limits.
    Excess,
}

/// Puts the handshake messages of one side together. A message that lacks a piece holds up no other.
#[derive(Default)]
pub(crate) struct Messages {
    open: BTreeMap<u16, Open>,
    /// Numbers of messages that were whole, the latest last.
    done: VecDeque<u16>,
    taken: usize,
}

struct Open {
    kind: u8,
    length: usize,
    stream: CryptoStream,
}

impl Messages {
    /// Adds a piece.
    pub(crate) fn push(&mut self, piece: &Piece<'_>) -> Pushed {
        if self.done.contains(&piece.number) {
            return Pushed::Wait;
        }
        self.taken = self.taken.saturating_add(piece.bytes.len()).saturating_add(PIECE_HEAD);
        let is_new = !self.open.contains_key(&piece.number);
        let is_too_many = is_new && self.open.len() >= limits::DTLS_MESSAGES;
        if is_too_many || piece.length > limits::CRYPTO_BYTES || self.taken > limits::HANDSHAKE_BYTES {
            return Pushed::Excess;
        }
        let fresh = || Open { kind: piece.kind, length: piece.length, stream: CryptoStream::default() };
        let open = self.open.entry(piece.number).or_insert_with(fresh);
        if (open.kind, open.length) != (piece.kind, piece.length) {
            return Pushed::Wait;
        }
        open.stream.push(u64::try_from(piece.offset).unwrap_or(u64::MAX), piece.bytes);
        match open.stream.bytes().get(..open.length) {
            Some(body) => {
                let message = framed(open.kind, body);
                self.open.remove(&piece.number);
                self.finish(piece.number);
                Pushed::Message(message)
            }
            None => Pushed::Wait,
        }
    }

    fn finish(&mut self, number: u16) {
        if self.done.len() >= limits::DTLS_MESSAGES {
            self.done.pop_front();
        }
        self.done.push_back(number);
    }

    /// What is there of a client hello that is not whole, as TLS would have it.
    pub(crate) fn cut_client_hello(&self) -> Option<Vec<u8>> {
        let open = self.open.values().find(|open| open.kind == CLIENT_HELLO)?;
        client_hello(open.stream.bytes())
    }
}

/// A message with a head as in TLS.
fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
    [&[kind][..], &length, body].concat()
}

/// A whole message as TLS would have it: without cookie, and with a version that is one of TLS where what reads it insists.
pub(crate) fn as_tls(message: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(message);
    let kind = reader.u8().ok()?;
    reader.skip(3).ok()?;
    match kind {
        CLIENT_HELLO => client_hello(reader.rest()),
        SERVER_HELLO => {
            let version = tls_version(reader.u16().ok()?);
            Some(framed(kind, &[&version.to_be_bytes()[..], reader.rest()].concat()))
        }
        _ => Some(message.to_vec()),
    }
}

fn client_hello(body: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(body);
    reader.skip(34).ok()?;
    let session = reader.u8().ok()?;
    reader.take_up_to(session.into());
    let before = body.get(..reader.position())?;
    let cookie = reader.u8().unwrap_or_default();
    reader.take_up_to(cookie.into());
    Some(framed(CLIENT_HELLO, &[before, reader.rest()].concat()))
}

/// The version of TLS that one of DTLS is made of.
pub(crate) const fn tls_version(version: u16) -> u16 {
    match version {
        0xfeff => 0x0302,
        0xfefd => 0x0303,
        0xfefc => 0x0304,
        other => other,
    }
}

/// The version of DTLS that is made of one of TLS.
pub(crate) const fn dtls_version(version: u16) -> u16 {
    match version {
        0x0302 => 0xfeff,
        0x0303 => 0xfefd,
        0x0304 => 0xfefc,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::handshake::{self, Handshake};

    /// A record of the first epoch.
    fn clear(content: u8, number: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[content, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, number][..], &length, body].concat()
    }

    /// A piece: type, length, number, offset, bytes.
    fn piece_of((kind, length, number): (u8, u8, u8), offset: u8, bytes: &[u8]) -> Vec<u8> {
        let count = u8::try_from(bytes.len()).unwrap();
        [&[kind, 0, 0, length, 0, number, 0, 0, offset, 0, 0, count][..], bytes].concat()
    }

    fn push(messages: &mut Messages, bytes: &[u8]) -> Pushed {
        messages.push(&piece(&mut Reader::new(bytes)).unwrap())
    }

    #[test]
    fn cuts_datagrams_into_records() {
        let datagram = [clear(22, 3, &piece_of((14, 0, 5), 0, b"")), clear(20, 4, &[1])].concat();
        let mut reader = Reader::new(&datagram);
        let first = record(&mut reader).unwrap();
        assert_eq!((first.content, first.version, first.epoch, first.number, first.body.len()), (Content::Handshake, 0xfefd, 0, 3, 12));
        assert_eq!(record(&mut reader).unwrap().body, [1]);
        assert!(reader.is_empty() && record(&mut reader).is_none());
        let sealed = [23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, 2, 0, 1, 9];
        let record = record(&mut Reader::new(&sealed)).unwrap();
        assert_eq!((record.sequence(), record.is_whole()), (0x0001_0000_0000_0102, true));
    }

    #[test]
    fn recognises_records_that_fill_the_datagram() {
        let done = clear(22, 0, &piece_of((14, 0, 5), 0, b""));
        let sealed = [&[23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, 2, 0, 20][..], &[7; 20]].concat();
        for yes in [&done, &sealed, &[&done[..], &sealed].concat(), &clear(21, 0, &[2, 40]), &[&done[..], &[0x2f, 1, 2]].concat()] {
            assert!(begins_like_dtls(yes), "{yes:02x?}");
        }
        assert!(begins_like_dtls(&done[..done.len()]));
        let hello = clear(22, 0, &piece_of((1, 100, 0), 0, &[7; 100]));
        assert!(begins_like_dtls(&hello[..60]), "cut");
        for no in [
            &sealed[..20],
            &[&sealed[..], &[0]].concat(),
            &clear(23, 0, &[1; 20]),
            &clear(22, 0, &[1; 20]),
            &clear(21, 0, &[9, 9]),
            b"\x16\x03\x03\0\0\0\0\0\0\0\0\0\0",
            &[],
        ] {
            assert!(!begins_like_dtls(no), "{no:02x?}");
        }
    }

    #[test]
    fn messages_come_in_pieces_of_any_order() {
        let mut messages = Messages::default();
        assert_eq!(push(&mut messages, &piece_of((11, 5, 2), 3, b"de")), Pushed::Wait);
        assert_eq!(push(&mut messages, &piece_of((14, 0, 3), 0, b"")), Pushed::Message(vec![14, 0, 0, 0]));
        assert_eq!(push(&mut messages, &piece_of((11, 6, 2), 0, b"abcdef")), Pushed::Wait, "of another message");
        assert_eq!(push(&mut messages, &piece_of((11, 5, 2), 0, b"abcd")), Pushed::Message(b"\x0b\0\0\x05abcde".to_vec()));
        assert_eq!(push(&mut messages, &piece_of((11, 5, 2), 0, b"abcde")), Pushed::Wait, "sent again");
        assert_eq!(piece(&mut Reader::new(&piece_of((11, 5, 2), 3, b"def"))), None, "beyond its message");
    }

    #[test]
    fn messages_are_bounded() {
        let mut messages = Messages::default();
        let many =
            (0..=u16::try_from(limits::DTLS_MESSAGES).unwrap()).map(|number| Piece { kind: 11, length: 9, number, offset: 0, bytes: b"a" });
        assert_eq!(many.map(|piece| messages.push(&piece)).last(), Some(Pushed::Excess));
        let huge = Piece { kind: 11, length: 0x00ff_ffff, number: 0, offset: 0, bytes: b"a" };
        assert_eq!(Messages::default().push(&huge), Pushed::Excess);
        let (mut messages, bytes) = (Messages::default(), [0; 1_000]);
        let again = |_| messages.push(&Piece { kind: 11, length: 60_000, number: 0, offset: 1, bytes: &bytes });
        assert_eq!((0..300).map(again).last(), Some(Pushed::Excess));
    }

    #[test]
    fn a_hello_is_read_without_its_cookie() {
        let hello = handshake::tests::client_hello(&[(0, &handshake::tests::name("a.example"))]);
        let mut sent = hello;
        sent[4..6].copy_from_slice(&[0xfe, 0xfd]);
        let expected = sent.clone();
        sent.splice(39..39, [3, 9, 9, 9]);
        sent[3] += 4;
        assert_eq!(as_tls(&sent), Some(expected.clone()));
        let Some(Handshake::ClientHello(read)) = handshake::read(&expected) else { panic!("no client hello") };
        assert_eq!((read.version, read.server_name), (0xfefd, Some(&b"a.example"[..])));
        let server = [&[2, 0, 0, 38, 0xfe, 0xfd][..], &[5; 32], &[0, 0xc0, 0x2f, 0]].concat();
        let server = as_tls(&server).unwrap();
        let Some(Handshake::ServerHello(read)) = handshake::read(&server) else { panic!("no server hello") };
        assert_eq!((dtls_version(read.version), read.cipher), (0xfefd, 0xc02f));
    }
}
