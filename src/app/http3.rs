//! HTTP/3 (RFC 9114) in decrypted QUIC streams: frames of requests and responses, the streams that compressed heads
//! need, each exchange one row.
//!
//! A head may refer to what comes later on the stream of the other side's encoder; it waits for it, and the stream with
//! it, as the receiver would.

use std::collections::BTreeMap;

use crate::limits::{HTTP_STREAMS, HTTP3_WAITING_BYTES, HTTP3_WAITING_TOTAL_BYTES};
use crate::wire::Reader;
use crate::wire::fields::Section;
use crate::wire::http::Input;
use crate::wire::http3::{Frames, Part, kind, table_capacity, variable};
use crate::wire::qpack::{Decoded, Decoder};

use super::exchange::{Half, Seen};
use super::quic::StreamEnd;
use super::streams::{Follows, Streams};
use super::{Context, Damage, Data, Facts, Side};

pub(crate) const NAME: &str = "http3";

/// Follows the streams of one connection.
pub(crate) struct Http3 {
    client: Side,
    lanes: BTreeMap<(u64, bool), Lane>,
    /// Of the device, of the remote: the tables of the heads they send.
    fields: [Decoder; 2],
    streams: Streams,
    /// Bytes that wait on all streams.
    waiting_bytes: usize,
}

/// One direction of one stream.
struct Lane {
    kind: Kind,
    frames: Frames,
    /// A head that waits, with the bytes behind it.
    waiting: Option<Waiting>,
    is_final: bool,
    last: Seen,
}

/// A direction of a stream.
#[derive(Clone, Copy)]
struct Way {
    id: u64,
    side: Side,
}

impl Way {
    fn key(self) -> (u64, bool) {
        (self.id, self.side == Side::Device)
    }
}

struct Waiting {
    head: Vec<u8>,
    bytes: Vec<u8>,
    missing: u64,
}

/// What a stream is for (RFC 9114 section 6).
enum Kind {
    Request,
    /// One way, its type not known yet: the bytes of it so far.
    Unknown(Vec<u8>),
    Control,
    Encoder,
    /// Nothing that is read.
    Other,
}

impl Lane {
    fn new(id: u64, seen: Seen) -> Self {
        let kind = if id & 2 == 0 { Kind::Request } else { Kind::Unknown(Vec::new()) };
        Self { kind, frames: Frames::default(), waiting: None, is_final: false, last: seen }
    }
}

impl Http3 {
    /// For a connection that this side opened.
    pub(crate) fn new(client: Side) -> Self {
        let mut streams = Streams::new(NAME, "HTTP/3");
        streams.set_client(client);
        Self { client, lanes: BTreeMap::new(), fields: [Decoder::default(), Decoder::default()], streams, waiting_bytes: 0 }
    }

    /// The next bytes that a side sent on a stream, in order.
    pub(crate) fn stream(&mut self, id: u64, data: Data<'_>, end: StreamEnd, context: &mut Context<'_>) {
        let end = if end == StreamEnd::Final { Follows::Nothing } else { Follows::More };
        self.read(Way { id, side: data.side }, (Input::Bytes(data.bytes), end), (data.frame, data.time), context);
    }

    /// `length` bytes of a stream are missing before the next.
    pub(crate) fn missing(&mut self, (id, side): (u64, Side), length: u64, context: &mut Context<'_>) {
        let way = Way { id, side };
        let seen = self.lanes.get(&way.key()).map(|lane| lane.last).unwrap_or_default();
        self.read(way, (Input::Missing(length), Follows::More), seen, context);
    }

    /// The connection has ended.
    pub(crate) fn end(&mut self, context: &mut Context<'_>) {
        self.release(Patience::Over, context);
        self.streams.finish(context);
    }

    /// What the connection was, as far as is known now.
    pub(crate) fn known(&self) -> Facts {
        self.streams.facts()
    }

    const fn fields(&mut self, side: Side) -> &mut Decoder {
        let [device, remote] = &mut self.fields;
        match side {
            Side::Device => device,
            Side::Remote => remote,
        }
    }

    fn half(&self, side: Side) -> Half {
        if self.client == side { Half::Request } else { Half::Response }
    }

    fn read(&mut self, way: Way, (input, end): (Input<'_>, Follows), seen: Seen, context: &mut Context<'_>) {
        let key = way.key();
        if !self.lanes.contains_key(&key) && self.lanes.len() >= HTTP_STREAMS.saturating_mul(4) {
            self.forget_oldest(context);
        }
        let mut lane = self.lanes.remove(&key).unwrap_or_else(|| Lane::new(way.id, seen));
        if !input.is_missing() {
            lane.last = seen;
        }
        lane.is_final |= end == Follows::Nothing;
        match lane.kind {
            Kind::Request => self.request(way, &mut lane, input, context),
            _ => self.one_way(way.side, &mut lane, input, context),
        }
        let is_over = lane.is_final && lane.waiting.is_none() && matches!(lane.kind, Kind::Request);
        if is_over {
            self.streams.end((way.id, self.half(way.side)), lane.last, context);
        } else {
            self.lanes.insert(key, lane);
        }
    }

    /// Streams of requests that do not end make room for others; those with settings and tables stay.
    fn forget_oldest(&mut self, context: &mut Context<'_>) {
        let oldest = self.lanes.iter().find(|(_, lane)| matches!(lane.kind, Kind::Request | Kind::Other | Kind::Unknown(_)));
        if let Some(key) = oldest.map(|(key, _)| *key)
            && let Some(lane) = self.lanes.remove(&key)
        {
            let waiting = lane.waiting.as_ref().map_or(0, |waiting| waiting.head.len().saturating_add(waiting.bytes.len()));
            self.waiting_bytes = self.waiting_bytes.saturating_sub(waiting);
            if self.streams.flag("http-unanswered") {
                context.note(lane.last, "http-unanswered", "more streams than the limit are open".to_owned(), Damage::Theirs);
            }
        }
    }

    fn request(&mut self, way: Way, lane: &mut Lane, mut input: Input<'_>, context: &mut Context<'_>) {
        let Way { id, side } = way;
        let half = self.half(side);
        while !self.holds(way, lane, input, context) {
            let Some(part) = lane.frames.next(&mut input) else { return };
            match part {
                Part::Data(input) => self.streams.data((id, half), input, lane.last, context),
                Part::Frame(kind::HEADERS, head) => match self.fields(side).decode(&head) {
                    Decoded::Blocked => {
                        self.waiting_bytes = self.waiting_bytes.saturating_add(head.len());
                        lane.waiting = Some(Waiting { head, bytes: Vec::new(), missing: 0 });
                    }
                    decoded => self.head(way, decoded, lane.last, context),
                },
                Part::Frame(..) => {}
                Part::Cut(_) | Part::Lost => {
                    self.streams.spoil_stream(id);
                    self.streams.flag("http-gap");
                }
            }
        }
    }

    /// Behind a head that waits everything waits; whether it does.
    fn holds(&mut self, way: Way, lane: &mut Lane, input: Input<'_>, context: &mut Context<'_>) -> bool {
        let Some(waiting) = &mut lane.waiting else { return false };
        let has_room = waiting.missing == 0 && self.waiting_bytes <= HTTP3_WAITING_TOTAL_BYTES;
        match input {
            Input::Bytes(bytes) if has_room && waiting.bytes.len().saturating_add(bytes.len()) <= HTTP3_WAITING_BYTES => {
                waiting.bytes.extend_from_slice(bytes);
                self.waiting_bytes = self.waiting_bytes.saturating_add(bytes.len());
            }
            input => {
                waiting.missing = waiting.missing.saturating_add(input.length());
            }
        }
        if waiting.missing > 0 {
            self.go_on(way, lane, Patience::Over, context);
        }
        true
    }

    fn head(&mut self, way: Way, decoded: Decoded, seen: Seen, context: &mut Context<'_>) {
        let half = self.half(way.side);
        let section = match decoded {
            Decoded::Section(section) => section,
            Decoded::Blocked | Decoded::Malformed => {
                context.note(seen, "http3-malformed", "a head that does not decompress (RFC 9204)".to_owned(), Damage::Theirs);
                self.streams.flag("http-malformed");
                Section::unknown()
            }
        };
        self.streams.head((way.id, half), (&section, Follows::More), seen, context);
    }

    /// Reads a head that waited, and what came behind it, where that is possible now.
    fn go_on(&mut self, way: Way, lane: &mut Lane, patience: Patience, context: &mut Context<'_>) {
        let Some(waiting) = lane.waiting.take() else { return };
        let decoded = match patience {
            Patience::Waits => self.fields(way.side).decode(&waiting.head),
            Patience::Over => self.fields(way.side).decode_now(&waiting.head),
        };
        if decoded == Decoded::Blocked {
            lane.waiting = Some(waiting);
            return;
        }
        self.waiting_bytes = self.waiting_bytes.saturating_sub(waiting.head.len().saturating_add(waiting.bytes.len()));
        self.head(way, decoded, lane.last, context);
        self.request(way, lane, Input::Bytes(&waiting.bytes), context);
        if waiting.missing > 0 {
            self.request(way, lane, Input::Missing(waiting.missing), context);
        }
    }

    /// The tables have grown, or will not any more.
    fn release(&mut self, patience: Patience, context: &mut Context<'_>) {
        let waiting: Vec<_> = self.lanes.iter().filter(|(_, lane)| lane.waiting.is_some()).map(|(key, _)| *key).collect();
        for key in waiting {
            let Some(mut lane) = self.lanes.remove(&key) else { continue };
            let way = Way { id: key.0, side: if key.1 { Side::Device } else { Side::Remote } };
            while lane.waiting.is_some() {
                let length = lane.waiting.as_ref().map(|waiting| (waiting.head.len(), waiting.bytes.len()));
                self.go_on(way, &mut lane, patience, context);
                let now = lane.waiting.as_ref().map(|waiting| (waiting.head.len(), waiting.bytes.len()));
                if now == length {
                    break;
                }
            }
            if lane.is_final && lane.waiting.is_none() {
                self.streams.end((way.id, self.half(way.side)), lane.last, context);
            } else {
                self.lanes.insert(key, lane);
            }
        }
    }

    fn one_way(&mut self, side: Side, lane: &mut Lane, input: Input<'_>, context: &mut Context<'_>) {
        let mut input = input;
        if let Kind::Unknown(start) = &mut lane.kind {
            let Some((found, rest)) = stream_type(start, input) else { return };
            lane.kind = found;
            if let Some(rest) = rest {
                self.one_way(side, lane, Input::Bytes(&rest), context);
            }
            return;
        }
        match (&lane.kind, input) {
            (Kind::Encoder, Input::Bytes(bytes)) => {
                if self.fields(side).encoder(bytes).is_err() {
                    let detail = "compression that does not follow RFC 9204".to_owned();
                    context.note(lane.last, "http3-malformed", detail, Damage::Theirs);
                }
                self.release(Patience::Waits, context);
            }
            (Kind::Encoder, Input::Missing(_)) => {
                self.fields(side).lose();
                self.release(Patience::Waits, context);
            }
            (Kind::Control, _) => {
                while let Some(part) = lane.frames.next(&mut input) {
                    if let Part::Frame(kind::SETTINGS, settings) = part {
                        // What one side allows is what the other's encoder may use.
                        self.fields(side.other()).allow(table_capacity(&settings));
                    }
                }
            }
            _ => {}
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    Waits,
    Over,
}

/// What a stream is for, by its first bytes, and the bytes behind them; `None` when there are too few.
fn stream_type(start: &mut Vec<u8>, input: Input<'_>) -> Option<(Kind, Option<Vec<u8>>)> {
    let Input::Bytes(bytes) = input else { return Some((Kind::Other, None)) };
    let known = start.len();
    start.extend_from_slice(bytes.get(..8_usize.min(bytes.len())).unwrap_or_default());
    let mut reader = Reader::new(start);
    let kind = match variable(&mut reader).ok()? {
        0 => Kind::Control,
        2 => Kind::Encoder,
        _ => Kind::Other,
    };
    let rest = bytes.get(reader.position().saturating_sub(known)..).unwrap_or_default().to_vec();
    Some((kind, Some(rest)))
}

#[cfg(test)]
mod tests;
