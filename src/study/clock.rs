//! The clock of an action log against that of the captures: given, or found from the first effects of actions.

use super::actions::{Log, Logged};
use super::facts::Fact;
use super::kinds::Kinds;
use crate::time::{Span, Timestamp};

/// What to add to the log's times, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) offset: Span,
    pub(super) basis: String,
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

/// Finds the offset of a log.
pub(super) fn clock(log: &Log, given: Option<f64>, facts: &[Fact], kinds: &Kinds) -> Clock {
    if let Some(seconds) = given.filter(|seconds| seconds.is_finite()) {
        return Clock { offset: seconds_of(seconds), basis: format!("given: {seconds} s") };
    }
    let seen = facts.iter().map(|fact| fact.first).min().zip(facts.iter().map(|fact| fact.last).max());
    let is_outside = |logged: &Logged| seen.is_none_or(|(first, last)| logged.time < first || logged.time > last);
    // A clock that is far off is looked for anywhere, one that may be right only near by.
    let reach = if log.is_zoneless || log.actions.iter().all(is_outside) { i64::MAX } else { 2 * EFFECT };
    let delays: Vec<i64> = log.actions.iter().filter_map(|logged| delay(logged, reach, facts, kinds)).collect();
    let (Some(least), Some(most)) = (delays.iter().min().copied(), delays.iter().max().copied()) else {
        return Clock { offset: Span::default(), basis: "assumed: the same clock; no action has an effect to measure by".to_owned() };
    };
    let shown = format!("first effects {:.2} to {:.2} s after {} actions", seconds(least), seconds(most), delays.len());
    if least >= -EARLY && most <= EFFECT {
        return Clock { offset: Span::default(), basis: format!("agrees: {shown}") };
    }
    let zone = (least + ZONE / 2).div_euclid(ZONE) * ZONE;
    if log.is_zoneless && least - zone >= -60 * SECOND && most - least <= EFFECT {
        let rest = if least - zone >= -EARLY { zone } else { least - EARLY };
        return Clock { offset: Span::from_nanos(rest), basis: format!("estimated: {shown}; the log has no zone") };
    }
    if delays.len() >= 2 && most - least <= 3 * SECOND {
        let basis = format!("estimated: {shown}, moved so that none comes before its action");
        return Clock { offset: Span::from_nanos(least - EARLY), basis };
    }
    Clock { offset: Span::default(), basis: format!("assumed: the same clock; {shown}, which fits no single offset") }
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
    time.after(clock.offset)
}

#[expect(clippy::cast_possible_truncation, reason = "an offset of seconds is bounded here")]
fn seconds_of(seconds: f64) -> Span {
    Span::from_nanos((seconds.clamp(-1e9, 1e9) * 1e9).round() as i64)
}

fn seconds(nanos: i64) -> f64 {
    Span::from_nanos(nanos).millis() / 1e3
}
