//! What a radio header says of its frame: how it is to be read, and how it was received.

/// What was said of one frame; most headers say a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Radio {
    /// Whether a frame check sequence ends the frame.
    pub(crate) fcs: Fcs,
    /// The receiver found the frame check sequence wrong.
    pub(crate) is_damaged: bool,
    /// The 802.11 header is padded to four bytes.
    pub(crate) is_padded: bool,
    /// Only a preamble was received: no frame follows.
    pub(crate) is_empty: bool,
    /// Timer of the receiver in microseconds.
    pub(crate) timer: Option<u64>,
    /// Where it was received.
    pub(crate) channel: Option<Channel>,
    /// Signal in dBm.
    pub(crate) signal: Option<i8>,
}

/// Whether a frame ends with its check sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fcs {
    /// It does.
    Present,
    /// It does not.
    Absent,
    /// The header does not say: only the frame itself can tell.
    #[default]
    Unknown,
}

/// A channel: its number, and its centre in MHz where the header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    /// Number within its band; `None` for a frequency outside the bands of 802.11.
    pub(crate) number: Option<u16>,
    /// Centre of the primary channel in MHz.
    pub(crate) frequency: Option<u16>,
}

impl Channel {
    /// The channel at a frequency in MHz (IEEE 802.11-2020, 17.3.8.4.2 and annex E).
    pub(crate) fn at(frequency: u16) -> Option<Self> {
        let number = match frequency {
            0 => return None,
            2484 => Some(14),
            2412..=2472 => steps(frequency, 2407),
            4910..=4980 => steps(frequency, 4000),
            5935 => Some(2),
            5955..=7115 => steps(frequency, 5950),
            5005..=5925 => steps(frequency, 5000),
            _ => None,
        };
        Some(Self { number, frequency: Some(frequency) })
    }

    /// A channel as headers give it that know only numbers; large ones are frequencies.
    pub(crate) fn numbered(number: u32) -> Option<Self> {
        let number = u16::try_from(number).ok().filter(|number| *number > 0)?;
        if number > 1_000 { Self::at(number) } else { Some(Self { number: Some(number), frequency: None }) }
    }
}

/// Channels stand five MHz apart.
fn steps(frequency: u16, start: u16) -> Option<u16> {
    let above = frequency.checked_sub(start)?;
    (above % 5 == 0).then_some(above / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_have_numbers() {
        let number = |frequency| Channel::at(frequency).and_then(|channel| channel.number);
        assert_eq!([2412, 2437, 2472, 2484].map(number), [Some(1), Some(6), Some(13), Some(14)]);
        assert_eq!([5180, 5825, 5885, 5955, 7115].map(number), [Some(36), Some(165), Some(177), Some(1), Some(233)]);
        assert_eq!([2413, 900, 65_535].map(number), [None; 3]);
        assert_eq!(Channel::at(0), None);
    }
}
