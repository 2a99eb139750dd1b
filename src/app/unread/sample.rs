//! The first bytes of one direction, counted, and what base64 and hexadecimal digits among them stand for
//! (RFC 4648 sections 4, 5 and 8).

use crate::limits::{UNREAD_BYTES, UNREAD_HEAD_BYTES};

/// Digits in a row that no word of a language is as long as, nor a number or an identifier.
const RUN: usize = 64;

/// How often each byte occurred.
pub(super) struct Histogram {
    counts: [u16; 256],
    length: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: [0; 256], length: 0 }
    }
}

impl Histogram {
    /// Of at most [`UNREAD_BYTES`] bytes.
    const fn note(&mut self, byte: u8) {
        self.counts[byte as usize] += 1;
        self.length += 1;
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// 256 times the estimated chance that two bytes are the same; without the error of few bytes.
    #[expect(clippy::cast_precision_loss, reason = "some thousand bytes are counted")]
    pub(super) fn ratio(&self) -> f64 {
        let pairs: u64 = self.counts.iter().map(|count| u64::from(*count)).map(|count| count * count.saturating_sub(1)).sum();
        let all = self.length * self.length.saturating_sub(1);
        if all == 0 { 256.0 } else { 256.0 * pairs as f64 / all as f64 }
    }

    /// Standard deviations in a distance of 1 from the ratio of random bytes.
    #[expect(clippy::cast_precision_loss, reason = "some thousand bytes are counted")]
    pub(super) fn scale(&self) -> f64 {
        self.length.saturating_sub(1) as f64 / 510.0_f64.sqrt()
    }

    /// No control characters, and as many bytes that continue a character of UTF-8 as its first bytes announce
    /// (RFC 3629 section 3), but for one character cut at each end.
    pub(super) fn is_text(&self) -> bool {
        let sum =
            |from: usize, to: usize| -> u64 { self.counts.get(from..=to).unwrap_or_default().iter().map(|count| u64::from(*count)).sum() };
        let controls = sum(0x00, 0x08) + sum(0x0b, 0x0b) + sum(0x0e, 0x1f) + sum(0x7f, 0x7f);
        let impossible = sum(0xc0, 0xc1) + sum(0xf5, 0xff);
        let announced = sum(0xc2, 0xdf) + 2 * sum(0xe0, 0xef) + 3 * sum(0xf0, 0xf4);
        controls == 0 && impossible == 0 && announced.abs_diff(sum(0x80, 0xbf)) <= 3
    }
}

/// Digits and what they stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alphabet {
    Base64,
    Hex,
}

impl Alphabet {
    const fn bits(self) -> u32 {
        match self {
            Self::Base64 => 6,
            Self::Hex => 4,
        }
    }

    const fn reading(self, byte: u8) -> Option<u8> {
        let value = match (self, byte) {
            (Self::Base64, b'A'..=b'Z') => byte - b'A',
            (Self::Base64, b'a'..=b'z') => byte - b'a' + 26,
            (Self::Base64, b'0'..=b'9') => byte - b'0' + 52,
            (Self::Base64, b'+' | b'-') => 62,
            (Self::Base64, b'/' | b'_') => 63,
            (Self::Hex, b'0'..=b'9') => byte - b'0',
            (Self::Hex, b'a'..=b'f') => byte - b'a' + 10,
            (Self::Hex, b'A'..=b'F') => byte - b'A' + 10,
            _ => return None,
        };
        Some(value)
    }

    /// What a digit stands for.
    fn value(self, byte: u8) -> Option<u32> {
        let table = if self == Self::Hex { &HEX } else { &BASE64 };
        table.get(usize::from(byte)).copied().flatten().map(u32::from)
    }
}

static BASE64: [Option<u8>; 256] = readings(Alphabet::Base64);
static HEX: [Option<u8>; 256] = readings(Alphabet::Hex);

const fn readings(alphabet: Alphabet) -> [Option<u8>; 256] {
    let mut readings = [None; 256];
    let mut byte = u8::MAX;
    loop {
        readings[byte as usize] = alphabet.reading(byte);
        if byte == 0 {
            return readings;
        }
        byte -= 1;
    }
}

/// The first bytes of one direction.
#[derive(Default)]
pub(super) struct Sample {
    head: Vec<u8>,
    histogram: Histogram,
    /// Digits of the run that is going on, until it is long enough.
    run: Vec<u8>,
    /// What a long run goes on in, the bits that are left over, and how many.
    alphabet: Option<(Alphabet, u32, u32)>,
    /// Digits in long runs.
    digits: u64,
    decoded: Histogram,
    decoded_head: Vec<u8>,
}

impl Sample {
    pub(super) const fn is_hungry(&self) -> bool {
        self.histogram.length() < UNREAD_BYTES
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        let room = usize::try_from(UNREAD_BYTES.saturating_sub(self.histogram.length())).unwrap_or(usize::MAX);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        let head = UNREAD_HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend_from_slice(bytes.get(..head).unwrap_or(bytes));
        bytes.iter().for_each(|byte| self.histogram.note(*byte));
        bytes.iter().for_each(|byte| self.follow(*byte));
    }

    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(super) const fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// What the digits stand for, when they are most of it.
    pub(super) fn encoded(&self) -> Option<(&Histogram, &[u8])> {
        (self.digits.saturating_mul(2) > self.histogram.length()).then_some((&self.decoded, &self.decoded_head))
    }

    fn follow(&mut self, byte: u8) {
        match self.alphabet {
            // Lines of a long run are broken (RFC 2045 section 6.8).
            _ if matches!(byte, b'\r' | b'\n') && (self.alphabet.is_some() || !self.run.is_empty()) => {}
            Some((alphabet, bits, count)) => match alphabet.value(byte) {
                Some(value) => self.digit(alphabet, value, (bits, count)),
                None => self.alphabet = None,
            },
            None if Alphabet::Base64.value(byte).is_some() => {
                self.run.push(byte);
                if self.run.len() == RUN {
                    self.begin();
                }
            }
            None => self.run.clear(),
        }
    }

    /// A run has become long: of hexadecimal digits alone it is hexadecimal.
    fn begin(&mut self) {
        let run = std::mem::take(&mut self.run);
        let is_hex = run.iter().all(|byte| Alphabet::Hex.value(*byte).is_some());
        let alphabet = if is_hex { Alphabet::Hex } else { Alphabet::Base64 };
        self.alphabet = Some((alphabet, 0, 0));
        for byte in run {
            if let (Some(value), Some((_, bits, count))) = (alphabet.value(byte), self.alphabet) {
                self.digit(alphabet, value, (bits, count));
            }
        }
    }

    fn digit(&mut self, alphabet: Alphabet, value: u32, (bits, count): (u32, u32)) {
        self.digits = self.digits.saturating_add(1);
        let (mut bits, mut count) = (bits << alphabet.bits() | value, count + alphabet.bits());
        if count >= 8 {
            count -= 8;
            let [.., byte] = (bits >> count).to_be_bytes();
            bits &= (1 << count) - 1;
            self.decoded.note(byte);
            if self.decoded_head.len() < UNREAD_HEAD_BYTES {
                self.decoded_head.push(byte);
            }
        }
        self.alphabet = Some((alphabet, bits, count));
    }
}
