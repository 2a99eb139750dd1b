//! Link types: the numbers of the registry (draft-ietf-opsawg-pcaplinktype), kept whether known or not, and
//! the headers of those that lead to IP. A new one is a file here and a line in [`OPENERS`].

mod bluetooth;
mod cooked;
mod ethernet;
mod fddi;
mod loopback;
mod monitor;
mod nflog;
mod pktap;
mod ppp;
mod process;
mod radio;
mod radiotap;

use std::fmt;
use std::hash::{Hash, Hasher};

use super::{Reader, Short};

pub(crate) use ethernet::{Llc, ethernet, llc};
pub(crate) use ppp::ppp;
pub(crate) use process::{Number, Process};
pub(crate) use radio::{Channel, Fcs, Radio};

/// A link-layer address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// A group address: broadcast or multicast.
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// The address in a longer field, when it is one.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().copied().map(Self)
    }
}

/// As one number: maps of stations are asked several times for each frame.
impl Hash for Mac {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f] = self.0;
        state.write_u64(u64::from_be_bytes([0, 0, a, b, c, d, e, f]));
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = String::with_capacity(17);
        for byte in self.0 {
            if !shown.is_empty() {
                shown.push(':');
            }
            super::text::push_hex(&mut shown, &[byte]);
        }
        f.write_str(&shown)
    }
}

/// Direction of a frame as seen by the system that captured it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the capturing system.
    In,
    /// From it.
    Out,
}

/// What follows a link header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A packet of this ethertype.
    Ethertype(u16),
    /// 802.2 logical link control.
    Llc,
    /// An IP packet, version by its first nibble.
    Ip,
    /// A PPP frame.
    Ppp,
    /// Another link type.
    Link(LinkType),
    /// An 802.11 frame, with what its radio header says.
    Wifi(Radio),
    /// A Bluetooth Low Energy packet from its access address, and how it was sent.
    BluetoothLe(Phy),
    /// A protocol that leads nowhere further, by address family or ARPHRD number.
    Family(u32),
}

/// How a Bluetooth packet was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phy {
    /// Bit by bit.
    Uncoded,
    /// With error correction, for long range: an indicator of the coding follows the access address.
    Coded,
}

/// A link header taken off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened<'a> {
    /// What follows.
    pub(crate) next: Next,
    /// Its bytes.
    pub(crate) payload: &'a [u8],
    /// Sender.
    pub(crate) source: Option<Mac>,
    /// Receiver.
    pub(crate) destination: Option<Mac>,
    /// Direction, where the header tells.
    pub(crate) direction: Option<Direction>,
    /// Bytes of the header that were never on the wire or air.
    pub(crate) metadata: usize,
    /// Program behind the packet, where the capture tool notes it.
    pub(crate) process: Option<Process>,
}

impl<'a> Opened<'a> {
    /// A header that tells nothing but what follows.
    pub(crate) const fn plain(next: Next, payload: &'a [u8]) -> Self {
        Self { next, payload, source: None, destination: None, direction: None, metadata: 0, process: None }
    }

    /// A header of metadata before another link type.
    pub(crate) const fn metadata(next: Next, payload: &'a [u8], metadata: usize) -> Self {
        Self { metadata, ..Self::plain(next, payload) }
    }
}

/// Takes the header of one link type off.
type Opener = fn(&[u8]) -> Result<Opened<'_>, Short>;

/// The link types that are read.
static OPENERS: &[(LinkType, Opener)] = &[
    (LinkType::ETHERNET, ethernet),
    (LinkType::LINUX_SLL, cooked::sll),
    (LinkType::LINUX_SLL2, cooked::sll2),
    (LinkType::RAW, raw),
    (LinkType::RAW_BSD, raw),
    (LinkType::RAW_OPENBSD, raw),
    (LinkType::IPV4, raw),
    (LinkType::IPV6, raw),
    (LinkType::NULL, loopback::null),
    (LinkType::LOOP, loopback::network_order),
    (LinkType::PPP, ppp::framed),
    (LinkType::PPP_HDLC, ppp::framed),
    (LinkType::PPP_ETHER, ppp::pppoe),
    (LinkType::C_HDLC, ppp::cisco),
    (LinkType::IEEE802_11, monitor::bare),
    (LinkType::RADIOTAP, radiotap::radiotap),
    (LinkType::PRISM, monitor::prism),
    (LinkType::AVS, monitor::avs),
    (LinkType::PPI, monitor::ppi),
    (LinkType::PKTAP, pktap::pktap),
    (LinkType::PKTAP_DARWIN, pktap::pktap),
    (LinkType::NFLOG, nflog::nflog),
    (LinkType::FDDI, fddi::fddi),
    (LinkType::BLUETOOTH_LE_LL, bluetooth::bare),
    (LinkType::BLUETOOTH_LE_LL_WITH_PHDR, bluetooth::pseudo),
    (LinkType::NORDIC_BLE, bluetooth::nordic),
];

/// The opener of a link type; none when it is not read.
pub(crate) fn opener(link: LinkType) -> Option<Opener> {
    OPENERS.iter().find(|(known, _)| *known == link).map(|(_, opener)| *opener)
}

/// No link header at all.
#[expect(clippy::unnecessary_wraps, reason = "the shape every opener has")]
fn raw(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    Ok(Opened::plain(Next::Ip, bytes))
}

/// The rest of a reader, for openers.
fn rest(reader: Reader<'_>, next: Next) -> Opened<'_> {
    Opened::plain(next, reader.rest())
}

/// A LINKTYPE number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: address family in host byte order.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// PPP, with or without address and control fields.
    pub const PPP: Self = Self(9);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// Raw IP by its older numbers: BSD's and OpenBSD's.
    pub const RAW_BSD: Self = Self(12);
    /// See [`Self::RAW_BSD`].
    pub const RAW_OPENBSD: Self = Self(14);
    /// PPP in HDLC-like framing.
    pub const PPP_HDLC: Self = Self(50);
    /// PPPoE session packets.
    pub const PPP_ETHER: Self = Self(51);
    /// Raw IP, version by the first nibble.
    pub const RAW: Self = Self(101);
    /// Cisco HDLC.
    pub const C_HDLC: Self = Self(104);
    /// 802.11 without any radio header.
    pub const IEEE802_11: Self = Self(105);
    /// OpenBSD loopback: address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// 802.11 after a Prism header.
    pub const PRISM: Self = Self(119);
    /// 802.11 after a radiotap header.
    pub const RADIOTAP: Self = Self(127);
    /// Apple PKTAP as Darwin numbers it in memory.
    pub const PKTAP_DARWIN: Self = Self(149);
    /// 802.11 after an AVS header.
    pub const AVS: Self = Self(163);
    /// Per-packet information before another link type.
    pub const PPI: Self = Self(192);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux netfilter log.
    pub const NFLOG: Self = Self(239);
    /// Bluetooth Low Energy link layer.
    pub const BLUETOOTH_LE_LL: Self = Self(251);
    /// Bluetooth Low Energy link layer after a pseudo header.
    pub const BLUETOOTH_LE_LL_WITH_PHDR: Self = Self(256);
    /// Apple PKTAP.
    pub const PKTAP: Self = Self(258);
    /// Bluetooth Low Energy after the header of Nordic's sniffer.
    pub const NORDIC_BLE: Self = Self(272);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

/// Known numbers with the registry's names; others show as their number alone.
const NAMES: &[(u16, &str)] = &[
    (0, "NULL"),
    (1, "ETHERNET"),
    (9, "PPP"),
    (10, "FDDI"),
    (12, "RAW"),
    (14, "RAW"),
    (50, "PPP_HDLC"),
    (51, "PPP_ETHER"),
    (101, "RAW"),
    (104, "C_HDLC"),
    (105, "IEEE802_11"),
    (107, "FRELAY"),
    (108, "LOOP"),
    (113, "LINUX_SLL"),
    (119, "IEEE802_11_PRISM"),
    (127, "IEEE802_11_RADIOTAP"),
    (149, "PKTAP"),
    (150, "USER3"),
    (163, "IEEE802_11_AVS"),
    (189, "USB_LINUX"),
    (192, "PPI"),
    (201, "BLUETOOTH_HCI_H4_WITH_PHDR"),
    (228, "IPV4"),
    (229, "IPV6"),
    (239, "NFLOG"),
    (251, "BLUETOOTH_LE_LL"),
    (256, "BLUETOOTH_LE_LL_WITH_PHDR"),
    (258, "PKTAP"),
    (272, "NORDIC_BLE"),
    (276, "LINUX_SLL2"),
];

impl LinkType {
    /// Frames as they are on the air, of every network: what an interface in monitor mode gives.
    #[cfg(all(feature = "live", feature = "table"))]
    pub(crate) fn is_monitor(self) -> bool {
        [Self::IEEE802_11, Self::PRISM, Self::RADIOTAP, Self::AVS, Self::PPI].contains(&self)
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((number, name)) => write!(f, "{name} ({number})"),
            None => write!(f, "LINKTYPE {}", self.0),
        }
    }
}
