//! Things seen again and again, the latest that was said of each: networks, broadcast identities, kinds of anomaly.

use std::collections::BTreeMap;

use crate::limits;
use crate::record::{Column, Get, Origin, Record};

/// The latest values of each thing, by the columns that say which one it is.
#[derive(Clone, Debug)]
pub(super) struct Sightings {
    key: &'static [&'static str],
    columns: &'static [&'static str],
    rows: BTreeMap<String, Sighting>,
}

/// One thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    /// Rows seen of it.
    pub(super) count: u64,
    /// The columns shown: the latest value of each, empty where none was ever said.
    pub(super) cells: Vec<String>,
}

impl Sightings {
    pub(super) const fn new(key: &'static [&'static str], columns: &'static [&'static str]) -> Self {
        Self { key, columns, rows: BTreeMap::new() }
    }

    pub(super) const fn columns(&self) -> &'static [&'static str] {
        self.columns
    }

    /// The latest value that each thing has in a column.
    pub(super) fn cells(&self, column: &str) -> impl Iterator<Item = &str> {
        let index = self.columns.iter().position(|name| *name == column);
        self.rows.values().filter_map(move |row| row.cells.get(index?)).map(String::as_str)
    }

    /// The things, in the order of their keys.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Sighting> {
        self.rows.values()
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Takes a row of any table that has the key's column.
    pub(super) fn see<R: Record>(&mut self, row: &R) {
        let key = self.key.iter().map(|column| cell(row, column).unwrap_or_default()).collect::<Vec<_>>().join(" ");
        if self.rows.len() >= limits::LIVE_SIGHTINGS && !self.rows.contains_key(&key) {
            return;
        }
        let fresh = || Sighting { count: 0, cells: vec![String::new(); self.columns.len()] };
        let sighting = self.rows.entry(key).or_insert_with(fresh);
        sighting.count += 1;
        for (known, column) in sighting.cells.iter_mut().zip(self.columns) {
            if let Some(value) = cell(row, column) {
                *known = value;
            }
        }
    }
}

/// The text of a row's column; none when the table has no such column, or the row no value.
fn cell<R: Record>(row: &R, column: &str) -> Option<String> {
    let origin = R::ORIGIN.and_then(|origin| value(Origin::COLUMNS, origin(row), column));
    origin.or_else(|| value(R::COLUMNS, row, column))
}

fn value<R>(columns: &[Column<R>], row: &R, name: &str) -> Option<String> {
    let column = columns.iter().find(|column| column.field.name == name)?;
    match column.get {
        Get::Number(get) => get(row).map(|number| number.to_string()),
        Get::Real(get) => get(row).map(|number| format!("{number:.6}")),
        Get::Flag(get) => get(row).map(|flag| if flag { "yes" } else { "no" }.to_owned()),
        Get::Text(get) => get(row).map(std::borrow::Cow::into_owned),
        Get::Time(get) => get(row).map(|time| time.to_string()),
        Get::List(get) => Some(get(row).join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::samples;

    #[test]
    fn the_latest_row_of_each_is_kept() {
        let mut seen = Sightings::new(&["kind"], &["kind", "count", "nosuch"]);
        let mut anomaly = samples::anomaly();
        seen.see(&anomaly);
        anomaly.count = 77;
        seen.see(&anomaly);
        let rows: Vec<_> = seen.rows().cloned().collect();
        assert_eq!(seen.cells("count").collect::<Vec<_>>(), ["77"]);
        assert_eq!(rows, [Sighting { count: 2, cells: vec![anomaly.kind.into(), "77".into(), String::new()] }]);
    }

    #[test]
    fn there_is_a_limit() {
        let mut seen = Sightings::new(&["detail"], &["detail"]);
        for number in 0..limits::LIVE_SIGHTINGS + 9 {
            let mut anomaly = samples::anomaly();
            anomaly.detail = number.to_string();
            seen.see(&anomaly);
        }
        assert_eq!(seen.len(), limits::LIVE_SIGHTINGS);
    }
}
