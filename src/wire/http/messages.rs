//! One direction of a connection, cut into messages: heads handed out whole, bodies as they come.
//!
//! Where the next message starts is lost after a gap that is not inside a body, and after bytes that are no
//! message; then it is looked for in the lines that follow.

use super::Family;
use super::chunked::{Chunk, Chunked};
use crate::limits::HTTP_HEAD_BYTES;

/// What comes next in a direction: bytes, or so many bytes that the capture lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input<'a> {
    /// Bytes.
    Bytes(&'a [u8]),
    /// Their number, where they are missing.
    Missing(u64),
}

impl<'a> Input<'a> {
    pub(crate) const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(1..))
    }

    /// Nothing is left of it.
    pub(crate) const fn is_empty(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Missing(length) => *length == 0,
        }
    }

    /// How many bytes they are.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Missing(length) => *length,
        }
    }

    /// Moves over at most `limit` bytes, there or missing, and hands them out.
    pub(crate) fn take_up_to(&mut self, limit: u64) -> Self {
        match self {
            Self::Missing(length) => {
                let taken = limit.min(*length);
                *length = length.saturating_sub(taken);
                Self::Missing(taken)
            }
            Self::Bytes(bytes) => {
                let at = usize::try_from(limit).unwrap_or(usize::MAX).min(bytes.len());
                let (taken, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
                *bytes = rest;
                Self::Bytes(taken)
            }
        }
    }

    /// The next byte.
    pub(crate) const fn byte(&mut self) -> Option<u8> {
        match self {
            Self::Bytes([byte, rest @ ..]) => {
                let byte = *byte;
                *self = Self::Bytes(rest);
                Some(byte)
            }
            _ => None,
        }
    }

    /// The bytes up to and including the next line feed, or all when there is none.
    fn line(&mut self) -> &'a [u8] {
        let Self::Bytes(bytes) = self else { return &[] };
        let at = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at.saturating_add(1));
        let (line, rest) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
        *self = Self::Bytes(rest);
        line
    }
}

/// Body of a message, as far as it is still to come.
#[derive(Debug)]
pub(crate) enum Body {
    /// So many bytes.
    Length(u64),
    /// Chunked transfer coding.
    Chunked(Chunked),
    /// Everything up to the end of the connection.
    UntilClose,
}

impl Body {
    /// A chunked body from its start.
    pub(crate) const fn chunked() -> Self {
        Self::Chunked(Chunked::new())
    }
}

/// Why the start of the next message is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Bytes are missing.
    Gap,
    /// Bytes are there, and no message.
    Malformed,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// A whole head; [`Messages::begin`] tells how long its body is.
    Head(Vec<u8>),
    /// What there is of a head whose rest is missing; the next message has to be looked for.
    CutHead(Vec<u8>),
    /// Bytes of the body, or their number where they are missing.
    Body(Input<'a>),
    /// The message is complete.
    End,
    /// The message, if one was being read, ends unseen; the next is looked for.
    Lost(Loss),
    /// A head beyond the limit.
    TooLong,
}

#[derive(Debug)]
enum State {
    /// Before or in a first line; `is_lost` while it is looked for among other bytes.
    Start { is_lost: bool },
    /// In the lines after it.
    Fields,
    /// In a body.
    Body(Body),
    /// In the four bytes before an RTSP packet.
    PacketHead,
    /// In an RTSP packet.
    Packet { left: u64 },
}

/// Cuts one direction into messages.
#[derive(Debug)]
pub(crate) struct Messages {
    family: Family,
    state: State,
    held: Vec<u8>,
    line_start: usize,
}

impl Messages {
    /// At the start of a direction.
    pub(crate) const fn new(family: Family) -> Self {
        Self { family, state: State::Start { is_lost: false }, held: Vec::new(), line_start: 0 }
    }

    /// Tells how long the body is of the head just handed out.
    pub(crate) fn begin(&mut self, body: Body) {
        self.state = State::Body(body);
    }

    /// The head just handed out was none: the next message has to be looked for.
    pub(crate) fn lose(&mut self) {
        self.state = State::Start { is_lost: true };
        self.forget();
    }

    /// Nothing of a message has been read since the last one ended.
    pub(crate) fn is_between(&self) -> bool {
        matches!(self.state, State::Start { .. }) && self.held.is_empty()
    }

    /// In a body that the end of the connection ends.
    pub(crate) const fn ends_with_connection(&self) -> bool {
        matches!(self.state, State::Body(Body::UntilClose))
    }

    /// The next part; `None` when the input is used up.
    pub(crate) fn next<'a>(&mut self, input: &mut Input<'a>) -> Option<Part<'a>> {
        loop {
            match self.state {
                State::Body(_) => return self.body(input),
                _ if input.is_empty() => return None,
                State::Packet { left } => self.packet(left, input),
                _ if input.is_missing() => {
                    if let Some(part) = self.miss(input) {
                        return Some(part);
                    }
                }
                State::PacketHead => self.packet_head(input.byte()?),
                State::Start { .. } => {
                    if let Some(part) = self.start(input) {
                        return Some(part);
                    }
                }
                State::Fields => {
                    if let Some(part) = self.fields(input) {
                        return Some(part);
                    }
                }
            }
        }
    }

    fn body<'a>(&mut self, input: &mut Input<'a>) -> Option<Part<'a>> {
        let State::Body(body) = &mut self.state else { return None };
        let taken = match body {
            Body::Length(0) => return Some(self.end(Part::End)),
            Body::Length(left) => {
                let taken = input.take_up_to(*left);
                *left = left.saturating_sub(taken.length());
                taken
            }
            Body::UntilClose => input.take_up_to(u64::MAX),
            Body::Chunked(chunked) => match chunked.next(input)? {
                Chunk::Data(taken) => taken,
                Chunk::End => return Some(self.end(Part::End)),
                Chunk::Broken if input.is_missing() => return Some(self.lost(Loss::Gap, input)),
                Chunk::Broken => return Some(self.lost(Loss::Malformed, input)),
            },
        };
        (!taken.is_empty()).then_some(Part::Body(taken))
    }

    fn end<'a>(&mut self, part: Part<'a>) -> Part<'a> {
        self.state = State::Start { is_lost: false };
        self.forget();
        part
    }

    /// Missing bytes are taken with the loss; others may hold the next message.
    fn lost<'a>(&mut self, loss: Loss, input: &mut Input<'_>) -> Part<'a> {
        self.lose();
        if input.is_missing() {
            input.take_up_to(u64::MAX);
        }
        Part::Lost(loss)
    }

    const fn is_lost(&self) -> bool {
        matches!(self.state, State::Start { is_lost: true })
    }

    fn forget(&mut self) {
        self.held.clear();
        self.line_start = 0;
    }

    /// At the end of the direction: a head that has not ended is cut.
    pub(crate) fn finish(&mut self) -> Option<Part<'static>> {
        if matches!(self.state, State::Fields) { self.miss(&mut Input::Bytes(&[])) } else { None }
    }

    /// Bytes are missing outside of a body; said once.
    fn miss<'a>(&mut self, input: &mut Input<'_>) -> Option<Part<'a>> {
        if matches!(self.state, State::Fields) {
            self.held.truncate(self.line_start);
            let head = std::mem::take(&mut self.held);
            self.lost(Loss::Gap, input);
            return Some(Part::CutHead(head));
        }
        let was_lost = self.is_lost();
        let part = self.lost(Loss::Gap, input);
        (!was_lost).then_some(part)
    }

    fn start<'a>(&mut self, input: &mut Input<'_>) -> Option<Part<'a>> {
        if self.held.is_empty() && !self.is_lost() && self.is_packet(input) {
            self.state = State::PacketHead;
            return None;
        }
        self.held.extend_from_slice(input.line());
        if self.held.last() == Some(&b'\n') {
            return self.start_line(input);
        }
        (self.held.len() > HTTP_HEAD_BYTES).then(|| self.long_start(input)).flatten()
    }

    /// Empty lines before a message are passed over (RFC 9112 section 2.2).
    fn start_line<'a>(&mut self, input: &mut Input<'_>) -> Option<Part<'a>> {
        if self.held.trim_ascii().is_empty() {
            self.forget();
            return None;
        }
        let is_lost = self.is_lost();
        let is_start = self.family.is_start_line(&self.held);
        let found = if is_start { Some(0) } else { self.family.find_start(&self.held) };
        let Some(at) = found else {
            self.forget();
            return (!is_lost).then(|| self.lost(Loss::Malformed, input));
        };
        self.held.drain(..at);
        self.line_start = self.held.len();
        self.state = State::Fields;
        if self.held.len() > HTTP_HEAD_BYTES {
            return Some(Part::TooLong);
        }
        (!is_lost && !is_start).then_some(Part::Lost(Loss::Malformed))
    }

    /// A line without end: a head that is too long, or no message; what is looked through is kept short.
    fn long_start<'a>(&mut self, input: &mut Input<'_>) -> Option<Part<'a>> {
        if self.is_lost() {
            self.held.drain(..self.held.len().div_euclid(2));
            return None;
        }
        Some(if self.family.may_start(&self.held) { Part::TooLong } else { self.lost(Loss::Malformed, input) })
    }

    fn fields<'a>(&mut self, input: &mut Input<'_>) -> Option<Part<'a>> {
        self.held.extend_from_slice(input.line());
        if self.held.len() > HTTP_HEAD_BYTES {
            return Some(Part::TooLong);
        }
        if self.held.last() != Some(&b'\n') {
            return None;
        }
        let line = self.held.get(self.line_start..).unwrap_or_default();
        let is_end = line.trim_ascii().is_empty();
        self.line_start = self.held.len();
        if !is_end {
            return None;
        }
        let head = std::mem::take(&mut self.held);
        self.line_start = 0;
        self.state = State::Body(Body::Length(0));
        Some(Part::Head(head))
    }

    /// RTSP sends media between its messages: `$`, channel, length, packet (RFC 2326 section 10.12).
    fn is_packet(&self, input: &Input<'_>) -> bool {
        self.family == Family::Rtsp && matches!(input, Input::Bytes([b'$', ..]))
    }

    fn packet_head(&mut self, byte: u8) {
        self.held.push(byte);
        if let [_, _, high, low] = self.held.as_slice() {
            self.state = State::Packet { left: u16::from_be_bytes([*high, *low]).into() };
            self.forget();
        }
    }

    fn packet(&mut self, left: u64, input: &mut Input<'_>) {
        let left = left.saturating_sub(input.take_up_to(left).length());
        self.state = if left == 0 { State::Start { is_lost: false } } else { State::Packet { left } };
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "numbers of a test are small")]
mod tests {
    use super::*;

    /// All parts, with every head's body taken to be of the given length; counts of bodies are summed up.
    fn parts(family: Family, inputs: &[Input<'_>], body: u64) -> Vec<Part<'static>> {
        let mut messages = Messages::new(family);
        let mut parts: Vec<Part<'static>> = Vec::new();
        for input in inputs {
            let mut input = *input;
            while let Some(part) = messages.next(&mut input) {
                let part = counted(part);
                match (parts.last_mut(), &part) {
                    (Some(Part::Body(Input::Missing(sum))), Part::Body(more)) => *sum += more.length(),
                    _ => parts.push(part.clone()),
                }
                match part {
                    Part::Head(_) => messages.begin(Body::Length(body)),
                    Part::TooLong => return parts,
                    _ => {}
                }
            }
        }
        parts
    }

    /// The part, of a body only its length.
    fn counted(part: Part<'_>) -> Part<'static> {
        match part {
            Part::Body(input) => body(input.length()),
            Part::Head(head) => Part::Head(head),
            Part::CutHead(head) => Part::CutHead(head),
            Part::End => Part::End,
            Part::Lost(loss) => Part::Lost(loss),
            Part::TooLong => Part::TooLong,
        }
    }

    const fn body(length: u64) -> Part<'static> {
        Part::Body(Input::Missing(length))
    }

    fn of_bytes(bytes: &[u8], body: u64) -> Vec<Part<'static>> {
        let whole = parts(Family::Http, &[Input::Bytes(bytes)], body);
        let single: Vec<_> = bytes.chunks(1).map(Input::Bytes).collect();
        assert_eq!(parts(Family::Http, &single, body), whole);
        whole
    }

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn messages_follow_each_other() {
        let head = Part::Head(GET.to_vec());
        assert_eq!(of_bytes(&GET.repeat(2), 0), [head.clone(), Part::End, head.clone(), Part::End]);
        assert_eq!(of_bytes(&[b"\r\n\n", GET, b"abc", GET].concat(), 3), [head.clone(), body(3), Part::End, head]);
    }

    #[test]
    fn what_is_no_message_is_passed_over() {
        for junk in [&b"\x00\x01\nmore\n.."[..], b".."] {
            let parts = of_bytes(&[junk, GET].concat(), 0);
            assert_eq!(parts, [Part::Lost(Loss::Malformed), Part::Head(GET.to_vec()), Part::End]);
        }
    }

    #[test]
    fn a_gap_in_a_body_keeps_the_place() {
        let inputs = [Input::Bytes(GET), Input::Missing(3), Input::Bytes(GET)];
        let head = Part::Head(GET.to_vec());
        assert_eq!(parts(Family::Http, &inputs, 3), [head.clone(), body(3), Part::End, head.clone()]);
        assert_eq!(parts(Family::Http, &inputs, 2), [head.clone(), body(2), Part::End, Part::Lost(Loss::Gap), head]);
    }

    #[test]
    fn a_gap_in_a_head_loses_it() {
        let inputs = [Input::Bytes(b"GET / HT"), Input::Missing(9), Input::Missing(1), Input::Bytes(b"st: a\r\n\r\n"), Input::Bytes(GET)];
        assert_eq!(parts(Family::Http, &inputs, 0), [Part::Lost(Loss::Gap), Part::Head(GET.to_vec()), Part::End]);
    }

    #[test]
    fn what_is_left_of_a_head_is_kept_line_by_line() {
        let inputs =
            [Input::Bytes(b"GET /a HTTP/1.1\r\nHost: a\r\nUser-Ag"), Input::Missing(9), Input::Bytes(b"more\r\n\r\n"), Input::Bytes(GET)];
        let cut = Part::CutHead(b"GET /a HTTP/1.1\r\nHost: a\r\n".to_vec());
        assert_eq!(parts(Family::Http, &inputs, 0), [cut, Part::Head(GET.to_vec()), Part::End]);
        let mut messages = Messages::new(Family::Http);
        assert_eq!(messages.next(&mut Input::Bytes(b"GET / HTTP/1.1\r\n")), None);
        assert_eq!(messages.finish(), Some(Part::CutHead(b"GET / HTTP/1.1\r\n".to_vec())));
        assert_eq!(messages.finish(), None);
    }

    #[test]
    fn heads_have_a_limit() {
        let long = [b"GET / HTTP/1.1\r\nA: ", &*vec![b'a'; HTTP_HEAD_BYTES]].concat();
        assert_eq!(of_bytes(&long, 0), [Part::TooLong]);
        let line = [b"GET /", &*vec![b'a'; HTTP_HEAD_BYTES]].concat();
        assert_eq!(of_bytes(&line, 0), [Part::TooLong]);
        assert_eq!(of_bytes(&vec![0; 3 * HTTP_HEAD_BYTES], 0), [Part::Lost(Loss::Malformed)]);
    }

    #[test]
    fn rtsp_packets_are_skipped() {
        let options = b"OPTIONS * RTSP/1.0\r\n\r\n";
        let bytes = [options, &b"$\x00\x00\x02ab"[..], b"$\x01\x00\x00", options].concat();
        let head = Part::Head(options.to_vec());
        assert_eq!(parts(Family::Rtsp, &[Input::Bytes(&bytes)], 0), [head.clone(), Part::End, head, Part::End]);
    }
}
