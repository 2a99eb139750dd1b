//! Table `flows`: one row per conversation, with what it carried, to whom, and on what each answer rests.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    ClassBasis, Column, DeviceKind, EncryptionClass, FlowLink, Get, KindBasis, NameSource, Reach, Record, Volume, shown, text, text_of,
    texts,
};
use crate::time::{Span, Timestamp};

/// What was counted in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// IP packets, fragments included.
    pub packets: u64,
    /// Bytes of the frames on the wire or air.
    pub wire_bytes: u64,
    /// Bytes of the IP datagrams by their own length.
    pub ip_bytes: u64,
    /// Transport payload.
    pub payload_bytes: u64,
    /// Payload without what TCP sent again.
    pub unique_bytes: u64,
    /// Packets that carried only payload seen before.
    pub retransmitted_packets: u64,
    /// Payload bytes seen before.
    pub retransmitted_bytes: u64,
    /// Holes in the TCP stream.
    pub gaps: u64,
    /// Bytes missing in them.
    pub gap_bytes: u64,
    /// Packets that were IP fragments.
    pub fragments: u64,
}

/// What decided which endpoint is the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceBasis {
    /// Direction recorded by the capture: pcapng flags, SLL packet type, PKTAP flags, 802.11 ToDS/FromDS.
    Metadata,
    /// The user named the device.
    Given,
    /// One address is private or link-local, or the other is multicast.
    Address,
    /// The side that opened the flow.
    Initiator,
    /// The other side uses a service port.
    Port,
    /// Nothing better than the sender of the first frame.
    FirstFrame,
}

impl DeviceBasis {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Given => "given",
            Self::Address => "address",
            Self::Initiator => "initiator",
            Self::Port => "port",
            Self::FirstFrame => "first-frame",
        }
    }
}

/// Which side opened the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Initiator {
    /// The device.
    Device,
    /// The remote.
    Remote,
    /// The opening was not captured.
    Unknown,
}

impl Initiator {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Remote => "remote",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether an observer could read the payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    /// TLS over TCP.
    Tls,
    /// QUIC.
    Quic,
    /// DTLS over UDP.
    Dtls,
    /// A recognised protocol in clear text.
    None,
    /// Not recognised, or nothing was sent.
    #[default]
    Unknown,
}

impl Encryption {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Quic => "quic",
            Self::Dtls => "dtls",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// What the application of a flow rests on, strongest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApplicationBasis {
    /// The bytes themselves, what client and server agreed on among them.
    #[default]
    Content,
    /// Paths of requests seen in clear.
    Path,
    /// The host's name, which a rule knows.
    Name,
    /// The port, of a flow whose bytes say less.
    Port,
}

impl ApplicationBasis {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Path => "path",
            Self::Name => "name",
            Self::Port => "port",
        }
    }
}

/// How one clock runs against another, in parts of a million.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockRate {
    /// How much faster.
    pub ppm: f64,
    /// By how much that may be wrong.
    pub error_ppm: f64,
}

/// The program on the device that a flow belongs to, as the capture tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its name, escaped; empty when only the number is known.
    pub name: String,
    /// Android's user id.
    pub uid: Option<u32>,
    /// Apple's process id.
    pub pid: Option<u32>,
    /// What told it.
    pub basis: AppBasis,
}

/// What told the program that a flow belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AppBasis {
    /// The trailer that PCAPdroid appends to a packet.
    PcapdroidTrailer,
    /// The process that PKTAP says sent or got the packet.
    PktapProcess,
    /// The process on whose behalf, by PKTAP, another one did.
    PktapEffectiveProcess,
}

impl AppBasis {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PcapdroidTrailer => "pcapdroid-trailer",
            Self::PktapProcess => "pktap-process",
            Self::PktapEffectiveProcess => "pktap-effective-process",
        }
    }
}

/// A name seen inside the flow itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FlowName {
    /// Where it was seen.
    pub source: NameSource,
    /// The name, escaped, lower-case, without a final dot.
    pub name: String,
}

/// An HTTP request seen in clear text or decrypted, as far as rules look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Host, lower-case, without port.
    pub host: String,
    /// Path without query.
    pub path: String,
    /// Types, by their first bytes, of what the device sent in it.
    pub sent: Vec<String>,
    /// Types of what it got.
    pub received: Vec<String>,
    /// What names of fields in what the device sent stand for.
    pub tells: Vec<String>,
}

/// What the pass alone cannot know: joined after it, from what all captures taught.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Host name the flow went to.
    pub name: Option<String>,
    /// Where the name comes from.
    pub name_source: Option<NameSource>,
    /// Age of the DNS answer when the flow began.
    pub name_age: Option<Span>,
    /// Every name that could be meant, when there is more than one.
    pub name_candidates: Vec<String>,
    /// Registrable domain of the name.
    pub domain: Option<String>,
    /// Organisation behind the name.
    pub owner: Option<String>,
    /// Home country of that organisation.
    pub owner_country: Option<String>,
    /// What the owner rests on.
    pub owner_basis: &'static str,
    /// Kind of address: global, private, multicast and so on.
    pub scope: &'static str,
    /// Country of the remote when settled.
    pub country: Option<String>,
    /// `source=CC` of every source.
    pub country_candidates: Vec<String>,
    /// What the country rests on.
    pub country_basis: &'static str,
    /// `source=CC>Nkm` of every source whose country lies too far away.
    pub country_struck: Vec<String>,
    /// Smallest time from SYN to SYN-ACK of the flows to the remote that the device opened.
    pub rtt_min: Option<Span>,
    /// Kilometres that it can be away at most by that.
    pub max_distance_km: Option<u64>,
    /// Region of the grouping in use.
    pub region: String,
    /// Cloud provider whose own list has the address.
    pub provider: Option<&'static str>,
    /// Its word for the place.
    pub provider_region: Option<String>,
    /// It announces the address from many places.
    pub is_anycast: Option<bool>,
    /// Autonomous system of the remote address.
    pub asn: Option<u32>,
    /// Organisation of that autonomous system.
    pub as_org: Option<String>,
    /// Role of the remote towards the vendor under study.
    pub party: &'static str,
    /// What the party rests on.
    pub party_basis: &'static str,
    /// Kind of data.
    pub category: &'static str,
    /// What the category rests on.
    pub category_basis: &'static str,
    /// Rule that decided.
    pub category_rule: Option<String>,
    /// Kinds that cannot be told apart.
    pub category_candidates: Vec<String>,
    /// What the device is, and what that rests on.
    pub device_kind: Option<(DeviceKind, KindBasis)>,
    /// What the remote is, and what that rests on.
    pub remote_kind: Option<(DeviceKind, KindBasis)>,
    /// Where the aircraft's flow goes, if it is one.
    pub aircraft_reach: Option<Reach>,
    /// What a study adds.
    pub study: Option<Box<InStudy>>,
}

/// What a study knows of a flow beyond its captures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InStudy {
    /// The run it was captured in.
    pub run: Arc<str>,
    /// user-initiated, automatic, ambiguous, unknown.
    pub initiation: &'static str,
    /// The rule that says so.
    pub initiation_basis: String,
    /// The action it is put down to.
    pub action: Option<String>,
    /// The row that counts for this one: the same conversation in another capture of the run.
    pub same_as: Option<u64>,
    /// The row that this one goes on from: the run's captures are split there.
    pub continues: Option<u64>,
}

/// One bidirectional conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    /// The capture, path as given.
    pub capture: Arc<str>,
    /// Number of the flow in this analysis.
    pub flow_id: u64,
    /// Interface of the first frame.
    pub interface: u32,
    /// Its name, where the capture tells.
    pub interface_name: Option<Arc<str>>,
    /// Transport protocol.
    pub protocol: String,
    /// Outer layers the packets were carried in.
    pub tunnel: Option<String>,
    /// VLAN identifiers, outermost first.
    pub vlan: Option<String>,
    /// Address of the device.
    pub device_ip: IpAddr,
    /// Port of the device.
    pub device_port: Option<u16>,
    /// Link address of the device.
    pub device_mac: Option<String>,
    /// Network on the air.
    pub bssid: Option<String>,
    /// Station on the air.
    pub station: Option<String>,
    /// Channel on the air.
    pub channel: Option<u16>,
    /// What decided which side is the device.
    pub device_basis: DeviceBasis,
    /// Address of the remote.
    pub remote_ip: IpAddr,
    /// Port of the remote.
    pub remote_port: Option<u16>,
    /// Side that opened the flow.
    pub initiator: Initiator,
    /// Application on the device, where the capture tells.
    pub app: Option<App>,
    /// Time of the first frame.
    pub first: Timestamp,
    /// Time of the last frame.
    pub last: Timestamp,
    /// Number of the first frame.
    pub first_frame: u64,
    /// Number of the last frame.
    pub last_frame: u64,
    /// From the device.
    pub outbound: Counts,
    /// To the device.
    pub inbound: Counts,
    /// Zeek's `history`.
    pub history: Option<String>,
    /// Zeek's `conn_state`.
    pub conn_state: Option<String>,
    /// What ended the flow.
    pub ended_by: String,
    /// Time between what the device sends, where that is regular.
    pub period: Option<Span>,
    /// SYN to SYN-ACK.
    pub handshake_rtt: Option<Span>,
    /// The SYN that was answered to its SYN-ACK, of flows that the device opened.
    pub round_trip: Option<Span>,
    /// SYN-ACK to the first ACK.
    pub handshake_ack: Option<Span>,
    /// How the capture's clock runs against the one behind the device's TCP timestamps.
    pub device_clock: Option<ClockRate>,
    /// Application protocol.
    pub application: Option<String>,
    /// What it rests on; says nothing of a flow without one.
    pub application_basis: ApplicationBasis,
    /// Whether an observer could read the payload.
    pub encryption: Encryption,
    /// What lessens trust in the row.
    pub quality: Vec<String>,
    /// Names seen in the flow itself.
    pub names: Vec<FlowName>,
    /// Requests seen in clear, or decrypted.
    pub requests: Vec<Request>,
    /// What it says as a drone link.
    pub link: Option<Box<FlowLink>>,
    /// Secrets that opened the payload.
    pub decrypted_by: Vec<String>,
    /// What it can have carried.
    pub volume: Volume,
    /// What its payload looks like, and what that rests on; nothing without payload.
    pub class: Option<(EncryptionClass, ClassBasis)>,
    /// What was joined after the pass.
    #[serde(skip)]
    pub answer: Answer,
}

/// A word, empty when it was never set.
fn word(value: &'static str) -> Option<std::borrow::Cow<'static, str>> {
    (!value.is_empty()).then_some(std::borrow::Cow::Borrowed(value))
}

impl Record for Flow {
    const TABLE: &'static str = "flows";
    const ABOUT: &'static str = "one row per flow: a bidirectional conversation from its first frame to its close or idle time-out";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("capture", "", "capture the flow was seen in, path as given", Get::Text(|r| text(&r.capture))),
        Column::new(
            "flow_id",
            "",
            "number of the flow, from 1, in the order of first frames over all captures",
            Get::Number(|r| Some(r.flow_id)),
        ),
        Column::new("interface", "", "number of the capture interface of the first frame", Get::Number(|r| Some(r.interface.into()))),
        Column::new(
            "interface_name",
            "",
            "its name; empty when the capture does not tell",
            Get::Text(|r| r.interface_name.as_deref().and_then(text)),
        ),
        Column::new("protocol", "", "tcp, udp, icmp, icmpv6, sctp, … or ip-N for protocol number N", Get::Text(|r| text(&r.protocol))),
        Column::new(
            "tunnel",
            "",
            "outer layers, outermost first, as `gre 192.0.2.1>198.51.100.2`; empty when there were none",
            Get::Text(|r| text_of(r.tunnel.as_ref())),
        ),
        Column::new(
            "vlan",
            "",
            "VLAN identifiers, outermost first, separated by commas; empty when untagged",
            Get::Text(|r| text_of(r.vlan.as_ref())),
        ),
        Column::new("device_ip", "", "address of the device", Get::Text(|r| shown(r.device_ip))),
        Column::new(
            "device_port",
            "",
            "port of the device; empty for protocols without ports",
            Get::Number(|r| r.device_port.map(u64::from)),
        ),
        Column::new(
            "device_mac",
            "",
            "link address of the device's frames; empty when the link type has none",
            Get::Text(|r| text_of(r.device_mac.as_ref())),
        ),
        Column::new(
            "bssid",
            "",
            "on the air, address of the access point of the first frame; empty elsewhere",
            Get::Text(|r| text_of(r.bssid.as_ref())),
        ),
        Column::new(
            "station",
            "",
            "on the air, address of the station; empty elsewhere, and for frames of the access point to all",
            Get::Text(|r| text_of(r.station.as_ref())),
        ),
        Column::new(
            "channel",
            "",
            "on the air, channel of the first frame; empty elsewhere, and when the radio does not tell",
            Get::Number(|r| r.channel.map(u64::from)),
        ),
        Column::new(
            "device_basis",
            "",
            "what decided which side is the device: metadata, given, address, initiator, port, first-frame (strongest first)",
            Get::Text(|r| text(r.device_basis.as_str())),
        ),
        Column::new(
            "device_kind",
            "",
            "phone, drone, remote-controller; empty when not known",
            Get::Text(|r| r.answer.device_kind.and_then(|(kind, _)| text(kind.as_str()))),
        ),
        Column::new(
            "device_kind_basis",
            "",
            "what that rests on: given (by the user), link (it said so on a drone link), oui (maker of its link address, whose other products have it too)",
            Get::Text(|r| r.answer.device_kind.and_then(|(_, basis)| text(basis.as_str()))),
        ),
        Column::new("remote_ip", "", "address of the remote", Get::Text(|r| shown(r.remote_ip))),
        Column::new(
            "remote_port",
            "",
            "port of the remote; empty for protocols without ports",
            Get::Number(|r| r.remote_port.map(u64::from)),
        ),
        Column::new(
            "remote_kind",
            "",
            "what the remote is, as device_kind",
            Get::Text(|r| r.answer.remote_kind.and_then(|(kind, _)| text(kind.as_str()))),
        ),
        Column::new(
            "remote_kind_basis",
            "",
            "what that rests on, as device_kind_basis",
            Get::Text(|r| r.answer.remote_kind.and_then(|(_, basis)| text(basis.as_str()))),
        ),
        Column::new(
            "aircraft_reach",
            "",
            "of a flow with an aircraft or remote controller at one end: link (with the app or remote controller), local, public, by the other end; empty for other flows",
            Get::Text(|r| r.answer.aircraft_reach.and_then(|reach| text(reach.as_str()))),
        ),
        Column::new(
            "initiator",
            "",
            "side that opened the flow: device, remote, or unknown when the opening was not captured",
            Get::Text(|r| text(r.initiator.as_str())),
        ),
        Column::new(
            "app",
            "",
            "application on the device; empty when the capture does not tell",
            Get::Text(|r| r.app.as_ref().and_then(|app| text(&app.name)).filter(|name| !name.is_empty())),
        ),
        Column::new(
            "app_uid",
            "",
            "Android's user id of that application; empty when the capture does not tell",
            Get::Number(|r| r.app.as_ref()?.uid.map(u64::from)),
        ),
        Column::new(
            "app_pid",
            "",
            "Apple's process id of that application; empty when the capture does not tell",
            Get::Number(|r| r.app.as_ref()?.pid.map(u64::from)),
        ),
        Column::new(
            "app_basis",
            "",
            "what told the application: pcapdroid-trailer, pktap-process, pktap-effective-process (another process worked for it); empty without one",
            Get::Text(|r| r.app.as_ref().and_then(|app| text(app.basis.as_str()))),
        ),
        Column::new("first", "", "time of the first frame", Get::Time(|r| Some(r.first))),
        Column::new("last", "", "time of the last frame", Get::Time(|r| Some(r.last))),
        Column::new("first_frame", "", "number of the first frame within its capture", Get::Number(|r| Some(r.first_frame))),
        Column::new("last_frame", "", "number of the last frame within its capture", Get::Number(|r| Some(r.last_frame))),
        Column::new("packets_out", "packets", "IP packets from the device, fragments included", Get::Number(|r| Some(r.outbound.packets))),
        Column::new("packets_in", "packets", "IP packets to the device, fragments included", Get::Number(|r| Some(r.inbound.packets))),
        Column::new(
            "wire_bytes_out",
            "bytes",
            "frames from the device as they were on the wire or air",
            Get::Number(|r| Some(r.outbound.wire_bytes)),
        ),
        Column::new(
            "wire_bytes_in",
            "bytes",
            "frames to the device as they were on the wire or air",
            Get::Number(|r| Some(r.inbound.wire_bytes)),
        ),
        Column::new(
            "ip_bytes_out",
            "bytes",
            "IP datagrams from the device, header included, by the IP header's own length: bytes transmitted",
            Get::Number(|r| Some(r.outbound.ip_bytes)),
        ),
        Column::new("ip_bytes_in", "bytes", "IP datagrams to the device, header included", Get::Number(|r| Some(r.inbound.ip_bytes))),
        Column::new("payload_bytes_out", "bytes", "transport payload from the device", Get::Number(|r| Some(r.outbound.payload_bytes))),
        Column::new("payload_bytes_in", "bytes", "transport payload to the device", Get::Number(|r| Some(r.inbound.payload_bytes))),
        Column::new(
            "unique_bytes_out",
            "bytes",
            "transport payload from the device without what TCP sent again",
            Get::Number(|r| Some(r.outbound.unique_bytes)),
        ),
        Column::new(
            "unique_bytes_in",
            "bytes",
            "transport payload to the device without what TCP sent again",
            Get::Number(|r| Some(r.inbound.unique_bytes)),
        ),
        Column::new(
            "retransmitted_packets_out",
            "packets",
            "TCP packets from the device with payload only seen before",
            Get::Number(|r| Some(r.outbound.retransmitted_packets)),
        ),
        Column::new(
            "retransmitted_packets_in",
            "packets",
            "TCP packets to the device with payload only seen before",
            Get::Number(|r| Some(r.inbound.retransmitted_packets)),
        ),
        Column::new(
            "retransmitted_bytes_out",
            "bytes",
            "TCP payload from the device seen before",
            Get::Number(|r| Some(r.outbound.retransmitted_bytes)),
        ),
        Column::new(
            "retransmitted_bytes_in",
            "bytes",
            "TCP payload to the device seen before",
            Get::Number(|r| Some(r.inbound.retransmitted_bytes)),
        ),
        Column::new("gaps_out", "", "holes in the TCP stream from the device", Get::Number(|r| Some(r.outbound.gaps))),
        Column::new("gaps_in", "", "holes in the TCP stream to the device", Get::Number(|r| Some(r.inbound.gaps))),
        Column::new(
            "gap_bytes_out",
            "bytes",
            "bytes missing from the TCP stream from the device",
            Get::Number(|r| Some(r.outbound.gap_bytes)),
        ),
        Column::new("gap_bytes_in", "bytes", "bytes missing from the TCP stream to the device", Get::Number(|r| Some(r.inbound.gap_bytes))),
        Column::new(
            "fragments_out",
            "packets",
            "packets from the device that were IP fragments",
            Get::Number(|r| Some(r.outbound.fragments)),
        ),
        Column::new("fragments_in", "packets", "packets to the device that were IP fragments", Get::Number(|r| Some(r.inbound.fragments))),
        Column::new(
            "history",
            "",
            "Zeek's history letters, upper case for the initiator; TCP only",
            Get::Text(|r| text_of(r.history.as_ref())),
        ),
        Column::new("conn_state", "", "Zeek's conn_state; TCP only", Get::Text(|r| text_of(r.conn_state.as_ref()))),
        Column::new("ended_by", "", "what ended the flow: fin, rst, idle, capture-end, reopened, limit", Get::Text(|r| text(&r.ended_by))),
        Column::new(
            "period_out_ms",
            "ms",
            "usual time between bursts of payload from the device, a second or more apart, when at least three and three of four of the first 64 intervals are within a fifth of it: keep-alives; empty otherwise",
            Get::Real(|r| r.period.map(Span::millis)),
        ),
        Column::new(
            "handshake_rtt_ms",
            "ms",
            "time from SYN to SYN-ACK at the capture point; empty without a complete handshake",
            Get::Real(|r| r.handshake_rtt.map(Span::millis)),
        ),
        Column::new(
            "handshake_ack_ms",
            "ms",
            "time from SYN-ACK to the first ACK at the capture point; empty without a complete handshake",
            Get::Real(|r| r.handshake_ack.map(Span::millis)),
        ),
        Column::new(
            "device_clock_ppm",
            "ppm",
            "how much faster the capture's clock runs than the one behind the device's TCP timestamps (RFC 7323), in parts of a million; empty without timestamps over ten minutes, and when they stood still or jumped",
            Get::Real(|r| r.device_clock.map(|rate| rate.ppm)),
        ),
        Column::new(
            "device_clock_error_ppm",
            "ppm",
            "by how much that may be wrong, from how late segments came; empty with it",
            Get::Real(|r| r.device_clock.map(|rate| rate.error_ppm)),
        ),
        Column::new(
            "application",
            "",
            "application protocol: dns, tls, quic, http, …; doh, dot and doq for DNS over HTTPS, TLS and QUIC; empty when none was recognised",
            Get::Text(|r| text_of(r.application.as_ref())),
        ),
        Column::new(
            "application_basis",
            "",
            "what the application rests on: content (the bytes themselves), path (of requests in clear), name (a rule knows what the host serves), port (the bytes say tls or quic, the port says more); empty when none was recognised",
            Get::Text(|r| r.application.as_ref().and_then(|_| text(r.application_basis.as_str()))),
        ),
        Column::new(
            "encryption",
            "",
            "tls, quic, dtls, none (a recognised clear-text protocol), unknown",
            Get::Text(|r| text(r.encryption.as_str())),
        ),
        Column::new(
            "encryption_class",
            "",
            "what the payload looks like: encrypted (a protocol that does), encrypted-or-compressed (as random as ciphertext and as the best compression, which no count of bytes tells apart), compressed (nearly random; or media without its beginning), media, text, binary (fields, samples), clear (a recognised clear-text protocol), mixed (one kind out, another in), undetermined (too little, or nothing that tells); docs/unread.md says how often this is right; empty without payload",
            Get::Text(|r| r.class.and_then(|(class, _)| text(class.as_str()))),
        ),
        Column::new(
            "encryption_class_basis",
            "",
            "what the class rests on, strongest first: protocol, structure (first bytes of a known kind of file), statistics (of the first 16 KiB of each direction), encoding (both of these, of what base64 or hexadecimal digits stand for), none; empty without payload",
            Get::Text(|r| r.class.and_then(|(_, basis)| text(basis.as_str()))),
        ),
        Column::new(
            "decrypted_by",
            "",
            "the analyst's secrets that opened the payload, by the place they came from, see tls.decrypted_by; `encryption` still says what an observer without them could read; empty when none did",
            Get::List(|r| texts(&r.decrypted_by)),
        ),
        Column::new(
            "carried_out_min",
            "bytes",
            "content (bodies, files) that the device sent at least; 0 where it cannot be told from heads and control messages. Of TLS: what its records hold less the handshake and a head of 8 KiB for each record of the client, taken that nobody pads, as common clients do not. Of QUIC always 0: packets sent again look like new ones",
            Get::Number(|r| Some(r.volume.outbound.min)),
        ),
        Column::new(
            "carried_out_max",
            "bytes",
            "content that the device can have sent at most, as it was sent: a file that is compressed on the way may be larger. Bytes missing in gaps count as content",
            Get::Number(|r| Some(r.volume.outbound.max)),
        ),
        Column::new(
            "carried_in_min",
            "bytes",
            "content that the device got at least, as carried_out_min",
            Get::Number(|r| Some(r.volume.inbound.min)),
        ),
        Column::new(
            "carried_in_max",
            "bytes",
            "content that the device can have got at most, as carried_out_max",
            Get::Number(|r| Some(r.volume.inbound.max)),
        ),
        Column::new(
            "carried_basis",
            "",
            "what these were counted from: http-bodies (bodies of clear messages, all read to their ends), tls-records (less record heads, what the cipher adds, the handshake and the least HTTP that was agreed on), quic-packets (less headers, tags, the least frame, and all packets of the handshake), payload (nothing is known of it, so that it may be content from nothing to all)",
            Get::Text(|r| text(r.volume.basis.as_str())),
        ),
        Column::new(
            "carried_open",
            "",
            "why it may have carried more than was captured: mid-stream (it began before), gaps-out, gaps-in (of so many bytes only the number is known), missing-out, missing-in (no packet of that direction was captured); empty when nothing says so",
            Get::List(|r| texts(&r.volume.open)),
        ),
        Column::new("name", "", "host name the flow went to; empty when nothing told one", Get::Text(|r| text_of(r.answer.name.as_ref()))),
        Column::new(
            "name_source",
            "",
            "sni, host, dns, certificate, …, see names.source; empty without a name",
            Get::Text(|r| r.answer.name_source.and_then(|s| text(s.as_str()))),
        ),
        Column::new(
            "name_age_ms",
            "ms",
            "age of the DNS answer when the flow began; empty for other sources",
            Get::Real(|r| r.answer.name_age.map(Span::millis)),
        ),
        Column::new(
            "name_candidates",
            "",
            "every name that could be meant, as `source:name`; empty when there is at most one",
            Get::List(|r| texts(&r.answer.name_candidates)),
        ),
        Column::new(
            "domain",
            "",
            "registrable domain of the name by the public suffix list",
            Get::Text(|r| text_of(r.answer.domain.as_ref())),
        ),
        Column::new(
            "owner",
            "",
            "organisation behind the name; empty when no rule names one",
            Get::Text(|r| text_of(r.answer.owner.as_ref())),
        ),
        Column::new(
            "owner_country",
            "",
            "home country of the owner, ISO 3166-1 alpha-2",
            Get::Text(|r| text_of(r.answer.owner_country.as_ref())),
        ),
        Column::new("owner_basis", "", "what the owner rests on", Get::Text(|r| word(r.answer.owner_basis))),
        Column::new(
            "scope",
            "",
            "kind of the remote address: global, private, link-local, multicast, …",
            Get::Text(|r| word(r.answer.scope)),
        ),
        Column::new(
            "country",
            "",
            "country of the remote, ISO 3166-1 alpha-2; empty when not settled",
            Get::Text(|r| text_of(r.answer.country.as_ref())),
        ),
        Column::new(
            "country_candidates",
            "",
            "what each source says, as `source=CC`, without those in country_struck",
            Get::List(|r| texts(&r.answer.country_candidates)),
        ),
        Column::new(
            "country_basis",
            "",
            "what the country rests on: provider-range (the provider's own list), geofeed, user-file, sources-agree, one-source, rtt (what is left when the countries in country_struck are struck out), struck (nothing is left), anycast (announced from many places: databases cannot tell), disputed, special-range, none",
            Get::Text(|r| word(r.answer.country_basis)),
        ),
        Column::new(
            "country_struck",
            "",
            "what a source says and cannot be, as `source=CC>1234km`: no part of that country is nearer to the vantage than so many kilometres, which is more than max_distance_km; empty without a vantage",
            Get::List(|r| texts(&r.answer.country_struck)),
        ),
        Column::new(
            "rtt_min_ms",
            "ms",
            "smallest time from SYN to SYN-ACK at the capture point, over all flows of the analysis to this address that the device opened; of a SYN sent again the one that was answered, by its timestamp, else the first; empty without one",
            Get::Real(|r| r.answer.rtt_min.map(Span::millis)),
        ),
        Column::new(
            "max_distance_km",
            "km",
            "how far from the capture point whoever answered can be by rtt_min_ms, at 100 km for each millisecond there and back; a proxy that opens connections in the server's stead is bounded in its stead; empty without rtt_min_ms, and below a millisecond, in which nothing far away answers but something beside the device",
            Get::Number(|r| r.answer.max_distance_km),
        ),
        Column::new(
            "region",
            "",
            "region of the grouping in use; `disputed` and `unknown` are regions",
            Get::Text(|r| text(&r.answer.region)),
        ),
        Column::new(
            "provider",
            "",
            "AWS, Google Cloud, Google, Azure or Cloudflare, when a list given with --provider-ranges has the address; empty otherwise",
            Get::Text(|r| r.answer.provider.and_then(text)),
        ),
        Column::new(
            "provider_region",
            "",
            "the provider's own word for the place, of AWS the network border group; empty when its list has none",
            Get::Text(|r| text_of(r.answer.provider_region.as_ref())),
        ),
        Column::new(
            "anycast",
            "",
            "true when the provider announces the address from many places, by its list: Cloudflare, CloudFront and Global Accelerator of AWS and its GLOBAL ranges, Google's global ones, Azure Front Door; empty without a provider",
            Get::Flag(|r| r.answer.is_anycast),
        ),
        Column::new("asn", "", "autonomous system of the remote address", Get::Number(|r| r.answer.asn.map(u64::from))),
        Column::new("as_org", "", "organisation of that autonomous system", Get::Text(|r| text_of(r.answer.as_org.as_ref()))),
        Column::new(
            "party",
            "",
            "first (the vendor under study), support, third, platform, local, unknown",
            Get::Text(|r| word(r.answer.party)),
        ),
        Column::new("party_basis", "", "what the party rests on", Get::Text(|r| word(r.answer.party_basis))),
        Column::new(
            "category",
            "",
            "kind of data; `unknown` when nothing or more than one kind fits; of a drone link the kind with most bytes, drone_link has all",
            Get::Text(|r| word(r.answer.category)),
        ),
        Column::new(
            "category_basis",
            "",
            "content, path, name, address, port, behaviour or none",
            Get::Text(|r| word(r.answer.category_basis)),
        ),
        Column::new(
            "category_rule",
            "",
            "id of the rule that decided, see `whereto rules show ID`",
            Get::Text(|r| text_of(r.answer.category_rule.as_ref())),
        ),
        Column::new(
            "category_candidates",
            "",
            "kinds that cannot be told apart; empty when one decided",
            Get::List(|r| texts(&r.answer.category_candidates)),
        ),
        Column::new(
            "run",
            "",
            "run of the study; empty outside a study",
            Get::Text(|r| r.answer.study.as_ref().and_then(|s| text(&s.run))),
        ),
        Column::new(
            "initiation",
            "",
            "user-initiated, automatic, ambiguous; unknown without an action log",
            Get::Text(|r| text(r.answer.study.as_ref().map_or("unknown", |s| s.initiation))),
        ),
        Column::new(
            "initiation_basis",
            "",
            "the rule that says who initiated the flow, and what it saw; empty outside a study",
            Get::Text(|r| r.answer.study.as_ref().and_then(|s| text(&s.initiation_basis))),
        ),
        Column::new(
            "action",
            "",
            "action of the user that the flow is put down to, as `name at time`; empty when none is",
            Get::Text(|r| r.answer.study.as_ref().and_then(|s| text_of(s.action.as_ref()))),
        ),
        Column::new(
            "same_as",
            "",
            "flow_id of the row that counts for this one, which is the same conversation seen in another capture of the run; empty when the row counts itself",
            Get::Number(|r| r.answer.study.as_ref()?.same_as),
        ),
        Column::new(
            "continues",
            "",
            "flow_id of the row that this one goes on from, where the captures of a run are split; empty otherwise",
            Get::Number(|r| r.answer.study.as_ref()?.continues),
        ),
        Column::new(
            "quality",
            "",
            "what lessens trust: mid-stream, snaplen-cut, gaps, one-sided, reassembly-limit, …",
            Get::List(|r| texts(&r.quality)),
        ),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the place of a remote consists of: the server's country, the network's owner, the owner's country and the name's
    /// owner are columns of their own.
    #[test]
    fn a_place_has_all_its_columns() {
        for name in [
            "country",
            "country_candidates",
            "country_basis",
            "country_struck",
            "region",
            "provider",
            "provider_region",
            "anycast",
            "asn",
            "as_org",
            "owner",
            "owner_country",
            "rtt_min_ms",
            "max_distance_km",
        ] {
            assert_eq!(Flow::COLUMNS.iter().filter(|column| column.field.name == name).count(), 1, "{name}");
        }
    }
}
