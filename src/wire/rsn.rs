//! How a network is secured: the RSN element and WPA's vendor element before it (IEEE 802.11-2020, 9.4.2.24).
//!
//! | size | field |
//! |---|---|
//! | 2 | version, 1 |
//! | 4 | cipher suite of group frames |
//! | 2, 4 n | cipher suites of unicast frames |
//! | 2, 4 n | authentication and key management suites |
//! | 2 | capabilities: 0x0040 protected management required, 0x0080 able to (not in WPA) |
//! | 2, 16 n | PMK identifiers |
//! | 4 | cipher suite of group management frames |
//!
//! Every field may be missing, and all after it.

use std::fmt;

use super::management::Element;
use super::{Reader, Short};

/// A cipher or key management suite: organisation and number. WPA's are told by the numbers RSN took over from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Suite(pub(crate) u32);

impl Suite {
    /// A suite that the standard numbers.
    pub(crate) const fn standard(number: u8) -> Self {
        let [a, b, c] = IEEE;
        Self(u32::from_be_bytes([a, b, c, number]))
    }

    /// Its number, when the standard gives it.
    pub(crate) fn number(self) -> Option<u8> {
        let [a, b, c, number] = self.0.to_be_bytes();
        ([a, b, c] == IEEE).then_some(number)
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

const IEEE: [u8; 3] = [0x00, 0x0f, 0xac];
const MICROSOFT: [u8; 3] = [0x00, 0x50, 0xf2];

/// Which of two generations it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Generation {
    /// WPA, before the standard was finished.
    Wpa,
    /// RSN: WPA2 and WPA3.
    Rsn,
}

/// What a network offers or a station chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Security {
    /// Which element told it.
    pub(crate) generation: Generation,
    /// Cipher of group frames.
    pub(crate) group: Suite,
    /// Ciphers of unicast frames; one in a station's choice.
    pub(crate) pairwise: Vec<Suite>,
    /// Ways of authentication and key management; one in a station's choice.
    pub(crate) key_management: Vec<Suite>,
    /// RSN capabilities.
    pub(crate) capabilities: u16,
}

const CCMP: Suite = Suite::standard(4);
const TKIP: Suite = Suite::standard(2);

impl Security {
    /// Reads an element, when it is one of the two.
    pub(crate) fn of(element: &Element<'_>) -> Option<Self> {
        const RSN: u8 = 48;
        const WPA: u8 = 1;
        if element.id == RSN {
            return Some(Self::read(element.bytes, Generation::Rsn));
        }
        let (kind, bytes) = element.vendor(MICROSOFT)?.split_first()?;
        (*kind == WPA).then(|| Self::read(bytes, Generation::Wpa))
    }

    /// The better of the elements.
    pub(crate) fn among<'a>(elements: impl Iterator<Item = Element<'a>>) -> Option<Self> {
        elements.filter_map(|element| Self::of(&element)).max_by_key(|security| security.generation)
    }

    /// Management frames must be protected.
    pub(crate) const fn requires_protected_management(&self) -> bool {
        self.capabilities & 0x0040 != 0
    }

    /// Management frames can be protected.
    pub(crate) const fn allows_protected_management(&self) -> bool {
        self.capabilities & 0x00c0 != 0
    }

    fn read(bytes: &[u8], generation: Generation) -> Self {
        let cipher = if generation == Generation::Rsn { CCMP } else { TKIP };
        // 802.1X stands where no suite does.
        let mut security =
            Self { generation, group: cipher, pairwise: vec![cipher], key_management: vec![Suite::standard(1)], capabilities: 0 };
        let _read_as_far_as_it_goes = security.fill(Reader::new(bytes));
        security
    }

    fn fill(&mut self, mut reader: Reader<'_>) -> Result<(), Short> {
        reader.skip(2)?;
        self.group = suite(&mut reader)?;
        self.pairwise = suites(&mut reader)?;
        self.key_management = suites(&mut reader)?;
        self.capabilities = reader.u16_le()?;
        Ok(())
    }
}

fn suites(reader: &mut Reader<'_>) -> Result<Vec<Suite>, Short> {
    const BYTES: usize = 4;
    let count = usize::from(reader.u16_le()?);
    let mut list = reader.sub(count.saturating_mul(BYTES))?;
    (0..count).map(|_| suite(&mut list)).collect()
}

fn suite(reader: &mut Reader<'_>) -> Result<Suite, Short> {
    let [a, b, c, number] = reader.array()?;
    // Group 0 in a list of unicast ciphers means the group's own cipher; nobody uses it any more.
    let organisation = if [a, b, c] == MICROSOFT { IEEE } else { [a, b, c] };
    let [a, b, c] = organisation;
    Ok(Suite(u32::from_be_bytes([a, b, c, number])))
}

/// Names of the standard's cipher suites (table 9-149).
const CIPHERS: [&str; 14] = [
    "group",
    "WEP-40",
    "TKIP",
    "cipher-3",
    "CCMP-128",
    "WEP-104",
    "BIP-CMAC-128",
    "none",
    "GCMP-128",
    "GCMP-256",
    "CCMP-256",
    "BIP-GMAC-128",
    "BIP-GMAC-256",
    "BIP-CMAC-256",
];

/// Names of its key management suites (table 9-151).
const KEY_MANAGEMENT: [&str; 26] = [
    "akm-0",
    "802.1X",
    "PSK",
    "FT-802.1X",
    "FT-PSK",
    "802.1X-SHA256",
    "PSK-SHA256",
    "TDLS",
    "SAE",
    "FT-SAE",
    "AP-peer",
    "suite-B",
    "suite-B-192",
    "FT-802.1X-SHA384",
    "FILS-SHA256",
    "FILS-SHA384",
    "FT-FILS-SHA256",
    "FT-FILS-SHA384",
    "OWE",
    "FT-PSK-SHA384",
    "PSK-SHA384",
    "PASN",
    "FT-802.1X-SHA384-unrestricted",
    "802.1X-SHA384",
    "SAE-group",
    "FT-SAE-group",
];

/// The name of a cipher suite, or its number.
pub(crate) fn cipher_name(suite: Suite) -> String {
    named(&CIPHERS, suite)
}

/// The name of a key management suite, or its number.
pub(crate) fn key_management_name(suite: Suite) -> String {
    named(&KEY_MANAGEMENT, suite)
}

/// The cipher suite of a name.
pub(crate) fn cipher_named(name: &str) -> Option<Suite> {
    let number = CIPHERS.iter().position(|known| known.eq_ignore_ascii_case(name))?;
    u8::try_from(number).ok().map(Suite::standard)
}

fn named(names: &[&str], suite: Suite) -> String {
    let name = suite.number().and_then(|number| names.get(usize::from(number)));
    name.map_or_else(|| format!("{suite:?}"), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::management::Elements;
    use super::*;

    #[test]
    fn an_element_may_end_after_any_field() {
        let whole = [48, 20, 1, 0, 0, 15, 172, 4, 1, 0, 0, 15, 172, 8, 1, 0, 0, 15, 172, 6, 0xc0, 0];
        let read = |length: u8| {
            let mut bytes = whole[..usize::from(length) + 2].to_vec();
            bytes[1] = length;
            Security::among(Elements::new(&bytes)).unwrap()
        };
        let security = read(20);
        assert_eq!((cipher_name(security.group), cipher_name(security.pairwise[0])), ("CCMP-128".to_owned(), "GCMP-128".to_owned()));
        assert_eq!(key_management_name(security.key_management[0]), "PSK-SHA256");
        assert!(security.requires_protected_management());
        assert_eq!((read(18).capabilities, read(12).key_management.len(), read(2).group), (0, 1, CCMP));
    }

    #[test]
    fn wpa_is_told_by_the_same_numbers_and_yields_to_rsn() {
        let wpa = [221, 22, 0, 0x50, 0xf2, 1, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, 0xf2, 2];
        let security = Security::among(Elements::new(&wpa)).unwrap();
        assert_eq!(
            (security.generation, security.pairwise, security.key_management),
            (Generation::Wpa, vec![TKIP], vec![Suite::standard(2)])
        );
        let both = [&wpa[..], &[48, 2, 1, 0]].concat();
        assert_eq!(Security::among(Elements::new(&both)).unwrap().generation, Generation::Rsn);
        assert_eq!(cipher_named("ccmp-256"), Some(Suite::standard(10)));
    }
}
