//! How the captures' clock runs against that of an action log: given, by the answers of time servers, or by the TCP
//! timestamps of the device.
//!
//! | sign | compares the captures' clock with | is the log's where |
//! |---|---|---|
//! | answers of time servers, ten minutes or more apart | the right time | the log was written by a clock that is kept right |
//! | TCP timestamps (RFC 7323) over ten minutes or more | the device's | the log was written on the device |
//!
//! Which of the two holds, a log does not say. Where both signs tell the same it does not matter; where they differ, or a
//! sign makes the effects of actions fit worse, the effects decide. Without signs no drift is assumed.

use super::clock::Reading;
use super::given::Ppm;
use crate::record::ClockRate;
use crate::time::Span;

/// How much faster the captures' clock runs than the log's, and what that rests on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drift {
    /// Parts of a million; none when no drift is assumed.
    pub(super) ppm: Option<f64>,
    /// given, estimated, none assumed; with what was seen.
    pub(super) basis: String,
}

/// What a sign tells.
#[derive(Clone, Debug, PartialEq)]
struct Sign {
    rate: ClockRate,
    told: String,
}

/// Time between readings below which they tell no drift.
const OVER: Span = Span::from_secs(600);
/// Most that is believed: beyond it a clock was set, or stood still (RFC 5905 bounds a clock's frequency by the same).
const SANE: f64 = 500.0;
/// How many times its error a rate by TCP timestamps must be: the error is a mean, not a bound.
const CERTAIN: f64 = 4.0;
/// Difference between spreads of first effects that decides.
const DECIDES: i64 = 1_000_000_000;

/// The drift, where `spread` tells how far the delays of first effects lie apart under one.
pub(super) fn drift(given: Option<Ppm>, signs: (&[Reading], &[ClockRate]), spread: &dyn Fn(f64) -> Option<i64>) -> Drift {
    if let Some(Ppm(ppm)) = given {
        return Drift { ppm: Some(ppm), basis: format!("given: {ppm} ppm") };
    }
    match (servers(signs.0), device(signs.1)) {
        (Err(why), Err(other)) => none(&format!("{why}, {other}")),
        (Ok(sign), Err(_)) | (Err(_), Ok(sign)) => by_one(&sign, spread),
        (Ok(one), Ok(other)) => by_two(&one, &other, spread),
    }
}

fn none(why: &str) -> Drift {
    Drift { ppm: None, basis: format!("none assumed: {why}") }
}

fn by_one(sign: &Sign, spread: &dyn Fn(f64) -> Option<i64>) -> Drift {
    if sign.rate.ppm == 0.0 {
        return none(&format!("{} see none", sign.told));
    }
    let spreads = spread(0.0).zip(spread(sign.rate.ppm));
    match spreads.filter(|(without, with)| *with > *without + DECIDES) {
        Some((without, with)) => none(&format!(
            "{} tell {}, but with it first effects would lie {:.1} s apart, without it {:.1} s",
            sign.told,
            shown(sign.rate),
            seconds(with),
            seconds(without)
        )),
        None => Drift { ppm: Some(sign.rate.ppm), basis: format!("estimated: {} tell {}", sign.told, shown(sign.rate)) },
    }
}

fn by_two(one: &Sign, other: &Sign, spread: &dyn Fn(f64) -> Option<i64>) -> Drift {
    let are_same = (one.rate.ppm - other.rate.ppm).abs() <= one.rate.error_ppm + other.rate.error_ppm;
    let mut ranked = [one, other];
    if are_same {
        ranked.sort_by(|a, b| a.rate.error_ppm.total_cmp(&b.rate.error_ppm));
        let [better, worse] = ranked;
        let found = by_one(better, spread);
        return Drift { basis: format!("{}; so do {}", found.basis, worse.told), ..found };
    }
    let both = format!("{} tell {}, {} {}", one.told, shown(one.rate), other.told, shown(other.rate));
    let spreads = spread(one.rate.ppm).zip(spread(other.rate.ppm)).filter(|(a, b)| (a - b).abs() > DECIDES);
    let Some((first, second)) = spreads else { return none(&format!("{both}, and no effects decide")) };
    ranked.sort_by_key(|sign| if std::ptr::eq(*sign, one) { first } else { second });
    let [better, _] = ranked;
    let found = by_one(better, spread);
    Drift { basis: format!("{}; {both}", found.basis), ..found }
}

/// What the answers of time servers tell: the surest of the first third of the time against the surest of the last.
fn servers(readings: &[Reading]) -> Result<Sign, String> {
    const SILENT: &str = "no answers of time servers ten minutes or more apart";
    let span = readings.first().zip(readings.last()).map(|(first, last)| (first.time, last.time.since(first.time).nanos()));
    let Some((began, length)) = span.filter(|(_, length)| *length >= OVER.nanos()) else { return Err(SILENT.to_owned()) };
    let within = |from: i64, to: i64| {
        let is_in = |reading: &&Reading| (from..=to).contains(&reading.time.since(began).nanos());
        readings.iter().filter(is_in).min_by_key(|reading| reading.uncertainty.nanos())
    };
    let Some((first, last)) = within(0, length / 3).zip(within(length - length / 3, length)) else { return Err(SILENT.to_owned()) };
    let between = last.time.since(first.time).millis();
    let parts = |span: i64| Span::from_nanos(span).millis() / between * 1e6;
    let ppm = parts(last.offset.nanos().saturating_sub(first.offset.nanos()));
    let error_ppm = parts(first.uncertainty.nanos().saturating_add(last.uncertainty.nanos()));
    let told = format!("{} answers of time servers over {:.1} h", readings.len(), between / 3.6e6);
    sign(ClockRate { ppm, error_ppm }, told)
}

/// What the surest of the device's connections tells.
fn device(rates: &[ClockRate]) -> Result<Sign, String> {
    let surest = rates.iter().min_by(|a, b| a.error_ppm.total_cmp(&b.error_ppm));
    let Some(rate) = surest else { return Err("no TCP timestamps of the device over ten minutes or more".to_owned()) };
    sign(ClockRate { ppm: rate.ppm, error_ppm: rate.error_ppm * CERTAIN }, "TCP timestamps of the device".to_owned())
}

/// A rate within its error is none; one beyond what clocks do is no sign.
fn sign(rate: ClockRate, told: String) -> Result<Sign, String> {
    if rate.ppm.abs() <= rate.error_ppm {
        return Ok(Sign { rate: ClockRate { ppm: 0.0, ..rate }, told });
    }
    if rate.ppm.abs() > SANE {
        return Err(format!("{told} tell {}, more than a clock drifts: it was set, or stood still", shown(rate)));
    }
    Ok(Sign { rate, told })
}

fn shown(rate: ClockRate) -> String {
    format!("{:.1} ppm to {:.1}", rate.ppm, rate.error_ppm)
}

fn seconds(nanos: i64) -> f64 {
    Span::from_nanos(nanos).millis() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn reading(seconds: i64, offset_ms: i64, uncertainty_ms: i64) -> Reading {
        let millis = |millis: i64| Span::from_nanos(millis * 1_000_000);
        Reading { time: Timestamp::from_parts(seconds, 0), offset: millis(offset_ms), uncertainty: millis(uncertainty_ms) }
    }

    fn rate(ppm: f64, error_ppm: f64) -> ClockRate {
        ClockRate { ppm, error_ppm }
    }

    fn found(readings: &[Reading], rates: &[ClockRate]) -> Drift {
        drift(None, (readings, rates), &|_| None)
    }

    #[test]
    fn without_signs_no_drift_is_assumed() {
        let drift = found(&[], &[]);
        assert_eq!(drift.ppm, None);
        assert_eq!(
            drift.basis,
            "none assumed: no answers of time servers ten minutes or more apart, no TCP timestamps of the device over ten minutes or more"
        );
        assert_eq!(found(&[reading(0, 0, 1), reading(300, 900, 1)], &[]).ppm, None, "too near to each other");
        let within = found(&[reading(0, 0, 10), reading(10_000, 15, 10)], &[]);
        assert!(within.ppm.is_none() && within.basis.ends_with("see none"), "{}", within.basis);
    }

    #[test]
    fn the_surest_readings_of_both_ends_count() {
        let drift = found(&[reading(0, 5_000, 4_000), reading(100, 0, 10), reading(9_900, 1_960, 10), reading(10_000, 0, 3_000)], &[]);
        assert!((drift.ppm.unwrap() - 200.0).abs() < 0.01, "{drift:?}");
        assert_eq!(drift.basis, "estimated: 4 answers of time servers over 2.7 h tell 200.0 ppm to 2.0");
    }

    #[test]
    fn a_clock_that_was_set_is_no_drift() {
        let drift = found(&[reading(0, 0, 1), reading(10_000, 60_000, 1)], &[]);
        assert!(drift.ppm.is_none() && drift.basis.contains("it was set, or stood still"), "{}", drift.basis);
    }

    #[test]
    fn timestamps_of_the_device_tell_where_they_are_sure() {
        let drift = found(&[], &[rate(150.0, 80.0), rate(201.0, 3.0)]);
        assert!(drift.ppm == Some(201.0) && drift.basis.starts_with("estimated: TCP timestamps of the device"), "{drift:?}");
        assert_eq!(found(&[], &[rate(150.0, 80.0)]).ppm, None);
    }

    #[test]
    fn where_signs_differ_the_effects_decide() {
        let servers = [reading(0, 0, 1), reading(10_000, 2_000, 1)];
        let same = found(&servers, &[rate(198.0, 2.0)]);
        assert!(same.ppm.is_some_and(|ppm| (ppm - 200.0).abs() < 0.01) && same.basis.contains("so do TCP timestamps"), "{}", same.basis);
        let open = found(&servers, &[rate(-50.0, 2.0)]);
        assert!(open.ppm.is_none() && open.basis.ends_with("and no effects decide"), "{}", open.basis);
        let spread = |fits: f64| move |ppm: f64| Some(if (ppm - fits).abs() < 1.0 { 500_000_000 } else { 3_000_000_000 });
        assert_eq!(drift(None, (&servers, &[rate(-50.0, 2.0)]), &spread(-50.0)).ppm, Some(-50.0));
        let not = drift(None, (&servers, &[]), &spread(0.0));
        assert!(not.ppm.is_none() && not.basis.contains("would lie 3.0 s apart, without it 0.5 s"), "{}", not.basis);
    }
}
