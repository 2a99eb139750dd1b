//! DUML messages: those inside datagrams of DJI's link, and those that come without it, as over a phone's USB network.

use super::pending::Pending;
use super::tally::{Command, End, Message, Tally};
use crate::app::{Appetite, Context, Data, Dialogue, Facts, Probe, Protocol, Recognised, Side, Transport};
use crate::wire::duml::{self, Fault, Found, Frame, Frames, Part, command};

const NAME: &str = "duml";

/// In datagrams.
pub(crate) const DUML_UDP: Protocol =
    Protocol { name: NAME, transport: Transport::Udp, ports: &[], recognise: datagram, open: |_| Box::new(Duml::default()) };
/// In a stream.
pub(crate) const DUML_TCP: Protocol =
    Protocol { name: NAME, transport: Transport::Tcp, ports: &[2345], recognise: stream, open: |_| Box::new(Stream::default()) };

fn datagram(probe: Probe<'_>) -> Recognised {
    Recognised::from(duml::frame(probe.bytes).is_ok())
}

fn stream(probe: Probe<'_>) -> Recognised {
    match duml::frame(probe.bytes) {
        Ok(_) => Recognised::Yes,
        Err(Fault::Short) => Recognised::More,
        Err(_) => Recognised::No,
    }
}

/// Counts the messages in `frames`.
pub(super) fn messages(frames: &mut Frames<'_>, packet_type: Option<u8>, tally: &mut Tally, (data, context): (Data<'_>, &mut Context<'_>)) {
    for found in frames {
        match found {
            Found::Bad => tally.count_bad(data, NAME, packet_type),
            Found::Frame(frame) => message(&frame, packet_type, tally, (data, context)),
        }
    }
}

fn message(frame: &Frame<'_>, packet_type: Option<u8>, tally: &mut Tally, (data, context): (Data<'_>, &mut Context<'_>)) {
    let known = command(frame.set, frame.id);
    let command = Command {
        protocol: NAME,
        packet_type,
        set: Some(frame.set.into()),
        id: Some(frame.id.into()),
        sender: Some(End::Part(frame.sender)),
        receiver: Some(End::Part(frame.receiver)),
        name: known.map(|known| known.name),
        kind: known.map(|known| known.kind),
    };
    let message = Message { is_response: frame.is_response, is_encrypted: !frame.is_clear(), ..Message::of(frame.length) };
    tally.count(data, command, message);
    if frame.is_clear() {
        tally.note_clear();
    }
    if let (None, Some(known)) = (packet_type, known) {
        tally.weigh(known.kind, frame.length);
    }
    note_end(frame.sender, data.side, tally);
    if let Some(place) = frame.place() {
        tally.place(data, place, context);
    }
}

/// What the sender tells of the end that sent.
fn note_end(sender: Part, side: Side, tally: &mut Tally) {
    if sender.is_ground_radio() {
        tally.note_ground_radio(side);
    } else if sender.is_airborne() {
        tally.note_aircraft(side);
    } else if sender.kind == Part::APP {
        tally.note_app(side);
    }
}

/// Messages in datagrams.
#[derive(Default)]
struct Duml(Tally);

impl Dialogue for Duml {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        messages(&mut Frames::new(data.bytes), None, &mut self.0, (data, context));
        Appetite::More
    }

    fn gap(&mut self, _: Side, _: u64, _: &mut Context<'_>) -> Appetite {
        Appetite::More
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.0.finish(context);
    }

    fn facts(&self) -> Facts {
        self.0.facts(NAME)
    }
}

/// Messages in a stream.
#[derive(Default)]
struct Stream {
    tally: Tally,
    pending: Pending,
}

impl Dialogue for Stream {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        let tally = &mut self.tally;
        self.pending.show(data, |bytes, start| {
            let mut frames = Frames::from(bytes, start);
            messages(&mut frames, None, tally, (data, context));
            (frames.rest().len(), frames.start())
        });
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
