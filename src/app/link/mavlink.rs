//! MAVLink, in datagrams and streams: known by a checksum that depends on the message.

use super::pending::Pending;
use super::tally::{Command, End, Message, Tally};
use crate::app::{Appetite, Context, Data, Dialogue, Facts, Probe, Protocol, Recognised, Side, Transport};
use crate::record::{LinkKind, Subject};
use crate::wire::duml::Start;
use crate::wire::mavlink::{Check, Fault, Frame, frame, message};
use crate::wire::place::Place;

const NAME: &str = "mavlink";

/// In datagrams.
pub(crate) const MAVLINK_UDP: Protocol = Protocol {
    name: NAME,
    transport: Transport::Udp,
    ports: &[14_540, 14_550, 14_551],
    recognise: |probe| if recognise(probe) == Recognised::Yes { Recognised::Yes } else { Recognised::No },
    open: |_| Box::new(Mavlink::default()),
};
/// In a stream.
pub(crate) const MAVLINK_TCP: Protocol =
    Protocol { name: NAME, transport: Transport::Tcp, ports: &[5760, 5763], recognise, open: |_| Box::new(Mavlink::default()) };

/// Frames one after the other, up to the first whose checksum can be checked and is right.
fn recognise(probe: Probe<'_>) -> Recognised {
    let mut rest = probe.bytes;
    loop {
        match frame(rest) {
            Ok(Frame { check: Check::Good, .. }) => return Recognised::Yes,
            Ok(Frame { check: Check::Bad, .. }) | Err(Fault::Foreign) => return Recognised::No,
            Ok(Frame { check: Check::Unknown, length, .. }) => rest = rest.get(length..).unwrap_or_default(),
            Err(Fault::Short) => return Recognised::More,
        }
    }
}

#[derive(Default)]
struct Mavlink {
    tally: Tally,
    pending: Pending,
    satellites: Option<u8>,
}

impl Mavlink {
    fn message(&mut self, frame: &Frame<'_>, data: Data<'_>, context: &mut Context<'_>) {
        let known = message(frame.message);
        let command = Command {
            protocol: NAME,
            id: Some(frame.message),
            sender: Some(End::System(frame.system, frame.component)),
            name: known.map(|(name, _)| name),
            kind: known.map(|(_, kind)| kind),
            ..Command::default()
        };
        let is_unchecked = frame.check == Check::Unknown;
        self.tally.count(data, command, Message { is_unchecked, ..Message::of(frame.length) });
        self.tally.weigh(known.map_or(LinkKind::Telemetry, |(_, kind)| kind), frame.length);
        self.tally.note_clear();
        if frame.is_aircraft() {
            self.tally.note_aircraft(data.side);
        }
        self.satellites = frame.satellites().or(self.satellites);
        if let Some((place, subject, basis)) = frame.place() {
            let satellites = if subject == Subject::Aircraft { self.satellites } else { None };
            self.tally.place(data, (Place { satellites, ..place }, subject, basis), context);
        }
    }

    /// Reads frames; how many bytes at the end are the beginning of one more, and where that starts.
    fn read(&mut self, (bytes, start): (&[u8], Start), data: Data<'_>, context: &mut Context<'_>) -> (usize, Start) {
        let is_stream = context.flow.transport == Transport::Tcp;
        let (mut rest, mut start) = (bytes, start);
        while !rest.is_empty() {
            match frame(rest) {
                Ok(frame) if frame.check == Check::Good || frame.check == Check::Unknown && start == Start::Here => {
                    self.message(&frame, data, context);
                    rest = rest.get(frame.length..).unwrap_or_default();
                    start = Start::Here;
                    continue;
                }
                Err(Fault::Short) if is_stream || start == Start::Here => break,
                Ok(_) if start == Start::Here => self.tally.count_bad(data, NAME, None),
                _ => {}
            }
            // Behind damage only a checksum that is right tells where a frame starts.
            start = Start::Somewhere;
            rest = rest.get(1..).unwrap_or_default();
        }
        (rest.len(), start)
    }
}

impl Dialogue for Mavlink {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        if context.flow.transport == Transport::Udp {
            self.read((data.bytes, Start::Here), data, context);
        } else {
            let mut pending = std::mem::take(&mut self.pending);
            pending.show(data, |bytes, start| self.read((bytes, start), data, context));
            self.pending = pending;
        }
        Appetite::More
    }

    fn gap(&mut self, side: Side, _: u64, _: &mut Context<'_>) -> Appetite {
        self.pending.forget(side);
        Appetite::More
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.tally.finish(context);
    }

    fn facts(&self) -> Facts {
        self.tally.facts(NAME)
    }
}
