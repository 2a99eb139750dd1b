//! Pseudonyms from a key: the same key gives the same ones, without the key nobody finds the way back.
//!
//! | what | pseudonym |
//! |---|---|
//! | public IPv4, IPv6 address | the first 24, 48 bits stay, so that network, owner and country can be checked; the others are permuted |
//! | private, link-local address | the prefix that says so stays, the others are permuted |
//! | public address of a device, and others of its network | as above, and only the bits stay that say that it is public |
//! | link address | the maker's 24 bits stay, of a random one the first eight; the others are permuted |
//! | loopback, broadcast, multicast address | stays, but for the part of it that is made from an address |
//! | name, serial number, account | kind and ten hex digits |
//!
//! Permuted bits are flipped one after the other by a keyed function of all bits before them, as in Crypto-PAn (Xu, Fan,
//! Ammar, Moon: Prefix-preserving IP address anonymization, 2002) with HMAC-SHA-256 in the place of its cipher: addresses
//! that share a prefix have pseudonyms that share one of the same length, and no two addresses have the same pseudonym.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::wire::{Mac, hex};

/// Least bytes of a key: fewer can be guessed.
pub(super) const KEY_BYTES: usize = 16;

/// Makes pseudonyms.
pub(super) struct Pseudonyms {
    keyed: Hmac<Sha256>,
    /// Networks of devices with public addresses.
    home: BTreeSet<IpAddr>,
}

impl Pseudonyms {
    /// None when the key is too short.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        let keyed = Hmac::new_from_slice(key).ok().filter(|_| key.len() >= KEY_BYTES)?;
        Some(Self { keyed, home: BTreeSet::new() })
    }

    /// A device's own public address tells who pays for the line: nothing of its network is shown.
    pub(super) fn hide_network_of(&mut self, address: IpAddr) {
        if !is_special(address) {
            self.home.insert(network(address));
        }
    }

    /// What tells keys apart and says nothing else of them.
    pub(super) fn fingerprint(&self) -> String {
        hex(&self.tag("key", &[]).map_or_else(Vec::new, |tag| tag.get(..8).unwrap_or_default().to_vec()))
    }

    /// Of a network address.
    pub(super) fn address(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(v4) => self.permuted("4", v4.octets(), self.kept_v4(v4)).into(),
            IpAddr::V6(v6) => match embedded(v6) {
                Some(v4) => {
                    let mut octets = v6.octets();
                    let hidden = self.permuted("4", v4.octets(), self.kept_v4(v4));
                    if let Some(tail) = octets.last_chunk_mut() {
                        *tail = hidden;
                    }
                    octets.into()
                }
                None => self.permuted("6", v6.octets(), self.kept_v6(v6)).into(),
            },
        }
    }

    /// Of a link address.
    pub(super) fn mac(&self, mac: Mac) -> Mac {
        let [a, b, c, ..] = mac.0;
        let is_local = a & 2 != 0;
        let kept = match (mac.is_group(), [a, b, c]) {
            // Made from the last bytes of a station's address.
            (true, [0x33, 0x33, 0xff]) => 24,
            (true, _) => 48,
            (false, [0, 0, 0]) => 48,
            _ if is_local => 8,
            _ => 24,
        };
        Mac(self.permuted("mac", mac.0, kept))
    }

    /// Of a name or number of this kind.
    pub(super) fn word(&self, kind: &str, text: &str) -> String {
        let tag = self.tag("word", text.as_bytes()).unwrap_or_default();
        format!("{kind}-{}", hex(tag.get(..5).unwrap_or_default()))
    }

    fn kept_v4(&self, address: Ipv4Addr) -> usize {
        match address.octets() {
            _ if is_special(address.into()) => 32,
            [10, ..] => 8,
            [172, b, ..] if b & 0xf0 == 16 => 12,
            [192, 168, ..] | [169, 254, ..] => 16,
            [100, b, ..] if b & 0xc0 == 64 => 10,
            _ if self.home.contains(&network(address.into())) => 0,
            _ => 24,
        }
    }

    fn kept_v6(&self, address: Ipv6Addr) -> usize {
        match address.segments() {
            // Solicited-node multicast (RFC 4291 section 2.7.1): its end is that of an address.
            [0xff02, 0, 0, 0, 0, 1, g, _] if g & 0xff00 == 0xff00 => 104,
            _ if is_special(address.into()) => 128,
            [first, ..] if first & 0xffc0 == 0xfe80 => 64,
            [first, ..] if first & 0xfe00 == 0xfc00 => 7,
            _ if self.home.contains(&network(address.into())) => 3,
            _ => 48,
        }
    }

    /// Flips bits behind the first `kept` ones, each by what stands before it.
    fn permuted<const N: usize>(&self, label: &str, bytes: [u8; N], kept: usize) -> [u8; N] {
        let mut hidden = bytes;
        for bit in kept..N * 8 {
            let (byte, mask) = (bit / 8, 0x80_u8 >> (bit % 8));
            let mut prefix: Vec<u8> = bytes.get(..=byte).unwrap_or_default().to_vec();
            if let Some(last) = prefix.last_mut() {
                *last &= !(mask | (mask - 1));
            }
            prefix.push(u8::try_from(bit).unwrap_or(u8::MAX));
            let flips = self.tag(label, &prefix).and_then(|tag| tag.first().copied()).unwrap_or_default() & 1 == 1;
            if let Some(byte) = hidden.get_mut(byte).filter(|_| flips) {
                *byte ^= mask;
            }
        }
        // No address is its own pseudonym. Its neighbour, which differs in the last bit only, is flipped by the same bits, so
        // that both still change places.
        if kept < N * 8
            && hidden == bytes
            && let Some(last) = hidden.last_mut()
        {
            *last ^= 1;
        }
        hidden
    }

    fn tag(&self, label: &str, data: &[u8]) -> Option<[u8; 32]> {
        let mut keyed = self.keyed.clone();
        keyed.update(label.as_bytes());
        keyed.update(&[0]);
        keyed.update(data);
        keyed.finalize().into_bytes().as_slice().try_into().ok()
    }
}

/// An IPv4 address inside of an IPv6 address: mapped (RFC 4291 section 2.5.5.2) or for translation (RFC 6052).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let is_translated = address.octets().starts_with(&[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]);
    let last = address.octets().last_chunk::<4>().copied().map(Ipv4Addr::from);
    address.to_ipv4_mapped().or_else(|| last.filter(|_| is_translated))
}

/// Says nothing of anybody.
fn is_special(address: IpAddr) -> bool {
    address.is_loopback()
        || address.is_multicast()
        || address.is_unspecified()
        || matches!(address, IpAddr::V4(v4) if v4.is_broadcast() || v4.octets().starts_with(&[0]))
}

/// What a provider hands out to one customer.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"a key of sixteen";

    fn pseudonyms() -> Pseudonyms {
        Pseudonyms::new(KEY).unwrap()
    }

    #[test]
    fn what_a_prefix_says_stays() {
        let pseudonyms = pseudonyms();
        let of = |text: &str| pseudonyms.address(text.parse().unwrap()).to_string();
        for (plain, prefix) in [
            ("192.168.2.20", "192.168."),
            ("10.1.2.3", "10."),
            ("47.91.161.230", "47.91.161."),
            ("169.254.7.7", "169.254."),
            ("2001:db8:7:1::9", "2001:db8:7:"),
            ("fe80::1234:56ff:fe78:9abc", "fe80::"),
            ("::ffff:47.91.161.230", "::ffff:47.91.161."),
        ] {
            let hidden = of(plain);
            assert!(hidden.starts_with(prefix) && hidden != plain, "{plain} became {hidden}");
            assert_eq!(hidden, of(plain));
        }
        for stays in ["127.0.0.1", "255.255.255.255", "224.0.0.251", "0.0.0.0", "::", "::1", "ff02::fb"] {
            assert_eq!(of(stays), stays);
        }
        assert_ne!(of("ff02::1:ff12:3456"), "ff02::1:ff12:3456");
        assert!(Pseudonyms::new(b"short").is_none());
    }

    #[test]
    fn no_two_addresses_meet_and_neighbours_stay_neighbours() {
        let pseudonyms = pseudonyms();
        let all: BTreeSet<IpAddr> = (0..=255).map(|last| pseudonyms.address(Ipv4Addr::new(192, 168, 2, last).into())).collect();
        assert_eq!(all.len(), 256);
        let public = |last| IpAddr::from(Ipv4Addr::new(47, 91, 161, last));
        let hidden: BTreeSet<IpAddr> = (0..=255).map(|last| pseudonyms.address(public(last))).collect();
        assert_eq!(hidden.len(), 256);
        assert!((0..=255).all(|last| pseudonyms.address(public(last)) != public(last)), "none is its own pseudonym");
        let networks: BTreeSet<IpAddr> = all.into_iter().map(network).collect();
        assert_eq!(networks.len(), 1);
    }

    #[test]
    fn makers_stay_and_random_addresses_say_nothing() {
        let pseudonyms = pseudonyms();
        let of = |bytes: [u8; 6]| pseudonyms.mac(Mac(bytes)).to_string();
        assert!(of([0x60, 0x60, 0x1f, 0x12, 0x34, 0x56]).starts_with("60:60:1f:"));
        assert_ne!(of([0x60, 0x60, 0x1f, 0x12, 0x34, 0x56]), "60:60:1f:12:34:56");
        let random = of([0xda, 0xa1, 0x19, 1, 2, 3]);
        assert!(random.starts_with("da:") && !random.starts_with("da:a1:19"));
        assert_eq!(of([0xff; 6]), "ff:ff:ff:ff:ff:ff");
        assert_eq!(of([0x33, 0x33, 0, 0, 0, 0xfb]), "33:33:00:00:00:fb");
    }

    #[test]
    fn the_network_of_a_device_is_hidden_too() {
        let mut pseudonyms = pseudonyms();
        pseudonyms.hide_network_of("2001:db8:7:1::9".parse().unwrap());
        let hidden = pseudonyms.address("2001:db8:7:2::1".parse().unwrap()).to_string();
        assert!(!hidden.starts_with("2001:db8:7:"), "{hidden}");
        assert!(pseudonyms.address("2001:db8:8::1".parse().unwrap()).to_string().starts_with("2001:db8:8:"));
    }

    #[test]
    fn words_are_told_apart_by_the_key_only() {
        let (one, other) = (pseudonyms(), Pseudonyms::new(b"another key of sixteen").unwrap());
        assert_eq!(one.word("ssid", "Spark-1234"), one.word("ssid", "Spark-1234"));
        assert_ne!(one.word("ssid", "Spark-1234"), other.word("ssid", "Spark-1234"));
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(one.word("id", "x").len(), 13);
    }
}
