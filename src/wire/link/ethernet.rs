//! Ethernet II, 802.3 with LLC and SNAP, and what 802.2 leads to.
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 6 | destination |
//! | 6 | 6 | source |
//! | 12 | 2 | ethertype, or a length below 1536 and an LLC header after it |

use super::{Mac, Next, Opened, Reader, Short, process};

/// Lowest ethertype; below it the field is a length (IEEE 802.3 clause 3.2.6).
const LOWEST_ETHERTYPE: u16 = 0x0600;

/// Opens an Ethernet frame, and takes PCAPdroid's trailer off its end.
pub(crate) fn ethernet(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    match process::trailer(bytes) {
        Some((frame, process)) => Ok(Opened { metadata: bytes.len().saturating_sub(frame.len()), process, ..bare(frame)? }),
        None => bare(bytes),
    }
}

fn bare(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let destination = reader.array().map(Mac)?;
    let source = reader.array().map(Mac)?;
    let ethertype = reader.u16()?;
    let opened = if ethertype >= LOWEST_ETHERTYPE {
        Opened::plain(Next::Ethertype(ethertype), reader.rest())
    } else {
        Opened::plain(Next::Llc, reader.take_up_to(ethertype.into()))
    };
    Ok(Opened { source: Some(source), destination: Some(destination), ..opened })
}

/// What an 802.2 header leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Llc<'a> {
    /// SNAP with an ethertype.
    Ethertype(u16, &'a [u8]),
    /// A bridged Ethernet frame (RFC 2684 section 5.2).
    Ethernet(&'a [u8]),
    /// A service access point of its own.
    Sap(u8),
}

/// Reads an 802.2 header, and the SNAP header after it (RFC 1042).
pub(crate) fn llc(bytes: &[u8]) -> Result<Llc<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let (dsap, ssap, control) = (reader.u8()?, reader.u8()?, reader.u8()?);
    match (dsap, ssap, control) {
        (0xaa, 0xaa, 0x03) => {}
        // IP directly over 802.2 (RFC 948).
        (0x06, 0x06, 0x03) => return Ok(Llc::Ethertype(0x0800, reader.rest())),
        _ => return Ok(Llc::Sap(dsap)),
    }
    let (oui, protocol) = (reader.array::<3>()?, reader.u16()?);
    match (oui, protocol) {
        // RFC 1042 and, for AppleTalk and IPX, 802.1H.
        ([0, 0, 0] | [0, 0, 0xf8], _) => Ok(Llc::Ethertype(protocol, reader.rest())),
        ([0, 0x80, 0xc2], 1 | 7) => {
            reader.skip(2)?;
            Ok(Llc::Ethernet(reader.rest()))
        }
        _ => Ok(Llc::Sap(dsap)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_types_from_lengths() {
        let mut frame = vec![0xff; 6];
        frame.extend([2, 0, 0, 0, 0, 1, 0x08, 0x06, 9]);
        let opened = ethernet(&frame).unwrap();
        assert_eq!((opened.next, opened.payload), (Next::Ethertype(0x0806), &[9][..]));
        assert_eq!(opened.source.unwrap().to_string(), "02:00:00:00:00:01");
        frame[12..14].copy_from_slice(&[0, 3]);
        frame.extend([7, 7, 7, 7]);
        assert_eq!(ethernet(&frame).unwrap().payload, &[9, 7, 7]);
    }

    #[test]
    fn snap_leads_to_an_ethertype() {
        assert_eq!(llc(&[0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd, 6]), Ok(Llc::Ethertype(0x86dd, &[6])));
        assert_eq!(llc(&[0x42, 0x42, 3]), Ok(Llc::Sap(0x42)));
        assert!(llc(&[0xaa, 0xaa, 3, 0, 0]).is_err());
    }
}
