//! The clock of an action log against that of the captures: given, found from the first effects of actions, or from the
//! answers of time servers that the captures hold.
//!
//! Effects come first: they compare the very two clocks. A time server tells how far the capture's clock is from the right
//! time, which is the log's only if that was right. What its answers also tell is whether the capture's clock runs fast
//! or slow; over a run this is a matter of milliseconds, but a run of a day may be seconds off.

use super::actions::{Log, Logged};
use super::facts::Fact;
use super::kinds::Kinds;
use crate::time::{Span, Timestamp};

/// What to add to the log's times, and why.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clock {
    pub(super) offset: Span,
    pub(super) basis: String,
    /// How much faster the capture's clock runs than the right time, in parts of a million.
    pub(super) drift: Option<f64>,
    /// When the offset holds, where the log's clock is the right time and the drift counts besides.
    measured: Option<Timestamp>,
}

/// The capture's clock less that of a time server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) time: Timestamp,
    pub(super) offset: Span,
    pub(super) uncertainty: Span,
}

const SECOND: i64 = 1_000_000_000;
/// Time in which the first effect of an action is looked for.
const EFFECT: i64 = 15 * SECOND;
/// Time that an effect may seem to come before its action.
const EARLY: i64 = SECOND / 4;
/// Payload above which a flow is taken for what an action asked for, when its kind is not settled.
const LARGE: u64 = 20_000;
/// Time between readings below which they tell no drift.
const DRIFT_OVER: i64 = 600 * SECOND;
/// Zones differ by quarters of an hour.
const ZONE: i64 = 900 * SECOND;

/// Finds the offset of a log, and how the capture's clock runs.
pub(super) fn clock(log: &Log, given: Option<f64>, facts: &[Fact], (kinds, readings): (&Kinds, &[Reading])) -> Clock {
    let drift = drift(readings);
    let clock = |(offset, basis)| Clock { offset, basis, drift, measured: None };
    if let Some(seconds) = given.filter(|seconds| seconds.is_finite()) {
        return clock((seconds_of(seconds), format!("given: {seconds} s")));
    }
    let (offset, basis) = by_effects(log, facts, kinds);
    let Some(best) = readings.iter().min_by_key(|reading| reading.uncertainty.nanos()) else { return clock((offset, basis)) };
    let shown = format!(
        "by {} answers of time servers the captures are {:.3} s ahead of them, to {:.3} s",
        readings.len(),
        best.offset.millis() / 1e3,
        best.uncertainty.millis() / 1e3
    );
    // Nothing was caused that could be measured: the log is taken to be right, which the captures may not be.
    let is_off = best.offset.nanos().abs() > best.uncertainty.nanos().max(EARLY);
    if basis.starts_with("assumed") && !log.is_zoneless && is_off {
        let why = basis.trim_start_matches("assumed: the same clock; ");
        let basis = format!("estimated: {shown}; taking the log to be right, since {why}");
        return Clock { measured: Some(best.time), ..clock((best.offset, basis)) };
    }
    clock((offset, format!("{basis}; {shown}")))
}

/// How the capture's clock runs, where answers lie far enough from each other; none where they cannot tell.
fn drift(readings: &[Reading]) -> Option<f64> {
    let (first, last) = (readings.first()?, readings.last()?);
    let between = last.time.since(first.time);
    let change = last.offset.nanos() - first.offset.nanos();
    let certain = first.uncertainty.nanos() + last.uncertainty.nanos();
    (between.nanos() >= DRIFT_OVER && change.abs() > certain).then(|| Span::from_nanos(change).millis() * 1e6 / between.millis())
}

fn by_effects(log: &Log, facts: &[Fact], kinds: &Kinds) -> (Span, String) {
    let seen = facts.iter().map(|fact| fact.first).min().zip(facts.iter().map(|fact| fact.last).max());
    let is_outside = |logged: &Logged| seen.is_none_or(|(first, last)| logged.time < first || logged.time > last);
    // A clock that is far off is looked for anywhere, one that may be right only near by.
    let reach = if log.is_zoneless || log.actions.iter().all(is_outside) { i64::MAX } else { 2 * EFFECT };
    let delays: Vec<i64> = log.actions.iter().filter_map(|logged| delay(logged, reach, facts, kinds)).collect();
    let (Some(least), Some(most)) = (delays.iter().min().copied(), delays.iter().max().copied()) else {
        return (Span::default(), "assumed: the same clock; no action has an effect to measure by".to_owned());
    };
    let shown = format!("first effects {:.2} to {:.2} s after {} actions", seconds(least), seconds(most), delays.len());
    if least >= -EARLY && most <= EFFECT {
        return (Span::default(), format!("agrees: {shown}"));
    }
    let zone = (least + ZONE / 2).div_euclid(ZONE) * ZONE;
    if log.is_zoneless && least - zone >= -60 * SECOND && most - least <= EFFECT {
        let rest = if least - zone >= -EARLY { zone } else { least - EARLY };
        return (Span::from_nanos(rest), format!("estimated: {shown}; the log has no zone"));
    }
    if delays.len() >= 2 && most - least <= 3 * SECOND {
        return (Span::from_nanos(least - EARLY), format!("estimated: {shown}, moved so that none comes before its action"));
    }
    (Span::default(), format!("assumed: the same clock; {shown}, which fits no single offset"))
}

/// Time from an action to what it caused: the nearest flow of a kind that it asks for, or after a launch the first
/// flow to the vendor.
fn delay(logged: &Logged, reach: i64, facts: &[Fact], kinds: &Kinds) -> Option<i64> {
    let kind = kinds.of(&logged.action)?;
    let since = |fact: &Fact| fact.first.since(logged.time).nanos();
    if logged.action.to_lowercase().starts_with("launch") {
        let first = facts.iter().find(|fact| fact.is_public() && fact.party == "first").map(since)?;
        // A second launch, or a capture that began later, has no first flow of its own.
        return (first.abs() <= reach).then_some(first);
    }
    let asked = |fact: &&Fact| {
        let sends = |kind_of: &str| kind.sends.iter().any(|sent| sent == kind_of);
        fact.is_public() && fact.payload_out >= LARGE && (sends(fact.category) || fact.candidates.iter().any(|candidate| sends(candidate)))
    };
    facts.iter().filter(asked).map(since).min_by_key(|delay| (delay.abs(), *delay)).filter(|delay| delay.abs() <= reach)
}

/// A time of the log by the capture's clock.
#[expect(clippy::cast_possible_truncation, reason = "parts of a million of a run's length are far below the years that would not fit")]
pub(super) fn moved(time: Timestamp, clock: &Clock) -> Timestamp {
    let moved = time.after(clock.offset);
    let drifted = clock.measured.zip(clock.drift).map_or(0, |(measured, parts)| (moved.since(measured).millis() * parts).round() as i64);
    moved.after(Span::from_nanos(drifted))
}

#[expect(clippy::cast_possible_truncation, reason = "an offset of seconds is bounded here")]
fn seconds_of(seconds: f64) -> Span {
    Span::from_nanos((seconds.clamp(-1e9, 1e9) * 1e9).round() as i64)
}

fn seconds(nanos: i64) -> f64 {
    Span::from_nanos(nanos).millis() / 1e3
}

#[cfg(test)]
mod tests {
    use super::super::actions::Logged;
    use super::*;

    fn reading(seconds: i64, offset: i64) -> Reading {
        let millis = |millis: i64| Span::from_nanos(millis * 1_000_000);
        Reading { time: Timestamp::from_parts(seconds, 0), offset: millis(offset), uncertainty: millis(10) }
    }

    fn found(readings: &[Reading]) -> Clock {
        let logged = Logged { time: Timestamp::from_parts(1_000, 0), action: "land".to_owned(), note: None };
        let log = Log { actions: vec![logged], is_zoneless: false };
        clock(&log, None, &[], (&Kinds::shipped().unwrap(), readings))
    }

    #[test]
    fn without_effects_a_time_server_tells_the_capture_s_clock() {
        let clock = found(&[reading(1_000, 42_000)]);
        assert_eq!((clock.offset, clock.drift), (Span::from_secs(42), None));
        assert!(clock.basis.starts_with("estimated: by 1 answers of time servers"), "{}", clock.basis);
        let same = found(&[reading(1_000, 7)]);
        assert_eq!(same.offset, Span::default(), "{}", same.basis);
        assert!(same.basis.starts_with("assumed") && same.basis.contains("0.007 s ahead"), "{}", same.basis);
    }

    #[test]
    fn a_clock_that_runs_fast_is_followed() {
        let clock = found(&[reading(1_000, 42_000), reading(11_000, 43_000)]);
        assert!((clock.drift.unwrap() - 100.0).abs() < 1e-6);
        let at = |seconds: i64| moved(Timestamp::from_parts(seconds, 0), &clock).since(Timestamp::from_parts(seconds, 0)).millis().round();
        assert_eq!((at(958), at(20_958)), (42_000.0, 44_000.0));
        assert_eq!(found(&[reading(1_000, 42_000), reading(11_000, 42_015)]).drift, None, "within what the answers may be wrong by");
        assert_eq!(found(&[reading(1_000, 0), reading(1_300, 900)]).drift, None, "too near to each other");
    }
}
