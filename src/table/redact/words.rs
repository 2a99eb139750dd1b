//! Text in which something may stand that tells a person, a device or a place: each such part becomes its pseudonym, the
//! words around it stay.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hashbrown::HashMap;
use regex::{Captures, Regex};

use super::pseudonym::Pseudonyms;
use crate::flow::Device;
use crate::limits;

/// Least letters of a known value that is looked for in other text: shorter ones stand in ordinary words.
const LEAST: usize = 4;

/// Network and link addresses, reversed addresses of DNS, names that only a home knows.
const PATTERN: &str = r"(?xi)
      (?P<arpa4> (?:\d{1,3}\.){4}in-addr\.arpa )
    | (?P<arpa6> (?:[0-9a-f]\.){32}ip6\.arpa )
    | (?P<local> [\p{L}\p{N}_][\p{L}\p{N}_\-\\.]*\.(?:local|lan|home|localdomain|internal)\b )
    | (?P<mac> \b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b | \b[0-9a-f]{2}(?:-[0-9a-f]{2}){5}\b )
    | (?P<v6> (?:[0-9a-f]{1,4})?(?::[0-9a-f]{0,4}){2,7}(?:\d{1,3}(?:\.\d{1,3}){3})? )
    | (?P<v4> \b\d{1,3}(?:\.\d{1,3}){3}\b )";

/// Looks through text.
pub(super) struct Words {
    pub(super) pseudonyms: Pseudonyms,
    pattern: Regex,
    /// Values that are replaced wherever they stand, and by what.
    known: BTreeMap<String, String>,
    known_pattern: Option<Regex>,
    /// Text seen, and what became of it: most cells of a column are alike.
    seen: HashMap<String, Option<String>>,
}

impl Words {
    /// None when the pattern is wrong, which a test rules out.
    pub(super) fn new(pseudonyms: Pseudonyms) -> Option<Self> {
        let pattern = Regex::new(PATTERN).ok()?;
        Some(Self { pseudonyms, pattern, known: BTreeMap::new(), known_pattern: None, seen: HashMap::new() })
    }

    /// Learns a value that is replaced wherever it stands.
    pub(super) fn learn(&mut self, kind: &str, value: &str) {
        if value.chars().count() >= LEAST && self.known.len() < limits::REDACT_KNOWN {
            let pseudonym = self.pseudonyms.word(kind, value);
            self.known.entry(value.to_owned()).or_insert(pseudonym);
        }
    }

    /// Learns a link address as it stands in names, without separators.
    pub(super) fn learn_mac(&mut self, text: &str) {
        let Ok(Device::Mac(mac)) = text.parse() else { return };
        let hidden = crate::wire::hex(&self.pseudonyms.mac(mac).0);
        let bare = crate::wire::hex(&mac.0);
        if self.known.len() < limits::REDACT_KNOWN && hidden != bare {
            self.known.insert(bare.to_uppercase(), hidden.to_uppercase());
            self.known.insert(bare, hidden);
        }
    }

    /// All values are known.
    pub(super) fn settle(&mut self) {
        let mut values: Vec<&String> = self.known.keys().collect();
        values.sort_by_key(|value| (std::cmp::Reverse(value.len()), *value));
        let any: Vec<String> = values.into_iter().map(|value| regex::escape(value)).collect();
        self.known_pattern = Some(any.join("|"))
            .filter(|any| !any.is_empty())
            .and_then(|any| regex::RegexBuilder::new(&any).size_limit(limits::REDACT_PATTERN_BYTES).build().ok());
        self.seen.clear();
    }

    /// The text without what it may not say; none when it may stay as it is.
    pub(super) fn replaced(&mut self, text: &str) -> Option<String> {
        if let Some(found) = self.seen.get(text) {
            return found.clone();
        }
        let changed = self.changed(text);
        if self.seen.len() >= limits::REDACT_SEEN {
            self.seen.clear();
        }
        self.seen.insert(text.to_owned(), changed.clone());
        changed
    }

    /// Only known values; for text in which versions look like addresses.
    pub(super) fn known_replaced(&self, text: &str) -> Option<String> {
        let changed = self.known_pattern.as_ref()?.replace_all(text, |found: &Captures<'_>| self.known_value(found, text));
        (changed != text).then(|| changed.into_owned())
    }

    fn changed(&self, text: &str) -> Option<String> {
        let first = self.known_replaced(text);
        let base = first.as_deref().unwrap_or(text);
        let second = self.pattern.replace_all(base, |found: &Captures<'_>| self.part(found));
        if second == base { first } else { Some(second.into_owned()) }
    }

    /// A known value that is a word of its own; inside a longer word it is something else.
    fn known_value(&self, found: &Captures<'_>, text: &str) -> String {
        let Some(whole) = found.get(0) else { return String::new() };
        let is_inside = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        let before = text.get(..whole.start()).and_then(|before| before.chars().next_back());
        let after = text.get(whole.end()..).and_then(|after| after.chars().next());
        let edges = [whole.as_str().chars().next(), whole.as_str().chars().next_back()].map(is_inside);
        if edges[0] && is_inside(before) || edges[1] && is_inside(after) {
            return whole.as_str().to_owned();
        }
        self.known.get(whole.as_str()).cloned().unwrap_or_default()
    }

    fn part(&self, found: &Captures<'_>) -> String {
        let text = found.get(0).map_or("", |found| found.as_str());
        let is = |name: &str| found.name(name).is_some();
        if is("arpa4") || is("arpa6") {
            return self.reversed(text).unwrap_or_else(|| self.pseudonyms.word("local", text));
        }
        if is("local") {
            return self.local(text);
        }
        if is("mac") {
            return self.mac(text);
        }
        text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |address| self.pseudonyms.address(address).to_string())
    }

    fn mac(&self, text: &str) -> String {
        let Ok(Device::Mac(mac)) = text.replace('-', ":").parse() else { return text.to_owned() };
        let hidden = self.pseudonyms.mac(mac).to_string();
        if text.contains('-') { hidden.replace(':', "-") } else { hidden }
    }

    /// A name that only a home knows: words of services stay, others are the home's own.
    pub(super) fn local(&self, name: &str) -> String {
        let (own, end) = name.rsplit_once('.').unwrap_or((name, ""));
        let services: Vec<&str> = own.split('.').skip_while(|label| !label.starts_with('_')).collect();
        let own = own.split('.').take_while(|label| !label.starts_with('_')).collect::<Vec<_>>().join(".");
        let own = (!own.is_empty()).then(|| if is_pseudonym(&own) { own } else { self.pseudonyms.word("name", &own.to_lowercase()) });
        let labels: Vec<&str> = own.as_deref().into_iter().chain(services).chain(Some(end).filter(|end| !end.is_empty())).collect();
        labels.join(".")
    }

    /// An address written backwards (RFC 1035 section 3.5, RFC 3596 section 2.5).
    fn reversed(&self, text: &str) -> Option<String> {
        let labels: Vec<&str> = text.split('.').collect();
        if let [d, c, b, a, "in-addr", _] = labels.as_slice() {
            let address: IpAddr = format!("{a}.{b}.{c}.{d}").parse().ok()?;
            let hidden = self.pseudonyms.address(address).to_string();
            return Some(format!("{}.in-addr.arpa", hidden.split('.').rev().collect::<Vec<_>>().join(".")));
        }
        let nibbles: Vec<&str> = labels.iter().copied().take(32).collect();
        let hex: String = nibbles.iter().rev().copied().collect();
        let address = std::net::Ipv6Addr::from(u128::from_str_radix(&hex, 16).ok()?);
        let IpAddr::V6(hidden) = self.pseudonyms.address(address.into()) else { return None };
        let digits: Vec<String> = format!("{:032x}", u128::from(hidden)).chars().rev().map(String::from).collect();
        Some(format!("{}.ip6.arpa", digits.join(".")))
    }
}

/// A pseudonym stays itself when it is met again.
fn is_pseudonym(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(_, hex)| hex.len() == 10 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let mut words = Words::new(Pseudonyms::new(b"a key of sixteen").unwrap()).unwrap();
        words.learn("serial", "08QLABT0010F7E");
        words.learn("ssid", "Home");
        words.learn_mac("60:60:1f:12:34:56");
        words.settle();
        words
    }

    #[test]
    fn everything_that_tells_is_found_in_text() {
        let mut words = words();
        for (text, gone) in [
            ("run a: flow 19 frames 1-2 of x.pcap: host (47.91.161.230, US)", "47.91.161.230"),
            ("gre 192.0.2.1>198.51.100.2", "198.51.100.2"),
            ("seen from 60:60:1f:12:34:56 and others", "60:60:1f:12:34:56"),
            ("60-60-1F-12-34-56", "60-60-1F-12-34-56"),
            ("drone_60601f123456 joined", "60601f123456"),
            ("told [2001:db8:7:1::9]:443", "2001:db8:7:1::9"),
            ("20.2.168.192.in-addr.arpa PTR", "20.2.168.192."),
            ("Pilots-iPhone.local 120 A", "Pilots-iPhone"),
            ("serial 08QLABT0010F7E in /v1/08QLABT0010F7E", "08QLABT0010F7E"),
            ("network Home", "Home"),
        ] {
            let hidden = words.replaced(text).unwrap_or_default();
            assert!(!hidden.is_empty() && !hidden.contains(gone), "{text} became {hidden}");
        }
    }

    #[test]
    fn what_tells_nothing_stays() {
        let mut words = words();
        for text in [
            "2026-11-22T15:13:13.651063000Z",
            "api.dji.com",
            "Homepage of the vendor",
            "rates 1:2:3",
            "t13d311100_e8f1e7e78f70_d41ae481755e",
            "TLS 1.3, version 4.1.22",
            "_airplay._tcp.local",
        ] {
            assert_eq!(words.replaced(text), None, "{text}");
        }
    }

    #[test]
    fn reversed_addresses_stay_addresses() {
        let words = words();
        let hidden = words.changed("20.2.168.192.in-addr.arpa").unwrap();
        let plain = words.pseudonyms.address("192.168.2.20".parse().unwrap()).to_string();
        let expected: Vec<&str> = plain.split('.').rev().collect();
        assert_eq!(hidden, format!("{}.in-addr.arpa", expected.join(".")));
    }
}
