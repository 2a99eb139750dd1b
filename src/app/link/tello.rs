//! Ryze Tello: the words of its SDK, and the packets of its app.

use super::tally::{Command, Message, Tally};
use crate::app::{Appetite, Context, Data, Dialogue, Facts, Probe, Protocol, Recognised, Side, Transport};
use crate::record::LinkKind;
use crate::wire::tello::{Text, command, packet, text};

const NAME: &str = "tello";

/// Commands and their answers (port 8889), state (port 8890).
pub(crate) const TELLO: Protocol =
    Protocol { name: NAME, transport: Transport::Udp, ports: &[8889, 8890], recognise, open: |_| Box::new(Tello::default()) };

/// A packet has checksums, a state its own shape, and no other protocol says `command` and `takeoff`; words as common
/// as `go` and answers as short as `ok` count on the Tello's ports only.
fn recognise(probe: Probe<'_>) -> Recognised {
    let has_port = TELLO.ports.iter().any(|port| probe.flow.has_port(*port));
    let is_telling = match text(probe.bytes) {
        Some(Text::Command(word, _)) => has_port || matches!(word, "takeoff" | "streamon" | "streamoff" | "battery?"),
        Some(Text::Answer(_)) => has_port,
        Some(Text::State) => true,
        None => false,
    };
    Recognised::from(is_telling || packet(probe.bytes).is_some() || has_port && is_connect(probe.bytes))
}

/// The app asks for a connection, and for the picture at a port, in text with two bytes behind; the answer has them too.
fn is_connect(bytes: &[u8]) -> bool {
    bytes.len() == 11 && (bytes.starts_with(b"conn_req:") || bytes.starts_with(b"conn_ack:"))
}

#[derive(Default)]
struct Tello(Tally);

impl Tello {
    fn told(&mut self, data: Data<'_>, (name, kind): (&'static str, LinkKind)) {
        let command = Command { protocol: NAME, name: Some(name), kind: Some(kind), ..Command::default() };
        self.count(data, command, Message::of(data.bytes.len()));
    }

    fn count(&mut self, data: Data<'_>, command: Command, message: Message) {
        self.0.note_clear();
        self.0.weigh(command.kind.unwrap_or(LinkKind::Link), data.bytes.len());
        self.0.count(data, command, message);
    }
}

impl Dialogue for Tello {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        if let Some(packet) = packet(data.bytes) {
            let known = command(packet.command);
            let command = Command {
                protocol: NAME,
                packet_type: Some(packet.kind),
                id: Some(packet.command.into()),
                name: known.map(|(name, _)| name),
                kind: known.map(|(_, kind)| kind),
                ..Command::default()
            };
            if packet.is_from_aircraft() {
                self.0.note_aircraft(data.side);
            }
            self.count(data, command, Message::of(data.bytes.len()));
        } else if is_connect(data.bytes) {
            self.told(data, ("connect", LinkKind::Link));
        } else {
            match text(data.bytes) {
                Some(Text::Command(name, kind)) => self.told(data, (name, kind)),
                Some(Text::Answer(name)) => self.told(data, (name, LinkKind::Link)),
                Some(Text::State) => {
                    self.0.note_aircraft(data.side);
                    self.told(data, ("state", LinkKind::Telemetry));
                }
                // Answers with a value in them; only the aircraft gives any.
                None if sent_by_aircraft(data, context) && data.bytes.is_ascii() => self.told(data, ("answer", LinkKind::Telemetry)),
                None => self.0.count(data, Command { protocol: NAME, ..Command::default() }, Message::of(data.bytes.len())),
            }
        }
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

/// Commands go to port 8889, and their answers come from there.
fn sent_by_aircraft(data: Data<'_>, context: &Context<'_>) -> bool {
    let port = match data.side {
        Side::Device => context.flow.device.1,
        Side::Remote => context.flow.remote.1,
    };
    port == 8889
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::flow_with_ports;
    use crate::record::{DeviceKind, Row};
    use crate::time::Timestamp;

    #[test]
    fn a_conversation_with_the_sdk() {
        let flow = flow_with_ports(Transport::Udp, 8889, 8889);
        let mut rows = Vec::new();
        let mut context = Context { flow: &flow, rows: &mut rows };
        let mut tello = Tello::default();
        let said = [
            (Side::Device, &b"command"[..]),
            (Side::Remote, b"ok"),
            (Side::Device, b"battery?"),
            (Side::Remote, b"87\r\n"),
            (Side::Device, b"rc 0 0 10 0"),
            (Side::Device, b"rc 0 0 0 0"),
            (Side::Remote, b"mid:-1;x:0;y:0;z:0;bat:87;"),
        ];
        for (frame, (side, bytes)) in (1..).zip(said) {
            tello.data(Data { side, bytes, frame, time: Timestamp::default(), is_cut: false }, &mut context);
        }
        tello.finish(&mut context);
        let facts = tello.facts();
        let told = |row: &Row| if let Row::DroneLink(row) = row { Some((row.name, row.count)) } else { None };
        let mut told: Vec<_> = rows.iter().filter_map(told).collect();
        told.sort_unstable();
        let expected = ["answer", "battery?", "command", "ok", "rc", "state"].map(|name| (Some(name), if name == "rc" { 2 } else { 1 }));
        assert_eq!(told, expected);
        let link = facts.link.unwrap();
        assert_eq!((link.device, link.remote, link.category()), (None, Some(DeviceKind::Drone), Some("link_telemetry")));
    }
}
