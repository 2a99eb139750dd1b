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
//! | 52 | 4 | process id, -1 when not known |
//! | 56 | 20 | its name |
//! | 84 | 4 | effective process id: on whose behalf the process works, -1 when for itself |
//! | 88 | 20 | its name |

use super::{Direction, LinkType, Next, Number, Opened, Process, Reader, Short};

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
    let process = processes(bytes.get(..metadata).unwrap_or_default());
    Ok(Opened { direction, process, ..Opened::metadata(next, whole.rest(), metadata) })
}

/// The process on whose behalf the packet went, else the one that sent it. An effective process without a name is
/// none: some versions repeat the number there.
fn processes(header: &[u8]) -> Option<Process> {
    let mut reader = Reader::new(header);
    reader.skip(52).ok()?;
    let own = Process::new(reader.u32_le().ok()?.cast_signed(), reader.take(20).ok()?, Number::Pid);
    let effective = reader.skip(8).ok().and_then(|()| {
        let number = reader.u32_le().ok()?.cast_signed();
        Process::new(number, reader.take(20).ok()?, Number::EffectivePid).filter(|process| !process.name().is_empty())
    });
    effective.or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of 156 bytes before Ethernet: `mDNSResponder` (61) for `DJI GO 4` (412), outbound.
    fn header(effective: i32, name: &[u8]) -> Vec<u8> {
        let mut header = vec![0; 156];
        let mut put = |at: usize, bytes: &[u8]| header[at..].iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        put(0, &156_u32.to_le_bytes());
        put(4, &1_u32.to_le_bytes());
        put(8, &1_u32.to_le_bytes());
        put(36, &2_u32.to_le_bytes());
        put(52, &61_i32.to_le_bytes());
        put(56, b"mDNSResponder");
        put(84, &effective.to_le_bytes());
        put(88, name);
        header
    }

    #[test]
    fn the_effective_process_comes_first() {
        let bytes = header(412, b"DJI GO 4");
        let opened = pktap(&bytes).unwrap();
        let process = opened.process.unwrap();
        assert_eq!((process.number, process.name()), (Number::EffectivePid(412), &b"DJI GO 4"[..]));
        assert_eq!((opened.metadata, opened.direction), (156, Some(Direction::Out)));
    }

    #[test]
    fn a_process_for_itself_is_named() {
        let bytes = header(-1, b"");
        let process = pktap(&bytes).unwrap().process.unwrap();
        assert_eq!((process.number, process.name()), (Number::Pid(61), &b"mDNSResponder"[..]));
    }

    #[test]
    fn a_short_old_header_names_nobody() {
        let mut bytes = header(-1, b"")[..52].to_vec();
        bytes[0] = 52;
        assert_eq!(pktap(&bytes).unwrap().process, None);
    }
}
