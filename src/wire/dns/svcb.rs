//! Service bindings: where and how a service is reached, in one answer (RFC 9460 §2.2).
//!
//! ```text
//! priority u16 | target name | ( key u16 | length u16 | value )*    keys in ascending order
//! ```

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::{Reader, hex};
use super::data::{Field, joined};
use super::name::{Fault, Name, item, word};

/// Data of an SVCB or HTTPS record.
#[derive(Clone, Debug)]
pub(crate) struct Binding<'a> {
    /// 0 makes the record an alias.
    pub(crate) priority: u16,
    /// Name the service runs under; the root means the owner of the record.
    pub(crate) target: Name<'a>,
    params: Vec<Param<'a>>,
}

impl<'a> Binding<'a> {
    pub(super) fn read(field: &mut Field<'a>) -> Result<Self, Fault> {
        let priority = field.reader.u16()?;
        let target = field.name()?;
        let mut params: Vec<Param<'a>> = Vec::new();
        while !field.reader.is_empty() {
            let param = Param::read(&mut field.reader)?;
            if params.last().is_some_and(|last| last.key >= param.key) {
                return Err(Fault::Value("service parameters out of order"));
            }
            params.push(param);
        }
        Ok(Self { priority, target, params })
    }

    /// Addresses the service may be tried at before the target was asked for.
    pub(crate) fn hints(&self) -> impl Iterator<Item = IpAddr> {
        self.params
            .iter()
            .flat_map(|param| match &param.value {
                Value::Addresses(addresses) => addresses.as_slice(),
                _ => &[],
            })
            .copied()
    }
}

impl fmt::Display for Binding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.priority, self.target)?;
        self.params.iter().try_for_each(|param| write!(f, " {param}"))
    }
}

/// Number of a parameter (IANA "Service Parameter Keys").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u16);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match KEYS.get(usize::from(self.0)) {
            Some(name) => f.write_str(name),
            None => write!(f, "key{}", self.0),
        }
    }
}

const KEYS: &[&str] = &["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp"];

#[derive(Clone, Debug)]
struct Param<'a> {
    key: Key,
    value: Value<'a>,
}

#[derive(Clone, Debug)]
enum Value<'a> {
    Flag,
    Keys(Vec<Key>),
    Protocols(Vec<&'a [u8]>),
    Port(u16),
    Addresses(Vec<IpAddr>),
    /// Name that is shown to everybody in place of the encrypted one.
    Public(&'a [u8]),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
}

impl<'a> Param<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Fault> {
        let key = Key(reader.u16()?);
        let length = reader.u16()?;
        let mut value = reader.sub(length.into())?;
        let bytes = value.rest();
        let value = match key.0 {
            0 => Value::Keys(list(&mut value, |value| Ok(Key(value.u16()?)))?),
            1 => Value::Protocols(list(&mut value, |value| prefixed(value))?),
            2 | 8 if bytes.is_empty() => Value::Flag,
            3 if bytes.len() == 2 => Value::Port(value.u16()?),
            4 => Value::Addresses(list(&mut value, |value| Ok(IpAddr::from(Ipv4Addr::from(value.array::<4>()?))))?),
            5 => public_name(value).map_or(Value::Flag, Value::Public),
            6 => Value::Addresses(list(&mut value, |value| Ok(IpAddr::from(Ipv6Addr::from(value.array::<16>()?))))?),
            7 => Value::Text(bytes),
            2 | 3 | 8 => return Err(Fault::Value("service parameter of a wrong length")),
            _ => Value::Bytes(bytes),
        };
        Ok(Self { key, value })
    }
}

impl fmt::Display for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key;
        match &self.value {
            Value::Flag => write!(f, "{key}"),
            Value::Keys(keys) => write!(f, "{key}={}", joined(keys)),
            Value::Protocols(protocols) => write!(f, "{key}={}", joined(protocols.iter().map(|id| item(id, ',')))),
            Value::Port(port) => write!(f, "{key}={port}"),
            Value::Addresses(addresses) => write!(f, "{key}={}", joined(addresses)),
            Value::Public(text) | Value::Text(text) => write!(f, "{key}={}", word(text)),
            Value::Bytes(bytes) => write!(f, "{key}={}", hex(bytes)),
        }
    }
}

/// Items up to the end of the value, at least one.
fn list<'a, T>(value: &mut Reader<'a>, item: impl Fn(&mut Reader<'a>) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    let mut items = vec![item(value)?];
    while !value.is_empty() {
        items.push(item(value)?);
    }
    Ok(items)
}

fn prefixed<'a>(value: &mut Reader<'a>) -> Result<&'a [u8], Fault> {
    let length = value.u8()?;
    Ok(value.take(length.into())?)
}

/// Public name of the first Encrypted Client Hello configuration of a version that is known.
///
/// ```text
/// all u16 | ( 0xfe0d | length u16 | id u8 | kem u16 | key u16+ | suites u16+ | longest u8 | public name u8+ | … )*
/// ```
fn public_name(mut value: Reader<'_>) -> Option<&[u8]> {
    let length = value.u16().ok()?;
    let mut configurations = value.sub(length.into()).ok()?;
    loop {
        let version = configurations.u16().ok()?;
        let length = configurations.u16().ok()?;
        let mut contents = configurations.sub(length.into()).ok()?;
        if version == 0xfe0d {
            contents.skip(3).ok()?;
            skip_prefixed(&mut contents)?;
            skip_prefixed(&mut contents)?;
            contents.skip(1).ok()?;
            return prefixed(&mut contents).ok();
        }
    }
}

fn skip_prefixed(reader: &mut Reader<'_>) -> Option<()> {
    let length = reader.u16().ok()?;
    reader.skip(length.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::Type;
    use super::super::data::shown;
    use super::*;

    /// priority 1, target ".", then these parameters.
    fn service(params: &[u8]) -> Result<String, Fault> {
        shown(Type::HTTPS, &[b"\x00\x01\x00", params].concat())
    }

    #[test]
    fn an_alias_has_only_a_target() {
        assert_eq!(shown(Type::SVCB, b"\x00\x00\x03svc\x07example\x00").unwrap(), "0 svc.example");
    }

    #[test]
    fn every_parameter() {
        let params = [
            b"\x00\x00\x00\x04\x00\x01\xff\x00".as_slice(),
            b"\x00\x01\x00\x06\x02h3\x02h2",
            b"\x00\x02\x00\x00",
            b"\x00\x03\x00\x02\x01\xbb",
            b"\x00\x04\x00\x08\xc0\x00\x02\x01\xc0\x00\x02\x02",
            b"\x00\x05\x00\x02\x00\x00",
            b"\x00\x06\x00\x10\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01",
            b"\x00\x07\x00\x06/q{?d}",
            b"\x00\x08\x00\x00",
            b"\xff\x00\x00\x01\x7f",
        ];
        assert_eq!(
            service(&params.concat()).unwrap(),
            "1 . mandatory=alpn,key65280 alpn=h3,h2 no-default-alpn port=443 ipv4hint=192.0.2.1,192.0.2.2 ech \
             ipv6hint=2001:db8::1 dohpath=/q{?d} ohttp key65280=7f"
        );
    }

    #[test]
    fn encrypted_hello_shows_its_public_name() {
        let known = b"\xfe\x0d\x00\x20\x01\x00\x20\x00\x04\x01\x02\x03\x04\x00\x04\x00\x01\x00\x01\x00\x0dcover.example\x00";
        let list = [b"\x00\x05\x00\x2d\x00\x2b\xfe\x0c\x00\x03\x00\x00\x00".as_slice(), known].concat();
        assert_eq!(service(&list).unwrap_err(), Fault::Short(crate::wire::Short { needed: 45, left: 44 }));
        let list = [b"\x00\x05\x00\x2d\x00\x2b\xfe\x0c\x00\x03\x00\x00\x00".as_slice(), known, b"\x00"].concat();
        assert_eq!(service(&list).unwrap(), "1 . ech=cover.example");
    }

    #[test]
    fn what_the_type_does_not_allow() {
        // Keys in wrong order, a list cut inside an item, an empty list, a port of three bytes, a flag with a value.
        for params in [
            b"\x00\x03\x00\x02\x01\xbb\x00\x03\x00\x02\x01\xbb".as_slice(),
            b"\x00\x04\x00\x03\xc0\x00\x02",
            b"\x00\x04\x00\x00",
            b"\x00\x03\x00\x03\x01\xbb\x00",
            b"\x00\x02\x00\x01\x00",
            b"\x00\x01\x00\x03\x09h3",
            b"\x00\x07\x00\x09/q",
        ] {
            assert!(service(params).is_err(), "{params:?}");
        }
    }

    #[test]
    fn separators_in_values_are_escaped() {
        assert_eq!(service(b"\x00\x01\x00\x06\x05a,b c").unwrap(), r"1 . alpn=a\,b\x20c");
    }
}
