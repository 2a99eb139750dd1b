//! Units of H.264 and H.265 pictures in a byte stream (ITU-T H.264 and H.265, annex B).
//!
//! ```text
//! start code        H.264                            H.265
//! 00 00 01          forbidden:1 reference:2 type:5   forbidden:1 type:6 layer:6 temporal:3
//! ```
//!
//! A zero byte may stand before the start code. Nothing else in a picture looks like a start code.

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    /// ITU-T H.264.
    H264,
    /// ITU-T H.265.
    H265,
}

impl Codec {
    /// Its name as an application protocol.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "h265",
        }
    }

    /// The type of the unit that starts with `byte`.
    pub(crate) const fn unit(self, byte: u8) -> u8 {
        match self {
            Self::H264 => byte & 0x1f,
            Self::H265 => byte >> 1 & 0x3f,
        }
    }

    /// What a unit of this type is (H.264 table 7-1, H.265 table 7-1).
    pub(crate) const fn unit_name(self, unit: u8) -> Option<&'static str> {
        Some(match (self, unit) {
            (Self::H264, 1) | (Self::H265, 0..=9) => "slice",
            (Self::H264, 2..=4) => "slice partition",
            (Self::H264, 5) | (Self::H265, 16..=21) => "slice of a picture that stands alone",
            (Self::H264, 6) | (Self::H265, 39 | 40) => "supplemental information",
            (Self::H265, 32) => "video parameters",
            (Self::H264, 7) | (Self::H265, 33) => "sequence parameters",
            (Self::H264, 8) | (Self::H265, 34) => "picture parameters",
            (Self::H264, 9) | (Self::H265, 35) => "start of a picture",
            (Self::H264, 10) | (Self::H265, 36) => "end of sequence",
            (Self::H264, 11) | (Self::H265, 37) => "end of stream",
            (Self::H264, 12) | (Self::H265, 38) => "filler",
            _ => return None,
        })
    }
}

/// The codec of bytes that start with a start code of four bytes and a unit that can be told from chance: its header
/// and its first fields have to agree with each other.
pub(crate) fn codec(bytes: &[u8]) -> Option<Codec> {
    let unit = bytes.strip_prefix(&[0, 0, 0, 1])?;
    match unit {
        _ if let Some(codec) = parameters(bytes) => Some(codec),
        // A delimiter: kind of picture, and a stop bit.
        [0x09, kind, rest @ ..] if kind & 0x1f == 0x10 && (rest.is_empty() || rest.starts_with(&[0, 0])) => Some(Codec::H264),
        // A slice: first macroblock 0, kind of slice up to 9.
        [0x01 | 0x21 | 0x41 | 0x61 | 0x25 | 0x45 | 0x65, slice, _, _, ..] if is_slice_start(*slice) => Some(Codec::H264),
        // Picture parameters of H.265.
        [0x44, 0x01, 0xc0..=0xff, ..] => Some(Codec::H265),
        // A slice of H.265 that is the first of its picture.
        [0x02 | 0x26 | 0x28 | 0x2a, 0x01, 0x80..=0xff, _, ..] => Some(Codec::H265),
        _ => None,
    }
}

/// The codec of bytes that start with a start code of four bytes and with parameters, which cannot be chance.
pub(crate) fn parameters(bytes: &[u8]) -> Option<Codec> {
    match bytes.strip_prefix(&[0, 0, 0, 1])? {
        // Sequence parameters: profile, constraint flags with two zero bits, level.
        [0x27 | 0x47 | 0x67, 66 | 77 | 88 | 100 | 110 | 122 | 244 | 44, flags, 9..=62, ..] if flags & 3 == 0 => Some(Codec::H264),
        // Video and sequence parameters of H.265 start with fixed bits.
        [0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, ..] | [0x42, 0x01, 0x01, ..] => Some(Codec::H265),
        _ => None,
    }
}

/// `first_mb_in_slice` is 0 and `slice_type` at most 9, both in Exp-Golomb codes (H.264 section 7.3.3).
const fn is_slice_start(byte: u8) -> bool {
    byte & 0x80 != 0 && byte & 0x70 != 0
}

/// Where units start that can be told from chance.
pub(crate) fn starts(bytes: &[u8]) -> impl Iterator<Item = (usize, Codec)> {
    (0..bytes.len()).filter_map(|at| codec(bytes.get(at..)?).map(|codec| (at, codec)))
}

/// What a walk over a byte stream meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A unit starts: its first byte, and the bytes of the start code with it.
    Start(u8, usize),
    /// It goes on for so many bytes.
    Run(usize),
}

/// Walks over a byte stream, however it is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner {
    /// Zero bytes just seen, which may belong to a start code.
    zeros: usize,
    /// Bytes of the start code just seen, whose unit comes next; 0 elsewhere.
    code: usize,
}

impl Scanner {
    /// At the beginning of a stream.
    pub(crate) const NEW: Self = Self { zeros: 0, code: 0 };

    /// Goes on with `bytes`.
    pub(crate) fn scan(&mut self, bytes: &[u8], see: &mut dyn FnMut(Step)) {
        /// Zero bytes of the longer start code.
        const ZEROS: usize = 3;
        let mut run = 0_usize;
        for byte in bytes {
            if self.code > 0 {
                see(Step::Start(*byte, std::mem::take(&mut self.code).saturating_add(1)));
                self.zeros = 0;
            } else if *byte == 1 && self.zeros >= 2 {
                let own = self.zeros.min(ZEROS);
                run = run.saturating_add(std::mem::take(&mut self.zeros).saturating_sub(own));
                if run > 0 {
                    see(Step::Run(std::mem::take(&mut run)));
                }
                self.code = own.saturating_add(1);
            } else if *byte == 0 {
                self.zeros = self.zeros.saturating_add(1);
            } else {
                run = run.saturating_add(std::mem::take(&mut self.zeros)).saturating_add(1);
            }
        }
        if run > 0 {
            see(Step::Run(run));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sequence and picture parameters of a Mavic's picture in 720 lines, then a slice and a delimiter.
    const PICTURE: &[u8] =
        b"\0\0\0\x01\x67\x42\x80\x1f\x8d\x68\x0a\0\xb7\x42\0\0\x03\0\0\0\x01\x68\xce\x3c\x80\0\0\0\x01\x65\x88\x84\x21\0\0\0\x01\x09\x10";

    #[test]
    fn tells_pictures_from_other_bytes() {
        assert_eq!(codec(PICTURE), Some(Codec::H264));
        assert_eq!(codec(b"\0\0\0\x01\x41\x9a\0\x1c\0"), Some(Codec::H264));
        assert_eq!(codec(b"\0\0\0\x01\x09\x10"), Some(Codec::H264));
        assert_eq!(codec(b"\0\0\0\x01\x40\x01\x0c\x01\xff\xff\x01\x60"), Some(Codec::H265));
        assert_eq!(codec(b"\0\0\0\x01\x42\x01\x01\x01\x60"), Some(Codec::H265));
        // A DNS-like counter, a version number, a forbidden bit, a slice that is not the first of its picture.
        for other in [&b"\0\0\0\x01\0\0\0\0"[..], b"\0\0\0\x01\x01\0\0\0", b"\0\0\0\x01\xe7\x42\x80\x1f", b"\0\0\0\x01\x41\x12\0\0\0"] {
            assert_eq!(codec(other), None, "{other:?}");
        }
        for end in 0..6 {
            assert_eq!(codec(&PICTURE[..end]), None);
        }
    }

    fn steps(pieces: &[&[u8]]) -> (Vec<u8>, usize) {
        let (mut scanner, mut heads, mut bytes) = (Scanner::NEW, Vec::new(), Vec::new());
        for piece in pieces {
            scanner.scan(piece, &mut |step| match step {
                Step::Start(head, length) => {
                    heads.push(Codec::H264.unit(head));
                    bytes.push(length);
                }
                Step::Run(length) => bytes.push(length),
            });
        }
        (heads, bytes.iter().sum())
    }

    #[test]
    fn units_are_found_however_the_stream_is_cut() {
        let whole = (vec![7, 8, 5, 9], PICTURE.len());
        assert_eq!(steps(&[PICTURE]), whole);
        for at in 0..PICTURE.len() {
            assert_eq!(steps(&[&PICTURE[..at], &PICTURE[at..]]), whole, "{at}");
        }
        assert_eq!(steps(&[b"\x07\0\0\x01\x41\x9a\0\0\x03"]), (vec![1], 9));
        assert_eq!(steps(&[b"\0\0\x01"]), (vec![], 0));
        assert_eq!(Codec::H264.unit_name(7), Some("sequence parameters"));
    }
}
