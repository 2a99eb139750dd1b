//! Linux netfilter log: family, version, resource, then `length, type, value` attributes padded to four;
//! type 9 is the packet.

use super::{Next, Opened, Reader, Short};

/// Opens a netfilter log message.
pub(super) fn nflog(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    const PAYLOAD: u16 = 9;
    let mut reader = Reader::new(bytes);
    let family = reader.u8()?;
    reader.skip(3)?;
    while !reader.is_empty() {
        // The length counts its own four bytes.
        let length = usize::from(reader.u16_le()?).saturating_sub(4);
        let kind = reader.u16_le()? & 0x7fff;
        let value = reader.take_up_to(length);
        reader.take_up_to(length.next_multiple_of(4).saturating_sub(length));
        if kind == PAYLOAD {
            let next = if matches!(family, 2 | 10) { Next::Ip } else { Next::Family(family.into()) };
            return Ok(Opened::metadata(next, value, bytes.len().saturating_sub(value.len())));
        }
    }
    Ok(Opened::plain(Next::Family(family.into()), &[]))
}
