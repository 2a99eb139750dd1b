//! DNS, multicast DNS and LLMNR: one row per message, and a name for every address that an answer gave.
//!
//! The three share a format and differ in port, which is what tells them apart. Elsewhere than on their
//! ports only what can hardly be anything else is taken for DNS.

mod names;
mod recognise;
mod stream;

use std::sync::Arc;

use super::{Appetite, Context, Data, Dialogue, Facts, FlowInfo, Protocol, SearchIn, Side, Transport};
use crate::limits::{DNS_NAMES, DNS_TEXT_BYTES};
use crate::record::{Anomaly, Dns, Encryption, Name, NameSource, Row};
use crate::time::{Span, Timestamp};
use crate::wire::dns::{Dialect, Message, Part};

/// Ports of DNS, mDNS (RFC 6762 §3) and LLMNR (RFC 4795 §2).
const DNS_PORT: u16 = 53;
const MULTICAST_PORT: u16 = 5353;
const LINK_LOCAL_PORT: u16 = 5355;

/// DNS over UDP.
pub(super) const UDP: Protocol = Protocol {
    name: "dns",
    transport: Transport::Udp,
    ports: &[DNS_PORT],
    recognise: |probe| recognise::datagram(Variant::Dns, probe),
    open: open_datagrams,
};

/// Multicast DNS.
pub(super) const MULTICAST: Protocol = Protocol {
    name: "mdns",
    transport: Transport::Udp,
    ports: &[MULTICAST_PORT],
    recognise: |probe| recognise::datagram(Variant::Multicast, probe),
    open: open_datagrams,
};

/// LLMNR over UDP.
pub(super) const LINK_LOCAL: Protocol = Protocol {
    name: "llmnr",
    transport: Transport::Udp,
    ports: &[LINK_LOCAL_PORT],
    recognise: |probe| recognise::datagram(Variant::LinkLocal, probe),
    open: open_datagrams,
};

/// DNS over TCP, and what of LLMNR does not fit into a datagram.
pub(super) const TCP: Protocol = Protocol {
    name: "dns",
    transport: Transport::Tcp,
    ports: &[DNS_PORT, LINK_LOCAL_PORT],
    recognise: recognise::stream,
    open: |flow| Box::new(stream::Stream::new(Variant::of(flow))),
};

fn open_datagrams(flow: &FlowInfo) -> Box<dyn Dialogue> {
    Box::new(Datagrams { variant: Variant::of(flow) })
}

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    Dns,
    Multicast,
    LinkLocal,
}

impl Variant {
    fn of(flow: &FlowInfo) -> Self {
        if flow.has_port(DNS_PORT) {
            Self::Dns
        } else if flow.has_port(MULTICAST_PORT) {
            Self::Multicast
        } else if flow.has_port(LINK_LOCAL_PORT) {
            Self::LinkLocal
        } else {
            Self::Dns
        }
    }

    /// The word in the tables.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Multicast => "mdns",
            Self::LinkLocal => "llmnr",
        }
    }

    const fn dialect(self) -> Dialect {
        match self {
            Self::Multicast => Dialect::Multicast,
            Self::Dns | Self::LinkLocal => Dialect::Unicast,
        }
    }

    const fn source(self) -> NameSource {
        match self {
            Self::Dns => NameSource::Dns,
            Self::Multicast | Self::LinkLocal => NameSource::Mdns,
        }
    }

    fn facts(self) -> Facts {
        Facts { application: Some(self.as_str()), encryption: Encryption::None, ..Facts::default() }
    }
}

/// Every datagram is a message.
struct Datagrams {
    variant: Variant,
}

impl Dialogue for Datagrams {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        read(self.variant, data, context);
        Appetite::More
    }

    fn gap(&mut self, _: Side, _: u64, _: &mut Context<'_>) -> Appetite {
        Appetite::More
    }

    fn finish(&mut self, _: &mut Context<'_>) {}

    fn facts(&self) -> Facts {
        self.variant.facts()
    }

    fn search(&self) -> SearchIn {
        SearchIn::Parts
    }
}

/// Reads one message into its rows.
fn read(variant: Variant, data: Data<'_>, context: &mut Context<'_>) {
    let message = match Message::parse(data.bytes, variant.dialect()) {
        Ok(message) => message,
        Err(_) if data.is_cut => return,
        Err(_) => {
            let detail = format!("found a message of {} bytes, expected a header of 12", data.bytes.len());
            return malformed(data, context, detail);
        }
    };
    if !recognise::is_plausible(message.header) {
        let detail = format!("found opcode {} and {} records, expected a DNS header", message.header.opcode(), message.header.total());
        return malformed(data, context, detail);
    }
    report(&message, data, context);
    push_message(variant, &message, data, context);
    push_names(variant, &message, data, context);
}

/// What is wrong with a message: at most one anomaly, for the first thing that is not the capture's doing.
fn report(message: &Message<'_>, data: Data<'_>, context: &mut Context<'_>) {
    let is_cut = data.is_cut || message.header.is_truncated();
    let stop = message.stop.filter(|stop| !(is_cut && stop.fault.is_short()));
    if let Some(damage) = message.bad_data().or(stop) {
        malformed(data, context, damage.to_string());
    } else if message.trailing > 0 && message.header.opcode() != STATEFUL {
        malformed(data, context, format!("found {} bytes after the last record, expected none", message.trailing));
    }
}

/// Opcode of stateful operations, which carry other things than records (RFC 8490 §5.4).
const STATEFUL: u8 = 6;

fn malformed(data: Data<'_>, context: &mut Context<'_>, detail: String) {
    push_anomaly("dns-malformed", Some((data.frame, data.time)), context, detail);
}

fn push_anomaly(kind: &'static str, seen: Option<(u64, Timestamp)>, context: &mut Context<'_>, detail: String) {
    let (capture, flow_id) = match seen {
        Some((_, time)) => context.flow.place(time),
        None => (Arc::clone(&context.flow.capture), context.flow.flow_id),
    };
    context.rows.push(Row::Anomaly(Box::new(Anomaly {
        capture,
        frame: seen.map(|(frame, _)| frame),
        offset: None,
        time: seen.map(|(_, time)| time),
        flow_id: Some(flow_id),
        kind,
        detail,
        count: 1,
        is_damage: false,
    })));
}

fn push_message(variant: Variant, message: &Message<'_>, data: Data<'_>, context: &mut Context<'_>) {
    let header = message.header;
    let first = message.questions.first();
    let mut texts = Texts { left: DNS_TEXT_BYTES };
    let row = Dns {
        origin: context.flow.origin(data.frame, data.time),
        protocol: variant.as_str().to_owned(),
        transport: transport(context.flow).to_owned(),
        from_device: data.side == Side::Device,
        id: header.id,
        is_response: header.is_response(),
        opcode: header.opcode(),
        query: first.map(|question| question.name.text()),
        query_type: first.map(|question| question.kind.to_string()),
        questions: texts.of(&message.questions),
        response_code: header.is_response().then(|| message.code().to_string()),
        answers: texts.of(message.part(Part::Answer)),
        authorities: texts.of(message.part(Part::Authority)),
        additionals: texts.of(message.part(Part::Additional)),
        is_truncated: header.is_truncated() || data.is_cut,
        decrypted: false,
    };
    look_through(message, &row, data, context);
    context.rows.push(Row::Dns(Box::new(row)));
    if texts.left == 0 {
        let detail = format!("found records of more than {DNS_TEXT_BYTES} bytes as text, the rest is not listed");
        push_anomaly("dns-text-limit", Some((data.frame, data.time)), context, detail);
    }
}

/// Names and records as text; and the names asked for without dots, because a label has at most 63 bytes and what is longer
/// is spread over several.
fn look_through(message: &Message<'_>, row: &Dns, data: Data<'_>, context: &mut Context<'_>) {
    if context.flow.content.search().is_none() {
        return;
    }
    let names: Vec<String> = message.questions.iter().map(|question| question.name.text()).collect();
    let joined: Vec<String> = names.iter().map(|name| name.replace('.', "")).collect();
    let text: Vec<&str> =
        [&names, &joined, &row.answers, &row.authorities, &row.additionals].into_iter().flatten().map(String::as_str).collect();
    context.look_through((data.side, "dns"), text.join("\n").as_bytes(), (data.frame, data.time));
}

const fn transport(flow: &FlowInfo) -> &'static str {
    match flow.transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

/// Text of records, as much as one row may hold.
struct Texts {
    left: usize,
}

impl Texts {
    fn of(&mut self, items: impl IntoIterator<Item: ToString>) -> Vec<String> {
        items.into_iter().map(|item| item.to_string()).take_while(|text| self.takes(text)).collect()
    }

    fn takes(&mut self, text: &str) -> bool {
        self.left = self.left.saturating_sub(text.len());
        self.left > 0
    }
}

fn push_names(variant: Variant, message: &Message<'_>, data: Data<'_>, context: &mut Context<'_>) {
    let learned = names::learn(message);
    if learned.len() > DNS_NAMES {
        let detail = format!("found more than {DNS_NAMES} addresses in a message, the rest is not learned");
        push_anomaly("dns-names-limit", Some((data.frame, data.time)), context, detail);
    }
    for learned in learned.into_iter().take(DNS_NAMES) {
        context.rows.push(Row::Name(Box::new(Name {
            origin: context.flow.origin(data.frame, data.time),
            device_mac: context.flow.device_mac.clone(),
            address: learned.address,
            name: learned.name,
            canonical: learned.canonical,
            until: Some(data.time.after(Span::from_secs(learned.lifetime.into()))),
            source: if learned.is_reverse { NameSource::Ptr } else { variant.source() },
        })));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;
    use crate::wire::dns::tests::{answer, message};

    fn flow(transport: Transport, port: u16) -> FlowInfo {
        FlowInfo {
            capture: "a.pcap".into(),
            flow_id: 7,
            transport,
            device: (Ipv4Addr::new(10, 0, 0, 2).into(), 40_000),
            remote: (Ipv4Addr::new(192, 0, 2, 53).into(), port),
            device_mac: Some("02:00:00:00:00:01".to_owned()),
            secrets: None,
            content: <_>::default(),
            earlier: Vec::new(),
        }
    }

    /// A dialogue on a flow, and the rows it gave.
    struct Bench {
        flow: FlowInfo,
        dialogue: Box<dyn Dialogue>,
        rows: Vec<Row>,
        frame: u64,
    }

    impl Bench {
        fn new(protocol: &Protocol, port: u16) -> Self {
            let flow = flow(protocol.transport, port);
            Self { dialogue: (protocol.open)(&flow), flow, rows: Vec::new(), frame: 0 }
        }

        fn data(&mut self, side: Side, bytes: &[u8]) -> Appetite {
            self.send(Data { side, bytes, frame: 0, time: Timestamp::from_parts(1_000, 0), is_cut: false })
        }

        fn cut(&mut self, bytes: &[u8]) -> Appetite {
            self.send(Data { side: Side::Remote, bytes, frame: 0, time: Timestamp::from_parts(1_000, 0), is_cut: true })
        }

        fn send(&mut self, data: Data<'_>) -> Appetite {
            self.frame += 1;
            self.dialogue.data(Data { frame: self.frame, ..data }, &mut Context { flow: &self.flow, rows: &mut self.rows })
        }

        fn gap(&mut self, side: Side, length: u64) -> Appetite {
            self.dialogue.gap(side, length, &mut Context { flow: &self.flow, rows: &mut self.rows })
        }

        /// The rows in short.
        fn finish(mut self) -> Vec<String> {
            self.dialogue.finish(&mut Context { flow: &self.flow, rows: &mut self.rows });
            self.rows.iter().map(short).collect()
        }
    }

    fn short(row: &Row) -> String {
        match row {
            Row::Dns(dns) => {
                let cut = if dns.is_truncated { " cut" } else { "" };
                let query = dns.query.as_deref().unwrap_or("-");
                format!("{} {} {query} {}{cut} @{}", dns.protocol, dns.transport, dns.answers.len(), dns.origin.frame)
            }
            Row::Name(name) => format!("{} {} {}", name.source.as_str(), name.address, name.name),
            Row::Anomaly(anomaly) => format!("{} {}", anomaly.kind, anomaly.detail),
            _ => "?".to_owned(),
        }
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        [u16::try_from(message.len()).unwrap().to_be_bytes().as_slice(), message].concat()
    }

    const ANSWER: [&str; 2] = ["dns udp www.example 2 @1", "dns 192.0.2.7 www.example"];

    #[test]
    fn a_datagram_is_a_message() {
        let mut bench = Bench::new(&UDP, 53);
        assert_eq!(bench.data(Side::Remote, &answer()), Appetite::More);
        let Some(Row::Dns(dns)) = bench.rows.first() else { panic!("a dns row comes first") };
        assert_eq!((dns.id, dns.is_response, dns.from_device, dns.opcode), (0x1234, true, false, 0));
        assert_eq!((dns.query_type.as_deref(), dns.response_code.as_deref()), (Some("A"), Some("NOERROR")));
        assert_eq!(dns.questions, ["A www.example"]);
        assert_eq!(dns.answers, ["www.example 60 CNAME cdn.example", "cdn.example 30 A 192.0.2.7"]);
        assert_eq!((dns.authorities.len(), dns.additionals.len(), dns.is_truncated), (1, 1, false));
        let Some(Row::Name(name)) = bench.rows.get(1) else { panic!("a name row comes next") };
        assert_eq!((name.canonical.as_deref(), name.until), (Some("cdn.example"), Some(Timestamp::from_parts(1_030, 0))));
        assert_eq!(name.device_mac.as_deref(), Some("02:00:00:00:00:01"));
        assert_eq!(bench.dialogue.facts().application, Some("dns"));
        assert_eq!(bench.dialogue.facts().encryption, Encryption::None);
        assert_eq!(bench.finish(), ANSWER);
    }

    #[test]
    fn names_tell_where_they_come_from() {
        for (protocol, port, expected) in [(&MULTICAST, 5353, "mdns"), (&LINK_LOCAL, 5355, "llmnr")] {
            let mut bench = Bench::new(protocol, port);
            bench.data(Side::Remote, &answer());
            assert_eq!(bench.dialogue.facts().application, Some(expected));
            assert_eq!(bench.finish(), [format!("{expected} udp www.example 2 @1"), "mdns 192.0.2.7 www.example".to_owned()]);
        }
    }

    #[test]
    fn a_cut_datagram_is_no_damage() {
        let mut bench = Bench::new(&UDP, 53);
        bench.cut(&answer()[..60]);
        bench.cut(&answer()[..5]);
        assert_eq!(bench.finish(), ["dns udp www.example 1 cut @1"]);
    }

    #[test]
    fn what_is_malformed_is_told_and_the_rest_kept() {
        let mut bench = Bench::new(&UDP, 53);
        bench.data(Side::Remote, &answer()[..60]);
        bench.data(Side::Remote, &[&answer(), b"x".as_slice()].concat());
        bench.data(Side::Remote, &answer()[..5]);
        bench.data(Side::Remote, &[0xff; 20]);
        assert_eq!(
            bench.finish(),
            [
                "dns-malformed answer 2 of 2 at offset 47: found 1 bytes, expected 4",
                "dns udp www.example 1 @1",
                "dns-malformed found 1 bytes after the last record, expected none",
                "dns udp www.example 2 @2",
                "dns 192.0.2.7 www.example",
                "dns-malformed found a message of 5 bytes, expected a header of 12",
                "dns-malformed found opcode 15 and 262140 records, expected a DNS header",
            ]
        );
    }

    #[test]
    fn streams_hold_many_messages_in_any_pieces() {
        let query = message(0x0100, [1, 0, 0, 0], b"\x03www\x07example\x00\x00\x01\x00\x01");
        let stream = [framed(&answer()), framed(&query), framed(&answer())].concat();
        for pieces in [1, 2, 3, 7, 100, stream.len()] {
            let mut bench = Bench::new(&TCP, 53);
            for piece in stream.chunks(pieces) {
                assert_eq!(bench.data(Side::Remote, piece), Appetite::More);
            }
            let rows: Vec<_> = bench.finish().iter().map(|row| row.split(" @").next().unwrap().to_owned()).collect();
            let one = ["dns tcp www.example 2", "dns 192.0.2.7 www.example"];
            assert_eq!(rows, [one.as_slice(), &["dns tcp www.example 0"], &one].concat(), "{pieces}");
        }
    }

    #[test]
    fn a_gap_inside_a_message_costs_its_end() {
        let mut bench = Bench::new(&TCP, 53);
        let stream = framed(&answer());
        bench.data(Side::Remote, &stream[..60]);
        assert_eq!(bench.gap(Side::Remote, 10), Appetite::More);
        bench.data(Side::Remote, &stream[70..]);
        bench.data(Side::Remote, &stream);
        assert_eq!(bench.finish(), ["dns tcp www.example 1 cut @1", "dns tcp www.example 2 @3", "dns 192.0.2.7 www.example"]);
    }

    #[test]
    fn a_gap_over_a_length_ends_its_direction() {
        let lost = "dns-gap found 500 bytes missing where a message's length is, expected none: nothing behind them is read";
        let mut bench = Bench::new(&TCP, 53);
        let stream = framed(&answer());
        bench.data(Side::Remote, &stream[..60]);
        assert_eq!(bench.gap(Side::Remote, 500), Appetite::More);
        bench.data(Side::Remote, &stream);
        bench.data(Side::Device, &stream);
        assert_eq!(bench.gap(Side::Device, 500), Appetite::Done);
        assert_eq!(bench.finish(), ["dns tcp www.example 1 cut @1", lost, "dns tcp www.example 2 @3", "dns 192.0.2.7 www.example", lost]);
    }

    #[test]
    fn a_stream_that_ends_inside_a_message_keeps_what_came() {
        let mut bench = Bench::new(&TCP, 53);
        bench.data(Side::Remote, &framed(&answer())[..60]);
        assert_eq!(bench.finish(), ["dns tcp www.example 1 cut @1"]);
    }

    #[test]
    fn an_update_is_listed_and_teaches_nothing() {
        let body = b"\x07example\x00\x00\x06\x00\x01\x01a\xc0\x0c\x00\x01\x00\xff\x00\x00\x00\x00\x00\x00";
        let mut bench = Bench::new(&UDP, 53);
        bench.data(Side::Device, &message(0x2800, [1, 0, 1, 0], body));
        let Some(Row::Dns(dns)) = bench.rows.first() else { panic!("a dns row") };
        assert_eq!((dns.opcode, dns.response_code.as_ref()), (5, None));
        assert_eq!(dns.authorities, [r"a.example 0 ANY A \# 0"]);
        assert_eq!(bench.finish(), ["dns udp example 0 @1"]);
    }

    #[test]
    fn text_and_names_of_a_message_are_bounded() {
        // One owner of 250 bytes that are shown as four each, and 4,000 addresses of it.
        let label = [b"\x3e".as_slice(), &[1; 62]].concat();
        let owner = [label.repeat(4), vec![0]].concat();
        let body = [owner, b"\x00\x01\x00\x01".to_vec(), b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x01\x02\x03\x04".repeat(4_000)]
            .concat();
        let mut bench = Bench::new(&TCP, 53);
        bench.data(Side::Remote, &framed(&message(0x8180, [1, 4_000, 0, 0], &body)));
        let Some(Row::Dns(dns)) = bench.rows.first() else { panic!("a dns row") };
        assert!(dns.answers.iter().map(String::len).sum::<usize>() < DNS_TEXT_BYTES);
        assert!(dns.answers.len() > 1_000);
        let rows = bench.finish();
        assert_eq!(rows.iter().filter(|row| row.starts_with("dns 1.2.3.4")).count(), DNS_NAMES);
        let limits: Vec<_> = rows.iter().filter(|row| row.contains("-limit")).collect();
        assert_eq!(limits.len(), 2, "{limits:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(
            pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..60), 0..80_u64), 0..20)
        ) {
            for (protocol, port) in [(&UDP, 53), (&MULTICAST, 5353), (&TCP, 53)] {
                let mut bench = Bench::new(protocol, port);
                for (is_device, bytes, gap) in &pieces {
                    let side = if *is_device { Side::Device } else { Side::Remote };
                    bench.data(side, bytes);
                    if *gap > 60 {
                        bench.gap(side, *gap);
                    }
                }
                bench.finish();
            }
        }

        /// Random bytes on another port are not taken for DNS.
        #[test]
        fn random_bytes_are_not_dns(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let flow = flow(Transport::Udp, 4_000);
            let probe = crate::app::Probe { bytes: &bytes, flow: &flow };
            prop_assert_ne!((UDP.recognise)(probe), crate::app::Recognised::Yes);
        }
    }
}
