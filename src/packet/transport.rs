//! Transport headers: ports, and what TCP says of its stream.

use etherparse::{TcpHeaderSlice, TcpOptionElement, UdpHeaderSlice};

use super::protocol;
use crate::wire::Reader;

/// Transport header and payload.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Segment<'a> {
    /// TCP.
    Tcp(TcpSegment<'a>),
    /// UDP, or SCTP's ports.
    Ports {
        /// Sender and receiver.
        ports: (u16, u16),
        /// What was captured of the payload.
        payload: &'a [u8],
        /// Payload by the headers.
        payload_len: usize,
    },
    /// A protocol without ports, or a header that was not captured.
    Bare {
        /// Payload by the IP header.
        payload_len: usize,
    },
}

/// A TCP segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TcpSegment<'a> {
    /// Sender and receiver.
    pub(crate) ports: (u16, u16),
    /// Sequence number.
    pub(crate) sequence: u32,
    /// Flags.
    pub(crate) flags: TcpFlags,
    /// Window, unscaled.
    pub(crate) window: u16,
    /// The sender's timestamp and the one it echoes (RFC 7323 section 3.2: TSval, TSecr), when it sends them.
    pub(crate) timestamps: Option<(u32, u32)>,
    /// What was captured of the payload.
    pub(crate) payload: &'a [u8],
    /// Payload by the headers.
    pub(crate) payload_len: usize,
}

/// The flags that matter here, as in byte 13 of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TcpFlags(pub(crate) u8);

impl TcpFlags {
    /// No more data from the sender.
    pub(crate) const fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// Synchronize sequence numbers.
    pub(crate) const fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }
    /// Reset.
    pub(crate) const fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }
    /// The acknowledgement number is valid.
    pub(crate) const fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}

impl<'a> Segment<'a> {
    /// Reads the header of `number`; none when the bytes contradict it.
    pub(super) fn read(number: u8, payload: &'a [u8], payload_len: usize) -> Option<Self> {
        match number {
            protocol::TCP => tcp(payload, payload_len),
            protocol::UDP => udp(payload, payload_len),
            protocol::SCTP => sctp(payload, payload_len),
            _ => Some(Self::Bare { payload_len }),
        }
    }
}

fn tcp(bytes: &[u8], declared: usize) -> Option<Segment<'_>> {
    if let Ok(header) = TcpHeaderSlice::from_slice(bytes) {
        let header_len = header.slice().len();
        return Some(Segment::Tcp(TcpSegment {
            ports: (header.source_port(), header.destination_port()),
            sequence: header.sequence_number(),
            flags: TcpFlags(header.slice().get(13).copied().unwrap_or_default()),
            window: header.window_size(),
            timestamps: timestamps(&header),
            payload: bytes.get(header_len..).unwrap_or_default(),
            payload_len: declared.saturating_sub(header_len),
        }));
    }
    // Cut within the header: what is there still counts. A header that contradicts itself does not.
    if bytes.len() >= declared {
        return None;
    }
    let mut reader = Reader::new(bytes);
    let (Ok(source), Ok(destination)) = (reader.u16(), reader.u16()) else {
        return Some(Segment::Bare { payload_len: declared });
    };
    let ports = (source, destination);
    let rest = (reader.u32(), reader.u32(), reader.u8(), reader.u8(), reader.u16());
    let (Ok(sequence), Ok(_), Ok(offset), Ok(flags), Ok(window)) = rest else {
        return Some(Segment::Ports { ports, payload: &[], payload_len: declared.saturating_sub(20) });
    };
    let (flags, header_len) = (TcpFlags(flags), usize::from(offset >> 4).saturating_mul(4));
    let payload_len = declared.checked_sub(header_len).filter(|_| header_len >= 20)?;
    Some(Segment::Tcp(TcpSegment { ports, sequence, flags, window, timestamps: None, payload: &[], payload_len }))
}

/// The first timestamp option; options behind one that is broken are not read.
fn timestamps(header: &TcpHeaderSlice<'_>) -> Option<(u32, u32)> {
    header.options_iterator().map_while(Result::ok).find_map(|option| match option {
        TcpOptionElement::Timestamp(own, echo) => Some((own, echo)),
        _ => None,
    })
}

fn udp(bytes: &[u8], declared: usize) -> Option<Segment<'_>> {
    const HEADER: usize = 8;
    let Ok(header) = UdpHeaderSlice::from_slice(bytes) else {
        return (bytes.len() < declared).then_some(Segment::Bare { payload_len: declared });
    };
    let available = declared.saturating_sub(HEADER);
    // Zero: a jumbogram (RFC 2675 section 4) or segmentation offload.
    let payload_len = match usize::from(header.length()) {
        0 => available,
        length => length.checked_sub(HEADER)?.min(available),
    };
    let rest = bytes.get(HEADER..).unwrap_or_default();
    let payload = rest.get(..payload_len).unwrap_or(rest);
    Some(Segment::Ports { ports: (header.source_port(), header.destination_port()), payload, payload_len })
}

/// SCTP: ports, verification tag, checksum (RFC 9260 section 3.1).
fn sctp(bytes: &[u8], declared: usize) -> Option<Segment<'_>> {
    const HEADER: usize = 12;
    let mut reader = Reader::new(bytes);
    let (Ok(source), Ok(destination)) = (reader.u16(), reader.u16()) else {
        return (bytes.len() < declared).then_some(Segment::Bare { payload_len: declared });
    };
    let payload = bytes.get(HEADER..).unwrap_or_default();
    Some(Segment::Ports { ports: (source, destination), payload, payload_len: declared.saturating_sub(HEADER) })
}
