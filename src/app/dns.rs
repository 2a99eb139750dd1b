//! DNS, multicast DNS and LLMNR: one row per message, and a name for every address that an answer gave.
//!
//! The three share a format and differ in port, which is what tells them apart. Elsewhere than on their
//! ports only what can hardly be anything else is taken for DNS.

mod names;
mod recognise;
mod stream;

use std::sync::Arc;

use super::{Appetite, Context, Data, Dialogue, Facts, FlowInfo, Protocol, Side, Transport};
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
}

/// Reads one message into its rows.
fn read(variant: Variant, data: Data<'_>, context: &mut Context<'_>) {
    let message = match Message::parse(data.bytes, variant.dialect()) {
        Ok(message) => message,
        Err(_) if data.is_cut => return,
        Err(short) => {
            let found = data.bytes.len();
            let needed = found.saturating_add(short.needed.saturating_sub(short.left));
            return malformed(data, context, format!("found a message of {found} bytes, expected at least {needed} of its header"));
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
    context.rows.push(Row::Anomaly(Box::new(Anomaly {
        capture: Arc::clone(&context.flow.capture),
        frame: seen.map(|(frame, _)| frame),
        offset: None,
        time: seen.map(|(_, time)| time),
        flow_id: Some(context.flow.flow_id),
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
        query: first.map(|question| question.name.to_string()),
        query_type: first.map(|question| question.kind.to_string()),
        questions: texts.of(&message.questions),
        response_code: header.is_response().then(|| message.code().to_string()),
        answers: texts.of(message.part(Part::Answer)),
        authorities: texts.of(message.part(Part::Authority)),
        additionals: texts.of(message.part(Part::Additional)),
        is_truncated: header.is_truncated() || data.is_cut,
    };
    context.rows.push(Row::Dns(Box::new(row)));
    if texts.left == 0 {
        let detail = format!("found records of more than {DNS_TEXT_BYTES} bytes as text, the rest is not listed");
        push_anomaly("dns-text-limit", Some((data.frame, data.time)), context, detail);
    }
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
