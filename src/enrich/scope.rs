//! What kind of address an address is, before anyone asks where: the special-purpose registries of IANA
//! (RFC 6890), and the IPv4 address that some IPv6 addresses carry.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// How far an address reaches. Only [`Scope::Global`] addresses lie in a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    /// Routed on the internet.
    Global,
    /// Private network (RFC 1918), and site-local IPv6 (RFC 3879).
    Private,
    /// Unique local IPv6 (RFC 4193).
    UniqueLocal,
    /// Shared between a carrier and its customers, carrier-grade NAT (RFC 6598).
    Shared,
    /// The host itself.
    Loopback,
    /// The link only (RFC 3927, RFC 4291 §2.5.6).
    LinkLocal,
    /// A group of receivers.
    Multicast,
    /// Everyone on the link (RFC 8190).
    Broadcast,
    /// Examples in texts (RFC 5737, RFC 3849, RFC 9637); in traffic a sign of a mistake or a test.
    Documentation,
    /// Tests of network devices (RFC 2544, RFC 5180).
    Benchmarking,
    /// No address yet.
    Unspecified,
    /// "This network" (RFC 791 §3.2).
    ThisNetwork,
    /// Names a thing, not a place: ORCHID (RFC 4843, RFC 7343), drone Remote ID entity tags (RFC 9374).
    Identifier,
    /// Protocol assignments, segment identifiers and the withdrawn 6to4 relays (RFC 6890, RFC 9602, RFC 7526).
    Protocol,
    /// IPv4/IPv6 translation within one network (RFC 8215).
    Translation,
    /// Dropped on arrival (RFC 6666), or a dummy (RFC 9780).
    Discard,
    /// Nobody may use it yet, or any more.
    Reserved,
}

impl Scope {
    /// Every scope.
    pub(crate) const ALL: [Self; 17] = [
        Self::Global,
        Self::Private,
        Self::UniqueLocal,
        Self::Shared,
        Self::Loopback,
        Self::LinkLocal,
        Self::Multicast,
        Self::Broadcast,
        Self::Documentation,
        Self::Benchmarking,
        Self::Unspecified,
        Self::ThisNetwork,
        Self::Identifier,
        Self::Protocol,
        Self::Translation,
        Self::Discard,
        Self::Reserved,
    ];

    /// On the device's own network, or everybody on it.
    #[must_use]
    pub(crate) const fn is_local(self) -> bool {
        matches!(
            self,
            Self::Private
                | Self::UniqueLocal
                | Self::Shared
                | Self::Loopback
                | Self::LinkLocal
                | Self::Multicast
                | Self::Broadcast
                | Self::Unspecified
                | Self::ThisNetwork
        )
    }

    /// The word in tables and rules.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Private => "private",
            Self::UniqueLocal => "unique_local",
            Self::Shared => "shared",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link_local",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Unspecified => "unspecified",
            Self::ThisNetwork => "this_network",
            Self::Identifier => "identifier",
            Self::Protocol => "protocol",
            Self::Translation => "translation",
            Self::Discard => "discard",
            Self::Reserved => "reserved",
        }
    }

    /// The scope of an IPv4 address.
    #[must_use]
    pub(crate) fn of_v4(address: Ipv4Addr) -> Self {
        V4.iter().find(|(net, _)| net.contains(&address)).map_or(Self::Global, |(_, scope)| *scope)
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        V6.iter().find(|(net, _)| net.contains(&address)).map_or(Self::Reserved, |(_, scope)| *scope)
    }
}

/// How an IPv6 address carries an IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Embedding {
    /// IPv4-mapped (RFC 4291 §2.5.5.2).
    Mapped,
    /// Well-known NAT64 prefix (RFC 6052).
    Nat64,
    /// 6to4 (RFC 3056).
    SixToFour,
    /// Teredo: the client's address, which is written inverted (RFC 4380 §4).
    Teredo,
}

impl Embedding {
    /// The word shown to a reader.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Mapped => "ipv4-mapped",
            Self::Nat64 => "nat64",
            Self::SixToFour => "6to4",
            Self::Teredo => "teredo",
        }
    }

    fn of(address: Ipv6Addr) -> Option<(Self, Ipv4Addr)> {
        let last = |octets: [u8; 16]| {
            let [.., a, b, c, d] = octets;
            Ipv4Addr::new(a, b, c, d)
        };
        let octets = address.octets();
        match octets {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ..] => Some((Self::Mapped, last(octets))),
            [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, ..] => Some((Self::Nat64, last(octets))),
            [0x20, 0x02, a, b, c, d, ..] => Some((Self::SixToFour, Ipv4Addr::new(a, b, c, d))),
            [0x20, 0x01, 0, 0, ..] => Some((Self::Teredo, last(octets.map(|octet| !octet)))),
            _ => None,
        }
    }
}

/// An address as a place can be asked for: its scope, and the IPv4 address inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// The address to look up: the one inside, where there is one.
    pub(crate) address: IpAddr,
    /// Its scope.
    pub(crate) scope: Scope,
    /// How the address asked for carries it.
    pub(crate) embedding: Option<Embedding>,
}

impl Site {
    /// The site of an address.
    #[must_use]
    pub(crate) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self { address, scope: Scope::of_v4(v4), embedding: None },
            IpAddr::V6(v6) => match Embedding::of(v6) {
                Some((embedding, v4)) => Self { address: IpAddr::V4(v4), scope: Scope::of_v4(v4), embedding: Some(embedding) },
                None => Self { address, scope: Scope::of_v6(v6), embedding: None },
            },
        }
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(head: [u16; 4], length: u8) -> Ipv6Net {
    let [a, b, c, d] = head;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), length)
}

const fn host(tail: u16) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, tail), 128)
}

/// IANA IPv4 special-purpose registry, and multicast; the first match holds. Entries that the registry calls
/// globally reachable and that lie in no other entry are left out: AS112, AMT.
static V4: [(Ipv4Net, Scope); 20] = [
    (v4(192, 0, 0, 9, 32), Scope::Global),
    (v4(192, 0, 0, 10, 32), Scope::Global),
    (v4(255, 255, 255, 255, 32), Scope::Broadcast),
    (v4(0, 0, 0, 0, 32), Scope::Unspecified),
    (v4(0, 0, 0, 0, 8), Scope::ThisNetwork),
    (v4(10, 0, 0, 0, 8), Scope::Private),
    (v4(100, 64, 0, 0, 10), Scope::Shared),
    (v4(127, 0, 0, 0, 8), Scope::Loopback),
    (v4(169, 254, 0, 0, 16), Scope::LinkLocal),
    (v4(172, 16, 0, 0, 12), Scope::Private),
    (v4(192, 0, 0, 0, 24), Scope::Protocol),
    (v4(192, 0, 2, 0, 24), Scope::Documentation),
    (v4(192, 88, 99, 0, 24), Scope::Protocol),
    (v4(192, 168, 0, 0, 16), Scope::Private),
    (v4(198, 18, 0, 0, 15), Scope::Benchmarking),
    (v4(198, 51, 100, 0, 24), Scope::Documentation),
    (v4(203, 0, 113, 0, 24), Scope::Documentation),
    (v4(233, 252, 0, 0, 24), Scope::Documentation),
    (v4(224, 0, 0, 0, 4), Scope::Multicast),
    (v4(240, 0, 0, 0, 4), Scope::Reserved),
];

/// IANA IPv6 special-purpose registry, multicast, and the one block that is given out, 2000::/3; the first match holds.
static V6: [(Ipv6Net, Scope); 23] = [
    (Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128), Scope::Unspecified),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), Scope::Loopback),
    (v6([0x64, 0xff9b, 1, 0], 48), Scope::Translation),
    (v6([0x100, 0, 0, 0], 64), Scope::Discard),
    (v6([0x100, 0, 0, 1], 64), Scope::Discard),
    (host(1), Scope::Global),
    (host(2), Scope::Global),
    (host(3), Scope::Global),
    (v6([0x2001, 2, 0, 0], 48), Scope::Benchmarking),
    (v6([0x2001, 3, 0, 0], 32), Scope::Global),
    (v6([0x2001, 4, 0x112, 0], 48), Scope::Global),
    (v6([0x2001, 0x10, 0, 0], 28), Scope::Identifier),
    (v6([0x2001, 0x20, 0, 0], 28), Scope::Identifier),
    (v6([0x2001, 0x30, 0, 0], 28), Scope::Identifier),
    (v6([0x2001, 0, 0, 0], 23), Scope::Protocol),
    (v6([0x2001, 0xdb8, 0, 0], 32), Scope::Documentation),
    (v6([0x3fff, 0, 0, 0], 20), Scope::Documentation),
    (v6([0x2000, 0, 0, 0], 3), Scope::Global),
    (v6([0x5f00, 0, 0, 0], 16), Scope::Protocol),
    (v6([0xfc00, 0, 0, 0], 7), Scope::UniqueLocal),
    (v6([0xfe80, 0, 0, 0], 10), Scope::LinkLocal),
    (v6([0xfec0, 0, 0, 0], 10), Scope::Private),
    (v6([0xff00, 0, 0, 0], 8), Scope::Multicast),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn site(address: &str) -> Site {
        Site::of(address.parse().unwrap())
    }

    #[test]
    fn ipv4_special_ranges() {
        let expected = [
            ("8.8.8.8", Scope::Global),
            ("0.0.0.0", Scope::Unspecified),
            ("0.1.2.3", Scope::ThisNetwork),
            ("10.255.255.255", Scope::Private),
            ("11.0.0.0", Scope::Global),
            ("100.63.255.255", Scope::Global),
            ("100.64.0.1", Scope::Shared),
            ("100.128.0.0", Scope::Global),
            ("127.0.0.53", Scope::Loopback),
            ("169.254.169.254", Scope::LinkLocal),
            ("172.15.255.255", Scope::Global),
            ("172.31.0.1", Scope::Private),
            ("172.32.0.0", Scope::Global),
            ("192.0.0.8", Scope::Protocol),
            ("192.0.0.9", Scope::Global),
            ("192.0.2.1", Scope::Documentation),
            ("192.88.99.1", Scope::Protocol),
            ("192.168.1.10", Scope::Private),
            ("198.19.0.0", Scope::Benchmarking),
            ("198.51.100.7", Scope::Documentation),
            ("203.0.113.255", Scope::Documentation),
            ("224.0.0.251", Scope::Multicast),
            ("239.255.255.250", Scope::Multicast),
            ("233.252.0.1", Scope::Documentation),
            ("240.0.0.1", Scope::Reserved),
            ("255.255.255.255", Scope::Broadcast),
            ("255.255.255.254", Scope::Reserved),
        ];
        for (address, scope) in expected {
            assert_eq!(site(address).scope, scope, "{address}");
        }
    }

    #[test]
    fn ipv6_special_ranges() {
        let expected = [
            ("2606:4700::1111", Scope::Global),
            ("::", Scope::Unspecified),
            ("::1", Scope::Loopback),
            ("::192.0.2.1", Scope::Reserved),
            ("64:ff9b:1::808:808", Scope::Translation),
            ("100::1", Scope::Discard),
            ("2001:1::1", Scope::Global),
            ("2001:1::4", Scope::Protocol),
            ("2001:2::1", Scope::Benchmarking),
            ("2001:3::1", Scope::Global),
            ("2001:20::1", Scope::Identifier),
            ("2001:30::1", Scope::Identifier),
            ("2001:200::1", Scope::Global),
            ("2001:db8:1234::1", Scope::Documentation),
            ("2001:db9::1", Scope::Global),
            ("3fff:fff::1", Scope::Documentation),
            ("3fff:1000::1", Scope::Global),
            ("4000::1", Scope::Reserved),
            ("5f00::1", Scope::Protocol),
            ("fd12:3456::1", Scope::UniqueLocal),
            ("fe80::1", Scope::LinkLocal),
            ("fec0::1", Scope::Private),
            ("ff02::fb", Scope::Multicast),
            ("200::1", Scope::Reserved),
        ];
        for (address, scope) in expected {
            assert_eq!(site(address).scope, scope, "{address}");
            assert_eq!(site(address).embedding, None, "{address}");
        }
    }

    #[test]
    fn an_ipv4_address_inside_decides() {
        let expected = [
            ("::ffff:47.91.161.230", Embedding::Mapped, "47.91.161.230", Scope::Global),
            ("::ffff:192.168.1.1", Embedding::Mapped, "192.168.1.1", Scope::Private),
            ("64:ff9b::8.8.8.8", Embedding::Nat64, "8.8.8.8", Scope::Global),
            ("2002:c000:204::1", Embedding::SixToFour, "192.0.2.4", Scope::Documentation),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Embedding::Teredo, "192.0.2.45", Scope::Documentation),
        ];
        for (address, embedding, inside, scope) in expected {
            assert_eq!(site(address), Site { address: inside.parse().unwrap(), scope, embedding: Some(embedding) }, "{address}");
        }
    }

    #[test]
    fn every_scope_has_its_own_word() {
        let words: std::collections::BTreeSet<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        assert_eq!(words.len(), Scope::ALL.len());
    }
}
