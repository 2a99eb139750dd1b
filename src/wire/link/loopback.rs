//! BSD loopback: four bytes of address family, in the order of the machine that captured (NULL) or of the
//! network (LOOP).

use super::{Next, Opened, Reader, Short};

/// Opens a NULL frame: the byte order is the one that makes the family small.
pub(super) fn null(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let field = reader.array()?;
    let family = u32::from_le_bytes(field).min(u32::from_be_bytes(field));
    Ok(super::rest(reader, next(family)))
}

/// Opens a LOOP frame.
pub(super) fn network_order(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let family = reader.u32()?;
    Ok(super::rest(reader, next(family)))
}

/// AF_INET everywhere; AF_INET6 on Linux, NetBSD and OpenBSD, FreeBSD, macOS, Windows.
const fn next(family: u32) -> Next {
    match family {
        2 => Next::Ethertype(0x0800),
        10 | 23 | 24 | 28 | 30 => Next::Ethertype(0x86dd),
        other => Next::Family(other),
    }
}
