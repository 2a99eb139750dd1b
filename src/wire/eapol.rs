//! EAPOL-Key frames, which make the keys of a protected network known (IEEE 802.11-2020, 12.7.2).
//!
//! | size | field |
//! |---|---|
//! | 1, 1, 2 | EAPOL version, packet type 3, length of what follows |
//! | 1 | descriptor: 2 RSN, 254 WPA |
//! | 2 | key information |
//! | 2 | key length |
//! | 8 | replay counter |
//! | 32 | nonce |
//! | 16 | initialisation vector |
//! | 8 | receive sequence counter |
//! | 8 | reserved |
//! | 16, 24 or 32 | message integrity code, by the key management in use |
//! | 2 | length of the key data |
//! | n | key data |

use super::management::Elements;
use super::{Reader, Short};

/// An EAPOL-Key frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyFrame<'a> {
    /// The whole EAPOL frame without what pads it: what the integrity code is made of, the code itself zero.
    pub(crate) bytes: &'a [u8],
    /// Key information.
    information: u16,
    /// Counts the authenticator's messages; answers repeat it.
    pub(crate) replay: u64,
    /// Nonce of the sender.
    pub(crate) nonce: [u8; 32],
    /// Initialisation vector of RC4.
    pub(crate) vector: [u8; 16],
    /// Message integrity code.
    pub(crate) code: &'a [u8],
    /// Key data, which may be encrypted.
    pub(crate) data: &'a [u8],
}

/// Which message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// From the authenticator, with its nonce.
    First,
    /// From the station, with its nonce and, as a rule, what security it chose.
    Second,
    /// From the authenticator: its nonce again, the group's keys, all under the integrity code.
    Third,
    /// From the station: confirmation.
    Fourth,
    /// From the authenticator: the group's keys have changed.
    GroupFirst,
    /// From the station: confirmation.
    GroupSecond,
    /// A request or an error.
    Other,
}

/// Offset of the integrity code.
pub(crate) const CODE_OFFSET: usize = 81;

const PAIRWISE: u16 = 0x0008;
const ACK: u16 = 0x0080;
const MIC: u16 = 0x0100;
const ERROR: u16 = 0x0400;
const REQUEST: u16 = 0x0800;
const ENCRYPTED: u16 = 0x1000;

impl<'a> KeyFrame<'a> {
    /// Reads an EAPOL frame; `None` when it is none that makes keys known.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Option<Self>, Short> {
        const KEY: u8 = 3;
        let mut reader = Reader::new(bytes);
        let (_version, kind, length) = (reader.u8()?, reader.u8()?, usize::from(reader.u16()?));
        if kind != KEY {
            return Ok(None);
        }
        let whole = Reader::new(bytes).take(length.saturating_add(4))?;
        let mut body = reader.sub(length)?;
        if !matches!(body.u8()?, 2 | 254) {
            return Ok(None);
        }
        let information = body.u16()?;
        body.skip(2)?;
        let (replay, nonce, vector) = (body.u64()?, body.array()?, body.array()?);
        body.skip(16)?;
        let Some((code, data)) = code_and_data(body) else { return Ok(None) };
        Ok(Some(Self { bytes: whole, information, replay, nonce, vector, code, data }))
    }

    /// Version of the key descriptor: which algorithms it uses; 0 when the key management decides.
    pub(crate) const fn version(&self) -> u16 {
        self.information & 0x0007
    }

    /// Number of the group key, in WPA.
    pub(crate) const fn index(&self) -> u16 {
        self.information >> 4 & 0x0003
    }

    /// Key data of RSN says itself that it is encrypted.
    pub(crate) const fn is_encrypted(&self) -> bool {
        self.information & ENCRYPTED != 0
    }

    /// Which message it is.
    pub(crate) fn message(&self) -> Message {
        let has = |flag: u16| self.information & flag != 0;
        if has(REQUEST) || has(ERROR) {
            return Message::Other;
        }
        match (has(PAIRWISE), has(ACK), has(MIC)) {
            (true, true, false) => Message::First,
            (true, true, true) => Message::Third,
            // Bits do not tell the second from the fourth in every rekeying; that it brings something does.
            (true, false, true) if self.data.is_empty() => Message::Fourth,
            (true, false, true) => Message::Second,
            (false, true, true) => Message::GroupFirst,
            (false, false, true) => Message::GroupSecond,
            _ => Message::Other,
        }
    }

    /// A nonce is there: some stations repeat theirs in the fourth message.
    pub(crate) fn has_nonce(&self) -> bool {
        self.nonce != [0; 32]
    }
}

/// The integrity code and the key data: of the lengths a code may have, the one that the key data's own length fits.
fn code_and_data(body: Reader<'_>) -> Option<(&[u8], &[u8])> {
    [16, 24, 32].into_iter().find_map(|code_length| {
        let mut reader = body;
        let code = reader.take(code_length).ok()?;
        let length = usize::from(reader.u16().ok()?);
        (length == reader.left()).then(|| (code, reader.rest()))
    })
}

/// A piece of decrypted key data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A group key and its number.
    GroupKey(u8, &'a [u8]),
    /// A key for group management frames, and its number.
    ManagementKey(u16, &'a [u8]),
}

/// The pieces of decrypted key data (table 12-9); padding of 0xdd and zeros ends them.
pub(crate) fn pieces(data: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    const KDE: [u8; 3] = [0x00, 0x0f, 0xac];
    Elements::new(data).take_while(|element| element.id != 0xdd || !element.bytes.is_empty()).filter_map(|element| {
        match element.vendor(KDE)? {
            [1, number, _, key @ ..] if !element.is_cut => Some(Piece::GroupKey(number & 3, key)),
            [9, low, high, _, _, _, _, _, _, key @ ..] if !element.is_cut => {
                Some(Piece::ManagementKey(u16::from_le_bytes([*low, *high]), key))
            }
            _ => None,
        }
    })
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "sums of lengths the tests chose")]
mod tests {
    use super::*;

    fn frame(information: u16, code_length: usize, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(79 + code_length + data.len()).unwrap();
        let mut bytes = [&[2, 3][..], &length.to_be_bytes(), &[2], &information.to_be_bytes(), &[0, 16]].concat();
        bytes.extend(7_u64.to_be_bytes());
        bytes.extend([9; 32]);
        bytes.extend([0; 32]);
        assert_eq!(bytes.len(), CODE_OFFSET);
        bytes.resize(CODE_OFFSET + code_length, 5);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn messages_are_told_by_their_bits() {
        let cases: [(u16, &[u8], Message); 7] = [
            (0x008a, &[], Message::First),
            (0x010a, &[48, 0], Message::Second),
            (0x030a, &[48, 0], Message::Second),
            (0x13ca, &[1], Message::Third),
            (0x030a, &[], Message::Fourth),
            (0x1382, &[1], Message::GroupFirst),
            (0x0302, &[], Message::GroupSecond),
        ];
        for (information, data, message) in cases {
            let bytes = frame(information, 16, data);
            assert_eq!(KeyFrame::read(&bytes).unwrap().unwrap().message(), message, "{information:#06x}");
        }
    }

    #[test]
    fn the_code_is_as_long_as_fits() {
        for length in [16, 24, 32] {
            let mut bytes = frame(0x010a, length, &[1, 2, 3]);
            bytes.extend([0; 5]);
            let key = KeyFrame::read(&bytes).unwrap().unwrap();
            assert_eq!((key.code.len(), key.data, key.replay, key.bytes.len()), (length, &[1, 2, 3][..], 7, bytes.len() - 5));
        }
        assert!(KeyFrame::read(&frame(0x010a, 16, &[1])[..90]).is_err());
        assert_eq!(KeyFrame::read(&[2, 0, 0, 0]), Ok(None));
    }

    #[test]
    fn key_data_has_keys_and_padding() {
        let data = [0xdd, 8, 0, 15, 172, 1, 2, 0, 7, 7, 0xdd, 13, 0, 15, 172, 9, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0xdd, 0, 0];
        let found: Vec<_> = pieces(&data).collect();
        assert_eq!(found, [Piece::GroupKey(2, &[7, 7]), Piece::ManagementKey(4, &[5])]);
    }
}
