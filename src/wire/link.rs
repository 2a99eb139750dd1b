//! Link types: the numbers of the registry (draft-ietf-opsawg-pcaplinktype), kept whether known or not.

use std::fmt;

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
    /// Apple PKTAP.
    pub const PKTAP: Self = Self(258);
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
    (258, "PKTAP"),
    (272, "NORDIC_BLE"),
    (276, "LINUX_SLL2"),
];

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((number, name)) => write!(f, "{name} ({number})"),
            None => write!(f, "LINKTYPE {}", self.0),
        }
    }
}
