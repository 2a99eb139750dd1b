//! WebSocket (RFC 6455), which a connection turned to from HTTP: frames and bytes are counted, one row in the end.

use super::searching::Searching;
use super::{Appetite, Context, Damage, Data, Dialogue, Facts, SearchIn, Side};
use crate::record::{Encryption, Http, Messages, Row, WebSocket as WebSocketRow};
use crate::time::Timestamp;
use crate::wire::http::Input;
use crate::wire::websocket::{Frame, Frames, Next};

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
    /// Opcode of the message that continuations belong to.
    message: u8,
    /// Its payload is looked through.
    is_kept: bool,
    last: (u64, Timestamp),
}

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
        Self { row: Some(Box::new(row)), device: Lane::default(), remote: Lane::default(), searching: Searching::part("websocket") }
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
        while let Some(next) = self.lane(side).frames.next(&mut input) {
            match next {
                Next::Frame(frame) => self.frame(side, frame),
                Next::Lost => {
                    let seen = self.lane(side).last;
                    context.note(seen, "websocket-malformed", "no frame where one should start".to_owned(), Damage::Theirs);
                    self.row.iter_mut().for_each(|row| row.is_complete = false);
                }
            }
        }
    }

    fn frame(&mut self, side: Side, frame: Frame) {
        let lane = self.lane(side);
        if matches!(frame.opcode, 1 | 2) {
            lane.message = frame.opcode;
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
        let payload = self.lane(data.side).frames.take_payload();
        self.searching.data(Data { bytes: &payload, ..data }, context);
        Appetite::More
    }

    fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) -> Appetite {
        self.read(side, Input::Missing(length), context);
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
