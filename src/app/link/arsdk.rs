//! Parrot's ARSDK: the set-up of the link in JSON, then frames in datagrams.

use super::tally::{Command, Message, Tally};
use crate::app::{Appetite, Context, Data, Dialogue, Facts, Probe, Protocol, Recognised, Side, Transport};
use crate::record::{LinkKind, Subject};
use crate::wire::arsdk::{Content, Discovery, Frame, HEADER, discovery, frames};
use crate::wire::place::Place;

const NAME: &str = "arsdk";
/// Bytes of the set-up looked at in each direction.
const SET_UP: usize = 2_048;

/// Frames.
pub(crate) const ARSDK: Protocol =
    Protocol { name: NAME, transport: Transport::Udp, ports: &[43_210, 54_321], recognise, open: |_| Box::new(Arsdk::default()) };
/// The set-up.
pub(crate) const ARSDK_DISCOVERY: Protocol =
    Protocol { name: NAME, transport: Transport::Tcp, ports: &[44_444], recognise: recognise_set_up, open: |_| Box::new(SetUp::default()) };

/// Frames that fill their datagram and hold what the protocol knows.
fn recognise(probe: Probe<'_>) -> Recognised {
    let is_known = |frame: &Frame<'_>| match frame.content() {
        Content::Command(command) => command.known().is_some(),
        Content::Link("ping") => matches!(frame.data.len(), 8 | 16),
        Content::Link(_) => frame.buffer > 127 && frame.data.len() == 1,
        Content::Picture => frame.kind == 3,
        Content::Other => false,
    };
    Recognised::from(frames(probe.bytes).is_some_and(|frames| frames.iter().all(is_known)))
}

fn recognise_set_up(probe: Probe<'_>) -> Recognised {
    match discovery(probe.bytes) {
        Discovery::Question(_) | Discovery::Answer(_) => Recognised::Yes,
        Discovery::More => Recognised::More,
        Discovery::Foreign => Recognised::No,
    }
}

#[derive(Default)]
struct Arsdk {
    tally: Tally,
    satellites: Option<u8>,
}

impl Arsdk {
    fn frame(&mut self, frame: &Frame<'_>, data: Data<'_>, context: &mut Context<'_>) {
        let length = HEADER + frame.data.len();
        let mut line = Command { protocol: NAME, packet_type: Some(frame.kind), ..Command::default() };
        match frame.content() {
            Content::Link(name) => (line.name, line.kind) = (Some(name), Some(LinkKind::Link)),
            Content::Picture => {
                (line.name, line.kind) = (Some("picture"), Some(LinkKind::Video));
                self.tally.note_aircraft(data.side);
            }
            Content::Command(command) => {
                line.set = Some(u16::from_be_bytes([command.project, command.class]));
                line.id = Some(command.id.into());
                (line.name, line.kind) = command.known().unzip();
                if command.is_from_aircraft() {
                    self.tally.note_aircraft(data.side);
                }
                self.satellites = command.satellites().or(self.satellites);
                if let Some((place, subject, basis)) = command.place() {
                    let satellites = if subject == Subject::Aircraft { self.satellites } else { None };
                    self.tally.place(data, (Place { satellites, ..place }, subject, basis), context);
                }
            }
            Content::Other => {}
        }
        self.tally.note_clear();
        self.tally.weigh(line.kind.unwrap_or(LinkKind::Link), length);
        self.tally.count(data, line, Message::of(length));
    }
}

impl Dialogue for Arsdk {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        for frame in frames(data.bytes).unwrap_or_default() {
            self.frame(&frame, data, context);
        }
        Appetite::More
    }

    fn gap(&mut self, _: Side, _: u64, _: &mut Context<'_>) -> Appetite {
        Appetite::More
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.tally.finish(context);
    }

    fn facts(&self) -> Facts {
        self.tally.facts(NAME)
    }
}

/// One question and one answer.
#[derive(Default)]
struct SetUp {
    tally: Tally,
    sides: [Vec<u8>; 2],
    answered: [bool; 2],
}

impl Dialogue for SetUp {
    fn data(&mut self, data: Data<'_>, _: &mut Context<'_>) -> Appetite {
        let at = usize::from(data.side == Side::Remote);
        let (Some(bytes), Some(is_told)) = (self.sides.get_mut(at), self.answered.get_mut(at)) else { return Appetite::Done };
        bytes.extend_from_slice(data.bytes);
        bytes.truncate(SET_UP);
        let (name, length) = match discovery(bytes) {
            _ if *is_told => return Appetite::More,
            Discovery::Question(length) => ("set-up: question", length),
            Discovery::Answer(length) => {
                self.tally.note_aircraft(data.side);
                ("set-up: answer", length)
            }
            Discovery::More => return Appetite::More,
            Discovery::Foreign => return Appetite::Done,
        };
        *is_told = true;
        let command = Command { protocol: NAME, name: Some(name), kind: Some(LinkKind::Link), ..Command::default() };
        self.tally.note_clear();
        self.tally.weigh(LinkKind::Link, length);
        self.tally.count(data, command, Message::of(length));
        Appetite::More
    }

    fn gap(&mut self, _: Side, _: u64, _: &mut Context<'_>) -> Appetite {
        Appetite::Done
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.tally.finish(context);
    }

    fn facts(&self) -> Facts {
        self.tally.facts(NAME)
    }
}
