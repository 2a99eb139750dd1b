//! 802.11 with what the radio said before it: radiotap, Prism, AVS, PPI.
//!
//! All of them say their own length; fields not needed are passed over by it. None of them was on the air.

use super::{LinkType, Next, Opened, Radio, Reader, Short};

/// Opens a frame without any radio header.
#[expect(clippy::unnecessary_wraps, reason = "the shape every opener has")]
pub(super) fn bare(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    Ok(Opened::plain(Next::Wifi(Radio::default()), bytes))
}

/// Opens radiotap: version, pad, length, present words, fields in the order of their bits (radiotap.org).
pub(super) fn radiotap(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    reader.skip(2)?;
    let length = usize::from(reader.u16_le()?);
    let header = Reader::new(bytes).take(length)?;
    let radio = radiotap_flags(header).map_or_else(|_| Radio::default(), radio_of);
    let mut whole = Reader::new(bytes);
    whole.skip(length)?;
    Ok(Opened::metadata(Next::Wifi(radio), whole.rest(), length))
}

/// The flags field: after the present words and, where present, the eight-aligned timer.
fn radiotap_flags(header: &[u8]) -> Result<u8, Short> {
    const TIMER: u32 = 1 << 0;
    const FLAGS: u32 = 1 << 1;
    const MORE: u32 = 1 << 31;
    let mut reader = Reader::new(header);
    reader.skip(4)?;
    let first = reader.u32_le()?;
    let mut word = first;
    while word & MORE != 0 {
        word = reader.u32_le()?;
    }
    if first & FLAGS == 0 {
        return Ok(0);
    }
    if first & TIMER != 0 {
        let at = reader.position();
        reader.skip(at.next_multiple_of(8).saturating_sub(at).saturating_add(8))?;
    }
    reader.u8()
}

const fn radio_of(flags: u8) -> Radio {
    Radio { has_fcs: flags & 0x10 != 0, is_padded: flags & 0x20 != 0 }
}

/// Opens Prism: message code and length; some drivers put AVS under its number.
pub(super) fn prism(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let code = reader.array::<4>()?;
    if code.starts_with(&[0x80, 0x21, 0x10]) {
        return avs(bytes);
    }
    let length = reader.array()?;
    // Written in the order of the machine that captured: the one that makes it small.
    let length = u32::from_le_bytes(length).min(u32::from_be_bytes(length));
    after(bytes, length, Next::Wifi(Radio::default()))
}

/// Opens AVS: magic and version, length, both in network order.
pub(super) fn avs(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    reader.skip(4)?;
    let length = reader.u32()?;
    after(bytes, length, Next::Wifi(Radio::default()))
}

/// Opens PPI: version, flags, length, link type, then fields; field 2 holds the 802.11 flags.
pub(super) fn ppi(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    reader.skip(2)?;
    let length = reader.u16_le()?;
    let link = LinkType(u16::try_from(reader.u32_le()?).unwrap_or(u16::MAX));
    let fields = reader.take_up_to(usize::from(length).saturating_sub(8));
    let next = if link == LinkType::IEEE802_11 { Next::Wifi(ppi_radio(fields).unwrap_or_default()) } else { Next::Link(link) };
    after(bytes, length.into(), next)
}

fn ppi_radio(fields: &[u8]) -> Result<Radio, Short> {
    let mut reader = Reader::new(fields);
    while !reader.is_empty() {
        let (kind, length) = (reader.u16_le()?, reader.u16_le()?);
        let mut field = reader.sub(length.into())?;
        if kind == 2 {
            field.skip(8)?;
            return Ok(Radio { has_fcs: field.u16_le()? & 1 != 0, is_padded: false });
        }
    }
    Ok(Radio::default())
}

fn after(bytes: &[u8], length: u32, next: Next) -> Result<Opened<'_>, Short> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut reader = Reader::new(bytes);
    reader.skip(length)?;
    Ok(Opened::metadata(next, reader.rest(), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radiotap_flags_stand_after_the_timer() {
        // Present: TSFT, flags, and a second word; flags 0x10: FCS at the end.
        let header = [0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x10];
        let opened = radiotap(&header).unwrap();
        assert_eq!(opened.next, Next::Wifi(Radio { has_fcs: true, is_padded: false }));
        assert_eq!(opened.metadata, 25);
        assert!(radiotap(&header[..20]).is_err());
    }
}
