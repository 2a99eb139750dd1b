//! WEP (IEEE 802.11-2020, 12.3.3).
//!
//! | size | field |
//! |---|---|
//! | 3 | initialisation vector, the beginning of the key |
//! | 1 | key number in the two highest bits |
//! | n | data |
//! | 4 | check value |

use super::{Opened, Sealed, looks_opened, rc4};
use crate::wire::Reader;

/// A WEP key.
pub(in crate::wifi) struct Wep {
    key: Vec<u8>,
}

impl Wep {
    /// A key of 5, 13, 16 or 29 bytes.
    pub(in crate::wifi) fn new(key: &[u8]) -> Self {
        Self { key: key.to_vec() }
    }

    /// Opens a frame into `out`.
    pub(in crate::wifi) fn open(&self, sealed: Sealed<'_>, out: &mut Vec<u8>) -> Option<Opened> {
        out.clear();
        let mut reader = Reader::new(sealed.body);
        let [a, b, c, _] = reader.array().ok().filter(|_| !sealed.is_extended())?;
        out.extend_from_slice(reader.rest());
        rc4::apply(&[&[a, b, c][..], &self.key].concat(), out);
        let opened = Opened { number: u64::from_be_bytes([0, 0, 0, 0, 0, a, b, c]), michael: None, is_verified: sealed.missing == 0 };
        if sealed.missing == 0 {
            rc4::checked(out)?;
            return Some(opened);
        }
        // Of what is missing four bytes are the check value.
        let check = 4_usize.saturating_sub(usize::try_from(sealed.missing).unwrap_or(usize::MAX));
        out.truncate(out.len().saturating_sub(check));
        looks_opened(sealed.header, out).then_some(opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Mac;
    use crate::wire::ieee80211::Header;

    /// IEEE 802.11-2020, J.2 (RC4): key fb 02 9e 30 31 32 33 34, of which three bytes are the vector.
    #[test]
    fn the_standards_vector_opens() {
        let body = [
            &[0xfb, 0x02, 0x9e, 0x80][..],
            &[
                0xf6, 0x9c, 0x58, 0x06, 0xbd, 0x6c, 0xe8, 0x46, 0x26, 0xbc, 0xbe, 0xfb, 0x94, 0x74, 0x65, 0x0a, 0xad, 0x1f, 0x79, 0x09,
                0xb0, 0xf6, 0x4d, 0x5f, 0x58, 0xa5, 0x03, 0xa2, 0x58, 0xb7, 0xed, 0x22, 0xeb, 0x0e, 0xa6, 0x49, 0x30, 0xd3, 0xa0, 0x56,
                0xa5, 0x57, 0x42, 0xfc, 0xce, 0x14, 0x1d, 0x48, 0x5f, 0x8a, 0xa8, 0x36, 0xde, 0xa1, 0x8d, 0xf4, 0x2c, 0x53, 0x80, 0x80,
                0x5a, 0xd0, 0xc6, 0x1a, 0x5d, 0x6f, 0x58, 0xf4, 0x10, 0x40, 0xb2, 0x4b, 0x7d, 0x1a, 0x69, 0x38, 0x56, 0xed, 0x0d, 0x43,
                0x98, 0xe7, 0xae, 0xe3, 0xbf, 0x0e, 0x2a, 0x2c, 0xa8, 0xf7,
            ],
        ]
        .concat();
        let (receiver, transmitter, third) = (Mac([2; 6]), Mac([4; 6]), Mac([6; 6]));
        let header = Header { control: [0x08, 0x41], receiver, transmitter, third, fourth: None, sequence: 0, qos: None };
        let mut out = Vec::new();
        let wep = Wep::new(b"01234");
        let opened = wep.open(Sealed { header: &header, body: &body, missing: 0 }, &mut out).unwrap();
        assert!(opened.is_verified);
        assert_eq!(out.get(..8), Some(&[0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0][..]));
        assert!(wep.open(Sealed { header: &header, body: &body[..50], missing: 44 }, &mut out).is_some_and(|opened| !opened.is_verified));
        assert!(Wep::new(b"01235").open(Sealed { header: &header, body: &body, missing: 0 }, &mut out).is_none());
    }
}
