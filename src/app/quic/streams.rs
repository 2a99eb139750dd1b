//! The streams of a connection that was opened: each direction put in order, and read by what the connection agreed to
//! speak. What is missing for good is told as a gap.

use std::collections::BTreeMap;

use super::super::http3::Http3;
use super::super::opened::marked;
use super::super::{Context, Data, Dialogue, Facts, Side, dns};
use crate::limits;
use crate::time::Timestamp;

/// Reads the streams of one connection.
pub(crate) trait StreamReader: Send {
    /// The next bytes that a side sent on a stream, in order.
    fn data(&mut self, id: u64, data: Data<'_>, end: StreamEnd, context: &mut Context<'_>);
    /// `length` bytes of a stream are missing before the next.
    fn gap(&mut self, id: u64, side: Side, length: u64, context: &mut Context<'_>);
    /// The connection has ended.
    fn finish(&mut self, context: &mut Context<'_>);
    /// What the connection was, as far as is known now.
    fn facts(&self) -> Facts;
}

/// Whether a side says more on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamEnd {
    /// It may.
    Open,
    /// These were its last bytes.
    Final,
}

/// All streams of a connection.
#[derive(Default)]
pub(super) struct Streams {
    lanes: BTreeMap<(u64, bool), Lane>,
    reader: Option<Box<dyn StreamReader>>,
    held: usize,
    device_bytes: u64,
    remote_bytes: u64,
    has_lost_pieces: bool,
}

/// One direction of one stream.
#[derive(Default)]
struct Lane {
    /// Offset of the next byte.
    next: u64,
    /// Pieces behind a hole.
    waiting: BTreeMap<u64, (Vec<u8>, (u64, Timestamp))>,
    /// Offset behind the last byte.
    end: Option<u64>,
    is_over: bool,
}

/// A piece of a stream, as a packet brings it.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) id: u64,
    pub(super) offset: u64,
    pub(super) is_final: bool,
    pub(super) data: Data<'a>,
}

impl Streams {
    /// What the connection speaks, as ALPN names it. The first that is known stays.
    pub(super) fn speak(&mut self, protocol: &str, client: Side) {
        if self.reader.is_none() {
            self.reader = reader(protocol, client);
        }
    }

    /// Bytes of all streams from the device and to it.
    pub(super) const fn bytes(&self) -> (u64, u64) {
        (self.device_bytes, self.remote_bytes)
    }

    pub(super) fn facts(&self) -> Option<Facts> {
        self.reader.as_ref().map(|reader| reader.facts())
    }

    /// A hole or a piece did not fit into what may wait.
    pub(super) const fn has_lost_pieces(&self) -> bool {
        self.has_lost_pieces
    }

    /// Takes a piece; what is in order now is read.
    pub(super) fn push(&mut self, piece: Piece<'_>, context: &mut Context<'_>) {
        let key = (piece.id, piece.data.side == Side::Device);
        if !self.lanes.contains_key(&key) && self.lanes.len() >= limits::QUIC_STREAMS {
            self.forget_oldest(context);
        }
        let mut lane = self.lanes.remove(&key).unwrap_or_default();
        let length = u64::try_from(piece.data.bytes.len()).unwrap_or(u64::MAX);
        let end = piece.offset.saturating_add(length);
        if piece.is_final {
            lane.end = Some(end);
        }
        if piece.offset <= lane.next {
            let known = usize::try_from(lane.next.saturating_sub(piece.offset)).unwrap_or(usize::MAX);
            let bytes = piece.data.bytes.get(known..).unwrap_or_default();
            self.read(key, &mut lane, Data { bytes, ..piece.data }, context);
            self.drain(key, &mut lane, piece.data, context);
        } else if !lane.is_over {
            self.hold(&mut lane, piece);
        }
        while self.held > limits::QUIC_STREAMS_BYTES && !lane.waiting.is_empty() {
            self.has_lost_pieces = true;
            self.give_up_hole(key, &mut lane, piece.data, context);
        }
        self.lanes.insert(key, lane);
    }

    fn hold(&mut self, lane: &mut Lane, piece: Piece<'_>) {
        let bytes = piece.data.bytes;
        let known = lane.waiting.get(&piece.offset).map_or(0, |(known, _)| known.len());
        if bytes.len() > known || known == 0 && !lane.waiting.contains_key(&piece.offset) {
            self.held = self.held.saturating_sub(known).saturating_add(bytes.len()).saturating_add(limits::QUIC_PIECE_BYTES);
            let before = lane.waiting.insert(piece.offset, (bytes.to_vec(), (piece.data.frame, piece.data.time)));
            if before.is_some() {
                self.held = self.held.saturating_sub(limits::QUIC_PIECE_BYTES);
            }
        }
    }

    /// Reads what has nothing missing before it any more.
    fn drain(&mut self, key: (u64, bool), lane: &mut Lane, data: Data<'_>, context: &mut Context<'_>) {
        while let Some(entry) = lane.waiting.first_entry() {
            let Some(known) = lane.next.checked_sub(*entry.key()) else { return };
            let (bytes, (frame, time)) = entry.remove();
            self.held = self.held.saturating_sub(bytes.len().saturating_add(limits::QUIC_PIECE_BYTES));
            let bytes = bytes.get(usize::try_from(known).unwrap_or(usize::MAX)..).unwrap_or_default();
            self.read(key, lane, Data { bytes, frame, time, ..data }, context);
        }
    }

    fn read(&mut self, (id, _): (u64, bool), lane: &mut Lane, data: Data<'_>, context: &mut Context<'_>) {
        let length = u64::try_from(data.bytes.len()).unwrap_or(u64::MAX);
        let count = match data.side {
            Side::Device => &mut self.device_bytes,
            Side::Remote => &mut self.remote_bytes,
        };
        *count = count.saturating_add(length);
        lane.next = lane.next.saturating_add(length);
        let is_end = lane.end.is_some_and(|end| end <= lane.next) && !lane.is_over;
        if data.bytes.is_empty() && !is_end {
            return;
        }
        lane.is_over |= is_end;
        let end = if is_end { StreamEnd::Final } else { StreamEnd::Open };
        if let Some(reader) = &mut self.reader {
            marked(context, |context| reader.data(id, data, end, context));
        }
    }

    /// Tells the first hole of a stream as a gap and goes on behind it.
    fn give_up_hole(&mut self, key: (u64, bool), lane: &mut Lane, data: Data<'_>, context: &mut Context<'_>) {
        let Some(start) = lane.waiting.first_key_value().map(|(start, _)| *start) else { return };
        let missing = start.saturating_sub(lane.next);
        lane.next = start;
        if let Some(reader) = self.reader.as_mut().filter(|_| missing > 0) {
            marked(context, |context| reader.gap(key.0, data.side, missing, context));
        }
        self.drain(key, lane, data, context);
    }

    /// Makes room: the oldest stream that is over, else the oldest.
    fn forget_oldest(&mut self, context: &mut Context<'_>) {
        let over = self.lanes.iter().find(|(_, lane)| lane.is_over).map(|(key, _)| *key);
        if let Some(key) = over.or_else(|| self.lanes.keys().next().copied()) {
            self.flush(key, context);
            self.lanes.remove(&key);
        }
    }

    fn flush(&mut self, key: (u64, bool), context: &mut Context<'_>) {
        let Some(mut lane) = self.lanes.remove(&key) else { return };
        let side = if key.1 { Side::Device } else { Side::Remote };
        while let Some((frame, time)) = lane.waiting.values().next().map(|(_, seen)| *seen) {
            self.give_up_hole(key, &mut lane, Data { side, bytes: &[], frame, time, is_cut: false }, context);
        }
        self.lanes.insert(key, lane);
    }

    /// The connection has ended: what waits is read with its holes.
    pub(super) fn finish(&mut self, context: &mut Context<'_>) {
        let keys: Vec<(u64, bool)> = self.lanes.keys().copied().collect();
        keys.into_iter().for_each(|key| self.flush(key, context));
        if let Some(reader) = &mut self.reader {
            marked(context, |context| reader.finish(context));
        }
    }
}

/// Who reads the streams of a protocol.
fn reader(protocol: &str, client: Side) -> Option<Box<dyn StreamReader>> {
    match protocol {
        "doq" => Some(Box::<Questions>::default()),
        "h3" => Some(Box::new(Http3::new(client))),
        draft if draft.starts_with("h3-") => Some(Box::new(Http3::new(client))),
        _ => None,
    }
}

impl StreamReader for Http3 {
    fn data(&mut self, id: u64, data: Data<'_>, end: StreamEnd, context: &mut Context<'_>) {
        self.stream(id, data, end, context);
    }

    fn gap(&mut self, id: u64, side: Side, length: u64, context: &mut Context<'_>) {
        self.missing((id, side), length, context);
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.end(context);
    }

    fn facts(&self) -> Facts {
        self.known()
    }
}

/// DNS over QUIC (RFC 9250): a question and its answers on each stream, framed as over TCP.
#[derive(Default)]
struct Questions {
    streams: BTreeMap<u64, Box<dyn Dialogue>>,
}

impl StreamReader for Questions {
    fn data(&mut self, id: u64, data: Data<'_>, end: StreamEnd, context: &mut Context<'_>) {
        if !self.streams.contains_key(&id)
            && self.streams.len() >= limits::QUIC_STREAMS
            && let Some((_, mut oldest)) = self.streams.pop_first()
        {
            oldest.finish(context);
        }
        let stream = self.streams.entry(id).or_insert_with(|| (dns::TCP.open)(context.flow));
        stream.data(data, context);
        // The answer's end is that of the stream.
        if end == StreamEnd::Final
            && id & 1 == 0
            && data.side != client_of(context)
            && let Some(mut stream) = self.streams.remove(&id)
        {
            stream.finish(context);
        }
    }

    fn gap(&mut self, id: u64, side: Side, length: u64, context: &mut Context<'_>) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.gap(side, length, context);
        }
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.streams.values_mut().for_each(|stream| stream.finish(context));
    }

    fn facts(&self) -> Facts {
        Facts { application: Some("doq"), ..Facts::default() }
    }
}

/// The side with the larger port: servers of DNS over QUIC have 853.
const fn client_of(context: &Context<'_>) -> Side {
    if context.flow.device.1 >= context.flow.remote.1 { Side::Device } else { Side::Remote }
}
