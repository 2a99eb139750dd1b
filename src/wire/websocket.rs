//! WebSocket frames of one side (RFC 6455 section 5.2), followed as they come; payloads are counted, not kept.
//!
//! ```text
//! FIN RSV1-3 opcode | MASK length (7 bits; 126: 16 more, 127: 64 more) | masking key | payload
//! ```

use super::http::Input;
use super::reader::Reader;

/// Head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong.
    pub(crate) opcode: u8,
    /// RSV1: the message is compressed (RFC 7692 section 6).
    pub(crate) is_compressed: bool,
    /// Bytes of its payload.
    pub(crate) length: u64,
    /// Status code, of a close frame that has one.
    pub(crate) close_code: Option<u16>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A frame, whose payload is passed over.
    Frame(Frame),
    /// What is no frame, or a gap in a head: the rest cannot be read.
    Lost,
}

/// Cuts one side into frames.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    held: Vec<u8>,
    left: u64,
    is_lost: bool,
    /// Key of the frame being passed over, its next byte first.
    key: [u8; 4],
    /// The frame being passed over is the last of its message.
    is_final: bool,
    /// Payload since it was last asked for, when somebody wants it.
    payload: Option<Vec<u8>>,
}

impl Frames {
    /// The next frame; `None` when the input is used up.
    pub(crate) fn next(&mut self, input: &mut Input<'_>) -> Option<Next> {
        while !self.is_lost {
            let part = input.take_up_to(self.left);
            self.left = self.left.saturating_sub(part.length());
            self.unmask(part);
            if input.is_empty() {
                return None;
            }
            let Some(byte) = input.byte() else { return Some(self.lose()) };
            self.held.push(byte);
            match self.head() {
                Ok(Some((frame, left, key))) => {
                    self.is_final = self.held.first().is_some_and(|first| first & 0x80 != 0);
                    self.held.clear();
                    self.left = left;
                    self.key = key;
                    // The status of a close frame was read with its head.
                    self.key.rotate_left(if left < frame.length { 2 } else { 0 });
                    return Some(Next::Frame(frame));
                }
                Ok(None) => {}
                Err(NoFrame) => return Some(self.lose()),
            }
        }
        None
    }

    /// Keeps payload for whoever takes it.
    pub(crate) fn keep_payload(&mut self) {
        self.payload = Some(Vec::new());
    }

    /// The frame is the last of its message.
    pub(crate) const fn is_final(&self) -> bool {
        self.is_final
    }

    /// The frame was passed over to its end.
    pub(crate) const fn is_through(&self) -> bool {
        self.left == 0
    }

    /// The payload that was passed over since the last time, unmasked.
    pub(crate) fn take_payload(&mut self) -> Vec<u8> {
        self.payload.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// A missing part turns the key too.
    fn unmask(&mut self, part: Input<'_>) {
        let Some(payload) = &mut self.payload else { return };
        let count = match part {
            Input::Bytes(bytes) => {
                payload.extend(bytes.iter().zip(self.key.iter().cycle()).map(|(byte, key)| byte ^ key));
                part.length()
            }
            Input::Missing(count) => count,
        };
        self.key.rotate_left(usize::try_from(count % 4).unwrap_or(0));
    }

    fn lose(&mut self) -> Next {
        self.is_lost = true;
        Next::Lost
    }

    /// The frame whose head is held, and the bytes of payload that are not.
    fn head(&self) -> Result<Option<(Frame, u64, [u8; 4])>, NoFrame> {
        let mut reader = Reader::new(&self.held);
        let (Ok(first), Ok(second)) = (reader.u8(), reader.u8()) else { return Ok(None) };
        let opcode = first & 0x0f;
        let is_control = opcode >= 8;
        let is_known = matches!(opcode, 0..=2 | 8..=10) && first & 0x30 == 0 && !(is_control && (first & 0x80 == 0 || second & 0x7f > 125));
        if !is_known {
            return Err(NoFrame);
        }
        let length = match second & 0x7f {
            126 => reader.u16().map(u64::from),
            127 => reader.u64(),
            length => Ok(length.into()),
        };
        let key = if second & 0x80 == 0 { Ok([0; 4]) } else { reader.array::<4>() };
        let (Ok(length), Ok(key)) = (length, key) else { return Ok(None) };
        let mut frame = Frame { opcode, is_compressed: first & 0x40 != 0, length, close_code: None };
        if opcode == 8 && length >= 2 {
            let Ok([c, d]) = reader.array() else { return Ok(None) };
            let [a, b, ..] = key;
            frame.close_code = Some(u16::from_be_bytes([a ^ c, b ^ d]));
            return Ok(Some((frame, length.saturating_sub(2), key)));
        }
        Ok(Some((frame, length, key)))
    }
}

/// The bytes cannot begin a frame.
struct NoFrame;

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(inputs: &[Input<'_>]) -> Vec<Next> {
        let mut frames = Frames::default();
        let mut found = Vec::new();
        for input in inputs {
            let mut input = *input;
            found.extend(std::iter::from_fn(|| frames.next(&mut input)));
        }
        found
    }

    fn frame(opcode: u8, length: u64, close_code: Option<u16>) -> Next {
        Next::Frame(Frame { opcode, is_compressed: false, length, close_code })
    }

    #[test]
    fn frames_of_the_standard() {
        let bytes = [
            &[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f][..],
            &[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58],
            &[0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f],
            &[0x82, 0x7e, 0x01, 0x00],
            &[7; 256],
            &[0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xe8 ^ 2],
        ]
        .concat();
        let expected =
            [frame(1, 5, None), frame(1, 5, None), frame(1, 3, None), frame(0, 2, None), frame(2, 256, None), frame(8, 2, Some(1_000))];
        assert_eq!(frames(&[Input::Bytes(&bytes)]), expected);
        assert_eq!(frames(&bytes.chunks(1).map(Input::Bytes).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn payload_is_unmasked_for_who_wants_it() {
        // "Hello", masked (RFC 6455 section 5.7), in pieces and with a byte missing.
        let bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        let payload = |inputs: &[Input<'_>]| {
            let mut frames = Frames::default();
            frames.keep_payload();
            inputs
                .iter()
                .flat_map(|input| {
                    let mut input = *input;
                    while frames.next(&mut input).is_some() {}
                    frames.take_payload()
                })
                .collect::<Vec<u8>>()
        };
        assert_eq!(payload(&[Input::Bytes(&bytes)]), b"Hello");
        assert_eq!(payload(&bytes.chunks(1).map(Input::Bytes).collect::<Vec<_>>()), b"Hello");
        assert_eq!(payload(&[Input::Bytes(&bytes[..7]), Input::Missing(1), Input::Bytes(&bytes[8..])]), b"Hllo");
    }

    #[test]
    fn a_gap_in_a_payload_keeps_the_place_and_in_a_head_loses_it() {
        let start = Input::Bytes(&[0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(frames(&[start, Input::Missing(256), Input::Bytes(&[0x89, 0])]), [frame(2, 256, None), frame(9, 0, None)]);
        assert_eq!(frames(&[start, Input::Missing(257), Input::Bytes(&[0x89, 0])]), [frame(2, 256, None), Next::Lost]);
        assert_eq!(frames(&[Input::Bytes(&[0x83, 0])]), [Next::Lost]);
        assert_eq!(frames(&[Input::Bytes(&[0x09, 0])]), [Next::Lost]);
    }
}
