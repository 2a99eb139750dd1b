//! What a study file says of the clock of a log: `clock = { offset = "-2.5 s", drift_ppm = 120 }`.

use serde::Deserialize;

use super::actions::moment;
use crate::time::{Span, Timestamp};

/// What is given; what is not given is estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// To be added to the log's times to have the captures'.
    pub offset: Option<Offset>,
    /// How much faster the captures' clock runs.
    pub drift_ppm: Option<Ppm>,
    /// When the offset held, by the log's clock; its first action when not given.
    pub at: Option<At>,
}

/// A number of seconds, or a text with units: `-2.5`, `"2 h"`, `"-1m 30s"`, `"250 ms"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Offset(
    /// The time.
    pub Span,
);

/// Parts of a million, no more than [`Ppm::MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Ppm(
    /// The number.
    pub f64,
);

/// A moment: RFC 3339, or seconds or milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct At(
    /// The moment.
    pub Timestamp,
);

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected seconds, or a text with units as \"-2.5 s\" or \"2 h\"")]
enum Written {
    Seconds(f64),
    Text(String),
}

impl Ppm {
    /// Beyond it a number is of another unit: this is 86 seconds a day, ten times what a bad crystal does.
    pub const MOST: f64 = 1_000.0;
}

impl TryFrom<Written> for Offset {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Seconds(seconds) => seconds_of(seconds).map(Self).ok_or_else(|| format!("{seconds} s is no offset of a clock")),
            Written::Text(text) => {
                span(&text).map(Self).ok_or_else(|| format!("{text:?} is no time; expected one as \"-2.5 s\" or \"2 h\""))
            }
        }
    }
}

impl TryFrom<f64> for Ppm {
    type Error = String;

    fn try_from(ppm: f64) -> Result<Self, String> {
        let is_sane = ppm.abs() <= Self::MOST;
        is_sane
            .then_some(Self(ppm))
            .ok_or_else(|| format!("no clock drifts by {ppm} parts of a million; at most {} can be given", Self::MOST))
    }
}

impl TryFrom<String> for At {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        moment(&text).map(Self).ok_or_else(|| format!("{text:?} is no time; expected RFC 3339, as 2026-11-22T15:13:18.661Z"))
    }
}

fn span(text: &str) -> Option<Span> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return seconds_of(seconds);
    }
    let length: jiff::SignedDuration = text.parse().ok()?;
    i64::try_from(length.as_nanos()).ok().map(Span::from_nanos)
}

/// Seconds with their fraction, up to thirty years.
#[expect(clippy::cast_possible_truncation, reason = "an offset of seconds is bounded here")]
pub(super) fn seconds_of(seconds: f64) -> Option<Span> {
    (seconds.abs() <= 1e9).then(|| Span::from_nanos((seconds * 1e9).round() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Result<Given, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.to_string())
    }

    #[test]
    fn offsets_are_numbers_or_texts() {
        let offset = |text: &str| given(&format!("offset = {text}")).unwrap().offset.unwrap().0.millis();
        let read = ["-2.5", "4", "\"-2.5\"", "\"-2.5 s\"", "\"2 h\"", "\"-1m 30s\"", "\"250ms\""].map(offset);
        assert_eq!(read, [-2_500.0, 4_000.0, -2_500.0, -2_500.0, 7_200_000.0, -90_000.0, 250.0]);
    }

    #[test]
    fn what_no_clock_does_is_refused_where_it_stands() {
        let told = given("offset = 0\ndrift_ppm = 200000").unwrap_err();
        assert!(told.contains("line 2, column 13") && told.contains("at most 1000"), "{told}");
        assert!(given("drift_ppm = nan").is_err() && given("offset = inf").is_err());
        assert!(given("offset = \"soon\"").unwrap_err().contains("expected one as"));
        assert!(given("at = \"noon\"").unwrap_err().contains("RFC 3339"));
        assert_eq!(given("drift_ppm = 200\nat = \"2026-11-22T15:13:18Z\"").unwrap().drift_ppm, Some(Ppm(200.0)));
    }
}
