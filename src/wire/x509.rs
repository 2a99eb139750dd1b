//! X.509 certificates (RFC 5280): who, for which names, from when to when; read by x509-parser.
//!
//! ```text
//! certificate   version | serial | signature | issuer | validity | subject | public key | extensions
//! ```
//! Distinguished names are written by RFC 4514 (last attribute first), their text escaped as all text from traffic.

use std::net::{Ipv4Addr, Ipv6Addr};

use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_parser::asn1_rs::Tag;
use x509_parser::prelude::{AttributeTypeAndValue, FromDer, GeneralName, SubjectPublicKeyInfo, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;

use super::{escape, hex};
use crate::limits;

/// What a certificate says of itself. All text is escaped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Subject.
    pub(crate) subject: String,
    /// Alternative names (DNS, IP), else the common name; at most `CERTIFICATE_NAMES`.
    pub(crate) names: Vec<String>,
    /// Names beyond the limit.
    pub(crate) names_left_out: usize,
    /// Issuer.
    pub(crate) issuer: String,
    /// Serial number in hex.
    pub(crate) serial: String,
    /// Start of validity, seconds since the epoch.
    pub(crate) not_before: i64,
    /// End of validity, seconds since the epoch.
    pub(crate) not_after: i64,
    /// Subject and issuer are the same.
    pub(crate) is_self_issued: bool,
    /// Algorithm and bits of the public key.
    pub(crate) key: String,
    /// Signature algorithm.
    pub(crate) signature: String,
}

/// SHA-256 of a certificate.
pub(crate) fn sha256(der: &[u8]) -> [u8; 32] {
    Sha256::digest(der).into()
}

/// SHA-1 of a certificate, in hex: by it older lists name certificates.
pub(crate) fn sha1(der: &[u8]) -> String {
    hex(&Sha1::digest(der))
}

impl Certificate {
    /// Reads DER; `None` when it is no certificate.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut names = names(&certificate);
        let names_left_out = names.len().saturating_sub(limits::CERTIFICATE_NAMES);
        names.truncate(limits::CERTIFICATE_NAMES);
        Some(Self {
            subject: distinguished(certificate.subject()),
            names,
            names_left_out,
            issuer: distinguished(certificate.issuer()),
            serial: hex(certificate.raw_serial()),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            is_self_issued: certificate.subject().as_raw() == certificate.issuer().as_raw(),
            key: key(certificate.public_key()),
            signature: algorithm(&certificate.signature_algorithm.algorithm),
        })
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let listed: Vec<String> =
        alternative.into_iter().flat_map(|extension| &extension.value.general_names).filter_map(alternative_name).collect();
    if !listed.is_empty() {
        return listed;
    }
    certificate.subject().iter_common_name().map(|common| host(&value_bytes(common))).collect()
}

fn alternative_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(host(name.as_bytes())),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|octets| Ipv4Addr::from(octets).to_string());
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(|octets| Ipv6Addr::from(octets).to_string())).ok()
}

fn host(name: &[u8]) -> String {
    escape(&name.to_ascii_lowercase())
}

fn distinguished(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name.iter_rdn().map(|part| part.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    parts.reverse();
    parts.join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let registry = x509_parser::objects::oid_registry();
    let kind = attribute.attr_type();
    let name = x509_parser::objects::oid2abbrev(kind, registry).map_or_else(|_| kind.to_id_string(), str::to_owned);
    format!("{name}={}", quoted(&escape(&value_bytes(attribute))))
}

/// A value as UTF-8: two-byte and Latin strings are still found in old certificates.
fn value_bytes(attribute: &AttributeTypeAndValue<'_>) -> Vec<u8> {
    let bytes = attribute.as_slice();
    match attribute.attr_value().tag() {
        Tag::BmpString => {
            let units = bytes.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(u16::from_be_bytes);
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into_bytes()
        }
        Tag::T61String => bytes.iter().copied().map(char::from).collect::<String>().into_bytes(),
        _ => bytes.to_vec(),
    }
}

/// Marks the characters that would end or change a value (RFC 4514 section 2.4); `escape` has seen to the backslash.
fn quoted(value: &str) -> String {
    let mut shown = String::with_capacity(value.len());
    for (index, character) in value.char_indices() {
        let is_first = index == 0 && matches!(character, ' ' | '#');
        let is_last = character == ' ' && index.saturating_add(1) == value.len();
        if is_first || is_last || matches!(character, ',' | '+' | '"' | '<' | '>' | ';') {
            shown.push('\\');
        }
        shown.push(character);
    }
    shown
}

fn algorithm(oid: &x509_parser::der_parser::Oid<'_>) -> String {
    x509_parser::objects::oid2sn(oid, x509_parser::objects::oid_registry()).map_or_else(|_| oid.to_id_string(), str::to_owned)
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> String {
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA {}", bits(rsa.modulus)),
        Ok(PublicKey::EC(point)) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
            curve.map_or_else(|| format!("EC {}", point.key_size()), |curve| format!("EC {}", algorithm(&curve)))
        }
        Ok(PublicKey::DSA(value)) => format!("DSA {}", bits(value)),
        _ => algorithm(&info.algorithm.algorithm),
    }
}

/// Bits of an unsigned number, leading zeros left out.
fn bits(number: &[u8]) -> usize {
    let significant = number.iter().position(|byte| *byte != 0).and_then(|first| number.get(first..)).unwrap_or_default();
    let unused = significant.first().map_or(0, |byte| usize::try_from(byte.leading_zeros()).unwrap_or(0));
    significant.len().saturating_mul(8).saturating_sub(unused)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Made for this test: P-256, self-issued, 2026-11-22 to 2036-11-19.
    const CERTIFICATE: &str = "308201da3082017fa00302010202021234300a06082a8648ce3d0403023034310b300906035504061302555331163014060355040a0c0d4578616d706c652c20496e632e310d300b06035504030c0454657374301e170d3236313132323137313032305a170d3336313131393137313032305a3034310b300906035504061302555331163014060355040a0c0d4578616d706c652c20496e632e310d300b06035504030c04546573743059301306072a8648ce3d020106082a8648ce3d03010703420004ec307a8aede0a3e44e594ffd6a73356aba5a8d711374a79b61d451df114096ca21ce9d3b97e6e3fe12576fbdcd5b3ea4a456b5f0a4a57c1d984b9c1af8e350fda38180307e301d0603551d0e041604142c043ed5d6830e863bb2a896705cbc154de9954e301f0603551d230418301680142c043ed5d6830e863bb2a896705cbc154de9954e300f0603551d130101ff040530030101ff302b0603551d1104243022820b4150492e6578616d706c65820d2a2e63646e2e6578616d706c658704c0000207300a06082a8648ce3d0403020349003046022100a1f6de4191b4e2c024d29d2b1501c9be29ef21040c824a91c640241efac8650e0221009d3de38e4423b0152a3bb8dd7eb953f2a9ea490505e5790e7836f0d9376b63d5";

    pub(crate) fn certificate() -> Vec<u8> {
        CERTIFICATE.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    #[test]
    fn reads_a_certificate() {
        let read = Certificate::read(&certificate()).unwrap();
        let expected = Certificate {
            subject: r"CN=Test,O=Example\, Inc.,C=US".to_owned(),
            names: ["api.example", "*.cdn.example", "192.0.2.7"].map(str::to_owned).to_vec(),
            names_left_out: 0,
            issuer: r"CN=Test,O=Example\, Inc.,C=US".to_owned(),
            serial: "1234".to_owned(),
            not_before: 1_795_367_420,
            not_after: 2_110_727_420,
            is_self_issued: true,
            key: "EC prime256v1".to_owned(),
            signature: "ecdsa-with-SHA256".to_owned(),
        };
        assert_eq!(read, expected);
        assert_eq!(
            (hex(&sha256(&certificate())), sha1(&certificate())),
            (
                "0029606d6b1beed04b47e5c4a8255aa1eb1f7cb8b5f1138cd400fda6512f8914".to_owned(),
                "39385fc0e4713ca8f70c419055032ebaeedb89ab".to_owned()
            )
        );
    }

    #[test]
    fn no_damage_makes_it_stumble() {
        let whole = certificate();
        for end in 0..whole.len() {
            assert_eq!(Certificate::read(&whole[..end]), None);
        }
        for index in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[index] ^= 0xff;
            Certificate::read(&damaged);
        }
    }

    #[test]
    fn marks_what_would_end_a_value() {
        assert_eq!(quoted(r"a,b+c\"), r"a\,b\+c\");
        assert_eq!(quoted("# x "), r"\# x\ ");
    }

    #[test]
    fn counts_bits() {
        assert_eq!([bits(&[0, 0x80, 0]), bits(&[0x01, 0]), bits(&[])], [16, 9, 0]);
    }
}
