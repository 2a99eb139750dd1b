//! The flows that are meant: their sums, their captures, and what is near when nothing is meant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{anyhow, bail};
use polars::prelude::{BooleanChunked, DataFrame, PolarsResult, col, lit};
use serde::Serialize;

use super::super::grid::printable;
use super::super::rows::{Row, rows};
use super::could_carry;
use super::filter;
use super::what::{self, What};
use crate::analysis::Wanted;
use crate::table::{read, read_where};

/// Columns of `flows` that sums and filters need.
const NEEDED: &[&str] = &[
    "capture",
    "flow_id",
    "protocol",
    "device_ip",
    "device_port",
    "remote_ip",
    "remote_port",
    "name",
    "first",
    "last",
    "first_frame",
    "last_frame",
    "packets_out",
    "packets_in",
    "wire_bytes_out",
    "wire_bytes_in",
    "ip_bytes_out",
    "ip_bytes_in",
    "fragments_out",
    "fragments_in",
    "bssid",
    "station",
];

/// Flows that one display filter takes: beyond, nobody can use it.
const FILTERED: usize = 2_000;

/// Names and values suggested.
const SUGGESTED: usize = 6;

/// Skipped pcapng blocks that Wireshark numbers as frames.
const NUMBERED_BLOCK: &str = "custom";

/// The flows that are meant, with the columns needed here.
pub(super) struct Choice {
    flows: DataFrame,
}

/// What the flows add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Sums {
    pub(super) flows: usize,
    pub(super) packets_out: u64,
    pub(super) packets_in: u64,
    pub(super) wire_bytes_out: u64,
    pub(super) wire_bytes_in: u64,
    pub(super) ip_bytes_out: u64,
    pub(super) ip_bytes_in: u64,
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
}

/// The part of the flows that lies in one capture.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Part {
    pub(super) capture: String,
    pub(super) flows: usize,
    pub(super) packets: u64,
    /// Wireshark display filter; none when there are too many flows for one.
    pub(super) filter: Option<String>,
    /// Frames by which Wireshark's numbers may be higher.
    pub(super) shift: u64,
}

impl Choice {
    /// Chooses; nothing chosen is an error that says what is near.
    pub(super) fn of(dir: &Path, what: &What, text: &str) -> anyhow::Result<Self> {
        if !dir.join("flows").is_dir() {
            bail!("{} holds no table flows; write the tables there first: whereto analyze CAPTURE... -o {0}", dir.display());
        }
        let mut columns = [NEEDED, could_carry::NEEDED].concat();
        columns.extend(what.columns().into_iter().filter(|column| !NEEDED.contains(column) && !could_carry::NEEDED.contains(column)));
        let all = read(dir, "flows", &columns)?;
        let flows = all.filter(&what.mask(&all)?)?;
        if flows.height() == 0 && *what != What::Flows(Vec::new()) {
            return Err(anyhow!("no flow fits {} in {}: {}", printable(text), dir.display(), near(dir, what, &all)?));
        }
        Ok(Self { flows })
    }

    /// The flows, with the columns that are needed anywhere here.
    pub(super) const fn flows(&self) -> &DataFrame {
        &self.flows
    }

    /// Numbers of the first `limit` flows.
    pub(super) fn ids(&self, limit: usize) -> PolarsResult<Vec<u64>> {
        Ok(self.flows.column("flow_id")?.u64()?.iter().flatten().take(limit).collect())
    }

    pub(super) fn sums(&self) -> PolarsResult<Sums> {
        let sum = |name: &str| -> PolarsResult<u64> { Ok(self.flows.column(name)?.u64()?.iter().flatten().fold(0, u64::saturating_add)) };
        let times =
            |name: &str| -> PolarsResult<Vec<i64>> { Ok(self.flows.column(name)?.datetime()?.physical().iter().flatten().collect()) };
        Ok(Sums {
            flows: self.flows.height(),
            packets_out: sum("packets_out")?,
            packets_in: sum("packets_in")?,
            wire_bytes_out: sum("wire_bytes_out")?,
            wire_bytes_in: sum("wire_bytes_in")?,
            ip_bytes_out: sum("ip_bytes_out")?,
            ip_bytes_in: sum("ip_bytes_in")?,
            first: times("first")?.into_iter().min().map(crate::table::time),
            last: times("last")?.into_iter().max().map(crate::table::time),
        })
    }

    /// What is needed to find the frames of the flows again, by capture.
    pub(super) fn wanted(&self) -> PolarsResult<BTreeMap<String, Vec<Wanted>>> {
        let mut wanted = BTreeMap::<String, Vec<Wanted>>::new();
        for row in rows(&self.flows)? {
            let end = |address: &str, port: &str| {
                let address = row.text(address).parse().ok()?;
                Some((address, row.number(port).and_then(|port| u16::try_from(port).ok())))
            };
            let (Some(device), Some(remote)) = (end("device_ip", "device_port"), end("remote_ip", "remote_port")) else { continue };
            let number = |column: &str| row.number(column).unwrap_or_default();
            let (flow_id, frames) = (number("flow_id"), (number("first_frame"), number("last_frame")));
            let air = Some((row.text("bssid").to_owned(), row.text("station").to_owned()));
            let air = air.filter(|(bssid, station)| !bssid.is_empty() && !station.is_empty());
            let flow = Wanted { flow_id, protocol: row.text("protocol").to_owned(), device, remote, frames, air };
            wanted.entry(row.text("capture").to_owned()).or_default().push(flow);
        }
        Ok(wanted)
    }

    /// The flows by capture, each with its display filter.
    pub(super) fn parts(&self, captures: &[Row]) -> PolarsResult<Vec<Part>> {
        let flows = rows(&self.flows.head(Some(FILTERED)))?;
        let is_whole = self.flows.height() <= FILTERED;
        let mut by_capture = BTreeMap::<&str, Vec<&Row>>::new();
        for flow in &flows {
            by_capture.entry(flow.text("capture")).or_default().push(flow);
        }
        let packets = |flow: &&Row| flow.number("packets_out").unwrap_or(0).saturating_add(flow.number("packets_in").unwrap_or(0));
        let part = |(capture, flows): (&str, Vec<&Row>)| {
            let shift = shift(captures, capture);
            let filter = is_whole.then(|| filter::filter(&flows, shift));
            Part { capture: capture.to_owned(), flows: flows.len(), packets: flows.iter().map(packets).sum(), filter, shift }
        };
        Ok(by_capture.into_iter().map(part).collect())
    }
}

/// Frames that Wireshark counts in a capture and this program does not.
pub(super) fn shift(captures: &[Row], capture: &str) -> u64 {
    let of = captures.iter().filter(|row| row.text("capture") == capture).flat_map(|row| row.list("blocks_skipped"));
    let custom = of.filter_map(|skipped| skipped.split_once(':')).filter(|(block, _)| *block == NUMBERED_BLOCK);
    custom.filter_map(|(_, count)| count.parse::<u64>().ok()).sum()
}

/// What comes close to something that is not there.
fn near(dir: &Path, what: &What, flows: &DataFrame) -> anyhow::Result<String> {
    if flows.height() == 0 {
        return Ok("the table has no flows".to_owned());
    }
    match what {
        What::Flow(_) | What::Flows(_) => {
            let ids: Vec<_> = flows.column("flow_id")?.u64()?.iter().flatten().collect();
            let (first, last) = (ids.iter().min(), ids.iter().max());
            Ok(format!("flows are numbered {} to {}", first.copied().unwrap_or(0), last.copied().unwrap_or(0)))
        }
        What::Host(name) => near_name(dir, name, flows),
        What::Hosts(domain) => Ok(format!("no name is {} or ends with it{}", printable(domain), similar(domain, &values(flows, "name")?))),
        What::Address(_) => {
            let remotes = values(flows, "remote_ip")?;
            Ok(format!("there are {} remote addresses, see table destinations{}", remotes.len(), similar(&what_text(what), &remotes)))
        }
        What::Cell(pairs) => near_cell(pairs, flows),
    }
}

fn what_text(what: &What) -> String {
    match what {
        What::Address(range) => range.addr().to_string(),
        _ => String::new(),
    }
}

/// A name may be a rival of the one chosen, or only have been asked for.
fn near_name(dir: &Path, name: &str, flows: &DataFrame) -> anyhow::Result<String> {
    let rivals = read(dir, "flows", &["flow_id", "name_candidates"])?;
    let is_rival: Vec<_> = rows(&rivals)?
        .iter()
        .filter(|flow| flow.list("name_candidates").iter().any(|rival| rival.split_once(':').is_some_and(|(_, rival)| rival == name)))
        .filter_map(|flow| flow.number("flow_id"))
        .take(SUGGESTED)
        .map(|id| format!("flow:{id}"))
        .collect();
    if !is_rival.is_empty() {
        return Ok(format!("another name was chosen where it could be meant: {}", is_rival.join(", ")));
    }
    let asked = rows(&read_where(dir, "dns", &["query", "frame", "capture"], &col("query").eq(lit(name)))?)?;
    if let Some(first) = asked.first() {
        let frame = first.number("frame").unwrap_or(0);
        return Ok(format!("it was asked for in DNS (frame {frame} of {}), but no flow went there by that name", first.text("capture")));
    }
    Ok(format!("no flow went to that name{}", similar(name, &values(flows, "name")?)))
}

/// Which of the wishes has no value, and which values there are.
fn near_cell(pairs: &[(&'static str, String)], flows: &DataFrame) -> anyhow::Result<String> {
    for (column, value) in pairs {
        let held: BooleanChunked = what::has(flows.column(column)?, value)?;
        if held.iter().all(|held| held != Some(true)) {
            let present = values(flows, column)?;
            let shown: Vec<_> = present.iter().take(4 * SUGGESTED).map(|text| printable(text)).collect();
            let more = if present.len() > shown.len() { ", …" } else { "" };
            return Ok(format!("no flow has {column}={}; there are {}{more}", printable(value), shown.join(", ")));
        }
    }
    Ok("each value occurs, but not all in one flow".to_owned())
}

/// The values of a column.
fn values(flows: &DataFrame, column: &str) -> PolarsResult<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for row in rows(&flows.select([column])?)? {
        found.extend(row.list(column).into_iter().map(str::to_owned));
        found.extend(row.number(column).map(|number| number.to_string()));
        found.insert(row.text(column).to_owned());
    }
    found.remove("");
    Ok(found)
}

/// The nearest texts, as the end of a sentence.
fn similar(wanted: &str, known: &BTreeSet<String>) -> String {
    let allowed = (wanted.chars().count() / 4).max(2);
    let rank = |name: &String| {
        let holds = name.contains(wanted) || wanted.contains(name.as_str());
        let distance = if holds { 0 } else { distance(wanted, name) };
        (distance <= allowed).then(|| (distance, name.clone()))
    };
    let nearest: BTreeSet<_> = known.iter().filter_map(rank).collect();
    let nearest: Vec<_> = nearest.iter().take(SUGGESTED).map(|(_, name)| printable(name)).collect();
    if nearest.is_empty() { String::new() } else { format!("; similar: {}", nearest.join(", ")) }
}

/// Letters to insert, remove or change (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<_> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (place, letter) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], place + 1);
        for (at, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first() {
        let known = ["active.dji.com", "actve.dji.com", "log.example"].map(str::to_owned).into();
        assert_eq!(similar("activ.dji.com", &known), "; similar: active.dji.com, actve.dji.com");
        assert_eq!(similar("dji.com", &known), "; similar: active.dji.com, actve.dji.com");
        assert_eq!(similar("nothing-like-it.test", &known), "");
        assert_eq!((distance("kitten", "sitting"), distance("", "ab")), (3, 2));
    }
}
