//! One address database in the MaxMind DB format, whoever made it: MaxMind, DB-IP, IPinfo and ip-location-db
//! write the same facts under different keys.

use std::borrow::Cow;
use std::net::IpAddr;

pub(super) use maxminddb::MaxMindDbError as Damage;
use maxminddb::{Reader, WithinOptions};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Country;

/// Networks looked at, from the lowest address on, to learn what a database holds.
const SAMPLE: usize = 4_096;

/// An opened database.
#[derive(Debug)]
pub(super) struct Database {
    reader: Reader<Cow<'static, [u8]>>,
    holds: Holds,
}

/// What a database knows about addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holds {
    /// Countries.
    pub(crate) country: bool,
    /// AS numbers, with or without the organisation.
    pub(crate) asn: bool,
    /// What it is when it is no database.
    pub(crate) other: &'static str,
}

impl Holds {
    /// The words shown to a reader: `country`, `asn`, both, or what else it is.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match (self.country, self.asn) {
            (true, true) => "country, asn",
            (true, false) => "country",
            (false, true) => "asn",
            (false, false) => self.other,
        }
    }
}

/// What a database says about one address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) country: Option<Country>,
    pub(super) asn: Option<u32>,
    pub(super) as_org: Option<String>,
}

impl Database {
    /// A database known to be sound, used in place.
    pub(super) fn shipped(raw: &'static [u8], holds: Holds) -> Result<Self, Damage> {
        Ok(Self { reader: Reader::from_source(Cow::Borrowed(raw))?, holds })
    }

    /// Opens a database and looks at its beginning: damage there is an error now, not at the first look-up.
    pub(super) fn given(raw: Vec<u8>) -> Result<Self, Damage> {
        let mut database = Self { reader: Reader::from_source(Cow::Owned(raw))?, holds: Holds::default() };
        let everything = WithinOptions::default().include_networks_without_data();
        for found in database.reader.networks(everything)?.take(SAMPLE) {
            let entry = found?.decode::<Record<'_>>()?.map(Entry::from).unwrap_or_default();
            database.holds.country |= entry.country.is_some();
            database.holds.asn |= entry.asn.is_some();
        }
        Ok(database)
    }

    pub(super) const fn holds(&self) -> Holds {
        self.holds
    }

    pub(super) fn build_epoch(&self) -> u64 {
        self.reader.metadata().build_epoch
    }

    /// What it says about an address; an empty entry when it says nothing.
    pub(super) fn look_up(&self, address: IpAddr) -> Result<Entry, Damage> {
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Ok(Entry::default());
        }
        Ok(self.reader.lookup(address)?.decode::<Record<'_>>()?.map(Entry::from).unwrap_or_default())
    }
}

/// The keys in use. A key of another supplier may hold something else under the same name, so nothing here may fail.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    country_code: Option<Value<'a>>,
    #[serde(borrow)]
    country: Option<Value<'a>>,
    #[serde(borrow)]
    autonomous_system_number: Option<Value<'a>>,
    #[serde(borrow)]
    asn: Option<Value<'a>>,
    #[serde(borrow)]
    autonomous_system_organization: Option<Value<'a>>,
    #[serde(borrow)]
    as_name: Option<Value<'a>>,
    #[serde(borrow)]
    organisation: Option<Value<'a>>,
    #[serde(borrow)]
    organization: Option<Value<'a>>,
    #[serde(borrow)]
    name: Option<Value<'a>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(#[serde(borrow)] &'a str),
    Number(u32),
    Nested { iso_code: &'a str },
    Other(IgnoredAny),
}

impl Value<'_> {
    fn country(&self) -> Option<Country> {
        match self {
            Self::Text(code) | Self::Nested { iso_code: code } => Country::from_code(code),
            Self::Number(_) | Self::Other(_) => None,
        }
    }

    /// `15169`, `"15169"` or `"AS15169"`; AS 0 stands for none (RFC 7607).
    fn asn(&self) -> Option<u32> {
        let number = match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.strip_prefix("AS").unwrap_or(text).parse().ok(),
            Self::Nested { .. } | Self::Other(_) => None,
        };
        number.filter(|number| *number != 0)
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => None,
        }
    }
}

impl From<Record<'_>> for Entry {
    /// Takes the first key that answers. An organisation counts beside an AS number only: alone, `name` may be anything.
    fn from(record: Record<'_>) -> Self {
        let country = [record.country_code, record.country].iter().flatten().find_map(Value::country);
        let asn = [record.autonomous_system_number, record.asn].iter().flatten().find_map(Value::asn);
        let names = [record.autonomous_system_organization, record.as_name, record.organisation, record.organization, record.name];
        let as_org = asn.and_then(|_| names.iter().flatten().find_map(Value::text));
        Self { country, asn, as_org }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &[u8] = include_bytes!("../../tests/data/geo/ipinfo.mmdb");

    /// Every answer a database gives to a few addresses, damage included.
    fn ask(raw: Vec<u8>) -> usize {
        let Ok(database) = Database::given(raw) else { return 0 };
        let addresses = ["47.91.161.230", "0.0.0.0", "255.255.255.255", "2606:4700::1", "::"];
        addresses.iter().filter(|address| database.look_up(address.parse().unwrap()).is_ok()).count()
    }

    #[test]
    fn every_prefix_of_a_database_is_an_error_or_answers() {
        assert_eq!(ask(SOUND.to_vec()), 5);
        for length in 0..SOUND.len() {
            ask(SOUND[..length].to_vec());
        }
    }

    #[test]
    fn every_damaged_byte_is_an_error_or_answers() {
        for position in 0..SOUND.len() {
            for damage in [0x01, 0x20, 0x80, 0xff] {
                let mut raw = SOUND.to_vec();
                raw[position] ^= damage;
                ask(raw);
            }
        }
    }

    #[test]
    fn a_tree_that_bites_its_tail_is_refused() {
        let mut raw = SOUND.to_vec();
        raw[..6].fill(0);
        assert!(Database::given(raw).is_err());
    }
}
