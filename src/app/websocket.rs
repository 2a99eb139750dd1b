//! WebSocket (RFC 6455), which a connection turned to from HTTP: frames and bytes are counted, one row in the end. Messages are
//! looked through, compressed ones (RFC 7692) too.

mod inflate;

use super::searching::Searching;
use super::{Appetite, Context, Damage, Data, Dialogue, Facts, SearchIn, Side};
use crate::record::{Encryption, Http, Messages, Row, WebSocket as WebSocketRow};
use crate::time::Timestamp;
use crate::wire::http::Input;
use crate::wire::websocket::{Frame, Frames, Next};

use inflate::{Fault, Inflate};

/// Follows one connection.
pub(super) struct WebSocket {
    row: Option<Box<WebSocketRow>>,
    device: Lane,
    remote: Lane,
    searching: Searching,
}

/// One side.
#[derive(Default)]
struct Lane {
    frames: Frames,
    /// Opcode of the frame that is passed over.
    frame: u8,
    /// Opcode of the message that continuations belong to.
    message: u8,
    /// The frame ends that message, and is not at its own end.
    is_last: bool,
    /// That message is compressed.
    is_packed: bool,
    inflate: Option<Box<Inflate>>,
    /// Something that later messages may refer to was not decoded.
    is_undecodable: bool,
    /// Its payload is looked through.
    is_kept: bool,
    last: (u64, Timestamp),
}

/// What a compressed message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It goes on.
    Bytes,
    /// It ends.
    End,
}

/// What it is called where something is found in it.
const PART: &str = "websocket";

impl WebSocket {
    /// After the exchange that opened it.
    pub(super) fn new(opening: &Http) -> Self {
        let row = WebSocketRow {
            origin: opening.origin.clone(),
            host: opening.host.clone(),
            path: opening.path.clone(),
            outbound: Messages::default(),
            inbound: Messages::default(),
            is_complete: true,
            decrypted: opening.decrypted,
        };
        Self { row: Some(Box::new(row)), device: Lane::default(), remote: Lane::default(), searching: Searching::part(PART) }
    }

    const fn lane(&mut self, side: Side) -> &mut Lane {
        match side {
            Side::Device => &mut self.device,
            Side::Remote => &mut self.remote,
        }
    }

    fn read(&mut self, side: Side, mut input: Input<'_>, context: &mut Context<'_>) {
        if let Some(row) = self.row.as_mut().filter(|_| input.is_missing()) {
            row.is_complete = false;
        }
        loop {
            let next = self.lane(side).frames.next(&mut input);
            self.payload(side, context);
            if next.is_some() || self.lane(side).frames.is_through() {
                self.end_message(side, context);
            }
            match next {
                None => return,
                Some(Next::Frame(frame)) => self.frame(side, frame),
                Some(Next::Lost) => {
                    let seen = self.lane(side).last;
                    context.note(seen, "websocket-malformed", "no frame where one should start".to_owned(), Damage::Theirs);
                    self.row.iter_mut().for_each(|row| row.is_complete = false);
                }
            }
        }
    }

    /// Looks through the payload that has come of the present frame.
    fn payload(&mut self, side: Side, context: &mut Context<'_>) {
        let lane = self.lane(side);
        let (bytes, (frame, time)) = (lane.frames.take_payload(), lane.last);
        if bytes.is_empty() {
            return;
        }
        let data = Data { side, bytes: &bytes, frame, time, is_cut: false };
        match lane.frame {
            0..=2 if lane.is_packed => self.packed(Step::Bytes, data, context),
            0..=2 => self.searching.data(data, context),
            // Control frames come between the frames of a message.
            _ => context.look_through((side, PART), &bytes, (frame, time)),
        }
    }

    /// Messages stand alone.
    fn end_message(&mut self, side: Side, context: &mut Context<'_>) {
        let lane = self.lane(side);
        if !lane.is_kept || !std::mem::take(&mut lane.is_last) {
            return;
        }
        let (is_packed, (frame, time)) = (lane.is_packed, lane.last);
        if is_packed {
            self.packed(Step::End, Data { side, bytes: &[], frame, time, is_cut: false }, context);
        }
        self.searching.gap(side, 0, context);
    }

    fn packed(&mut self, step: Step, data: Data<'_>, context: &mut Context<'_>) {
        let lane = self.lane(data.side);
        if lane.is_undecodable {
            return;
        }
        let inflate = lane.inflate.take().or_else(|| Inflate::new(&context.flow.content).map(Box::new));
        let Some(mut inflate) = inflate else {
            lane.is_undecodable = true;
            let seen = (data.frame, data.time);
            return context.note(seen, "websocket-limit", "messages that are compressed are not decoded".to_owned(), Damage::Ours);
        };
        let searching = &mut self.searching;
        let mut give = |bytes: &[u8]| searching.data(Data { bytes, ..data }, context);
        let done = if step == Step::End { inflate.end(&mut give) } else { inflate.data(data.bytes, &mut give) };
        match done {
            Ok(()) => self.lane(data.side).inflate = Some(inflate),
            Err(fault) => self.undecodable(fault, data, context),
        }
    }

    fn undecodable(&mut self, fault: Fault, data: Data<'_>, context: &mut Context<'_>) {
        self.lane(data.side).is_undecodable = true;
        let seen = (data.frame, data.time);
        match fault {
            Fault::Bomb => {
                let detail = "compressed messages decode to more than is read of them".to_owned();
                context.note(seen, "websocket-bomb", detail, Damage::Ours);
            }
            Fault::Malformed => {
                let detail = "a compressed message is not what RFC 7692 says".to_owned();
                context.note(seen, "websocket-malformed", detail, Damage::Theirs);
            }
        }
    }

    fn frame(&mut self, side: Side, frame: Frame) {
        let lane = self.lane(side);
        lane.frame = frame.opcode;
        lane.is_last = frame.opcode <= 2 && lane.frames.is_final();
        if matches!(frame.opcode, 1 | 2) {
            lane.message = frame.opcode;
            lane.is_packed = frame.is_compressed;
        }
        let message = lane.message;
        let Some(row) = &mut self.row else { return };
        let counts = if side == Side::Device { &mut row.outbound } else { &mut row.inbound };
        match frame.opcode {
            0 => counts.continuations = counts.continuations.saturating_add(1),
            1 => counts.text = counts.text.saturating_add(1),
            2 => counts.binary = counts.binary.saturating_add(1),
            _ => counts.control = counts.control.saturating_add(1),
        }
        match (frame.opcode, message) {
            (0 | 1, 1) => counts.text_bytes = counts.text_bytes.saturating_add(frame.length),
            (0 | 2, 2) => counts.binary_bytes = counts.binary_bytes.saturating_add(frame.length),
            _ => {}
        }
        counts.compressed = counts.compressed.saturating_add(u64::from(frame.is_compressed));
        counts.close_code = counts.close_code.or(frame.close_code);
    }
}

impl Dialogue for WebSocket {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        let lane = self.lane(data.side);
        lane.last = (data.frame, data.time);
        if !lane.is_kept && context.flow.content.search().is_some() {
            lane.is_kept = true;
            lane.frames.keep_payload();
        }
        self.read(data.side, Input::Bytes(data.bytes), context);
        Appetite::More
    }

    fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) -> Appetite {
        self.read(side, Input::Missing(length), context);
        let lane = self.lane(side);
        lane.is_undecodable |= lane.is_packed;
        self.searching.gap(side, length, context);
        Appetite::More
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.searching.finish(context);
        context.rows.extend(self.row.take().map(Row::WebSocket));
    }

    fn facts(&self) -> Facts {
        Facts { application: Some("websocket"), encryption: Encryption::None, ..Facts::default() }
    }

    fn search(&self) -> SearchIn {
        SearchIn::Parts
    }
}

#[cfg(test)]
mod tests;
