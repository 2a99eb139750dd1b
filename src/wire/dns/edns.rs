//! What the OPT record adds to a message (RFC 6891 §6.1): it keeps its fields where other records keep
//! class and time to live.
//!
//! ```text
//! class: UDP bytes accepted | ttl: upper code u8, version u8, DO bit, zeros | ( code u16 | length u16 | option )*
//! ```

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::{Reader, hex};
use super::data::Field;
use super::name::{Fault, word};

/// Content of an OPT record.
#[derive(Clone, Debug)]
pub(crate) struct Edns<'a> {
    udp_bytes: u16,
    /// Upper eight bits of the response code.
    pub(super) upper_code: u8,
    version: u8,
    wants_dnssec: bool,
    options: Vec<EdnsOption<'a>>,
}

impl<'a> Edns<'a> {
    /// From the record's class, its time to live, and its data.
    pub(super) fn read(class: u16, ttl: u32, field: &mut Field<'a>) -> Result<Self, Fault> {
        let [upper_code, version, flags, _] = ttl.to_be_bytes();
        let mut options = Vec::new();
        while !field.reader.is_empty() {
            options.push(EdnsOption::read(&mut field.reader)?);
        }
        Ok(Self { udp_bytes: class, upper_code, version, wants_dnssec: flags & 0x80 != 0, options })
    }
}

impl fmt::Display for Edns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "udp={} version={}", self.udp_bytes, self.version)?;
        if self.upper_code != 0 {
            write!(f, " upper-code={}", self.upper_code)?;
        }
        if self.wants_dnssec {
            f.write_str(" do")?;
        }
        self.options.iter().try_for_each(|option| write!(f, " {option}"))
    }
}

#[derive(Clone, Debug)]
enum EdnsOption<'a> {
    /// Name server identifier, RFC 5001.
    Server(&'a [u8]),
    /// Part of the client's address that a resolver passes on, RFC 7871: it tells where the client is.
    Subnet {
        address: IpAddr,
        source: u8,
        scope: u8,
    },
    /// RFC 7873.
    Cookie(&'a [u8]),
    /// RFC 7830.
    Padding(usize),
    /// Extended error, RFC 8914.
    Error {
        code: u16,
        text: &'a [u8],
    },
    Other(u16, &'a [u8]),
}

impl<'a> EdnsOption<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Fault> {
        let code = reader.u16()?;
        let length = reader.u16()?;
        let option = reader.sub(length.into())?;
        let bytes = option.rest();
        Ok(match code {
            3 => Self::Server(bytes),
            8 => subnet(option).unwrap_or(Self::Other(code, bytes)),
            10 => Self::Cookie(bytes),
            12 => Self::Padding(bytes.len()),
            15 => error(option).unwrap_or(Self::Other(code, bytes)),
            _ => Self::Other(code, bytes),
        })
    }
}

/// Family u16 | source prefix u8 | scope prefix u8 | as many octets as the source prefix needs.
fn subnet(mut option: Reader<'_>) -> Option<EdnsOption<'_>> {
    let family = option.u16().ok()?;
    let source = option.u8().ok()?;
    let scope = option.u8().ok()?;
    let address = match family {
        1 => IpAddr::from(Ipv4Addr::from(padded::<4>(option.rest())?)),
        2 => IpAddr::from(Ipv6Addr::from(padded::<16>(option.rest())?)),
        _ => return None,
    };
    Some(EdnsOption::Subnet { address, source, scope })
}

fn padded<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let mut octets = [0; N];
    octets.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(octets)
}

fn error(mut option: Reader<'_>) -> Option<EdnsOption<'_>> {
    let code = option.u16().ok()?;
    Some(EdnsOption::Error { code, text: option.rest() })
}

impl fmt::Display for EdnsOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(bytes) => write!(f, "nsid={}", word(bytes)),
            Self::Subnet { address, source, scope } => write!(f, "subnet={address}/{source}/{scope}"),
            Self::Cookie(bytes) => write!(f, "cookie={}", hex(bytes)),
            Self::Padding(bytes) => write!(f, "padding={bytes}"),
            Self::Error { code, text: [] } => write!(f, "ede={code}"),
            Self::Error { code, text } => write!(f, "ede={code}:{}", word(text)),
            Self::Other(code, bytes) => write!(f, "option{code}={}", hex(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Class;
    use super::super::data::Data;
    use super::super::{Fault, Type};
    use super::*;

    fn shown(ttl: u32, options: &[u8]) -> Result<String, Fault> {
        let field = Field::new(options, 0, options.len())?;
        Data::read(Type::OPT, Class(1232), ttl, field).map(|data| data.to_string())
    }

    #[test]
    fn flags_and_upper_code() {
        assert_eq!(shown(0, b"").unwrap(), "udp=1232 version=0");
        assert_eq!(shown(0x0100_8000, b"").unwrap(), "udp=1232 version=0 upper-code=1 do");
    }

    #[test]
    fn options() {
        let options = [
            b"\x00\x03\x00\x02ns".as_slice(),
            b"\x00\x08\x00\x07\x00\x01\x18\x00\xc6\x33\x64",
            b"\x00\x08\x00\x08\x00\x02\x20\x10\x20\x01\x0d\xb8",
            b"\x00\x0a\x00\x08\x01\x02\x03\x04\x05\x06\x07\x08",
            b"\x00\x0c\x00\x02\x00\x00",
            b"\x00\x0f\x00\x02\x00\x03",
            b"\x00\x0f\x00\x07\x00\x12no \x1b!",
            b"\xfd\xe9\x00\x01\x07",
        ];
        assert_eq!(
            shown(0, &options.concat()).unwrap(),
            "udp=1232 version=0 nsid=ns subnet=198.51.100.0/24/0 subnet=2001:db8::/32/16 cookie=0102030405060708 \
             padding=2 ede=3 ede=18:no\\x20\\x1b! option65001=07"
        );
    }

    #[test]
    fn an_option_that_cannot_be_read_stays_bytes() {
        assert_eq!(shown(0, b"\x00\x08\x00\x05\x00\x03\x00\x00\x01").unwrap(), "udp=1232 version=0 option8=0003000001");
        assert_eq!(
            shown(0, b"\x00\x08\x00\x09\x00\x01\x20\x00\x01\x02\x03\x04\x05").unwrap(),
            "udp=1232 version=0 option8=000120000102030405"
        );
        assert!(shown(0, b"\x00\x08\x00\x05\x00").is_err());
    }
}
