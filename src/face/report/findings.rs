//! Findings of one sort put together: what was found, why it matters, how often, and where to. A phone that tells its
//! position a hundred times is one line, and each time of it a row of table `findings`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::super::rows::{Row, rows};
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
const NEEDED: &[&str] = &[
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
/// Distinct texts kept of each kind in a sort.
const KEPT: usize = 10_000;

/// Rows that are more than cells at a time.
const SLICE: usize = 4_096;

/// The sorts of all findings of a result, the gravest first.
pub(super) fn of(dir: &Path) -> anyhow::Result<Vec<Sort>> {
    if !dir.join("findings").is_dir() {
        return Ok(Vec::new());
    }
    let all = read(dir, "findings", NEEDED)?;
    let mut sorts = Sorts::default();
    for start in (0..all.height()).step_by(SLICE) {
        let slice = rows(&all.slice(i64::try_from(start)?, SLICE))?;
        (start as u64 + 1..).zip(&slice).for_each(|(number, row)| sorts.add(number, row));
    }
    Ok(sorts.finish())
}

/// Sorts being put together.
#[derive(Default)]
struct Sorts {
    places: BTreeMap<[String; 4], usize>,
    sorts: Vec<Sort>,
}

impl Sorts {
    fn add(&mut self, number: u64, row: &Row) {
        let key = ["severity", "kind", "what", "reason"].map(|column| row.text(column).to_owned());
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => {
                let [severity, kind, what, reason] = key.clone();
                self.places.insert(key, self.sorts.len());
                self.sorts.push(Sort { severity, kind, what, reason, ..Sort::default() });
                self.sorts.len() - 1
            }
        };
        if let Some(sort) = self.sorts.get_mut(place) {
            sort.add(number, row);
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
    (1..).zip(findings).for_each(|(number, row)| sorts.add(number, row));
    sorts.finish()
}

impl Sort {
    fn add(&mut self, number: u64, row: &Row) {
        let some = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let joined = |parts: [&str; 2]| some(format!("{} {}", parts[0], parts[1]));
        keep(&mut self.values, some(row.shown("value")));
        keep(&mut self.bases, some(row.shown("basis")));
        let device = if row.text("device_ip").is_empty() { row.shown("device_mac") } else { row.shown("device_ip") };
        keep(&mut self.devices, joined([&row.shown("device_kind"), &device]));
        let remote = if row.text("name").is_empty() { row.shown("remote_ip") } else { row.shown("name") };
        let country = Some(row.shown("country")).filter(|country| !country.is_empty()).map(|country| format!("({country})"));
        keep(&mut self.remotes, joined([&remote, &country.unwrap_or_default()]));
        keep(&mut self.captures, some(row.shown("capture")));
        self.numbers.push(number);
    }

    /// Findings in it.
    pub(super) const fn count(&self) -> usize {
        self.numbers.len()
    }
}

fn keep(texts: &mut BTreeSet<String>, text: Option<String>) {
    if texts.len() < KEPT {
        texts.extend(text);
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
