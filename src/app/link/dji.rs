//! DJI's Wi-Fi link between aircraft and app: datagrams with a header of their own, in them DUML messages and a
//! picture. It is in clear when something in it can be read; the header alone tells nothing of that.

use super::duml;
use super::tally::{Command, Message, Tally};
use super::video::Units;
use crate::app::{Appetite, Context, Data, Dialogue, Facts, Protocol, Recognised, Side, Transport};
use crate::wire::dji_link::{Datagram, Fault, Kind, datagram};
use crate::wire::duml::Frames;
use crate::wire::nal::{self, Codec};

const NAME: &str = "dji-link";

/// The link.
pub(crate) const DJI: Protocol = Protocol {
    name: NAME,
    transport: Transport::Udp,
    ports: &[9003],
    recognise: |probe| Recognised::from(datagram(probe.bytes, Some(probe.bytes.len())).is_ok()),
    open: |_| Box::new(Link::default()),
};

#[derive(Default)]
struct Link {
    tally: Tally,
    /// What the picture is coded in, once a unit told.
    codec: Option<Codec>,
}

impl Link {
    fn read(&mut self, datagram: &Datagram<'_>, data: Data<'_>, context: &mut Context<'_>) {
        let tally = &mut self.tally;
        let kind = datagram.kind;
        let command = Command {
            protocol: NAME,
            packet_type: Some(kind.number()),
            name: Some(kind.name()),
            kind: Some(kind.kind()),
            ..Command::default()
        };
        tally.count(data, command, Message::of(datagram.length));
        tally.weigh(kind.kind(), datagram.length);
        if kind.is_from_aircraft() {
            tally.note_aircraft(data.side);
        } else if kind.is_from_app() {
            tally.note_app(data.side);
        }
        if kind == Kind::VIDEO {
            self.codec = self.codec.or_else(|| nal::starts(datagram.body).next().map(|(_, codec)| codec));
            let mut units = Units::new(self.codec.unwrap_or(Codec::H264), Some(kind.number()));
            units.count(datagram.body, tally, data);
        } else {
            duml::messages(&mut Frames::new(datagram.body), Some(kind.number()), tally, (data, context));
        }
    }
}

impl Dialogue for Link {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        let length = (!data.is_cut).then_some(data.bytes.len());
        match datagram(data.bytes, length) {
            Ok(datagram) => self.read(&datagram, data, context),
            Err(Fault::Checksum) => self.tally.count_bad(data, NAME, None),
            // Messages may come without the header between.
            Err(Fault::Foreign) => duml::messages(&mut Frames::new(data.bytes), None, &mut self.tally, (data, context)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::flow_with_ports;
    use crate::record::{DeviceKind, Encryption, LinkKind, Row, Subject};
    use crate::time::Timestamp;
    use crate::wire::dji_link::tests::around;
    use crate::wire::duml::tests::{message, state};

    fn read(datagrams: &[(Side, Vec<u8>)]) -> (Vec<Row>, Facts) {
        let flow = flow_with_ports(Transport::Udp, 12_346, 9003);
        let mut rows = Vec::new();
        let mut context = Context { flow: &flow, rows: &mut rows };
        let mut link = Link::default();
        for (frame, (side, bytes)) in (1..).zip(datagrams) {
            link.data(Data { side: *side, bytes, frame, time: Timestamp::from_parts(9, 0), is_cut: false }, &mut context);
        }
        link.finish(&mut context);
        let facts = link.facts();
        (rows, facts)
    }

    fn telemetry(messages: &[u8]) -> Vec<u8> {
        around(1, &[&[0; 24][..], messages].concat())
    }

    fn lines(rows: &[Row]) -> Vec<(&str, Option<u8>, String, u64, u64)> {
        let line = |row: &Row| match row {
            Row::DroneLink(row) => {
                let command = format!("{}/{}", row.command_set.clone().unwrap_or_default(), row.command_id.clone().unwrap_or_default());
                Some((row.protocol, row.packet_type, command, row.count, row.bad_checksums))
            }
            _ => None,
        };
        rows.iter().filter_map(line).collect()
    }

    #[test]
    fn counts_datagrams_messages_and_damage() {
        let clear = message((3, 2), 0, (3, 0x43), &state(40.0, -105.0, 7));
        let mut damaged = clear.clone();
        damaged[20] ^= 1;
        let mut broken = telemetry(&clear);
        broken[7] ^= 1;
        let (rows, facts) = read(&[
            (Side::Remote, telemetry(&clear)),
            (Side::Remote, telemetry(&[&clear[..], &damaged].concat())),
            (Side::Remote, broken),
            (Side::Remote, around(2, b"........\x01\x01\0\0\0\0\0\x01\x67\x42\x80\x1f\x8d\0\0\0\x01\x09\x10")),
            (Side::Device, around(5, &[&[0; 12][..], &message((2, 3), 0x40, (3, 0x2a), &[1])].concat())),
        ]);
        let none = || "/".to_owned();
        assert_eq!(
            lines(&rows),
            [
                ("dji-link", Some(5), none(), 1, 0),
                ("duml", Some(5), "03/2a".to_owned(), 1, 0),
                ("dji-link", None, none(), 0, 1),
                ("dji-link", Some(1), none(), 2, 0),
                ("dji-link", Some(2), none(), 1, 0),
                ("duml", Some(1), none(), 0, 1),
                ("duml", Some(1), "03/43".to_owned(), 2, 0),
                ("h264", Some(2), "/7".to_owned(), 1, 0),
                ("h264", Some(2), "/9".to_owned(), 1, 0),
            ]
        );
        let places: Vec<_> = rows.iter().filter_map(|row| if let Row::Position(row) = row { Some(row) } else { None }).collect();
        assert_eq!((places.len(), places[0].subject, places[0].height_m), (2, Subject::Aircraft, Some(0.7)));
        let link = facts.link.unwrap();
        assert_eq!((link.device, link.remote), (Some(DeviceKind::Phone), Some(DeviceKind::Drone)));
        assert_eq!((facts.encryption, link.category()), (Encryption::None, Some("link_telemetry")));
        assert!(link.kinds.iter().any(|(kind, _)| *kind == LinkKind::Video));
    }

    #[test]
    fn a_remote_controller_passes_on_what_the_aircraft_says() {
        let passed_on = message((3, 2), 0, (3, 0x43), &[]);
        let own = message((27, 2), 0, (7, 9), &[]);
        let (_, facts) = read(&[(Side::Remote, telemetry(&[passed_on, own].concat()))]);
        assert_eq!(facts.link.unwrap().remote, Some(DeviceKind::RemoteController));
    }

    #[test]
    fn an_encrypted_link_is_not_in_clear() {
        let (rows, facts) = read(&[(Side::Remote, telemetry(&message((3, 2), 1, (3, 0x43), &state(40.0, -105.0, 7))))]);
        assert_eq!((facts.encryption, &facts.quality[..]), (Encryption::Unknown, &["link-encrypted"][..]));
        assert!(!rows.iter().any(|row| matches!(row, Row::Position(_))));
    }
}
