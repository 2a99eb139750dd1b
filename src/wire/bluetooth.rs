//! Bluetooth Low Energy advertisements, as far as the service data in them (Bluetooth Core Specification 5.4, vol 6
//! part B 2.3; Core Specification Supplement, part A).
//!
//! | size | field, little-endian |
//! |---|---|
//! | 4 | access address: 0x8E89BED6 on advertising channels |
//! | 1 | coding indicator, on coded channels |
//! | 1 | PDU type (low 4 bits); 0x40: the address is random |
//! | 1 | length |
//! | 6 | address of the advertiser, then data; extended: header length (low 6 bits), flags, what they say, then data |
//! | 3 | CRC over the PDU, from its type on |
//!
//! Data is elements of length (of what follows), type, value.

use super::link::{Mac, Phy};
use super::{Reader, Short};

const ADVERTISING: u32 = 0x8e89_bed6;

/// An advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Advertisement<'a> {
    /// Address of the advertiser; extended advertisements may leave it out.
    pub(crate) address: Option<Mac>,
    /// Its data.
    pub(crate) data: &'a [u8],
}

/// Why a packet cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It ends too early.
    Short(Short),
    /// It is not what was sent: its CRC says so.
    Checksum,
}

impl From<Short> for Fault {
    fn from(short: Short) -> Self {
        Self::Short(short)
    }
}

/// Reads a link layer packet from its access address; `None` when it is no advertisement.
pub(crate) fn advertisement(bytes: &[u8], phy: Phy) -> Result<Option<Advertisement<'_>>, Fault> {
    let mut reader = Reader::new(bytes);
    if reader.u32_le()? != ADVERTISING {
        return Ok(None);
    }
    if phy == Phy::Coded {
        reader.skip(1)?;
    }
    let whole = reader.rest();
    let kind = reader.u8()? & 0x0f;
    let length = usize::from(reader.u8()?);
    let mut payload = Reader::new(reader.take_up_to(length));
    if reader.array().is_ok_and(|check: [u8; 3]| checksum(whole.get(..length.saturating_add(2)).unwrap_or(whole)) != check) {
        return Err(Fault::Checksum);
    }
    match kind {
        // ADV_IND, ADV_NONCONN_IND, SCAN_RSP, ADV_SCAN_IND.
        0 | 2 | 4 | 6 => {
            let address = Some(address(&mut payload)?);
            Ok(Some(Advertisement { address, data: payload.rest() }))
        }
        // ADV_EXT_IND, AUX_ADV_IND, AUX_SCAN_RSP, AUX_CHAIN_IND share a number.
        7 => Ok(Some(extended(payload)?)),
        _ => Ok(None),
    }
}

fn extended(mut payload: Reader<'_>) -> Result<Advertisement<'_>, Short> {
    let length = usize::from(payload.u8()? & 0x3f);
    let mut header = payload.sub(length)?;
    let has_address = header.u8().is_ok_and(|flags| flags & 0x01 != 0);
    let address = if has_address { Some(address(&mut header)?) } else { None };
    Ok(Advertisement { address, data: payload.rest() })
}

/// CRC-24 of advertising channels (vol 6 part B 3.1.1), as it is sent.
fn checksum(bytes: &[u8]) -> [u8; 3] {
    const START: u32 = 0x00aa_aaaa;
    const POLYNOMIAL: u32 = 0x00da_6000;
    let sum = bytes
        .iter()
        .fold(START, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 }));
    let [first, second, third, _] = sum.to_le_bytes();
    [first, second, third]
}

fn address(reader: &mut Reader<'_>) -> Result<Mac, Short> {
    let mut bytes: [u8; 6] = reader.array()?;
    bytes.reverse();
    Ok(Mac(bytes))
}

/// Service data under a 16-bit UUID; of an element that is cut, what is there.
pub(crate) fn service_data(data: &[u8], service: u16) -> impl Iterator<Item = &[u8]> {
    const SERVICE_DATA: u8 = 0x16;
    let mut reader = Reader::new(data);
    let elements = std::iter::from_fn(move || {
        let length = reader.u8().ok().filter(|length| *length > 0)?;
        Some(reader.take_up_to(length.into()))
    });
    elements.filter_map(move |element| {
        let mut element = Reader::new(element);
        (element.u8().ok()? == SERVICE_DATA && element.u16_le().ok()? == service).then(|| element.rest())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_legacy_advertisement() {
        let bytes = [0xd6, 0xbe, 0x89, 0x8e, 0x42, 15, 1, 2, 3, 4, 5, 6, 2, 1, 6, 5, 0x16, 0xfa, 0xff, 0x0d, 9];
        let heard = advertisement(&bytes, Phy::Uncoded).unwrap().unwrap();
        let mut whole = bytes.to_vec();
        whole.extend(checksum(&bytes[4..]));
        assert_eq!(advertisement(&whole, Phy::Uncoded), Ok(Some(heard)));
        whole[9] ^= 1;
        assert_eq!(advertisement(&whole, Phy::Uncoded), Err(Fault::Checksum));
        assert_eq!(heard.address, Some(Mac([6, 5, 4, 3, 2, 1])));
        assert_eq!(service_data(heard.data, 0xfffa).collect::<Vec<_>>(), [&[0x0d, 9]]);
        assert_eq!(service_data(heard.data, 0xfffb).count(), 0);
        assert!(advertisement(&bytes[..9], Phy::Uncoded).is_err());
    }

    #[test]
    fn reads_an_extended_advertisement_with_and_without_address() {
        let head = [0xd6, 0xbe, 0x89, 0x8e, 7];
        let data = [4, 0x16, 0xfa, 0xff, 0x0d];
        let with = [&head[..], &[15, 9, 9, 1, 2, 3, 4, 5, 6, 0x75, 0x0e], &data].concat();
        let heard = advertisement(&with, Phy::Uncoded).unwrap().unwrap();
        assert_eq!((heard.address, heard.data), (Some(Mac([6, 5, 4, 3, 2, 1])), &data[..]));
        let coded = [&with[..4], &[0], &with[4..]].concat();
        assert_eq!(advertisement(&coded, Phy::Coded).unwrap(), Some(heard));
        let without = [&head[..], &[6, 0], &data].concat();
        assert_eq!(advertisement(&without, Phy::Uncoded).unwrap().unwrap(), Advertisement { address: None, data: &data });
    }

    #[test]
    fn other_packets_and_empty_elements_end_it() {
        assert_eq!(advertisement(&[1, 2, 3, 4, 0, 0], Phy::Uncoded), Ok(None));
        assert_eq!(advertisement(&[0xd6, 0xbe, 0x89, 0x8e, 5, 0], Phy::Uncoded), Ok(None));
        assert_eq!(service_data(&[0, 4, 0x16, 0xfa, 0xff, 0x0d], 0xfffa).count(), 0);
        assert_eq!(service_data(&[9, 0x16, 0xfa, 0xff, 0x0d], 0xfffa).collect::<Vec<_>>(), [&[0x0d]]);
    }
}
