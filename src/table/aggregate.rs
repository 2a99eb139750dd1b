//! `summary` and `destinations`, added up from the row groups of `flows` as they are written: rows wait in
//! shards, are added to the sums of their shard when there are many, and once more at the end.

use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;
use polars::prelude::{
    BooleanChunked, DataFrame, DataType, Expr, IntoLazy as _, LazyFrame, NULL, PolarsResult, SortMultipleOptions, SortOptions, UnionArgs,
    col, concat, concat_str, lit, when,
};

use crate::limits;
use crate::record::{DESTINATIONS, Field, Kind, SUMMARY};

/// The columns that say which kinds of data flows of unknown category could have carried.
pub const CANDIDATES: &[Field] = &[
    Field {
        name: "candidates",
        unit: "",
        about: "kinds that could not be told apart, separated by `|`; empty when no rule fits",
        kind: Kind::Text,
    },
    Field { name: "flows", unit: "flows", about: "flows", kind: Kind::Number },
    Field { name: "ip_bytes_out", unit: "bytes", about: "IP datagrams from the device", kind: Kind::Number },
    Field { name: "ip_bytes_in", unit: "bytes", about: "IP datagrams to the device", kind: Kind::Number },
];

/// What a flow adds to `destinations` besides the sums; a destination has one of each.
const ATTRIBUTES: &[&str] = &[
    "domain",
    "owner",
    "owner_country",
    "party",
    "scope",
    "country",
    "country_basis",
    "country_struck",
    "region",
    "provider",
    "provider_region",
    "anycast",
    "asn",
    "as_org",
];

/// What a destination may have several of: the column of the flow, and the list it becomes.
const SETS: &[(&str, &str)] =
    &[("category", "categories"), ("name_source", "name_sources"), ("encryption", "encryptions"), ("port", "ports")];

const DESTINATION: &[&str] = &["device_ip", "name", "remote_ip"];

/// Everything made from `flows`.
pub(super) struct Aggregates {
    summary: Cube,
    destinations: Cube,
    candidates: Cube,
}

/// The finished dataframes.
pub(super) struct Aggregated {
    pub(super) summary: DataFrame,
    pub(super) destinations: DataFrame,
    pub(super) candidates: DataFrame,
}

impl Aggregates {
    pub(super) fn new() -> Self {
        let destination = [DESTINATION, ATTRIBUTES].concat().into_iter().chain(SETS.iter().map(|(column, _)| *column));
        Self {
            summary: Cube::new(keys(SUMMARY).collect(), measures(SUMMARY), "device_ip"),
            destinations: Cube::new(destination.collect(), measures(DESTINATIONS), "remote_ip"),
            candidates: Cube::new(vec!["candidates"], measures(CANDIDATES), "candidates"),
        }
    }

    /// Adds one row group of `flows`.
    pub(super) fn add(&mut self, flows: &DataFrame) -> PolarsResult<()> {
        // A conversation that a second capture of the run shows again counts once, and so does one that goes on in the next.
        let count = col("continues").is_null().cast(DataType::UInt64).alias("flows");
        let flows = flows.clone().lazy().filter(col("same_as").is_null()).with_column(count);
        self.summary.add(flows.clone())?;
        self.destinations.add(flows.clone().with_columns([port(), struck()]))?;
        self.candidates.add(flows.filter(col("category").eq(lit("unknown"))).with_column(candidates()))
    }

    pub(super) fn finish(self) -> PolarsResult<Aggregated> {
        let summary = self.summary.finish()?.sort(keys(SUMMARY).collect::<Vec<_>>(), SortMultipleOptions::default());
        Ok(Aggregated {
            summary: in_order(summary, SUMMARY).collect()?,
            destinations: in_order(by_destination(self.destinations)?, DESTINATIONS).collect()?,
            candidates: in_order(self.candidates.finish()?.sort(["candidates"], SortMultipleOptions::default()), CANDIDATES).collect()?,
        })
    }
}

/// Sums by key that take row groups one after the other. Adding up is associative, so sums are summed
/// by the same expressions as rows, and together with them. They lie in shards by the text of one key, and are added up shard by
/// shard: what that takes besides is a share of them.
struct Cube {
    keys: Vec<&'static str>,
    measures: Vec<&'static str>,
    by: &'static str,
    shards: Vec<Shard>,
}

#[derive(Default)]
struct Shard {
    parts: Vec<DataFrame>,
    /// Rows in `parts`, and those that the last merge could not make fewer.
    rows: usize,
    distinct: usize,
}

impl Cube {
    fn new(keys: Vec<&'static str>, measures: Vec<&'static str>, by: &'static str) -> Self {
        Self { keys, measures, by, shards: (0..limits::PARTIAL_SHARDS).map(|_| Shard::default()).collect() }
    }

    fn add(&mut self, rows: LazyFrame) -> PolarsResult<()> {
        let columns: Vec<_> = self.keys.iter().copied().chain(self.measures.iter().copied()).map(col).collect();
        let part = rows.select(columns).collect()?;
        let place = |text: Option<&str>| FixedState::default().hash_one(text) % limits::PARTIAL_SHARDS;
        let places: Vec<u64> = part.column(self.by)?.str()?.iter().map(place).collect();
        for (number, shard) in (0..).zip(&mut self.shards) {
            let is_here: BooleanChunked = places.iter().map(|place| Some(*place == number)).collect();
            let part = part.filter(&is_here)?;
            // An empty one tells the columns where there are no rows at all.
            if part.height() > 0 || shard.parts.is_empty() {
                shard.rows += part.height();
                shard.parts.push(part);
            }
            if shard.rows > limits::PARTIAL_ROWS.max(shard.distinct.saturating_mul(2)) {
                shard.compact(&self.keys, &self.measures)?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> PolarsResult<LazyFrame> {
        self.compact()?;
        let sums: Vec<_> = self.shards.into_iter().flat_map(|shard| shard.parts).map(DataFrame::lazy).collect();
        together(sums)
    }

    fn compact(&mut self) -> PolarsResult<()> {
        self.shards.iter_mut().try_for_each(|shard| shard.compact(&self.keys, &self.measures))
    }
}

impl Shard {
    /// Replaces the partial sums by their sum.
    fn compact(&mut self, keys: &[&'static str], measures: &[&'static str]) -> PolarsResult<()> {
        let parts: Vec<_> = self.parts.drain(..).map(DataFrame::lazy).collect();
        if parts.is_empty() {
            return Ok(());
        }
        let merged = sum(together(parts)?, keys, measures).collect()?;
        self.rows = merged.height();
        self.distinct = self.rows;
        self.parts.push(merged);
        Ok(())
    }
}

fn sum(rows: LazyFrame, keys: &[&'static str], measures: &[&'static str]) -> LazyFrame {
    let sums: Vec<_> = measures.iter().map(|&name| measure(name)).collect();
    rows.group_by(keys.iter().map(|&key| col(key)).collect::<Vec<_>>()).agg(sums)
}

/// One after the other, in one piece: to group rows of many copies their texts.
fn together(parts: Vec<LazyFrame>) -> PolarsResult<LazyFrame> {
    concat(parts, UnionArgs { rechunk: true, ..UnionArgs::default() })
}

/// The columns of `summary` before its sums.
fn keys(fields: &'static [Field]) -> impl Iterator<Item = &'static str> {
    fields.iter().map(|field| field.name).take_while(|&name| name != "flows")
}

/// The sums of a table: the columns from `flows` on.
fn measures(fields: &[Field]) -> Vec<&'static str> {
    fields.iter().skip_while(|field| field.name != "flows").map(|field| field.name).collect()
}

fn measure(name: &'static str) -> Expr {
    match name {
        "first" | "rtt_min_ms" | "max_distance_km" => col(name).min(),
        "last" => col(name).max(),
        _ => col(name).sum(),
    }
}

fn port() -> Expr {
    concat_str([col("protocol"), col("remote_port").cast(DataType::String)], "/", true).alias("port")
}

/// A list is no key: as text.
fn struck() -> Expr {
    let joined = col("country_struck").list().join(lit(", "), true);
    let nothing = lit(NULL).cast(DataType::String);
    when(joined.clone().eq(lit(""))).then(nothing).otherwise(joined).alias("country_struck")
}

fn candidates() -> Expr {
    col("category_candidates").list().join(lit("|"), true).alias("candidates")
}

/// One row per destination. Where its flows differ in an attribute, all attributes are those of the
/// flows with most bytes.
fn by_destination(cube: Cube) -> PolarsResult<LazyFrame> {
    let total = col("ip_bytes_out") + col("ip_bytes_in");
    let ties = cube.keys.iter().map(|&key| col(key));
    let order: Vec<_> = std::iter::once(total).chain(ties).collect();
    let descending = (0..order.len()).map(|place| place == 0);
    let options = SortMultipleOptions::default().with_order_descending_multi(descending).with_nulls_last(false);
    let attributes = ATTRIBUTES.iter().map(|&name| col(name).first());
    let sets = SETS.iter().map(|&(column, name)| col(column).fill_null(lit("none")).unique().sort(SortOptions::default()).alias(name));
    let all: Vec<_> = attributes.chain(sets).chain(cube.measures.iter().map(|&name| measure(name))).collect();
    let rows = cube.finish()?.sort_by_exprs(order, options);
    let destinations = rows.group_by(DESTINATION.iter().map(|&key| col(key)).collect::<Vec<_>>()).agg(all);
    Ok(destinations.sort(DESTINATION.to_vec(), SortMultipleOptions::default()))
}

fn in_order(frame: LazyFrame, fields: &[Field]) -> LazyFrame {
    frame.select(fields.iter().map(|field| col(field.name)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Flow;
    use crate::table::columns::{Rows, schema};
    use crate::table::samples;

    fn frame(flows: &[Flow]) -> DataFrame {
        let mut rows = Rows::new();
        flows.iter().for_each(|flow| rows.push(Box::new(flow.clone())));
        rows.take().unwrap()
    }

    fn number(frame: &DataFrame, column: &str, row: usize) -> u64 {
        frame.column(column).unwrap().u64().unwrap().get(row).unwrap()
    }

    #[test]
    fn sums_bytes_per_key_and_destination() {
        let mut aggregates = Aggregates::new();
        let mut second = samples::flow(2);
        second.answer.category = "unknown";
        second.answer.category_candidates = vec!["firmware".into(), "flight_log".into()];
        second.remote_port = None;
        aggregates.add(&frame(&[samples::flow(1), second, samples::flow(3)])).unwrap();
        let made = aggregates.finish().unwrap();

        assert_eq!((made.summary.height(), made.destinations.height(), made.candidates.height()), (2, 1, 1));
        assert_eq!(number(&made.summary, "flows", 0), 2);
        assert_eq!(number(&made.summary, "ip_bytes_out", 0), 1_000 + 3_000);
        assert_eq!(number(&made.destinations, "ip_bytes_in", 0), 60);
        assert_eq!(samples::texts(&made.destinations, "categories", 0), ["flight_log", "unknown"]);
        assert_eq!(samples::texts(&made.destinations, "ports", 0), ["tcp", "tcp/443"]);
        assert_eq!(made.candidates.column("candidates").unwrap().str().unwrap().get(0), Some("firmware|flight_log"));
        assert_eq!(made.destinations.column("rtt_min_ms").unwrap().f64().unwrap().get(0), Some(1.0));
    }

    #[test]
    fn has_the_documented_columns_even_when_empty() {
        for flows in [vec![], vec![samples::flow(1)]] {
            let mut aggregates = Aggregates::new();
            aggregates.add(&frame(&flows)).unwrap();
            let made = aggregates.finish().unwrap();
            assert_eq!(**made.summary.schema(), schema(SUMMARY));
            assert_eq!(**made.destinations.schema(), schema(DESTINATIONS));
            assert_eq!(**made.candidates.schema(), schema(CANDIDATES));
        }
    }

    #[test]
    fn row_groups_and_merges_do_not_show() {
        let flows: Vec<_> = (1..=40).map(samples::varied_flow).collect();
        let (mut whole, mut pieces) = (Aggregates::new(), Aggregates::new());
        whole.add(&frame(&flows)).unwrap();
        for piece in flows.chunks(7) {
            pieces.add(&frame(piece)).unwrap();
            pieces.summary.compact().unwrap();
            pieces.destinations.compact().unwrap();
        }
        let (whole, pieces) = (whole.finish().unwrap(), pieces.finish().unwrap());
        assert!(whole.summary.height() > 3);
        assert!(whole.summary.equals_missing(&pieces.summary));
        assert!(whole.destinations.equals_missing(&pieces.destinations));
        assert!(whole.candidates.equals_missing(&pieces.candidates));
    }

    #[test]
    fn a_destination_keeps_the_attributes_of_most_bytes() {
        let mut small = samples::flow(1);
        small.answer.party = "third";
        let mut aggregates = Aggregates::new();
        aggregates.add(&frame(&[small, samples::flow(9)])).unwrap();
        let made = aggregates.finish().unwrap();
        assert_eq!(made.destinations.column("party").unwrap().str().unwrap().get(0), Some("first"));
    }
}
