//! Bluetooth Low Energy with what the radio said before it: a sniffer's header, which was not on the air.

use super::{Next, Opened, Phy, Reader, Short};

/// Opens a packet without any header.
#[expect(clippy::unnecessary_wraps, reason = "the shape every opener has")]
pub(super) fn bare(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    Ok(Opened::plain(Next::BluetoothLe(Phy::Uncoded), bytes))
}

/// Opens the pseudo header: RF channel, signal, noise, access address errors, reference access address, flags, whose
/// two top bits tell the PHY (tcpdump.org, LINKTYPE_BLUETOOTH_LE_LL_WITH_PHDR).
pub(super) fn pseudo(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    reader.skip(8)?;
    let phy = if reader.u16_le()? >> 14 == 2 { Phy::Coded } else { Phy::Uncoded };
    Ok(Opened::metadata(Next::BluetoothLe(phy), reader.rest(), reader.position()))
}

/// Opens the header of Nordic's sniffer: board, length (one byte and that of the rest, or from version 3 two bytes),
/// version, counter, kind; then its own length, flags, channel, signal, event counter, time (nRF Sniffer for
/// Bluetooth LE).
pub(super) fn nordic(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    reader.skip(8)?;
    let phy = if reader.u8()? & 0x70 == 0x20 { Phy::Coded } else { Phy::Uncoded };
    reader.skip(8)?;
    Ok(Opened::metadata(Next::BluetoothLe(phy), reader.rest(), reader.position()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nordic_says_that_a_channel_is_coded() {
        let header = [3, 8, 1, 3, 0x13, 0xbe, 2, 10, 0x21, 10, 0x35, 0, 0, 0xa5, 0xe2, 0x95, 0xa0];
        let opened = nordic(&header).unwrap();
        assert_eq!((opened.next, opened.metadata, opened.payload), (Next::BluetoothLe(Phy::Coded), 17, &[][..]));
        let uncoded = [&header[..8], &[0x01], &header[9..]].concat();
        assert_eq!(nordic(&uncoded).unwrap().next, Next::BluetoothLe(Phy::Uncoded));
        assert!(nordic(&header[..16]).is_err());
        assert_eq!(pseudo(&[0, 0, 0, 0, 0, 0, 0, 0, 0x13, 0x80, 7]).unwrap().next, Next::BluetoothLe(Phy::Coded));
    }
}
