//! JA4, the fingerprint of a TLS client hello (FoxIO, BSD-3-Clause; the other fingerprints of its family are
//! licensed otherwise and left out).
//!
//! ```text
//! t13d1516h2_8daaf6152771_b186095e22b6
//! |  |  | |   |            sha256, 12 digits: extensions in order of number without server name and ALPN, _, signature algorithms as sent
//! |  |  | |   sha256, 12 digits: cipher suites in order of number
//! |  |  | first and last character of the first application protocol
//! |  |  number of cipher suites, number of extensions
//! |  d with a server name, i without
//! t over TCP, q in QUIC, d for DTLS; highest version
//! ```
//! GREASE counts nowhere.

use sha2::{Digest, Sha256};

use super::handshake::{ALPN, ClientHello, SERVER_NAME, is_grease, rank};

/// What carried the hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// TCP.
    Tcp,
    /// QUIC.
    Quic,
    /// Datagrams of DTLS.
    Dtls,
}

/// The fingerprint.
pub(crate) fn ja4(carrier: Carrier, hello: &ClientHello<'_>) -> String {
    let [ciphers, extensions] = [&hello.ciphers, &hello.extensions].map(|values| without_grease(values));
    let carrier = match carrier {
        Carrier::Tcp => 't',
        Carrier::Quic => 'q',
        Carrier::Dtls => 'd',
    };
    let name = if extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
    let mut shown = String::with_capacity(36);
    shown.push(carrier);
    shown.push_str(version(hello));
    shown.push(name);
    [ciphers.len(), extensions.len()].into_iter().for_each(|count| push_count(&mut shown, count));
    shown.push_str(&protocol(hello.alpn.first().copied()));
    for list in [sorted(ciphers), extension_list(extensions, &without_grease(&hello.signatures))] {
        shown.push('_');
        shown.push_str(&digest(&list));
    }
    shown
}

/// Two digits; 99 stands for more.
fn push_count(shown: &mut String, count: usize) {
    let count = count.min(99);
    shown.extend([count / 10, count % 10].into_iter().filter_map(|digit| char::from_digit(u32::try_from(digit).ok()?, 10)));
}

fn without_grease(values: &[u16]) -> Vec<u16> {
    values.iter().copied().filter(|value| !is_grease(*value)).collect()
}

fn version(hello: &ClientHello<'_>) -> &'static str {
    match hello.offered().into_iter().max_by_key(|version| rank(*version)) {
        Some(0x0304) => "13",
        Some(0x0303) => "12",
        Some(0x0302) => "11",
        Some(0x0301) => "10",
        Some(0x0300) => "s3",
        Some(0x0002) => "s2",
        Some(0xfeff) => "d1",
        Some(0xfefd) => "d2",
        Some(0xfefc) => "d3",
        _ => "00",
    }
}

/// First and last character; of the hexadecimal form, when one of them is no letter or digit of ASCII.
fn protocol(first: Option<&[u8]>) -> String {
    let Some((head, tail)) = first.and_then(|name| Some((*name.first()?, *name.last()?))) else { return "00".to_owned() };
    if head.is_ascii_alphanumeric() && tail.is_ascii_alphanumeric() {
        return [head, tail].map(char::from).iter().collect();
    }
    format!("{:x}{:x}", head >> 4, tail & 0x0f)
}

fn sorted(mut values: Vec<u16>) -> String {
    values.sort_unstable();
    listed(&values)
}

fn listed(values: &[u16]) -> String {
    let mut shown = String::with_capacity(values.len().saturating_mul(5));
    for value in values {
        if !shown.is_empty() {
            shown.push(',');
        }
        super::text::push_hex(&mut shown, &value.to_be_bytes());
    }
    shown
}

fn extension_list(mut extensions: Vec<u16>, signatures: &[u16]) -> String {
    extensions.retain(|kind| !matches!(*kind, SERVER_NAME | ALPN));
    let mut list = sorted(extensions);
    if !signatures.is_empty() {
        list.push('_');
        list.push_str(&listed(signatures));
    }
    list
}

fn digest(list: &str) -> String {
    if list.is_empty() {
        return "000000000000".to_owned();
    }
    let [a, b, c, d, e, f, ..] = <[u8; 32]>::from(Sha256::digest(list));
    super::hex(&[a, b, c, d, e, f])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of FoxIO's description.
    #[test]
    fn agrees_with_the_published_example() {
        let hello = ClientHello {
            version: 0x0303,
            versions: vec![0x6a6a, 0x0304, 0x0303],
            ciphers: vec![
                0x4a4a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f,
                0x0035,
            ],
            extensions: vec![
                0x3a3a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b,
                0x000a, 0x0015,
            ],
            signatures: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            alpn: vec![b"h2", b"http/1.1"],
            ..ClientHello::default()
        };
        assert_eq!(ja4(Carrier::Tcp, &hello), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn a_hello_without_anything() {
        let hello = ClientHello { version: 0x0301, ..ClientHello::default() };
        assert_eq!(ja4(Carrier::Quic, &hello), "q10i000000_000000000000_000000000000");
        let hello = ClientHello { version: 0xfefd, versions: vec![0xfefc, 0xfefd, 0xfeff], ..ClientHello::default() };
        assert_eq!(ja4(Carrier::Dtls, &hello), "dd3i000000_000000000000_000000000000");
        let hello = ClientHello { version: 0xfefd, ..ClientHello::default() };
        assert_eq!(ja4(Carrier::Dtls, &hello), "dd2i000000_000000000000_000000000000");
    }

    #[test]
    fn shows_the_first_protocol() {
        let cases: [(&[u8], &str); 7] = [
            (b"h2", "h2"),
            (b"h", "hh"),
            (b"http/1.1", "h1"),
            (b"\xab", "ab"),
            (b"\xab\xcd", "ad"),
            (b"0\xab", "3b"),
            (b"01\xab\xcd", "3d"),
        ];
        for (name, shown) in cases {
            assert_eq!(protocol(Some(name)), shown);
        }
        assert_eq!(protocol(Some(b"")), "00");
        assert_eq!(protocol(None), "00");
    }
}
