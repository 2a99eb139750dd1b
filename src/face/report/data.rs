//! What the report says, read from the tables and nothing else. The page and its twins only put it into form.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use polars::prelude::{Column, DataFrame, IdxCa, IdxSize, IntoLazy as _, SortMultipleOptions, col};
use serde::Serialize;

use super::super::rows::{Row, rows};
use super::broadcasts::{self, Heard, Told};
use super::findings::{self, Sort};
use super::sections::{self, Owner, Section};
use crate::table::read;

/// Destinations listed; the table `destinations` holds all.
const DESTINATIONS: usize = 300;
/// Findings and other rows listed of one table.
const ROWS: usize = 500;
/// Runs that have a timeline.
const TIMELINES: usize = 40;
/// Parts of the time that a timeline shows.
pub(super) const BINS: usize = 120;

/// The whole report.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Its title.
    pub(super) title: String,
    /// Program and version that made it.
    pub(super) made_by: String,
    /// Inputs.
    pub(super) captures: Vec<Row>,
    /// Verdicts on claims; empty outside a study.
    pub(super) claims: Vec<Row>,
    /// Runs of the study.
    pub(super) runs: Vec<Row>,
    /// What differs between settings.
    pub(super) comparisons: Vec<Row>,
    /// Facts worth a reader's eye.
    pub(super) findings: Vec<Row>,
    /// The same, those of one sort together, all of them.
    pub(super) finding_sorts: Vec<Sort>,
    /// Kinds of data by region.
    pub(super) matrix: Matrix,
    /// Bytes by settled country.
    pub(super) countries: Vec<Place>,
    /// The kinds under the headings of the study.
    pub(super) sections: Vec<Section>,
    /// Who runs the servers.
    pub(super) servers: Vec<Owner>,
    /// Destinations with most bytes.
    pub(super) destinations: Vec<Row>,
    /// How many there are in all.
    pub(super) destinations_in_all: usize,
    /// Bytes over time, by run where there are runs.
    pub(super) timelines: Vec<Timeline>,
    /// What the user did.
    pub(super) actions: Vec<Row>,
    /// Networks seen on the air.
    pub(super) wifi: Vec<Row>,
    /// Who broadcast an identity or place.
    pub(super) remote_id: Vec<Heard>,
    /// Positions told in clear text.
    pub(super) positions: Vec<Told>,
    /// Rows that a table has and the report leaves out, by table.
    pub(super) left_out: BTreeMap<&'static str, usize>,
    /// Where every frame went.
    pub(super) ledger: Vec<Row>,
    /// Whether that is all of them.
    pub(super) ledger_closes: bool,
    /// Damage and what was not understood, by kind.
    pub(super) anomalies: Vec<Anomalies>,
    /// What was taken out of the result.
    pub(super) redactions: Vec<Row>,
    /// The same in sentences.
    pub(super) redacted: Vec<String>,
    /// What this analysis could not see, in sentences.
    pub(super) unseen: Vec<String>,
}

/// Bytes in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Bytes {
    /// From the device.
    pub(super) out: u64,
    /// To the device.
    #[serde(rename = "in")]
    pub(super) inward: u64,
    /// Flows.
    pub(super) flows: u64,
}

impl Bytes {
    pub(super) const fn add(&mut self, other: Self) {
        self.out = self.out.saturating_add(other.out);
        self.inward = self.inward.saturating_add(other.inward);
        self.flows = self.flows.saturating_add(other.flows);
    }

    /// Of a row of `summary` or `destinations`.
    pub(super) fn of(row: &Row) -> Self {
        let number = |column| row.number(column).unwrap_or_default();
        Self { out: number("ip_bytes_out"), inward: number("ip_bytes_in"), flows: number("flows") }
    }
}

/// Kinds of data by region, both in the order of their bytes.
#[derive(Debug, Default, Serialize)]
pub(super) struct Matrix {
    /// Rows.
    pub(super) categories: Vec<String>,
    /// Columns.
    pub(super) regions: Vec<String>,
    /// Cells that hold anything.
    pub(super) cells: Vec<Cell>,
    /// Everything.
    pub(super) total: Bytes,
}

/// A cell.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cell {
    pub(super) category: String,
    pub(super) region: String,
    #[serde(flatten)]
    pub(super) bytes: Bytes,
}

/// Bytes of a country.
#[derive(Debug, Serialize)]
pub(super) struct Place {
    /// ISO 3166-1 alpha-2.
    pub(super) country: String,
    #[serde(flatten)]
    pub(super) bytes: Bytes,
}

/// Bytes from the device over time, a strip per kind.
#[derive(Debug, Default, Serialize)]
pub(super) struct Timeline {
    /// The run; empty outside a study.
    pub(super) run: String,
    /// Nanoseconds since 1970 at which it begins and ends.
    pub(super) span: Option<(i64, i64)>,
    /// Kinds and their bytes in each part of the time.
    pub(super) strips: Vec<(String, Vec<u64>)>,
}

/// Anomalies of a kind.
#[derive(Debug, Serialize)]
pub(super) struct Anomalies {
    pub(super) kind: String,
    pub(super) count: u64,
    pub(super) is_damage: bool,
    /// The first of them in words, with capture and frame.
    pub(super) example: String,
}

impl Report {
    /// Reads the tables of a folder.
    pub(super) fn read(dir: &Path, title: &str) -> anyhow::Result<Self> {
        let captures = rows(&read(dir, "captures", &[])?)?;
        let summary = summary(dir)?;
        let ledger = rows(&read(dir, "ledger", &[])?)?;
        let (destinations, destinations_in_all) = destinations(dir)?;
        let ledger_closes = closes(&captures, &ledger);
        let anomalies = anomalies(&rows(&read(dir, "anomalies", &[])?)?);
        let matrix = Matrix::of(&summary);
        let mut lists = Lists { dir, left_out: BTreeMap::new() };
        let mut report = Self {
            title: title.to_owned(),
            made_by: format!("whereto {}", env!("CARGO_PKG_VERSION")),
            claims: lists.read("claims", &[], |_| 0)?,
            runs: lists.read("runs", &[], |_| 0)?,
            comparisons: lists
                .read("comparisons", &["word"], |row| u64::from(matches!(row.text("word"), "no-difference-seen" | "too-few-runs")))?,
            findings: lists.read("findings", &["severity"], |row| gravity(row.text("severity")))?,
            finding_sorts: findings::of(dir)?,
            actions: lists.read("actions", &[], |_| 0)?,
            wifi: lists.read("wifi", &["data_clear", "data_protected"], |row| {
                u64::MAX - row.number("data_clear").unwrap_or(0) - row.number("data_protected").unwrap_or(0)
            })?,
            remote_id: lists.cut("remote_id", broadcasts::heard(dir)?),
            positions: lists.cut("positions", broadcasts::told(dir)?),
            countries: countries(&summary),
            sections: sections::of(&summary),
            servers: sections::servers(&summary),
            timelines: lists.cut_to(TIMELINES, "timelines", Timeline::read(dir, &matrix.categories)?),
            redactions: lists.read("redactions", &[], |_| 0)?,
            redacted: Vec::new(),
            unseen: Vec::new(),
            left_out: BTreeMap::new(),
            captures,
            matrix,
            destinations,
            destinations_in_all,
            ledger,
            ledger_closes,
            anomalies,
        };
        report.left_out = lists.left_out;
        report.redacted = sections::redacted(&report.redactions);
        report.unseen = sections::unseen(&report, &summary);
        Ok(report)
    }

    /// Frames and bytes of a disposition, or of all.
    pub(super) fn frames(&self, disposition: Option<&str>) -> (u64, u64) {
        let meant = self.ledger.iter().filter(|row| disposition.is_none_or(|word| row.text("disposition") == word));
        meant.fold((0, 0), |(frames, bytes), row| {
            (frames + row.number("frames").unwrap_or_default(), bytes + row.number("wire_bytes").unwrap_or_default())
        })
    }
}

/// Tables as lists of bounded length, and how many rows were left out of each.
struct Lists<'a> {
    dir: &'a Path,
    left_out: BTreeMap<&'static str, usize>,
}

impl Lists<'_> {
    /// The rows of a table, the least by `order` first, which is told the columns `keys`; none when this analysis has no
    /// such table. Only rows that are listed become more than cells. Findings get the number that `explain` knows them
    /// by: their place in the table, from 1.
    fn read(&mut self, table: &'static str, keys: &[&str], order: impl Fn(&Row) -> u64) -> anyhow::Result<Vec<Row>> {
        if !self.dir.join(table).is_dir() {
            return Ok(Vec::new());
        }
        let all = read(self.dir, table, &[])?;
        let mut places: Vec<u64> = (0..all.height() as u64).collect();
        if !keys.is_empty() {
            let keyed = rows(&all.select(keys.iter().copied())?)?;
            places = keyed.iter().map(order).zip(places).collect::<BTreeSet<_>>().into_iter().map(|(_, place)| place).collect();
        }
        let places = self.cut(table, places);
        let numbers: Vec<u64> = places.iter().map(|place| place + 1).collect();
        let wanted = IdxCa::from_vec("".into(), places.into_iter().map(IdxSize::try_from).collect::<Result<_, _>>()?);
        let mut listed = all.take(&wanted)?;
        if table == "findings" {
            listed.with_column(Column::new("finding".into(), numbers))?;
        }
        Ok(rows(&listed)?)
    }

    fn cut<T>(&mut self, table: &'static str, rows: Vec<T>) -> Vec<T> {
        self.cut_to(ROWS, table, rows)
    }

    fn cut_to<T>(&mut self, most: usize, table: &'static str, mut rows: Vec<T>) -> Vec<T> {
        if rows.len() > most {
            self.left_out.insert(table, rows.len() - most);
            rows.truncate(most);
        }
        rows
    }
}

/// The gravest first.
pub(super) fn gravity(severity: &str) -> u64 {
    ["high", "medium", "low", "info"]
        .iter()
        .position(|word| *word == severity)
        .map_or(u64::MAX, |place| place.try_into().unwrap_or(u64::MAX))
}

impl Matrix {
    pub(super) fn of(summary: &[Row]) -> Self {
        let mut cells = BTreeMap::<(String, String), Bytes>::new();
        let (mut by_category, mut by_region) = (BTreeMap::<String, Bytes>::new(), BTreeMap::<String, Bytes>::new());
        let mut total = Bytes::default();
        // What is not known is in plain sight even where there is none of it.
        by_category.insert("unknown".to_owned(), Bytes::default());
        by_region.extend(["disputed", "unknown"].map(|region| (region.to_owned(), Bytes::default())));
        for row in summary {
            let named = |column| Some(row.text(column)).filter(|text| !text.is_empty()).unwrap_or("unknown").to_owned();
            let (category, region, bytes) = (named("category"), named("region"), Bytes::of(row));
            by_category.entry(category.clone()).or_default().add(bytes);
            by_region.entry(region.clone()).or_default().add(bytes);
            cells.entry((category, region)).or_default().add(bytes);
            total.add(bytes);
        }
        let is_open = |region: &str| matches!(region, "disputed" | "unknown");
        let mut categories: Vec<_> = by_category.into_iter().collect();
        categories.sort_by_key(|(_, bytes)| Reverse(*bytes));
        let mut regions: Vec<_> = by_region.into_iter().collect();
        regions.sort_by_key(|(region, bytes)| (is_open(region), Reverse(*bytes)));
        let cell = |((category, region), bytes)| Cell { category, region, bytes };
        Self {
            categories: categories.into_iter().map(|(name, _)| name).collect(),
            regions: regions.into_iter().map(|(name, _)| name).collect(),
            cells: cells.into_iter().map(cell).collect(),
            total,
        }
    }

    /// The bytes of a category, a region, or both.
    pub(super) fn bytes(&self, category: Option<&str>, region: Option<&str>) -> Bytes {
        let is_meant = |cell: &&Cell| category.is_none_or(|name| cell.category == name) && region.is_none_or(|name| cell.region == name);
        self.cells.iter().filter(is_meant).fold(Bytes::default(), |mut sum, cell| {
            sum.add(cell.bytes);
            sum
        })
    }
}

impl Timeline {
    /// One for each run, in the order of their first flows, or one for all.
    fn read(dir: &Path, categories: &[String]) -> anyhow::Result<Vec<Self>> {
        let flows = read(dir, "flows", &["run", "first", "last", "category", "ip_bytes_out"])?;
        let times = |column: &str| -> anyhow::Result<Vec<i64>> {
            Ok(flows.column(column)?.datetime()?.physical().iter().map(Option::unwrap_or_default).collect())
        };
        let (first, last) = (times("first")?, times("last")?);
        let (kinds, bytes) = (flows.column("category")?.str()?, flows.column("ip_bytes_out")?.u64()?);
        let mut runs = BTreeMap::<&str, Vec<Sent<'_>>>::new();
        for (row, run) in flows.column("run")?.str()?.iter().enumerate() {
            let (Some(first), Some(last)) = (first.get(row), last.get(row)) else { continue };
            let sent =
                Sent { first: *first, last: *last, kind: kinds.get(row).unwrap_or("unknown"), bytes: bytes.get(row).unwrap_or_default() };
            runs.entry(run.unwrap_or_default()).or_default().push(sent);
        }
        let mut timelines: Vec<Self> = runs.into_iter().filter_map(|(run, sent)| Self::of(run, &sent, categories)).collect();
        timelines.sort_by_key(|timeline| timeline.span);
        Ok(timelines)
    }

    fn of(run: &str, sent: &[Sent<'_>], categories: &[String]) -> Option<Self> {
        let (begin, end) = (sent.iter().map(|sent| sent.first).min()?, sent.iter().map(|sent| sent.last).max()?);
        let mut strips: BTreeMap<&str, Vec<u64>> = categories.iter().map(|name| (name.as_str(), vec![0; BINS])).collect();
        for sent in sent {
            let Some(strip) = strips.get_mut(sent.kind) else { continue };
            spread(strip, (bin(sent.first, begin, end), bin(sent.last, begin, end)), sent.bytes);
        }
        let strips = categories.iter().filter_map(|name| Some((name.clone(), strips.remove(name.as_str())?)));
        let strips = strips.filter(|(_, strip)| strip.iter().any(|bytes| *bytes > 0)).collect();
        Some(Self { run: run.to_owned(), span: Some((begin, end)), strips })
    }
}

/// What a flow sent, and when.
struct Sent<'a> {
    first: i64,
    last: i64,
    kind: &'a str,
    bytes: u64,
}

/// The part of the time that an instant lies in.
pub(super) fn bin(at: i64, begin: i64, end: i64) -> usize {
    let [at, span] = [at.saturating_sub(begin), end.saturating_sub(begin)].map(i128::from);
    let number = if span > 0 { at * i128::try_from(BINS).unwrap_or_default() / span } else { 0 };
    usize::try_from(number).unwrap_or_default().min(BINS - 1)
}

/// Spreads the bytes of a flow evenly over its time; what does not divide goes to the first part.
fn spread(strip: &mut [u64], (from, to): (usize, usize), bytes: u64) {
    let Some(parts) = strip.get_mut(from..=to.max(from)) else { return };
    let count = u64::try_from(parts.len()).unwrap_or(1).max(1);
    parts.iter_mut().for_each(|part| *part += bytes / count);
    if let Some(part) = parts.first_mut() {
        *part += bytes % count;
    }
}

/// Table `summary`, added up over all that no page tells.
fn summary(dir: &Path) -> anyhow::Result<Vec<Row>> {
    const KEYS: [&str; 7] = ["category", "category_basis", "region", "country", "owner", "initiation", "encryption"];
    const SUMS: [&str; 3] = ["ip_bytes_out", "ip_bytes_in", "flows"];
    let all = read(dir, "summary", &[&KEYS[..], &SUMS].concat())?;
    let sums = all.lazy().group_by(KEYS.map(col)).agg(SUMS.map(|name| col(name).sum()));
    Ok(rows(&sums.sort(KEYS, SortMultipleOptions::default()).collect().context("cannot add up")?)?)
}

fn destinations(dir: &Path) -> anyhow::Result<(Vec<Row>, usize)> {
    let all = read(dir, "destinations", &[])?;
    let keys = ["ip_bytes_out", "ip_bytes_in", "device_ip", "name", "remote_ip"];
    let order = SortMultipleOptions::default().with_order_descending_multi([true, true, false, false, false]);
    let most: DataFrame = all.clone().lazy().sort(keys, order).limit(u32::try_from(DESTINATIONS)?).collect().context("cannot sort")?;
    Ok((rows(&most)?, all.height()))
}

pub(super) fn countries(summary: &[Row]) -> Vec<Place> {
    let mut places = BTreeMap::<String, Bytes>::new();
    for row in summary.iter().filter(|row| !row.text("country").is_empty()) {
        places.entry(row.text("country").to_owned()).or_default().add(Bytes::of(row));
    }
    let mut places: Vec<_> = places.into_iter().map(|(country, bytes)| Place { country, bytes }).collect();
    places.sort_by_key(|place| Reverse(place.bytes));
    places
}

/// Whether the account of every capture adds up to what was read of it.
fn closes(captures: &[Row], ledger: &[Row]) -> bool {
    let mut open = BTreeMap::<&str, (i128, i128)>::new();
    let sides = captures.iter().map(|row| (row, 1)).chain(ledger.iter().map(|row| (row, -1)));
    for (row, sign) in sides {
        let (frames, bytes) = open.entry(row.text("capture")).or_default();
        *frames += sign * i128::from(row.number("frames").unwrap_or_default());
        *bytes += sign * i128::from(row.number("wire_bytes").unwrap_or_default());
    }
    open.values().all(|difference| *difference == (0, 0))
}

fn anomalies(rows: &[Row]) -> Vec<Anomalies> {
    let mut kinds = BTreeMap::<&str, Anomalies>::new();
    for row in rows {
        let kind = kinds.entry(row.text("kind")).or_insert_with(|| {
            let frame = row.number("frame").map(|frame| format!(", frame {frame}")).unwrap_or_default();
            let example = format!("{} ({}{frame})", row.text("detail"), row.text("capture"));
            Anomalies { kind: row.text("kind").to_owned(), count: 0, is_damage: false, example }
        });
        kind.count += row.number("count").unwrap_or_default();
        kind.is_damage |= row.is("damage");
    }
    let mut kinds: Vec<_> = kinds.into_values().collect();
    kinds.sort_by(|a, b| (!a.is_damage, Reverse(a.count), &a.kind).cmp(&(!b.is_damage, Reverse(b.count), &b.kind)));
    kinds
}

/// Distinct texts of a column, most bytes first.
pub(super) fn ranked<'a>(rows: impl Iterator<Item = &'a Row>, column: &str) -> Vec<(String, Bytes)> {
    let mut found = BTreeMap::<&str, Bytes>::new();
    rows.for_each(|row| found.entry(row.text(column)).or_default().add(Bytes::of(row)));
    let mut found: Vec<_> = found.into_iter().map(|(text, bytes)| (text.to_owned(), bytes)).collect();
    found.sort_by(|(a, left), (b, right)| (Reverse(left), a).cmp(&(Reverse(right), b)));
    found
}

/// The distinct texts of a list column over rows, sorted.
pub(super) fn distinct(rows: &[Row], column: &str) -> Vec<String> {
    let texts: BTreeSet<_> = rows.iter().flat_map(|row| row.list(column)).map(str::to_owned).collect();
    texts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_spread_and_none_are_lost() {
        let mut strip = vec![0; BINS];
        spread(&mut strip, (0, BINS - 1), 1_001);
        spread(&mut strip, (5, 5), 10);
        assert_eq!(strip.iter().sum::<u64>(), 1_011);
        assert_eq!((bin(0, 0, 100), bin(100, 0, 100), bin(50, 0, 100), bin(7, 7, 7)), (0, BINS - 1, BINS / 2, 0));
    }
}
