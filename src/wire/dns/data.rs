//! Record data by type. dns-parser reads the numbers, addresses and strings; names it never gets to see:
//! it refuses those that are not ASCII, follows pointers without end when it shows them, and shows dots
//! and control characters inside labels as they are. They are read here, and the root stands in for them.

use std::fmt;
use std::net::IpAddr;

use dns_parser::RData;

use super::super::{Reader, escape, hex};
use super::code::{Class, Type};
use super::edns::Edns;
use super::name::{Fault, Name, word};
use super::svcb::Binding;

/// What a record says.
#[derive(Clone, Debug)]
pub(crate) enum Data<'a> {
    /// A, AAAA.
    Address(IpAddr),
    /// CNAME, DNAME, NS, PTR.
    Name(Name<'a>),
    /// MX.
    Exchange {
        /// Lower is tried first.
        preference: u16,
        /// The mail host.
        host: Name<'a>,
    },
    /// SRV.
    Service {
        /// Priority, weight, port.
        numbers: [u16; 3],
        /// The host.
        target: Name<'a>,
    },
    /// SOA.
    Authority {
        /// Primary server, mailbox.
        names: [Name<'a>; 2],
        /// Serial, refresh, retry, expire, negative time to live.
        numbers: [u32; 5],
    },
    /// TXT, SPF, HINFO.
    Strings(Vec<&'a [u8]>),
    /// SVCB, HTTPS.
    Binding(Binding<'a>),
    /// CAA.
    Issuer {
        /// 128 when critical.
        flags: u8,
        /// Property.
        tag: &'a [u8],
        /// Its value.
        value: &'a [u8],
    },
    /// NSEC.
    Next {
        /// Next name of the zone; in mDNS the owner.
        name: Name<'a>,
        /// Types that the owner has.
        types: Vec<Type>,
    },
    /// OPT.
    Edns(Edns<'a>),
    /// Any other type, or data that its type does not allow.
    Other(&'a [u8]),
}

/// Data of one record before its type is looked at.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    /// The message up to the end of the data: what names may point into.
    message: &'a [u8],
    /// The data, at its place in the message.
    pub(super) reader: Reader<'a>,
}

impl<'a> Field<'a> {
    /// `start..end` of `message`, which the caller has read over.
    pub(super) fn new(message: &'a [u8], start: usize, end: usize) -> Result<Self, Fault> {
        let message = message.get(..end).unwrap_or(message);
        let mut reader = Reader::new(message);
        reader.skip(start)?;
        Ok(Self { message, reader })
    }

    pub(super) fn name(&mut self) -> Result<Name<'a>, Fault> {
        Name::read(self.message, &mut self.reader)
    }

    fn string(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.reader.u8()?;
        Ok(self.reader.take(length.into())?)
    }

    fn rest(&mut self) -> &'a [u8] {
        self.reader.take_up_to(usize::MAX)
    }

    fn end(&self) -> Result<(), Fault> {
        if self.reader.is_empty() { Ok(()) } else { Err(Fault::Excess(self.reader.left())) }
    }
}

impl<'a> Data<'a> {
    /// Reads the data of a record of this type, class and time to live.
    pub(super) fn read(kind: Type, class: Class, ttl: u32, mut field: Field<'a>) -> Result<Self, Fault> {
        // An update asks with empty data for what must not be, or must go (RFC 2136 §2.4, §2.5).
        if field.reader.is_empty() && matches!(class, Class::NONE | Class::ANY) {
            return Ok(Self::Other(&[]));
        }
        let data = match kind {
            Type::A => address(dns_parser::Type::A, &mut field)?,
            Type::AAAA => address(dns_parser::Type::AAAA, &mut field)?,
            Type::NS | Type::CNAME | Type::PTR | Type::DNAME => Self::Name(field.name()?),
            Type::MX => exchange(&mut field)?,
            Type::SRV => service(&mut field)?,
            Type::SOA => authority(&mut field)?,
            Type::TXT | Type::SPF => strings(&mut field)?,
            Type::HINFO => Self::Strings(vec![field.string()?, field.string()?]),
            Type::SVCB | Type::HTTPS => Self::Binding(Binding::read(&mut field)?),
            Type::CAA => Self::Issuer { flags: field.reader.u8()?, tag: field.string()?, value: field.rest() },
            Type::NSEC => Self::Next { name: field.name()?, types: types(&mut field.reader)? },
            Type::OPT => Self::Edns(Edns::read(class.0, ttl, &mut field)?),
            _ => Self::Other(field.rest()),
        };
        field.end()?;
        Ok(data)
    }
}

fn parse(kind: dns_parser::Type, bytes: &[u8]) -> Result<RData<'_>, Fault> {
    RData::parse(kind, bytes, &[]).map_err(|_| Fault::Value("data of a wrong length"))
}

const UNLIKE: Fault = Fault::Value("data of another type");

fn address<'a>(kind: dns_parser::Type, field: &mut Field<'a>) -> Result<Data<'a>, Fault> {
    match parse(kind, field.rest())? {
        RData::A(a) => Ok(Data::Address(a.0.into())),
        RData::AAAA(aaaa) => Ok(Data::Address(aaaa.0.into())),
        _ => Err(UNLIKE),
    }
}

fn exchange<'a>(field: &mut Field<'a>) -> Result<Data<'a>, Fault> {
    let [a, b] = field.reader.array()?;
    match parse(dns_parser::Type::MX, &[a, b, 0])? {
        RData::MX(mx) => Ok(Data::Exchange { preference: mx.preference, host: field.name()? }),
        _ => Err(UNLIKE),
    }
}

fn service<'a>(field: &mut Field<'a>) -> Result<Data<'a>, Fault> {
    let [a, b, c, d, e, f] = field.reader.array()?;
    match parse(dns_parser::Type::SRV, &[a, b, c, d, e, f, 0])? {
        RData::SRV(srv) => Ok(Data::Service { numbers: [srv.priority, srv.weight, srv.port], target: field.name()? }),
        _ => Err(UNLIKE),
    }
}

fn authority<'a>(field: &mut Field<'a>) -> Result<Data<'a>, Fault> {
    let names = [field.name()?, field.name()?];
    let numbers = field.reader.array::<20>()?;
    match parse(dns_parser::Type::SOA, &[[0, 0].as_slice(), &numbers].concat())? {
        RData::SOA(soa) => Ok(Data::Authority { names, numbers: [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum_ttl] }),
        _ => Err(UNLIKE),
    }
}

/// No string at all stands for an empty one (RFC 6763 §6.1).
fn strings<'a>(field: &mut Field<'a>) -> Result<Data<'a>, Fault> {
    let bytes = field.rest();
    if bytes.is_empty() {
        return Ok(Data::Strings(vec![&[]]));
    }
    match parse(dns_parser::Type::TXT, bytes)? {
        RData::TXT(text) => Ok(Data::Strings(text.iter().collect())),
        _ => Err(UNLIKE),
    }
}

/// Bitmaps of types, one per 256 of them: window u8 | length u8, 1 to 32 | bits (RFC 4034 §4.1.2).
fn types(reader: &mut Reader<'_>) -> Result<Vec<Type>, Fault> {
    let mut types = Vec::new();
    let mut last = None;
    while !reader.is_empty() {
        let window = reader.u8()?;
        let length = reader.u8()?;
        if last >= Some(window) || !(1..=32).contains(&length) {
            return Err(Fault::Value("type bitmap out of order or of a wrong length"));
        }
        last = Some(window);
        let bits = reader.take(length.into())?.iter().flat_map(|byte| (0..8).map(move |bit| byte.rotate_left(bit) & 0x80 != 0));
        types.extend((0..=u8::MAX).zip(bits).filter(|(_, is_set)| *is_set).map(|(low, _)| Type(u16::from_be_bytes([window, low]))));
    }
    Ok(types)
}

impl fmt::Display for Data<'_> {
    /// As zone files write it, as far as they do (RFC 1035 §5.1, RFC 3597 §5, RFC 9460 §2.1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Name(name) => write!(f, "{name}"),
            Self::Exchange { preference, host } => write!(f, "{preference} {host}"),
            Self::Service { numbers: [priority, weight, port], target } => write!(f, "{priority} {weight} {port} {target}"),
            Self::Authority { names: [primary, mailbox], numbers: [serial, refresh, retry, expire, minimum] } => {
                write!(f, "{primary} {mailbox} {serial} {refresh} {retry} {expire} {minimum}")
            }
            Self::Strings(strings) => f.write_str(&strings.iter().map(|string| quoted(string)).collect::<Vec<_>>().join(" ")),
            Self::Binding(binding) => write!(f, "{binding}"),
            Self::Issuer { flags, tag, value } => write!(f, "{flags} {} {}", word(tag), quoted(value)),
            Self::Next { name, types } => types.iter().try_fold(write!(f, "{name}")?, |(), kind| write!(f, " {kind}")),
            Self::Edns(edns) => write!(f, "{edns}"),
            Self::Other([]) => f.write_str("\\# 0"),
            Self::Other(bytes) => write!(f, "\\# {} {}", bytes.len(), hex(bytes)),
        }
    }
}

fn quoted(string: &[u8]) -> String {
    format!("\"{}\"", escape(string).replace('"', "\\\""))
}

/// Items with commas between them.
pub(super) fn joined(items: impl IntoIterator<Item: ToString>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(",")
}

/// Data of this type on its own, as a record would show it.
#[cfg(test)]
pub(super) fn shown(kind: Type, bytes: &[u8]) -> Result<String, Fault> {
    let field = Field::new(bytes, 0, bytes.len())?;
    Data::read(kind, Class::IN, 0, field).map(|data| data.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Type, bytes: &[u8]) -> String {
        shown(kind, bytes).unwrap()
    }

    #[test]
    fn addresses() {
        assert_eq!(text(Type::A, &[192, 0, 2, 1]), "192.0.2.1");
        assert_eq!(text(Type::AAAA, b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"), "2001:db8::1");
        assert_eq!(shown(Type::A, &[192, 0, 2]), Err(Fault::Value("data of a wrong length")));
        assert!(shown(Type::AAAA, &[0; 17]).is_err());
    }

    #[test]
    fn names() {
        for kind in [Type::NS, Type::CNAME, Type::PTR, Type::DNAME] {
            assert_eq!(text(kind, b"\x02NS\x07example\x00"), "ns.example");
        }
        assert_eq!(shown(Type::NS, b"\x02ns\x00\x00"), Err(Fault::Excess(1)));
    }

    #[test]
    fn names_that_are_not_ascii_are_kept() {
        assert_eq!(text(Type::SRV, b"\x00\x01\x00\x02\x14\x95\x06K\xc3\xbcche\x05local\x00"), "1 2 5269 küche.local");
        assert_eq!(text(Type::PTR, "\x07Büro 2\x00".as_bytes()), r"büro\x202");
    }

    #[test]
    fn mail_exchange_and_authority() {
        assert_eq!(text(Type::MX, b"\x00\x0a\x04mail\x00"), "10 mail");
        let soa = b"\x02ns\x00\x04root\x00\x00\x00\x00\x01\x00\x00\x1c\x20\x00\x00\x03\x84\x00\x12\x75\x00\x00\x01\x51\x80";
        assert_eq!(text(Type::SOA, soa), "ns root 1 7200 900 1209600 86400");
        assert!(shown(Type::SOA, &soa[..soa.len() - 1]).is_err());
    }

    #[test]
    fn strings_are_quoted() {
        assert_eq!(text(Type::TXT, b"\x05a=\"1\"\x02\x1b\n\x00"), r#""a=\"1\"" "\x1b\x0a" """#);
        assert_eq!(text(Type::TXT, b""), r#""""#);
        assert!(shown(Type::TXT, b"\x05abc").is_err());
        assert_eq!(text(Type::HINFO, b"\x07RFC8482\x00"), r#""RFC8482" """#);
        assert_eq!(text(Type::CAA, b"\x80\x05issueca.example"), r#"128 issue "ca.example""#);
    }

    #[test]
    fn next_names_list_types() {
        assert_eq!(text(Type::NSEC, b"\x01a\x00\x00\x04\x40\x00\x00\x08\x01\x01\x40"), "a A AAAA CAA");
        // Windows must rise, and their lengths lie between 1 and 32.
        assert!(shown(Type::NSEC, b"\x00\x01\x01\x40\x01\x01\x40").is_err());
        assert!(shown(Type::NSEC, b"\x00\x00\x00").is_err());
        assert!(shown(Type::NSEC, &[&[0, 0, 33], [0; 33].as_slice()].concat()).is_err());
    }

    #[test]
    fn other_types_stay_bytes() {
        assert_eq!(text(Type(65_280), &[0x0a, 0xff]), r"\# 2 0aff");
        assert_eq!(text(Type(10), &[]), r"\# 0");
    }

    #[test]
    fn an_update_may_leave_the_data_out() {
        let field = Field::new(&[], 0, 0).unwrap();
        assert_eq!(Data::read(Type::A, Class::ANY, 0, field).unwrap().to_string(), r"\# 0");
        assert!(Data::read(Type::A, Class::IN, 0, field).is_err());
    }
}
