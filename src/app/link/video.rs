//! Pictures: units of H.264 and H.265, as they come in a drone's datagrams or streams, with or without a header of the
//! maker's around them.

use super::tally::{Command, Message, Tally};
use crate::app::{Appetite, Context, Data, Dialogue, Facts, Probe, Protocol, Recognised, Side, Transport};
use crate::limits::PROBE_BYTES;
use crate::record::LinkKind;
use crate::wire::nal::{Codec, Scanner, Step, codec, parameters, starts};

const H264: &str = Codec::H264.as_str();
const H265: &str = Codec::H265.as_str();
/// The SDK of the Tello sends its picture to the first, its app asks for it on the second.
const PORTS: &[u16] = &[11_111, 6_038];

/// H.264 in datagrams.
pub(crate) const H264_UDP: Protocol = Protocol {
    name: H264,
    transport: Transport::Udp,
    ports: PORTS,
    recognise: |probe| in_datagram(probe, Codec::H264),
    open: |_| Box::new(Video::new(Codec::H264)),
};
/// H.265 in datagrams.
pub(crate) const H265_UDP: Protocol = Protocol {
    name: H265,
    transport: Transport::Udp,
    ports: PORTS,
    recognise: |probe| in_datagram(probe, Codec::H265),
    open: |_| Box::new(Video::new(Codec::H265)),
};
/// H.264 in a stream.
pub(crate) const H264_TCP: Protocol = Protocol {
    name: H264,
    transport: Transport::Tcp,
    ports: &[],
    recognise: |probe| in_stream(probe, Codec::H264),
    open: |_| Box::new(Video::new(Codec::H264)),
};
/// H.265 in a stream.
pub(crate) const H265_TCP: Protocol = Protocol {
    name: H265,
    transport: Transport::Tcp,
    ports: &[],
    recognise: |probe| in_stream(probe, Codec::H265),
    open: |_| Box::new(Video::new(Codec::H265)),
};

/// The app of the Tello puts two counters before the unit; behind longer headers only parameters tell a picture.
fn in_datagram(probe: Probe<'_>, wanted: Codec) -> Recognised {
    const HEADERS: std::ops::RangeInclusive<usize> = 3..=32;
    let behind = || codec(probe.bytes.get(2..)?);
    let far = || HEADERS.into_iter().find_map(|at| parameters(probe.bytes.get(at..)?));
    Recognised::from(codec(probe.bytes).or_else(behind).or_else(far) == Some(wanted))
}

/// Some makers put a header before each picture. One unit far behind the beginning might be chance, two are none.
fn in_stream(probe: Probe<'_>, wanted: Codec) -> Recognised {
    const NEAR: usize = 64;
    let mut starts = starts(probe.bytes).filter(|(_, codec)| *codec == wanted);
    match (starts.next(), starts.next()) {
        (Some((at, _)), _) if at <= NEAR => Recognised::Yes,
        (Some(_), Some(_)) => Recognised::Yes,
        _ if probe.bytes.len() < PROBE_BYTES => Recognised::More,
        _ => Recognised::No,
    }
}

/// Units of one direction being counted.
pub(super) struct Units {
    codec: Codec,
    packet_type: Option<u8>,
    scanner: Scanner,
    current: Option<Command>,
}

impl Units {
    pub(super) const fn new(codec: Codec, packet_type: Option<u8>) -> Self {
        Self { codec, packet_type, scanner: Scanner::NEW, current: None }
    }

    /// Counts the units that start in `bytes`; what comes before the first is not looked at.
    pub(super) fn count(&mut self, bytes: &[u8], tally: &mut Tally, data: Data<'_>) {
        let Self { codec, packet_type, scanner, current } = self;
        scanner.scan(bytes, &mut |step| match (step, *current) {
            (Step::Start(head, length), _) => {
                let command = command(*codec, *packet_type, head);
                tally.note_clear();
                tally.count(data, command, Message::of(length));
                *current = Some(command);
            }
            (Step::Run(length), Some(command)) => tally.grow(data.side, command, length),
            (Step::Run(_), None) => {}
        });
    }
}

fn command(codec: Codec, packet_type: Option<u8>, head: u8) -> Command {
    let number = codec.unit(head);
    Command {
        protocol: codec.as_str(),
        packet_type,
        id: Some(number.into()),
        name: codec.unit_name(number),
        kind: Some(LinkKind::Video),
        ..Command::default()
    }
}

/// A flow of pictures.
struct Video {
    tally: Tally,
    codec: Codec,
    device: Units,
    remote: Units,
}

impl Video {
    fn new(codec: Codec) -> Self {
        Self { tally: Tally::default(), codec, device: Units::new(codec, None), remote: Units::new(codec, None) }
    }

    const fn units(&mut self, side: Side) -> &mut Units {
        match side {
            Side::Device => &mut self.device,
            Side::Remote => &mut self.remote,
        }
    }
}

impl Dialogue for Video {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        let codec = self.codec;
        if context.flow.transport == Transport::Udp {
            *self.units(data.side) = Units::new(codec, None);
        }
        self.tally.weigh(LinkKind::Video, data.bytes.len());
        let units = match data.side {
            Side::Device => &mut self.device,
            Side::Remote => &mut self.remote,
        };
        units.count(data.bytes, &mut self.tally, data);
        Appetite::More
    }

    fn gap(&mut self, side: Side, _: u64, _: &mut Context<'_>) -> Appetite {
        *self.units(side) = Units::new(self.codec, None);
        Appetite::More
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.tally.finish(context);
    }

    fn facts(&self) -> Facts {
        self.tally.facts(self.codec.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::flow_with_ports;

    fn recognised(transport: Transport, bytes: &[u8]) -> Vec<(&'static str, Recognised)> {
        let flow = flow_with_ports(transport, 50_000, 9);
        let probe = Probe { bytes, flow: &flow };
        let all = [H264_UDP, H265_UDP, H264_TCP, H265_TCP];
        let tried = all.iter().filter(|protocol| protocol.transport == transport).map(|it| (it.name, (it.recognise)(probe)));
        tried.filter(|(_, answer)| *answer != Recognised::No).collect()
    }

    #[test]
    fn pictures_are_known_by_their_units() {
        let slice = b"\0\0\0\x01\x41\x9a\0\x1c\0";
        assert_eq!(recognised(Transport::Udp, slice), [(H264, Recognised::Yes)]);
        assert_eq!(recognised(Transport::Udp, &[&[3, 0][..], slice].concat()), [(H264, Recognised::Yes)]);
        assert_eq!(recognised(Transport::Udp, b"\0\0\0\x01\x42\x01\x01\x01\x60"), [(H265, Recognised::Yes)]);
        assert_eq!(recognised(Transport::Udp, &[&[7; 9][..], slice].concat()), []);
        let parameters = b"\0\0\0\x01\x67\x42\x80\x1f";
        assert_eq!(recognised(Transport::Udp, &[&[7; 8][..], parameters].concat()), [(H264, Recognised::Yes)]);
    }

    #[test]
    fn one_unit_far_from_the_beginning_of_a_stream_is_chance() {
        let slice = b"\0\0\0\x01\x41\x9a\0\x1c\0";
        let header = [&[0, 0, 1, 0xa0][..], &[7; 36]].concat();
        let more = Recognised::More;
        assert_eq!(recognised(Transport::Tcp, &[&header[..], slice].concat())[0], (H264, Recognised::Yes));
        assert_eq!(recognised(Transport::Tcp, &[&[7; 100][..], slice].concat()), [(H264, more), (H265, more)]);
        assert_eq!(recognised(Transport::Tcp, &[&[7; 100][..], slice, slice].concat())[0], (H264, Recognised::Yes));
        assert_eq!(recognised(Transport::Tcp, &[7; PROBE_BYTES]), []);
    }
}
