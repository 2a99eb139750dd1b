//! Positions that are no decimal numbers beside names: degrees with minutes and seconds, sentences of satellite receivers, and
//! JSON in base64.
//!
//! | written as | cue | check |
//! |---|---|---|
//! | `37°46'12"N 122°25'10"W` | the mark of degrees, as UTF-8, escaped, in a URL, or the word | minutes and seconds below 60; letters; both within 24 bytes |
//! | `$GPGGA,…`, `$GNRMC,…` (NMEA 0183) | `GGA,`, `RMC,` | its talker, a fix, its checksum where it is there |
//! | base64 of JSON | `{"`, `[{` in base64, where digits of base64 begin | names beside numbers, as in clear |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::detect::{Detected, coordinates, run};
use super::view::View;

/// Bytes of a pair of angles, of a sentence, and of base64 that are looked at.
pub(super) const ANGLES_BYTES: u64 = 96;
pub(super) const SENTENCE_BYTES: u64 = 90;
pub(super) const PACKED_BYTES: u64 = 2_048;
/// Places in base64 that may begin a pair of numbers.
const PACKED_PLACES: usize = 8;

const DEGREE: &[&[u8]] = &["°".as_bytes(), b"\\u00b0", b"%C2%B0", b" deg "];
const MINUTE: &[&[u8]] = &[b"'", "′".as_bytes(), b"%27", b"\\u0027", b"\\u2032", b"%E2%80%B2", b"&#39;"];
const SECOND: &[&[u8]] = &[b"\\\"", b"\"", "″".as_bytes(), b"''", b"%22", b"\\u2033", b"%E2%80%B3", b"&quot;"];
const SPACE: &[&[u8]] = &[b" ", b"+", b"%20"];
const BETWEEN: &[&[u8]] = &[b" ", b",", b";", b"/", b"+", b"%20", b"%2C", b"\""];

/// Text being read.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// One of these marks, in upper or lower case.
    fn mark(&mut self, marks: &[&[u8]]) -> Option<()> {
        let starts = |mark: &&&[u8]| self.0.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
        let length = marks.iter().find(starts)?.len();
        self.0 = self.0.get(length..)?;
        Some(())
    }

    fn skip(&mut self, marks: &[&[u8]]) {
        for _ in 0..4 {
            if self.mark(marks).is_none() {
                return;
            }
        }
    }

    fn number(&mut self) -> Option<f64> {
        let digits = run(self.0, |byte| byte.is_ascii_digit() || byte == b'.');
        self.0 = self.0.get(digits.len()..)?;
        std::str::from_utf8(digits).ok().filter(|digits| digits.len() <= 12)?.parse().ok()
    }

    /// Degrees, minutes, seconds that may be left out, and one of two letters.
    fn angle(&mut self, letters: [u8; 2], most: f64) -> Option<f64> {
        let degrees = self.number()?;
        self.mark(DEGREE)?;
        self.skip(SPACE);
        let minutes = self.number().filter(|minutes| *minutes < 60.0)?;
        self.mark(MINUTE)?;
        self.skip(SPACE);
        let seconds = match self.0.first() {
            Some(b'0'..=b'9') => {
                let seconds = self.number().filter(|seconds| *seconds < 60.0)?;
                self.mark(SECOND)?;
                seconds
            }
            _ => 0.0,
        };
        self.skip(SPACE);
        let letter = self.0.first()?.to_ascii_uppercase();
        let sign = letters.iter().position(|known| *known == letter)?;
        self.0 = self.0.get(1..)?;
        let value = degrees + minutes / 60.0 + seconds / 3_600.0;
        (value <= most).then_some(if sign == 0 { value } else { -value })
    }
}

/// Degrees, minutes and seconds of both, at the mark of the first one's degrees.
pub(super) fn angles(view: &View<'_>, start: u64, _: u64) -> Option<Detected> {
    let before = view.until(start, 3);
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count() as u64;
    let first = start.saturating_sub(digits);
    if digits == 0 || view.before(first).is_some_and(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let mut text = Text(view.from(first, ANGLES_BYTES as usize));
    let lat = text.angle([b'N', b'S'], 90.0)?;
    text.skip(BETWEEN);
    let lon = text.angle([b'E', b'W'], 180.0)?;
    Detected::position("degrees, minutes, seconds", first, (lat, lon))
}

/// A sentence that tells where the receiver is.
pub(super) fn sentence(view: &View<'_>, start: u64, _: u64) -> Option<Detected> {
    let [b'$', talker @ ..] = view.until(start, 3) else { return None };
    let line = run(view.from(start, SENTENCE_BYTES as usize), |byte| (b' '..=b'~').contains(&byte) && byte != b'$');
    let (body, sum) = line.iter().position(|byte| *byte == b'*').map_or((line, None), |at| (&line[..at], line.get(at + 1..at + 3)));
    let found = talker.iter().chain(body).fold(0, |sum, byte| sum ^ byte);
    let is_right = |sum: &[u8]| std::str::from_utf8(sum).is_ok_and(|sum| u8::from_str_radix(sum, 16) == Ok(found));
    if !talker.iter().all(u8::is_ascii_uppercase) || !sum.is_none_or(is_right) {
        return None;
    }
    let fields: Vec<&[u8]> = body.split(|byte| *byte == b',').collect();
    let field = |at: usize| fields.get(at).copied().unwrap_or_default();
    let at = match field(0) {
        b"GGA" if !matches!(field(6), b"" | b"0") => 2,
        b"RMC" if field(2) == b"A" => 3,
        _ => return None,
    };
    let lat = minutes(field(at), (field(at + 1), [b"N", b"S"]), 90.0)?;
    let lon = minutes(field(at + 2), (field(at + 3), [b"E", b"W"]), 180.0)?;
    Detected::position("NMEA 0183", start.saturating_sub(3), (lat, lon))
}

/// `ddmm.mmmm`, and a letter for its sign.
fn minutes(value: &[u8], (letter, letters): (&[u8], [&[u8; 1]; 2]), most: f64) -> Option<f64> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))?;
    let (degrees, minutes) = text.split_at_checked(text.find('.')?.checked_sub(2)?)?;
    let minutes: f64 = minutes.parse().ok().filter(|minutes| *minutes < 60.0)?;
    let value = degrees.parse::<f64>().ok()? + minutes / 60.0;
    let sign = letters.iter().position(|known| known.as_slice() == letter)?;
    (value <= most).then_some(if sign == 0 { value } else { -value })
}

/// JSON in base64, from its first digit on.
pub(super) fn packed(view: &View<'_>, start: u64, _: u64) -> Option<Detected> {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    if view.before(start).is_some_and(is_digit) {
        return None;
    }
    let digits = run(view.from(start, PACKED_BYTES as usize), is_digit);
    let mut digits: Vec<u8> = digits
        .iter()
        .map(|byte| {
            if *byte == b'-' {
                b'+'
            } else if *byte == b'_' {
                b'/'
            } else {
                *byte
            }
        })
        .collect();
    // Of what goes on behind the bytes at hand, or is cut, the whole groups.
    if !matches!(digits.len() % 4, 0 | 2 | 3) || digits.len() as u64 >= PACKED_BYTES {
        digits.truncate(digits.len() - digits.len() % 4);
    }
    let plain = STANDARD_NO_PAD.decode(&digits).ok()?;
    let inner = View::new(&plain, 0);
    let lower = plain.to_ascii_lowercase();
    let places = memchr::memmem::find_iter(&lower, b"lat").take(PACKED_PLACES);
    let found = places.filter_map(|at| {
        let name = if lower.get(at..).is_some_and(|rest| rest.starts_with(b"latitude")) { 8 } else { 3 };
        coordinates(&inner, at as u64, (at + name) as u64)
    });
    let Detected { place, .. } = found.into_iter().next()?;
    Detected::position("named numbers, base64", start, place?)
}
