//! Linux cooked captures, as `tcpdump -i any` writes them.
//!
//! | version 1 | size | version 2 | size |
//! |---|---|---|---|
//! | packet type | 2 | protocol | 2 |
//! | ARPHRD type | 2 | reserved | 2 |
//! | address length | 2 | interface | 4 |
//! | address | 8 | ARPHRD type | 2 |
//! | protocol | 2 | packet type, address length | 1, 1 |
//! | | | address | 8 |

use super::{Direction, LinkType, Mac, Next, Opened, Reader, Short};

/// Opens version 1.
pub(super) fn sll(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let (kind, hardware, length) = (reader.u16()?, reader.u16()?, reader.u16()?);
    let address = reader.array::<8>()?;
    let protocol = reader.u16()?;
    Ok(opened(Cooked { kind, hardware, length, address, protocol }, reader))
}

/// Opens version 2.
pub(super) fn sll2(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let protocol = reader.u16()?;
    reader.skip(6)?;
    let hardware = reader.u16()?;
    let (kind, length) = (reader.u8()?.into(), reader.u8()?.into());
    let address = reader.array::<8>()?;
    Ok(opened(Cooked { kind, hardware, length, address, protocol }, reader))
}

/// The fields both versions have.
struct Cooked {
    kind: u16,
    hardware: u16,
    length: u16,
    address: [u8; 8],
    protocol: u16,
}

fn opened(cooked: Cooked, reader: Reader<'_>) -> Opened<'_> {
    let next = match (cooked.hardware, cooked.protocol) {
        // ARPHRD_IEEE80211, _PRISM, _RADIOTAP.
        (801, _) => Next::Link(LinkType::IEEE802_11),
        (802, _) => Next::Link(LinkType::PRISM),
        (803, _) => Next::Link(LinkType::RADIOTAP),
        // ETH_P_802_2.
        (_, 0x0004) => Next::Llc,
        (_, protocol) => Next::Ethertype(protocol),
    };
    // PACKET_HOST, _BROADCAST, _MULTICAST, _OTHERHOST, _OUTGOING.
    let direction = match cooked.kind {
        0..=2 => Some(Direction::In),
        4 => Some(Direction::Out),
        _ => None,
    };
    let source = if cooked.length == 6 { Mac::of(&cooked.address) } else { None };
    Opened { source, direction, ..Opened::plain(next, reader.rest()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_say_the_same() {
        let one = [0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0, 0x45];
        let two = [8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x45];
        for opened in [sll(&one).unwrap(), sll2(&two).unwrap()] {
            assert_eq!((opened.next, opened.direction), (Next::Ethertype(0x0800), Some(Direction::Out)));
            assert_eq!((opened.source, opened.payload), (Some(Mac([1, 2, 3, 4, 5, 6])), &[0x45][..]));
        }
    }
}
