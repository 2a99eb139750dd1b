//! The check sequence that ends an 802.11 frame: CRC-32 over all before it (IEEE 802.11-2020, 9.2.4.8).

use super::link::{Fcs, Radio};

const BYTES: usize = 4;

/// A frame without its check sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checked<'a> {
    /// The frame, as far as it was captured.
    pub(crate) bytes: &'a [u8],
    /// Bytes at its end that were not captured.
    pub(crate) missing: u64,
}

/// The frame without its check sequence; `None` when that is wrong. `missing` bytes of the frame were not captured.
///
/// Where the radio header does not say whether there is one, the last four bytes are one when they fit: by chance
/// they do in one of four thousand million frames.
pub(crate) fn without(bytes: &[u8], missing: u64, radio: Radio) -> Option<Checked<'_>> {
    if radio.is_damaged {
        return None;
    }
    let checked = |bytes, missing| Checked { bytes, missing };
    match radio.fcs {
        Fcs::Present if missing == 0 => fitting(bytes).map(|frame| checked(frame, 0)),
        Fcs::Present => {
            let captured = BYTES.saturating_sub(usize::try_from(missing).unwrap_or(usize::MAX));
            let frame = bytes.get(..bytes.len().saturating_sub(captured)).unwrap_or_default();
            Some(checked(frame, missing.saturating_sub(4)))
        }
        Fcs::Unknown if missing == 0 => Some(checked(fitting(bytes).unwrap_or(bytes), 0)),
        Fcs::Unknown | Fcs::Absent => Some(checked(bytes, missing)),
    }
}

/// What comes before the last four bytes, when they are its check sequence.
fn fitting(bytes: &[u8]) -> Option<&[u8]> {
    let (frame, sequence) = bytes.split_last_chunk::<BYTES>()?;
    (crc32fast::hash(frame) == u32::from_le_bytes(*sequence)).then_some(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32 for "123456789".
    const CHECKED: &[u8] = b"123456789\x26\x39\xf4\xcb";

    fn frame(bytes: &[u8], missing: u64, radio: Radio) -> Option<(&[u8], u64)> {
        without(bytes, missing, radio).map(|checked| (checked.bytes, checked.missing))
    }

    #[test]
    fn a_wrong_sequence_is_told_and_a_right_one_taken_off() {
        let radio = |fcs| Radio { fcs, ..Radio::default() };
        assert_eq!(frame(CHECKED, 0, radio(Fcs::Present)), Some((&CHECKED[..9], 0)));
        assert_eq!(frame(&CHECKED[1..], 0, radio(Fcs::Present)), None);
        assert_eq!(frame(CHECKED, 0, radio(Fcs::Unknown)), Some((&CHECKED[..9], 0)));
        assert_eq!(frame(&CHECKED[1..], 0, radio(Fcs::Unknown)), Some((&CHECKED[1..], 0)));
        assert_eq!(frame(CHECKED, 0, radio(Fcs::Absent)), Some((CHECKED, 0)));
        assert_eq!(frame(CHECKED, 0, Radio { is_damaged: true, ..Radio::default() }), None);
    }

    #[test]
    fn of_a_cut_frame_only_what_is_left_of_it_goes() {
        let radio = Radio { fcs: Fcs::Present, ..Radio::default() };
        assert_eq!(frame(&CHECKED[..11], 2, radio), Some((&CHECKED[..9], 0)));
        assert_eq!(frame(&CHECKED[..7], 6, radio), Some((&CHECKED[..7], 2)));
        assert_eq!(frame(&CHECKED[..7], 6, Radio::default()), Some((&CHECKED[..7], 6)));
    }
}
