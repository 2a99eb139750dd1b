//! Findings of one sort put together: what was found, why it matters, how often, and where to. A phone that tells its
//! position a hundred times is one line, and each time of it a row of table `findings`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use polars::prelude::PolarsResult;
use serde::Serialize;

use super::super::grid::printable;
#[cfg(test)]
use super::super::rows::Row;
use super::data::gravity;
use crate::table::read;

/// Findings that a reader takes for one.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Sort {
    pub(super) severity: String,
    pub(super) kind: String,
    pub(super) what: String,
    pub(super) reason: String,
    /// What was seen, masked as the table has it.
    pub(super) values: BTreeSet<String>,
    pub(super) bases: BTreeSet<String>,
    /// Devices, with what they are.
    pub(super) devices: BTreeSet<String>,
    /// Receivers: names, or addresses where they have none, with their countries.
    pub(super) remotes: BTreeSet<String>,
    pub(super) captures: BTreeSet<String>,
    /// Numbers of the findings, as `explain finding:N` takes them.
    pub(super) numbers: Vec<u64>,
}

/// Columns that tell sorts apart and what is shown of them.
const NEEDED: [&str; 13] = [
    "severity",
    "kind",
    "what",
    "reason",
    "value",
    "basis",
    "device_kind",
    "device_ip",
    "device_mac",
    "name",
    "remote_ip",
    "country",
    "capture",
];

/// Their texts in a row; empty where the row has none.
type Told<'a> = [&'a str; NEEDED.len()];

/// Distinct texts kept of each kind in a sort.
const KEPT: usize = 10_000;

/// The sorts of all findings of a result, the gravest first.
pub(super) fn of(dir: &Path) -> anyhow::Result<Vec<Sort>> {
    if !dir.join("findings").is_dir() {
        return Ok(Vec::new());
    }
    let all = read(dir, "findings", &NEEDED)?;
    let mut columns = NEEDED.iter().map(|name| Ok(all.column(name)?.str()?.iter())).collect::<PolarsResult<Vec<_>>>()?;
    let mut sorts = Sorts::default();
    for number in 1..=all.height() as u64 {
        let mut told = Told::default();
        told.iter_mut().zip(&mut columns).for_each(|(text, column)| *text = column.next().flatten().unwrap_or_default());
        sorts.add(number, told);
    }
    Ok(sorts.finish())
}

/// Sorts being put together.
#[derive(Default)]
struct Sorts<'a> {
    places: BTreeMap<[&'a str; 4], usize>,
    sorts: Vec<Sort>,
}

impl<'a> Sorts<'a> {
    fn add(&mut self, number: u64, told: Told<'a>) {
        let [severity, kind, what, reason, ..] = told;
        let key = [severity, kind, what, reason];
        let place = *self.places.entry(key).or_insert(self.sorts.len());
        if place == self.sorts.len() {
            let [severity, kind, what, reason] = key.map(str::to_owned);
            self.sorts.push(Sort { severity, kind, what, reason, ..Sort::default() });
        }
        if let Some(sort) = self.sorts.get_mut(place) {
            sort.add(number, told);
        }
    }

    fn finish(mut self) -> Vec<Sort> {
        self.sorts.sort_by_key(|sort| gravity(&sort.severity));
        self.sorts
    }
}

/// The sorts of these rows, numbered from 1.
#[cfg(test)]
pub(super) fn sorts(findings: &[Row]) -> Vec<Sort> {
    let mut sorts = Sorts::default();
    (1..).zip(findings).for_each(|(number, row)| sorts.add(number, NEEDED.map(|column| row.text(column))));
    sorts.finish()
}

impl Sort {
    fn add(&mut self, number: u64, told: Told<'_>) {
        let [_, _, _, _, value, basis, device_kind, device_ip, device_mac, name, remote_ip, country, capture] = told;
        keep(&mut self.values, &printable(value));
        keep(&mut self.bases, &printable(basis));
        let device = if device_ip.is_empty() { device_mac } else { device_ip };
        keep(&mut self.devices, &format!("{} {}", printable(device_kind), printable(device)));
        let remote = if name.is_empty() { remote_ip } else { name };
        let country = if country.is_empty() { String::new() } else { format!("({})", printable(country)) };
        keep(&mut self.remotes, &format!("{} {country}", printable(remote)));
        keep(&mut self.captures, &printable(capture));
        self.numbers.push(number);
    }

    /// Findings in it.
    pub(super) const fn count(&self) -> usize {
        self.numbers.len()
    }
}

fn keep(texts: &mut BTreeSet<String>, text: &str) {
    let text = text.trim();
    if !text.is_empty() && texts.len() < KEPT && !texts.contains(text) {
        texts.insert(text.to_owned());
    }
}

/// The first of some texts, and how many more there are.
pub(super) fn first(texts: &BTreeSet<String>, most: usize) -> String {
    let mut shown: Vec<String> = texts.iter().take(most).cloned().collect();
    if texts.len() > most {
        let least = if texts.len() < KEPT { "" } else { "at least " };
        shown.push(format!("and {least}{} more", texts.len() - most));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_one_and_is_counted() {
        let row = |severity: &str, what: &str, name: &str| -> Row {
            serde_json::json!({"severity": severity, "kind": "position", "what": what, "name": name, "country": "US"}).into()
        };
        let found = sorts(&[row("low", "b", "x.example"), row("high", "a", "x.example"), row("high", "a", "y.example")]);
        let told: Vec<_> = found.iter().map(|sort| (sort.what.as_str(), sort.numbers.clone(), first(&sort.remotes, 1))).collect();
        assert_eq!(told, [("a", vec![2, 3], "x.example (US), and 1 more".to_owned()), ("b", vec![1], "x.example (US)".to_owned())]);
    }
}
