//! Which end of a conversation is the device: by what the capture recorded, by what the user named, by kind of
//! address, by who opened it, in that order; and the answer says which of them decided.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::{Half, Key};
use crate::packet::{Packet, Segment, protocol};
use crate::record::{DeviceBasis, DeviceKind, Initiator};
use crate::wire::{Direction, Mac};

/// A device that the user named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// By its link address.
    Mac(Mac),
    /// By an address or a range of them.
    Net(IpNet),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mac(mac) => mac.fmt(f),
            Self::Net(net) => net.fmt(f),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    /// Reads `a4:83:e7:12:34:56`, `192.168.2.20` or `10.0.0.0/8`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Net(address.into()));
        }
        if let Ok(net) = text.parse::<IpNet>() {
            return Ok(Self::Net(net));
        }
        let bytes: Result<Vec<u8>, _> = text.split([':', '-']).map(|byte| u8::from_str_radix(byte, 16)).collect();
        match bytes.as_deref() {
            Ok([a, b, c, d, e, g]) => Ok(Self::Mac(Mac([*a, *b, *c, *d, *e, *g]))),
            _ => Err(format!("{text:?} is no MAC address, IP address or range such as 192.168.2.0/24")),
        }
    }
}

/// A device as the user names it, and what it is when the user says so too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The device.
    pub device: Device,
    /// What it is.
    pub kind: Option<DeviceKind>,
}

impl fmt::Display for Named {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.map_or(Ok(()), |kind| write!(f, "{}=", kind.as_str()))?;
        self.device.fmt(f)
    }
}

impl FromStr for Named {
    type Err = String;

    /// Reads `192.168.2.20` or `drone=60:60:1f:12:34:56`.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((word, device)) = text.split_once('=') else { return Ok(Self { device: text.parse()?, kind: None }) };
        let kind = DeviceKind::ALL.into_iter().find(|kind| kind.as_str() == word);
        let known = || DeviceKind::ALL.map(DeviceKind::as_str).join(", ");
        let kind = kind.ok_or_else(|| format!("{word:?} is no kind of device; there are {}", known()))?;
        Ok(Self { device: device.parse()?, kind: Some(kind) })
    }
}

/// The devices that the user named. Between two of them the one named first is the device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devices(pub Vec<Device>);

impl Devices {
    /// Place of the first device that an end is.
    fn place(&self, address: IpAddr, mac: Option<Mac>) -> Option<usize> {
        self.0.iter().position(|device| match device {
            Device::Mac(known) => Some(*known) == mac,
            Device::Net(net) => net.contains(&address),
        })
    }
}

/// The device's half, and how it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) device: Half,
    pub(crate) basis: DeviceBasis,
    pub(crate) initiator: Initiator,
}

/// Highest port of the system range (RFC 6335 section 6).
const SYSTEM_PORTS: u16 = 1023;

impl Devices {
    /// Decides by the first packet of a flow, which `sender` sent.
    pub(crate) fn decide(&self, packet: &Packet<'_>, key: &Key, sender: Half) -> Decided {
        let opener = opener(packet, sender);
        let (device, basis) = self.half(packet, key, sender, opener);
        let initiator = match opener {
            Some(half) if half == device => Initiator::Device,
            Some(_) => Initiator::Remote,
            None => Initiator::Unknown,
        };
        Decided { device, basis, initiator }
    }

    fn half(&self, packet: &Packet<'_>, key: &Key, sender: Half, opener: Option<Half>) -> (Half, DeviceBasis) {
        let envelope = packet.envelope;
        // What goes to everybody has its device at the sending end, whatever the capturing system is.
        if is_group(packet.destination) {
            return (sender, DeviceBasis::Address);
        }
        // A tunnel's direction says who carried the packet, not who sent it.
        if envelope.tunnels.is_empty() {
            match envelope.direction {
                Some(Direction::Out) => return (sender, DeviceBasis::Metadata),
                Some(Direction::In) => return (sender.other(), DeviceBasis::Metadata),
                None => {}
            }
        }
        match (self.place(packet.source, envelope.source), self.place(packet.destination, envelope.destination)) {
            (Some(_), None) => return (sender, DeviceBasis::Given),
            (None, Some(_)) => return (sender.other(), DeviceBasis::Given),
            (Some(from), Some(to)) if from != to => return (if from < to { sender } else { sender.other() }, DeviceBasis::Given),
            _ => {}
        }
        match (is_local(packet.source), is_local(packet.destination)) {
            (true, false) => return (sender, DeviceBasis::Address),
            (false, true) => return (sender.other(), DeviceBasis::Address),
            _ => {}
        }
        if let Some(half) = opener {
            return (half, DeviceBasis::Initiator);
        }
        let (from, to) = (key.end(sender).1, key.end(sender.other()).1);
        match (from <= SYSTEM_PORTS, to <= SYSTEM_PORTS) {
            (true, false) => (sender.other(), DeviceBasis::Port),
            (false, true) => (sender, DeviceBasis::Port),
            _ => (sender, DeviceBasis::FirstFrame),
        }
    }
}

/// Who opened the flow, as its first packet tells: SYN, SYN-ACK, or the first datagram unless it comes from a
/// system port to another one, which is an answer.
fn opener(packet: &Packet<'_>, sender: Half) -> Option<Half> {
    match packet.segment {
        Segment::Tcp(tcp) if tcp.flags.syn() => Some(if tcp.flags.ack() { sender.other() } else { sender }),
        Segment::Tcp(_) => None,
        Segment::Ports { ports: (from, to), .. } => (from > SYSTEM_PORTS || to <= SYSTEM_PORTS).then_some(sender),
        // Echo replies and errors answer something.
        Segment::Bare { .. } => (!matches!(packet.protocol, protocol::ICMP | protocol::ICMPV6)).then_some(sender),
    }
}

/// Multicast and broadcast.
fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast(),
    }
}

/// Private, shared, link-local, loopback and unspecified addresses: what a device has on its own network.
fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            address.is_private()
                || address.is_link_local()
                || address.is_loopback()
                || address.is_unspecified()
                || a == 100 && b & 0xc0 == 64
        }
        IpAddr::V6(address) => {
            address.is_unique_local() || address.is_unicast_link_local() || address.is_loopback() || address.is_unspecified()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_by_mac_address_or_range() {
        assert_eq!("a4:83:e7:12:34:56".parse(), Ok(Device::Mac(Mac([0xa4, 0x83, 0xe7, 0x12, 0x34, 0x56]))));
        assert_eq!("10.1.2.3".parse(), Ok(Device::Net("10.1.2.3/32".parse().unwrap())));
        assert!("2001:db8::/32".parse::<Device>().is_ok());
        assert!("phone".parse::<Device>().unwrap_err().contains("phone"));
    }

    #[test]
    fn a_device_may_come_with_its_kind() {
        let drone = "drone=60:60:1f:12:34:56".parse::<Named>().unwrap();
        assert_eq!((drone.kind, drone.device), (Some(DeviceKind::Drone), "60:60:1f:12:34:56".parse().unwrap()));
        assert_eq!("10.1.2.3".parse::<Named>().unwrap().kind, None);
        assert!("plane=10.1.2.3".parse::<Named>().unwrap_err().contains("remote-controller"));
        assert!("drone=phone".parse::<Named>().is_err());
    }

    #[test]
    fn local_addresses_are_a_device_s_own() {
        assert!(is_local("100.64.0.1".parse().unwrap()) && is_local("fe80::1".parse().unwrap()));
        assert!(!is_local("100.128.0.1".parse().unwrap()) && !is_local("2001:db8::1".parse().unwrap()));
    }
}
