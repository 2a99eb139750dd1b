//! HTTP/2 (RFC 9113), in clear or decrypted: frames to streams, compressed heads to fields, each exchange one row.
//!
//! Heads are compressed against all heads before them, so a missing one leaves fields of later ones unknown; these are
//! counted and never guessed.

use crate::limits::HTTP_HEAD_BYTES;
use crate::time::Timestamp;
use crate::wire::Reader;
use crate::wire::hpack::Decoder;
use crate::wire::http::Input;
use crate::wire::http2::{END_HEADERS, END_STREAM, Frames, Head, Part, Why, begins, kind};

use super::exchange::{Exchange, Half};
use super::streams::{Follows, Streams};
use super::{Appetite, Context, Damage, Data, Dialogue, Facts, Probe, Protocol, Recognised, SearchIn, Side, Transport};

pub(crate) const NAME: &str = "http2";

pub(crate) const PROTOCOL: Protocol =
    Protocol { name: NAME, transport: Transport::Tcp, ports: &[80], recognise, open: |_| Box::new(Http2::new(None)) };

/// For a stream that is known to be HTTP/2 by what was negotiated, and may not start at its beginning.
#[cfg_attr(
    not(any(test, fuzzing)),
    expect(dead_code, reason = "for streams whose start is missing, once something else tells what they are")
)]
pub(crate) fn open_h2(client: Side) -> Box<dyn Dialogue> {
    Box::new(Http2::late(client))
}

fn recognise(probe: Probe<'_>) -> Recognised {
    begins(probe.bytes).map_or(Recognised::More, Recognised::from)
}

/// Follows one connection.
pub(super) struct Http2 {
    client: Option<Side>,
    device: Direction,
    remote: Direction,
    streams: Streams,
}

/// One side.
struct Direction {
    frames: Frames,
    fields: Decoder,
    block: Option<Block>,
    /// Where its latest bytes were.
    last: (u64, Timestamp),
}

/// A block of fields whose last frame has not come.
struct Block {
    stream: u32,
    /// Stream that is promised by it.
    promised: Option<u32>,
    follows: Follows,
    bytes: Vec<u8>,
}

impl Direction {
    const fn new(frames: Frames) -> Self {
        Self { frames, fields: Decoder::new(), block: None, last: (0, Timestamp::from_nanos(0)) }
    }

    /// A head may be missing.
    fn lose_heads(&mut self) {
        self.fields.lose();
        self.block = None;
    }
}

impl Http2 {
    /// From the start of a connection.
    pub(super) fn new(client: Option<Side>) -> Self {
        let mut streams = Streams::new(NAME, "HTTP/2");
        client.into_iter().for_each(|client| streams.set_client(client));
        Self { client, device: Direction::new(Frames::new()), remote: Direction::new(Frames::new()), streams }
    }

    /// In the middle of one, unless it turns out otherwise.
    fn late(client: Side) -> Self {
        let mut http2 = Self::new(Some(client));
        for direction in [&mut http2.device, &mut http2.remote] {
            direction.frames = Frames::late();
            direction.lose_heads();
        }
        http2
    }

    /// A request of HTTP/1 that this connection answers.
    pub(super) fn adopt(&mut self, exchange: Exchange) {
        self.streams.adopt(1, exchange);
    }

    const fn direction(&mut self, side: Side) -> &mut Direction {
        match side {
            Side::Device => &mut self.device,
            Side::Remote => &mut self.remote,
        }
    }

    fn half(&self, side: Side) -> Half {
        if self.client.unwrap_or(Side::Device) == side { Half::Request } else { Half::Response }
    }

    fn read(&mut self, side: Side, mut input: Input<'_>, context: &mut Context<'_>) {
        while let Some(part) = self.direction(side).frames.next(&mut input) {
            match part {
                // Found bytes hold no bytes that could be found again: they begin with a frame.
                Part::Found(bytes) => self.read(side, Input::Bytes(&bytes), context),
                part => self.part(side, part, context),
            }
        }
    }

    fn part(&mut self, side: Side, part: Part<'_>, context: &mut Context<'_>) {
        let seen = self.direction(side).last;
        match part {
            Part::Preface => {
                self.client = Some(side);
                self.streams.set_client(side);
            }
            Part::Data(stream, input) => self.streams.data((stream.into(), self.half(side)), input, seen, context),
            Part::End(stream) => self.streams.end((stream.into(), self.half(side)), seen, context),
            Part::Frame(head, payload) => self.frame(side, head, &payload, context),
            Part::Cut(head) => self.cut(side, head, context),
            Part::Lost(why) => {
                self.direction(side).lose_heads();
                self.streams.spoil();
                if why == Why::Malformed {
                    context.note(seen, "http2-malformed", "no frame where one should start".to_owned(), Damage::Theirs);
                }
                self.streams.flag(if why == Why::Gap { "http-gap" } else { "http-malformed" });
            }
            Part::Found(_) => {}
        }
    }

    fn cut(&mut self, side: Side, head: Head, context: &mut Context<'_>) {
        let half = self.half(side);
        self.streams.spoil_stream(head.stream.into());
        self.streams.flag("http-gap");
        if matches!(head.kind, kind::HEADERS | kind::PUSH_PROMISE | kind::CONTINUATION) {
            let seen = self.direction(side).last;
            self.direction(side).lose_heads();
            if head.kind == kind::HEADERS && head.flags & END_STREAM != 0 {
                self.streams.end((head.stream.into(), half), seen, context);
            }
        }
    }

    fn frame(&mut self, side: Side, head: Head, payload: &[u8], context: &mut Context<'_>) {
        let follows = if head.flags & END_STREAM != 0 { Follows::Nothing } else { Follows::More };
        match head.kind {
            kind::HEADERS => self.begin(side, Block { stream: head.stream, promised: None, follows, bytes: payload.to_vec() }),
            kind::PUSH_PROMISE => {
                let mut reader = Reader::new(payload);
                let Ok(promised) = reader.u32() else { return };
                let promised = Some(promised & 0x7fff_ffff);
                let bytes = reader.rest().to_vec();
                self.begin(side, Block { stream: head.stream, promised, follows: Follows::Nothing, bytes });
            }
            kind::CONTINUATION => match &mut self.direction(side).block {
                Some(block) if block.stream == head.stream => block.bytes.extend_from_slice(payload),
                _ => return,
            },
            kind::RST_STREAM => return self.streams.reset(head.stream.into(), context),
            _ => return,
        }
        let is_last = head.flags & END_HEADERS != 0;
        let is_too_long = self.direction(side).block.as_ref().is_some_and(|block| block.bytes.len() > HTTP_HEAD_BYTES);
        if is_too_long {
            let seen = self.direction(side).last;
            let detail = format!("head of more than {HTTP_HEAD_BYTES} bytes");
            context.note(seen, "http-head-too-long", detail, Damage::Ours);
            self.direction(side).lose_heads();
        } else if is_last && let Some(block) = self.direction(side).block.take() {
            self.block(side, &block, context);
        }
    }

    fn begin(&mut self, side: Side, block: Block) {
        // A block that another interrupts has lost its end, and the table is not what the sender thinks.
        if self.direction(side).block.is_some() {
            self.direction(side).lose_heads();
        }
        self.direction(side).block = Some(block);
    }

    fn block(&mut self, side: Side, block: &Block, context: &mut Context<'_>) {
        let seen = self.direction(side).last;
        let Ok(section) = self.direction(side).fields.decode(&block.bytes) else {
            context.note(seen, "http2-malformed", "a head that does not decompress (RFC 7541)".to_owned(), Damage::Theirs);
            self.streams.flag("http-malformed");
            if block.follows == Follows::Nothing {
                let half = self.half(side);
                self.streams.end((block.stream.into(), half), seen, context);
            }
            return;
        };
        // A head may tell who asks, where nothing did before.
        if self.client.is_none() {
            let is_request = section.value(":method").is_some();
            let client = if is_request == block.promised.is_none() { side } else { side.other() };
            self.client = Some(client);
            self.streams.set_client(client);
        }
        let half = self.half(side);
        match block.promised {
            Some(promised) => self.streams.head((promised.into(), Half::Request), (&section, Follows::Nothing), seen, context),
            None => self.streams.head((block.stream.into(), half), (&section, block.follows), seen, context),
        }
    }
}

impl Dialogue for Http2 {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        self.direction(data.side).last = (data.frame, data.time);
        self.read(data.side, Input::Bytes(data.bytes), context);
        Appetite::More
    }

    fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) -> Appetite {
        self.read(side, Input::Missing(length), context);
        Appetite::More
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.streams.finish(context);
    }

    fn facts(&self) -> Facts {
        self.streams.facts()
    }

    fn search(&self) -> SearchIn {
        SearchIn::Parts
    }
}

#[cfg(test)]
mod tests;
