//! What a rule may say about a host or a port.

use std::fmt;

use serde::Serialize;

use crate::enrich::host::{Host, MAX_LABEL_BYTES, MAX_NAME_BYTES};

/// Labels at the right end that must be spelled out, so that a pattern is found by hash.
const LITERAL_LABELS: usize = 2;

/// A host name, or a family of them.
///
/// `api.example.org` is that host. `*.example.org` is the domain and everything below it. Left of two
/// labels in full, one `*` may stand inside a label for any characters of that label: `*.s3-*.amazonaws.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPattern {
    text: String,
    key: String,
    below: bool,
    globs: bool,
}

/// Why a host pattern cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PatternError {
    #[error("not a host name: a pattern has labels of 1 to 63 letters, digits, `-` or `_`, and a `*` where wanted")]
    Name,
    #[error("the last two labels must be spelled out, `*` may only stand left of them")]
    Literal,
    #[error("more than one `*` in a label")]
    Stars,
    #[error("a port is `udp/53`, `tcp/8883` or `udp/10000-10100`")]
    Port,
}

/// How closely a pattern describes what it matches. The greatest wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Closeness {
    exact: bool,
    labels: usize,
    bytes: usize,
}

impl Closeness {
    /// That of a prefix or a port: the narrower the closer.
    pub(super) const fn of_width(bits: usize) -> Self {
        Self { exact: false, labels: 0, bytes: bits }
    }
}

impl HostPattern {
    /// Reads a pattern.
    pub(super) fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let name = text.strip_prefix("*.").unwrap_or(&text);
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return Err(PatternError::Name);
        }
        for (place, label) in name.rsplit('.').enumerate() {
            check_label(label, place)?;
        }
        let below = name.len() != text.len();
        let globs = name.contains('*');
        let key = name.rsplit_once('*').map_or(name, |(_, rest)| after_dot(rest)).to_owned();
        Ok(Self { key, below, globs, text })
    }

    /// The pattern as rule files write it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The part spelled out at the right end: what the index hashes.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether the pattern means more than one name.
    pub(super) const fn is_family(&self) -> bool {
        self.below || self.globs
    }

    /// Whether `host`, which ends in this pattern's key, is meant.
    pub(super) fn matches(&self, host: &Host<'_>) -> bool {
        let name = host.as_str();
        if !self.globs {
            return self.below || name.len() == self.key.len();
        }
        let mut labels = name.rsplit('.');
        let wanted = self.text.strip_prefix("*.").unwrap_or(&self.text);
        for pattern in wanted.rsplit('.') {
            if !labels.next().is_some_and(|label| label_matches(pattern, label)) {
                return false;
            }
        }
        self.below || labels.next().is_none()
    }

    pub(super) fn closeness(&self) -> Closeness {
        let name = self.text.strip_prefix("*.").unwrap_or(&self.text);
        Closeness { exact: !self.is_family(), labels: name.split('.').count(), bytes: name.len() }
    }
}

fn after_dot(rest: &str) -> &str {
    rest.split_once('.').map_or(rest, |(_, key)| key)
}

fn check_label(label: &str, place: usize) -> Result<(), PatternError> {
    let usable = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*');
    if label.is_empty() || label.len() > MAX_LABEL_BYTES || !label.bytes().all(usable) {
        return Err(PatternError::Name);
    }
    match label.matches('*').count() {
        0 => Ok(()),
        _ if place < LITERAL_LABELS => Err(PatternError::Literal),
        1 => Ok(()),
        _ => Err(PatternError::Stars),
    }
}

fn label_matches(pattern: &str, label: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == label,
        Some((start, end)) => label.len() >= start.len().saturating_add(end.len()) && label.starts_with(start) && label.ends_with(end),
    }
}

/// Transport protocols that have ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Transport {
    /// The word in tables and rule files.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// The transport called `word`.
    pub(crate) fn find(word: &str) -> Option<Self> {
        [Self::Tcp, Self::Udp].into_iter().find(|transport| transport.as_str() == word)
    }
}

/// One port or a range of them on one transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PortRange {
    transport: Transport,
    first: u16,
    last: u16,
}

impl PortRange {
    pub(super) fn parse(text: &str) -> Result<Self, PatternError> {
        let (transport, ports) = text.split_once('/').ok_or(PatternError::Port)?;
        let transport = Transport::find(transport).ok_or(PatternError::Port)?;
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let number = |text: &str| text.parse::<u16>().map_err(|_| PatternError::Port);
        let (first, last) = (number(first)?, number(last)?);
        if first > last { Err(PatternError::Port) } else { Ok(Self { transport, first, last }) }
    }

    pub(super) fn contains(self, transport: Transport, port: u16) -> bool {
        self.transport == transport && (self.first..=self.last).contains(&port)
    }

    /// The port, when the range is a single one.
    pub(super) fn single(self) -> Option<(Transport, u16)> {
        (self.first == self.last).then_some((self.transport, self.first))
    }

    pub(super) fn closeness(self) -> Closeness {
        Closeness::of_width(usize::from(u16::MAX.saturating_sub(self.last.saturating_sub(self.first))))
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.transport.as_str(), self.first)?;
        if self.first == self.last { Ok(()) } else { write!(f, "-{}", self.last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meets(pattern: &str, name: &str) -> bool {
        let pattern = HostPattern::parse(pattern).unwrap();
        let host = Host::parse(name).unwrap();
        host.suffixes().any(|suffix| suffix == pattern.key()) && pattern.matches(&host)
    }

    #[test]
    fn a_star_in_front_is_the_domain_and_everything_below() {
        assert!(meets("*.dji.com", "dji.com"));
        assert!(meets("*.dji.com", "a.b.DJI.com"));
        assert!(!meets("*.dji.com", "notdji.com"));
        assert!(meets("dji.com", "dji.com."));
        assert!(!meets("dji.com", "www.dji.com"));
    }

    #[test]
    fn a_star_in_a_label_stays_in_it() {
        assert!(meets("oss-*.aliyuncs.com", "oss-us-west-1.aliyuncs.com"));
        assert!(!meets("oss-*.aliyuncs.com", "bucket.oss-us-west-1.aliyuncs.com"));
        assert!(meets("*.oss-*.aliyuncs.com", "bucket.oss-us-west-1.aliyuncs.com"));
        assert!(meets("*.s3.*.amazonaws.com", "b.s3.eu-west-1.amazonaws.com"));
        assert!(!meets("*.s3.*.amazonaws.com", "s3.amazonaws.com"));
        assert!(!meets("a*a.example.org", "a.example.org"));
        assert!(meets("a*a.example.org", "aa.example.org"));
    }

    #[test]
    fn unusable_patterns_are_refused() {
        for text in ["", "*", "*.", "a..b", "*.*.com", "*.c*m", "a b.com", "http://x.com", "x.com/path", &"a.".repeat(200)] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
        assert_eq!(HostPattern::parse("a*b*c.example.org"), Err(PatternError::Stars));
    }

    #[test]
    fn closer_patterns_win() {
        let closeness = |text: &str| HostPattern::parse(text).unwrap().closeness();
        assert!(closeness("dji.com") > closeness("*.a.b.c.dji.com"));
        assert!(closeness("*.flight.dji.com") > closeness("*.dji.com"));
        assert!(closeness("*.oss-*.aliyuncs.com") > closeness("*.aliyuncs.com"));
    }

    #[test]
    fn ports_read_back() {
        for text in ["udp/53", "tcp/8883", "udp/10000-10100", "tcp/0-65535"] {
            assert_eq!(PortRange::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "53", "udp/", "udp/70000", "sctp/1", "udp/9-3", "udp/1-", "UDP/53"] {
            assert_eq!(PortRange::parse(text), Err(PatternError::Port), "{text}");
        }
        let range = PortRange::parse("udp/10-20").unwrap();
        assert!(range.contains(Transport::Udp, 20) && !range.contains(Transport::Tcp, 20) && !range.contains(Transport::Udp, 21));
        assert!(PortRange::parse("udp/53").unwrap().closeness() > range.closeness());
    }
}
