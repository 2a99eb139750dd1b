//! Frames of HTTP/2 (RFC 9113 section 4.1), cut out of one direction as it comes.
//!
//! ```text
//! "PRI * HTTP/2.0" CRLF CRLF "SM" CRLF CRLF        the client first, then both:
//! length (24) | type (8) | flags (8) | R stream (31) | payload
//!   DATA     0   [pad length (8)] data [padding]                            1 end, 8 padded
//!   HEADERS  1   [pad length (8)] [dependency (32) weight (8)] block        1 end, 4 last, 8 padded, 20 priority
//!   PUSH_PROMISE 5   [pad length (8)] R promised (31) block                 4 last, 8 padded
//!   CONTINUATION 9   block                                                  4 last
//! ```
//!
//! After a gap outside of data nobody knows where the next frame begins. It is looked for: two heads of frames, the
//! second where the first says, both as the standard wants them.

use super::http::Input;
use super::reader::Reader;
use crate::limits::HTTP2_FRAME_BYTES;

/// What a client sends first.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Head of a frame.
const HEAD_BYTES: usize = 9;
/// Greatest frame that a peer takes without having said otherwise (RFC 9113 section 6.5.2).
const USUAL_BYTES: u32 = 16_384;
/// Greatest stream that is believed where a frame is looked for.
const LIKELY_STREAM: u32 = 1 << 20;

/// Types of frames that matter here (RFC 9113 section 6).
pub(crate) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PUSH_PROMISE: u8 = 5;
    pub(crate) const CONTINUATION: u8 = 9;
}

/// Flags: the last frame of its stream's direction.
pub(crate) const END_STREAM: u8 = 0x1;
/// The last frame of a block of fields.
pub(crate) const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// Head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    length: u32,
    /// Type.
    pub(crate) kind: u8,
    /// Flags.
    pub(crate) flags: u8,
    /// Stream.
    pub(crate) stream: u32,
}

impl Head {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let (length, kind, flags) = (reader.u24().ok()?, reader.u8().ok()?, reader.u8().ok()?);
        Some(Self { length, kind, flags, stream: reader.u32().ok()? })
    }

    /// As the standard wants frames of its type.
    pub(crate) fn is_plausible(&self) -> bool {
        let (on_stream, may_flag, fits) = match self.kind {
            kind::DATA => (Some(true), END_STREAM | PADDED, self.length <= USUAL_BYTES),
            kind::HEADERS => (Some(true), END_STREAM | END_HEADERS | PADDED | PRIORITY, self.length <= USUAL_BYTES && self.length > 0),
            2 => (Some(true), 0, self.length == 5),
            kind::RST_STREAM => (Some(true), 0, self.length == 4),
            kind::SETTINGS => (Some(false), 1, self.length <= 600 && self.length.is_multiple_of(6)),
            kind::PUSH_PROMISE => (Some(true), END_HEADERS | PADDED, self.length <= USUAL_BYTES && self.length > 4),
            6 => (Some(false), 1, self.length == 8),
            7 => (Some(false), 0, (8..=USUAL_BYTES).contains(&self.length)),
            8 => (None, 0, self.length == 4),
            kind::CONTINUATION => (Some(true), END_HEADERS, self.length <= USUAL_BYTES),
            _ => return false,
        };
        on_stream.is_none_or(|on_stream| (self.stream != 0) == on_stream)
            && self.flags & !may_flag == 0
            && fits
            && self.stream < LIKELY_STREAM
    }

    /// Settings, which open what a server sends.
    fn is_first(&self) -> bool {
        self.kind == kind::SETTINGS && self.flags == 0 && self.is_plausible()
    }
}

/// Whether a direction begins with the preface or with settings; `None` when there are too few bytes to say.
pub(crate) fn begins(bytes: &[u8]) -> Option<bool> {
    if PREFACE.starts_with(bytes) || bytes.starts_with(PREFACE) {
        return (bytes.len() >= PREFACE.len()).then_some(true);
    }
    let mut may_be_settings = bytes.iter().zip([Some(0), None, None, Some(4), Some(0), Some(0), Some(0), Some(0), Some(0)]);
    if !may_be_settings.all(|(byte, wanted)| wanted.is_none_or(|wanted| *byte == wanted)) {
        return Some(false);
    }
    Head::parse(bytes).map(|head| head.is_first() && first_setting(bytes.get(HEAD_BYTES..).unwrap_or_default()))
}

/// A setting's number, as far as it is there.
fn first_setting(bytes: &[u8]) -> bool {
    matches!(bytes, [] | [0 | 0xff, ..] | [_, _, _, _, 4 | 8, ..])
}

/// A piece of a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// The client's preface.
    Preface,
    /// Data of a stream, there or missing.
    Data(u32, Input<'a>),
    /// Data ended with a frame that says it is the last.
    End(u32),
    /// Any other frame, whole, its padding taken off.
    Frame(Head, Vec<u8>),
    /// A frame of which part is missing, or more than the limit.
    Cut(Head),
    /// Where the next frame begins is not known.
    Lost(Why),
    /// It was found: these bytes come next, before all others.
    Found(Vec<u8>),
}

/// Why frames were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Bytes are missing.
    Gap,
    /// Bytes are there, and no frame.
    Malformed,
}

#[derive(Debug)]
enum State {
    /// In the preface, or in a frame's head.
    Start,
    Head,
    /// In the byte that says how much padding there is.
    Pad(Head),
    Data {
        head: Head,
        left: u64,
        padding: u64,
    },
    Payload {
        head: Head,
        left: u64,
        is_cut: bool,
    },
    Lost,
}

/// Cuts one direction into frames.
#[derive(Debug)]
pub(crate) struct Frames {
    state: State,
    held: Vec<u8>,
}

impl Frames {
    /// From the start of a connection.
    pub(crate) const fn new() -> Self {
        Self { state: State::Start, held: Vec::new() }
    }

    /// In the middle of one.
    pub(crate) const fn late() -> Self {
        Self { state: State::Lost, held: Vec::new() }
    }

    /// The next part; `None` when the input is used up.
    pub(crate) fn next<'a>(&mut self, input: &mut Input<'a>) -> Option<Part<'a>> {
        loop {
            let part = match self.state {
                State::Data { head, left: 0, padding: 0 } => {
                    self.state = State::Head;
                    (head.flags & END_STREAM != 0).then_some(Part::End(head.stream))
                }
                State::Payload { head, left: 0, is_cut } => {
                    self.state = State::Head;
                    let payload = std::mem::take(&mut self.held);
                    Some(if is_cut { Part::Cut(head) } else { whole(head, &payload) })
                }
                _ if input.is_empty() => return None,
                State::Data { head, left, padding } => self.data(head, (left, padding), input),
                State::Payload { head, left, is_cut } => {
                    self.collect(head, (left, is_cut), input);
                    None
                }
                State::Lost => self.search(input),
                _ if input.is_missing() => {
                    input.take_up_to(u64::MAX);
                    Some(self.lose(Why::Gap))
                }
                State::Pad(head) => self.pad(head, input),
                State::Start => self.start(input),
                State::Head => self.head(input),
            };
            if part.is_some() {
                return part;
            }
        }
    }

    fn lose<'a>(&mut self, why: Why) -> Part<'a> {
        self.state = State::Lost;
        self.held.clear();
        Part::Lost(why)
    }

    fn start<'a>(&mut self, input: &mut Input<'_>) -> Option<Part<'a>> {
        self.held.push(input.byte()?);
        if self.held == PREFACE {
            self.held.clear();
            self.state = State::Head;
            return Some(Part::Preface);
        }
        if PREFACE.starts_with(&self.held) {
            return None;
        }
        self.state = State::Head;
        self.frame_head()
    }

    fn head<'a>(&mut self, input: &mut Input<'_>) -> Option<Part<'a>> {
        self.held.push(input.byte()?);
        self.frame_head()
    }

    fn frame_head<'a>(&mut self) -> Option<Part<'a>> {
        if self.held.len() > HEAD_BYTES {
            return Some(self.lose(Why::Malformed));
        }
        let mut head = Head::parse(&self.held)?;
        // The bit in front is to be ignored (RFC 9113 section 4.1).
        head.stream &= 0x7fff_ffff;
        self.held.clear();
        let left = head.length.into();
        self.state = match head.kind {
            kind::DATA if head.flags & PADDED != 0 && left > 0 => State::Pad(head),
            kind::DATA => State::Data { head, left, padding: 0 },
            _ => State::Payload { head, left, is_cut: head.length > HTTP2_FRAME_BYTES },
        };
        None
    }

    fn pad<'a>(&mut self, head: Head, input: &mut Input<'_>) -> Option<Part<'a>> {
        let padding = input.byte()?;
        let rest = u64::from(head.length).saturating_sub(1);
        let Some(left) = rest.checked_sub(padding.into()) else { return Some(self.lose(Why::Malformed)) };
        self.state = State::Data { head, left, padding: padding.into() };
        None
    }

    fn data<'a>(&mut self, head: Head, (left, padding): (u64, u64), input: &mut Input<'a>) -> Option<Part<'a>> {
        let data = input.take_up_to(left);
        let left = left.saturating_sub(data.length());
        let skipped = if left == 0 { input.take_up_to(padding).length() } else { 0 };
        self.state = State::Data { head, left, padding: padding.saturating_sub(skipped) };
        (!data.is_empty()).then_some(Part::Data(head.stream, data))
    }

    fn collect(&mut self, head: Head, (left, is_cut): (u64, bool), input: &mut Input<'_>) {
        let taken = input.take_up_to(left);
        let left = left.saturating_sub(taken.length());
        let is_cut = is_cut || taken.is_missing();
        if let Input::Bytes(bytes) = taken
            && !is_cut
        {
            self.held.extend_from_slice(bytes);
        }
        self.state = State::Payload { head, left, is_cut };
    }

    /// Looks for a frame; bytes that cannot begin one are passed over.
    fn search<'a>(&mut self, input: &mut Input<'_>) -> Option<Part<'a>> {
        match input.take_up_to(u64::MAX) {
            Input::Missing(_) => {
                self.held.clear();
                return None;
            }
            Input::Bytes(bytes) => self.held.extend_from_slice(bytes),
        }
        let mut at = 0;
        let is_found = loop {
            match pair(self.held.get(at..).unwrap_or_default()) {
                Some(true) => break true,
                Some(false) => at = at.saturating_add(1),
                None => break false,
            }
        };
        self.held.drain(..at);
        is_found.then(|| {
            self.state = State::Head;
            Part::Found(std::mem::take(&mut self.held))
        })
    }
}

/// Whether two frames follow each other here; `None` when there are too few bytes to say.
fn pair(bytes: &[u8]) -> Option<bool> {
    let first = Head::parse(bytes)?;
    if !first.is_plausible() {
        return Some(false);
    }
    let next = usize::try_from(first.length).ok()?.saturating_add(HEAD_BYTES);
    Head::parse(bytes.get(next..)?).map(|second| second.is_plausible())
}

fn whole<'a>(head: Head, payload: &[u8]) -> Part<'a> {
    unpadded(head, payload).map_or(Part::Cut(head), |rest| Part::Frame(head, rest.to_vec()))
}

/// The payload without padding and priority.
fn unpadded(head: Head, payload: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(payload);
    let is_block = matches!(head.kind, kind::HEADERS | kind::PUSH_PROMISE);
    let padding = if is_block && head.flags & PADDED != 0 { reader.u8().ok()? } else { 0 };
    if head.kind == kind::HEADERS && head.flags & PRIORITY != 0 {
        reader.skip(5).ok()?;
    }
    let rest = reader.rest();
    rest.get(..rest.len().checked_sub(padding.into())?)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "numbers of a test are small")]
mod tests {
    use super::*;

    /// A frame.
    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    }

    /// The parts, data as lengths put together.
    fn parts(frames: &mut Frames, inputs: &[Input<'_>]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut data = (0, 0);
        for input in inputs {
            let mut input = *input;
            while let Some(part) = frames.next(&mut input) {
                if let Part::Data(stream, bytes) = &part {
                    data = (*stream, data.1 + bytes.length());
                    continue;
                }
                if data.1 > 0 {
                    found.push(format!("data {} {}", data.0, data.1));
                    data = (0, 0);
                }
                found.push(match part {
                    Part::Frame(head, payload) => format!("frame {} {} {payload:?}", head.kind, head.stream),
                    Part::Cut(head) => format!("cut {} {}", head.kind, head.stream),
                    Part::Found(bytes) => {
                        let inner = parts(frames, &[Input::Bytes(&bytes)]).join("; ");
                        format!("found {inner}")
                    }
                    other => format!("{other:?}"),
                });
            }
        }
        if data.1 > 0 {
            found.push(format!("data {} {}", data.0, data.1));
        }
        found
    }

    fn read(bytes: &[u8]) -> Vec<String> {
        let whole = parts(&mut Frames::new(), &[Input::Bytes(bytes)]);
        let pieces: Vec<_> = bytes.chunks(1).map(Input::Bytes).collect();
        assert_eq!(parts(&mut Frames::new(), &pieces), whole);
        whole
    }

    #[test]
    fn frames_with_padding_and_priority() {
        let bytes = [
            PREFACE.to_vec(),
            frame(kind::SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]),
            frame(kind::HEADERS, 0x2c, 1, &[2, 0, 0, 0, 0, 9, 0x82, 0, 0]),
            frame(kind::DATA, 0x9, 1, &[1, b'a', b'b', 0]),
            frame(kind::DATA, 0, 3, b"abc"),
            frame(kind::DATA, 1, 3, b""),
        ]
        .concat();
        let expected = ["Preface", "frame 4 0 [0, 3, 0, 0, 0, 100]", "frame 1 1 [130]", "data 1 2", "End(1)", "data 3 3", "End(3)"];
        assert_eq!(read(&bytes), expected);
    }

    #[test]
    fn a_gap_in_data_keeps_the_place() {
        let frames = [frame(kind::DATA, 1, 1, &[7; 100]), frame(6, 0, 0, &[0; 8])].concat();
        let (start, rest) = (&frames[..20], &frames[60..]);
        let inputs = [Input::Bytes(start), Input::Missing(40), Input::Bytes(rest)];
        assert_eq!(parts(&mut Frames::new(), &inputs), ["data 1 100", "End(1)", "frame 6 0 [0, 0, 0, 0, 0, 0, 0, 0]"]);
    }

    #[test]
    fn a_gap_in_a_head_is_passed_over_to_the_next_frames() {
        let tail = [vec![1; 30], frame(kind::DATA, 0, 1, &[7; 10]), frame(8, 0, 0, &[0, 0, 1, 0]), frame(6, 1, 0, &[1; 8])].concat();
        let lost = [Input::Bytes(&[0, 0]), Input::Missing(50), Input::Bytes(&tail)];
        let whole = parts(&mut Frames::new(), &lost);
        assert_eq!(whole, ["Lost(Gap)", "found data 1 10; frame 8 0 [0, 0, 1, 0]; frame 6 0 [1, 1, 1, 1, 1, 1, 1, 1]"]);
        let cut = frame(kind::HEADERS, 4, 1, &[0x82; 20]);
        let inputs = [Input::Bytes(&cut[..15]), Input::Missing(14), Input::Bytes(&frame(3, 0, 1, &[0; 4]))];
        assert_eq!(parts(&mut Frames::new(), &inputs), ["cut 1 1", "frame 3 1 [0, 0, 0, 0]"]);
    }

    #[test]
    fn a_late_start_finds_frames_and_noise_none() {
        let tail = [vec![0xff; 3], frame(kind::HEADERS, 5, 3, &[0x82]), frame(8, 0, 0, &[0, 0, 1, 0])].concat();
        assert_eq!(parts(&mut Frames::late(), &[Input::Bytes(&tail)]), ["found frame 1 3 [130]; frame 8 0 [0, 0, 1, 0]"]);
        assert_eq!(parts(&mut Frames::late(), &[Input::Bytes(&[0; 5_000])]), [""; 0]);
    }

    #[test]
    fn beginnings() {
        assert_eq!(begins(PREFACE), Some(true));
        assert_eq!(begins(b"PRI * "), None);
        assert_eq!(begins(b"PRI / "), Some(false));
        assert_eq!(begins(&frame(4, 0, 0, &[0, 3, 0, 0, 0, 100])), Some(true));
        assert_eq!(begins(&frame(4, 0, 0, &[])), Some(true));
        assert_eq!(begins(&[0, 0]), None);
        assert_eq!(begins(&frame(4, 1, 0, &[])), Some(false));
        assert_eq!(begins(&[0; 20]), Some(false));
    }
}
