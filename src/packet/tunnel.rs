//! Tunnels: what an IP packet carries instead of a transport payload of its own. Recognised by protocol number,
//! or by port and a header that holds what it claims; otherwise the outer packet stays what it is.

use super::{Datagram, protocol};
use crate::wire::Reader;

/// What is inside, and where.
pub(super) struct Inner<'a> {
    pub(super) kind: &'static str,
    pub(super) next: Carried,
    pub(super) payload: &'a [u8],
}

/// Kinds of content.
#[derive(Clone, Copy)]
pub(super) enum Carried {
    Ip,
    Ethernet,
    Ppp,
    Ethertype(u16),
}

/// The packet or frame inside this one, when it is a tunnel's.
pub(super) fn inner<'a>(datagram: &Datagram<'a>) -> Option<Inner<'a>> {
    match datagram.protocol {
        protocol::IPIP => ip("ip-in-ip", datagram.payload),
        protocol::IPV6 => ip("6in4", datagram.payload),
        protocol::GRE => gre(datagram.payload),
        protocol::UDP => udp(datagram.payload),
        _ => None,
    }
}

/// IP that begins as a header should.
fn ip<'a>(kind: &'static str, payload: &'a [u8]) -> Option<Inner<'a>> {
    is_ip(payload).then_some(Inner { kind, next: Carried::Ip, payload })
}

const fn is_ip(payload: &[u8]) -> bool {
    match payload {
        [0x45..=0x4f, ..] => payload.len() >= 20,
        [0x60..=0x6f, ..] => payload.len() >= 40,
        _ => false,
    }
}

/// GRE (RFC 2784, RFC 2890) and its version 1 for PPTP (RFC 2637); ERSPAN inside it.
fn gre(bytes: &[u8]) -> Option<Inner<'_>> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGEMENT: u16 = 0x0080;
    let mut reader = Reader::new(bytes);
    let (flags, kind) = (reader.u16().ok()?, reader.u16().ok()?);
    if flags & 7 > 1 || flags & 7 == 0 && flags & ROUTING != 0 {
        return None;
    }
    for flag in [CHECKSUM, KEY, SEQUENCE] {
        if flags & flag != 0 {
            reader.skip(4).ok()?;
        }
    }
    if flags & 7 == 1 && flags & ACKNOWLEDGEMENT != 0 {
        reader.skip(4).ok()?;
    }
    let next = match kind {
        0x880b => Carried::Ppp,
        0x88be => {
            // Type I has no header and no sequence number.
            reader.skip(if flags & SEQUENCE == 0 { 0 } else { 8 }).ok()?;
            Carried::Ethernet
        }
        0x22eb => {
            reader.skip(8).ok()?;
            let has_more = reader.u32().ok()? & 1 == 1;
            reader.skip(if has_more { 8 } else { 0 }).ok()?;
            Carried::Ethernet
        }
        0x6558 => Carried::Ethernet,
        0x0800 | 0x86dd => Carried::Ip,
        other => Carried::Ethertype(other),
    };
    let payload = reader.rest();
    let is_plausible = match next {
        Carried::Ip => is_ip(payload),
        Carried::Ethernet => payload.len() >= 14,
        Carried::Ppp => payload.len() >= 2,
        Carried::Ethertype(ethertype) => matches!(ethertype, 0x8847 | 0x8848 | 0x8100),
    };
    is_plausible.then_some(Inner { kind: "gre", next, payload })
}

/// The tunnels over UDP: port, and how to open them.
type Opener = fn(&[u8]) -> Option<Inner<'_>>;
static OVER_UDP: &[(u16, Opener)] = &[(2152, gtp_u), (4789, vxlan), (8472, vxlan), (6081, geneve), (3544, teredo)];

fn udp(bytes: &[u8]) -> Option<Inner<'_>> {
    let mut reader = Reader::new(bytes);
    let (source, destination) = (reader.u16().ok()?, reader.u16().ok()?);
    let (_, open) = OVER_UDP.iter().find(|(port, _)| *port == destination || *port == source)?;
    reader.skip(4).ok()?;
    open(reader.rest())
}

/// VXLAN (RFC 7348): flags, reserved, network identifier, an Ethernet frame.
fn vxlan(bytes: &[u8]) -> Option<Inner<'_>> {
    let mut reader = Reader::new(bytes);
    let flags = reader.u8().ok()?;
    reader.skip(7).ok()?;
    let payload = reader.rest();
    (flags & 0x08 != 0 && payload.len() >= 14).then_some(Inner { kind: "vxlan", next: Carried::Ethernet, payload })
}

/// Geneve (RFC 8926): version and option length, protocol, network identifier, options.
fn geneve(bytes: &[u8]) -> Option<Inner<'_>> {
    let mut reader = Reader::new(bytes);
    let first = reader.u8().ok()?;
    reader.skip(1).ok()?;
    let kind = reader.u16().ok()?;
    reader.skip(4).ok()?;
    reader.skip(usize::from(first & 0x3f).saturating_mul(4)).ok()?;
    let payload = reader.rest();
    let next = match kind {
        0x6558 if payload.len() >= 14 => Carried::Ethernet,
        0x0800 | 0x86dd if is_ip(payload) => Carried::Ip,
        _ => return None,
    };
    (first >> 6 == 0).then_some(Inner { kind: "geneve", next, payload })
}

/// GTP-U (3GPP TS 29.281 section 5): only message 255 carries a packet.
fn gtp_u(bytes: &[u8]) -> Option<Inner<'_>> {
    let mut reader = Reader::new(bytes);
    let (flags, kind) = (reader.u8().ok()?, reader.u8().ok()?);
    reader.skip(6).ok()?;
    if flags >> 4 != 3 || kind != 255 {
        return None;
    }
    if flags & 7 != 0 {
        reader.skip(3).ok()?;
        let mut extension = reader.u8().ok()?;
        for _ in 0..8 {
            if extension == 0 || flags & 4 == 0 {
                break;
            }
            let units = usize::from(reader.u8().ok()?);
            reader.skip(units.checked_mul(4)?.checked_sub(2)?).ok()?;
            extension = reader.u8().ok()?;
        }
    }
    ip("gtp-u", reader.rest())
}

/// Teredo (RFC 4380 section 5.1.1): optional authentication and origin, then IPv6.
fn teredo(bytes: &[u8]) -> Option<Inner<'_>> {
    let mut reader = Reader::new(bytes);
    if reader.rest().starts_with(&[0, 1]) {
        reader.skip(2).ok()?;
        let (client, authentication) = (reader.u8().ok()?, reader.u8().ok()?);
        reader.skip(usize::from(client).saturating_add(usize::from(authentication)).saturating_add(9)).ok()?;
    }
    if reader.rest().starts_with(&[0, 0]) {
        reader.skip(8).ok()?;
    }
    let payload = reader.rest();
    (payload.first().is_some_and(|first| first >> 4 == 6) && is_ip(payload)).then_some(Inner { kind: "teredo", next: Carried::Ip, payload })
}
