//! Settings compared: what runs with other settings have more, less, or not at all.
//!
//! Runs are grouped by device, application, version and settings. Two groups are compared when they differ in one
//! setting. Of each group those runs are taken whose steps the other group has too; what is left out is said.
//! `appeared` and `vanished` need at least two runs on both sides that all agree; `grew` and `shrank` need that no run
//! before reaches any run after, a difference of a quarter, and an interval of the difference without zero.

use std::collections::{BTreeMap, BTreeSet};

use super::Comparison;
use super::experiment::Experiment;
use super::facts::Fact;
use super::file::Study;
use crate::limits;

/// Runs below which nothing is said.
const RUNS: usize = 2;
/// Least change that is called one.
const CHANGE: f64 = 1.25;
/// Difference in length that is warned about.
const LENGTHS: f64 = 1.2;
/// Seed of the bootstrap.
const SEED: u64 = 0x5eed_2018;

/// Runs under the same conditions.
struct Group<'e, 'a> {
    settings: BTreeMap<String, String>,
    about: (Option<String>, Option<String>, Option<String>),
    runs: Vec<&'e Experiment<'a>>,
}

/// What is compared: its name, and its values in a conversation.
type Dimension = (&'static str, fn(&Fact) -> Vec<String>);

/// The dimensions.
const DIMENSIONS: [Dimension; 4] = [
    ("category", Fact::kinds),
    ("destination", |fact| fact.is_public().then(|| fact.host()).into_iter().collect()),
    ("country", |fact| {
        let country = || fact.country.clone().unwrap_or_else(|| fact.country_basis.to_owned());
        fact.is_public().then(country).into_iter().collect()
    }),
    ("party", |fact| vec![fact.party.to_owned()]),
];

/// What one run has of one value.
#[derive(Clone, Copy, Debug, Default)]
struct Amount {
    flows: f64,
    out: f64,
    inward: f64,
}

/// Every pair of groups that differ in one setting, in every dimension.
pub(super) fn comparisons(study: &Study, experiments: &[Experiment<'_>]) -> Vec<Comparison> {
    let groups = groups(study, experiments);
    let mut rows = Vec::new();
    for (place, before) in groups.iter().enumerate() {
        for after in groups.iter().skip(place + 1).filter(|after| after.about == before.about) {
            if let Some(change) = change(before, after) {
                rows.extend(compared(&change, before, after));
            }
        }
    }
    rows
}

fn groups<'e, 'a>(study: &Study, experiments: &'e [Experiment<'a>]) -> Vec<Group<'e, 'a>> {
    let mut groups: Vec<Group<'e, 'a>> = Vec::new();
    for experiment in experiments {
        let run = experiment.run;
        let settings: BTreeMap<String, String> = run.settings.iter().map(|(name, value)| (name.clone(), value.word())).collect();
        let device = run.device.as_ref().map(|id| id.get_ref().clone());
        let about = (device, study.app_of(run).map(|app| app.id.clone()), experiment.app_version().map(str::to_owned));
        match groups.iter_mut().find(|group| group.settings == settings && group.about == about) {
            Some(group) => group.runs.push(experiment),
            None => groups.push(Group { settings, about, runs: vec![experiment] }),
        }
    }
    groups
}

/// The one setting in which two groups differ.
fn change(before: &Group<'_, '_>, after: &Group<'_, '_>) -> Option<String> {
    let names: BTreeSet<&String> = before.settings.keys().chain(after.settings.keys()).collect();
    let mut differ = names.into_iter().filter(|name| before.settings.get(*name) != after.settings.get(*name));
    let name = differ.next()?;
    let value = |group: &Group<'_, '_>| group.settings.get(name).cloned().unwrap_or_else(|| "not given".to_owned());
    differ.next().is_none().then(|| format!("{name}: {} > {}", value(before), value(after)))
}

fn compared(change: &str, before: &Group<'_, '_>, after: &Group<'_, '_>) -> Vec<Comparison> {
    let mut warnings = Vec::new();
    let (before, after) = same_steps(before, after, &mut warnings);
    let seconds = |runs: &[&Experiment<'_>]| runs.iter().map(|run| run.length().millis() / 1e3).collect::<Vec<_>>();
    let (lengths, lengths_after) = (seconds(&before), seconds(&after));
    let all = || lengths.iter().chain(&lengths_after).copied();
    let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
    if most > least * LENGTHS {
        warnings.push(format!("runs differ in length: {least:.0} to {most:.0} s"));
    }
    let holed: Vec<&str> = before.iter().chain(&after).filter(|run| !run.watch.gaps.is_empty()).map(|run| run.run.id.as_str()).collect();
    if !holed.is_empty() {
        warnings.push(format!("not seen whole: {}", holed.join(", ")));
    }
    let sides = (&before[..], &after[..]);
    DIMENSIONS.iter().flat_map(|dimension| in_dimension(change, *dimension, sides, &warnings)).collect()
}

/// The runs of two groups that took the same steps, else all of them with a warning.
fn same_steps<'e, 'a>(
    before: &Group<'e, 'a>,
    after: &Group<'e, 'a>,
    warnings: &mut Vec<String>,
) -> (Vec<&'e Experiment<'a>>, Vec<&'e Experiment<'a>>) {
    let shared = |runs: &[&'e Experiment<'a>], others: &[&'e Experiment<'a>]| -> Vec<&'e Experiment<'a>> {
        runs.iter().copied().filter(|run| others.iter().any(|other| other.steps() == run.steps())).collect()
    };
    let (same, same_after) = (shared(&before.runs, &after.runs), shared(&after.runs, &before.runs));
    if same.is_empty() || same_after.is_empty() {
        warnings.push("runs differ in steps".to_owned());
        return (before.runs.clone(), after.runs.clone());
    }
    let taken = |run: &&Experiment<'_>| same.iter().chain(&same_after).any(|known| known.run.id == run.run.id);
    let left: Vec<&str> = before.runs.iter().chain(&after.runs).filter(|run| !taken(run)).map(|run| run.run.id.as_str()).collect();
    if !left.is_empty() {
        warnings.push(format!("left out for other steps: {}", left.join(", ")));
    }
    (same, same_after)
}

/// Both sides of a comparison.
type Sides<'s, 'e, 'a> = (&'s [&'e Experiment<'a>], &'s [&'e Experiment<'a>]);

fn in_dimension(change: &str, (dimension, values): Dimension, sides: Sides<'_, '_, '_>, warnings: &[String]) -> Vec<Comparison> {
    let amounts = |runs: &[&Experiment<'_>]| runs.iter().map(|run| amounts(run, values)).collect::<Vec<_>>();
    let (before, after) = (amounts(sides.0), amounts(sides.1));
    let values: BTreeSet<&String> = before.iter().chain(&after).flat_map(BTreeMap::keys).collect();
    let ids = |runs: &[&Experiment<'_>]| runs.iter().map(|run| run.run.id.clone()).collect::<Vec<_>>();
    let row = |value: &String| {
        let of = |side: &[BTreeMap<String, Amount>]| side.iter().map(|run| run.get(value).copied()).collect::<Vec<_>>();
        let (had, has) = (of(&before), of(&after));
        let per_minute = |side: &[Option<Amount>], runs: &[&Experiment<'_>], get: fn(Amount) -> f64| -> Vec<f64> {
            side.iter().zip(runs).map(|(amount, run)| amount.map_or(0.0, get) / minutes(run)).collect()
        };
        let (out, out_after) = (per_minute(&had, sides.0, |a| a.out), per_minute(&has, sides.1, |a| a.out));
        let (inward, inward_after) = (per_minute(&had, sides.0, |a| a.inward), per_minute(&has, sides.1, |a| a.inward));
        let interval = interval(&out, &out_after);
        let (word, reason) = word(&had, &has, (&out, &out_after), interval.as_ref().map(|(ends, _)| *ends));
        let flows = |side: &[Option<Amount>]| mean(&side.iter().map(|amount| amount.map_or(0.0, |a| a.flows)).collect::<Vec<_>>());
        Comparison {
            change: change.to_owned(),
            baseline: ids(sides.0),
            compared: ids(sides.1),
            dimension,
            value: value.clone(),
            word,
            reason,
            runs_before: had.iter().flatten().count() as u64,
            runs_after: has.iter().flatten().count() as u64,
            flows: (flows(&had), flows(&has)),
            out_per_minute: (mean(&out), mean(&out_after)),
            in_per_minute: (mean(&inward), mean(&inward_after)),
            out_per_action: (per_action(&had, sides.0), per_action(&has, sides.1)),
            interval: interval.as_ref().map(|(ends, _)| *ends),
            method: interval.map_or_else(|| "none: a single run on a side".to_owned(), |(_, method)| method),
            warnings: warnings.to_vec(),
        }
    };
    values.into_iter().map(row).collect()
}

#[expect(clippy::cast_precision_loss, reason = "means need no more than 52 bits")]
fn amounts(run: &Experiment<'_>, values: fn(&Fact) -> Vec<String>) -> BTreeMap<String, Amount> {
    let mut amounts: BTreeMap<String, Amount> = BTreeMap::new();
    for fact in &run.facts {
        for value in values(fact) {
            let amount = amounts.entry(value).or_default();
            amount.flows += 1.0;
            amount.out += fact.ip_out as f64;
            amount.inward += fact.ip_in as f64;
        }
    }
    amounts
}

fn minutes(run: &Experiment<'_>) -> f64 {
    (run.length().millis() / 60_000.0).max(1.0 / 60.0)
}

#[expect(clippy::cast_precision_loss, reason = "runs have few actions")]
fn per_action(amounts: &[Option<Amount>], runs: &[&Experiment<'_>]) -> Option<f64> {
    let actions: usize = runs.iter().map(|run| run.acts.as_ref().map_or(0, Vec::len)).sum();
    let out: f64 = amounts.iter().flatten().map(|amount| amount.out).sum();
    (actions > 0).then(|| out / actions as f64)
}

/// The word for a difference, and why.
fn word(had: &[Option<Amount>], has: &[Option<Amount>], out: (&[f64], &[f64]), interval: Option<(f64, f64)>) -> (&'static str, String) {
    let (before, after) = (had.iter().flatten().count(), has.iter().flatten().count());
    let seen = format!("in {before} of {} runs before, {after} of {} after", had.len(), has.len());
    if had.len() < RUNS || has.len() < RUNS {
        return ("too-few-runs", format!("{seen}; at least {RUNS} on each side are needed"));
    }
    if before == had.len() && after == 0 {
        return ("vanished", seen);
    }
    if before == 0 && after == has.len() {
        return ("appeared", seen);
    }
    if before < had.len() || after < has.len() {
        return ("no-difference-seen", format!("{seen}: not steady, so no setting explains it"));
    }
    let ((least, most), (least_after, most_after)) = (ends(out.0), ends(out.1));
    let is_clear = interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0);
    let ratio = mean(out.1) / mean(out.0).max(f64::MIN_POSITIVE);
    if is_clear && least_after > most && ratio >= CHANGE {
        return ("grew", format!("{seen}; {ratio:.2} times the bytes out per minute"));
    }
    if is_clear && most_after < least && ratio <= 1.0 / CHANGE {
        return ("shrank", format!("{seen}; {ratio:.2} times the bytes out per minute"));
    }
    ("no-difference-seen", format!("{seen}; {ratio:.2} times the bytes out per minute"))
}

/// Least and most.
fn ends(side: &[f64]) -> (f64, f64) {
    (side.iter().copied().fold(f64::INFINITY, f64::min), side.iter().copied().fold(0.0, f64::max))
}

#[expect(clippy::cast_precision_loss, reason = "a study has few runs")]
fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// 95 % interval of the difference of means, by resampling runs on both sides: all resamples where they are few, else
/// a fixed number of them from a fixed seed.
fn interval(before: &[f64], after: &[f64]) -> Option<((f64, f64), String)> {
    if before.len() < RUNS || after.len() < RUNS {
        return None;
    }
    let count = |side: &[f64]| u32::try_from(side.len()).ok().and_then(|exponent| side.len().checked_pow(exponent));
    let all = count(before).zip(count(after)).and_then(|(one, other)| one.checked_mul(other)).filter(|all| *all <= limits::RESAMPLES);
    let mut differences: Vec<f64> = match all {
        Some(all) => (0..all)
            .map(|number| {
                let mut digits = number;
                let mut pick = |side: &[f64]| mean(&side.iter().map(|_| drawn(side, &mut digits)).collect::<Vec<_>>());
                let one = pick(before);
                pick(after) - one
            })
            .collect(),
        None => {
            let mut state = SEED;
            let mut pick = |side: &[f64]| mean(&side.iter().map(|_| random(side, &mut state)).collect::<Vec<_>>());
            (0..limits::RESAMPLES).map(|_| -pick(before) + pick(after)).collect()
        }
    };
    differences.sort_by(f64::total_cmp);
    // The same number of resamples is left out at both ends.
    let out = differences.len() * 25 / 1_000;
    let at = |place: usize| differences.get(place).copied().unwrap_or_default();
    let ends = (at(out), at(differences.len() - 1 - out));
    let method = match all {
        Some(all) => format!("exact bootstrap of runs, {all} resamples"),
        None => format!("bootstrap of runs, {} resamples, seed {SEED:#x}", limits::RESAMPLES),
    };
    Some((ends, method))
}

/// The value that a number's next digit, to the base of the side's length, stands for.
fn drawn(side: &[f64], digits: &mut usize) -> f64 {
    let place = *digits % side.len();
    *digits /= side.len();
    side.get(place).copied().unwrap_or_default()
}

/// A value by `SplitMix64` (Steele, Lea, Flood 2014).
fn random(side: &[f64], state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let place = (mixed ^ (mixed >> 31)) % side.len() as u64;
    usize::try_from(place).ok().and_then(|place| side.get(place)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(out: f64) -> Option<Amount> {
        (out > 0.0).then_some(Amount { flows: 1.0, out, inward: 0.0 })
    }

    fn said(before: &[f64], after: &[f64]) -> &'static str {
        let amounts = |side: &[f64]| side.iter().map(|out| amount(*out)).collect::<Vec<_>>();
        word(&amounts(before), &amounts(after), (before, after), interval(before, after).map(|(ends, _)| ends)).0
    }

    #[test]
    fn words_need_agreement_and_repeats() {
        assert_eq!(said(&[5.0, 6.0], &[0.0, 0.0]), "vanished");
        assert_eq!(said(&[0.0, 0.0], &[1.0, 1.0]), "appeared");
        assert_eq!(said(&[5.0, 0.0], &[0.0, 0.0]), "no-difference-seen");
        assert_eq!(said(&[5.0, 6.0], &[0.0]), "too-few-runs");
        assert_eq!(said(&[100.0, 110.0], &[200.0, 190.0]), "grew");
        assert_eq!(said(&[200.0, 190.0], &[100.0, 110.0]), "shrank");
        assert_eq!(said(&[100.0, 200.0], &[150.0, 210.0]), "no-difference-seen");
        assert_eq!(said(&[100.0, 101.0], &[110.0, 111.0]), "no-difference-seen");
    }

    #[test]
    fn few_runs_are_resampled_in_every_way() {
        let ((low, high), method) = interval(&[1.0, 3.0], &[11.0, 13.0]).unwrap();
        assert_eq!((low, high, method.as_str()), (8.0, 12.0, "exact bootstrap of runs, 16 resamples"));
        let many: Vec<f64> = (0..10).map(f64::from).collect();
        assert_eq!(interval(&many, &many), interval(&many, &many), "the seed is fixed");
    }
}
