//! Whether first bytes are DNS. On its own ports a header that could be one and a question that can be
//! read are enough; elsewhere the whole message must be what clients and servers send every day.

use super::{DNS_PORT, LINK_LOCAL_PORT, MULTICAST_PORT, Variant};
use crate::app::{FlowInfo, Probe, Recognised};
use crate::limits::{DNS_RECORDS, PROBE_BYTES};
use crate::wire::Reader;
use crate::wire::dns::{Class, Dialect, Header, Message, Question, Type};

/// A datagram of one of the three.
pub(super) fn datagram(variant: Variant, probe: Probe<'_>) -> Recognised {
    if Variant::of(probe.flow) != variant {
        return Recognised::No;
    }
    let Ok(message) = Message::parse(probe.bytes, variant.dialect()) else {
        return Recognised::More;
    };
    match (is_own_port(probe.flow), is_plausible(message.header)) {
        (_, false) => Recognised::No,
        (true, true) if has_first(&message) => Recognised::Yes,
        // A question may be damaged, and the next datagram sound.
        (true, true) => Recognised::More,
        (false, true) if is_everyday(&message) => Recognised::Yes,
        (false, true) => Recognised::No,
    }
}

/// The first message of a stream, behind its length.
pub(super) fn stream(probe: Probe<'_>) -> Recognised {
    let mut reader = Reader::new(probe.bytes);
    let Ok(length) = reader.u16() else {
        return Recognised::More;
    };
    let is_own_port = is_own_port(probe.flow);
    let longest = if is_own_port { u16::MAX.into() } else { PROBE_BYTES.saturating_sub(2) };
    if !(HEADER_BYTES..=longest).contains(&usize::from(length)) {
        return Recognised::No;
    }
    let bytes = reader.take_up_to(length.into());
    let Ok(message) = Message::parse(bytes, Dialect::Unicast) else {
        return Recognised::More;
    };
    let is_whole = bytes.len() == usize::from(length);
    let could_be = is_plausible(message.header) && (is_own_port || is_everyday_header(message.header));
    let is_seen = if is_own_port { has_first_whole(&message) } else { is_whole && is_everyday(&message) };
    match (could_be, is_seen, is_whole) {
        (false, ..) => Recognised::No,
        (true, true, _) => Recognised::Yes,
        (true, false, true) => Recognised::No,
        (true, false, false) => Recognised::More,
    }
}

const HEADER_BYTES: usize = 12;

fn is_own_port(flow: &FlowInfo) -> bool {
    [DNS_PORT, MULTICAST_PORT, LINK_LOCAL_PORT].into_iter().any(|port| flow.has_port(port))
}

/// A header that DNS may have: an operation that exists, and no more records than fit into a message.
/// Random bytes pass once in a million times.
pub(super) fn is_plausible(header: Header) -> bool {
    matches!(header.opcode(), 0 | 1 | 2 | 4 | 5 | 6) && header.total() <= DNS_RECORDS
}

/// The first question, or the first record of a response without one, is there, at least as far as a
/// snapshot length let it be. A refusal may have neither.
fn has_first(message: &Message<'_>) -> bool {
    has_first_whole(message) || message.stop.is_some_and(|stop| stop.fault.is_short())
}

fn has_first_whole(message: &Message<'_>) -> bool {
    let is_bare_response = message.header.is_response() && message.header.total() == 0;
    !message.questions.is_empty() || !message.records.is_empty() || is_bare_response
}

/// One ordinary question, and nothing wrong, left over or odd in the whole message.
fn is_everyday(message: &Message<'_>) -> bool {
    let is_whole = message.stop.is_none() && message.bad_data().is_none() && message.trailing == 0;
    is_whole && is_everyday_header(message.header) && message.questions.iter().all(is_everyday_question)
}

fn is_everyday_header(header: Header) -> bool {
    use crate::wire::dns::Part::{Answer, Question};
    let is_bare = header.code().0 == 0 && header.count(Answer) == 0;
    header.opcode() == 0 && !header.has_reserved_bit() && header.count(Question) == 1 && (header.is_response() || is_bare)
}

fn is_everyday_question(question: &Question<'_>) -> bool {
    matches!(question.class, Class::IN | Class::ANY) && question.kind.is_known() && question.kind != Type::OPT && !is_netbios(question)
}

/// The NetBIOS name service has the format of DNS, with names of 16 bytes in 32 letters from A to P
/// (RFC 1002 §4.1).
fn is_netbios(question: &Question<'_>) -> bool {
    let first = question.name.labels().next().unwrap_or_default();
    first.len() == 32 && first.iter().all(|byte| (b'A'..=b'P').contains(byte))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::app::Transport;
    use crate::wire::dns::tests::{answer, message};

    fn probe(transport: Transport, port: u16, bytes: &[u8], recognise: impl Fn(Probe<'_>) -> Recognised) -> Recognised {
        let device = (Ipv4Addr::new(10, 0, 0, 2).into(), 40_000);
        let remote = (Ipv4Addr::new(192, 0, 2, 53).into(), port);
        let flow = FlowInfo {
            capture: "a.pcap".into(),
            flow_id: 1,
            transport,
            device,
            remote,
            device_mac: None,
            secrets: None,
            content: <_>::default(),
            earlier: Vec::new(),
        };
        recognise(Probe { bytes, flow: &flow })
    }

    fn udp(port: u16, bytes: &[u8]) -> Recognised {
        probe(Transport::Udp, port, bytes, |probe| datagram(Variant::of(probe.flow), probe))
    }

    fn tcp(port: u16, bytes: &[u8]) -> Recognised {
        let framed = [u16::try_from(bytes.len()).unwrap().to_be_bytes().as_slice(), bytes].concat();
        probe(Transport::Tcp, port, &framed, stream)
    }

    fn query() -> Vec<u8> {
        message(0x0100, [1, 0, 0, 0], b"\x03www\x07example\x00\x00\x01\x00\x01")
    }

    #[test]
    fn everyday_messages_are_recognised_on_any_port() {
        for bytes in [query(), answer()] {
            for port in [53, 5353, 5355, 9953] {
                assert_eq!(udp(port, &bytes), Recognised::Yes, "{port}");
            }
            assert_eq!(tcp(53, &bytes), Recognised::Yes);
            assert_eq!(tcp(9953, &bytes), Recognised::Yes);
        }
    }

    #[test]
    fn each_variant_keeps_to_its_port() {
        let is = |variant| probe(Transport::Udp, 5353, &query(), |probe| datagram(variant, probe));
        assert_eq!(is(Variant::Dns), Recognised::No);
        assert_eq!(is(Variant::LinkLocal), Recognised::No);
        assert_eq!(is(Variant::Multicast), Recognised::Yes);
    }

    #[test]
    fn odd_messages_only_on_their_own_ports() {
        let odd = [
            // An update, a reserved bit, two questions, a private type, class CH, bytes left over, a refusal without a question.
            message(0x2800, [1, 0, 0, 0], b"\x01a\x00\x00\x06\x00\x01"),
            message(0x0140, [1, 0, 0, 0], b"\x01a\x00\x00\x01\x00\x01"),
            message(0x0100, [2, 0, 0, 0], b"\x01a\x00\x00\x01\x00\x01\x01b\x00\x00\x01\x00\x01"),
            message(0x0100, [1, 0, 0, 0], b"\x01a\x00\xff\x00\x00\x01"),
            message(0x0100, [1, 0, 0, 0], b"\x01a\x00\x00\x10\x00\x03"),
            message(0x0100, [1, 0, 0, 0], b"\x01a\x00\x00\x01\x00\x01\x00"),
            message(0x8105, [0, 0, 0, 0], b""),
        ];
        for bytes in odd {
            assert_eq!(udp(53, &bytes), Recognised::Yes, "{bytes:?}");
            assert_eq!(tcp(53, &bytes), Recognised::Yes, "{bytes:?}");
            assert_eq!(udp(4000, &bytes), Recognised::No, "{bytes:?}");
            assert_eq!(tcp(4000, &bytes), Recognised::No, "{bytes:?}");
        }
    }

    #[test]
    fn a_question_cut_by_the_snapshot_length_will_do_on_the_own_port() {
        assert_eq!(udp(53, &query()[..20]), Recognised::Yes);
        assert_eq!(udp(4000, &query()[..20]), Recognised::No);
        assert_eq!(udp(53, &query()[..11]), Recognised::More);
    }

    #[test]
    fn a_damaged_question_leaves_it_to_the_next_datagram() {
        assert_eq!(udp(53, &message(0x0100, [1, 0, 0, 0], b"\xc0\x0c\x00\x01\x00\x01")), Recognised::More);
    }

    #[test]
    fn netbios_names_are_not_dns() {
        let body = b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\x00\x00\x21\x00\x01";
        assert_eq!(udp(137, &message(0, [1, 0, 0, 0], body)), Recognised::No);
    }

    #[test]
    fn streams_wait_for_what_they_need() {
        let framed = [b"\x00\x1d".as_slice(), &query()].concat();
        for length in 0..framed.len() {
            for port in [53, 9953] {
                assert_eq!(probe(Transport::Tcp, port, &framed[..length], stream), Recognised::More, "{length}");
            }
        }
    }

    #[test]
    fn other_protocols_are_not_dns() {
        for bytes in [
            b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n".as_slice(),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x5a\x5a\x5a\x5a",
            &[0xff; 64],
        ] {
            for port in [53, 80] {
                assert_eq!(probe(Transport::Tcp, port, bytes, stream), Recognised::No, "{port} {bytes:?}");
            }
            assert_eq!(udp(80, bytes), Recognised::No);
        }
        assert_eq!(udp(4000, &[0; 64]), Recognised::No);
    }
}
