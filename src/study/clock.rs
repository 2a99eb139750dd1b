//! The clock of an action log against that of the captures: given, found from the first effects of actions, or from the
//! answers of time servers that the captures hold; and how it runs, which is [`super::drift`].
//!
//! Effects come first: they compare the very two clocks. A time server tells how far the capture's clock is from the right
//! time, which is the log's only if that was right. A clock that runs fast or slow is a matter of milliseconds in a run of
//! minutes, but of seconds in one of hours: actions then miss what they caused.

use super::actions::{Log, Logged};
use super::drift::{Drift, drift};
use super::facts::Fact;
use super::given::{Given, Offset};
use super::kinds::Kinds;
use crate::record::ClockRate;
use crate::time::{Span, Timestamp};

/// What to add to the log's times, and why.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clock {
    /// At `from`.
    pub(super) offset: Span,
    pub(super) basis: String,
    pub(super) drift: Drift,
    /// When the offset holds, by the log's clock: the drift counts from there.
    from: Timestamp,
}

/// What the captures tell of clocks.
pub(super) struct Signs<'a> {
    pub(super) kinds: &'a Kinds,
    pub(super) facts: &'a [Fact],
    /// In the order of time.
    pub(super) readings: &'a [Reading],
    /// How the captures' clock runs against the device's, by connection.
    pub(super) device: &'a [ClockRate],
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
/// Zones differ by quarters of an hour.
const ZONE: i64 = 900 * SECOND;

/// Finds the offset of a log, and how its clock runs.
pub(super) fn clock(log: &Log, given: Given, signs: &Signs<'_>) -> Clock {
    let began = log.actions.iter().map(|logged| logged.time).min().unwrap_or_default();
    let from = given.at.map_or(began, |at| at.0);
    let spread = |ppm: f64| {
        let delays = delays(&running(log, from, ppm), signs);
        delays.iter().max().zip(delays.iter().min()).filter(|_| delays.len() > 1).map(|(most, least)| most - least)
    };
    let drift = drift(given.drift_ppm, (signs.readings, signs.device), &spread);
    let ppm = drift.ppm.unwrap_or_default();
    let (offset, basis) = match given.offset {
        Some(Offset(offset)) => (offset, format!("given: {} s", offset.millis() / 1e3)),
        None => found(&running(log, from, ppm), (from, ppm), signs),
    };
    Clock { offset, basis, drift, from }
}

/// The log as if its clock ran as the captures'.
fn running(log: &Log, from: Timestamp, ppm: f64) -> Log {
    let run = |logged: &Logged| Logged { time: logged.time.after(drifted(logged.time.since(from), ppm)), ..logged.clone() };
    Log { actions: log.actions.iter().map(run).collect(), ..*log }
}

/// The offset that the captures tell.
fn found(log: &Log, (from, ppm): (Timestamp, f64), signs: &Signs<'_>) -> (Span, String) {
    let (offset, basis) = by_effects(log, signs);
    let Some(best) = signs.readings.iter().min_by_key(|reading| reading.uncertainty.nanos()) else { return (offset, basis) };
    let shown = format!(
        "by {} answers of time servers the captures are {:.3} s ahead of them, to {:.3} s",
        signs.readings.len(),
        best.offset.millis() / 1e3,
        best.uncertainty.millis() / 1e3
    );
    // Nothing was caused that could be measured: the log is taken to be right, which the captures may not be.
    let is_off = best.offset.nanos().abs() > best.uncertainty.nanos().max(EARLY);
    if basis.starts_with("assumed") && !log.is_zoneless && is_off {
        let why = basis.trim_start_matches("assumed: the same clock; ");
        let basis = format!("estimated: {shown}; taking the log to be right, since {why}");
        let answered = Timestamp::from_nanos(best.time.since(Timestamp::from_nanos(best.offset.nanos())).nanos());
        let offset = best.offset.nanos().saturating_add(drifted(from.since(answered), ppm).nanos());
        return (Span::from_nanos(offset), basis);
    }
    (offset, format!("{basis}; {shown}"))
}

fn delays(log: &Log, signs: &Signs<'_>) -> Vec<i64> {
    let facts = signs.facts;
    let seen = facts.iter().map(|fact| fact.first).min().zip(facts.iter().map(|fact| fact.last).max());
    let is_outside = |logged: &Logged| seen.is_none_or(|(first, last)| logged.time < first || logged.time > last);
    // A clock that is far off is looked for anywhere, one that may be right only near by.
    let reach = if log.is_zoneless || log.actions.iter().all(is_outside) { i64::MAX } else { 2 * EFFECT };
    log.actions.iter().filter_map(|logged| delay(logged, reach, facts, signs.kinds)).collect()
}

fn by_effects(log: &Log, signs: &Signs<'_>) -> (Span, String) {
    let delays = delays(log, signs);
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
pub(super) fn moved(time: Timestamp, clock: &Clock) -> Timestamp {
    time.after(clock.offset).after(drifted(time.since(clock.from), clock.drift.ppm.unwrap_or_default()))
}

/// What a clock that runs so much faster is ahead after a time.
#[expect(clippy::cast_possible_truncation, reason = "a thousandth of what a span holds, at most")]
fn drifted(after: Span, ppm: f64) -> Span {
    Span::from_nanos((after.millis() * ppm).round() as i64)
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

    fn told(given: Given, readings: &[Reading]) -> Clock {
        let logged = Logged { time: Timestamp::from_parts(1_000, 0), action: "land".to_owned(), note: None };
        let log = Log { actions: vec![logged], is_zoneless: false };
        clock(&log, given, &Signs { kinds: &Kinds::shipped().unwrap(), facts: &[], readings, device: &[] })
    }

    fn at(clock: &Clock, seconds: i64) -> f64 {
        moved(Timestamp::from_parts(seconds, 0), clock).since(Timestamp::from_parts(seconds, 0)).millis().round()
    }

    #[test]
    fn without_effects_a_time_server_tells_the_capture_s_clock() {
        let clock = told(Given::default(), &[reading(1_000, 42_000)]);
        assert_eq!((clock.offset, clock.drift.ppm), (Span::from_secs(42), None));
        assert!(clock.basis.starts_with("estimated: by 1 answers of time servers"), "{}", clock.basis);
        let same = told(Given::default(), &[reading(1_000, 7)]);
        assert_eq!(same.offset, Span::default(), "{}", same.basis);
        assert!(same.basis.starts_with("assumed") && same.basis.contains("0.007 s ahead"), "{}", same.basis);
    }

    #[test]
    fn a_clock_that_runs_fast_is_followed() {
        let clock = told(Given::default(), &[reading(1_000, 42_000), reading(11_000, 43_000)]);
        assert!((clock.drift.ppm.unwrap() - 100.0).abs() < 1e-6);
        assert_eq!((at(&clock, 958), at(&clock, 20_958)), (42_000.0, 44_000.0));
    }

    #[test]
    fn what_is_given_counts_from_when_it_held() {
        let given: Given = toml::from_str("offset = \"-2 s\"\ndrift_ppm = 500\nat = \"1970-01-01T00:10:00Z\"").unwrap();
        let clock = told(given, &[reading(1_000, 42_000)]);
        assert_eq!((at(&clock, 600), at(&clock, 4_600)), (-2_000.0, 0.0));
        assert_eq!((clock.basis.as_str(), clock.drift.basis.as_str()), ("given: -2 s", "given: 500 ppm"));
        let still: Given = toml::from_str("drift_ppm = 0").unwrap();
        assert_eq!(told(still, &[reading(1_000, 42_000), reading(11_000, 43_000)]).drift.ppm, Some(0.0), "none by the analyst's word");
    }
}
