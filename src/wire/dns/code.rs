//! Code points of DNS by name: types, classes, response codes. Each keeps its number, and shows it
//! where it has no name (RFC 3597 §5).

use std::fmt;

/// Type of a record or question (IANA "Resource Record (RR) TYPEs").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Type(pub(crate) u16);

impl Type {
    /// IPv4 address.
    pub(crate) const A: Self = Self(1);
    /// Name server.
    pub(crate) const NS: Self = Self(2);
    /// Alias.
    pub(crate) const CNAME: Self = Self(5);
    /// Start of authority.
    pub(crate) const SOA: Self = Self(6);
    /// Name of an address.
    pub(crate) const PTR: Self = Self(12);
    /// Host information.
    pub(crate) const HINFO: Self = Self(13);
    /// Mail exchange.
    pub(crate) const MX: Self = Self(15);
    /// Text strings.
    pub(crate) const TXT: Self = Self(16);
    /// IPv6 address.
    pub(crate) const AAAA: Self = Self(28);
    /// Service location, RFC 2782.
    pub(crate) const SRV: Self = Self(33);
    /// Alias of a subtree, RFC 6672.
    pub(crate) const DNAME: Self = Self(39);
    /// Extension of the header, RFC 6891.
    pub(crate) const OPT: Self = Self(41);
    /// Next name, and the types this one has, RFC 4034; mDNS says with it what does not exist.
    pub(crate) const NSEC: Self = Self(47);
    /// Service binding, RFC 9460.
    pub(crate) const SVCB: Self = Self(64);
    /// Service binding of HTTPS, RFC 9460.
    pub(crate) const HTTPS: Self = Self(65);
    /// Sender policy, text strings.
    pub(crate) const SPF: Self = Self(99);
    /// Who may issue certificates, RFC 8659.
    pub(crate) const CAA: Self = Self(257);

    /// It is registered.
    pub(crate) fn is_known(self) -> bool {
        known(TYPES, self.0).is_some()
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, TYPES, "TYPE", self.0)
    }
}

/// Class of a record or question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class(pub(crate) u16);

impl Class {
    /// The Internet.
    pub(crate) const IN: Self = Self(1);
    /// None: in updates, "this record does not exist" (RFC 2136 §2.4).
    pub(crate) const NONE: Self = Self(254);
    /// Any.
    pub(crate) const ANY: Self = Self(255);
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, CLASSES, "CLASS", self.0)
    }
}

/// Response code, with the upper eight bits of EDNS where there are any (RFC 6891 §6.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResponseCode(pub(crate) u16);

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, RESPONSE_CODES, "RCODE", self.0)
    }
}

fn known(names: &[(u16, &'static str)], number: u16) -> Option<&'static str> {
    names.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

fn show(f: &mut fmt::Formatter<'_>, names: &[(u16, &'static str)], prefix: &str, number: u16) -> fmt::Result {
    match known(names, number) {
        Some(name) => f.write_str(name),
        None => write!(f, "{prefix}{number}"),
    }
}

#[rustfmt::skip]
const TYPES: &[(u16, &str)] = &[
    (1, "A"), (28, "AAAA"), (65, "HTTPS"), (5, "CNAME"), (12, "PTR"), (16, "TXT"), (33, "SRV"), (41, "OPT"),
    (2, "NS"), (3, "MD"), (4, "MF"), (6, "SOA"), (7, "MB"), (8, "MG"), (9, "MR"), (10, "NULL"), (11, "WKS"),
    (13, "HINFO"), (14, "MINFO"), (15, "MX"), (17, "RP"), (18, "AFSDB"), (19, "X25"), (20, "ISDN"), (21, "RT"),
    (22, "NSAP"), (23, "NSAP-PTR"), (24, "SIG"), (25, "KEY"), (26, "PX"), (27, "GPOS"), (29, "LOC"), (30, "NXT"),
    (31, "EID"), (32, "NIMLOC"), (34, "ATMA"), (35, "NAPTR"), (36, "KX"), (37, "CERT"), (38, "A6"), (39, "DNAME"),
    (40, "SINK"), (42, "APL"), (43, "DS"), (44, "SSHFP"), (45, "IPSECKEY"), (46, "RRSIG"), (47, "NSEC"),
    (48, "DNSKEY"), (49, "DHCID"), (50, "NSEC3"), (51, "NSEC3PARAM"), (52, "TLSA"), (53, "SMIMEA"), (55, "HIP"),
    (56, "NINFO"), (57, "RKEY"), (58, "TALINK"), (59, "CDS"), (60, "CDNSKEY"), (61, "OPENPGPKEY"), (62, "CSYNC"),
    (63, "ZONEMD"), (64, "SVCB"), (99, "SPF"), (104, "NID"), (105, "L32"), (106, "L64"), (107, "LP"), (108, "EUI48"),
    (109, "EUI64"), (249, "TKEY"), (250, "TSIG"), (251, "IXFR"), (252, "AXFR"), (253, "MAILB"), (254, "MAILA"),
    (255, "ANY"), (256, "URI"), (257, "CAA"), (258, "AVC"), (259, "DOA"), (260, "AMTRELAY"), (32_768, "TA"),
    (32_769, "DLV"),
];

const CLASSES: &[(u16, &str)] = &[(1, "IN"), (3, "CH"), (4, "HS"), (254, "NONE"), (255, "ANY")];

#[rustfmt::skip]
const RESPONSE_CODES: &[(u16, &str)] = &[
    (0, "NOERROR"), (1, "FORMERR"), (2, "SERVFAIL"), (3, "NXDOMAIN"), (4, "NOTIMP"), (5, "REFUSED"),
    (6, "YXDOMAIN"), (7, "YXRRSET"), (8, "NXRRSET"), (9, "NOTAUTH"), (10, "NOTZONE"), (11, "DSOTYPENI"),
    (16, "BADVERS"), (17, "BADKEY"), (18, "BADTIME"), (19, "BADMODE"), (20, "BADNAME"), (21, "BADALG"),
    (22, "BADTRUNC"), (23, "BADCOOKIE"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_a_name_is_shown_as_number() {
        assert_eq!(Type::HTTPS.to_string(), "HTTPS");
        assert_eq!(Type(65_280).to_string(), "TYPE65280");
        assert_eq!(Class(2).to_string(), "CLASS2");
        assert_eq!(ResponseCode(3841).to_string(), "RCODE3841");
    }

    #[test]
    fn no_number_stands_twice() {
        for names in [TYPES, CLASSES, RESPONSE_CODES] {
            let mut numbers: Vec<_> = names.iter().map(|(number, _)| number).collect();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), names.len());
        }
    }
}
