//! Numbers as a reader wants them: few digits for bytes, groups of three for counts.

use crate::time::{Span, Timestamp};

const UNITS: &[&str] = &["kB", "MB", "GB", "TB", "PB", "EB"];

/// Bytes with three digits and a decimal unit, as `1.23 MB`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(super) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    let mut unit = "B";
    for larger in UNITS {
        // What would be shown as 1000 belongs to the next unit.
        if value < 999.5 {
            break;
        }
        value /= 1_000.0;
        unit = larger;
    }
    match value {
        _ if unit == "B" => format!("{count} B"),
        _ if value < 9.995 => format!("{value:.2} {unit}"),
        _ if value < 99.95 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

/// A number with its digits in groups of three, as `12,345`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number with the noun it counts.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `part` of `whole` in percent; empty without a whole.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    if part > 0 && percent < 0.05 { "<0.1 %".to_owned() } else { format!("{percent:.1} %") }
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.05 { "<0.1 %".to_owned() } else { format!("{percent:.1} %") }
}

/// A time to the second, as `2019-11-03T12:21:03Z`.
pub(super) fn second(time: Timestamp) -> String {
    let shown = time.to_string();
    shown.split_once('.').map_or_else(|| shown.clone(), |(second, _)| format!("{second}Z"))
}

/// A length of time in its two largest units.
pub(super) fn duration(span: Span) -> String {
    let seconds = span.nanos() / 1_000_000_000;
    match seconds {
        ..60 => format!("{:.1} s", span.millis() / 1_000.0),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_three_digits() {
        let shown = [0, 999, 1_000, 1_234_567, 12_345_678, 999_499, 999_500, u64::MAX].map(bytes);
        assert_eq!(shown, ["0 B", "999 B", "1.00 kB", "1.23 MB", "12.3 MB", "999 kB", "1.00 MB", "18.4 EB"]);
    }

    #[test]
    fn counts_have_groups() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "frame", "frames"), "1 frame");
    }

    #[test]
    fn shares_say_when_there_is_a_little() {
        assert_eq!(
            (share(1, 3), share(1, 10_000), share(0, 5), share(0, 0)),
            ("33.3 %".into(), "<0.1 %".into(), "0.0 %".into(), String::new())
        );
    }

    #[test]
    fn times_and_durations() {
        assert_eq!(second(Timestamp::from_parts(1_572_783_663, 5)), "2019-11-03T12:21:03Z");
        let shown = [1, 61, 3_720, 90_000].map(|seconds| duration(Span::from_secs(seconds)));
        assert_eq!(shown, ["1.0 s", "1 min 1 s", "1 h 2 min", "1 d 1 h"]);
    }
}
