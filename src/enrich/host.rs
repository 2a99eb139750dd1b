//! A host name made comparable: one spelling, its suffixes, its registrable domain.

use std::borrow::Cow;
use std::net::IpAddr;

/// Longest name in octets without the final dot (RFC 1035 §2.3.4).
pub(crate) const MAX_NAME_BYTES: usize = 253;
/// Longest label in octets (RFC 1035 §2.3.4).
pub(crate) const MAX_LABEL_BYTES: usize = 63;

/// Endings that are no registries: names below them have no registrable domain
/// (RFC 6761, RFC 6762, RFC 8375, and what home routers hand out).
const UNREGISTRABLE: &[&str] = &["local", "localhost", "internal", "lan", "home", "localdomain", "invalid", "arpa"];

/// A host name in lower case, without port and final dot. An address is not a host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host<'a>(Cow<'a, str>);

impl<'a> Host<'a> {
    /// Reads a name as it stands in DNS, SNI, a `Host` header or a certificate (there also `*.example.org`).
    ///
    /// `None` for addresses, empty or overlong labels, and characters no host name has.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let name = without_port(text);
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.parse::<IpAddr>().is_ok() {
            return None;
        }
        let mut last = "";
        for label in name.split('.') {
            if label.is_empty() || label.len() > MAX_LABEL_BYTES || label.chars().any(is_foreign) {
                return None;
            }
            last = label;
        }
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self(lower(name)))
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, then the name less its first label, and so on to the last label.
    pub(crate) fn suffixes(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.as_str()), |name| name.split_once('.').map(|(_, rest)| rest))
    }

    /// What one registrant holds: the public suffix and one label more.
    ///
    /// Private suffixes count, so `a.b.github.io` gives `b.github.io` and `d1.cloudfront.net` itself: the
    /// tenant, not the platform. A suffix itself (`s3.amazonaws.com`) is its own domain when its operator
    /// is a private one; `com` has none, nor have names that cannot be registered.
    pub(crate) fn registrable(&self) -> Option<&str> {
        let name = self.as_str();
        let top = name.rsplit('.').next()?;
        if UNREGISTRABLE.contains(&top) {
            return None;
        }
        psl::domain_str(name).or_else(|| is_private_suffix(name).then_some(name))
    }
}

fn is_private_suffix(name: &str) -> bool {
    psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(psl::Type::Private))
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) }
}

fn is_foreign(character: char) -> bool {
    character.is_control() || character.is_whitespace() || matches!(character, '/' | ':' | '@' | '?' | '#' | '\\' | '[' | ']')
}

fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(name: &str) -> Option<String> {
        Host::parse(name).and_then(|host| host.registrable().map(str::to_owned))
    }

    #[test]
    fn spelling_is_one() {
        for text in ["Active.DJI.com", "active.dji.com.", "active.dji.com:443", "ACTIVE.dji.com.:8080"] {
            assert_eq!(Host::parse(text).unwrap().as_str(), "active.dji.com", "{text}");
        }
        assert_eq!(Host::parse("*.dji.com").unwrap().as_str(), "*.dji.com");
        assert_eq!(Host::parse("_dji._tcp.local").unwrap().as_str(), "_dji._tcp.local");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "a.".repeat(200);
        let label = format!("{}.com", "x".repeat(64));
        for text in [
            "",
            ".",
            "a..b",
            ".dji.com",
            "10.0.0.1",
            "10.0.0.1:80",
            "[::1]:443",
            "::1",
            "1.2.3",
            "a b.com",
            "a\u{1b}.com",
            "http://x.com/",
            &long,
            &label,
        ] {
            assert_eq!(Host::parse(text), None, "{text}");
        }
    }

    #[test]
    fn suffixes_shrink_to_the_last_label() {
        let host = Host::parse("a.b.c").unwrap();
        assert_eq!(host.suffixes().collect::<Vec<_>>(), ["a.b.c", "b.c", "c"]);
    }

    #[test]
    fn tenants_of_a_platform_are_their_own_domain() {
        assert_eq!(domain("mydjiflight.dji.com").as_deref(), Some("dji.com"));
        assert_eq!(domain("api.t.sina.com.cn").as_deref(), Some("sina.com.cn"));
        assert_eq!(domain("x.someone.github.io").as_deref(), Some("someone.github.io"));
        assert_eq!(domain("github.io").as_deref(), Some("github.io"));
        assert_eq!(domain("d111abc.cloudfront.net").as_deref(), Some("d111abc.cloudfront.net"));
        assert_eq!(domain("bucket.s3.amazonaws.com").as_deref(), Some("bucket.s3.amazonaws.com"));
        assert_eq!(domain("s3.amazonaws.com").as_deref(), Some("s3.amazonaws.com"));
        assert_eq!(domain("fw.dji-lab.example").as_deref(), Some("dji-lab.example"));
    }

    #[test]
    fn names_without_registry_have_no_domain() {
        for name in ["com", "co.uk", "printer.local", "router.lan", "4.3.2.1.in-addr.arpa", "localhost"] {
            assert_eq!(domain(name), None, "{name}");
        }
    }
}
