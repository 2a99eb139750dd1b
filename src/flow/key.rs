//! What makes two packets part of one conversation: protocol and both endpoints, whichever way they go.

use std::net::IpAddr;

use crate::packet::{Packet, Segment};

/// An endpoint: address and port, port 0 where the protocol has none.
type Endpoint = (IpAddr, u16);

/// Both endpoints in a fixed order, and the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The lower and the higher endpoint.
    ends: [Endpoint; 2],
    protocol: u8,
    has_ports: bool,
}

/// One of the two endpoints of a [`Key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    /// The lower endpoint.
    Low,
    /// The higher endpoint.
    High,
}

impl Half {
    /// The other one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

impl Key {
    /// The key of a packet, and which half sent it.
    pub(crate) fn of(packet: &Packet<'_>) -> (Self, Half) {
        let (ports, has_ports) = match packet.segment {
            Segment::Tcp(tcp) => (tcp.ports, true),
            Segment::Ports { ports, .. } => (ports, true),
            Segment::Bare { .. } => ((0, 0), false),
        };
        let sender = (packet.source, ports.0);
        let receiver = (packet.destination, ports.1);
        let (ends, half) = if sender <= receiver { ([sender, receiver], Half::Low) } else { ([receiver, sender], Half::High) };
        (Self { ends, protocol: packet.protocol, has_ports }, half)
    }

    /// Address and port of one half.
    pub(crate) const fn end(&self, half: Half) -> Endpoint {
        let [low, high] = self.ends;
        match half {
            Half::Low => low,
            Half::High => high,
        }
    }

    /// The protocol has ports, and they were captured.
    pub(crate) const fn has_ports(&self) -> bool {
        self.has_ports
    }

    /// IP protocol number.
    pub(crate) const fn protocol(&self) -> u8 {
        self.protocol
    }
}
