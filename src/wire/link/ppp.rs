//! PPP in its framings: HDLC-like (RFC 1662), in Ethernet sessions (RFC 2516), and Cisco's HDLC.

use super::{Next, Opened, Reader, Short};

/// Opens a frame that may begin with address and control fields, or with Cisco's.
pub(super) fn framed(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    match bytes {
        [0xff, 0x03, rest @ ..] => Ok(Opened::plain(Next::Ppp, rest)),
        [0x0f | 0x8f, 0x00, ..] => cisco(bytes),
        _ => Ok(Opened::plain(Next::Ppp, bytes)),
    }
}

/// Opens a PPPoE session packet: version and type, code, session, length, PPP.
pub(super) fn pppoe(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    reader.skip(4)?;
    let length = reader.u16()?;
    Ok(Opened::plain(Next::Ppp, reader.take_up_to(length.into())))
}

/// Opens Cisco HDLC: address, control, ethertype.
pub(super) fn cisco(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    reader.skip(2)?;
    let ethertype = reader.u16()?;
    Ok(super::rest(reader, Next::Ethertype(ethertype)))
}

/// Protocol and payload of a PPP frame; the protocol field may be compressed to one byte (RFC 1661 section 6.5).
pub(crate) fn ppp(bytes: &[u8]) -> Result<(u16, &[u8]), Short> {
    let bytes = bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes);
    let mut reader = Reader::new(bytes);
    let first = reader.u8()?;
    let protocol = if first & 1 == 1 { first.into() } else { u16::from_be_bytes([first, reader.u8()?]) };
    Ok((protocol, reader.rest()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_may_be_compressed() {
        assert_eq!(ppp(&[0xff, 3, 0, 0x21, 0x45]), Ok((0x21, &[0x45][..])));
        assert_eq!(ppp(&[0x21, 0x45]), Ok((0x21, &[0x45][..])));
        assert!(ppp(&[0]).is_err());
    }
}
