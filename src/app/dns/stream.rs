//! DNS over TCP: a length of two bytes before each message (RFC 1035 §4.2.2), messages one after the
//! other in both directions and in any order (RFC 7766 §6.2.1).
//!
//! Lengths are the only landmarks. A hole inside one message costs that message's end; after a hole that
//! may hide a length, nothing of that direction can be read any more.

use super::{Variant, push_anomaly, read};
use crate::app::{Appetite, Context, Data, Dialogue, Facts, SearchIn, Side};
use crate::time::Timestamp;
use crate::wire::Reader;

/// Both directions of one connection.
pub(super) struct Stream {
    variant: Variant,
    device: Framing,
    remote: Framing,
}

impl Stream {
    pub(super) fn new(variant: Variant) -> Self {
        Self { variant, device: Framing::default(), remote: Framing::default() }
    }

    const fn framing(&mut self, side: Side) -> &mut Framing {
        match side {
            Side::Device => &mut self.device,
            Side::Remote => &mut self.remote,
        }
    }

    fn appetite(&self) -> Appetite {
        if self.device.is_lost && self.remote.is_lost { Appetite::Done } else { Appetite::More }
    }
}

impl Dialogue for Stream {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        let variant = self.variant;
        self.framing(data.side).data(variant, data, context);
        self.appetite()
    }

    fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) -> Appetite {
        let variant = self.variant;
        self.framing(side).gap(variant, side, length, context);
        self.appetite()
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.device.flush(self.variant, Side::Device, context);
        self.remote.flush(self.variant, Side::Remote, context);
    }

    fn facts(&self) -> Facts {
        self.variant.facts()
    }

    fn search(&self) -> SearchIn {
        SearchIn::Parts
    }
}

/// One direction: what of a message has come so far. It holds at most one message.
#[derive(Default)]
struct Framing {
    held: Vec<u8>,
    /// Bytes still to come of a message that was given up.
    skip: usize,
    is_lost: bool,
    /// Frame and time of the last bytes.
    seen: Option<(u64, Timestamp)>,
}

impl Framing {
    fn data(&mut self, variant: Variant, data: Data<'_>, context: &mut Context<'_>) {
        if self.is_lost {
            return;
        }
        self.seen = Some((data.frame, data.time));
        let skipped = self.skip.min(data.bytes.len());
        self.skip = self.skip.saturating_sub(skipped);
        self.held.extend(data.bytes.iter().skip(skipped));
        let mut reader = Reader::new(&self.held);
        while let Some(bytes) = message(&mut reader) {
            read(variant, Data { bytes, is_cut: false, ..data }, context);
        }
        let done = reader.position();
        self.held.drain(..done);
    }

    fn gap(&mut self, variant: Variant, side: Side, length: u64, context: &mut Context<'_>) {
        if self.is_lost {
            return;
        }
        let missing = self.missing();
        self.flush(variant, side, context);
        match usize::try_from(length).ok().and_then(|length| missing.checked_sub(length)) {
            Some(rest) if missing > 0 => self.skip = rest,
            _ => self.lose(length, context),
        }
    }

    fn lose(&mut self, length: u64, context: &mut Context<'_>) {
        self.is_lost = true;
        let detail = format!("found {length} bytes missing where a message's length is, expected none: nothing behind them is read");
        push_anomaly("dns-gap", self.seen, context, detail);
    }

    /// Bytes still to come of the message that was begun; 0 when its length is not known.
    fn missing(&self) -> usize {
        let mut reader = Reader::new(&self.held);
        match reader.u16() {
            Ok(length) => usize::from(length).saturating_sub(reader.left()),
            Err(_) => self.skip,
        }
    }

    /// Gives up the message that was begun; what has come of it is read.
    fn flush(&mut self, variant: Variant, side: Side, context: &mut Context<'_>) {
        let held = std::mem::take(&mut self.held);
        if let (Some(bytes), Some((frame, time))) = (held.get(2..), self.seen) {
            read(variant, Data { side, bytes, frame, time, is_cut: true }, context);
        }
    }
}

/// The next message, if it is whole; otherwise the reader stays.
fn message<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mut ahead = *reader;
    let length = ahead.u16().ok()?;
    let bytes = ahead.take(length.into()).ok()?;
    *reader = ahead;
    Some(bytes)
}
