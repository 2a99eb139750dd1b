//! Apple PKTAP: which process sent a packet, before the packet itself. Little-endian.
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 4 | length of this header |
//! | 4 | 4 | record type, 1 for a packet |
//! | 8 | 4 | link type of the packet |
//! | 12 | 24 | interface name |
//! | 36 | 4 | flags: 1 in, 2 out |
//! | 44 | 4 | bytes of link header before the network layer |

use super::{Direction, LinkType, Next, Opened, Reader, Short};

/// Opens a PKTAP record.
pub(super) fn pktap(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let length = reader.u32_le()?;
    reader.skip(4)?;
    let link = reader.u32_le()?;
    reader.skip(24)?;
    let flags = reader.u32_le()?;
    let metadata = usize::try_from(length).unwrap_or(usize::MAX);
    let mut whole = Reader::new(bytes);
    whole.skip(metadata)?;
    let direction = match flags & 3 {
        1 => Some(Direction::In),
        2 => Some(Direction::Out),
        _ => None,
    };
    let next = Next::Link(LinkType(u16::try_from(link).unwrap_or(u16::MAX)));
    Ok(Opened { direction, ..Opened::metadata(next, whole.rest(), metadata) })
}
