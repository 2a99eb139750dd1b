//! Chunked transfer coding (RFC 9112 section 7.1), followed as it comes.
//!
//! ```text
//! size in hex [; extensions] CRLF data CRLF    repeated, the size of the last being 0 and its data left out
//! trailer fields, each with CRLF
//! CRLF
//! ```

use super::messages::Input;
use crate::limits::HTTP_HEAD_BYTES;

/// Where in the coding the next byte lies.
#[derive(Debug)]
pub(crate) struct Chunked {
    state: State,
    framing_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size { value: Option<u64> },
    Extension { value: u64 },
    Data { left: u64 },
    DataEnd,
    Trailer { is_line_empty: bool },
    Ended,
    Broken,
}

/// What the coding held next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk<'a> {
    /// Bytes of data, or their number where they are missing.
    Data(Input<'a>),
    /// The end of the body.
    End,
    /// Something that is not this coding, or a hole in the framing.
    Broken,
}

impl Chunked {
    pub(super) const fn new() -> Self {
        Self { state: State::Size { value: None }, framing_bytes: 0 }
    }

    /// The next thing; `None` when the input is used up.
    pub(super) fn next<'a>(&mut self, input: &mut Input<'a>) -> Option<Chunk<'a>> {
        loop {
            match self.state {
                State::Ended => return Some(Chunk::End),
                State::Broken => return Some(Chunk::Broken),
                State::Data { left } => return self.data(left, input),
                _ if input.is_missing() => self.state = State::Broken,
                state => self.state = self.framing(state, input.byte()?),
            }
        }
    }

    fn data<'a>(&mut self, left: u64, input: &mut Input<'a>) -> Option<Chunk<'a>> {
        let taken = input.take_up_to(left);
        self.framing_bytes = 0;
        self.state = match left.saturating_sub(taken.length()) {
            0 => State::DataEnd,
            left => State::Data { left },
        };
        (!taken.is_empty()).then_some(Chunk::Data(taken))
    }

    fn framing(&mut self, state: State, byte: u8) -> State {
        self.framing_bytes = self.framing_bytes.saturating_add(1);
        match (state, byte) {
            _ if self.framing_bytes > HTTP_HEAD_BYTES => State::Broken,
            (State::Size { value: Some(value) } | State::Extension { value }, b'\n') => after_size(value),
            (State::Size { value: Some(value) }, b';' | b' ' | b'\t' | b'\r') => State::Extension { value },
            (State::Size { value }, digit) => with_digit(value, digit).map_or(State::Broken, |value| State::Size { value: Some(value) }),
            (State::DataEnd, b'\n') => State::Size { value: None },
            (State::DataEnd, b'\r') => State::DataEnd,
            (State::DataEnd, _) => State::Broken,
            (State::Trailer { is_line_empty: true }, b'\n') => State::Ended,
            (State::Trailer { .. }, b'\n') => State::Trailer { is_line_empty: true },
            (State::Trailer { is_line_empty }, b'\r') => State::Trailer { is_line_empty },
            (State::Trailer { .. }, _) => State::Trailer { is_line_empty: false },
            (state, _) => state,
        }
    }
}

const fn after_size(value: u64) -> State {
    match value {
        0 => State::Trailer { is_line_empty: true },
        left => State::Data { left },
    }
}

fn with_digit(value: Option<u64>, digit: u8) -> Option<u64> {
    let digit = char::from(digit).to_digit(16)?;
    value.unwrap_or(0).checked_mul(16)?.checked_add(digit.into())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "numbers of a test are small")]
mod tests {
    use super::*;

    /// Data bytes, and how it ended: `None` when more is to come.
    fn read(inputs: Vec<Input<'_>>) -> (u64, Option<Chunk<'_>>) {
        let mut chunked = Chunked::new();
        let mut total = 0;
        for mut input in inputs {
            while let Some(chunk) = chunked.next(&mut input) {
                match chunk {
                    Chunk::Data(bytes) => total += bytes.length(),
                    end => return (total, Some(end)),
                }
            }
        }
        (total, None)
    }

    fn read_bytes(bytes: &[u8]) -> (u64, Option<Chunk<'_>>) {
        let whole = read(vec![Input::Bytes(bytes)]);
        assert_eq!(read(bytes.chunks(1).map(Input::Bytes).collect()), whole);
        whole
    }

    #[test]
    fn counts_data_and_nothing_else() {
        assert_eq!(read_bytes(b"5\r\nhello\r\n0\r\n\r\n"), (5, Some(Chunk::End)));
        assert_eq!(read_bytes(b"0005 ;a=\"b;c\"\r\nhello\r\n00\r\nTrailer: x\r\n\r\n"), (5, Some(Chunk::End)));
        assert_eq!(read_bytes(b"A\n0123456789\n0\n\n"), (10, Some(Chunk::End)));
        assert_eq!(read_bytes(b"5\r\nhel"), (3, None));
        assert_eq!(read_bytes(b""), (0, None));
        assert_eq!(read_bytes(b"0\r\nTrailer: x\r\n"), (0, None));
    }

    #[test]
    fn what_is_not_chunked_is_broken() {
        for bytes in [&b"\r\n"[..], b"x", b"-1\r\n", b"5\r\nhelloX", b"11111111111111111\r\n", b" 5\r\n", b";\r\n"] {
            assert_eq!(read_bytes(bytes).1, Some(Chunk::Broken), "{bytes:?}");
        }
    }

    #[test]
    fn framing_without_end_is_broken() {
        let extension = [b"5;".to_vec(), vec![b'a'; HTTP_HEAD_BYTES]].concat();
        assert_eq!(read_bytes(&extension), (0, Some(Chunk::Broken)));
        assert_eq!(read_bytes(&b"1\r\na\r\n".repeat(HTTP_HEAD_BYTES)), (HTTP_HEAD_BYTES as u64, None));
    }

    #[test]
    fn a_gap_inside_data_is_skipped_and_in_framing_breaks() {
        let ended = read(vec![Input::Bytes(b"5\r\nh"), Input::Missing(4), Input::Bytes(b"\r\n0\r\n\r\n")]);
        assert_eq!(ended, (5, Some(Chunk::End)));
        assert_eq!(read(vec![Input::Bytes(b"5\r\nh"), Input::Missing(5)]), (5, Some(Chunk::Broken)));
    }
}
