//! Frames of HTTP/3 (RFC 9114 section 7.1), cut out of one direction of a stream as it comes.
//!
//! ```text
//! type (variable) | length (variable) | payload          0 DATA, 1 HEADERS, 4 SETTINGS, 5 PUSH_PROMISE
//! 2 bits of length, 6, 14, 30 or 62 bits of value        an integer of QUIC (RFC 9000 section 16)
//! ```

use super::http::Input;
use super::reader::{Reader, Short};
use crate::limits::HTTP_HEAD_BYTES;

/// Types of frames that matter here.
pub(crate) mod kind {
    pub(crate) const DATA: u64 = 0;
    pub(crate) const HEADERS: u64 = 1;
    pub(crate) const SETTINGS: u64 = 4;
}

/// Setting with the greatest capacity of the table of fields (RFC 9204 section 5).
const MAX_TABLE_CAPACITY: u64 = 1;

/// An integer of variable length.
pub(crate) fn variable(reader: &mut Reader<'_>) -> Result<u64, Short> {
    let mut ahead = *reader;
    let first = ahead.u8()?;
    let mut value = u64::from(first & 0x3f);
    for _ in 1..1_u8.wrapping_shl((first >> 6).into()) {
        value = value.wrapping_shl(8) | u64::from(ahead.u8()?);
    }
    *reader = ahead;
    Ok(value)
}

/// Capacity of the table that settings allow; 0 where they say nothing.
pub(crate) fn table_capacity(settings: &[u8]) -> u64 {
    let mut reader = Reader::new(settings);
    while let (Ok(name), Ok(value)) = (variable(&mut reader), variable(&mut reader)) {
        if name == MAX_TABLE_CAPACITY {
            return value;
        }
    }
    0
}

/// A piece of a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Data, there or missing.
    Data(Input<'a>),
    /// Any other frame: its type and payload.
    Frame(u64, Vec<u8>),
    /// A frame of which part is missing, or more than the limit.
    Cut(u64),
    /// Bytes are missing where a frame begins: nothing that follows can be read.
    Lost,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Head,
    Data { left: u64 },
    Payload { kind: u64, left: u64, is_cut: bool },
    Lost,
}

/// Cuts one direction of a stream into frames.
#[derive(Debug)]
pub(crate) struct Frames {
    state: State,
    held: Vec<u8>,
}

impl Default for Frames {
    fn default() -> Self {
        Self { state: State::Head, held: Vec::new() }
    }
}

impl Frames {
    /// The next part; `None` when the input is used up.
    pub(crate) fn next<'a>(&mut self, input: &mut Input<'a>) -> Option<Part<'a>> {
        loop {
            match self.state {
                State::Lost => return None,
                State::Data { left: 0 } => self.state = State::Head,
                State::Payload { kind, left: 0, is_cut } => {
                    self.state = State::Head;
                    let payload = std::mem::take(&mut self.held);
                    return Some(if is_cut { Part::Cut(kind) } else { Part::Frame(kind, payload) });
                }
                _ if input.is_empty() => return None,
                State::Data { left } => {
                    let data = input.take_up_to(left);
                    self.state = State::Data { left: left.saturating_sub(data.length()) };
                    return Some(Part::Data(data));
                }
                State::Payload { kind, left, is_cut } => self.collect(kind, (left, is_cut), input),
                State::Head => match input.byte() {
                    Some(byte) => self.head(byte),
                    None => {
                        self.state = State::Lost;
                        return Some(Part::Lost);
                    }
                },
            }
        }
    }

    fn head(&mut self, byte: u8) {
        self.held.push(byte);
        let mut reader = Reader::new(&self.held);
        let (Ok(kind), Ok(left)) = (variable(&mut reader), variable(&mut reader)) else { return };
        self.held.clear();
        let is_long = left > u64::try_from(HTTP_HEAD_BYTES).unwrap_or(u64::MAX);
        self.state = if kind == kind::DATA { State::Data { left } } else { State::Payload { kind, left, is_cut: is_long } };
    }

    fn collect(&mut self, kind: u64, (left, is_cut): (u64, bool), input: &mut Input<'_>) {
        let taken = input.take_up_to(left);
        let is_cut = is_cut || taken.is_missing();
        if let Input::Bytes(bytes) = taken
            && !is_cut
        {
            self.held.extend_from_slice(bytes);
        }
        self.state = State::Payload { kind, left: left.saturating_sub(taken.length()), is_cut };
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "numbers of a test are small")]
mod tests {
    use super::*;

    #[test]
    fn integers_of_the_standard() {
        for (bytes, value) in [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c][..], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
            (&[0x40, 0x25], 37),
        ] {
            assert_eq!(variable(&mut Reader::new(bytes)), Ok(value));
            assert!(variable(&mut Reader::new(bytes.get(1..).unwrap_or_default())).is_err() || bytes.len() > 1);
        }
        assert_eq!(table_capacity(&[6, 0x40, 0x64, 1, 0x50, 0x00, 7, 16]), 4_096);
        assert_eq!(table_capacity(&[6, 0x40]), 0);
    }

    fn parts(inputs: &[Input<'_>]) -> Vec<Part<'static>> {
        let mut frames = Frames::default();
        let mut found: Vec<Part<'static>> = Vec::new();
        for input in inputs {
            let mut input = *input;
            while let Some(part) = frames.next(&mut input) {
                match (found.last_mut(), part) {
                    (Some(Part::Data(Input::Missing(sum))), Part::Data(more)) => *sum += more.length(),
                    (_, Part::Data(data)) => found.push(Part::Data(Input::Missing(data.length()))),
                    (_, Part::Frame(kind, payload)) => found.push(Part::Frame(kind, payload)),
                    (_, Part::Cut(kind)) => found.push(Part::Cut(kind)),
                    (_, Part::Lost) => found.push(Part::Lost),
                }
            }
        }
        found
    }

    #[test]
    fn frames_wherever_they_are_cut() {
        let bytes = [1, 2, 0xaa, 0xbb, 0, 3, b'a', b'b', b'c', 0x21, 0, 4, 0];
        let expected =
            [Part::Frame(1, vec![0xaa, 0xbb]), Part::Data(Input::Missing(3)), Part::Frame(0x21, Vec::new()), Part::Frame(4, Vec::new())];
        assert_eq!(parts(&[Input::Bytes(&bytes)]), expected);
        assert_eq!(parts(&bytes.chunks(1).map(Input::Bytes).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn gaps() {
        let inside = [Input::Bytes(&[0, 9, 1]), Input::Missing(8), Input::Bytes(&[1, 1, 7])];
        assert_eq!(parts(&inside), [Part::Data(Input::Missing(9)), Part::Frame(1, vec![7])]);
        let head = [Input::Bytes(&[1, 3, 1]), Input::Missing(2), Input::Bytes(&[0, 0]), Input::Missing(1), Input::Bytes(&[1, 0])];
        assert_eq!(parts(&head), [Part::Cut(1), Part::Lost]);
    }
}
