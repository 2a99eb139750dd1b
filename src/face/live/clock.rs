//! The machine's clock, which only a live session asks: for the names of its files and for when to show and rotate.
//! Tables know the time of packets alone.

use std::time::Instant;

use crate::time::Timestamp;

/// Now, to measure from.
#[expect(clippy::disallowed_methods, reason = "a face may read the clock")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Now, as packets tell time.
pub(super) fn timestamp() -> Timestamp {
    Timestamp::from_nanos(i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX))
}

/// Now, as names of files tell it: `20261122T134626Z`.
pub(super) fn stamp() -> String {
    jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The time of day to the second, UTC.
pub(super) fn time_of_day() -> String {
    jiff::Timestamp::now().strftime("%H:%M:%S").to_string()
}
