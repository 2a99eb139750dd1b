//! FDDI: frame control, addresses, LLC.

use super::{Mac, Next, Opened, Reader, Short};

/// Opens an FDDI frame; only LLC frames carry data.
pub(super) fn fddi(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let control = reader.u8()?;
    let destination = reader.array().map(Mac)?;
    let source = reader.array().map(Mac)?;
    let next = if control & 0x30 == 0x10 { Next::Llc } else { Next::Family(control.into()) };
    Ok(Opened { source: Some(source), destination: Some(destination), ..Opened::plain(next, reader.rest()) })
}
