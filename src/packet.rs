//! One frame walked down to its payload: link header, tags, tunnels, extension headers, fragments. Never fails:
//! it stops and says where and why.
//!
//! The innermost IP packet is what is emitted; the layers it was carried in go along as its tunnel. Whatever is
//! not IP is emitted as a disposition for the ledger, so that each frame ends up somewhere exactly once.
#![warn(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod air;
mod fragments;
mod transport;
mod tunnel;

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};

use crate::capture::Frame;
use crate::limits;
use crate::record::{self, Disposition};
use crate::time::Timestamp;
use crate::wifi::{self, Keys, Learned, OnAir, Wifi};
use crate::wire::bluetooth::{self, Advertisement};
use crate::wire::link::{self, Llc, Next, Opened};
use crate::wire::management::Management;
use crate::wire::{Direction, LinkType, Mac, Reader};

use air::Patient;
pub(crate) use fragments::Fragments;
#[cfg(test)]
pub(crate) use transport::TcpFlags;
pub(crate) use transport::{Segment, TcpSegment};

/// IP protocol numbers that the walk knows (IANA protocol numbers).
pub(crate) mod protocol {
    pub(crate) const ICMP: u8 = 1;
    pub(crate) const IGMP: u8 = 2;
    pub(crate) const IPIP: u8 = 4;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub(crate) const IPV6: u8 = 41;
    pub(crate) const GRE: u8 = 47;
    pub(crate) const ICMPV6: u8 = 58;
    pub(crate) const SCTP: u8 = 132;
}

/// What a frame brings along for every packet in it.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    /// Frame number.
    pub(crate) frame: u64,
    /// Its time.
    pub(crate) time: Timestamp,
    /// Interface.
    pub(crate) interface: u32,
    /// Name of the interface.
    pub(crate) interface_name: Option<Arc<str>>,
    /// Sender on the link.
    pub(crate) source: Option<Mac>,
    /// Receiver on the link.
    pub(crate) destination: Option<Mac>,
    /// Direction by metadata.
    pub(crate) direction: Option<Direction>,
    /// Program behind the frame, by metadata.
    pub(crate) process: Option<link::Process>,
    /// VLAN identifiers, outermost first.
    pub(crate) vlans: Vec<u16>,
    /// Tunnels, outermost first.
    pub(crate) tunnels: Vec<Tunnel>,
    /// Frames charged to whatever this leads to.
    pub(crate) frames: u64,
    /// Their bytes on the wire.
    pub(crate) wire_bytes: u64,
    /// Number and time of the first of them, when it is not this frame.
    pub(crate) began: Option<(u64, Timestamp)>,
    /// Where it was heard, on the air.
    pub(crate) air: Option<OnAir>,
    /// Layers that may still be opened.
    layers: usize,
}

impl Envelope {
    /// An envelope of a frame that costs nothing yet.
    const fn new(frame: u64, time: Timestamp) -> Self {
        Self {
            frame,
            time,
            interface: 0,
            interface_name: None,
            source: None,
            destination: None,
            direction: None,
            process: None,
            vlans: Vec::new(),
            tunnels: Vec::new(),
            frames: 0,
            wire_bytes: 0,
            began: None,
            air: None,
            layers: limits::LAYERS,
        }
    }

    /// The envelope of other frames than its own.
    fn charged(&self, charge: wifi::Charge) -> Self {
        let wifi::Charge { frame, time, frames, wire_bytes } = charge;
        let began = (frames > 1).then_some((frame, time));
        Self { frames, wire_bytes, began, ..self.clone() }
    }

    /// Opens one more layer; false when there are too many.
    fn descend(&mut self) -> bool {
        self.layers = self.layers.saturating_sub(1);
        self.layers > 0
    }
}

/// An outer layer that carried a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tunnel {
    /// Its kind.
    pub(crate) kind: &'static str,
    /// Where it begins and ends.
    pub(crate) ends: (IpAddr, IpAddr),
}

/// An IP packet with its transport header read.
#[derive(Clone, Debug)]
pub(crate) struct Packet<'a> {
    /// The frame it came in; the last one for a datagram put together.
    pub(crate) envelope: &'a Envelope,
    /// Sender.
    pub(crate) source: IpAddr,
    /// Receiver.
    pub(crate) destination: IpAddr,
    /// IP protocol number.
    pub(crate) protocol: u8,
    /// IP packets: more than one for a datagram put together.
    pub(crate) packets: u64,
    /// Bytes of them by their own length.
    pub(crate) ip_bytes: u64,
    /// Number and time of the first frame, where it is not the envelope's.
    pub(crate) began: Option<(u64, Timestamp)>,
    /// Fragments among the packets.
    pub(crate) fragments: u64,
    /// Transport header and payload.
    pub(crate) segment: Segment<'a>,
}

/// Why a frame went where it went: a fixed word, or a code point that is shown by name or number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reason {
    /// A fixed word.
    Word(&'static str),
    /// An ethertype.
    Ethertype(u16),
    /// An 802.2 service access point.
    Sap(u8),
    /// A PPP protocol.
    Ppp(u16),
    /// An address family or hardware type.
    Family(u32),
    /// A link type.
    Link(LinkType),
    /// An IP protocol.
    Protocol(u8),
}

/// Ethertypes with a name in the ledger; others show as their number.
const ETHERTYPES: &[(u16, &str)] = &[
    (0x0806, "arp"),
    (0x8035, "rarp"),
    (0x80f3, "aarp"),
    (0x8137, "ipx"),
    (0x8863, "pppoe-discovery"),
    (0x888e, "eapol"),
    (0x88c7, "eapol-preauthentication"),
    (0x88cc, "lldp"),
    (0x88e5, "macsec"),
    (0x88e1, "homeplug"),
    (0x8912, "homeplug-av"),
    (0x890d, "tdls"),
    (0x893a, "ieee1905"),
    (0x8809, "slow-protocols"),
    (0x8874, "broadcom-tag"),
    (0x9000, "loopback-test"),
];

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Ethertype(number) => match ETHERTYPES.iter().find(|(known, _)| known == number) {
                Some((_, name)) => f.write_str(name),
                None => write!(f, "ethertype {number:#06x}"),
            },
            Self::Sap(0x42) => f.write_str("spanning-tree"),
            Self::Sap(number) => write!(f, "llc {number:#04x}"),
            Self::Ppp(number) => write!(f, "ppp {number:#06x}"),
            Self::Family(number) => write!(f, "family {number}"),
            Self::Link(link) => link.fmt(f),
            Self::Protocol(number) => f.write_str(&protocol_name(*number)),
        }
    }
}

/// The name of an IP protocol in the tables; `ip-N` when it has none here.
pub(crate) fn protocol_name(number: u8) -> Cow<'static, str> {
    Cow::Borrowed(match number {
        protocol::ICMP => "icmp",
        protocol::IGMP => "igmp",
        protocol::IPIP => "ip-in-ip",
        protocol::TCP => "tcp",
        protocol::UDP => "udp",
        protocol::IPV6 => "6in4",
        protocol::GRE => "gre",
        50 => "esp",
        51 => "ah",
        protocol::ICMPV6 => "icmpv6",
        89 => "ospf",
        103 => "pim",
        112 => "vrrp",
        protocol::SCTP => "sctp",
        _ => return Cow::Owned(format!("ip-{number}")),
    })
}

/// What the walk emits.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    /// An IP packet, for a flow.
    Packet(Packet<'a>),
    /// Something for the ledger alone.
    Other(&'a Envelope, Disposition, Reason),
    /// A management frame in clear, beside its line for the ledger; accounts for nothing.
    Management(&'a Envelope, Management<'a>),
    /// A Bluetooth advertisement, beside its line for the ledger; accounts for nothing.
    Advertisement(&'a Envelope, Advertisement<'a>),
    /// A network or station that had to make room for others; accounts for nothing.
    Network(Box<record::Wifi>),
    /// Something to note; accounts for nothing.
    Note(&'a Envelope, &'static str, String),
}

/// Takes what is emitted.
pub(crate) type Emit<'e> = dyn FnMut(Item<'_>) + 'e;

/// Walks frames; holds the fragments that wait for their rest, and what is known of the air.
#[derive(Default)]
pub(crate) struct Walker {
    fragments: Fragments,
    wifi: Wifi,
    /// Where frames are opened.
    buffer: Vec<u8>,
    /// Frames that wait for their group's key.
    patient: Patient,
    metadata_bytes: u64,
}

/// An IP packet before its transport header is read.
struct Datagram<'a> {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    packets: u64,
    ip_bytes: u64,
    began: Option<(u64, Timestamp)>,
    fragments: u64,
    payload: &'a [u8],
    /// Payload by the IP header's length, which may be more than was captured.
    payload_len: usize,
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug)]
struct Piece {
    id: u32,
    offset: usize,
    is_last: bool,
}

impl Walker {
    /// A walker that opens what is on the air with the user's keys.
    pub(crate) fn with_keys(keys: Arc<Keys>) -> Self {
        Self { wifi: Wifi::new(keys), ..Self::default() }
    }

    /// Walks one frame.
    pub(crate) fn walk(&mut self, frame: &Frame<'_>, emit: &mut Emit<'_>) {
        let mut envelope = Envelope {
            interface: frame.interface,
            interface_name: frame.interface_name.cloned(),
            direction: frame.direction,
            frames: 1,
            wire_bytes: frame.wire_len.into(),
            ..Envelope::new(frame.number, frame.time)
        };
        self.fragments.expire(frame.time, emit);
        self.link(frame.link, frame.bytes, &mut envelope, emit);
    }

    /// Bytes of all frames so far that were metadata before them, never on the wire or air.
    pub(crate) const fn metadata_bytes(&self) -> u64 {
        self.metadata_bytes
    }

    /// The networks and stations heard so far.
    pub(crate) fn networks(&self) -> Vec<record::Wifi> {
        self.wifi.so_far()
    }

    /// Emits what still waits for fragments that will not come; the networks and stations heard, and the keys that
    /// handshakes made known.
    pub(crate) fn finish(mut self, emit: &mut Emit<'_>) -> (Vec<record::Wifi>, Vec<Learned>) {
        self.fragments.flush(emit);
        self.flush_air(emit);
        self.wifi.finish()
    }

    fn link(&mut self, link: LinkType, bytes: &[u8], envelope: &mut Envelope, emit: &mut Emit<'_>) {
        let Some(opener) = link::opener(link) else {
            return emit(Item::Other(envelope, Disposition::UnsupportedLink, Reason::Link(link)));
        };
        let Ok(opened) = opener(bytes) else {
            return emit(Item::Other(envelope, Disposition::Malformed, Reason::Word("link-header")));
        };
        self.opened(opened, envelope, emit);
    }

    fn opened(&mut self, opened: Opened<'_>, envelope: &mut Envelope, emit: &mut Emit<'_>) {
        envelope.source = opened.source.or(envelope.source);
        envelope.destination = opened.destination.or(envelope.destination);
        envelope.direction = opened.direction.or(envelope.direction);
        envelope.process = opened.process.or(envelope.process);
        let metadata = u64::try_from(opened.metadata).unwrap_or(u64::MAX).min(envelope.wire_bytes);
        envelope.wire_bytes = envelope.wire_bytes.saturating_sub(metadata);
        self.metadata_bytes = self.metadata_bytes.saturating_add(metadata);
        if !envelope.descend() {
            return emit(Item::Other(envelope, Disposition::Malformed, Reason::Word("nesting")));
        }
        match opened.next {
            Next::Ethertype(ethertype) => self.ethertype(ethertype, opened.payload, envelope, emit),
            Next::Llc => self.llc(opened.payload, envelope, emit),
            Next::Ip => self.ip(opened.payload, envelope, emit),
            Next::Ppp => self.ppp(opened.payload, envelope, emit),
            Next::Link(link) => self.link(link, opened.payload, envelope, emit),
            Next::Wifi(radio) => self.wifi(opened.payload, radio, envelope, emit),
            Next::BluetoothLe(phy) => bluetooth_le(opened.payload, phy, envelope, emit),
            Next::Family(family) => emit(Item::Other(envelope, Disposition::NonIp, Reason::Family(family))),
        }
    }

    fn ethertype(&mut self, ethertype: u16, bytes: &[u8], envelope: &mut Envelope, emit: &mut Emit<'_>) {
        if !envelope.descend() {
            return emit(Item::Other(envelope, Disposition::Malformed, Reason::Word("nesting")));
        }
        match ethertype {
            0x0800 | 0x86dd => self.ip(bytes, envelope, emit),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => self.vlan(bytes, envelope, emit),
            0x8847 | 0x8848 => self.mpls(bytes, envelope, emit),
            0x8864 => match link::opener(LinkType::PPP_ETHER).map(|opener| opener(bytes)) {
                Some(Ok(opened)) => self.opened(opened, envelope, emit),
                _ => emit(Item::Other(envelope, Disposition::Malformed, Reason::Word("pppoe-header"))),
            },
            0x6558 => self.link(LinkType::ETHERNET, bytes, envelope, emit),
            0x880b => self.ppp(bytes, envelope, emit),
            _ => emit(Item::Other(envelope, Disposition::NonIp, Reason::Ethertype(ethertype))),
        }
    }

    /// A tag (IEEE 802.1Q): priority and identifier, then the ethertype of what follows.
    fn vlan(&mut self, bytes: &[u8], envelope: &mut Envelope, emit: &mut Emit<'_>) {
        let mut reader = Reader::new(bytes);
        let (Ok(tag), Ok(ethertype)) = (reader.u16(), reader.u16()) else {
            return emit(Item::Other(envelope, Disposition::Malformed, Reason::Word("vlan-header")));
        };
        envelope.vlans.push(tag & 0x0fff);
        if ethertype < 0x0600 {
            return self.llc(reader.take_up_to(ethertype.into()), envelope, emit);
        }
        self.ethertype(ethertype, reader.rest(), envelope, emit);
    }

    /// A label stack (RFC 3032); what follows the last label is told by its first nibble, or is Ethernet
    /// after a control word (RFC 4448 section 4.6).
    fn mpls(&mut self, bytes: &[u8], envelope: &mut Envelope, emit: &mut Emit<'_>) {
        let mut reader = Reader::new(bytes);
        for _ in 0..limits::LAYERS {
            let Ok(label) = reader.u32() else { break };
            if label & 0x100 == 0 {
                continue;
            }
            let rest = reader.rest();
            return match rest {
                [first, ..] if matches!(first >> 4, 4 | 6) => self.ip(rest, envelope, emit),
                [0, 0, _, _, frame @ ..] if frame.len() >= 14 => self.link(LinkType::ETHERNET, frame, envelope, emit),
                _ if rest.len() >= 14 => self.link(LinkType::ETHERNET, rest, envelope, emit),
                _ => emit(Item::Other(envelope, Disposition::NonIp, Reason::Ethertype(0x8847))),
            };
        }
        emit(Item::Other(envelope, Disposition::Malformed, Reason::Word("mpls-stack")));
    }

    fn llc(&mut self, bytes: &[u8], envelope: &mut Envelope, emit: &mut Emit<'_>) {
        match link::llc(bytes) {
            Ok(Llc::Ethertype(ethertype, rest)) => self.ethertype(ethertype, rest, envelope, emit),
            Ok(Llc::Ethernet(rest)) => self.link(LinkType::ETHERNET, rest, envelope, emit),
            Ok(Llc::Sap(sap)) => emit(Item::Other(envelope, Disposition::NonIp, Reason::Sap(sap))),
            Err(_) => emit(Item::Other(envelope, Disposition::Malformed, Reason::Word("llc-header"))),
        }
    }

    fn ppp(&mut self, bytes: &[u8], envelope: &mut Envelope, emit: &mut Emit<'_>) {
        match link::ppp(bytes) {
            Ok((0x0021 | 0x0057, rest)) => self.ip(rest, envelope, emit),
            Ok((0x0281 | 0x0283, rest)) => self.mpls(rest, envelope, emit),
            Ok((other, _)) => emit(Item::Other(envelope, Disposition::NonIp, Reason::Ppp(other))),
            Err(_) => emit(Item::Other(envelope, Disposition::Malformed, Reason::Word("ppp-header"))),
        }
    }

    /// An IP packet; the version is its first nibble, whatever the layer above said.
    fn ip(&mut self, bytes: &[u8], envelope: &mut Envelope, emit: &mut Emit<'_>) {
        if !envelope.descend() {
            return emit(Item::Other(envelope, Disposition::Malformed, Reason::Word("nesting")));
        }
        let read = match bytes.first().map(|first| first >> 4) {
            Some(4) => ipv4(bytes).map_err(|()| "ipv4-header"),
            Some(6) => ipv6(bytes).map_err(|()| "ipv6-header"),
            Some(_) => Err("ip-version"),
            None => Err("no-ip-packet"),
        };
        match read {
            Ok((datagram, None)) => self.datagram(datagram, envelope, emit),
            Ok((datagram, Some(piece))) => self.fragment(&datagram, piece, envelope, emit),
            Err(word) => emit(Item::Other(envelope, Disposition::Malformed, Reason::Word(word))),
        }
    }

    fn fragment(&mut self, datagram: &Datagram<'_>, piece: Piece, envelope: &mut Envelope, emit: &mut Emit<'_>) {
        let Some(whole) = self.fragments.add(datagram, piece, envelope, emit) else { return };
        (envelope.frames, envelope.wire_bytes) = (whole.frames, whole.wire_bytes);
        let datagram = Datagram {
            source: datagram.source,
            destination: datagram.destination,
            protocol: whole.protocol,
            packets: whole.packets,
            ip_bytes: whole.ip_bytes,
            began: Some(whole.began),
            fragments: whole.packets,
            payload_len: whole.payload.len(),
            payload: &whole.payload,
        };
        self.datagram(datagram, envelope, emit);
    }

    /// A whole datagram: down into a tunnel, or to its transport header.
    fn datagram(&mut self, datagram: Datagram<'_>, envelope: &mut Envelope, emit: &mut Emit<'_>) {
        if let Some(inner) = tunnel::inner(&datagram) {
            envelope.tunnels.push(Tunnel { kind: inner.kind, ends: (datagram.source, datagram.destination) });
            // The tunnel's ends are not the packet's: their link addresses and direction say nothing of it.
            return match inner.next {
                tunnel::Carried::Ip => self.ip(inner.payload, envelope, emit),
                tunnel::Carried::Ethernet => self.link(LinkType::ETHERNET, inner.payload, envelope, emit),
                tunnel::Carried::Ppp => self.ppp(inner.payload, envelope, emit),
                tunnel::Carried::Ethertype(ethertype) => self.ethertype(ethertype, inner.payload, envelope, emit),
            };
        }
        emit_datagram(&datagram, envelope, emit);
    }
}

/// A Bluetooth packet leads to no network; what it advertises is lent.
fn bluetooth_le(bytes: &[u8], phy: link::Phy, envelope: &mut Envelope, emit: &mut Emit<'_>) {
    let (disposition, reason) = match bluetooth::advertisement(bytes, phy) {
        Ok(Some(advertisement)) => {
            envelope.source = advertisement.address;
            emit(Item::Advertisement(envelope, advertisement));
            (Disposition::NonIp, "bluetooth-advertisement")
        }
        Ok(None) => (Disposition::NonIp, "bluetooth-le"),
        Err(bluetooth::Fault::Checksum) => (Disposition::Malformed, "bluetooth-crc"),
        Err(bluetooth::Fault::Short(_)) => (Disposition::Malformed, "bluetooth-header"),
    };
    emit(Item::Other(envelope, disposition, Reason::Word(reason)));
}

/// Reads the transport header and emits the packet.
fn emit_datagram(datagram: &Datagram<'_>, envelope: &Envelope, emit: &mut Emit<'_>) {
    let Some(segment) = Segment::read(datagram.protocol, datagram.payload, datagram.payload_len) else {
        let word = match datagram.protocol {
            protocol::TCP => "tcp-header",
            protocol::UDP => "udp-header",
            _ => "transport-header",
        };
        return emit(Item::Other(envelope, Disposition::Malformed, Reason::Word(word)));
    };
    emit(Item::Packet(Packet {
        envelope,
        source: datagram.source,
        destination: datagram.destination,
        protocol: datagram.protocol,
        packets: datagram.packets,
        ip_bytes: datagram.ip_bytes,
        began: datagram.began.or(envelope.began),
        fragments: datagram.fragments,
        segment,
    }));
}

/// Reads an IPv4 header (RFC 791).
fn ipv4(bytes: &[u8]) -> Result<(Datagram<'_>, Option<Piece>), ()> {
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|_| ())?;
    let header_len = header.slice().len();
    let declared = usize::from(header.total_len());
    // Zero is what segmentation offload leaves to the network card.
    let total = if declared == 0 { bytes.len() } else { declared };
    let payload_len = total.checked_sub(header_len).ok_or(())?;
    let rest = bytes.get(header_len..).unwrap_or_default();
    let offset = usize::from(header.fragments_offset().value()).saturating_mul(8);
    let piece = Piece { id: header.identification().into(), offset, is_last: !header.more_fragments() };
    let datagram = Datagram {
        source: Ipv4Addr::from(header.source()).into(),
        destination: Ipv4Addr::from(header.destination()).into(),
        protocol: header.protocol().0,
        packets: 1,
        ip_bytes: u64::try_from(total).unwrap_or_default(),
        began: None,
        fragments: 0,
        payload: rest.get(..payload_len).unwrap_or(rest),
        payload_len,
    };
    Ok((datagram, (offset != 0 || !piece.is_last).then_some(piece)))
}

/// Reads an IPv6 header (RFC 8200) and walks its extension headers.
fn ipv6(bytes: &[u8]) -> Result<(Datagram<'_>, Option<Piece>), ()> {
    const HEADER: usize = 40;
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|_| ())?;
    let rest = bytes.get(HEADER..).unwrap_or_default();
    let declared = usize::from(header.payload_length());
    // Zero: a jumbogram (RFC 2675), or segmentation offload.
    let total = if declared == 0 && header.next_header().0 != 59 { rest.len() } else { declared };
    let rest = rest.get(..total).unwrap_or(rest);
    let (protocol, used, piece) = extensions(header.next_header().0, rest)?;
    let payload = rest.get(used..).unwrap_or_default();
    let datagram = Datagram {
        source: Ipv6Addr::from(header.source()).into(),
        destination: Ipv6Addr::from(header.destination()).into(),
        protocol,
        packets: 1,
        ip_bytes: u64::try_from(total.saturating_add(HEADER)).unwrap_or_default(),
        began: None,
        fragments: 0,
        payload,
        payload_len: total.saturating_sub(used),
    };
    Ok((datagram, piece))
}

/// Walks extension headers: the protocol after them, the bytes they took, and the fragment header among them.
fn extensions(first: u8, bytes: &[u8]) -> Result<(u8, usize, Option<Piece>), ()> {
    let mut reader = Reader::new(bytes);
    let mut next = first;
    for _ in 0..limits::LAYERS {
        let at = reader;
        let length = match next {
            // Hop-by-hop, routing, destination, mobility, HIP, shim6: in units of eight after the first.
            0 | 43 | 60 | 135 | 139 | 140 => 8,
            // Authentication header: in units of four after the first two.
            51 => 4,
            44 => {
                let Ok(field) = reader.array::<8>() else { return Ok((next, at.position(), None)) };
                let [after, _, high, low, a, b, c, d] = field;
                let word = u16::from_be_bytes([high, low]);
                let piece = Piece { id: u32::from_be_bytes([a, b, c, d]), offset: usize::from(word & 0xfff8), is_last: word & 1 == 0 };
                // Offset zero and last: an atomic fragment (RFC 6946), which is whole.
                if piece.offset != 0 || !piece.is_last {
                    return Ok((after, reader.position(), Some(piece)));
                }
                next = after;
                continue;
            }
            _ => return Ok((next, reader.position(), None)),
        };
        let (Ok(after), Ok(units)) = (reader.u8(), reader.u8()) else { return Ok((next, at.position(), None)) };
        let whole = if length == 8 {
            (usize::from(units)).saturating_add(1).saturating_mul(8)
        } else {
            usize::from(units).saturating_add(2).saturating_mul(4)
        };
        if reader.skip(whole.saturating_sub(2)).is_err() {
            return Ok((next, at.position(), None));
        }
        next = after;
    }
    Err(())
}

#[cfg(test)]
mod tests;
