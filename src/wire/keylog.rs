//! Key logs as NSS defined them and every TLS library writes them (`SSLKEYLOGFILE`, RFC 9850 for TLS 1.3), one
//! secret a line; what Wireshark reads besides is read here too.
//!
//! ```text
//! CLIENT_RANDOM <client random> <master secret>                     SSL 3.0 to TLS 1.2
//! CLIENT_HANDSHAKE_TRAFFIC_SECRET <client random> <secret>          TLS 1.3, and SERVER_…, …_TRAFFIC_SECRET_0, CLIENT_EARLY_…
//! QUIC_CLIENT_TRAFFIC_SECRET_0 <client random> <secret>             the same, as some QUIC stacks wrote it
//! ECH_SECRET <client random> <shared secret>                        and ECH_CONFIG: Encrypted Client Hello
//! PMS_CLIENT_RANDOM <client random> <premaster secret>
//! RSA <first 8 bytes of the encrypted premaster secret> <premaster secret>
//! RSA Session-ID:<session> Master-Key:<master secret>               OpenSSL's s_client
//! ```

/// Bytes of a client random.
pub(crate) const RANDOM_BYTES: usize = 32;
/// Longest secret: 64 bytes for SHA-512; a premaster secret of a large Diffie-Hellman group is longer.
const SECRET_BYTES: usize = 1_024;
/// Longest configuration list of Encrypted Client Hello that is kept.
const CONFIG_BYTES: usize = 4_096;

/// What a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Label {
    /// Master secret (before TLS 1.3).
    Master,
    /// Premaster secret (before TLS 1.3).
    Premaster,
    /// The client's early data.
    ClientEarly,
    /// The client's part of the handshake.
    ClientHandshake,
    /// The server's part of the handshake.
    ServerHandshake,
    /// What the client sends first.
    ClientTraffic,
    /// What the server sends first.
    ServerTraffic,
    /// Shared secret of an encrypted hello.
    EchSecret,
    /// Configuration that an encrypted hello was made with.
    EchConfig,
}

/// What a secret is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Finder {
    /// Random of the client hello.
    Random([u8; RANDOM_BYTES]),
    /// First bytes of the encrypted premaster secret.
    Premaster([u8; 8]),
    /// Session identifier.
    Session(Vec<u8>),
}

/// A line with a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What it is.
    pub(crate) label: Label,
    /// What it is found by.
    pub(crate) finder: Finder,
    /// The secret.
    pub(crate) secret: Vec<u8>,
}

/// What a line of a key log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A secret.
    Secret(Line),
    /// Empty, a comment, or a secret that opens nothing (exporters).
    Nothing,
    /// Not understood.
    Unknown,
}

/// Reads one line, without its end.
pub(crate) fn read(line: &[u8]) -> Reading {
    let mut words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let Some(name) = words.next() else { return Reading::Nothing };
    if name.starts_with(b"#") {
        return Reading::Nothing;
    }
    let name = name.strip_prefix(b"QUIC_").unwrap_or(name);
    let (Some(finder), Some(secret), None) = (words.next(), words.next(), words.next()) else { return Reading::Unknown };
    let label = match name {
        b"RSA" => return by_key_exchange(finder, secret).map_or(Reading::Unknown, Reading::Secret),
        b"EXPORTER_SECRET" | b"EARLY_EXPORTER_SECRET" | b"EARLY_EXPORTER_MASTER_SECRET" => return Reading::Nothing,
        b"CLIENT_RANDOM" => Label::Master,
        b"PMS_CLIENT_RANDOM" => Label::Premaster,
        b"CLIENT_EARLY_TRAFFIC_SECRET" => Label::ClientEarly,
        b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Label::ClientHandshake,
        b"SERVER_HANDSHAKE_TRAFFIC_SECRET" => Label::ServerHandshake,
        b"CLIENT_TRAFFIC_SECRET_0" => Label::ClientTraffic,
        b"SERVER_TRAFFIC_SECRET_0" => Label::ServerTraffic,
        b"ECH_SECRET" => Label::EchSecret,
        b"ECH_CONFIG" => Label::EchConfig,
        _ => return Reading::Unknown,
    };
    by_random(label, finder, secret).map_or(Reading::Unknown, Reading::Secret)
}

fn by_random(label: Label, random: &[u8], secret: &[u8]) -> Option<Line> {
    let limit = if label == Label::EchConfig { CONFIG_BYTES } else { SECRET_BYTES };
    let random = <[u8; RANDOM_BYTES]>::try_from(unhex(random, RANDOM_BYTES)?).ok()?;
    Some(Line { label, finder: Finder::Random(random), secret: unhex(secret, limit)? })
}

fn by_key_exchange(finder: &[u8], secret: &[u8]) -> Option<Line> {
    match (finder.strip_prefix(b"Session-ID:"), secret.strip_prefix(b"Master-Key:")) {
        (Some(session), Some(secret)) => {
            Some(Line { label: Label::Master, finder: Finder::Session(unhex(session, 32)?), secret: unhex(secret, SECRET_BYTES)? })
        }
        (None, None) => {
            let start = <[u8; 8]>::try_from(unhex(finder, 8)?).ok()?;
            Some(Line { label: Label::Premaster, finder: Finder::Premaster(start), secret: unhex(secret, SECRET_BYTES)? })
        }
        _ => None,
    }
}

/// Bytes of hexadecimal digits; `None` when they are none, or more than `limit`.
fn unhex(digits: &[u8], limit: usize) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() || pairs.len() > limit {
        return None;
    }
    let mut bytes = Vec::with_capacity(pairs.len());
    for [high, low] in pairs {
        bytes.push(nibble(*high)? << 4 | nibble(*low)?);
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(digit.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: &str = "0001020304050607080910111213141516171819202122232425262728293031";

    fn secret(line: &str) -> Line {
        match read(line.as_bytes()) {
            Reading::Secret(line) => line,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn reads_every_label() {
        for (name, label) in [
            ("CLIENT_RANDOM", Label::Master),
            ("PMS_CLIENT_RANDOM", Label::Premaster),
            ("CLIENT_EARLY_TRAFFIC_SECRET", Label::ClientEarly),
            ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", Label::ClientHandshake),
            ("SERVER_HANDSHAKE_TRAFFIC_SECRET", Label::ServerHandshake),
            ("CLIENT_TRAFFIC_SECRET_0", Label::ClientTraffic),
            ("QUIC_SERVER_TRAFFIC_SECRET_0", Label::ServerTraffic),
            ("ECH_SECRET", Label::EchSecret),
            ("ECH_CONFIG", Label::EchConfig),
        ] {
            let line = secret(&format!("{name} {RANDOM} aABb"));
            assert_eq!((line.label, line.secret.as_slice()), (label, &[0xaa, 0xbb][..]), "{name}");
            assert!(matches!(line.finder, Finder::Random([0, 1, .., 0x31])), "{name}");
        }
    }

    #[test]
    fn reads_what_other_tools_write() {
        assert_eq!(secret("RSA 0102030405060708 0303").finder, Finder::Premaster([1, 2, 3, 4, 5, 6, 7, 8]));
        let session = secret("RSA Session-ID:0a0b Master-Key:0c\r");
        assert_eq!((session.label, session.finder, session.secret), (Label::Master, Finder::Session(vec![10, 11]), vec![12]));
        assert_eq!(secret(&format!("  CLIENT_RANDOM\t{RANDOM}  00  ")).secret, [0]);
    }

    #[test]
    fn tells_nothing_from_not_understood() {
        for nothing in ["", "  \t", "# SSL/TLS secrets", &format!("EXPORTER_SECRET {RANDOM} 00")] {
            assert_eq!(read(nothing.as_bytes()), Reading::Nothing, "{nothing}");
        }
        for unknown in [
            "CLIENT_RANDOM",
            "CLIENT_RANDOM 00 00",
            &format!("CLIENT_RANDOM {RANDOM} 0"),
            &format!("CLIENT_RANDOM {RANDOM} zz"),
            &format!("CLIENT_RANDOM {RANDOM} 00 00"),
            &format!("CLIENT_SOMETHING {RANDOM} 00"),
            "RSA Session-ID:00 00",
            &format!("CLIENT_RANDOM {RANDOM} {}", "00".repeat(SECRET_BYTES + 1)),
        ] {
            assert_eq!(read(unknown.as_bytes()), Reading::Unknown, "{unknown}");
        }
    }
}
