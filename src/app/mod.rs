//! Dialogues: one file per application protocol. A dialogue is recognised by content, follows its flow,
//! emits rows, and at the end says what the flow was.
//!
//! A new protocol is one file here, one in `wire`, one in `record`, and one entry in [`PROTOCOLS`].

pub(crate) mod body;
mod certificates;
pub(crate) mod content;
mod dns;
mod doh;
mod dtls;
mod exchange;
mod follow;
mod http;
mod http2;
pub(crate) mod http3;
mod link;
mod ntp;
mod offer;
mod opened;
mod plain;
mod posture;
mod quic;
mod remote_id;
mod searching;
mod ssdp;
mod streams;
mod tls;
mod tunnel;
pub(crate) mod unread;
pub(crate) mod volume;
mod websocket;

use std::net::IpAddr;
use std::sync::Arc;

use crate::limits;
use crate::record::{Anomaly, ApplicationBasis, Encryption, FlowLink, FlowName, Origin, Request, Row};
use crate::secrets::Secrets;
use crate::time::Timestamp;

pub(crate) use content::Content;
pub(crate) use follow::Follow;
pub(crate) use remote_id::Broadcasts;
#[cfg(any(test, fuzzing))]
pub(crate) use {http2::open_h2, quic::StreamEnd};

/// Transport that carries a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Transport {
    /// Byte stream.
    Tcp,
    /// Datagrams.
    Udp,
}

/// Who sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    /// The device: out.
    Device,
    /// The remote: in.
    Remote,
}

impl Side {
    /// The other one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Device => Self::Remote,
            Self::Remote => Self::Device,
        }
    }
}

/// Payload as a dialogue gets it: a datagram, or the next bytes of a stream in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Data<'a> {
    /// Who sent it.
    pub(crate) side: Side,
    /// The bytes.
    pub(crate) bytes: &'a [u8],
    /// Frame that carried them.
    pub(crate) frame: u64,
    /// Time of that frame.
    pub(crate) time: Timestamp,
    /// The capture holds fewer bytes than were sent (datagrams only; in streams a cut is a gap).
    pub(crate) is_cut: bool,
}

/// What a dialogue knows of its flow.
#[derive(Clone, Debug)]
pub(crate) struct FlowInfo {
    /// The capture.
    pub(crate) capture: Arc<str>,
    /// Number of the flow.
    pub(crate) flow_id: u64,
    /// Transport.
    pub(crate) transport: Transport,
    /// Device address, port.
    pub(crate) device: (IpAddr, u16),
    /// Remote address, port.
    pub(crate) remote: (IpAddr, u16),
    /// Link address of the device, as text.
    pub(crate) device_mac: Option<String>,
    /// What the analyst has keys for; `None` without any, so that nothing is kept for them.
    pub(crate) secrets: Option<Arc<Secrets>>,
    /// What bodies are read with.
    pub(crate) content: Content,
    /// Where it was seen before it went on here, in the order of time.
    pub(crate) earlier: Vec<Earlier>,
}

/// A flow as the capture before showed it.
#[derive(Clone, Debug)]
pub(crate) struct Earlier {
    /// Time from which it was seen in the next one.
    pub(crate) until: Timestamp,
    /// The capture.
    pub(crate) capture: Arc<str>,
    /// Number of the flow there.
    pub(crate) flow_id: u64,
}

impl FlowInfo {
    /// Capture and flow to which a frame of this time belongs.
    pub(crate) fn place(&self, time: Timestamp) -> (Arc<str>, u64) {
        let before = self.earlier.iter().find(|earlier| time < earlier.until);
        before.map_or_else(|| (Arc::clone(&self.capture), self.flow_id), |earlier| (Arc::clone(&earlier.capture), earlier.flow_id))
    }

    /// It goes on in another capture, under another number.
    pub(crate) fn go_on(&mut self, until: Timestamp, (capture, flow_id): (Arc<str>, u64)) {
        if self.earlier.len() >= limits::FLOW_CAPTURES {
            self.earlier.remove(0);
        }
        let before = Earlier { until, capture: std::mem::replace(&mut self.capture, capture), flow_id: self.flow_id };
        self.flow_id = flow_id;
        self.earlier.push(before);
    }

    /// Where a row read at this frame comes from.
    pub(crate) fn origin(&self, frame: u64, time: Timestamp) -> Origin {
        let (capture, flow_id) = self.place(time);
        Origin { capture, flow_id, frame, time, device_ip: self.device.0, remote_ip: self.remote.0, remote_port: Some(self.remote.1) }
    }

    /// One of the two ports.
    pub(crate) fn has_port(&self, port: u16) -> bool {
        self.device.1 == port || self.remote.1 == port
    }
}

/// What a dialogue may use and fill while it reads.
pub(crate) struct Context<'a> {
    /// Its flow.
    pub(crate) flow: &'a FlowInfo,
    /// Rows for the tables, anomalies among them.
    pub(crate) rows: &'a mut Vec<Row>,
}

impl Context<'_> {
    /// Writes down that something in the flow was not as it should be.
    pub(crate) fn note(&mut self, seen: (u64, Timestamp), kind: &'static str, detail: String, damage: Damage) {
        let (capture, flow_id) = self.flow.place(seen.1);
        self.rows.push(Row::Anomaly(Box::new(Anomaly {
            capture,
            frame: Some(seen.0),
            offset: None,
            time: Some(seen.1),
            flow_id: Some(flow_id),
            kind,
            detail,
            count: 1,
            is_damage: damage == Damage::Ours,
        })));
    }
}

/// Whose work an anomaly spoils.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// A limit of ours: the result is incomplete because of it.
    Ours,
    /// What was sent is not as its standard says: the result tells it as it was.
    Theirs,
}

/// Whether a dialogue wants more of its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appetite {
    /// Go on.
    More,
    /// It has read all it can: the stream need not be put in order any more.
    Done,
}

/// What the flow's own row takes from its dialogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Application protocol, as the column `application` says it.
    pub(crate) application: Option<&'static str>,
    /// What it rests on, as the column `application_basis` says it.
    pub(crate) application_basis: ApplicationBasis,
    /// Whether an observer could read the payload.
    pub(crate) encryption: Encryption,
    /// Names seen, strongest first, at most `FLOW_NAMES`.
    pub(crate) names: Vec<FlowName>,
    /// Distinct clear-text requests, at most `FLOW_REQUESTS`.
    pub(crate) requests: Vec<Request>,
    /// What a drone link says of itself.
    pub(crate) link: Option<Box<FlowLink>>,
    /// Words for the column `quality`.
    pub(crate) quality: Vec<&'static str>,
    /// Secrets that opened the payload, by the place they came from.
    pub(crate) decrypted_by: Vec<String>,
    /// What both sides agreed to seal it with.
    pub(crate) seal: Option<volume::Seal>,
}

/// Follows one flow in one protocol.
pub(crate) trait Dialogue: Send {
    /// The next payload. Never fails: damage becomes an anomaly row, and the dialogue goes on or is done.
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite;
    /// `length` bytes of the stream from `side` are missing before the next data (streams only).
    fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) -> Appetite;
    /// The flow has ended: rows still held go out.
    fn finish(&mut self, context: &mut Context<'_>);
    /// What the flow was, as far as is known now.
    fn facts(&self) -> Facts;
    /// Where identifiers are looked for in what it reads.
    fn search(&self) -> SearchIn {
        SearchIn::Payload
    }
}

/// Where a dialogue's bytes are looked through for identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SearchIn {
    /// The payload, as it came.
    Payload,
    /// What the dialogue makes of it: heads, bodies, what was opened. The payload itself is sealed, or would only show the
    /// same again.
    Parts,
}

/// First bytes of a flow, as a recogniser sees them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe<'a> {
    /// Stream: the bytes of this side from its start, at most `PROBE_BYTES`. Datagram: the datagram.
    pub(crate) bytes: &'a [u8],
    /// The flow.
    pub(crate) flow: &'a FlowInfo,
}

/// A recogniser's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recognised {
    /// It is this protocol.
    Yes,
    /// It is not, and more bytes of this side will not change that.
    No,
    /// Too few bytes to say.
    More,
}

impl From<bool> for Recognised {
    /// Where the bytes at hand are enough to decide.
    fn from(is_it: bool) -> Self {
        if is_it { Self::Yes } else { Self::No }
    }
}

/// A protocol that flows can be recognised as.
pub(crate) struct Protocol {
    /// Its name, for explanations.
    pub(crate) name: &'static str,
    /// Transport it runs over.
    pub(crate) transport: Transport,
    /// Ports that put it first among the candidates; they decide nothing.
    pub(crate) ports: &'static [u16],
    /// Looks at first bytes.
    pub(crate) recognise: fn(Probe<'_>) -> Recognised,
    /// Starts a dialogue.
    pub(crate) open: fn(&FlowInfo) -> Box<dyn Dialogue>,
}

/// Every protocol, in the order in which they are tried where no port says otherwise.
pub(crate) static PROTOCOLS: &[Protocol] = &[
    dns::UDP,
    dns::MULTICAST,
    dns::LINK_LOCAL,
    dns::TCP,
    tls::PROTOCOL,
    quic::PROTOCOL,
    dtls::PROTOCOL,
    http::PROTOCOL,
    http::RTSP,
    http2::PROTOCOL,
    plain::SSH,
    plain::SMTP,
    plain::FTP,
    plain::POP3,
    plain::IMAP,
    plain::XMPP,
    plain::MQTT,
    plain::RTMP,
    plain::SIP_TCP,
    ssdp::PROTOCOL,
    plain::DHCP,
    plain::DHCPV6,
    ntp::PROTOCOL,
    plain::NBNS,
    plain::STUN,
    plain::SIP,
    plain::IKE,
    plain::WIREGUARD,
    link::DJI,
    link::DUML_UDP,
    link::DUML_TCP,
    link::TELLO,
    link::MAVLINK_UDP,
    link::MAVLINK_TCP,
    link::ARSDK,
    link::ARSDK_DISCOVERY,
    link::H264_UDP,
    link::H265_UDP,
    link::H264_TCP,
    link::H265_TCP,
    plain::SNMP,
    plain::RTCP,
    plain::OPENVPN,
];

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A flow between two example addresses.
    pub(crate) fn flow_with_ports(transport: Transport, device: u16, remote: u16) -> FlowInfo {
        FlowInfo {
            capture: Arc::from("test.pcap"),
            flow_id: 1,
            transport,
            device: (IpAddr::from([192, 0, 2, 1]), device),
            remote: (IpAddr::from([198, 51, 100, 1]), remote),
            device_mac: None,
            secrets: None,
            content: Content::default(),
            earlier: Vec::new(),
        }
    }
}
